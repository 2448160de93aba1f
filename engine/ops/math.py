"""Element-wise functions; with them the names of `arithmetic`, as both are one family."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels.choosing import choose
from .. import dtypes
from ..build import constant, convert_to_tensor
from ..dtypes import COMPLEX, FLOATS, NUMBERS, DType, as_dtype
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor, control_dependencies, op_scope
from ..registry import OpDef, Rule, broadcast_shape, define, get_op, not_differentiable, same_shape
from ..shapes import TensorShape
from ..sparse_tensor import also_of_sparse
from . import arithmetic
from .arithmetic import *  # noqa: F403  (one family: `math` offers all of it)
from .arithmetic import (
    REALS,
    ClipByValue,
    SelectV2,
    binary_op,
    greater,
    holomorphic,
    in_float32,
    in_parts,
    install_binary_operator,
    merge_shapes,
    negative,
    not_equal,
    unary_op,
)
from .basic import cast, identity, sum_like

# -- arithmetic with care -------------------------------------------------------------------------------------------


def _div_no_nan_gradient(op: Operation, g: Any) -> list:
    x, y = op.inputs
    return [sum_like(div_no_nan(g, y), x), sum_like(-g * div_no_nan(op.outputs[0], y), y)]


def _zero_where(k: Any, condition: Any, otherwise: Any) -> Any:
    return choose(k.xp, condition, k.xp.zeros((), otherwise.dtype), otherwise)


DivNoNan = binary_op("DivNoNan", lambda k, x, y: _zero_where(k, y == 0, x / y), _div_no_nan_gradient, FLOATS)


def _mul_no_nan_gradient(op: Operation, g: Any) -> list:
    x, y = op.inputs
    return [sum_like(multiply_no_nan(g, y), x), sum_like(multiply_no_nan(x, g), y)]


MulNoNan = binary_op("MulNoNan", lambda k, x, y: _zero_where(k, y == 0, x * y), _mul_no_nan_gradient, FLOATS)


def _x_log_y_gradient(op: Operation, g: Any) -> list:
    x, y = op.inputs
    return [sum_like(g * xlogy(cast(not_equal(x, 0), x.dtype), y), x), sum_like(g * xdivy(x, y), y)]


def _x_div_y_gradient(op: Operation, g: Any) -> list:
    x, y = op.inputs
    return [sum_like(g * xdivy(cast(not_equal(x, 0), x.dtype), y), x), sum_like(-g * xdivy(op.outputs[0], y), y)]


Xlogy = binary_op("Xlogy", lambda k, x, y: _zero_where(k, x == 0, x * k.xp.log(y)), _x_log_y_gradient, FLOATS)
Xdivy = binary_op("Xdivy", lambda k, x, y: _zero_where(k, x == 0, x / y), _x_div_y_gradient, FLOATS)


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


# -- powers, exponentials and logarithms ----------------------------------------------------------------------------


def _pow_gradient(op: Operation, g: Any) -> list:
    x, y = op.inputs
    z = op.outputs[0]
    positive = not_equal(x, 0) if x.dtype.is_complex else greater(x, 0)
    log_x = SelectV2(positive, log(SelectV2(positive, x, 1)), 0)  # both selects: a log's infinite slope times 0 is NaN
    return [sum_like(g * y * pow(x, y - 1), x), sum_like(g * z * log_x, y)]


_MANY = 1024  # numbers, from which on NumPy's slow way to a power matters


def _power(k: Any, x: Any, y: Any) -> Any:
    if y.dtype.kind == "i" and k.xp.any(y < 0):
        raise InvalidArgumentError(None, None, "Integers to negative integer powers are not allowed")
    one = x.size >= _MANY and k.xp is np and y.size == 1 and y.ndim <= x.ndim and x.dtype.char in "fd"
    if one and y.item().is_integer():
        return _whole_power(x, y.item())
    return k.xp.power(x, y)


def _whole_power(x: np.ndarray, y: float) -> Any:
    """x to a whole number: NumPy's own takes up to a hundred times as long where x is negative."""
    if y == 2:
        return x * x
    if y == 3:
        return x * x * x
    size = np.power(np.abs(x), x.dtype.type(y))
    return np.copysign(size, x) if y % 2 else size


_FIELD = (*FLOATS, *COMPLEX)  # of functions with a complex derivative

