"""The steward's tool: the only room that sees all others."""
