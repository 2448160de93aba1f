"""tf.contrib.framework: default arguments, variables and where they are found, the global step."""

from __future__ import annotations

from typing import Any

from ...engine import nest
from ...engine.graph import get_default_graph
from ...engine.ops.effects import with_dependencies
from ...engine.ops.indexing import argsort, sort
from ...nn.weights import smart_cond
from ...train import restoring
from ...train.checkpoint.reader import CheckpointReader
from ...train.steps import assert_global_step, create_global_step, get_global_step, get_or_create_global_step
from ..deprecation import deprecated, deprecated_arg_values, deprecated_args
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


def get_name_scope() -> str:
    """The name scope that is open, without a "/" at its end."""
    return get_default_graph().get_name_scope()


# TensorFlow 1's contrib and its `tf.train` call the first argument of these by different names.


def load_checkpoint(filepattern: restoring.Path) -> CheckpointReader:
    """`tf.train.load_checkpoint`."""
    return restoring.load_checkpoint(filepattern)


def list_variables(checkpoint_dir: restoring.Path) -> list[tuple[str, list[int]]]:
    """`tf.train.list_variables`."""
    return restoring.list_variables(checkpoint_dir)


def load_variable(checkpoint_dir: restoring.Path, name: str) -> Any:
    """`tf.train.load_variable`."""
    return restoring.load_variable(checkpoint_dir, name)


def init_from_checkpoint(checkpoint_dir: restoring.Path, assignment_map: restoring.AssignmentMap) -> None:
    """`tf.train.init_from_checkpoint`."""
    restoring.init_from_checkpoint(checkpoint_dir, assignment_map)


__all__ = [
    *_of_arg_scope, *_of_variables, "argsort", "assert_global_step", "assert_or_get_global_step", "create_global_step",
    "deprecated", "deprecated_arg_values", "deprecated_args", "get_global_step", "get_name_scope",
    "get_or_create_global_step", "init_from_checkpoint", "is_tensor", "list_variables",
    "load_checkpoint", "load_variable", "nest", "smart_cond", "sort", "with_dependencies",
]  # fmt: skip
