"""Variables in several parts: how a variable is cut, and the parts taken as one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ..engine.build import convert_to_tensor, register_tensor_conversion_function
from ..engine.dtypes import DType, as_dtype, string
from ..engine.graph import Tensor
from ..engine.ops.array import concat, split
from ..engine.ops.basic import identity
from ..engine.shapes import TensorShape, as_shape
from .variables import Variable, lifted

Partitioner = Callable[..., Sequence[int]]  # partitioner(shape=TensorShape, dtype=DType): the number of parts by axis


class PartitionInfo(NamedTuple):
    """What an initializer of one part is told: the shape of the whole, and where in it the part begins."""

    full_shape: list[int]
    var_offset: list[int]


class Part(NamedTuple):
    """One part of a partitioned shape."""

    offset: list[int]
    shape: list[int]


def parts_of(shape: TensorShape, partitions: Sequence[int]) -> list[Part]:
    """The parts along the one axis that is cut; where the length does not divide, the first ones are longer by one."""
    sizes = [int(d) for d in shape]
    axis = cut_axis(partitions)
    count = partitions[axis] if partitions else 1
    parts, start = [], 0
    for i in range(count):
        length = sizes[axis] // count + (i < sizes[axis] % count)
        offset = [0] * len(sizes)
        offset[axis] = start
        parts.append(Part(offset, [*sizes[:axis], length, *sizes[axis + 1 :]]))
        start += length
    return parts


def cut_axis(partitions: Sequence[int]) -> int:
    """The axis with more than one part, 0 where there is none."""
    return next((axis for axis, count in enumerate(partitions) if count > 1), 0)


def call_partitioner(partitioner: Partitioner, shape: TensorShape, dtype: DType) -> list[int]:
    """The number of parts along each axis. Raises ValueError for an unknown shape or a partitioner's bad answer."""
    if not shape.is_fully_defined():
        raise ValueError(f"Shape of a new partitioned variable must be fully defined, but instead was {shape}.")
    answer = partitioner(shape=shape, dtype=dtype)
    if not isinstance(answer, Sequence):
        raise ValueError(f"Partitioner must return a sequence, but saw: {answer}")
    partitions = list(answer)
    if len(partitions) != shape.ndims:
        raise ValueError(
            f"Partitioner returned a partition list that does not match the Variable's rank: {partitions} vs. {shape}"
        )
    if any(p < 1 for p in partitions):
        raise ValueError(f"Partitioner returned zero partitions for some axes: {partitions}")
    if sum(p > 1 for p in partitions) > 1:
        raise ValueError(f"Can only slice a variable along one dimension: shape: {shape}, partitioning: {partitions}")
    return partitions


