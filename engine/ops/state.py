"""Ops that make, initialize, read and change variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ..dtypes import as_dtype, int32, int64
from ..errors import InvalidArgumentError, OutOfRangeError
from ..graph import Operation, Tensor
from ..registry import brackets, define, not_differentiable, scalar_shape
from ..shapes import TensorShape, as_shape
from ..state import VariableState, variable_of
from .math import merge_shapes as merged

VariableV2 = define(
    "VariableV2",
    "-> ref:dtype",
    shape=lambda shape, **_: shape,
    grad=not_differentiable,
    stateful=True,
)


def variable_op(shape: Any, dtype: Any, name: str = "Variable", container: str = "", shared_name: str = "") -> Tensor:
    """A variable of a shape (unknown parts allowed) and dtype; its value lives in the session. No initializer yet."""
    return VariableV2(
        shape=as_shape(shape), dtype=as_dtype(dtype), container=container, shared_name=shared_name, name=name
    )


def _state(op: Operation, session: Any) -> VariableState:
    """The state of the variable that a bound op's first input stands for (the plan has checked that it is one)."""
    return session.variable(variable_of(op.inputs[0]))


# -- whole values ---------------------------------------------------------------------------------------------------


def _bind_assign(op: Operation, k: Any, session: Any, donated: frozenset[int]) -> Callable[[Any], None]:
    return partial(_state(op, session).assign, donated=0 in donated, validate_shape=op.attrs["validate_shape"])


Assign = define(
    "Assign",
    "ref:T, value:T -> output_ref:T",
    shape=lambda ref, value, validate_shape, **_: merged(ref.shape, value.shape) if validate_shape else value.shape,
    bind=_bind_assign,
    grad=not_differentiable,
    writes=True,
    ref=["ref"],
)


def _in_place(ufunc: str) -> Callable:
    """The binding of ``ref = ufunc(ref, value)``, which keeps the variable's buffer."""

    def bind(op: Operation, k: Any, session: Any, donated: frozenset[int]) -> Callable[[Any], None]:
        state, apply = _state(op, session), getattr(k.xp, ufunc)

        def update(value: Any) -> None:
            array = state.read()
            if array.shape != value.shape:
                shapes = f"lhs shape= {list(array.shape)} rhs shape= {list(value.shape)}"
                raise InvalidArgumentError(None, None, f"Parameters and update must be the same size: {shapes}")
            apply(array, value, out=array)

        return update

    return bind


AssignAdd, AssignSub = (
    define(
        type,
        "ref:T, value:T -> output_ref:T",
        shape=lambda ref, value, use_locking: merged(ref.shape, value.shape),
        bind=_in_place(ufunc),
        grad=not_differentiable,
        writes=True,
        ref=["ref"],
    )
    for type, ufunc in (("AssignAdd", "add"), ("AssignSub", "subtract"))
)


def _own_method(ref: Any, name: str) -> Callable[..., Any] | None:
    """How something assigns to itself that is no variable; None for what stands for one, and where there is no way."""
    return None if hasattr(ref, "_ref") else getattr(ref, name, None)


def assign(
    ref: Any, value: Any, validate_shape: bool | None = None, use_locking: bool | None = None, name: str | None = None
) -> Tensor:
    """Give a variable a new value; the result stands for the variable once that is done.

    `ref` may also be a variable in parts, or a slice of one (``v[1:3]``): then this is its own method `assign`.
    With ``validate_shape=False`` the value may have another shape. Raises ValueError where the static shapes differ,
    and InvalidArgumentError in a run where the shapes do, in which case the variable keeps its value.
    """
    if method := _own_method(ref, "assign"):
        return method(value, name=name)
    return Assign(
        ref, value, validate_shape=validate_shape is not False, use_locking=use_locking is not False, name=name
    )


