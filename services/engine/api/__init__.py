"""A department's REST service."""
