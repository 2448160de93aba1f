"""Floor 2: the graph, its ops, their gradients, and how a run is planned and executed."""
