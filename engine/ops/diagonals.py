"""Diagonals and bands of matrices: taken, set, and matrices made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from ..build import convert_to_tensor
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import OpDef, check_equal, define, same_shape
from ..shapes import TensorShape
from ..static import constant_value
from .arithmetic import minimum
from .array import concat
from .basic import ones, zeros, zeros_like
from .reduce import reduce_sum

Array = Any  # numpy.ndarray or cupy.ndarray


# -- where a band lies ----------------------------------------------------------------------------------------------


def _bounds(k: Any) -> tuple[int, int]:
    """The lowest and the highest diagonal that `k` (a number or a pair) names. Raises ValueError for a wrong order."""
    ends = np.ravel(k).tolist()
    low, high = ends[0], ends[-1]
    if low > high:
        raise ValueError("lower_diag_index is greater than upper_diag_index")
    return low, high


def _length(rows: int, columns: int, diagonal: int) -> int:
    """How many elements a diagonal of a matrix has. Diagonal 0 is the main one, positive ones are above it."""
    return min(rows + min(diagonal, 0), columns - max(diagonal, 0))


def _longest(rows: int, columns: int, low: int, high: int) -> int:
    return min(rows + min(high, 0), columns - max(low, 0))


def _check_inside(rows: int | None, columns: int | None, low: int, high: int) -> None:
    """Raises ValueError for a band that begins or ends outside the matrix."""
    for name, diagonal in (("lower", low), ("upper", high)):
        below = rows is not None and -diagonal >= max(rows, 1)
        above = columns is not None and diagonal >= max(columns, 1)
        if below or above:
            raise ValueError(f"{name}_diag_index is out of bound.")


class _Band(NamedTuple):
    """The places of a band's elements: in the matrix, and in the array [diagonals, longest] of its diagonals."""

    row: np.ndarray
    column: np.ndarray
    diagonal: np.ndarray
    place: np.ndarray


def _band(rows: int, columns: int, low: int, high: int, align: str) -> _Band:
    """The diagonals from the highest down; `align` says whether those above, below end (RIGHT) or begin in line."""
    above, below = align.split("_")
    longest = _longest(rows, columns, low, high)
    pieces: list[tuple[np.ndarray, ...]] = []
    for which, diagonal in enumerate(range(high, low - 1, -1)):
        length = max(_length(rows, columns, diagonal), 0)
        along = np.arange(length)
        right = (above if diagonal >= 0 else below) == "RIGHT"
        pieces.append(
            (
                along + max(-diagonal, 0),
                along + max(diagonal, 0),
                np.full(length, which),
                along + (longest - length if right else 0),
            )
        )
    return _Band(*(np.concatenate(parts) for parts in zip(*pieces, strict=True)))


def _has_dimension_of_diagonals(k: Tensor) -> bool | None:
    """Whether arrays of diagonals count these in a dimension of their own: not for one. None where nobody knows."""
    value = constant_value(k)
    if value is None:
        return False if k.shape.ndims == 0 else None
    low, high = _bounds(value)
    return low != high


# -- taking, making and setting diagonals ---------------------------------------------------------------------------


def _part_shape(x: Tensor, k: Tensor, padding_value: Tensor, align: str) -> TensorShape:
    if x.shape.ndims is not None and x.shape.ndims < 2:
        raise ValueError(f"Shape must be at least rank 2 but is rank {x.shape.ndims}")
    several, value = _has_dimension_of_diagonals(k), constant_value(k)
    if x.shape.sizes is None or several is None:
        return TensorShape(None)
    *batch, rows, columns = x.shape.sizes
    if value is None:
        return TensorShape([*batch, None])
    low, high = _bounds(value)
    _check_inside(rows, columns, low, high)
    longest = None if rows is None or columns is None else _longest(rows, columns, low, high)
    return TensorShape([*batch, *([high - low + 1] if several else []), longest])


def _part(k: Any, x: Array, ends: np.ndarray, padding_value: Array, align: str) -> Array:
    low, high = _bounds(ends)
    *batch, rows, columns = x.shape
    _check_inside(rows, columns, low, high)
    band = _band(rows, columns, low, high, align)
    sizes = (*batch, high - low + 1, _longest(rows, columns, low, high))
    result = k.xp.full(sizes, padding_value, x.dtype)
    result[..., k.asarray(band.diagonal), k.asarray(band.place)] = x[..., k.asarray(band.row), k.asarray(band.column)]
    return result[..., 0, :] if low == high else result


