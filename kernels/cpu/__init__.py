"""The CPU's kernels: the functions of kernels.cuda, with the same signatures, on NumPy arrays."""

from .. import plain
from ..plain import *
from . import random
from .random import *

__all__ = [*plain.__all__, *random.__all__]
