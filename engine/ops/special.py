"""Special functions beyond those of `math`: incomplete gamma and beta integrals, Bessel functions, quantiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import dtypes
from ..build import convert_to_tensor
from ..dtypes import FLOATS
from ..graph import Operation, Tensor, op_scope
from ..registry import OpDef, Rule, define, no_gradient
from ..shapes import TensorShape
from .arithmetic import binary_op, in_float32, merge_shapes, unary_op
from .basic import cast, sum_like
from .math import div_no_nan, exp, lgamma, log, log1p, maximum, multiply, not_equal, sign, square, xdivy
from .reduce import reduce_sum

Array = Any  # numpy.ndarray or cupy.ndarray


def _named(function: str) -> Rule:
    """The kernel that is a function of the array library's `special`, in the dtype of its first argument."""
    return in_float32(lambda k, x, *more: k.cast(getattr(k.special, function)(x, *more), x.dtype))


# -- incomplete gamma functions -------------------------------------------------------------------------------------


def slope(function: Any, at: Array, step: Array) -> Array:
    """The derivative of a function by five points, each a step from the next: its error is as the step's power 4."""
    near = function(at + step) - function(at - step)
    far = function(at + 2 * step) - function(at - 2 * step)
    return (8 * near - far) / (12 * step)


def shape_step(k: Any, a: Array) -> Array:
    """A step for `slope` that is small beside what a gamma distribution of shape `a` changes over."""
    return 5e-3 * k.xp.minimum(a, k.xp.sqrt(a))


def _igamma_by_a(k: Any, a: Array, x: Array) -> Array:
    wide, dtype = k.cast(a, "float64"), a.dtype
    return k.cast(slope(lambda at: k.special.gammainc(at, k.cast(x, "float64")), wide, shape_step(k, wide)), dtype)


IgammaGradA = binary_op(
    "IgammaGradA", _igamma_by_a, no_gradient("the derivative is by differences; TensorFlow defines none"), FLOATS
)


def _igamma_gradient(op: Operation, g: Tensor) -> list:
    a, x = op.inputs
    density = exp(-x + (a - 1) * log(x) - lgamma(a))
    return [sum_like(g * IgammaGradA(a, x), a), sum_like(g * density, x)]


Igamma = binary_op("Igamma", _named("gammainc"), _igamma_gradient, FLOATS)
Igammac = binary_op("Igammac", _named("gammaincc"), lambda op, g: [-part for part in _igamma_gradient(op, g)], FLOATS)


def igamma(a: Any, x: Any, name: str | None = None) -> Tensor:
    """The regularized lower incomplete gamma function P(a, x), with broadcasting.

    It is the integral of exp(-t) t^(a - 1) from 0 to x over Gamma(a). The gradient by `a` has none itself.
    """
    return Igamma(a, x, name=name)


def igammac(a: Any, x: Any, name: str | None = None) -> Tensor:
    """1 - igamma(a, x), exact where that is small."""
    return Igammac(a, x, name=name)


# -- beta functions -------------------------------------------------------------------------------------------------


def _of_alike(*inputs: Tensor) -> TensorShape:
    """The shape that all inputs have, but for scalars. Raises ValueError where they differ."""
    shape = TensorShape([])
    for x in inputs:
        if x.shape.sizes != ():
            shape = x.shape if shape.sizes == () else merge_shapes(shape, x.shape)
    return shape


def _betainc_gradient(op: Operation, g: Tensor) -> list:
    a, b, x = op.inputs
    log_beta = lgamma(a) + lgamma(b) - lgamma(a + b)
    return [None, None, sum_like(g * exp((b - 1) * log1p(-x) + (a - 1) * log(x) - log_beta), x)]


Betainc = define(
    "Betainc",
    "a:T, b:T, x:T -> z:T",
    shape=_of_alike,
    kernel=_named("betainc"),
    grad=_betainc_gradient,
    types={"T": FLOATS},
)


def betainc(a: Any, b: Any, x: Any, name: str | None = None) -> Tensor:
    """The regularized incomplete beta integral of t^(a - 1) (1 - t)^(b - 1) from 0 to x; no gradient by a and b.

    The three have one shape, but for scalars.
    """
    return Betainc(a, b, x, name=name)


