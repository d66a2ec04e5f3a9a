"""What trust costs a department and a gateway, beside Node that does the same, and step by step."""
