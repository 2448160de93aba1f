"""tf.contrib.tensor_forest: random forests that learn from batches."""

from . import tensor_forest

__all__ = ["tensor_forest"]