Pow = binary_op("Pow", _power, _pow_gradient, NUMBERS)
Square = unary_op("Square", lambda k, x: x * x, lambda op, g: g * (op.inputs[0] * 2), NUMBERS)
Reciprocal = unary_op("Reciprocal", lambda k, x: 1 / x, lambda op, g: -g * square(op.outputs[0]), _FIELD)
Sqrt = unary_op("Sqrt", lambda k, x: k.xp.sqrt(x), lambda op, g: g * 0.5 / op.outputs[0], _FIELD)
Rsqrt = unary_op(
    "Rsqrt", in_float32(lambda k, x: 1 / k.xp.sqrt(x)), lambda op, g: g * -0.5 * pow(op.outputs[0], 3), _FIELD
)
Exp = unary_op("Exp", lambda k, x: k.xp.exp(x), lambda op, g: g * op.outputs[0], _FIELD)
Expm1 = unary_op("Expm1", lambda k, x: k.xp.expm1(x), lambda op, g: g * exp(op.inputs[0]), _FIELD)
Log = unary_op("Log", lambda k, x: k.xp.log(x), lambda op, g: g / op.inputs[0], _FIELD)
Log1p = unary_op("Log1p", lambda k, x: k.xp.log1p(x), lambda op, g: g / (op.inputs[0] + 1), _FIELD)
SquaredDifference = binary_op(
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


install_binary_operator("pow", Pow, "pow")


@also_of_sparse
def square(x: Any, name: str | None = None) -> Tensor:
    """x * x."""
    return Square(x, name=name)


def squared_difference(x: Any, y: Any, name: str | None = None) -> Tensor:
    """(x - y) squared, with broadcasting."""
    return SquaredDifference(x, y, name=name)


def reciprocal(x: Any, name: str | None = None) -> Tensor:
    """1 / x."""
    return Reciprocal(x, name=name)


@also_of_sparse
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

Sin = unary_op("Sin", lambda k, x: k.xp.sin(x), lambda op, g: g * cos(op.inputs[0]), _FIELD)
Cos = unary_op("Cos", lambda k, x: k.xp.cos(x), lambda op, g: -g * sin(op.inputs[0]), _FIELD)
Tan = unary_op("Tan", lambda k, x: k.xp.tan(x), lambda op, g: g * (square(op.outputs[0]) + 1))
Asin = unary_op("Asin", lambda k, x: k.xp.arcsin(x), lambda op, g: g * rsqrt(1 - square(op.inputs[0])))
Acos = unary_op("Acos", lambda k, x: k.xp.arccos(x), lambda op, g: -g * rsqrt(1 - square(op.inputs[0])))
Atan = unary_op("Atan", lambda k, x: k.xp.arctan(x), lambda op, g: g / (square(op.inputs[0]) + 1))
Sinh = unary_op("Sinh", lambda k, x: k.xp.sinh(x), lambda op, g: g * cosh(op.inputs[0]), _FIELD)
Cosh = unary_op("Cosh", lambda k, x: k.xp.cosh(x), lambda op, g: g * sinh(op.inputs[0]), _FIELD)


# Kernels of many small calls work in place: of an array without dimensions NumPy makes a scalar, which has no place.


@in_float32
def _tanh_grad(k: Any, y: Any, dy: Any) -> Any:
    slope = y * y
    slope = k.xp.subtract(1, slope, out=slope if slope.ndim else None)
    slope *= dy
    return slope


@in_float32
def _sigmoid(k: Any, x: Any) -> Any:
    y = -x
    out = y if y.ndim else None
    y = k.xp.exp(y, out=out)
    y += 1
    return k.xp.divide(1, y, out=out)


@in_float32
def _sigmoid_grad(k: Any, y: Any, dy: Any) -> Any:
    slope = dy * y
    slope *= 1 - y
    return slope


TanhGrad: OpDef = define(
    "TanhGrad",
    "y:T, dy:T -> z:T",
    shape=same_shape,
    kernel=_tanh_grad,
    grad=holomorphic(lambda op, g: [g * -2.0 * op.inputs[1] * op.inputs[0], TanhGrad(op.inputs[0], g)]),
    types={"T": _FIELD},
)

Tanh = unary_op("Tanh", lambda k, x: k.xp.tanh(x), lambda op, g: TanhGrad(op.outputs[0], g), _FIELD)
Asinh = unary_op("Asinh", lambda k, x: k.xp.arcsinh(x), lambda op, g: g / cosh(op.outputs[0]))
Acosh = unary_op("Acosh", lambda k, x: k.xp.arccosh(x), lambda op, g: g / sinh(op.outputs[0]))
Atanh = unary_op("Atanh", lambda k, x: k.xp.arctanh(x), lambda op, g: g / (1 - square(op.inputs[0])))


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


@also_of_sparse
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


def _sigmoid_grad_gradient(op: Operation, g: Any) -> list:
    y, dy = op.inputs
    slope = g * dy
    return [slope - 2.0 * slope * y, SigmoidGrad(y, g)]


SigmoidGrad: OpDef = define(
    "SigmoidGrad",
    "y:T, dy:T -> z:T",
    shape=same_shape,
    kernel=_sigmoid_grad,
    grad=_sigmoid_grad_gradient,
    types={"T": FLOATS},
)

Sigmoid = unary_op("Sigmoid", _sigmoid, lambda op, g: SigmoidGrad(op.outputs[0], g))


def _special(type: str, function: str, grad: Rule) -> OpDef:
    """An op whose kernel is a function of the array library's `special`, in the dtype of x."""
    return unary_op(type, in_parts(in_float32(lambda k, x: k.cast(getattr(k.special, function)(x), x.dtype))), grad)


# A polynomial of x squared, least in the greatest error of erf(x), for atanh(erf(x)) / x - 1, highest power first.
_ERF = (
    *(1.7862600287799069e-10, -8.465293355186532e-09, 1.5611087178513117e-07, -1.2886636113762506e-06),
    *(1.325320567957533e-06, 6.932376709301025e-05, -0.0005953115178272128, -0.00020665119518525898),
    *(0.10277216136455536, 0.12837918102741241),
)
_ERF_IS_ONE = 4.25  # from less on in float32; the polynomial holds until here
_PASSES_PAY = 4096  # elements


@in_parts
def _erf_by_tanh(k: Any, x: Any) -> Any:
    """erf(x) of a NumPy array of float32 within 2 ulp, in passes that take a sixth of SciPy's time."""
    x = np.clip(x, -_ERF_IS_ONE, _ERF_IS_ONE)
    squares = x * x
    more = _ERF[0] * squares
    for coefficient in _ERF[1:-1]:
        more += coefficient
        more *= squares
    more += _ERF[-1]
    more *= x
    angle = np.add(x, more, out=squares)
    error = np.subtract(angle, x, out=x)  # of that sum's rounding; subtracted, zeros keep their signs
    error -= more
    y = np.tanh(angle, out=angle)
    slope = np.multiply(y, y, out=more)
    error *= np.subtract(1, slope, out=slope)
    y -= error
    return y


_erf_of_special = in_parts(lambda k, x: k.special.erf(x))


@in_float32
def _erf(k: Any, x: Any) -> Any:
    by_tanh = x.size >= _PASSES_PAY and k.xp is np and x.dtype == np.float32
    return k.cast((_erf_by_tanh if by_tanh else _erf_of_special)(k, x), x.dtype)


Erf = unary_op("Erf", _erf, lambda op, g: g * (2 / math.sqrt(math.pi)) * exp(-square(op.inputs[0])))
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


@also_of_sparse
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

Floor = unary_op("Floor", lambda k, x: k.xp.floor(x), not_differentiable)
Ceil = unary_op("Ceil", lambda k, x: k.xp.ceil(x), not_differentiable)
Round = unary_op("Round", lambda k, x: k.xp.rint(x), not_differentiable)
Rint = unary_op("Rint", lambda k, x: k.xp.rint(x), not_differentiable)


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
        low, high = _bounds_within(value.dtype, target)
        clamped = ClipByValue(value, constant(low, value.dtype), constant(high, value.dtype), name="clamp")
        return cast(clamped, target, name=scope)


def _bounds_within(source: DType, target: DType) -> tuple[Any, Any]:
    """The least and the greatest number of `source` that `target` can hold; rounding must not carry them outside."""
    low = max(_python_number(source.min), _python_number(target.min))
    high = min(_python_number(source.max), _python_number(target.max))
    bounds = []
    for bound in (low, high):
        nearest = source.as_numpy_dtype(bound)
        if not low <= _python_number(nearest) <= high:
            nearest = np.nextafter(nearest, source.as_numpy_dtype(0))
        bounds.append(nearest)
    return bounds[0], bounds[1]


def _python_number(value: Any) -> int | float:
    """A NumPy number as Python's, which compares integers and floats exactly."""
    return int(value) if isinstance(value, (int, np.integer)) else float(value)


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


# -- products of vectors ------------------------------------------------------------------------------------------


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
    types={"T": REALS},
)


def cross(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The vector product of two tensors of one shape whose last dimension is 3."""
    return Cross(a, b, name=name)


__all__ = [
    *arithmetic.__all__,
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "check_numerics", "cos",
    "cosh", "cross", "digamma", "div_no_nan", "divide_no_nan", "erf", "erfc", "erfinv", "exp", "expm1", "floor",
    "is_finite", "is_inf", "is_nan", "lgamma", "log", "log1p", "log_sigmoid", "multiply_no_nan",
    "polygamma", "pow", "reciprocal", "rint", "round", "rsqrt", "saturate_cast", "sigmoid", "sin", "sinh",
    "sqrt", "square", "squared_difference", "tan", "tanh", "to_bfloat16", "to_double", "to_float", "to_int32",
    "to_int64", "verify_tensor_all_finite", "xdivy", "xlogy",
]  # fmt: skip
