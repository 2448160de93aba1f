"""What every other family builds on: placeholders, identities, shapes, casts, fills, broadcasting."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...kernels.cpu import elementwise
from .. import dtypes
from ..build import constant, convert_to_tensor
from ..dtypes import DType, as_dtype, enum_name, summing_dtype
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import brackets, define, get_op, not_differentiable, same_shape, scalar_shape, takes_indexed_slices
from ..shapes import TensorShape, as_shape
from ..sparse_tensor import SparseTensor, also_of_sparse
from ..static import constant_value, constant_value_as_shape

_CONSTANT_UNTIL = 1000  # elements; `zeros` and `ones` below that are constants, above it a Fill (as in TensorFlow)

# -- placeholders ---------------------------------------------------------------------------------------------------


def _unfed(op: Operation, k: Any, session: Any, donated: Any) -> Any:
    def refuse() -> None:
        dtype, shape = enum_name(op.attrs["dtype"]), op.attrs["shape"]
        of_shape = f" and shape {brackets(shape)}" if shape.sizes else ""  # none is said of a scalar's
        raise InvalidArgumentError(
            None, None, f"You must feed a value for placeholder tensor '{op.name}' with dtype {dtype}{of_shape}"
        )

    return refuse


Placeholder = define(
    "Placeholder",
    "-> output:dtype",
    shape=lambda shape, dtype: shape,
    bind=_unfed,
    grad=not_differentiable,
)


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor that every run must feed. `shape` may have unknown dimensions (None) or be None altogether."""
    return Placeholder(dtype=as_dtype(dtype), shape=as_shape(shape), name=name)


PlaceholderWithDefault = define(
    "PlaceholderWithDefault",
    "input:T -> output:T",
    shape=lambda input, shape: shape,
    kernel=lambda k, x, shape: x,
    grad=lambda op, g: g,
    view=True,
    stateful=True,
)


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """`input`, unless a run feeds something else. Raises ValueError where `shape` does not hold for `input`."""
    with op_scope(name, "PlaceholderWithDefault", [input]) as scope:
        tensor = convert_to_tensor(input, name="input")
        shape = as_shape(shape)
        shape.assert_is_compatible_with(tensor.shape)
        return PlaceholderWithDefault(tensor, shape=shape, name=scope)


# -- identities -----------------------------------------------------------------------------------------------------


@takes_indexed_slices
def _passed_on(op: Operation, g: Any) -> Any:
    return g


Identity = define(
    "Identity",
    "input:T -> output:T",
    shape=same_shape,
    kernel=lambda k, x: x,
    grad=_passed_on,
    view=True,
)

StopGradient = define(
    "StopGradient",
    "input:T -> output:T",
    shape=same_shape,
    kernel=lambda k, x: x,
    grad=not_differentiable,
    view=True,
)


def identity(input: Any, name: str | None = None) -> Tensor:
    """A tensor with the same value; under control dependencies, the value once these have run."""
    return Identity(input, name=name)


IdentityN = define(
    "IdentityN",
    "input:any* -> output:T*",
    shape=lambda *inputs, T: [x.shape for x in inputs],
    kernel=lambda k, *arrays, T: arrays,
    grad=lambda op, *grads: grads,
    view=True,
)


def identity_n(input: Sequence[Any], name: str | None = None) -> list[Tensor]:
    """`identity` of each, in one operation."""
    with op_scope(name, "IdentityN", input) as scope:
        tensors = [convert_to_tensor(value, name=f"input_{i}") for i, value in enumerate(input)]
        return IdentityN(*tensors, T=[t.dtype for t in tensors], name=scope)


def stop_gradient(input: Any, name: str | None = None) -> Tensor:
    """The same value, taken as a constant by `gradients`."""
    return StopGradient(input, name=name)


NoOp = define("NoOp", "", shape=list, kernel=lambda k: (), grad=not_differentiable, stateful=True)


def no_op(name: str | None = None) -> Operation:
    """An operation that does nothing; it carries control dependencies."""
    return NoOp(name=name)


# -- shapes ---------------------------------------------------------------------------------------------------------


