"""tf.estimator: what the estimator of boosted trees takes. There are no other estimators here."""

from . import estimator_inputs as inputs
from .run_config import RunConfig

__all__ = ["RunConfig", "inputs"]
