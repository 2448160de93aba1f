"""`tensorflow.python.ops.resources`: what a graph has that must be made before it runs, besides variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..engine.build import constant
from ..engine.dtypes import string
from ..engine.graph import Operation, Tensor, get_default_graph
from ..engine.ops.array import boolean_mask, stack
from ..engine.ops.basic import no_op
from ..engine.ops.control_flow import group
from ..engine.ops.math import logical_not
from ..scopes.keys import GraphKeys


class Resource(NamedTuple):
    """A resource: its handle, the operation that makes it, and a tensor that says whether it is made."""

    handle: Any
    create: Operation
    is_initialized: Tensor


def register_resource(handle: Any, create_op: Operation, is_initialized_op: Tensor, is_shared: bool = True) -> None:
    """Note a resource in the collection of those that are shared, or of the local ones."""
    key = GraphKeys.RESOURCES if is_shared else GraphKeys.LOCAL_RESOURCES
    get_default_graph().add_to_collection(key, Resource(handle, create_op, is_initialized_op))


def shared_resources() -> list[Resource]:
    return get_default_graph().get_collection(GraphKeys.RESOURCES)


def local_resources() -> list[Resource]:
    return get_default_graph().get_collection(GraphKeys.LOCAL_RESOURCES)


def initialize_resources(resource_list: Sequence[Resource], name: str = "init") -> Operation:
    """One operation that makes all of them."""
    return group(*[r.create for r in resource_list], name=name) if resource_list else no_op(name=name)


def report_uninitialized_resources(
    resource_list: Sequence[Resource] | None = None, name: str = "report_uninitialized_resources"
) -> Tensor:
    """The names of the resources that are not made yet: a 1-D string tensor."""
    resources = shared_resources() + local_resources() if resource_list is None else resource_list
    with get_default_graph().name_scope(name):
        if not resources:
            return constant([], string)
        names = constant([getattr(r.handle, "name", str(r.handle)) for r in resources], string)
        return boolean_mask(names, logical_not(stack([r.is_initialized for r in resources])))
