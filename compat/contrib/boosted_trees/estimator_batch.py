"""tf.contrib.boosted_trees.estimator_batch: the estimator of boosted trees."""

from . import estimator

__all__ = ["estimator"]
