"""Complex numbers made of two real ones, and what they are made of: real and imaginary part, absolute value, angle."""

from __future__ import annotations

import math
from typing import Any

from ..build import convert_to_tensor
from ..dtypes import COMPLEX, DType, complex64, complex128, float32, float64
from ..graph import Tensor, op_scope
from ..registry import OpDef, Rule, broadcast_shape, define, same_shape
from .arithmetic import Conj, less, where
from .basic import ones_like, sum_like, zeros_like
from .math import div_no_nan, reciprocal

_HALVES = (float32, float64)
_WHOLE: dict[DType, DType] = {float32: complex64, float64: complex128}


def _imaginary(x: Tensor) -> Tensor:
    return Complex(zeros_like(x), x, Tout=_WHOLE[x.dtype])


def _real(x: Tensor) -> Tensor:
    return Complex(x, zeros_like(x), Tout=_WHOLE[x.dtype])


Complex = define(
    "Complex",
    "real:T, imag:T -> out:Tout",
    shape=broadcast_shape,
    kernel=lambda k, x, y, Tout: x + y * k.xp.asarray(1j, Tout.as_numpy_dtype),
    grad=lambda op, g: [sum_like(real(g), op.inputs[0]), sum_like(imag(g), op.inputs[1])],
    types={"T": _HALVES, "Tout": COMPLEX},
)


def _part(type: str, kernel: Rule, grad: Rule) -> OpDef:
    """Define an op that makes real numbers of complex ones."""
    return define(
        type, "input:T -> output:Tout", shape=same_shape, kernel=kernel, grad=grad,
        types={"T": COMPLEX, "Tout": _HALVES},
    )  # fmt: skip


Real = _part("Real", lambda k, x, Tout: x.real.copy(), lambda op, g: _real(g))
Imag = _part("Imag", lambda k, x, Tout: x.imag.copy(), lambda op, g: _imaginary(g))
ComplexAbs = _part(
    "ComplexAbs",
    lambda k, x, Tout: k.xp.abs(x),
    lambda op, g: _real(div_no_nan(g, op.outputs[0])) * op.inputs[0],  # zero at zero
)
Angle = _part(
    "Angle",
    lambda k, x, Tout: k.xp.arctan2(x.imag, x.real),
    lambda op, g: _imaginary(g) * reciprocal(Conj(op.inputs[0])),
)


def _of(op: OpDef, x: Tensor, name: str | None) -> Tensor:
    return op(x, Tout=x.dtype.real_dtype, name=name)


def complex(real: Any, imag: Any, name: str | None = None) -> Tensor:
    """real + i imag, of float32 as complex64 or of float64 as complex128. Raises TypeError for other dtypes."""
    real, imag = convert_to_tensor(real, name="real"), convert_to_tensor(imag, name="imag")
    with op_scope(name, "Complex", [real, imag]) as scope:
        if real.dtype is not imag.dtype or real.dtype not in _WHOLE:
            raise TypeError(
                f"The `real` and `imag` components have incorrect types: {real.dtype.name} {imag.dtype.name}. "
                "They must be consistent, and one of [tf.float32, tf.float64]"
            )
        return Complex(real, imag, Tout=_WHOLE[real.dtype], name=scope)


def real(input: Any, name: str | None = None) -> Tensor:
    """The real part: of real numbers, the tensor itself."""
    with op_scope(name, "Real", [input]) as scope:
        x = convert_to_tensor(input, name="input")
        return _of(Real, x, scope) if x.dtype.is_complex else x


def imag(input: Any, name: str | None = None) -> Tensor:
    """The imaginary part: of real numbers, zeros."""
    with op_scope(name, "Imag", [input]) as scope:
        x = convert_to_tensor(input, name="input")
        return _of(Imag, x, scope) if x.dtype.is_complex else zeros_like(x)


def conj(x: Any, name: str | None = None) -> Tensor:
    """The conjugate: of real numbers, the tensor itself."""
    x = convert_to_tensor(x, name="x")
    if not x.dtype.is_complex:
        return x
    return Conj(x, name=name)


def angle(input: Any, name: str | None = None) -> Tensor:
    """The angle in the complex plane, from -pi to pi: of real numbers, pi below zero and 0 elsewhere."""
    with op_scope(name, "Angle", [input]) as scope:
        x = convert_to_tensor(input, name="input")
        if x.dtype.is_complex:
            return _of(Angle, x, scope)
        return where(less(x, 0), math.pi * ones_like(x), zeros_like(x))


__all__ = ["angle", "complex", "conj", "imag", "real"]
