"""Everything that a department service does; knows no department by name."""
