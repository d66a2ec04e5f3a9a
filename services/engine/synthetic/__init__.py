"""A made-up population for demos and tests: valid numbers, no real person; used by departments' seeders."""
