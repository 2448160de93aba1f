"""tf.contrib.framework: default arguments, variables and where they are found, the global step."""

from __future__ import annotations

from typing import Any

from ...engine import nest
from ...engine.ops.effects import with_dependencies
from ...engine.ops.indexing import argsort, sort
from ...nn.weights import smart_cond
from ...train.restoring import init_from_checkpoint, list_variables, load_checkpoint, load_variable
from ...train.steps import assert_global_step, create_global_step, get_global_step, get_or_create_global_step
from ..small import is_tensor
from .arg_scope import *  # noqa: F403
from .arg_scope import __all__ as _of_arg_scope
from .variables import *  # noqa: F403
from .variables import __all__ as _of_variables


def assert_or_get_global_step(graph: Any = None, global_step_tensor: Any = None) -> Any:
    """The global step that is given, checked, or the graph's."""
    if global_step_tensor is None:
        return get_global_step(graph)
    assert_global_step(global_step_tensor)
    return global_step_tensor


__all__ = [
    *_of_arg_scope, *_of_variables, "argsort", "assert_global_step", "assert_or_get_global_step", "create_global_step",
    "get_global_step", "get_or_create_global_step", "init_from_checkpoint", "is_tensor", "list_variables",
    "load_checkpoint", "load_variable", "nest", "smart_cond", "sort", "with_dependencies",
]  # fmt: skip
