"""The keepers: department services, the client, the steward's tool."""
