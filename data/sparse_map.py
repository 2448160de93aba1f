"""Sparse tensors on their way through a queue: a session keeps them, and the queue has a number for each."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.build import add_op
from ..engine.dtypes import DType
from ..engine.errors import InvalidArgumentError
from ..engine.graph import Operation, Tensor
from ..engine.registry import define, not_differentiable
from ..engine.shapes import TensorShape
from ..engine.sparse_tensor import SparseTensor

Parts = tuple[np.ndarray, np.ndarray, np.ndarray]  # indices, values, dense shape


class _SparseMap:
    """Sparse tensors by their numbers, from when they are added until they are taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._kept: dict[int, Parts] = {}

    def add(self, parts: Parts) -> int:
        with self._lock:
            number = next(self._numbers)
            self._kept[number] = parts
            return number

    def take(self, number: int) -> Parts:
        with self._lock:
            if number not in self._kept:
                raise InvalidArgumentError(None, None, f"Unable to find SparseTensor: {number} in map")
            return self._kept.pop(number)


def _map(session: Any, name: str) -> _SparseMap:
    return session.resource(("sparse tensors", name), _SparseMap)


def _bind_add(op: Operation, k: Any, session: Any, donated: Any) -> Callable[..., np.ndarray]:
    name = op.attrs["shared_name"] or op.name

    def run(*parts: np.ndarray) -> np.ndarray:
        indices, values, shape = map(np.array, parts)
        return np.asarray(_map(session, name).add((indices, values, shape)), np.int64)

    return run


def _bind_add_many(op: Operation, k: Any, session: Any, donated: Any) -> Callable[..., np.ndarray]:
    name = op.attrs["shared_name"] or op.name

    def run(*parts: np.ndarray) -> np.ndarray:
        indices, values, shape = map(np.array, parts)
        kept = _map(session, name)
        rows = (indices[:, 0] == row for row in range(int(shape[0])))
        return np.array([kept.add((indices[row, 1:], values[row], shape[1:])) for row in rows], np.int64)

    return run


def _bind_take(op: Operation, k: Any, session: Any, donated: Any) -> Callable[..., list[np.ndarray]]:
    def run(numbers: np.ndarray) -> list[np.ndarray]:
        kept = _map(session, op.attrs["shared_name"])
        found = [kept.take(number) for number in numbers.tolist()]
        ranks = {len(shape) for _, _, shape in found}
        if len(ranks) > 1:
            raise InvalidArgumentError(None, None, f"Inconsistent rank across SparseTensors: {sorted(ranks)}")
        rank = ranks.pop() if ranks else 0
        dtype = op.outputs[1].dtype.numpy
        indices = [np.insert(indices, 0, row, axis=1) for row, (indices, _, _) in enumerate(found)]
        return [
            np.concatenate([np.zeros((0, rank + 1), np.int64), *indices]),
            np.concatenate([np.zeros(0, dtype), *(values for _, values, _ in found)]),
            np.array([len(found), *np.max([shape for _, _, shape in found], axis=0, initial=0)][: rank + 1], np.int64),
        ]

    return run


def _taken_shapes(numbers: Tensor, **_: Any) -> list[TensorShape]:
    return [TensorShape([None, None]), TensorShape([None]), TensorShape([None])]


_PARTS = "sparse_indices:int64, sparse_values:T, sparse_shape:int64"
AddSparseToTensorsMap, AddManySparseToTensorsMap = (
    define(
        type,
        f"{_PARTS} -> sparse_handle{many}:int64",
        shape=rule,
        bind=bind,
        grad=not_differentiable,
        on_host=True,
    )
    for type, many, rule, bind in (
        ("AddSparseToTensorsMap", "", lambda *_, **__: TensorShape([]), _bind_add),
        ("AddManySparseToTensorsMap", "s", lambda *_, **__: TensorShape([None]), _bind_add_many),
    )
)

TakeManySparseFromTensorsMap = define(
    "TakeManySparseFromTensorsMap",
    "sparse_handles:int64 -> sparse_indices:int64, sparse_values:dtype, sparse_shape:int64",
    shape=_taken_shapes,
    bind=_bind_take,
    grad=not_differentiable,
    on_host=True,
)


def stored(sparse: SparseTensor, many: bool, shared_name: str = "") -> Tensor:
    """The number under which a sparse tensor is kept from now on; with `many`, those of its rows."""
    definition = AddManySparseToTensorsMap if many else AddSparseToTensorsMap
    parts = [sparse.indices, sparse.values, sparse.dense_shape]
    return add_op(definition, parts, {"container": "", "shared_name": shared_name}, None).outputs[0]


def restored(numbers: Tensor, name: str, dtype: DType, rank: int | None) -> SparseTensor:
    """The sparse tensors of these numbers, kept under `name`, along a new first axis."""
    attrs = {"dtype": dtype, "container": "", "shared_name": name}
    indices, values, shape = add_op(TakeManySparseFromTensorsMap, [numbers], attrs, None).outputs
    if rank is not None:
        indices.set_shape([None, rank + 1])
        shape.set_shape([rank + 1])
    return SparseTensor(indices, values, shape)