def _part_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    x, k, _ = op.inputs
    return [MatrixSetDiagV3(zeros_like(x), g, k, align=op.attrs["align"]), None, None]


MatrixDiagPartV3 = define(
    "MatrixDiagPartV3",
    "input:T, k:int32, padding_value:T -> diagonal:T",
    shape=_part_shape,
    kernel=_part,
    grad=_part_gradient,
    host=["k"],
)


def _sides(longest: int, low: int, high: int, rows: int, columns: int) -> tuple[int, int]:
    """The sides of the matrix whose longest diagonal in a band is given; -1 asks for the least. Raises ValueError."""
    least_rows, least_columns = longest - min(high, 0), longest + max(low, 0)
    if rows == -1 and columns == -1:
        return (max(least_rows, least_columns),) * 2
    rows, columns = (least_rows if rows == -1 else rows), (least_columns if columns == -1 else columns)
    for name, side, least in (("num_rows", rows, least_rows), ("num_cols", columns, least_columns)):
        if side < least:
            raise ValueError(f"{name} is too small")
    if rows != least_rows and columns != least_columns:
        raise ValueError(
            "num_rows and num_cols are not consistent with lower_diag_index, upper_diag_index, and the length of the "
            f"given diagonals.\nnum_rows = {rows} != min_num_rows = {least_rows}, num_cols = {columns} != "
            f"min_num_cols = {least_columns}"
        )
    return rows, columns


def _matrix_shape(
    diagonal: Tensor, k: Tensor, rows: Tensor, columns: Tensor, padding: Tensor, align: str
) -> TensorShape:
    if diagonal.shape.ndims == 0:
        raise ValueError("Shape must be at least rank 1 but is rank 0")
    several = _has_dimension_of_diagonals(k)
    if diagonal.shape.sizes is None or several is None:
        return TensorShape(None)
    batch, longest = diagonal.shape.sizes[: -2 if several else -1], diagonal.shape.sizes[-1]
    ends, m, n = (constant_value(t) for t in (k, rows, columns))
    if longest is None or ends is None or m is None or n is None:
        return TensorShape(batch).concatenate([None, None])
    return TensorShape([*batch, *_sides(longest, *_bounds(ends), int(m), int(n))])


def _matrix(
    k: Any, diagonal: Array, ends: np.ndarray, rows: np.ndarray, columns: np.ndarray, padding: Array, align: str
) -> Array:
    low, high = _bounds(ends)
    diagonals = diagonal[..., None, :] if low == high else diagonal
    sides = _sides(diagonals.shape[-1], low, high, int(rows), int(columns))
    band = _band(*sides, low, high, align)
    result = k.xp.full((*diagonals.shape[:-2], *sides), padding, diagonal.dtype)
    places = (..., k.asarray(band.diagonal), k.asarray(band.place))
    result[..., k.asarray(band.row), k.asarray(band.column)] = diagonals[places]
    return result


def _matrix_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    k, padding = op.inputs[1], op.inputs[4]
    part = MatrixDiagPartV3(g, k, 0, align=op.attrs["align"])
    return [part, None, None, None, reduce_sum(g) - reduce_sum(part) if padding.dtype.is_floating else None]


MatrixDiagV3 = define(
    "MatrixDiagV3",
    "diagonal:T, k:int32, num_rows:int32, num_cols:int32, padding_value:T -> output:T",
    shape=_matrix_shape,
    kernel=_matrix,
    grad=_matrix_gradient,
    host=["k", "num_rows", "num_cols"],
)


def _set_shape(x: Tensor, diagonal: Tensor, k: Tensor, align: str) -> TensorShape:
    if x.shape.ndims is not None and x.shape.ndims < 2:
        raise ValueError(f"Shape must be at least rank 2 but is rank {x.shape.ndims}")
    value = constant_value(k)
    if x.shape.sizes is not None and value is not None:
        rows, columns = x.shape.sizes[-2:]
        _check_inside(rows, columns, *_bounds(value))
    return x.shape


