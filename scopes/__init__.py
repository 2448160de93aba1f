"""Floor 3: names, variables, their scopes and sharing, collections, templates, initializers."""

from .tree import variable_tree as tree

__all__ = ["tree"]
