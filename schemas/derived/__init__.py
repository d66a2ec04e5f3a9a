"""What follows from the contracts and the table of problems, as documents; pure, so that the files are held to it."""
