"""The CPU's kernels: the functions of kernels.cuda, with the same signatures, on NumPy arrays."""

from .. import fills, plain
from ..fills import *
from ..plain import *
from . import random
from .random import *

__all__ = [*fills.__all__, *plain.__all__, *random.__all__]
