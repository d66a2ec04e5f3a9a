"""Tokens, keys, grants and the access decision, as pure functions."""
