"""The client: what it tells its caller of answers, whoever gives them."""
