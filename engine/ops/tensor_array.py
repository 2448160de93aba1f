"""TensorArray: arrays of tensors that are written and read one by one, in loops above all.

What flows through the graph is a variant whose value is a Python list: an array per element, None where nothing was
written. A write makes a new list, so earlier ones keep what they had; the arrays themselves are shared. In gradients
the list of an element's gradients may be shorter than the array, and None means zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes, errors
from ..build import convert_to_tensor, register_tensor_conversion_function
from ..dtypes import as_dtype
from ..graph import Tensor, op_scope
from ..registry import OpDef, define, not_differentiable
from ..shapes import TensorShape, as_shape
from ..static import constant_value
from .basic import identity, no_op, shape
from .ranges import range as range_of

# --- Elements by index: one (index of rank 0) or several (rank 1), which are stacked along a new first axis -----------


def _positions(index: np.ndarray) -> list[int]:
    return [int(i) for i in np.ravel(index)]


def _check_range(positions: Sequence[int], size: int, doing: str) -> None:
    for i in positions:
        if not 0 <= i < size:
            raise errors.OutOfRangeError(None, None, f"Tried to {doing} index {i} but array size is: {size}")


def _written(k: Any, flow: list, index: np.ndarray, value: Any, dynamic: bool) -> list:
    positions = _positions(index)
    if len(positions) != (count := len(value) if index.ndim else 1):
        raise errors.InvalidArgumentError(
            None, None, f"Expected {len(positions)} values for the indices {positions}, but got {count}"
        )
    size = max([len(flow), *(i + 1 for i in positions)]) if dynamic else len(flow)
    for i in positions:
        if not 0 <= i < size:
            raise errors.OutOfRangeError(
                None, None, f"Tried to write to index {i} but array is not resizeable and size is: {size}"
            )
        if i < len(flow) and flow[i] is not None:
            raise errors.InvalidArgumentError(
                None, None, f"Could not write to TensorArray index {i} because it has already been written to."
            )
    return _placed(k, index, value, [*flow, *[None] * (size - len(flow))])


def _placed(k: Any, index: np.ndarray, value: Any, into: list) -> list:
    for row, i in enumerate(_positions(index)):
        into[i] = dtypes.string_as_array(value[row]) if index.ndim else value
    return into


def _read(k: Any, flow: list, index: np.ndarray, shape: TensorShape, dtype: Any) -> Any:
    positions = _positions(index)
    _check_range(positions, len(flow), "read from")
    items = [flow[i] for i in positions]
    for i, item in zip(positions, items, strict=True):
        if item is None:
            raise errors.InvalidArgumentError(
                None, None, f"Could not read from TensorArray index {i}, because it has not been written to."
            )
    return _joined(k, items, shape, dtype) if index.ndim else items[0]


def _joined(k: Any, items: list, shape: TensorShape, dtype: Any) -> Any:
    if items:
        return np.stack(items) if dtype is dtypes.string else k.xp.stack([k.asarray(item) for item in items])
    if not shape.is_fully_defined():
        raise errors.UnimplementedError(
            None,
            None,
            f"TensorArray has size zero, but element shape {shape} is not fully defined. Currently only static shapes "
            "are supported when packing zero-size TensorArrays.",
        )
    sizes = shape.as_list()
    return k.xp.zeros((0, *sizes), dtype.numpy)


def _elements_like(k: Any, flow: list, index: np.ndarray, like: Any) -> Any:
    """Elements of a gradient's list, with zeros for what no one read."""
    found = [flow[i] if i < len(flow) else None for i in _positions(index)]
    if not index.ndim:
        return k.xp.zeros(np.shape(like), like.dtype) if found[0] is None else found[0]
    result = k.xp.zeros(np.shape(like), like.dtype)
    for row, item in enumerate(found):
        if item is not None:
            result[row] = item
    return result


NewTensorArray = define(
    "TensorArrayV3",
    "size:int32 -> flow:variant",
    shape=lambda size: TensorShape([]),
    kernel=lambda k, size: [None] * int(size),
    grad=not_differentiable,
    host=["size"],
    stateful=True,
)

