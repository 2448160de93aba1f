"""Normal, Laplace, Student's t and uniform distributions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine.build import constant, convert_to_tensor
from ...engine.dtypes import float32, float64, int32
from ...engine.graph import Tensor, control_dependencies, op_scope
from ...engine.ops.array import concat
from ...engine.ops.basic import broadcast_to, expand_dims, identity, ones, ones_like, shape, zeros_like
from ...engine.ops.checks import assert_less
from ...engine.ops.math import (
    abs,
    digamma,
    erf,
    erfc,
    exp,
    greater,
    greater_equal,
    is_nan,
    less,
    lgamma,
    log,
    log1p,
    logical_or,
    maximum,
    minimum,
    rsqrt,
    sign,
    square,
    squared_difference,
    where,
    where_v2,
)
from ...engine.ops.random import random_normal, random_uniform
from ...engine.ops.rearranging import broadcast_dynamic_shape, broadcast_static_shape
from ...engine.ops.rejection import random_gamma
from ...engine.ops.special import betainc, lbeta, ndtri
from ...engine.shapes import TensorShape
from .base import (
    FULLY_REPARAMETERIZED,
    Distribution,
    RegisterKL,
    check_floats,
    keeps_arguments,
    new_seed,
    parameter,
    positive,
    where_defined,
)

# Beyond these the logarithm of the normal integral is taken from its series, or from the other end, by dtype.
_LOWEST, _HIGHEST = {float32: -10.0, float64: -20.0}, {float32: 5.0, float64: 8.0}


def ndtr(x: Tensor) -> Tensor:
    """The integral of the standard normal density from -infinity to x, exact where it is small."""
    with op_scope("ndtr", values=[x]):
        half = constant(math.sqrt(0.5), x.dtype, name="half_sqrt_2")
        scaled = x * half
        size = abs(scaled)
        near = less(size, half), 1.0 + erf(scaled)
        return 0.5 * where_v2(*near, where_v2(greater(scaled, 0.0), 2.0 - erfc(size), erfc(size)))


def log_ndtr(x: Tensor, terms: int = 3) -> Tensor:
    """log(ndtr(x)), which neither underflows nor loses digits; below _LOWEST by its asymptotic series."""
    lowest, highest = _LOWEST.get(x.dtype, -10.0), _HIGHEST.get(x.dtype, 5.0)
    low, middle = minimum(x, lowest), maximum(x, lowest)
    return where(
        greater(x, highest),
        -ndtr(-x),
        where(greater(x, lowest), log(ndtr(middle)), _log_ndtr_of_a_tail(low, terms)),
    )


def _log_ndtr_of_a_tail(x: Tensor, terms: int) -> Tensor:
    series, odds = ones_like(x), 1.0
    for n in range(1, terms + 1):
        odds *= 2 * n - 1
        series += (-1) ** n * odds / x ** (2.0 * n)
    return -0.5 * square(x) - log(-x) - 0.5 * math.log(2 * math.pi) + log(series)


class _LocationScale(Distribution):
    """Distributions of a number, of a place `loc` and a width `scale`."""

    def __init__(self, loc: Any, scale: Any, validate_args: bool, allow_nan_stats: bool, name: str) -> None:
        with op_scope(name, values=[loc, scale]) as scope, positive(validate_args, scale):
            self._loc, self._scale = parameter(loc, "loc"), parameter(scale, "scale")
            check_floats(self._loc, self._scale)
        super().__init__(
            self._scale.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            self.given,
            [self._loc, self._scale],
            scope,
        )

    loc = property(lambda self: self._loc)
    scale = property(lambda self: self._scale)

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        sizes = convert_to_tensor(sample_shape, int32)
        return {"loc": sizes, "scale": sizes}

    def _batch_shape_tensor(self) -> Tensor:
        return broadcast_dynamic_shape(shape(self._loc), shape(self._scale))

    def _batch_shape(self) -> TensorShape:
        return broadcast_static_shape(self._loc.shape, self._scale.shape)

    def _z(self, x: Tensor) -> Tensor:
        with op_scope("standardize", values=[x]):
            return (x - self._loc) / self._scale

    def _mean(self) -> Tensor:
        return self._loc * ones_like(self._scale)

    def _mode(self) -> Tensor:
        return self._mean()


class Normal(_LocationScale):
    """The normal distribution of mean `loc` and standard deviation `scale`, which broadcast."""

    @keeps_arguments
    def __init__(
        self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Normal"
    ) -> None:
        super().__init__(loc, scale, validate_args, allow_nan_stats, name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        sizes = concat([[n], self.batch_shape_tensor()], 0)
        return random_normal(sizes, mean=0.0, stddev=1.0, dtype=self.dtype, seed=seed) * self._scale + self._loc

    def _log_prob(self, x: Tensor) -> Tensor:
        return -0.5 * square(self._z(x)) - (0.5 * math.log(2 * math.pi) + log(self._scale))

    def _cdf(self, x: Tensor) -> Tensor:
        return ndtr(self._z(x))

    def _log_cdf(self, x: Tensor) -> Tensor:
        return log_ndtr(self._z(x))

    def _survival_function(self, x: Tensor) -> Tensor:
        return ndtr(-self._z(x))

    def _log_survival_function(self, x: Tensor) -> Tensor:
        return log_ndtr(-self._z(x))

    def _quantile(self, p: Tensor) -> Tensor:
        return ndtri(p) * self._scale + self._loc

    def _entropy(self) -> Tensor:
        return 0.5 * math.log(2 * math.pi * math.e) + log(self._scale * ones_like(self._loc))

    def _stddev(self) -> Tensor:
        return self._scale * ones_like(self._loc)


@RegisterKL(Normal, Normal)
def _normals(a: Normal, b: Normal, name: str | None = None) -> Tensor:
    with op_scope(name, "kl_normal_normal", [a.loc, b.loc]):
        one, two, half = (constant(value, a.dtype) for value in (1, 2.0, 0.5))
        widths = square(a.scale), square(b.scale)
        ratio = widths[0] / widths[1]
        return squared_difference(a.loc, b.loc) / (two * widths[1]) + half * (ratio - one - log(ratio))


class Laplace(_LocationScale):
    """The Laplace distribution, of density exp(-abs(x - loc) / scale) / (2 scale)."""

    @keeps_arguments
    def __init__(
        self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Laplace"
    ) -> None:
        super().__init__(loc, scale, validate_args, allow_nan_stats, name)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        sizes = concat([[n], self.batch_shape_tensor()], 0)
        dtype = self.dtype.as_numpy_dtype  # from above -1, whose logarithm is not finite
        drawn = random_uniform(sizes, np.nextafter(dtype(-1.0), dtype(0.0)), 1.0, self.dtype, seed)
        return self._loc - self._scale * sign(drawn) * log1p(-abs(drawn))

    def _log_prob(self, x: Tensor) -> Tensor:
        return -abs(self._z(x)) - (math.log(2.0) + log(self._scale))

    def _cdf(self, x: Tensor) -> Tensor:
        z = self._z(x)
        return 0.5 + 0.5 * sign(z) * (1.0 - exp(-abs(z)))

    def _log_cdf(self, x: Tensor) -> Tensor:
        return _log_cdf_of_laplace(self._z(x))

    def _log_survival_function(self, x: Tensor) -> Tensor:
        return _log_cdf_of_laplace(-self._z(x))

    def _entropy(self) -> Tensor:
        return math.log(2.0) + 1.0 + log(self._scale + zeros_like(self._loc))

    def _stddev(self) -> Tensor:
        return math.sqrt(2.0) * (self._scale + zeros_like(self._loc))


def _log_cdf_of_laplace(z: Tensor) -> Tensor:
    below = -math.log(2.0) + z
    return where(less(z, 0), below, log1p(-0.5 * exp(-abs(z))))


class StudentT(Distribution):
    """Student's t distribution of `df` degrees of freedom, at `loc`, `scale` wide; the three broadcast."""

    @keeps_arguments
    def __init__(
        self, df: Any, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "StudentT",
    ) -> None:  # fmt: skip
        with op_scope(name, values=[df, loc, scale]) as scope, positive(validate_args, df, scale):
            self._df, self._loc = parameter(df, "df"), parameter(loc, "loc")
            self._scale = parameter(scale, "scale")
            check_floats(self._df, self._loc, self._scale)
        super().__init__(
            self._scale.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            self.given,
            [self._df, self._loc, self._scale],
            scope,
        )

    df = property(lambda self: self._df)
    loc = property(lambda self: self._loc)
    scale = property(lambda self: self._scale)

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return dict.fromkeys(("df", "loc", "scale"), convert_to_tensor(sample_shape, int32))

    def _batch_shape_tensor(self) -> Tensor:
        return broadcast_dynamic_shape(shape(self._df), broadcast_dynamic_shape(shape(self._loc), shape(self._scale)))

    def _batch_shape(self) -> TensorShape:
        of_two = broadcast_static_shape(self._df.shape, self._loc.shape)
        return broadcast_static_shape(of_two, self._scale.shape)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        """A normal number over the root of a chi-squared one divided by its degrees of freedom."""
        sizes = concat([[n], self.batch_shape_tensor()], 0)
        normal = random_normal(sizes, dtype=self.dtype, seed=seed)
        df = self._df * ones(self.batch_shape_tensor(), self.dtype)
        gamma = random_gamma([n], 0.5 * df, beta=0.5, dtype=self.dtype, seed=new_seed(seed, "student_t"))
        return normal * rsqrt(gamma / df) * self._scale + self._loc

    def _log_prob(self, x: Tensor) -> Tensor:
        y = (x - self._loc) / self._scale
        normalization = (
            log(abs(self._scale))
            + 0.5 * log(self._df)
            + 0.5 * math.log(math.pi)
            + lgamma(0.5 * self._df)
            - lgamma(0.5 * (self._df + 1.0))
        )
        return -0.5 * (self._df + 1.0) * log1p(square(y) / self._df) - normalization

    def _cdf(self, x: Tensor) -> Tensor:
        y = (x - self._loc) / abs(self._scale)
        share = self._df / (square(y) + self._df)
        below = 0.5 * betainc(0.5 * broadcast_to(self._df, shape(share)), 0.5, share)
        return where(less(y, 0.0), below, 1.0 - below)

    def _entropy(self) -> Tensor:
        half, one_more = 0.5 * self._df, 0.5 * (self._df + 1.0)
        halves = concat([expand_dims(half, -1), 0.5 * ones_like(expand_dims(half, -1))], -1)
        own = 0.5 * log(self._df) + lbeta(halves) + one_more * (digamma(one_more) - digamma(half))
        return log(abs(self._scale) * ones_like(self._loc)) + own

    def _mean(self) -> Tensor:
        mean = self._loc * ones(self.batch_shape_tensor(), self.dtype)
        return where_defined(self, greater(self._df, 1.0), mean, "mean not defined for components of df <= 1")

    def _variance(self) -> Tensor:
        rest = where(greater(self._df, 2.0), self._df - 2.0, ones_like(self._df))
        variance = ones(self.batch_shape_tensor(), self.dtype) * square(self._scale) * self._df / rest
        variance = where_v2(greater(self._df, 2.0), variance, np.array(np.inf, self.dtype.as_numpy_dtype))
        return where_defined(self, greater(self._df, 1.0), variance, "variance not defined for components of df <= 1")

    def _mode(self) -> Tensor:
        return identity(self._loc)


