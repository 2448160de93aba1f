"""Discrete Fourier transforms over the last one, two or three dimensions, of complex and of real numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..build import constant, convert_to_tensor
from ..dtypes import COMPLEX, complex64, complex128, float32, float64, int32
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, op_scope
from ..registry import OpDef, define, get_op
from ..shapes import TensorShape, unknown_shape
from ..static import constant_value, constant_value_as_shape
from .arithmetic import logical_and, maximum
from .array import concat, pad, stack
from .basic import cast, rank, reshape
from .basic import shape as shape_of
from .basic import zeros as zeros_of
from .complex_parts import real
from .ranges import range as range_of
from .reduce import reduce_prod

Array = Any  # numpy.ndarray or cupy.ndarray

_NAMES = {1: "", 2: "2D", 3: "3D"}
_REAL = (float32, float64)
_WHOLE = {float32: complex64, float64: complex128}


def _last(dimensions: int) -> tuple[int, ...]:
    return tuple(range(-dimensions, 0))


# -- of complex numbers ---------------------------------------------------------------------------------------------


def _complex_transform(dimensions: int, inverse: bool) -> OpDef:
    """Define FFT, IFFT2D and so on: each the other's adjoint but for the number of points."""
    names = [f"{prefix}FFT{_NAMES[dimensions]}" for prefix in ("", "I")]
    own, other = reversed(names) if inverse else names
    axes = _last(dimensions)

    def kernel(k: Any, x: Array) -> Array:
        return k.cast((k.xp.fft.ifftn if inverse else k.xp.fft.fftn)(x, axes=axes), x.dtype)

    def gradient(op: Operation, g: Tensor) -> Tensor:
        points = cast(reduce_prod(shape_of(g)[-dimensions:]), g.dtype)
        found = get_op(other)(g)
        return found / points if inverse else found * points

    return define(
        own,
        "input:Tcomplex -> output:Tcomplex",
        shape=lambda x: x.shape.with_rank_at_least(dimensions),
        kernel=kernel,
        grad=gradient,
        types={"Tcomplex": COMPLEX},
    )


# -- of real numbers ------------------------------------------------------------------------------------------------


def _transformed_shape(dimensions: int, halved: bool) -> Callable[..., TensorShape]:
    """The shape of a result whose last dimensions `fft_length` gives, the last one `halved` to length // 2 + 1."""

    def shape(x: Tensor, fft_length: Tensor, **_: Any) -> TensorShape:
        sizes = x.shape.with_rank_at_least(dimensions)
        given = constant_value(fft_length)
        if fft_length.shape.is_fully_defined() and fft_length.shape.as_list() != [dimensions]:
            raise ValueError(f"Shape must be rank 1 of length {dimensions} but is {fft_length.shape}")
        last = [None] * dimensions if given is None else [int(n) for n in given]
        if halved and last[-1] is not None:
            last[-1] = last[-1] // 2 + 1 if last[-1] else 0
        return unknown_shape() if sizes.ndims is None else TensorShape([*sizes.as_list()[:-dimensions], *last])

    return shape


def _cut(x: Array, lengths: list[int]) -> Array:
    """The first elements of x along its last dimensions. Raises InvalidArgumentError where there are fewer."""
    for axis, length in zip(_last(len(lengths)), lengths, strict=True):
        if x.shape[axis] < length:
            raise InvalidArgumentError(
                None, None, f"Input dimension {x.ndim + axis} must have length of at least {length} but got: "
                f"{x.shape[axis]}",
            )  # fmt: skip
    return x[(..., *(slice(length) for length in lengths))]


def _widened(g: Tensor, like: Tensor, dimensions: int) -> Tensor:
    """g with zeros behind it, as long as `like` along the last dimensions."""
    more = shape_of(like)[-dimensions:] - shape_of(g)[-dimensions:]
    outer = zeros_of(reshape(rank(g) - dimensions, [1]), int32)
    behind = concat([outer, more], 0)
    wide = pad(g, stack([zeros_of(shape_of(behind), int32), behind], axis=1))
    wide.set_shape(like.shape)
    return wide


