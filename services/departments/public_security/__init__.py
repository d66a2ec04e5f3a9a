"""The public security department."""
