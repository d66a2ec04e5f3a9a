"""The source port and its implementations."""
