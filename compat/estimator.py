"""tf.estimator: what the estimator of boosted trees takes. There are no other estimators here."""

from . import estimator_inputs as inputs
from .run_config import RunConfig


class ModeKeys:
    """What a model is built for, as models that were written for estimators ask."""

    TRAIN = "train"
    EVAL = "eval"
    PREDICT = "infer"


__all__ = ["ModeKeys", "RunConfig", "inputs"]
