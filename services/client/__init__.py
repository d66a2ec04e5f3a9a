"""The client: calls the bridge, follows topics and feeds; used by the command line, by platforms and by integrators."""