def lbeta(x: Any, name: str | None = None) -> Tensor:
    """log(abs(Beta(x))) over the last dimension: the sum of lgamma(x_i) less lgamma of the sum."""
    with op_scope(name, "lbeta", [x]):
        x = convert_to_tensor(x, name="x")
        return reduce_sum(lgamma(x), axis=[-1]) - lgamma(reduce_sum(x, axis=[-1]))


# -- other functions ------------------------------------------------------------------------------------------------

Zeta = binary_op(
    "Zeta",
    _named("zeta"),
    lambda op, g: [None, sum_like(g * -op.inputs[0] * zeta(op.inputs[0] + 1, op.inputs[1]), op.inputs[1])],
    FLOATS,
)
Ndtri = unary_op("Ndtri", _named("ndtri"), lambda op, g: g * math.sqrt(2 * math.pi) * exp(square(op.outputs[0]) / 2))


def _x_log_1p_y_gradient(op: Operation, g: Tensor) -> list:
    x, y = op.inputs
    one = cast(not_equal(x, 0), x.dtype)
    return [sum_like(g * xlog1py(one, y), x), sum_like(g * xdivy(x, y + 1), y)]


Xlog1py = binary_op(
    "Xlog1py",
    lambda k, x, y: k.xp.where(x == 0, k.xp.zeros((), y.dtype), x * k.xp.log1p(y)),
    _x_log_1p_y_gradient,
    FLOATS,
)

NextAfter = binary_op(
    "NextAfter",
    lambda k, x, y: k.xp.nextafter(x, y),
    lambda op, g: [sum_like(g, op.inputs[0]), sum_like(g * 0, op.inputs[1])],
    (dtypes.float32, dtypes.float64),
)


def zeta(x: Any, q: Any, name: str | None = None) -> Tensor:
    """The Hurwitz zeta function, the sum of (q + n)^-x over n = 0, 1, 2, …; no gradient by x."""
    return Zeta(x, q, name=name)


def ndtri(x: Any, name: str | None = None) -> Tensor:
    """The quantile of the standard normal distribution: where its integral from -infinity is x."""
    with op_scope(name, "ndtri", [x]):
        return Ndtri(x)


def erfcinv(x: Any, name: str | None = None) -> Tensor:
    """The number whose complementary error function is x."""
    with op_scope(name, "erfcinv", [x]):
        x = convert_to_tensor(x, name="start")
        return -ndtri(0.5 * x) * math.sqrt(0.5)