def _static_sizes(op: Operation) -> np.ndarray | None:
    shape = op.inputs[0].shape
    return np.array(shape.as_list(), op.attrs["out_type"].numpy) if shape.is_fully_defined() else None


Shape = define(
    "Shape",
    "input:T -> output:out_type",
    shape=lambda x, out_type: [x.shape.ndims],
    kernel=lambda k, x, out_type: np.array(x.shape, out_type.numpy),
    grad=not_differentiable,
    host_result=True,
    fold=_static_sizes,
)

Size = define(
    "Size",
    "input:T -> output:out_type",
    shape=scalar_shape,
    kernel=lambda k, x, out_type: np.array(x.size, out_type.numpy),
    grad=not_differentiable,
    host_result=True,
    fold=lambda op: (
        None if (n := op.inputs[0].shape.num_elements()) is None else np.array(n, op.attrs["out_type"].numpy)
    ),
)

Rank = define(
    "Rank",
    "input:T -> output:int32",
    shape=scalar_shape,
    kernel=lambda k, x: np.array(x.ndim, np.int32),
    grad=not_differentiable,
    host_result=True,
    fold=lambda op: None if (n := op.inputs[0].shape.ndims) is None else np.array(n, np.int32),
)


def shape(input: Any, name: str | None = None, out_type: Any = dtypes.int32) -> Tensor:
    """The shape as a 1-D integer tensor; a constant where it is known statically."""
    with op_scope(name, "Shape", [input]) as scope:
        if isinstance(input, SparseTensor):
            return cast(input.dense_shape, out_type)
        tensor = convert_to_tensor(input)
        if tensor.shape.is_fully_defined():
            return constant(tensor.shape.as_list(), out_type, shape=[len(tensor.shape)], name=scope)
        return Shape(tensor, out_type=as_dtype(out_type), name=scope)


def size(input: Any, name: str | None = None, out_type: Any = dtypes.int32) -> Tensor:
    """The number of elements as a scalar; a constant where it is known statically."""
    with op_scope(name, "Size", [input]) as scope:
        if isinstance(input, SparseTensor):
            return get_op("Prod")(cast(input.dense_shape, out_type), 0, keep_dims=False, name=scope)
        tensor = convert_to_tensor(input)
        if tensor.shape.is_fully_defined():
            return constant(tensor.shape.num_elements(), out_type, name=scope)
        return Size(tensor, out_type=as_dtype(out_type), name=scope)


def rank(input: Any, name: str | None = None) -> Tensor:
    """The number of dimensions as an int32 scalar; a constant where it is known statically."""
    with op_scope(name, "Rank", [input]) as scope:
        if isinstance(input, SparseTensor):
            return size(input.dense_shape, name=scope)
        tensor = convert_to_tensor(input)
        if tensor.shape.ndims is not None:
            return constant(tensor.shape.ndims, dtypes.int32, name=scope)
        return Rank(tensor, name=scope)


# -- reshaping ------------------------------------------------------------------------------------------------------