class PartitionedVariable:
    """Variables that together hold one value, cut along one axis; as a tensor they are their concatenation."""

    def __init__(
        self, name: str, shape: Any, dtype: Any, variable_list: Sequence[Variable], partitions: Sequence[int]
    ) -> None:
        self._name = name
        self._shape = as_shape(shape)
        self._dtype = as_dtype(dtype)
        self._variable_list = list(variable_list)
        self._partitions = list(partitions)

    name = property(lambda self: self._name)
    dtype = property(lambda self: self._dtype)
    shape = property(lambda self: self._shape)
    graph = property(lambda self: self._variable_list[0].graph)

    def get_shape(self) -> TensorShape:
        return self._shape

    def __iter__(self) -> Iterator[Variable]:
        return iter(self._variable_list)

    def __len__(self) -> int:
        return len(self._variable_list)

    def _get_variable_list(self) -> list[Variable]:
        return self._variable_list

    def _get_partitions(self) -> list[int]:
        return self._partitions

    def as_tensor(self) -> Tensor:
        """The whole value: the parts put together along the axis that was cut."""
        parts = [v.value() for v in self._variable_list]
        with self.graph.as_default() as graph, graph.name_scope(None), lifted(graph):
            if len(parts) == 1:
                return identity(parts[0], name=self._name)
            with graph.name_scope(f"{self._name}/ConcatPartitions/"):
                whole = concat(parts, cut_axis(self._partitions))
            return identity(whole, name=self._name)

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> list:
        """Give each part its piece of `value`: the list of what the parts' own `assign` returns."""
        return self._by_part(Variable.assign, value, use_locking, name, read_value)

    def assign_add(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> list:
        """Add to each part its piece of `value`."""
        return self._by_part(Variable.assign_add, value, use_locking, name, read_value)

    def assign_sub(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> list:
        """Subtract from each part its piece of `value`."""
        return self._by_part(Variable.assign_sub, value, use_locking, name, read_value)

    def _by_part(self, assign: Callable, value: Any, use_locking: bool, name: str | None, read_value: bool) -> list:
        axis = cut_axis(self._partitions)
        sizes = [v.shape.as_list()[axis] for v in self._variable_list]
        pieces = split(convert_to_tensor(value, self._dtype), sizes, axis=axis)
        return [
            assign(variable, piece, use_locking, name, read_value)
            for variable, piece in zip(self._variable_list, pieces, strict=True)
        ]


def _partitioned_as_tensor(
    value: PartitionedVariable, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Any:
    if dtype is not None and as_dtype(dtype) is not value.dtype:
        raise ValueError(
            f"Incompatible type conversion requested to type {as_dtype(dtype).name!r} for variable of type "
            f"{value.dtype.name!r}"
        )
    if as_ref:
        raise NotImplementedError("PartitionedVariable doesn't support being used as a reference.")
    return value.as_tensor()


register_tensor_conversion_function(PartitionedVariable, _partitioned_as_tensor)


# -- how to cut -----------------------------------------------------------------------------------------------------


def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Partitioner:
    """Cut into `num_shards` parts along `axis`, or into as many as there are elements, if that is less."""

    def partitioner(shape: TensorShape, **_: Any) -> list[int]:
        partitions = [1] * len(shape)
        partitions[axis] = min(num_shards, int(shape[axis]))
        return partitions

    return partitioner


def variable_axis_size_partitioner(
    max_shard_bytes: int, axis: int = 0, bytes_per_string_element: int = 16, max_shards: int | None = None
) -> Partitioner:
    """Cut along `axis` into parts of at most `max_shard_bytes` each, where slices are that small.

    A string counts for `bytes_per_string_element`. Raises ValueError for sizes that are not positive.
    """
    if max_shard_bytes < 1 or bytes_per_string_element < 1:
        raise ValueError(
            "Both max_shard_bytes and bytes_per_string_element must be positive. Currently, max_shard_bytes is "
            f"{max_shard_bytes} and bytes_per_string_element is {bytes_per_string_element}"
        )
    if max_shards is not None and max_shards < 1:
        raise ValueError(f"max_shards must be positive, but is {max_shards}")

    def partitioner(shape: TensorShape, dtype: Any) -> list[int]:
        dtype = as_dtype(dtype)
        element = bytes_per_string_element if dtype is string else dtype.size
        length = int(shape[axis])
        slice_bytes = max((shape.num_elements() or 0) // max(length, 1) * element, 1)
        slices_per_part = max(1, max_shard_bytes // slice_bytes)
        partitions = [1] * len(shape)
        partitions[axis] = min(max(1, math.ceil(length / slices_per_part)), max_shards or length)
        return partitions

    return partitioner


def min_max_variable_partitioner(
    max_partitions: int = 1, axis: int = 0, min_slice_size: int = 256 << 10, bytes_per_string_element: int = 16
) -> Partitioner:
    """Cut along `axis` into at most `max_partitions` parts of at least `min_slice_size` bytes each."""

    def partitioner(shape: TensorShape, dtype: Any) -> list[int]:
        dtype = as_dtype(dtype)
        element = bytes_per_string_element if dtype is string else dtype.size
        total = (shape.num_elements() or 0) * element
        partitions = [1] * len(shape)
        partitions[axis] = max(1, min(int(shape[axis]), max_partitions, math.ceil(total / min_slice_size)))
        return partitions

    return partitioner


__all__ = [
    "PartitionedVariable",
    "fixed_size_partitioner",
    "min_max_variable_partitioner",
    "variable_axis_size_partitioner",
]
