"""Stories of the data office among real processes."""
