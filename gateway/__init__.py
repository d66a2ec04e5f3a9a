"""The door: answers one question from many departments at once, over HTTP, and stores nothing."""
