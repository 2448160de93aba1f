"""tf.random: what is drawn, under its later names."""

from ..engine.graph import set_random_seed
from ..engine.ops.random import categorical, get_seed, multinomial, truncated_normal
from ..engine.ops.random import random_normal as normal
from ..engine.ops.random import random_shuffle as shuffle
from ..engine.ops.random import random_uniform as uniform

__all__ = [
    "categorical", "get_seed", "multinomial", "normal", "set_random_seed", "shuffle", "truncated_normal", "uniform",
]  # fmt: skip
