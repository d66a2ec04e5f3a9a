"""What a person is told by all departments at once, over real sockets."""
