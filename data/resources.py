"""Handles: tensors that stand for what a session keeps, such as a queue."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.graph import Operation

_numbers = itertools.count()  # in the names of what is not shared, as TensorFlow's messages tell them


def as_handle(resource: Any) -> np.ndarray:
    """The value of a resource tensor: an array of one object, which ops that stack and pick tensors take like any."""
    handle = np.empty((), object)
    handle[()] = resource
    return handle


def behind(handle: Any) -> Any:
    """What a handle stands for. (NumPy gives the object itself where it picks one of an array of them.)"""
    return handle.item() if isinstance(handle, np.ndarray) else handle


def shared_or_own(op: Operation, session: Any, make: Callable[[str], Any]) -> Any:
    """What a session keeps for an operation, or for all of one `shared_name`; `make(name)` makes it."""
    shared = op.attrs["shared_name"]
    if shared:
        return session.resource((op.attrs["container"], shared), lambda: make(shared))
    return session.resource(op, lambda: make(f"_{next(_numbers)}_{op.name}"))
