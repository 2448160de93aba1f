"""tf.contrib.staging: areas that hold a step's inputs on the device."""

from ...data.staging import StagingArea

__all__ = ["StagingArea"]
