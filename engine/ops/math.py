"""Arithmetic, comparisons, logic and element-wise functions; and the operators that tensors get from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..build import constant, convert_to_tensor, is_tensor_like
from ..dtypes import FLOATS, INTEGERS, DType, as_dtype
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, control_dependencies, op_scope
from ..registry import OpDef, Rule, broadcast_shape, define, get_op, not_differentiable, same_shape
from ..shapes import TensorShape, as_shape, broadcast_sizes
from .basic import cast, identity, sum_like, zeros_like

_REALS = FLOATS + INTEGERS
_SIGNED = FLOATS + (dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64)


# -- what the families share ----------------------------------------------------------------------------------------


def is_half(dtype: Any) -> bool:
    """Whether a NumPy dtype is float16 or bfloat16, whose arithmetic belongs in float32."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


def in_float32(compute: Rule) -> Rule:
    """The kernel `compute`, which for float16 and bfloat16 works in float32 and rounds its one result at the end."""

    def kernel(k: Any, *arrays: Any, **attrs: Any) -> Any:
        dtype = arrays[0].dtype
        if not is_half(dtype):
            return compute(k, *arrays, **attrs)
        return k.cast(compute(k, *(k.cast(a, np.float32) if a.dtype == dtype else a for a in arrays), **attrs), dtype)

    return kernel


def merge_shapes(x: TensorShape, y: TensorShape) -> TensorShape:
    """What two shapes that must be equal say together. Raises ValueError where they contradict each other."""
    if x.sizes is None or y.sizes is None:
        return y if x.sizes is None else x
    if len(x.sizes) != len(y.sizes):
        raise ValueError(f"Shapes must be equal rank, but are {len(x.sizes)} and {len(y.sizes)}")
    for axis, (a, b) in enumerate(zip(x.sizes, y.sizes, strict=True)):
        if None not in (a, b) and a != b:
            shapes = " and ".join("[" + ",".join("?" if d is None else str(d) for d in s) + "]" for s in (x.sizes, y.sizes))
            raise ValueError(f"Dimension {axis} in both shapes must be equal, but are {a} and {b}. Shapes are {shapes}.")
    return x.merge_with(y)


def _unary(type: str, kernel: Rule, grad: Rule, types: Sequence[DType] = FLOATS) -> OpDef:
    return define(type, "x:T -> y:T", shape=same_shape, kernel=kernel, grad=grad, types={"T": types})


def _binary(type: str, kernel: Rule, grad: Rule, types: Sequence[DType] = _REALS) -> OpDef:
    return define(type, "x:T, y:T -> z:T", shape=broadcast_shape, kernel=kernel, grad=grad, types={"T": types})


# -- arithmetic -----------------------------------------------------------------------------------------------------

AddV2 = _binary("AddV2", lambda k, x, y: x + y, lambda op, g: [sum_like(g, t) for t in op.inputs])

Sub = _binary("Sub", lambda k, x, y: x - y, lambda op, g: [sum_like(g, op.inputs[0]), sum_like(-g, op.inputs[1])])


def _mul_gradient(op: Operation, g: Any) -> list:
    x, y = op.inputs
    return [sum_like(g * y, x), sum_like(g * x, y)]


Mul = _binary("Mul", lambda k, x, y: x * y, _mul_gradient)


def _division_gradient(op: Operation, g: Any) -> list:
    x, y = op.inputs
    return [sum_like(g / y, x), sum_like(-g * (op.outputs[0] / y), y)]


RealDiv = _binary("RealDiv", lambda k, x, y: x / y, _division_gradient, FLOATS)


def _nonzero(k: Any, divisor: Any) -> Any:
    """The divisor, unless it is an integer zero somewhere: that raises InvalidArgumentError."""
    if divisor.dtype.kind in "iu" and not k.xp.all(divisor):
        raise InvalidArgumentError(None, None, "Integer division by zero")
    return divisor


def _floor_div(k: Any, x: Any, y: Any) -> Any:
    # NumPy's floor_divide of floats goes by the remainder: it gives 59 for 6 / 0.1, where TensorFlow gives 60.
    return k.xp.floor(x / y) if x.dtype.kind in "fV" else x // _nonzero(k, y)


def _truncate_div(k: Any, x: Any, y: Any) -> Any:
    return k.xp.trunc(x / y) if x.dtype.kind in "fV" else (x - k.xp.fmod(x, _nonzero(k, y))) // y


FloorDiv = _binary("FloorDiv", _floor_div, not_differentiable)
TruncateDiv = _binary("TruncateDiv", _truncate_div, not_differentiable)


def _remainder_gradient(quotient: OpDef) -> Rule:
    """x mod y is x - y q(x, y), and q has no slope."""

    def gradient(op: Operation, g: Any) -> list:
        x, y = op.inputs
        return [sum_like(g, x), sum_like(-g * quotient(x, y), y)]

    return gradient


FloorMod = _binary("FloorMod", lambda k, x, y: k.xp.mod(x, _nonzero(k, y)), _remainder_gradient(FloorDiv))
TruncateMod = _binary("TruncateMod", lambda k, x, y: k.xp.fmod(x, _nonzero(k, y)), _remainder_gradient(TruncateDiv))

