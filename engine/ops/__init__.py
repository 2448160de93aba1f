"""One module per family of ops; one paragraph per op: shape rule, kernel and gradient together."""
