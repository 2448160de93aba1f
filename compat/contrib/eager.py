"""tf.contrib.eager: what programs ask that may run eagerly elsewhere. Here they never do."""

from ..switches import executing_eagerly, in_eager_mode, in_graph_mode

__all__ = ["executing_eagerly", "in_eager_mode", "in_graph_mode"]