def assign_add(ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None) -> Tensor:
    """Add a value of the variable's shape to it, in place; the result stands for the variable afterwards."""
    if method := _own_method(ref, "assign_add"):
        return method(value, name=name)
    return AssignAdd(ref, value, use_locking=bool(use_locking), name=name)


def assign_sub(ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None) -> Tensor:
    """Subtract a value of the variable's shape from it, in place; the result stands for the variable afterwards."""
    if method := _own_method(ref, "assign_sub"):
        return method(value, name=name)
    return AssignSub(ref, value, use_locking=bool(use_locking), name=name)


# -- questions ------------------------------------------------------------------------------------------------------


def _bind_initialized(op: Operation, k: Any, session: Any, donated: frozenset[int]) -> Callable[[], Any]:
    state = _state(op, session)
    return lambda: np.asarray(state.initialized)


IsVariableInitialized = define(
    "IsVariableInitialized",
    "ref:dtype -> is_initialized:bool",
    shape=scalar_shape,
    bind=_bind_initialized,
    grad=not_differentiable,
    host_result=True,
    ref=["ref"],
)


def is_variable_initialized(variable: Any, name: str | None = None) -> Tensor:
    """Whether a variable has a value in the session that runs this: a scalar bool."""
    return IsVariableInitialized(variable, name=name)


def _bind_count(op: Operation, k: Any, session: Any, donated: frozenset[int]) -> Callable[[], Any]:
    state, limit = _state(op, session), op.attrs["limit"]

    def count() -> Any:
        before = state.read().copy()
        if int(before) >= limit:
            raise OutOfRangeError(None, None, f"Reached limit of {limit}")
        state.assign(before + before.dtype.type(1))
        return before

    return count


CountUpTo = define(  # gives the old value, not the variable: so `writes` is an attribute here, not a property of the op
    "CountUpTo",
    "ref:T -> output:T",
    shape=scalar_shape,
    bind=_bind_count,
    grad=not_differentiable,
    types={"T": (int32, int64)},
    stateful=True,
    ref=["ref"],
)


def count_up_to(ref: Any, limit: int, name: str | None = None) -> Tensor:
    """Add 1 to a scalar integer variable and give its value from before. Raises OutOfRangeError at `limit`."""
    graph_element = getattr(ref, "_as_graph_element", lambda: ref)()
    return CountUpTo(ref, limit=limit, writes=(variable_of(graph_element),), name=name)


# -- parts of a value -----------------------------------------------------------------------------------------------

Index = tuple[Any, ...]  # one integer array for each indexed dimension


def _rows_shape(ref: Tensor, indices: Tensor, updates: Tensor, **_: Any) -> TensorShape:
    if updates.shape.ndims != 0 and ref.shape.ndims is not None:
        merged(updates.shape, indices.shape.concatenate(ref.shape[1:]))
    return ref.shape


def _points_shape(ref: Tensor, indices: Tensor, updates: Tensor, **_: Any) -> TensorShape:
    depth = None if indices.shape.sizes is None else indices.shape.sizes[-1]
    if depth is None or ref.shape.sizes is None:
        return ref.shape
    if depth > len(ref.shape.sizes):
        rank = len(ref.shape.sizes)
        raise ValueError(f"Last dimension of indices ({depth}) must be no larger than the rank of the input ({rank})")
    outer = indices.shape[:-1]
    try:
        merged(outer.concatenate(ref.shape[depth:]), updates.shape)
    except ValueError as error:
        raise ValueError(
            f"Dimensions [0,{len(outer)}) of indices[shape={brackets(indices.shape)}] = {brackets(outer)} must match "
            f"dimensions [0,{len(outer)}) of updates[shape={brackets(updates.shape)}]: {error}"
        ) from None
    return ref.shape


