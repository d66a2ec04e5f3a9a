"""The taxation department."""
