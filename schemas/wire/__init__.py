"""The forms that travel: problems, answers, events, descriptors, cursors, topics, headers."""