def _real_transform(dimensions: int) -> OpDef:
    """Define RFFT and so on: the first half of the transform of real numbers, which the rest mirrors."""

    def kernel(k: Any, x: Array, fft_length: np.ndarray, Tcomplex: Any) -> Array:
        lengths = [int(n) for n in fft_length]
        return k.cast(k.xp.fft.rfftn(_cut(x, lengths), axes=_last(dimensions)), Tcomplex.as_numpy_dtype)

    def gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
        """Re(sum over k of g_k exp(2 pi i k n / N)): the inverse transform of g with zeros for the other half."""
        x, length = op.inputs
        missing = length[-1] - shape_of(g)[-1]
        behind = concat([zeros_of(reshape(rank(g) - 1, [1]), int32), reshape(missing, [1])], 0)
        whole = pad(g, stack([zeros_of(shape_of(behind), int32), behind], axis=1))
        points = cast(reduce_prod(length), x.dtype)
        return [_widened(real(get_op(f"IFFT{_NAMES[dimensions]}")(whole)) * points, x, dimensions), None]

    return define(
        f"RFFT{_NAMES[dimensions]}",
        "input:Treal, fft_length:int32 -> output:Tcomplex",
        shape=_transformed_shape(dimensions, halved=True),
        kernel=kernel,
        grad=gradient,
        host=["fft_length"],
        types={"Treal": _REAL, "Tcomplex": COMPLEX},
    )


