"""tf.contrib.util: tensors as messages and back, and what a tensor is before any run."""

from ...engine.graph_objects import make_ndarray, make_tensor_proto
from ...engine.static import constant_value

__all__ = ["constant_value", "make_ndarray", "make_tensor_proto"]
