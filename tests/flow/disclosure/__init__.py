"""Real services, killed: what they answered stands in their access logs."""
