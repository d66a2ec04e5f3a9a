"""One script for each change of the engine's tables, told apart by their revision."""
