"""The market regulation department."""
