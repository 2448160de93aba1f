"""The CPU's kernels: the functions of kernels.cuda, with the same signatures, on NumPy arrays."""

from .. import dense, fills, pools
from ..dense import *
from ..fills import *
from ..pools import *
from . import random
from .random import *

__all__ = [*dense.__all__, *fills.__all__, *pools.__all__, *random.__all__]