Without: OpDef = define(  # the gradient of what was in the array before a write
    "TensorArrayWithout",
    "flow:variant, index:int32 -> rest:variant",
    shape=lambda flow, index: TensorShape([]),
    kernel=lambda k, flow, index: [None if i in set(_positions(index)) else item for i, item in enumerate(flow)],
    grad=lambda op, g: [Without(g, op.inputs[1]), None],
    host=["index"],
    view=True,
)

ElementsLike: OpDef = define(
    "TensorArrayElementsLike",
    "flow:variant, index:int32, like:T -> value:T",
    shape=lambda flow, index, like: like.shape,
    kernel=_elements_like,
    grad=lambda op, g: [Placed(op.inputs[1], g), None, None],
    host=["index"],
    view=True,
)

Placed: OpDef = define(  # a gradient's list with these elements only
    "TensorArrayPlaced",
    "index:int32, value:T -> flow:variant",
    shape=lambda index, value: TensorShape([]),
    kernel=lambda k, index, value: _placed(k, index, value, [None] * (max(_positions(index), default=-1) + 1)),
    grad=lambda op, g: [None, ElementsLike(g, op.inputs[0], op.inputs[1])],
    host=["index"],
    view=True,
)


def _define_write(type: str) -> Any:
    return define(
        type,
        "flow:variant, index:int32, value:T -> flow_out:variant",
        shape=lambda flow, index, value, **_: TensorShape([]),
        kernel=_written,
        grad=lambda op, g: [Without(g, op.inputs[1]), None, ElementsLike(g, op.inputs[1], op.inputs[2])],
        host=["index"],
        view=True,
    )


def _define_read(type: str, several: bool) -> Any:
    def result_shape(flow: Tensor, index: Tensor, shape: TensorShape, **_: Any) -> TensorShape:
        return TensorShape([index.shape.num_elements()]).concatenate(shape) if several else shape

    return define(
        type,
        "flow:variant, index:int32 -> value:dtype",
        shape=result_shape,
        kernel=_read,
        grad=lambda op, g: [Placed(op.inputs[1], g), None],
        host=["index"],
        view=True,
    )


Write, Scatter = _define_write("TensorArrayWriteV3"), _define_write("TensorArrayScatterV3")
Read, Gather = _define_read("TensorArrayReadV3", False), _define_read("TensorArrayGatherV3", True)


# --- The whole array: its size, and its elements one after the other along their first axis ---------------------------

Size = define(
    "TensorArraySizeV3",
    "flow:variant -> size:int32",
    shape=lambda flow: TensorShape([]),
    kernel=lambda k, flow: np.int32(len(flow)),
    grad=not_differentiable,
    host_result=True,
)


def _concatenated(k: Any, flow: list, shape: TensorShape, dtype: Any) -> Any:
    items = [_read(k, flow, np.array(i), shape, dtype) for i in range(len(flow))]
    if not items:
        return _joined(k, [], as_shape(shape)[1:], dtype), np.zeros(0, np.int64)
    for item in items:
        if np.ndim(item) == 0:
            raise errors.InvalidArgumentError(None, None, "Concat saw a scalar shape at index 0 but requires vectors")
    joined = np.concatenate(items) if dtype is dtypes.string else k.xp.concatenate([k.asarray(i) for i in items])
    return joined, np.array([len(item) for item in items], np.int64)


def _pieces(k: Any, value: Any, lengths: np.ndarray) -> list:
    if np.sum(lengths) != len(value):
        raise errors.InvalidArgumentError(
            None,
            None,
            f"Expected sum of lengths to be equal to values.shape[0], but sum of lengths is {np.sum(lengths)} and "
            f"value's shape is: {list(np.shape(value))}",
        )
    ends = np.cumsum(lengths)
    return [value[end - length : end] for end, length in zip(ends.tolist(), np.ravel(lengths).tolist(), strict=True)]