def _set(k: Any, x: Array, diagonal: Array, ends: np.ndarray, align: str) -> Array:
    low, high = _bounds(ends)
    *batch, rows, columns = x.shape
    _check_inside(rows, columns, low, high)
    wanted = (*batch, *([] if low == high else [high - low + 1]), _longest(rows, columns, low, high))
    if diagonal.shape != wanted:
        raise InvalidArgumentError(None, None, f"The diagonal has shape {diagonal.shape}, but {wanted} is wanted")
    diagonals = diagonal[..., None, :] if low == high else diagonal
    band = _band(rows, columns, low, high, align)
    places = (..., k.asarray(band.diagonal), k.asarray(band.place))
    result = x.copy()
    result[..., k.asarray(band.row), k.asarray(band.column)] = diagonals[places]
    return result


def _set_gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
    _, diagonal, k = op.inputs
    rest = MatrixSetDiagV3(g, zeros_like(diagonal), k, align=op.attrs["align"])
    return [rest, MatrixDiagPartV3(g, k, 0, align=op.attrs["align"]), None]


MatrixSetDiagV3 = define(
    "MatrixSetDiagV3",
    "input:T, diagonal:T, k:int32 -> output:T",
    shape=_set_shape,
    kernel=_set,
    grad=_set_gradient,
    host=["k"],
)

_ALIGNMENTS = ("LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT")


def _checked_alignment(align: str) -> str:
    if align not in _ALIGNMENTS:
        raise ValueError(f"align must be one of {', '.join(_ALIGNMENTS)}, got {align!r}")
    return align