Neg = _unary("Neg", lambda k, x: -x, lambda op, g: -g, _SIGNED)
Abs = _unary("Abs", lambda k, x: k.xp.abs(x), lambda op, g: g * sign(op.inputs[0]), _SIGNED)
Sign = _unary("Sign", lambda k, x: k.xp.sign(x), lambda op, g: zeros_like(g), _SIGNED)


def add(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x + y, with broadcasting."""
    return AddV2(x, y, name=name or "Add")


def subtract(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x - y, with broadcasting."""
    return Sub(x, y, name=name)


def multiply(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x * y element by element, with broadcasting."""
    return Mul(x, y, name=name)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Tensor:
    """A scalar times a tensor. Raises ValueError where `scalar` has dimensions."""
    x = convert_to_tensor(x)
    scalar = convert_to_tensor(scalar, x.dtype, name="scalar")
    if scalar.shape.ndims not in (None, 0):
        raise ValueError(f"The input scalar must be a 0-D value. Received shape {scalar.shape}.")
    return Mul(scalar, x, name=name)


def realdiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y of floats, with broadcasting."""
    return RealDiv(x, y, name=name)


def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python 3 has it: integers are divided in float64 (8 and 16 bits in float32). Raises TypeError for bool."""
    with op_scope(name, "truediv", [x, y]) as scope:
        x, y = _alike(x, y)
        if x.dtype is not y.dtype:
            raise TypeError(f"`x` and `y` must have the same dtype, got {x.dtype!r} != {y.dtype!r}.")
        if x.dtype.is_integer:
            wide = dtypes.float32 if x.dtype.size < 4 else dtypes.float64
            x, y = cast(x, wide), cast(y, wide)
        elif not x.dtype.is_floating:
            raise TypeError(f"Invalid dtype {x.dtype} in __truediv__.")
        return RealDiv(x, y, name=scope)


def _alike(x: Any, y: Any) -> tuple[Tensor, Tensor]:
    """Both as tensors; where one is a tensor and the other is not, that one's dtype is tried for both."""
    if is_tensor_like(y) and not is_tensor_like(x):
        y = convert_to_tensor(y, name="y")
        return convert_to_tensor(x, y.dtype, name="x"), y
    x = convert_to_tensor(x, name="x")
    return x, convert_to_tensor(y, preferred_dtype=x.dtype, name="y")


def divide(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python 3 has it."""
    if name is None and not is_tensor_like(x):
        x = convert_to_tensor(x, y.dtype if is_tensor_like(y) else None)
    return truediv(x, y, name)


def div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python 2 had it: of integers, the floor."""
    with op_scope(name, "div", [x, y]) as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, x.dtype, name="y")
        return (RealDiv if x.dtype.is_floating else FloorDiv)(x, y, name=scope)


def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The floor of x / y. Integers divided by zero raise InvalidArgumentError."""
    return FloorDiv(x, y, name=name or "floordiv")


def floor_div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The floor of x / y: `floordiv` under the name of its op."""
    return FloorDiv(x, y, name=name)


def truncatediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y rounded towards zero, as C divides integers."""
    return TruncateDiv(x, y, name=name)


def floormod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x - floor(x / y) * y: the remainder with the sign of y, as Python has it."""
    return FloorMod(x, y, name=name)


mod = floormod


def truncatemod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The remainder with the sign of x, as C has it."""
    return TruncateMod(x, y, name=name)


def negative(x: Any, name: str | None = None) -> Tensor:
    """-x."""
    return Neg(x, name=name)


def abs(x: Any, name: str | None = None) -> Tensor:
    """The absolute value; its gradient at 0 is 0."""
    return Abs(x, name=name)


def sign(x: Any, name: str | None = None) -> Tensor:
    """-1, 0 or 1; NaN stays NaN."""
    return Sign(x, name=name)


# -- arithmetic with care -------------------------------------------------------------------------------------------


def _div_no_nan_gradient(op: Operation, g: Any) -> list:
    x, y = op.inputs
    return [sum_like(div_no_nan(g, y), x), sum_like(-g * div_no_nan(op.outputs[0], y), y)]


DivNoNan = _binary("DivNoNan", lambda k, x, y: k.xp.where(y == 0, k.xp.zeros((), x.dtype), x / y), _div_no_nan_gradient, FLOATS)


def _mul_no_nan_gradient(op: Operation, g: Any) -> list:
    x, y = op.inputs
    return [sum_like(multiply_no_nan(g, y), x), sum_like(multiply_no_nan(x, g), y)]


MulNoNan = _binary("MulNoNan", lambda k, x, y: k.xp.where(y == 0, k.xp.zeros((), x.dtype), x * y), _mul_no_nan_gradient, FLOATS)


def _x_log_y_gradient(op: Operation, g: Any) -> list:
    x, y = op.inputs
    return [sum_like(g * xlogy(cast(not_equal(x, 0), x.dtype), y), x), sum_like(g * xdivy(x, y), y)]


def _x_div_y_gradient(op: Operation, g: Any) -> list:
    x, y = op.inputs
    return [sum_like(g * xdivy(cast(not_equal(x, 0), x.dtype), y), x), sum_like(-g * xdivy(op.outputs[0], y), y)]


Xlogy = _binary("Xlogy", lambda k, x, y: k.xp.where(x == 0, k.xp.zeros((), x.dtype), x * k.xp.log(y)), _x_log_y_gradient, FLOATS)
Xdivy = _binary("Xdivy", lambda k, x, y: k.xp.where(x == 0, k.xp.zeros((), x.dtype), x / y), _x_div_y_gradient, FLOATS)


def div_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y, and 0 where y is 0."""
    return DivNoNan(x, y, name=name or "div_no_nan")


divide_no_nan = div_no_nan


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x * y, and 0 where y is 0, even if x is infinite or NaN."""
    return MulNoNan(x, y, name=name or "multiply_no_nan")


def xlogy(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x * log(y), and 0 where x is 0."""
    return Xlogy(x, y, name=name)


def xdivy(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y, and 0 where x is 0."""
    return Xdivy(x, y, name=name)


# -- comparisons and logic ------------------------------------------------------------------------------------------


def _comparison(type: str, kernel: Rule, types: Sequence[DType]) -> OpDef:
    return define(type, "x:T, y:T -> z:bool", shape=broadcast_shape, kernel=kernel, grad=not_differentiable, types={"T": types})


_COMPARABLE = (*_REALS, dtypes.complex64, dtypes.complex128, dtypes.bool_, dtypes.string)

Equal = _comparison("Equal", lambda k, x, y: x == y, _COMPARABLE)
NotEqual = _comparison("NotEqual", lambda k, x, y: x != y, _COMPARABLE)
Less = _comparison("Less", lambda k, x, y: x < y, _REALS)
LessEqual = _comparison("LessEqual", lambda k, x, y: x <= y, _REALS)
Greater = _comparison("Greater", lambda k, x, y: x > y, _REALS)
GreaterEqual = _comparison("GreaterEqual", lambda k, x, y: x >= y, _REALS)

LogicalAnd = define(
    "LogicalAnd", "x:bool, y:bool -> z:bool", shape=broadcast_shape, kernel=lambda k, x, y: x & y, grad=not_differentiable
)
LogicalOr = define(
    "LogicalOr", "x:bool, y:bool -> z:bool", shape=broadcast_shape, kernel=lambda k, x, y: x | y, grad=not_differentiable
)
LogicalNot = define("LogicalNot", "x:bool -> y:bool", shape=same_shape, kernel=lambda k, x: ~x, grad=not_differentiable)


def equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where x == y, element by element with broadcasting."""
    return Equal(x, y, name=name)


def not_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where x != y, element by element with broadcasting."""
    return NotEqual(x, y, name=name)


def less(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where x < y, element by element with broadcasting."""
    return Less(x, y, name=name)


def less_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where x <= y, element by element with broadcasting."""
    return LessEqual(x, y, name=name)


def greater(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where x > y, element by element with broadcasting."""
    return Greater(x, y, name=name)


def greater_equal(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where x >= y, element by element with broadcasting."""
    return GreaterEqual(x, y, name=name)


def logical_and(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Both, of booleans, with broadcasting."""
    return LogicalAnd(x, y, name=name)


def logical_or(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Either or both, of booleans, with broadcasting."""
    return LogicalOr(x, y, name=name)


def logical_not(x: Any, name: str | None = None) -> Tensor:
    """The other truth value."""
    return LogicalNot(x, name=name)


def logical_xor(x: Any, y: Any, name: str = "LogicalXor") -> Tensor:
    """One but not both, of booleans, with broadcasting."""
    return logical_and(logical_or(x, y), logical_not(logical_and(x, y)), name=name)


# -- powers, exponentials and logarithms ----------------------------------------------------------------------------


def _pow_gradient(op: Operation, g: Any) -> list:
    x, y = op.inputs
    z = op.outputs[0]
    positive = greater(x, 0)
    log_x = SelectV2(positive, log(SelectV2(positive, x, 1)), 0)  # both selects: a log's infinite slope times 0 is NaN
    return [sum_like(g * y * pow(x, y - 1), x), sum_like(g * z * log_x, y)]


Pow = _binary("Pow", lambda k, x, y: k.xp.power(x, y), _pow_gradient)
Square = _unary("Square", lambda k, x: x * x, lambda op, g: g * (op.inputs[0] * 2), _REALS)
Reciprocal = _unary("Reciprocal", lambda k, x: 1 / x, lambda op, g: -g * square(op.outputs[0]))
Sqrt = _unary("Sqrt", lambda k, x: k.xp.sqrt(x), lambda op, g: g * 0.5 / op.outputs[0])
Rsqrt = _unary("Rsqrt", in_float32(lambda k, x: 1 / k.xp.sqrt(x)), lambda op, g: g * -0.5 * pow(op.outputs[0], 3))
Exp = _unary("Exp", lambda k, x: k.xp.exp(x), lambda op, g: g * op.outputs[0])
Expm1 = _unary("Expm1", lambda k, x: k.xp.expm1(x), lambda op, g: g * exp(op.inputs[0]))
Log = _unary("Log", lambda k, x: k.xp.log(x), lambda op, g: g / op.inputs[0])
Log1p = _unary("Log1p", lambda k, x: k.xp.log1p(x), lambda op, g: g / (op.inputs[0] + 1))
SquaredDifference = _binary(
    "SquaredDifference",
    lambda k, x, y: k.xp.square(x - y),
    lambda op, g: [
        sum_like(g * 2 * (op.inputs[0] - op.inputs[1]), op.inputs[0]),
        sum_like(g * 2 * (op.inputs[1] - op.inputs[0]), op.inputs[1]),
    ],
)


def pow(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x to the power of y, with broadcasting. Integers to negative powers raise InvalidArgumentError."""
    return Pow(x, y, name=name)


def square(x: Any, name: str | None = None) -> Tensor:
    """x * x."""
    return Square(x, name=name)


def squared_difference(x: Any, y: Any, name: str | None = None) -> Tensor:
    """(x - y) squared, with broadcasting."""
    return SquaredDifference(x, y, name=name)


def reciprocal(x: Any, name: str | None = None) -> Tensor:
    """1 / x."""
    return Reciprocal(x, name=name)


def sqrt(x: Any, name: str | None = None) -> Tensor:
    """The square root; NaN below zero."""
    return Sqrt(x, name=name)


def rsqrt(x: Any, name: str | None = None) -> Tensor:
    """1 / sqrt(x)."""
    return Rsqrt(x, name=name)


def exp(x: Any, name: str | None = None) -> Tensor:
    """e to the power of x."""
    return Exp(x, name=name)


def expm1(x: Any, name: str | None = None) -> Tensor:
    """exp(x) - 1, exact for small x."""
    return Expm1(x, name=name)


def log(x: Any, name: str | None = None) -> Tensor:
    """The natural logarithm; NaN below zero."""
    return Log(x, name=name)


def log1p(x: Any, name: str | None = None) -> Tensor:
    """log(1 + x), exact for small x."""
    return Log1p(x, name=name)


# -- circular and hyperbolic functions ------------------------------------------------------------------------------

Sin = _unary("Sin", lambda k, x: k.xp.sin(x), lambda op, g: g * cos(op.inputs[0]))
Cos = _unary("Cos", lambda k, x: k.xp.cos(x), lambda op, g: -g * sin(op.inputs[0]))
Tan = _unary("Tan", lambda k, x: k.xp.tan(x), lambda op, g: g * (square(op.outputs[0]) + 1))
Asin = _unary("Asin", lambda k, x: k.xp.arcsin(x), lambda op, g: g * rsqrt(1 - square(op.inputs[0])))
Acos = _unary("Acos", lambda k, x: k.xp.arccos(x), lambda op, g: -g * rsqrt(1 - square(op.inputs[0])))
Atan = _unary("Atan", lambda k, x: k.xp.arctan(x), lambda op, g: g / (square(op.inputs[0]) + 1))
Sinh = _unary("Sinh", lambda k, x: k.xp.sinh(x), lambda op, g: g * cosh(op.inputs[0]))
Cosh = _unary("Cosh", lambda k, x: k.xp.cosh(x), lambda op, g: g * sinh(op.inputs[0]))
Tanh = _unary("Tanh", lambda k, x: k.xp.tanh(x), lambda op, g: g * (1 - square(op.outputs[0])))
Asinh = _unary("Asinh", lambda k, x: k.xp.arcsinh(x), lambda op, g: g / cosh(op.outputs[0]))
Acosh = _unary("Acosh", lambda k, x: k.xp.arccosh(x), lambda op, g: g / sinh(op.outputs[0]))
Atanh = _unary("Atanh", lambda k, x: k.xp.arctanh(x), lambda op, g: g / (1 - square(op.inputs[0])))


def _atan2_gradient(op: Operation, g: Any) -> list:
    y, x = op.inputs
    slope = g / (square(x) + square(y))
    return [sum_like(slope * x, y), sum_like(-slope * y, x)]


Atan2 = define(
    "Atan2",
    "y:T, x:T -> z:T",
    shape=broadcast_shape,
    kernel=lambda k, y, x: k.xp.arctan2(y, x),
    grad=_atan2_gradient,
    types={"T": FLOATS},
)


def sin(x: Any, name: str | None = None) -> Tensor:
    """The sine of x in radians."""
    return Sin(x, name=name)


def cos(x: Any, name: str | None = None) -> Tensor:
    """The cosine of x in radians."""
    return Cos(x, name=name)


def tan(x: Any, name: str | None = None) -> Tensor:
    """The tangent of x in radians."""
    return Tan(x, name=name)


def asin(x: Any, name: str | None = None) -> Tensor:
    """The angle in [-pi/2, pi/2] whose sine is x."""
    return Asin(x, name=name)


def acos(x: Any, name: str | None = None) -> Tensor:
    """The angle in [0, pi] whose cosine is x."""
    return Acos(x, name=name)


def atan(x: Any, name: str | None = None) -> Tensor:
    """The angle in (-pi/2, pi/2) whose tangent is x."""
    return Atan(x, name=name)


def atan2(y: Any, x: Any, name: str | None = None) -> Tensor:
    """The angle in [-pi, pi] of the point (x, y), with broadcasting."""
    return Atan2(y, x, name=name)


def sinh(x: Any, name: str | None = None) -> Tensor:
    """The hyperbolic sine."""
    return Sinh(x, name=name)


def cosh(x: Any, name: str | None = None) -> Tensor:
    """The hyperbolic cosine."""
    return Cosh(x, name=name)


def tanh(x: Any, name: str | None = None) -> Tensor:
    """The hyperbolic tangent."""
    return Tanh(x, name=name)


def asinh(x: Any, name: str | None = None) -> Tensor:
    """The number whose hyperbolic sine is x."""
    return Asinh(x, name=name)


def acosh(x: Any, name: str | None = None) -> Tensor:
    """The number, not negative, whose hyperbolic cosine is x; NaN below 1."""
    return Acosh(x, name=name)


def atanh(x: Any, name: str | None = None) -> Tensor:
    """The number whose hyperbolic tangent is x; NaN beyond -1 and 1."""
    return Atanh(x, name=name)


# -- the sigmoid and special functions ------------------------------------------------------------------------------

Sigmoid = _unary(
    "Sigmoid", in_float32(lambda k, x: 1 / (1 + k.xp.exp(-x))), lambda op, g: g * op.outputs[0] * (1 - op.outputs[0])
)


def _special(type: str, function: str, grad: Rule) -> OpDef:
    """An op whose kernel is a function of the array library's `special`, in the dtype of x."""
    return _unary(type, in_float32(lambda k, x: k.cast(getattr(k.special, function)(x), x.dtype)), grad)


Erf = _special("Erf", "erf", lambda op, g: g * (2 / math.sqrt(math.pi)) * exp(-square(op.inputs[0])))
Erfc = _special("Erfc", "erfc", lambda op, g: g * (-2 / math.sqrt(math.pi)) * exp(-square(op.inputs[0])))
Erfinv = _special("Erfinv", "erfinv", lambda op, g: g * (math.sqrt(math.pi) / 2) * exp(square(op.outputs[0])))
Lgamma = _special("Lgamma", "gammaln", lambda op, g: g * digamma(op.inputs[0]))
Digamma = _special("Digamma", "psi", lambda op, g: g * polygamma(1, op.inputs[0]))

Polygamma = define(
    "Polygamma",
    "a:T, x:T -> z:T",
    shape=broadcast_shape,
    kernel=in_float32(lambda k, a, x: k.cast(k.special.polygamma(a, x), x.dtype)),
    grad=lambda op, g: [None, sum_like(g * polygamma(op.inputs[0] + 1, op.inputs[1]), op.inputs[1])],
    types={"T": FLOATS},
)


def sigmoid(x: Any, name: str | None = None) -> Tensor:
    """1 / (1 + exp(-x))."""
    return Sigmoid(x, name=name)


def log_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """log(sigmoid(x)) as -softplus(-x), which does not underflow."""
    with op_scope(name, "LogSigmoid", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return negative(get_op("Softplus")(-x), name=scope)


def erf(x: Any, name: str | None = None) -> Tensor:
    """The Gauss error function 2/sqrt(pi) * integral of exp(-t*t) from 0 to x."""
    return Erf(x, name=name)


def erfc(x: Any, name: str | None = None) -> Tensor:
    """1 - erf(x), exact for large x."""
    return Erfc(x, name=name)


def erfinv(x: Any, name: str | None = None) -> Tensor:
    """The number whose error function is x."""
    return Erfinv(x, name=name)


def lgamma(x: Any, name: str | None = None) -> Tensor:
    """log(abs(Gamma(x)))."""
    return Lgamma(x, name=name)


def digamma(x: Any, name: str | None = None) -> Tensor:
    """The derivative of `lgamma`."""
    return Digamma(x, name=name)


def polygamma(a: Any, x: Any, name: str | None = None) -> Tensor:
    """The derivative of order a + 1 of `lgamma` at x, a = 0, 1, 2, …; no gradient flows to a."""
    return Polygamma(a, x, name=name)


# -- rounding -------------------------------------------------------------------------------------------------------

Floor = _unary("Floor", lambda k, x: k.xp.floor(x), not_differentiable)
Ceil = _unary("Ceil", lambda k, x: k.xp.ceil(x), not_differentiable)
Round = _unary("Round", lambda k, x: k.xp.rint(x), not_differentiable)
Rint = _unary("Rint", lambda k, x: k.xp.rint(x), not_differentiable)


def floor(x: Any, name: str | None = None) -> Tensor:
    """The largest integer not above x."""
    return Floor(x, name=name)


def ceil(x: Any, name: str | None = None) -> Tensor:
    """The smallest integer not below x."""
    return Ceil(x, name=name)


def round(x: Any, name: str | None = None) -> Tensor:
    """The nearest integer, a half to the even one. Integers are returned as they are."""
    x = convert_to_tensor(x, name="x")
    return x if x.dtype.is_integer else Round(x, name=name)


def rint(x: Any, name: str | None = None) -> Tensor:
    """The nearest integer, a half to the even one."""
    return Rint(x, name=name)


# -- the larger, the smaller, and what lies between -----------------------------------------------------------------


def _choice_gradient(wins: Callable[[Any, Any], Tensor]) -> Rule:
    """The gradient of `maximum` and `minimum`: to x where x wins (ties included), else to y."""

    def gradient(op: Operation, g: Any) -> list:
        x, y = op.inputs
        chosen = wins(x, y)
        return [sum_like(SelectV2(chosen, g, 0), x), sum_like(SelectV2(chosen, 0, g), y)]

    return gradient


Maximum = _binary("Maximum", lambda k, x, y: k.xp.maximum(x, y), _choice_gradient(greater_equal))
Minimum = _binary("Minimum", lambda k, x, y: k.xp.minimum(x, y), _choice_gradient(less_equal))


def _clip_gradient(op: Operation, g: Any) -> list:
    x, low, high = op.inputs
    under, over = less(x, low), greater(x, high)
    return [
        SelectV2(logical_or(under, over), 0, g),
        sum_like(SelectV2(under, g, 0), low),
        sum_like(SelectV2(over, g, 0), high),
    ]


ClipByValue = define(
    "ClipByValue",
    "t:T, clip_value_min:T, clip_value_max:T -> output:T",
    shape=same_shape,
    kernel=lambda k, x, low, high: k.xp.minimum(k.xp.maximum(x, low), high),
    grad=_clip_gradient,
    types={"T": _REALS},
)


def maximum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The larger of x and y, with broadcasting. Where they are equal the gradient goes to x."""
    return Maximum(x, y, name=name)


def minimum(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The smaller of x and y, with broadcasting. Where they are equal the gradient goes to x."""
    return Minimum(x, y, name=name)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Tensor:
    """`t` kept between two bounds, which broadcast to its shape. Raises ValueError where they make it larger."""
    with op_scope(name, "clip_by_value", [t, clip_value_min, clip_value_max]) as scope:
        t = convert_to_tensor(t, name="t")
        below = minimum(t, clip_value_max)
        t.shape.assert_is_compatible_with(below.shape)
        clipped = maximum(below, clip_value_min, name=scope)
        t.shape.assert_is_compatible_with(clipped.shape)
        return clipped


# -- choosing -------------------------------------------------------------------------------------------------------


def _select_shape(condition: Tensor, t: Tensor, e: Tensor) -> TensorShape:
    shape = merge_shapes(t.shape, e.shape)
    ndims = condition.shape.ndims
    if ndims in (None, 0) or shape.ndims is None:
        return shape
    if ndims == 1 and shape.ndims > 1:  # type: ignore[operator]
        merge_shapes(condition.shape, TensorShape(shape.sizes[:1]))  # type: ignore[index]
        return shape
    return merge_shapes(shape, condition.shape)


def _select(k: Any, condition: Any, t: Any, e: Any) -> Any:
    if t.shape != e.shape or condition.shape not in ((), t.shape, t.shape[:1]):
        raise InvalidArgumentError(
            None, None, f"'then' and 'else' must have the same size, and the condition too or that of their first dimension.  "
            f"but received: {t.shape} vs. {e.shape}, condition {condition.shape}"
        )  # fmt: skip
    if condition.ndim == 1 and t.ndim > 1:
        condition = condition.reshape((-1,) + (1,) * (t.ndim - 1))
    return k.xp.where(condition, t, e)


Select = define(
    "Select",
    "condition:bool, t:T, e:T -> output:T",
    shape=_select_shape,
    kernel=_select,
    grad=lambda op, g: [None, Select(op.inputs[0], g, zeros_like(g)), Select(op.inputs[0], zeros_like(g), g)],
)


def _broadcast_of_all(*inputs: Tensor) -> TensorShape:
    shape = TensorShape([])
    for t in inputs:
        shape = broadcast_sizes(shape, t.shape)
    return shape


SelectV2 = define(
    "SelectV2",
    "condition:bool, t:T, e:T -> output:T",
    shape=_broadcast_of_all,
    kernel=lambda k, condition, t, e: k.xp.where(condition, t, e),
    grad=lambda op, g: [
        None,
        sum_like(SelectV2(op.inputs[0], g, 0), op.inputs[1]),
        sum_like(SelectV2(op.inputs[0], 0, g), op.inputs[2]),
    ],
)


def _indices_of_true(k: Any, condition: Any) -> Any:
    if condition.ndim == 0:
        raise InvalidArgumentError(None, None, "WhereOp : Unhandled input dimensions: 0")
    return k.cast(k.xp.argwhere(condition), np.int64)


Where = define(
    "Where",
    "input:T -> index:int64",
    shape=lambda x: [None, x.shape.ndims],
    kernel=_indices_of_true,
    grad=not_differentiable,
)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """`x` where the condition holds and `y` elsewhere; without both, the indices of what is true.

    x and y have one shape; the condition has that shape too, or is a scalar, or a vector that chooses whole rows.
    The indices are int64 [number true, rank], in row-major order. Raises ValueError where one of x and y is missing.
    """
    if x is None and y is None:
        with op_scope(name, "Where", [condition]) as scope:
            return Where(convert_to_tensor(condition, preferred_dtype=dtypes.bool_, name="condition"), name=scope)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return Select(condition, x, y, name=name)


def where_v2(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """`where`, whose condition, x and y all broadcast to one shape."""
    if x is None and y is None:
        return where(condition, name=name)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return SelectV2(condition, x, y, name=name)


# -- sums of many ---------------------------------------------------------------------------------------------------


def _merged_from_the_last(*inputs: Tensor) -> TensorShape:
    shape = inputs[-1].shape
    for i in reversed(range(len(inputs) - 1)):
        try:
            shape = merge_shapes(inputs[i].shape, shape)
        except ValueError as error:
            raise ValueError(f"{error}\n\tFrom merging shape {i} with other shapes.") from None
    return shape


def _add_all(k: Any, *arrays: Any) -> Any:
    if any(a.shape != arrays[0].shape for a in arrays):
        raise InvalidArgumentError(None, None, f"Inputs to operation AddN must have the same size and shape: {[a.shape for a in arrays]}")
    if len(arrays) == 1:
        return arrays[0].copy()
    total = arrays[0] + arrays[1]
    for a in arrays[2:]:
        total += a
    return total


AddN = define(
    "AddN",
    "inputs:T* -> sum:T",
    shape=_merged_from_the_last,
    kernel=_add_all,
    grad=lambda op, g: [g] * len(op.inputs),
    types={"T": _REALS},
)


def add_n(inputs: Sequence[Any], name: str | None = None) -> Tensor:
    """The sum of tensors of one shape and dtype. Raises ValueError for none at all, or for shapes that differ."""
    tensors = [convert_to_tensor(t) for t in inputs]
    if not tensors:
        raise ValueError("Inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype and shape.")
    if len(tensors) == 1:
        return tensors[0] if name is None else identity(tensors[0], name=name)
    return AddN(*tensors, name=name)


def accumulate_n(inputs: Sequence[Any], shape: Any = None, tensor_dtype: Any = None, name: str | None = None) -> Tensor:
    """The sum of tensors of one shape and dtype, which may be told. Raises TypeError, ValueError where they differ."""
    tensors = [convert_to_tensor(t) for t in inputs]
    if not tensors or len({t.dtype for t in tensors}) > 1:
        raise ValueError("inputs must be a list of at least one Tensor with the same dtype and shape")
    if tensor_dtype is not None and tensors[0].dtype is not as_dtype(tensor_dtype):
        raise TypeError(f"tensor_dtype is {as_dtype(tensor_dtype)!r}, but input is of type {tensors[0].dtype!r}")
    merged = as_shape(shape)
    for t in tensors:
        merged = merged.merge_with(t.shape)
    return add_n(tensors, name)


# -- finite or not --------------------------------------------------------------------------------------------------


def _test(type: str, kernel: Rule) -> OpDef:
    return define(type, "x:T -> y:bool", shape=same_shape, kernel=kernel, grad=not_differentiable, types={"T": FLOATS})


IsNan = _test("IsNan", lambda k, x: k.xp.isnan(x))
IsInf = _test("IsInf", lambda k, x: k.xp.isinf(x))
IsFinite = _test("IsFinite", lambda k, x: k.xp.isfinite(x))


def _check_finite(k: Any, x: Any, message: str) -> Any:
    if not k.xp.all(k.xp.isfinite(x)):
        found = [name for name, test in (("Inf", k.xp.isinf), ("NaN", k.xp.isnan)) if k.xp.any(test(x))]
        raise InvalidArgumentError(None, None, f"{message} : Tensor had {' and '.join(found)} values")
    return x


CheckNumerics = define(
    "CheckNumerics",
    "tensor:T -> output:T",
    shape=same_shape,
    kernel=_check_finite,
    grad=lambda op, g: check_numerics(
        g, f"Not a number (NaN) or infinity (Inf) values detected in gradient. {op.attrs['message']}"
    ),
    view=True,
    types={"T": FLOATS},
)


def is_nan(x: Any, name: str | None = None) -> Tensor:
    """Where x is not a number."""
    return IsNan(x, name=name)


def is_inf(x: Any, name: str | None = None) -> Tensor:
    """Where x is infinite, of either sign."""
    return IsInf(x, name=name)


def is_finite(x: Any, name: str | None = None) -> Tensor:
    """Where x is neither infinite nor NaN."""
    return IsFinite(x, name=name)


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """`tensor` itself; a run raises InvalidArgumentError with `message` where it has NaN or infinite values."""
    return CheckNumerics(tensor, message=message, name=name)


def verify_tensor_all_finite(
    t: Any = None, msg: str | None = None, name: str | None = None, x: Any = None, message: str | None = None
) -> Tensor:
    """`t` (also called `x`), once `check_numerics` has found it finite."""
    tensor, message = (t if x is None else x), (msg if message is None else message)
    with op_scope(name, "VerifyFinite", [tensor]):
        tensor = convert_to_tensor(tensor, name="x")
        with control_dependencies([check_numerics(tensor, message=message or "")]):
            return identity(tensor, name="control_dependency")


# -- casts by name --------------------------------------------------------------------------------------------------


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Tensor:
    """`value` in another dtype, where what lies beyond its range becomes the nearest value within."""
    target = as_dtype(dtype)
    with op_scope(name, "saturate_cast", [value]) as scope:
        value = convert_to_tensor(value, name="value")
        source = value.dtype
        if source.min < target.min or source.max > target.max:
            low, high = _bounds_within(source, target)
            value = ClipByValue(value, constant(low, source), constant(high, source), name="clamp")
        return cast(value, target, name=scope)


def _bounds_within(source: DType, target: DType) -> tuple[Any, Any]:
    """The least and the greatest number of `source` that `target` can hold; rounding must not carry them outside."""
    bounds = []
    for own, other, beyond in ((source.min, target.min, np.less), (source.max, target.max, np.greater)):
        bound = source.as_numpy_dtype(other if beyond(own, other) else own)
        if source.is_floating and beyond(int(bound) if target.is_integer else float(bound), other):
            bound = np.nextafter(bound, source.as_numpy_dtype(0))
        bounds.append(bound)
    return bounds[0], bounds[1]


def to_float(x: Any, name: str = "ToFloat") -> Tensor:
    """`x` as float32."""
    return cast(x, dtypes.float32, name)


def to_double(x: Any, name: str = "ToDouble") -> Tensor:
    """`x` as float64."""
    return cast(x, dtypes.float64, name)


def to_bfloat16(x: Any, name: str = "ToBFloat16") -> Tensor:
    """`x` as bfloat16."""
    return cast(x, dtypes.bfloat16, name)


def to_int32(x: Any, name: str = "ToInt32") -> Tensor:
    """`x` as int32, rounded towards zero."""
    return cast(x, dtypes.int32, name)


def to_int64(x: Any, name: str = "ToInt64") -> Tensor:
    """`x` as int64, rounded towards zero."""
    return cast(x, dtypes.int64, name)


# -- complex parts of real numbers, products of vectors -------------------------------------------------------------


def _real_tensor(x: Any, name: str) -> Tensor:
    tensor = convert_to_tensor(x, name=name)
    if tensor.dtype.is_complex:
        raise NotImplementedError("scopeflow has no complex arithmetic")
    return tensor


def real(input: Any, name: str | None = None) -> Tensor:
    """The real part: of real numbers, the tensor itself. Raises NotImplementedError for complex ones."""
    return _real_tensor(input, "input")


def imag(input: Any, name: str | None = None) -> Tensor:
    """The imaginary part: of real numbers, zeros. Raises NotImplementedError for complex ones."""
    with op_scope(name, "Imag", [input]):
        return zeros_like(_real_tensor(input, "input"))


def conj(x: Any, name: str | None = None) -> Tensor:
    """The conjugate: of real numbers, the tensor itself. Raises NotImplementedError for complex ones."""
    return _real_tensor(x, "x")


def _vectors_of_three(a: Tensor, b: Tensor) -> TensorShape:
    shape = merge_shapes(a.shape, b.shape)
    if shape.sizes == ():
        raise ValueError("Shape must be at least rank 1 but is rank 0")
    if shape.sizes is not None and shape.sizes[-1] not in (3, None):
        raise ValueError(f"Dimension must be 3 but is {shape.sizes[-1]}")
    return shape


Cross = define(
    "Cross",
    "a:T, b:T -> product:T",
    shape=_vectors_of_three,
    kernel=lambda k, a, b: k.xp.cross(a, b),
    grad=lambda op, g: [cross(op.inputs[1], g), cross(g, op.inputs[0])],
    types={"T": _REALS},
)


def cross(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The vector product of two tensors of one shape whose last dimension is 3."""
    return Cross(a, b, name=name)


# -- operators ------------------------------------------------------------------------------------------------------

OPERATORS: dict[str, Callable[..., Any]] = {}  # those of Tensor, for whatever else stands for a tensor (variables)


def install_operator(method: str, function: Callable[..., Any]) -> None:
    """Make `function` a special method of `Tensor` ("__add__")."""
    OPERATORS[method] = function
    setattr(Tensor, method, function)


def install_binary_operator(method: str, function: Callable[..., Any], name: str | None) -> None:
    """Make ``function(x, y, name=name)`` an operator of `Tensor`, and its reflection ("add": __add__, __radd__)."""
    install_operator(f"__{method}__", lambda x, y: function(x, y, name=name))
    install_operator(f"__r{method}__", lambda y, x: function(x, y, name=name))


for _method, _function, _name in (
    ("add", AddV2, "add"),
    ("sub", Sub, "sub"),
    ("mul", Mul, "mul"),
    ("truediv", truediv, "truediv"),
    ("floordiv", FloorDiv, "floordiv"),
    ("mod", FloorMod, "mod"),
    ("pow", Pow, "pow"),
    ("and", LogicalAnd, "and"),
    ("or", LogicalOr, "or"),
):
    install_binary_operator(_method, _function, _name)


def _xor(x: Any, y: Any, name: str) -> Tensor:
    with op_scope(None, name, [x, y]) as scope:
        return logical_xor(x, y, name=scope)


install_binary_operator("xor", _xor, "xor")
for _method, _function in (
    ("__neg__", Neg),
    ("__abs__", Abs),
    ("__invert__", LogicalNot),
    ("__lt__", Less),
    ("__le__", LessEqual),
    ("__gt__", Greater),
    ("__ge__", GreaterEqual),
):
    install_operator(_method, lambda *operands, _op=_function: _op(*operands))


__all__ = [
    "abs", "accumulate_n", "acos", "acosh", "add", "add_n", "asin", "asinh", "atan", "atan2", "atanh", "ceil",
    "check_numerics", "clip_by_value", "conj", "cos", "cosh", "cross", "digamma", "div", "div_no_nan", "divide",
    "divide_no_nan", "equal", "erf", "erfc", "erfinv", "exp", "expm1", "floor", "floor_div", "floordiv", "floormod",
    "greater", "greater_equal", "imag", "is_finite", "is_inf", "is_nan", "less", "less_equal", "lgamma", "log", "log1p",
    "log_sigmoid", "logical_and", "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "mod", "multiply",
    "multiply_no_nan", "negative", "not_equal", "polygamma", "pow", "real", "realdiv", "reciprocal", "rint", "round",
    "rsqrt", "saturate_cast", "scalar_mul", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "squared_difference",
    "subtract", "tan", "tanh", "to_bfloat16", "to_double", "to_float", "to_int32", "to_int64", "truediv", "truncatediv",
    "truncatemod", "verify_tensor_all_finite", "where", "where_v2", "xdivy", "xlogy",
]  # fmt: skip
