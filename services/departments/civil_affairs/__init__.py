"""The civil affairs department."""