class Uniform(Distribution):
    """The uniform distribution on [low, high), which broadcast."""

    @keeps_arguments
    def __init__(
        self, low: Any = 0.0, high: Any = 1.0, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "Uniform",
    ) -> None:  # fmt: skip
        with op_scope(name, values=[low, high]) as scope:
            checks = [assert_less(low, high, message="uniform not defined when low >= high.")] if validate_args else []
            with control_dependencies(checks):
                self._low, self._high = parameter(low, "low"), parameter(high, "high")
                check_floats(self._low, self._high)
        super().__init__(
            self._low.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            self.given,
            [self._low, self._high],
            scope,
        )

    low = property(lambda self: self._low)
    high = property(lambda self: self._high)

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return dict.fromkeys(("low", "high"), convert_to_tensor(sample_shape, int32))

    def range(self, name: str = "range") -> Tensor:
        """high - low."""
        with self._scope(name):
            return self._high - self._low

    def _batch_shape_tensor(self) -> Tensor:
        return broadcast_dynamic_shape(shape(self._low), shape(self._high))

    def _batch_shape(self) -> TensorShape:
        return broadcast_static_shape(self._low.shape, self._high.shape)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        sizes = concat([[n], self.batch_shape_tensor()], 0)
        return self._low + self.range() * random_uniform(sizes, dtype=self.dtype, seed=seed)

    def _prob(self, x: Tensor) -> Tensor:
        x = x * ones(self.batch_shape_tensor(), x.dtype)
        outside = logical_or(less(x, self._low), greater_equal(x, self._high))
        return where_v2(is_nan(x), x, where_v2(outside, zeros_like(x), ones_like(x) / self.range()))

    def _cdf(self, x: Tensor) -> Tensor:
        x = x * ones(self.batch_shape_tensor(), x.dtype)
        below, above = less(x, self._low), greater_equal(x, self._high)
        return where(below, zeros_like(x), where(above, ones_like(x), (x - self._low) / self.range()))

    def _quantile(self, p: Tensor) -> Tensor:
        return self._low + self.range() * p

    def _entropy(self) -> Tensor:
        return log(self.range())

    def _mean(self) -> Tensor:
        return (self._low + self._high) / 2.0

    def _variance(self) -> Tensor:
        return square(self.range()) / 12.0

    def _stddev(self) -> Tensor:
        return self.range() / math.sqrt(12.0)


__all__ = ["Laplace", "Normal", "StudentT", "Uniform"]