def xlog1py(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x * log1p(y), and 0 where x is 0."""
    with op_scope(name, "xlog1py", [x]):
        return Xlog1py(x, y)


def nextafter(x1: Any, x2: Any, name: str | None = None) -> Tensor:
    """The float next to x1 on the way to x2, with broadcasting; float32 or float64."""
    return NextAfter(x1, x2, name=name)


def reciprocal_no_nan(x: Any, name: str | None = None) -> Tensor:
    """1 / x, and 0 where x is 0."""
    with op_scope(name, "reciprocal_no_nan", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return div_no_nan(1.0, x, name=scope)


def polyval(coeffs: Sequence[Any], x: Any, name: str | None = None) -> Tensor:
    """coeffs[0] x^(n-1) + … + coeffs[n-1], by Horner's rule; 0 for no coefficients. Raises ValueError for no list."""
    if not isinstance(coeffs, list):
        raise ValueError(f"Argument coeffs must be list type. Received type {type(coeffs)}.")
    with op_scope(name, "polyval", [*coeffs, x]) as scope:
        x = convert_to_tensor(x, name="x")
        if not coeffs:
            return multiply(x, 0, name=scope)
        terms = [convert_to_tensor(coefficient, name=f"coeff_{i}") for i, coefficient in enumerate(coeffs)]
        value = terms[0]
        for term in terms[1:]:
            value = term + value * x
        return value


# -- cumulative log-sum-exp ------------------------------------------------------------------------------------------


def _running(k: Any, x: Array, axis: Array, exclusive: bool, reverse: bool) -> Array:
    """The scan of Hillis and Steele (1986): after n steps each element holds what the 2^n up to it add up to."""
    y = k.xp.moveaxis(x, int(axis), 0)
    y = y[::-1] if reverse else y
    if exclusive and len(y):
        y = k.xp.concatenate([k.xp.full_like(y[:1], -math.inf), y[:-1]])
    step = 1
    while step < len(y):
        y = k.xp.concatenate([y[:step], k.xp.logaddexp(y[step:], y[:-step])])
        step *= 2
    return k.xp.array(k.xp.moveaxis(y[::-1] if reverse else y, 0, int(axis)), order="C")


def _running_gradient(op: Operation, g: Tensor) -> list:
    """Of y = log sum exp x: dx = exp(x) times the sum of dy exp(-y) over the y that x is in, in logarithms."""
    x, axis = op.inputs
    back = op.attrs | {"reverse": not op.attrs["reverse"]}

    def part(positive: Tensor) -> Tensor:
        return exp(x + CumulativeLogsumexp(log(positive) - op.outputs[0], axis, **back))

    return [part(maximum(g, 0)) - part(maximum(-g, 0)), None]


CumulativeLogsumexp: OpDef = define(
    "CumulativeLogsumexp",
    "x:T, axis:I -> out:T",
    shape=lambda x, axis, **_: x.shape,
    kernel=in_float32(_running),
    grad=_running_gradient,
    types={"T": FLOATS},
    host=["axis"],
)


def cumulative_logsumexp(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """log(cumsum(exp(x))) along an axis, without overflow; `exclusive` and `reverse` as for `cumsum`.

    Of no elements it is -infinity. The gradient has none itself where it is zero.
    """
    with op_scope(name, "CumulativeLogsumexp", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return CumulativeLogsumexp(x, axis, exclusive=exclusive, reverse=reverse, name=scope)


# -- modified Bessel functions --------------------------------------------------------------------------------------


def _bessel(type: str, function: str, grad: Rule) -> OpDef:
    return unary_op(type, _named(function), grad)


def _first_order_slope(op: Operation, zeroth: Tensor) -> Tensor:
    """i1(x) / x subtracted from `zeroth`; at 0, where that is 1/2, half of `zeroth`."""
    x, y = op.inputs[0], op.outputs[0]
    at_zero = cast(not_equal(x, 0), x.dtype)
    return zeroth * (0.5 + 0.5 * at_zero) - div_no_nan(y, x)


BesselI0 = _bessel("BesselI0", "i0", lambda op, g: g * bessel_i1(op.inputs[0]))
BesselI0e = _bessel(
    "BesselI0e", "i0e", lambda op, g: g * (bessel_i1e(op.inputs[0]) - sign(op.inputs[0]) * op.outputs[0])
)
BesselI1 = _bessel("BesselI1", "i1", lambda op, g: g * _first_order_slope(op, bessel_i0(op.inputs[0])))
BesselI1e = _bessel(
    "BesselI1e",
    "i1e",
    lambda op, g: g * (_first_order_slope(op, bessel_i0e(op.inputs[0])) - sign(op.inputs[0]) * op.outputs[0]),
)


def bessel_i0(x: Any, name: str | None = None) -> Tensor:
    """The modified Bessel function of order 0."""
    with op_scope(name, "bessel_i0", [x]):
        return BesselI0(x)


def bessel_i0e(x: Any, name: str | None = None) -> Tensor:
    """exp(-abs(x)) bessel_i0(x)."""
    with op_scope(name, "bessel_i0e", [x]):
        return BesselI0e(x)


def bessel_i1(x: Any, name: str | None = None) -> Tensor:
    """The modified Bessel function of order 1."""
    with op_scope(name, "bessel_i1", [x]):
        return BesselI1(x)


def bessel_i1e(x: Any, name: str | None = None) -> Tensor:
    """exp(-abs(x)) bessel_i1(x)."""
    with op_scope(name, "bessel_i1e", [x]):
        return BesselI1e(x)


__all__ = [
    "bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e", "betainc", "cumulative_logsumexp", "erfcinv", "igamma",
    "igammac", "lbeta", "ndtri", "nextafter", "polyval", "reciprocal_no_nan", "xlog1py", "zeta",
]  # fmt: skip
