"""tf.random: what is drawn, under its later names."""

from ..engine.graph import set_random_seed
from ..engine.ops.random import categorical, get_seed, multinomial, truncated_normal
from ..engine.ops.random import random_normal as normal
from ..engine.ops.random import random_shuffle as shuffle
from ..engine.ops.random import random_uniform as uniform
from ..engine.ops.rejection import random_gamma as gamma
from ..engine.ops.rejection import random_poisson as poisson
from ..engine.ops.sampling import (
    all_candidate_sampler,
    fixed_unigram_candidate_sampler,
    log_uniform_candidate_sampler,
    uniform_candidate_sampler,
)
from ..engine.ops.stateless import (
    stateless_categorical,
    stateless_multinomial,
    stateless_normal,
    stateless_truncated_normal,
    stateless_uniform,
)

__all__ = [
    "all_candidate_sampler", "categorical", "fixed_unigram_candidate_sampler", "gamma", "get_seed",
    "log_uniform_candidate_sampler", "multinomial", "normal", "poisson", "set_random_seed", "shuffle",
    "stateless_categorical", "stateless_multinomial", "stateless_normal", "stateless_truncated_normal",
    "stateless_uniform", "truncated_normal", "uniform", "uniform_candidate_sampler",
]  # fmt: skip
