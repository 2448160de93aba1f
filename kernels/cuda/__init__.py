"""The functions of kernels.cpu, with the same signatures, on CuPy arrays; importing this imports no CuPy."""

from .. import plain
from ..plain import *
from . import random
from .random import *

__all__ = [*plain.__all__, *random.__all__]
