"""The promise: contracts as data, and the pure functions that every room needs."""