Concat = define(
    "TensorArrayConcatV3",
    "flow:variant -> value:dtype, lengths:int64",
    shape=lambda flow, shape, **_: [TensorShape([None]).concatenate(shape[1:]), TensorShape([None])],
    kernel=_concatenated,
    grad=lambda op, g, _: [Pieces(g, op.outputs[1])],
    view=True,
)

Pieces: OpDef = define(
    "TensorArrayPieces",
    "value:T, lengths:int64 -> flow:variant",
    shape=lambda value, lengths: TensorShape([]),
    kernel=_pieces,
    grad=lambda op, g: [PiecesLike(g, op.inputs[1], op.inputs[0]), None],
    host=["lengths"],
    view=True,
)


def _pieces_like(k: Any, flow: list, lengths: np.ndarray, like: Any) -> Any:
    result = k.xp.zeros(np.shape(like), like.dtype)
    for part, item in zip(_pieces(k, result, lengths), flow, strict=False):
        if item is not None:
            part[...] = item
    return result


PiecesLike: OpDef = define(
    "TensorArrayPiecesLike",
    "flow:variant, lengths:int64, like:T -> value:T",
    shape=lambda flow, lengths, like: like.shape,
    kernel=_pieces_like,
    grad=lambda op, g: [Pieces(g, op.inputs[1]), None, None],
    host=["lengths"],
)


# --- The public class -------------------------------------------------------------------------------------------------


