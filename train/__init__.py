"""Floor 5, `tf.train`: optimizers, learning-rate decays, the global step, moving averages."""

from .averages import ExponentialMovingAverage, assign_moving_average
from .decay import (
    cosine_decay,
    cosine_decay_restarts,
    exponential_decay,
    inverse_time_decay,
    linear_cosine_decay,
    natural_exp_decay,
    piecewise_constant,
    piecewise_constant_decay,
    polynomial_decay,
)
from .optimizer import Optimizer
from .optimizers import (
    AdadeltaOptimizer,
    AdagradOptimizer,
    AdamOptimizer,
    FtrlOptimizer,
    GradientDescentOptimizer,
    MomentumOptimizer,
    RMSPropOptimizer,
)
from .steps import (
    assert_global_step,
    create_global_step,
    get_global_step,
    get_or_create_global_step,
    global_step,
)

__all__ = [
    "Optimizer", "GradientDescentOptimizer", "MomentumOptimizer", "AdagradOptimizer", "AdadeltaOptimizer",
    "RMSPropOptimizer", "AdamOptimizer", "FtrlOptimizer",
    "global_step", "get_global_step", "create_global_step", "get_or_create_global_step", "assert_global_step",
    "exponential_decay", "natural_exp_decay", "inverse_time_decay", "polynomial_decay", "piecewise_constant",
    "piecewise_constant_decay", "cosine_decay", "cosine_decay_restarts", "linear_cosine_decay",
    "ExponentialMovingAverage", "assign_moving_average",
]  # fmt: skip
