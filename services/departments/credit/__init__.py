"""The credit department."""
