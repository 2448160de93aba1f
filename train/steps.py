"""The global step: the one integer variable of a graph that counts training steps."""

from __future__ import annotations

import logging
from typing import Any

from ..engine.dtypes import int64
from ..engine.graph import Graph, Tensor, get_default_graph
from ..scopes.initializers import zeros_initializer
from ..scopes.keys import GraphKeys
from ..scopes.scope import get_variable
from ..scopes.variables import Variable

_log = logging.getLogger("scopeflow")


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """The value of the global step in a session, as a Python int."""
    return int(sess.run(global_step_tensor))


def get_global_step(graph: Graph | None = None) -> Any:
    """The graph's global step: the one in its collection, or what is called "global_step"; None without either.

    Raises TypeError where it is not a scalar integer.
    """
    graph = graph or get_default_graph()
    collected = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if len(collected) > 1:
        _log.error("Multiple tensors in global_step collection.")
        return None
    if collected:
        found = collected[0]
    else:
        try:
            found = graph.get_tensor_by_name("global_step:0")
        except KeyError:
            return None
    assert_global_step(found)
    return found


def create_global_step(graph: Graph | None = None) -> Any:
    """A new global step: the int64 variable "global_step", zero at first, not trainable.

    Raises ValueError where the graph has one.
    """
    graph = graph or get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with graph.as_default():
        return get_variable(
            GraphKeys.GLOBAL_STEP,
            shape=[],
            dtype=int64,
            initializer=zeros_initializer(),
            trainable=False,
            collections=[GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP],
        )


def get_or_create_global_step(graph: Graph | None = None) -> Any:
    """The graph's global step, made where there is none."""
    graph = graph or get_default_graph()
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


def assert_global_step(global_step_tensor: Any) -> None:
    """Raises TypeError for anything but a scalar integer variable or tensor."""
    if not isinstance(global_step_tensor, (Variable, Tensor)):
        raise TypeError(f'Existing "global_step" must be a Variable or Tensor: {global_step_tensor}.')
    dtype, shape = global_step_tensor.dtype.base_dtype, global_step_tensor.get_shape()
    if not dtype.is_integer:
        raise TypeError(f'Existing "global_step" does not have integer type: {global_step_tensor.dtype}')
    if shape.ndims != 0 and shape.is_fully_defined():
        raise TypeError(f'Existing "global_step" is not scalar: {shape}')
