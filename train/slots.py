"""Slots: the variables that an optimizer or a moving average keeps beside each variable, under its name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from ..engine.build import convert_to_tensor
from ..engine.dtypes import as_dtype
from ..engine.graph import colocate_with
from ..engine.ops.basic import shape
from ..scopes.initializers import zeros_initializer
from ..scopes.scope import get_variable, variable_scope
from ..scopes.variables import SliceInfo, Variable


def create_slot(primary: Any, val: Any, name: str, colocate_with_primary: bool = True) -> Any:
    """A variable called ``PRIMARY/name`` (``_1``, … where that is taken) that starts as `val`; it is not trainable.

    `primary` is a variable or tensor; the slot is on its device unless `colocate_with_primary` is False.
    """
    val = convert_to_tensor(val)
    known = val.shape.is_fully_defined()
    return _create(primary, name, colocate_with_primary, initializer=val, validate_shape=known)


def create_slot_with_initializer(
    primary: Any, initializer: Callable, shape: Any, dtype: Any, name: str, colocate_with_primary: bool = True
) -> Any:
    """As `create_slot`, of a shape and dtype that may differ from the variable's, filled by an initializer."""
    return _create(primary, name, colocate_with_primary, initializer=initializer, shape=shape, dtype=dtype)


def create_zeros_slot(primary: Any, name: str, dtype: Any = None, colocate_with_primary: bool = True) -> Any:
    """As `create_slot`, of zeros in the shape (and, without `dtype`, the dtype) of `primary`."""
    return create_filled_slot(primary, zeros_initializer(), name, dtype, colocate_with_primary)


def create_filled_slot(
    primary: Any, initializer: Callable, name: str, dtype: Any = None, colocate_with_primary: bool = True
) -> Any:
    """As `create_zeros_slot`, filled by another initializer."""
    dtype = (primary.dtype if dtype is None else as_dtype(dtype)).base_dtype
    static = primary.get_shape()
    if static.is_fully_defined():
        return create_slot_with_initializer(primary, initializer, static, dtype, name, colocate_with_primary)
    start = primary.initialized_value() if hasattr(primary, "initialized_value") else primary
    return create_slot(primary, initializer(shape(start), dtype), name, colocate_with_primary)


def _create(primary: Any, name: str, colocate_with_primary: bool, **arguments: Any) -> Any:
    place = colocate_with(primary) if colocate_with_primary else nullcontext()
    with variable_scope(None, f"{primary.op.name}/{name}") as scope, place:
        scope.set_partitioner(None)  # a slot is cut as its variable is, not once more
        slot = get_variable("", trainable=False, **arguments)
    part = primary._get_save_slice_info() if isinstance(primary, Variable) else None
    if part is not None and slot.shape.ndims:
        slot._set_save_slice_info(_part_of_slot(slot, primary, part))
    return slot


def _part_of_slot(slot: Variable, primary: Variable, part: SliceInfo) -> SliceInfo:
    """Which part it is of what checkpoints store as one: of ``v/Adam`` for the slot ``v/part_0/Adam``."""
    # Where the slot's name has another scope in front, this cuts off too much of it. So it does in TensorFlow, and
    # checkpoints know the slot by that name.
    name, rank = slot.op.name[len(primary.op.name) + 1 :], slot.shape.ndims
    return SliceInfo(f"{part.full_name}/{name}", part.full_shape[:rank], part.var_offset[:rank], part.var_shape[:rank])