class TensorArray:
    """An array of tensors of one dtype, written once each and read by index.

    Every method that changes the array returns a new one, to be used from then on. In `tf.while_loop` and `tf.cond` a
    TensorArray may be a loop variable or a result.

    Args:
        dtype: of the elements.
        size: how many, an int32 scalar.
        dynamic_size: whether a write beyond the end makes the array longer.
        infer_shape: whether all elements must have one static shape, which reads then know.
        element_shape: that shape, where it is known before.
        clear_after_read, tensor_array_name, handle, colocate_with_first_write_call: accepted, without effect.
        flow: makes this another handle to the array of that flow.
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Tensor | None = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        if handle is not None and (tensor_array_name or size is not None or clear_after_read is not None):
            raise ValueError("Cannot provide both `handle` and `tensor_array_name`, `size` or `clear_after_read`")
        if handle is None and flow is None and size is None:
            raise ValueError("Argument `size` must be provided if handle is not provided.")
        self._dtype = as_dtype(dtype)
        self._dynamic_size = bool(dynamic_size)
        self._infer_shape = infer_shape or element_shape is not None
        self._known = [as_shape(element_shape)]  # one list for all handles of an array
        self._size = None if dynamic_size else size
        if flow is None:
            flow = handle
        if flow is None:
            with op_scope(name, "TensorArray", [size]) as scope:
                flow = NewTensorArray(convert_to_tensor(size, dtypes.int32, name="size"), name=scope)
        self._flow = flow

    dtype = property(lambda self: self._dtype)
    flow = property(lambda self: self._flow)
    handle = property(lambda self: self._flow)
    dynamic_size = property(lambda self: self._dynamic_size)
    element_shape = property(lambda self: self._known[0])

    def with_flow(self, flow: Tensor) -> TensorArray:
        """The array that `flow` stands for, of this one's dtype and shape."""
        other = object.__new__(type(self))
        vars(other).update(vars(self), _flow=flow)
        return other

    def identity(self) -> TensorArray:
        """The same array; its operations wait for the control dependencies that are open now."""
        return self.with_flow(identity(self._flow))

    def grad(self, source: str, flow: Any = None, name: str | None = None) -> TensorArray:
        """Not there: `tf.gradients` goes through arrays by itself."""
        raise NotImplementedError("TensorArray.grad: tf.gradients differentiates through TensorArrays by itself")

    # -- elements ---------------------------------------------------------------------------------------------------

    def _merge(self, shape: TensorShape) -> None:
        if not self._infer_shape:
            return
        if not self._known[0].is_compatible_with(shape):
            raise ValueError(f"Inconsistent shapes: saw {shape} but expected {self._known[0]}")
        self._known[0] = self._known[0].merge_with(shape)

    def _converted(self, value: Any) -> Tensor:
        tensor = convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
        if tensor.dtype is not self._dtype:
            raise ValueError(
                f"TensorArray dtype is {self._dtype.name}, but Op is trying to write dtype {tensor.dtype.name}"
            )
        return tensor

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """The element at `index`. A run raises InvalidArgumentError where it was never written."""
        with op_scope(name, "TensorArrayReadV3", [self._flow, index]) as scope:
            index = convert_to_tensor(index, dtypes.int32, name="index")
            return Read(self._flow, index, shape=self.element_shape, dtype=self._dtype, name=scope)

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with `value` at `index`. A run raises where that is outside the array, or written already."""
        with op_scope(name, "TensorArrayWrite", [self._flow, index, value]):
            value = self._converted(value)
            self._merge(value.shape)
            index = convert_to_tensor(index, dtypes.int32, name="index")
            return self.with_flow(Write(self._flow, index, value, dynamic=self._dynamic_size))

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """The elements at `indices`, stacked."""
        with op_scope(name, "TensorArrayGatherV3", [self._flow, indices]) as scope:
            indices = convert_to_tensor(indices, dtypes.int32, name="indices")
            return Gather(self._flow, indices, shape=self.element_shape, dtype=self._dtype, name=scope)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with value[i] at indices[i] for each i."""
        with op_scope(name, "TensorArrayScatter", [self._flow, value, indices]):
            value = self._converted(value)
            if value.shape.ndims is not None:
                self._merge(value.shape[1:])
            indices = convert_to_tensor(indices, dtypes.int32, name="indices")
            return self.with_flow(Scatter(self._flow, indices, value, dynamic=self._dynamic_size))

    # -- all of them --------------------------------------------------------------------------------------------------

    def _all(self) -> Tensor:
        return range_of(0, self.size())

    def stack(self, name: str | None = None) -> Tensor:
        """All elements, stacked along a new first axis."""
        with op_scope(name, "TensorArrayStack", [self._flow]):
            return self.gather(self._all())

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """The array with value[i] at each i."""
        with op_scope(name, "TensorArrayUnstack", [self._flow, value]):
            value = self._converted(value)
            return self.scatter(range_of(0, shape(value)[0]), value)

    def concat(self, name: str | None = None) -> Tensor:
        """All elements, one after the other along their first axis."""
        return Concat(self._flow, shape=self.element_shape, dtype=self._dtype, name=name or "TensorArrayConcatV3")[0]

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """The array whose elements are pieces of `value` of these lengths, along its first axis."""
        with op_scope(name, "TensorArraySplit", [self._flow, value, lengths]):
            value = self._converted(value)
            lengths = convert_to_tensor(lengths, dtypes.int64, name="lengths")
            known = constant_value(lengths)
            if value.shape.ndims is not None:
                different = {None} if known is None else set(known.tolist())
                length = different.pop() if len(different) == 1 else None
                self._merge(TensorShape([length]).concatenate(value.shape[1:]))
            return self.with_flow(Pieces(value, lengths))

    def size(self, name: str | None = None) -> Tensor:
        """The number of elements, an int32 scalar."""
        if self._size is not None:
            return convert_to_tensor(self._size, dtypes.int32, name="size")
        return Size(self._flow, name=name or "TensorArraySizeV3")

    def close(self, name: str | None = None) -> Any:
        """An operation that does nothing: an array goes when nothing refers to it."""
        return no_op(name)


register_tensor_conversion_function(TensorArray, lambda array, **_: array.flow)


def like_arrays(values: Sequence[Any], tensors: Sequence[Tensor]) -> list[Any]:
    """The tensors, made TensorArrays where `values` are."""
    return [v.with_flow(t) if isinstance(v, TensorArray) else t for v, t in zip(values, tensors, strict=True)]


__all__ = ["TensorArray"]
