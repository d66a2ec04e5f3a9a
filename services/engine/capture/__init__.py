"""Capture: the engine's own tables, triggers and outbox."""
