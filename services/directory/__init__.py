"""The operator's side of the broker: topics and rights of all departments, from contracts, registry and grants."""