def _reshaped(x: Tensor, shape: Tensor, **_: Any) -> TensorShape:
    target = constant_value_as_shape(shape)
    value = constant_value(shape)
    if target.sizes is None:
        return target
    if value is not None and (value < 0).sum() > 1:
        raise ValueError(f"Only one input size may be -1, not both {value.tolist()}")
    count, known = x.shape.num_elements(), 1
    for d in target.sizes:
        known *= 1 if d is None else d
    unknown = target.sizes.count(None)
    if count is not None and count != known and (unknown == 0 or known == 0):
        raise ValueError(
            f"Cannot reshape a tensor with {count} elements to shape {brackets(target)} ({known} elements)"
        )
    if unknown == 1 and count is not None and known > 0:
        if count % known:
            raise ValueError(f"Dimension size must be evenly divisible by {known} but is {count}")
        return TensorShape([count // known if d is None else d for d in target.sizes])
    return target


def _with_sizes(k: Any, x: Any, sizes: np.ndarray) -> Any:
    wanted = tuple(sizes.tolist())
    known = math.prod([d for d in wanted if d >= 0])
    whole = min(wanted, default=0) >= 0
    if whole and x.size == known:
        return x.reshape(wanted)
    requested = f"Input to reshape is a tensor with {x.size} values, but the requested shape"
    if whole:
        raise InvalidArgumentError(None, None, f"{requested} has {known}")
    if x.size if known == 0 else x.size % known:
        raise InvalidArgumentError(None, None, f"{requested} requires a multiple of {known}")
    if known == 0:  # any length would do; TensorFlow takes the one that the lengths other than 0 leave over
        rest = math.prod(d for d in x.shape if d) // math.prod(d for d in wanted if d > 0)
        wanted = tuple(rest if d < 0 else d for d in wanted)
    return x.reshape(wanted)


Reshape = define(
    "Reshape",
    "tensor:T, shape:I -> output:T",
    shape=_reshaped,
    kernel=_with_sizes,
    grad=lambda op, g: [reshape(g, shape(op.inputs[0])), None],
    host=["shape"],
    view=True,
)


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The same elements in row-major order under another shape; one dimension may be -1."""
    return Reshape(tensor, shape, name=name)


def _one_number(axis: np.ndarray) -> int:
    if axis.size != 1:
        raise ValueError("'dim' input must be a tensor with a single value")
    return int(axis.item())


def _with_axis(x: Tensor, axis: Tensor) -> TensorShape:
    value = constant_value(axis)
    if x.shape.sizes is None:
        return TensorShape(None)
    if value is None:
        return TensorShape([None] * (len(x.shape) + 1))
    rank, at = len(x.shape.sizes), _one_number(value)
    if not -rank - 1 <= at <= rank:
        raise ValueError(f"dim {at} not in the interval [{-rank - 1}, {rank}]")
    at += rank + 1 if at < 0 else 0
    return TensorShape([*x.shape.sizes[:at], 1, *x.shape.sizes[at:]])


def _with_new_axis(k: Any, x: Any, axis: Any) -> Any:
    number = _one_number(axis)
    at = number + x.ndim + 1 if number < 0 else number
    return x[(slice(None),) * at + (None,)] if 0 <= at <= x.ndim else k.xp.expand_dims(x, number)  # which tells


ExpandDims = define(
    "ExpandDims",
    "input:T, dim:I -> output:T",
    shape=_with_axis,
    kernel=_with_new_axis,
    grad=lambda op, g: [reshape(g, shape(op.inputs[0])), None],
    host=["dim"],
    view=True,
)


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """A new dimension of length 1 before `axis` (-1: at the end)."""
    return ExpandDims(input, dim if axis is None else axis, name=name)


def _squeezed(x: Tensor, squeeze_dims: tuple[int, ...]) -> TensorShape:
    sizes = x.shape.sizes
    if sizes is None or (None in sizes and not squeeze_dims):
        return TensorShape(None)
    rank = len(sizes)
    for axis in squeeze_dims:
        if not -rank <= axis < rank:
            raise ValueError(f"Tried to squeeze dim index {axis} for tensor with {rank} dimensions")
        if sizes[axis] not in (1, None):
            raise ValueError(f"Can not squeeze dim[{axis}], expected a dimension of 1, got {sizes[axis]}")
    dropped = {axis % rank for axis in squeeze_dims} if squeeze_dims else {i for i, d in enumerate(sizes) if d == 1}
    return TensorShape([d for i, d in enumerate(sizes) if i not in dropped])


Squeeze = define(
    "Squeeze",
    "input:T -> output:T",
    shape=_squeezed,
    kernel=lambda k, x, squeeze_dims: k.xp.squeeze(x, squeeze_dims or None),
    grad=lambda op, g: reshape(g, shape(op.inputs[0])),
    view=True,
)


def squeeze(input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Tensor:
    """Without the dimensions of length 1: all of them, or those of `axis`."""
    axis = squeeze_dims if axis is None else axis
    axes = () if axis is None else tuple(np.ravel(axis).tolist())
    return Squeeze(input, squeeze_dims=axes, name=name)


# -- casts ----------------------------------------------------------------------------------------------------------


def _cast_gradient(op: Operation, g: Tensor) -> Tensor | None:
    source = op.inputs[0].dtype
    slopes = all(dtype.is_floating or dtype.is_complex for dtype in (source, g.dtype))
    return cast(g, source) if slopes else None


Cast = define(
    "Cast",
    "x:SrcT -> y:DstT",
    shape=same_shape,
    kernel=lambda k, x, DstT: k.cast(x.real if x.dtype.kind == "c" and not DstT.is_complex else x, DstT.numpy),
    grad=_cast_gradient,
    view=True,
)


@also_of_sparse
def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """`x` in another dtype: floats to integers round towards zero. `x` itself where it has that dtype already."""
    target = as_dtype(dtype)
    if isinstance(x, Tensor) and x.dtype is target:
        return x
    with op_scope(name, "Cast", [x]) as scope:
        tensor = convert_to_tensor(x, name="x")
        return tensor if tensor.dtype is target else Cast(tensor, DstT=target, name=scope)


# -- fills ----------------------------------------------------------------------------------------------------------

Fill = define(
    "Fill",
    "dims:I, value:T -> output:T",
    shape=lambda dims, value: constant_value_as_shape(dims),
    kernel=lambda k, dims, value: k.xp.full(tuple(int(d) for d in dims), value, value.dtype),
    grad=lambda op, g: [None, sum_to_shape(g, constant([], dtypes.int32))],
    host=["dims"],
)


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """A tensor of shape `dims` whose elements all are the scalar `value`."""
    return Fill(dims, value, name=name)


def _filled(shape: Any, value: int, dtype: Any, name: str | None, default_name: str) -> Tensor:
    dtype = as_dtype(dtype)
    element = False if dtype.is_bool and not value else "" if dtype is dtypes.string else value
    with op_scope(name, default_name, [shape]) as scope:
        if not isinstance(shape, Tensor):
            try:
                sizes = as_shape(shape)
            except TypeError:
                sizes = TensorShape(None)  # a list with tensors in it
            if sizes.is_fully_defined():
                if (sizes.num_elements() or 0) < _CONSTANT_UNTIL:
                    return constant(np.full(sizes.as_list(), element, dtype.numpy), dtype, name=scope)
                shape = constant(sizes.as_list(), dtypes.int32, name="shape_as_tensor")
            else:
                shape = convert_to_tensor(shape, dtypes.int32)
        if shape.shape.ndims == 0:
            shape = reshape(shape, [-1])
        return Fill(shape, constant(element, dtype), name=scope)


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Zeros (False for bool, empty strings) of a shape."""
    return _filled(shape, 0, dtype, name, "zeros")


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Ones (True for bool) of a shape."""
    return _filled(shape, True if as_dtype(dtype).is_bool else 1, dtype, name, "ones")


def _zeros(k: Any, x: Any) -> Any:
    """Zeros (empty strings) like an array, or like the (nested) list of arrays that a loop or TensorArray keeps."""
    if x is None:
        return None
    if isinstance(x, list):
        return [_zeros(k, item) for item in x]
    return np.full(x.shape, b"", object) if x.dtype == object else k.xp.zeros(x.shape, x.dtype)


ZerosLike = define(
    "ZerosLike",
    "x:T -> y:T",
    shape=same_shape,
    kernel=_zeros,
    grad=not_differentiable,
)


def zeros_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Tensor:
    """Zeros of the shape (and, without `dtype`, the dtype) of `tensor`."""
    with op_scope(name, "zeros_like", [tensor]) as scope:
        like = convert_to_tensor(tensor, name="tensor")
        if like.shape.is_fully_defined() and like.dtype is not dtypes.variant:
            return zeros(like.shape, dtype or like.dtype, name=scope)
        if dtype is not None and as_dtype(dtype) is not like.dtype:
            return zeros(shape(like), dtype, name=scope)
        return ZerosLike(like, name=scope)


def ones_like(tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True) -> Tensor:
    """Ones of the shape (and, without `dtype`, the dtype) of `tensor`."""
    with op_scope(name, "ones_like", [tensor]) as scope:
        like = convert_to_tensor(tensor, name="tensor")
        with op_scope("Shape") as inner:
            sizes = like.shape
            if sizes.is_fully_defined():
                dims = constant(sizes.as_list(), dtypes.int32, shape=[len(sizes)], name="shape_as_tensor")
            else:
                dims = Shape(like, out_type=dtypes.int32, name=inner)
        return _ones(dims, as_dtype(dtype or like.dtype), scope)


def _ones(dims: Tensor, dtype: DType, name: str) -> Tensor:
    return Fill(dims, constant(True if dtype.is_bool else 1, dtype), name=name)


# -- broadcasting and its reverse -----------------------------------------------------------------------------------


_FEW = 4096  # elements, of which a copy is made sooner than a view


LARGE = 1 << 18  # elements, from which on a CPU's threads take parts of an array
PART = 1 << 16  # elements of such a part: it stays in the cache


_ROW_PART = 1 << 19  # elements of a part of rows: threads that ask for the interpreter more often wait for it
_WIDE = 1 << 11  # elements of a row, of which NumPy makes a loop that is worth its beginning


class RowPart(NamedTuple):
    """A part of an array of `columns` columns, which is worked on as rows that are `fold` times as wide."""

    number: int
    rows: slice
    fold: int
    columns: int

    def of(self, array: Any) -> Any:
        """This part of an array [rows, columns] that is contiguous: a view."""
        return array[self.rows].reshape(-1, self.fold * self.columns)

    def repeated(self, row: Any) -> Any:
        """A row of all columns, as wide as the part's."""
        return np.tile(row, self.fold)

    def total(self, wide: Any, dtype: Any = None) -> Any:
        """The sums of the columns of this part, or of what was made of it."""
        return self.folded(wide.sum(axis=0, dtype=dtype))

    def folded(self, row: Any) -> Any:
        """A row as wide as the part's, with what belongs to a column added up."""
        return row.reshape(self.fold, self.columns).sum(axis=0)


def row_parts(rows: int, columns: int) -> list[RowPart]:
    """The parts in which a CPU's threads take that many rows; they depend on these two numbers alone."""
    fold = max(_WIDE // columns, 1)
    wide = rows // fold
    count = min(-(-rows * columns // _ROW_PART), wide)
    ends = [wide * i // count * fold for i in range(count + 1)]
    cuts = [(begin, end, fold) for begin, end in itertools.pairwise(ends)]
    if ends[-1] < rows:
        cuts.append((ends[-1], rows, 1))
    return [RowPart(i, slice(begin, end), fold, columns) for i, (begin, end, fold) in enumerate(cuts)]


def share_rows(k: Any, parts: Sequence[RowPart], work: Callable[[RowPart], None]) -> None:
    """Calls work(part) for each, on as many threads as there are."""
    k.share(len(parts), lambda number: work(parts[number]))


def is_large(k: Any, x: Any, columns: int) -> bool:
    """Whether threads should take x, as rows of so many columns, in parts."""
    return x.size >= LARGE and k.xp is np and columns <= PART


def sum_leading(k: Any, x: Any, kept: int) -> Any:
    """The sum of x over all but its last `kept` dimensions, in the dtype to sum in; where x is large, a sum of sums.

    The parts depend on the shape alone. Their sums have smaller errors than one long one, and threads compute them.
    """
    dtype = summing_dtype(x.dtype)
    if x.size < elementwise.MANY_SUMMED or not x.flags.c_contiguous:
        return x.sum(axis=tuple(range(x.ndim - kept)), dtype=dtype)
    whole = x.shape[x.ndim - kept :]
    columns = math.prod(whole)
    rows = x.reshape(-1, columns)
    if elementwise.suits_sum(rows):
        return elementwise.sum_rows(rows).reshape(whole)
    alone = x.size <= _ROW_PART and columns >= _WIDE // 8  # one part of rows that are wide enough
    if alone or not is_large(k, x, columns):
        return x.sum(axis=tuple(range(x.ndim - kept)), dtype=dtype)
    parts = row_parts(len(rows), columns)
    sums = np.empty((len(parts), columns), dtype)

    def work(part: RowPart) -> None:
        sums[part.number] = part.total(part.of(rows), dtype)

    share_rows(k, parts, work)
    return sums.sum(axis=0).reshape(whole)


def _sum_to(k: Any, x: Any, sizes: tuple[int, ...]) -> Any:
    if x.shape == sizes:  # most often nothing was repeated
        return x
    lead = x.ndim - len(sizes)
    axes = (*range(lead), *(lead + i for i, d in enumerate(sizes) if d == 1 and x.shape[lead + i] != 1))
    if not axes:
        return x.reshape(sizes)
    leads = axes == tuple(range(len(axes)))
    total = sum_leading(k, x, x.ndim - len(axes)) if leads else x.sum(axis=axes, dtype=summing_dtype(x.dtype))
    return k.cast(total, x.dtype).reshape(sizes)


def _repeated(k: Any, x: Any, sizes: Any) -> Any:
    wanted = tuple(sizes.tolist())
    if x.size == 1 and x.ndim <= len(wanted) and math.prod(wanted) <= _FEW:  # a view would take longer to make
        repeated = k.xp.empty(wanted, x.dtype)
        repeated[...] = x
        return repeated
    return k.xp.broadcast_to(x, wanted)


BroadcastTo = define(
    "BroadcastTo",
    "input:T, shape:I -> output:T",
    shape=lambda x, shape: constant_value_as_shape(shape),
    kernel=_repeated,
    grad=lambda op, g: [sum_like(g, op.inputs[0]), None],
    host=["shape"],
    view=True,
)

SumToShape = define(  # no op of TensorFlow's: it composes the same from BroadcastGradientArgs, Sum and Reshape
    "SumToShape",
    "input:T, shape:I -> output:T",
    shape=lambda x, shape: constant_value_as_shape(shape),
    kernel=lambda k, x, sizes: _sum_to(k, x, tuple(sizes.tolist())),
    grad=lambda op, g: [broadcast_to(g, shape(op.inputs[0])), None],
    host=["shape"],
    view=True,
)

SumLike = define(  # the same where the shape is another tensor's, to be known when both are there
    "SumLike",
    "input:T, like:any -> output:T",
    shape=lambda x, like: like.shape,
    kernel=lambda k, x, like: _sum_to(k, x, like.shape),
    grad=lambda op, g: [broadcast_to(g, shape(op.inputs[0])), None],
    shape_of=["like"],
    view=True,
)


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """`input` repeated along its dimensions of length 1, and along new leading ones, to `shape`."""
    return BroadcastTo(input, shape, name=name)


def sum_to_shape(x: Tensor, shape: Any, name: str | None = None) -> Tensor:
    """`x` summed over whatever a broadcast from `shape` repeated: the adjoint of `broadcast_to`."""
    return SumToShape(x, shape, name=name)


def sum_like(g: Tensor, x: Tensor, other: Tensor | None = None) -> Tensor:
    """The gradient `g` of a broadcast of `x` (with `other`, where that is known), summed down to the shape of `x`."""
    if g.shape.is_fully_defined() and g.shape == x.shape:
        return g
    if other is not None and g.shape.ndims is not None and _widens_nothing(other.shape.sizes, x.shape.sizes):
        return g
    return sum_to_shape(g, shape(x)) if x.shape.is_fully_defined() else SumLike(g, x)


def _widens_nothing(sizes: Any, of: Any) -> bool:
    """Whether a shape of `sizes` surely broadcasts into one of sizes `of`, as that of a bias does into a batch."""
    if sizes is None or of is None or len(sizes) > len(of):
        return False
    return all(d == 1 or (d is not None and d == n) for d, n in zip(reversed(sizes), reversed(of), strict=False))


__all__ = [
    "broadcast_to", "cast", "constant", "convert_to_tensor", "expand_dims", "fill", "identity", "identity_n", "no_op",
    "ones", "ones_like", "placeholder", "placeholder_with_default", "rank", "reshape", "shape", "size", "squeeze",
    "stop_gradient", "zeros", "zeros_like",
]  # fmt: skip
