"""tf.contrib.boosted_trees: gradient boosted decision trees, a layer for every so many examples."""

from . import estimator_batch, proto

__all__ = ["estimator_batch", "proto"]
