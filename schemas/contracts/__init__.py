"""Contracts: the model, its files, compatibility, and the catalogue of all of them."""
