"""Floor 3: names, variables, their scopes and sharing, collections, templates, initializers."""
