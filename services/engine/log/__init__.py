"""The node's access log: files that only grow, one appender, checkpoints that others hold."""
