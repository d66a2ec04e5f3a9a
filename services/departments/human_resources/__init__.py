"""The human resources department."""
