"""tf.contrib: the parts of it that programs use and that have a home here."""

from . import framework, layers, slim

__all__ = ["framework", "layers", "slim"]
