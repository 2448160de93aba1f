"""Random gamma and Poisson numbers: drawn until one fits, each output from blocks of its own in the stream."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...kernels.arrays import elementwise
from ...kernels.backend import get_backend
from ...kernels.philox import BLOCKS_PER_OUTPUT, SMALLEST_64, seed_words, stream_block, uniform_float64
from ..build import convert_to_tensor
from ..dtypes import FLOATS, as_dtype, float32, int32, int64
from ..graph import Operation, Tensor, op_scope
from ..registry import Rule, define, no_gradient, not_differentiable
from ..shapes import TensorShape
from ..static import constant_value_as_shape
from .arithmetic import binary_op, in_float32
from .basic import broadcast_to, sum_like
from .basic import shape as shape_of
from .math import divide, maximum
from .random import seed_attributes, shape_tensor, stream_of
from .rearranging import broadcast_dynamic_shape
from .special import shape_step, slope

Array = Any  # numpy.ndarray or cupy.ndarray


class _Lanes:
    """A stream for each of `count` outputs; all methods take the numbers of the outputs that are to draw."""

    def __init__(self, seed: tuple[int, int], first_block: int, count: int) -> None:
        self._words = seed_words(seed)
        self._block = np.uint64(first_block) + np.uint64(BLOCKS_PER_OUTPUT) * np.arange(count, dtype=np.uint64)
        self._drawn = {draw: (np.zeros((count, 2)), np.zeros(count, np.int8)) for draw in (_two_uniforms, _two_normals)}

    def uniforms(self, lanes: np.ndarray) -> np.ndarray:
        """float64 of [0, 1)."""
        return self._next(_two_uniforms, lanes)

    def normals(self, lanes: np.ndarray) -> np.ndarray:
        """float64, standard normal."""
        return self._next(_two_normals, lanes)

    def _next(self, draw: Callable, lanes: np.ndarray) -> np.ndarray:
        """A block makes two numbers, of which the second is taken first."""
        numbers, left = self._drawn[draw]
        empty = lanes[left[lanes] == 0]
        if empty.size:
            numbers[empty] = np.stack(draw(*stream_block(self._block[empty], *self._words)), axis=1)
            self._block[empty] += np.uint64(1)
            left[empty] = 2
        left[lanes] -= 1
        return numbers[lanes, left[lanes]]


def _two_uniforms(w0: Array, w1: Array, w2: Array, w3: Array) -> tuple[Array, Array]:
    return elementwise(uniform_float64, w0, w1), elementwise(uniform_float64, w2, w3)


def _two_normals(w0: Array, w1: Array, w2: Array, w3: Array) -> tuple[Array, Array]:
    first, second = _two_uniforms(w0, w1, w2, w3)
    radius, angle = np.sqrt(-2 * np.log(np.maximum(first, SMALLEST_64))), 2 * math.pi * second
    return np.sin(angle) * radius, np.cos(angle) * radius


def _bind_drawn(draw: Callable[[_Lanes, np.ndarray], np.ndarray]) -> Rule:
    """The binding of an op that draws `shape` numbers for each of its parameters, in the host's memory."""

    def bind(op: Operation, k: Any, session: Any, donated: frozenset[int]) -> Callable[[np.ndarray, np.ndarray], Array]:
        seed, dtype = stream_of(op, session), op.outputs[0].dtype.numpy

        def run(shape: np.ndarray, parameters: np.ndarray) -> Array:
            sizes = tuple(int(d) for d in shape)
            each = math.prod(sizes)
            spread = np.repeat(parameters.astype(np.float64).reshape(-1), each)
            block = session.next_in_stream(op, BLOCKS_PER_OUTPUT * spread.size)
            with np.errstate(all="ignore"):
                drawn = draw(_Lanes(seed, block, spread.size), spread).astype(dtype)
            drawn = drawn.reshape(parameters.size, each).T.reshape((*sizes, *parameters.shape))
            return k.asarray(np.array(drawn, order="C"))

        return run

    return bind


def _drawn_shape(shape: Tensor, parameters: Tensor, **_: Any) -> TensorShape:
    return constant_value_as_shape(shape).concatenate(parameters.shape)


# -- gamma ----------------------------------------------------------------------------------------------------------


def _gammas(lanes: _Lanes, alpha: np.ndarray) -> np.ndarray:
    """One number of each shape `alpha` [n], by G. Marsaglia and W. Tsang, A simple method for generating gamma
    variables (2000); below 1 by a power of a uniform number times one of shape alpha + 1.
    """
    result = np.empty(alpha.shape)
    exponential = np.flatnonzero(alpha == 1)
    result[exponential] = -np.log1p(-lanes.uniforms(exponential))
    waiting = np.flatnonzero(alpha != 1)
    below = alpha < 1
    d = alpha + np.where(below, 2 / 3, -1 / 3)
    c = 1 / 3 / np.sqrt(d)
    while waiting.size:
        x = lanes.normals(waiting)
        v = 1 + c[waiting] * x
        fits = ~(v <= 0)
        trying, x, v = waiting[fits], x[fits], v[fits] ** 3
        u = lanes.uniforms(trying)
        taken = (u < 1 - 0.0331 * (x * x) * (x * x)) | (np.log(u) < 0.5 * x * x + d[trying] * (1 - v + np.log(v)))
        taken |= np.isnan(v)  # of a NaN comes a NaN
        done = trying[taken]
        result[done] = d[done] * v[taken]
        small = done[below[done]]
        result[small] *= lanes.uniforms(small) ** (1 / alpha[small])
        waiting = np.setdiff1d(waiting, done, assume_unique=True)
    return result


