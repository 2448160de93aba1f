"""The family of ops on the arrangement of tensors, all its modules together."""

from . import blocks, indexing, joining, ranges, rearranging, slicing, subscript
from .blocks import *  # noqa: F403
from .indexing import *  # noqa: F403
from .joining import *  # noqa: F403
from .ranges import *  # noqa: F403
from .rearranging import *  # noqa: F403
from .slicing import *  # noqa: F403
from .subscript import *  # noqa: F403

newaxis = None

__all__ = ["newaxis"]
for _module in (blocks, indexing, joining, ranges, rearranging, slicing, subscript):
    __all__ += _module.__all__
