"""Evidence through a gateway: what a department signed reaches the caller as it was signed."""