def _gamma_slope(k: Any, alpha: Array, sample: Array) -> Array:
    """How a gamma number changes with its shape while its place among all (its quantile) stays the same."""
    a, x = k.xp.broadcast_arrays(k.cast(alpha, np.float64), k.cast(sample, np.float64))
    step, special = shape_step(k, a), k.special
    lower, upper = special.gammainc(a, x), special.gammaincc(a, x)
    from_below = slope(lambda at: special.gammaincinv(at, lower), a, step)
    return k.cast(
        k.xp.where(lower < 0.5, from_below, slope(lambda at: special.gammainccinv(at, upper), a, step)), sample.dtype
    )


RandomGammaGrad = binary_op(
    "RandomGammaGrad", in_float32(_gamma_slope), no_gradient("it is had by differences"), FLOATS
)

RandomGamma = define(
    "RandomGamma",
    "shape:I, alpha:T -> output:T",
    shape=_drawn_shape,
    bind=_bind_drawn(_gammas),
    grad=lambda op, g: [None, sum_like(g * RandomGammaGrad(op.inputs[1], op.outputs[0]), op.inputs[1])],
    types={"T": FLOATS},
    host=["shape", "alpha"],
)


def random_gamma(
    shape: Any, alpha: Any, beta: Any = None, dtype: Any = float32, seed: int | None = None, name: str | None = None
) -> Tensor:
    """shape + [...]: samples of gamma distributions of shape `alpha` and rate `beta` (1 by default).

    Args:
        shape: how many of each, an integer vector.
        alpha, beta: positive, they broadcast to [...]; the gradient flows to both (M. Figurnov et al., Implicit
            reparameterization gradients, arXiv:1805.08498).

    The same seeds give TensorFlow's own values, but for a last digit.
    """
    with op_scope(name, "random_gamma", [shape, alpha, beta]):
        sizes = convert_to_tensor(shape_tensor(shape), int32)
        alpha = convert_to_tensor(alpha, dtype, name="alpha")
        beta = convert_to_tensor(1 if beta is None else beta, dtype, name="beta")
        both = broadcast_to(alpha, broadcast_dynamic_shape(shape_of(alpha), shape_of(beta)))
        drawn = RandomGamma(sizes, both, **seed_attributes(seed))
        return maximum(np.finfo(alpha.dtype.as_numpy_dtype).tiny, divide(drawn, beta))


# -- Poisson --------------------------------------------------------------------------------------------------------


def _counts(lanes: _Lanes, rate: np.ndarray) -> np.ndarray:
    """One number of each rate [n]; NaN for a rate that is none."""
    result = np.full(rate.shape, np.nan)
    few, many = np.flatnonzero((rate >= 0) & (rate < 10)), np.flatnonzero(np.isfinite(rate) & (rate >= 10))
    result[few] = _few(lanes, few, rate)
    result[many] = _many(lanes, many, rate)
    return result


def _few(lanes: _Lanes, which: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Knuth's way: events as long as the product of uniform numbers, a time between each, stays above exp(-rate)."""
    product, count = np.ones(rate.shape), np.zeros(rate.shape)
    limit, waiting = np.exp(-rate), which
    while waiting.size:
        product[waiting] *= lanes.uniforms(waiting)
        waiting = waiting[product[waiting] > limit[waiting]]
        count[waiting] += 1
    return count[which]


def _many(lanes: _Lanes, which: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """W. Hörmann, The transformed rejection method for generating Poisson random variables (1993): PTRS."""
    gammaln = get_backend("cpu").special.gammaln
    count, waiting = np.zeros(rate.shape), which
    b = 0.931 + 2.53 * np.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    while waiting.size:
        u, v = lanes.uniforms(waiting) - 0.5, lanes.uniforms(waiting)
        mean, a_w, b_w = rate[waiting], a[waiting], b[waiting]
        from_edge = 0.5 - np.abs(u)
        drawn = np.floor((2 * a_w / from_edge + b_w) * u + mean + 0.43)
        at_once = (from_edge >= 0.07) & (v <= 0.9277 - 3.6224 / (b_w - 2))
        never = (drawn < 0) | ((from_edge < 0.013) & (v > from_edge))
        height = np.log(v * inverse_alpha[waiting] / (a_w / (from_edge * from_edge) + b_w))
        below = height <= -mean + drawn * np.log(mean) - gammaln(drawn + 1)
        taken = at_once | (~never & below)
        count[waiting[taken]] = drawn[taken]
        waiting = waiting[~taken]
    return count[which]


RandomPoissonV2 = define(
    "RandomPoissonV2",
    "shape:I, rate:R -> output:dtype",
    shape=_drawn_shape,
    bind=_bind_drawn(_counts),
    grad=not_differentiable,
    types={"R": (*FLOATS, int32, int64)},
    host=["shape", "rate"],
)


def random_poisson(
    lam: Any, shape: Any, dtype: Any = float32, seed: int | None = None, name: str | None = None
) -> Tensor:
    """shape + lam.shape: samples of Poisson distributions of the rates `lam`, as floats, int32 or int64.

    The same seeds give TensorFlow's own values. No gradient flows back.
    """
    dtype = as_dtype(dtype)
    if dtype not in (*FLOATS, int32, int64):
        raise TypeError(f"Value passed to parameter 'dtype' has DataType {dtype.name}, which no Poisson numbers have")
    with op_scope(name, "random_poisson", [lam, shape]):
        sizes = convert_to_tensor(shape_tensor(shape), int32)
        return RandomPoissonV2(sizes, lam, dtype=dtype, **seed_attributes(seed))


__all__ = ["random_gamma", "random_poisson"]
