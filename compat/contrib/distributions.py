"""tf.contrib.distributions: those of tf.distributions, and others that programs use."""

from ...nn.distributions import *
from ...nn.distributions import __all__ as _of_house
from ...nn.distributions import multivariate, relaxed
from ...nn.distributions.multivariate import *
from ...nn.distributions.relaxed import *

__all__ = [*_of_house, *multivariate.__all__, *relaxed.__all__]
