"""Measurements of the running bridge, beside what is possible here; called by `make bench`. Asserts no timing."""
