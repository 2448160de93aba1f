"""Order, side effects, and functions of the graph that run conditionally or again and again.

`cond` and the loops trace their Python functions into the same graph, inside a context. One operation (Cond or Loop)
then stands for the whole in the outer graph; at run time it executes the contexts' own plans, step by step in Python.
Gradients are again Conds and Loops: what a forward body computed and its gradient needs leaves the forward operation
as further outputs.
"""

from . import conditions, effects, loops, mapping, tensor_array
from .conditions import *  # noqa: F403
from .effects import *  # noqa: F403
from .loops import *  # noqa: F403
from .mapping import *  # noqa: F403
from .tensor_array import *  # noqa: F403

__all__ = [*conditions.__all__, *effects.__all__, *loops.__all__, *mapping.__all__, *tensor_array.__all__]
