"""Cases as data, one file for each: what is given, the call, and what must come; read by the suites that run them."""
