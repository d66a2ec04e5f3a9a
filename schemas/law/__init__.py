"""Identifiers, divisions and working days."""