def _inverse_real_transform(dimensions: int) -> OpDef:
    """Define IRFFT and so on: real numbers from the first half of their transform."""

    def kernel(k: Any, x: Array, fft_length: np.ndarray, Treal: Any) -> Array:
        lengths = [int(n) for n in fft_length]
        half = _cut(x, [*lengths[:-1], lengths[-1] // 2 + 1 if lengths[-1] else 0])
        return k.cast(k.xp.fft.irfftn(half, s=lengths, axes=_last(dimensions)), Treal.as_numpy_dtype)

    def gradient(op: Operation, g: Tensor) -> list[Tensor | None]:
        """The transform of g by the number of points, twice where an element stands for its mirrored one, too."""
        x, length = op.inputs
        found = get_op(f"RFFT{_NAMES[dimensions]}")(g, length, Tcomplex=x.dtype)
        k = range_of(length[-1] // 2 + 1)
        mirrored = cast(logical_and(k > 0, 2 * k < length[-1]), g.dtype)
        weights = (1 + mirrored) / cast(reduce_prod(length), g.dtype)
        return [_widened(found * cast(weights, x.dtype), x, dimensions), None]

    return define(
        f"IRFFT{_NAMES[dimensions]}",
        "input:Tcomplex, fft_length:int32 -> output:Treal",
        shape=_transformed_shape(dimensions, halved=False),
        kernel=kernel,
        grad=gradient,
        host=["fft_length"],
        types={"Treal": _REAL, "Tcomplex": COMPLEX},
    )


# -- as functions ---------------------------------------------------------------------------------------------------


def _of_complex(op: OpDef, dimensions: int) -> Callable[..., Tensor]:
    def transform(input: Any, name: str | None = None) -> Tensor:
        return op(input, name=name)

    what = "inverse transform, divided by the number of points," if op.type.startswith("I") else "transform"
    transform.__doc__ = f"The discrete Fourier {what} of complex numbers over the last {dimensions} dimensions."
    return _named(transform, op)


def _inferred(x: Tensor, dimensions: int, inverse: bool) -> Tensor:
    """The lengths of a transform that takes all of x, where it is known of x's shape, as a constant."""
    sizes = x.shape[-dimensions:]
    if not sizes.is_fully_defined() or x.shape.ndims is None:
        lengths = shape_of(x)[-dimensions:]
        return concat([lengths[:-1], maximum(0, 2 * (lengths[-1:] - 1))], 0) if inverse else lengths
    known = sizes.as_list()
    return constant([*known[:-1], max(0, 2 * (known[-1] - 1))] if inverse else known, int32)


def _padded(x: Tensor, fft_length: Tensor, dimensions: int, inverse: bool) -> Tensor:
    """x with zeros behind it where it is shorter than the transform."""
    asked = constant_value_as_shape(fft_length)
    if x.shape.ndims is not None and 0 in x.shape.as_list():
        return x
    if x.shape.ndims is not None and asked.is_fully_defined() and x.shape[-dimensions:].is_fully_defined():
        lengths = [n or 0 for n in asked.as_list()]
        if inverse:
            lengths[-1] = lengths[-1] // 2 + 1
        have = [n or 0 for n in x.shape.as_list()[-dimensions:]]
        more = [[0, max(n - m, 0)] for n, m in zip(lengths, have, strict=True)]
        return pad(x, [[0, 0]] * (x.shape.ndims - dimensions) + more) if any(n for _, n in more) else x
    wanted = concat([fft_length[:-1], fft_length[-1:] // 2 + 1], 0) if inverse else fft_length
    missing = maximum(0, wanted - shape_of(x)[-dimensions:])
    behind = concat([zeros_of(reshape(rank(x) - dimensions, [1]), int32), missing], 0)
    return pad(x, stack([zeros_of(shape_of(behind), int32), behind], axis=1))


def _of_real(op: OpDef, dimensions: int) -> Callable[..., Tensor]:
    inverse = op.type.startswith("I")

    def transform(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
        with op_scope(name, op.type.lower(), [input_tensor, fft_length]) as scope:
            x = convert_to_tensor(input_tensor, preferred_dtype=complex64 if inverse else float32)
            if x.dtype not in (COMPLEX if inverse else _REAL):
                kind, types = ("IRFFT", "complex64 or tf.complex128") if inverse else ("RFFT", "float32 or tf.float64")
                raise ValueError(f"{kind} requires tf.{types} inputs, got: {x}")
            x.shape.with_rank_at_least(dimensions)
            if fft_length is None:
                lengths = _inferred(x, dimensions, inverse)
            else:
                lengths = convert_to_tensor(fft_length, int32)
            x = _padded(x, lengths, dimensions, inverse)
            known = constant_value(lengths)
            attrs = {"Treal": x.dtype.real_dtype} if inverse else {"Tcomplex": _WHOLE[x.dtype]}
            return op(x, lengths if known is None else known, **attrs, name=scope)

    what = "Real numbers from the first half of their" if inverse else "The first half of the"
    transform.__doc__ = (
        f"{what} discrete Fourier transform over the last {dimensions} dimensions. `fft_length` [{dimensions}] is the "
        "number of real points in each: further inputs are cut off, and zeros stand for missing ones."
    )
    return _named(transform, op)


def _named(transform: Callable[..., Tensor], op: OpDef) -> Callable[..., Tensor]:
    transform.__name__ = transform.__qualname__ = op.type.lower()
    return transform


FFT, FFT2D, FFT3D = (_complex_transform(n, inverse=False) for n in (1, 2, 3))
IFFT, IFFT2D, IFFT3D = (_complex_transform(n, inverse=True) for n in (1, 2, 3))
RFFT, RFFT2D, RFFT3D = (_real_transform(n) for n in (1, 2, 3))
IRFFT, IRFFT2D, IRFFT3D = (_inverse_real_transform(n) for n in (1, 2, 3))

fft, fft2d, fft3d = (_of_complex(op, n) for n, op in enumerate((FFT, FFT2D, FFT3D), 1))
ifft, ifft2d, ifft3d = (_of_complex(op, n) for n, op in enumerate((IFFT, IFFT2D, IFFT3D), 1))
rfft, rfft2d, rfft3d = (_of_real(op, n) for n, op in enumerate((RFFT, RFFT2D, RFFT3D), 1))
irfft, irfft2d, irfft3d = (_of_real(op, n) for n, op in enumerate((IRFFT, IRFFT2D, IRFFT3D), 1))

__all__ = [
    "fft", "fft2d", "fft3d", "ifft", "ifft2d", "ifft3d", "irfft", "irfft2d", "irfft3d", "rfft", "rfft2d", "rfft3d",
]  # fmt: skip
