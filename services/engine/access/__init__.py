"""The one access stage of a node."""
