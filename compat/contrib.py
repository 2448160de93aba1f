"""tf.contrib: the parts of it that programs use and that have a home here."""

from . import contrib_layers as layers

__all__ = ["layers"]