def _rows(indices: np.ndarray, shape: tuple[int, ...]) -> Index:
    """The index of whole rows. Raises InvalidArgumentError for one out of range."""
    wrong = np.argwhere((indices < 0) | (indices >= shape[0]))
    if len(wrong):
        at = tuple(wrong[0])
        place = ",".join(map(str, at))
        raise InvalidArgumentError(None, None, f"indices[{place}] = {indices[at]} is not in [0, {shape[0]})")
    return (indices,)


def _points(indices: np.ndarray, shape: tuple[int, ...]) -> Index:
    """The index that the last axis of `indices` spells. Raises InvalidArgumentError for one out of range."""
    depth = indices.shape[-1]
    wrong = np.argwhere(((indices < 0) | (indices >= np.array(shape[:depth], np.int64))).any(-1))
    if len(wrong):
        at = tuple(wrong[0])
        place = ",".join(map(str, at))
        raise InvalidArgumentError(
            None, None, f"indices[{place}] = {indices[at].tolist()} does not index into shape {list(shape)}"
        )
    return tuple(indices[..., d] for d in range(depth))


def _occurrences(index: Index, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Positions of the flattened index in rounds, in order, so that no element is named twice within a round."""
    flat = np.ravel_multi_index(index, shape[: len(index)]).ravel()
    order = np.argsort(flat, kind="stable")
    ordered = flat[order]
    start = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(flat)]
    places = np.arange(len(flat))
    turn = places - np.maximum.accumulate(np.where(start, places, 0))
    for n in range(int(turn.max(initial=-1)) + 1):
        yield order[turn == n]


Update = Callable[[Any, Any, Index, Any], None]  # (backend, the variable's array, index, updates), in place


def _in_rounds(combine: Callable[[Any, Any, Any], Any]) -> Update:
    """``array[index] = combine(xp, array[index], updates)``, one occurrence of an element after another."""

    def update(k: Any, array: Any, index: Index, updates: Any) -> None:
        rows = updates.reshape(-1, *array.shape[len(index) :])
        for positions in _occurrences(index, array.shape):
            at = tuple(k.asarray(part.ravel()[positions]) for part in index)
            array[at] = combine(k.xp, array[at], rows[k.asarray(positions)])

    return update


def _divided(xp: Any, x: Any, y: Any) -> Any:
    """The quotient; that of integers is cut off towards zero."""
    if x.dtype.kind not in "iu":
        return x / y
    return x // y + ((x % y != 0) & ((x < 0) != (y < 0)))


def _add(k: Any, array: Any, index: Index, updates: Any) -> None:
    where = tuple(map(k.asarray, index))
    k.scatter_add(array, where[0] if len(where) == 1 else where, updates)


def _subtract(k: Any, array: Any, index: Index, updates: Any) -> None:
    _add(k, array, index, -updates)


_UPDATES: dict[str, Update] = {
    "Update": _in_rounds(lambda xp, old, new: new),
    "Add": _add,
    "Sub": _subtract,
    "Mul": _in_rounds(lambda xp, old, new: old * new),
    "Div": _in_rounds(_divided),
    "Min": _in_rounds(lambda xp, old, new: xp.minimum(old, new)),
    "Max": _in_rounds(lambda xp, old, new: xp.maximum(old, new)),
}


def _bind_scatter(find: Callable[[np.ndarray, tuple[int, ...]], Index], update: Update, scalars: bool) -> Callable:
    """The binding of an op that updates what `find` makes of its indices; nothing is written before all are checked."""

    def bind(op: Operation, k: Any, session: Any, donated: frozenset[int]) -> Callable[[Any, Any], None]:
        state = _state(op, session)

        def run(indices: Any, updates: Any) -> None:
            array = state.read()
            index = find(indices, array.shape)
            wanted = (indices.shape if scalars else indices.shape[:-1]) + array.shape[len(index) :]
            if updates.shape != wanted:
                if not scalars or updates.ndim:
                    raise InvalidArgumentError(
                        None,
                        None,
                        f"Must have updates of shape {list(wanted)}, got updates.shape {list(updates.shape)}, "
                        f"indices.shape {list(indices.shape)}, params.shape {list(array.shape)}",
                    )
                updates = k.xp.broadcast_to(updates, wanted)
            if updates.size:
                update(k, array, index, updates)

        return run

    return bind


def _define_scatter(type: str, find: Any, shape: Any, update: Update, scalars: bool) -> Any:
    return define(
        type,
        "ref:T, indices:I, updates:T -> output_ref:T",
        shape=shape,
        bind=_bind_scatter(find, update, scalars),
        grad=not_differentiable,
        host=["indices"],
        writes=True,
        ref=["ref"],
    )


_ROWS = {
    kind: _define_scatter(f"Scatter{kind}", _rows, _rows_shape, update, scalars=True)
    for kind, update in _UPDATES.items()
}
_POINTS = {
    kind: _define_scatter(f"ScatterNd{kind}", _points, _points_shape, _UPDATES[kind], scalars=False)
    for kind in ("Update", "Add", "Sub")
}


def scatter_update(ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None) -> Tensor:
    """``ref[indices] = updates``, rows of a variable; of several updates of one row the last one stays.

    `indices` has any shape; `updates` has shape ``indices.shape + ref.shape[1:]`` or is a scalar. Raises
    InvalidArgumentError for an index out of range, and then changes nothing. The result stands for the variable
    afterwards. So it is for all of `scatter_add`, `scatter_sub`, `scatter_mul`, `scatter_div`, `scatter_min` and
    `scatter_max`, in which several updates of one row all count.
    """
    return _ROWS["Update"](ref, indices, updates, use_locking=use_locking, name=name)


def scatter_add(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
    """``ref[indices] += updates``, as `scatter_update`."""
    return _ROWS["Add"](ref, indices, updates, use_locking=use_locking, name=name)


def scatter_sub(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
    """``ref[indices] -= updates``, as `scatter_update`."""
    return _ROWS["Sub"](ref, indices, updates, use_locking=use_locking, name=name)


def scatter_mul(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
    """``ref[indices] *= updates``, as `scatter_update`."""
    return _ROWS["Mul"](ref, indices, updates, use_locking=use_locking, name=name)


def scatter_div(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
    """``ref[indices] /= updates`` (integers cut off towards zero), as `scatter_update`."""
    return _ROWS["Div"](ref, indices, updates, use_locking=use_locking, name=name)


def scatter_min(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
    """``ref[indices] = minimum(ref[indices], updates)``, as `scatter_update`."""
    return _ROWS["Min"](ref, indices, updates, use_locking=use_locking, name=name)


def scatter_max(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
    """``ref[indices] = maximum(ref[indices], updates)``, as `scatter_update`."""
    return _ROWS["Max"](ref, indices, updates, use_locking=use_locking, name=name)


def scatter_nd_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Tensor:
    """``ref[index] = update`` for each index along the last axis of `indices`, which has as many dimensions fixed.

    `updates` has shape ``indices.shape[:-1] + ref.shape[indices.shape[-1]:]``. Errors and result: as `scatter_update`.
    """
    return _POINTS["Update"](ref, indices, updates, use_locking=use_locking, name=name)


def scatter_nd_add(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
    """``ref[index] += update``, as `scatter_nd_update`."""
    return _POINTS["Add"](ref, indices, updates, use_locking=use_locking, name=name)


def scatter_nd_sub(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Tensor:
    """``ref[index] -= update``, as `scatter_nd_update`."""
    return _POINTS["Sub"](ref, indices, updates, use_locking=use_locking, name=name)


__all__ = [
    "assign", "assign_add", "assign_sub", "count_up_to", "is_variable_initialized", "scatter_add", "scatter_div",
    "scatter_max", "scatter_min", "scatter_mul", "scatter_nd_add", "scatter_nd_sub", "scatter_nd_update", "scatter_sub",
    "scatter_update",
]  # fmt: skip
