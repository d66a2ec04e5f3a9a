"""A whole small world on one machine: broker, databases, departments, relays, gateway; used by `up` and flow tests."""
