"""tf.contrib.tensorboard."""

from . import tensorboard_plugins as plugins

__all__ = ["plugins"]