def matrix_diag(
    diagonal: Any,
    name: str = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """Matrices with the given diagonals, and `padding_value` elsewhere.

    `diagonal` is [..., length] for one diagonal k (0: the main one, positive: above it), or [..., high - low + 1,
    longest] for the band ``k = (low, high)``, from its highest diagonal down; shorter ones are aligned as `align`
    says, first for those above, then for those below. The matrices are as small as can be, unless their sides are
    given. Raises ValueError for sides that do not fit.
    """
    with op_scope(name, "diag", [diagonal]) as scope:
        align = _checked_alignment(align)
        return MatrixDiagV3(diagonal, k, num_rows, num_cols, padding_value, align=align, name=scope)


def matrix_diag_part(
    input: Any, name: str = "diag_part", k: Any = 0, padding_value: Any = 0, align: str = "RIGHT_LEFT"
) -> Tensor:
    """The diagonal k, or the band of diagonals ``k = (low, high)``, of matrices [..., m, n]. See `matrix_diag`."""
    with op_scope(name, "diag_part", [input]) as scope:
        return MatrixDiagPartV3(input, k, padding_value, align=_checked_alignment(align), name=scope)


def matrix_set_diag(input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT") -> Tensor:
    """Matrices [..., m, n] with other values in their diagonal or band k. See `matrix_diag`."""
    with op_scope(name, "set_diag", [input, diagonal]) as scope:
        return MatrixSetDiagV3(input, diagonal, k, align=_checked_alignment(align), name=scope)


# -- diagonals of tensors -------------------------------------------------------------------------------------------


def _diag(k: Any, diagonal: Array) -> Array:
    count = diagonal.size
    result = k.xp.zeros((count, count), diagonal.dtype)
    along = k.xp.arange(count)
    result[along, along] = diagonal.reshape(-1)
    return result.reshape(diagonal.shape * 2)


def _diag_part_shape(x: Tensor) -> TensorShape:
    sizes = x.shape.sizes
    if sizes is None:
        return TensorShape(None)
    if not sizes or len(sizes) % 2:
        raise ValueError(f"Input must have even and non-zero rank, input rank is {len(sizes)}")
    half = len(sizes) // 2
    for a, b in zip(sizes[:half], sizes[half:], strict=True):
        check_equal(a, b)
    return TensorShape(sizes[:half]).merge_with(sizes[half:])


def _diag_part(k: Any, x: Array) -> Array:
    sizes = x.shape[: x.ndim // 2]
    if x.ndim % 2 or x.shape != sizes * 2:
        raise InvalidArgumentError(None, None, f"The two halves of the shape must be equal, not {x.shape}")
    count = math.prod(sizes)
    along = k.xp.arange(count)
    return x.reshape(count, count)[along, along].reshape(sizes)


Diag = define(
    "Diag",
    "diagonal:T -> output:T",
    shape=lambda x: x.shape.concatenate(x.shape),
    kernel=_diag,
    grad=lambda op, g: DiagPart(g),
)
DiagPart: OpDef = define(
    "DiagPart", "input:T -> diagonal:T", shape=_diag_part_shape, kernel=_diag_part, grad=lambda op, g: Diag(g)
)


def diag(diagonal: Any, name: str | None = None) -> Tensor:
    """A tensor of shape S + S that has the tensor of shape S on its diagonal, and zeros elsewhere."""
    return Diag(diagonal, name=name)


def diag_part(input: Any, name: str | None = None) -> Tensor:
    """The diagonal, of shape S, of a tensor of shape S + S. Raises ValueError for another shape."""
    return DiagPart(input, name=name)


# -- bands, unit matrices, traces -----------------------------------------------------------------------------------


def _keep_band(k: Any, x: Array, num_lower: np.ndarray, num_upper: np.ndarray) -> Array:
    rows, columns = x.shape[-2:]
    lower, upper = int(num_lower), int(num_upper)
    for name, count, side, sides in (("num_lower", lower, rows, "rows"), ("num_upper", upper, columns, "columns")):
        if count > side:
            text = f"{name} must be negative or less or equal to number of {sides} ({side}) got: {count}"
            raise InvalidArgumentError(None, None, text)
    above = k.xp.arange(columns)[None, :] - k.xp.arange(rows)[:, None]
    inside = (above <= (columns if upper < 0 else upper)) & (-above <= (rows if lower < 0 else lower))
    return k.xp.where(inside, x, k.xp.zeros((), x.dtype))


MatrixBandPart: OpDef = define(
    "MatrixBandPart",
    "input:T, num_lower:I, num_upper:I -> band:T",
    shape=same_shape,
    kernel=_keep_band,
    grad=lambda op, g: [MatrixBandPart(g, *op.inputs[1:]), None, None],
    host=["num_lower", "num_upper"],
)


def matrix_band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Tensor:
    """Matrices [..., m, n] with zeros below `num_lower` subdiagonals and above `num_upper` superdiagonals.

    A negative number keeps all on that side. A larger one than there are rows or columns raises InvalidArgumentError.
    """
    return MatrixBandPart(input, num_lower, num_upper, name=name)


def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Sequence[int | Tensor] | Tensor | None = None,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """[*batch_shape, num_rows, num_columns]: ones on the main diagonal and zeros elsewhere; square by default."""
    square = num_columns is None
    with op_scope(name, "eye"):
        columns = num_rows if square else num_columns
        batch_is_tensor = isinstance(batch_shape, Tensor) or any(isinstance(d, Tensor) for d in batch_shape or ())
        if isinstance(num_rows, Tensor) or isinstance(columns, Tensor) or batch_is_tensor:
            known = isinstance(num_rows, int) and isinstance(columns, int)
            length = min(num_rows, columns) if known else minimum(num_rows, columns)
            batch = convert_to_tensor([] if batch_shape is None else batch_shape, dtypes.int32, name="shape")
            diagonal_shape: Any = concat([batch, [length]], 0)
            sizes: Any = None if square else concat([batch, [num_rows, columns]], 0)
        else:
            lengths = [int(d) for d in batch_shape or ()]  # type: ignore[arg-type]
            diagonal_shape, sizes = [*lengths, min(num_rows, columns)], [*lengths, num_rows, columns]
        diagonal = ones(diagonal_shape, dtype)
        return matrix_diag(diagonal) if square else matrix_set_diag(zeros(sizes, dtype), diagonal)


def trace(x: Any, name: str | None = None) -> Tensor:
    """The sum of the main diagonal of matrices [..., m, n]."""
    with op_scope(name, "Trace", [x]) as scope:
        return reduce_sum(matrix_diag_part(convert_to_tensor(x, name="x")), [-1], name=scope)


__all__ = [
    "diag", "diag_part", "eye", "matrix_band_part", "matrix_diag", "matrix_diag_part", "matrix_set_diag", "trace",
]  # fmt: skip
