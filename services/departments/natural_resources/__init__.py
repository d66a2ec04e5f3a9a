"""The natural resources department."""
