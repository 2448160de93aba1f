"""Distributions that gamma numbers make: gamma, exponential, beta and Dirichlet."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.build import convert_to_tensor
from ...engine.dtypes import int32
from ...engine.graph import Tensor, op_scope
from ...engine.ops.array import concat
from ...engine.ops.basic import cast, expand_dims, ones, ones_like, shape
from ...engine.ops.diagonals import matrix_set_diag
from ...engine.ops.linalg import matmul
from ...engine.ops.math import (
    digamma,
    greater,
    lgamma,
    log,
    logical_and,
    rsqrt,
    sqrt,
    square,
    xlogy,
)
from ...engine.ops.random import random_uniform
from ...engine.ops.rearranging import broadcast_dynamic_shape, broadcast_static_shape
from ...engine.ops.reduce import reduce_all, reduce_sum
from ...engine.ops.rejection import random_gamma
from ...engine.ops.special import betainc, igamma, lbeta, xlog1py
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


class _OfTwo(Distribution):
    """Distributions of a number, of two positive parameters that broadcast."""

    def __init__(
        self, first: tuple[str, Any], second: tuple[str, Any], validate_args: bool, allow_nan_stats: bool, name: str
    ) -> None:
        values = [first[1], second[1]]
        with op_scope(name, values=values) as scope, positive(validate_args, *values):
            self._parts = [parameter(value, label) for label, value in (first, second)]
            check_floats(*self._parts)
        super().__init__(
            self._parts[0].dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            self.given,
            self._parts,
            scope,
        )

    def _batch_shape_tensor(self) -> Tensor:
        return broadcast_dynamic_shape(*(shape(part) for part in self._parts))

    def _batch_shape(self) -> TensorShape:
        return broadcast_static_shape(*(part.shape for part in self._parts))


class Gamma(_OfTwo):
    """The gamma distribution of shape `concentration` and rate `rate`: its mean is the one over the other."""

    @keeps_arguments
    def __init__(
        self, concentration: Any, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "Gamma",
    ) -> None:  # fmt: skip
        super().__init__(("concentration", concentration), ("rate", rate), validate_args, allow_nan_stats, name)

    concentration = property(lambda self: self._parts[0])
    rate = property(lambda self: self._parts[1])

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return dict.fromkeys(("concentration", "rate"), convert_to_tensor(sample_shape, int32))

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return random_gamma([n], self.concentration, self.rate, self.dtype, seed)

    def _log_prob(self, x: Tensor) -> Tensor:
        density = xlogy(self.concentration - 1.0, x) - self.rate * x
        return density - (lgamma(self.concentration) - self.concentration * log(self.rate))

    def _cdf(self, x: Tensor) -> Tensor:
        return igamma(self.concentration, self.rate * x)

    def _entropy(self) -> Tensor:
        c = self.concentration
        return c - log(self.rate) + lgamma(c) + (1.0 - c) * digamma(c)

    def _mean(self) -> Tensor:
        return self.concentration / self.rate

    def _variance(self) -> Tensor:
        return self.concentration / square(self.rate)

    def _stddev(self) -> Tensor:
        return sqrt(self.concentration) / self.rate

    def _mode(self) -> Tensor:
        mode = (self.concentration - 1.0) / self.rate
        return where_defined(
            self, greater(self.concentration, 1.0), mode, "mode not defined when any concentration <= 1"
        )


@RegisterKL(Gamma, Gamma)
def _gammas(a: Gamma, b: Gamma, name: str | None = None) -> Tensor:
    with op_scope(name, "kl_gamma_gamma", [a.concentration, a.rate, b.concentration, b.rate]):
        return (
            (a.concentration - b.concentration) * digamma(a.concentration)
            + lgamma(b.concentration)
            - lgamma(a.concentration)
            + b.concentration * log(a.rate)
            - b.concentration * log(b.rate)
            + a.concentration * (b.rate / a.rate - 1.0)
        )


class Exponential(Gamma):
    """The exponential distribution of rate `rate`."""

    @keeps_arguments
    def __init__(
        self, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Exponential"
    ) -> None:
        with op_scope(name, values=[rate]) as scope:
            rate = convert_to_tensor(rate, name="rate")
        super().__init__(ones([], rate.dtype), rate, validate_args, allow_nan_stats, scope)

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return {"rate": convert_to_tensor(sample_shape, int32)}

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        """From above 0, whose logarithm is not finite."""
        sizes = concat([[n], shape(self.rate)], 0)
        tiny = np.finfo(self.dtype.as_numpy_dtype).tiny
        return -log(random_uniform(sizes, tiny, 1.0, self.dtype, seed)) / self.rate


class Beta(_OfTwo):
    """The beta distribution on (0, 1), of density as x^(concentration1 - 1) (1 - x)^(concentration0 - 1)."""

    @keeps_arguments
    def __init__(
        self, concentration1: Any = None, concentration0: Any = None, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "Beta",
    ) -> None:  # fmt: skip
        given = ("concentration1", concentration1), ("concentration0", concentration0)
        super().__init__(*given, validate_args, allow_nan_stats, name)

    concentration1 = property(lambda self: self._parts[0])
    concentration0 = property(lambda self: self._parts[1])

    @property
    def total_concentration(self) -> Tensor:
        return self.concentration1 + self.concentration0

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return dict.fromkeys(("concentration1", "concentration0"), convert_to_tensor(sample_shape, int32))

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        """A gamma number's share in the sum of two."""
        like = ones_like(self.total_concentration, dtype=self.dtype)
        first = random_gamma([n], self.concentration1 * like, dtype=self.dtype, seed=seed)
        second = random_gamma([n], self.concentration0 * like, dtype=self.dtype, seed=new_seed(seed, "beta"))
        return first / (first + second)

    def _log_prob(self, x: Tensor) -> Tensor:
        return xlogy(self.concentration1 - 1.0, x) + xlog1py(self.concentration0 - 1.0, -x) - self._log_beta()

    def _log_beta(self) -> Tensor:
        return lgamma(self.concentration1) + lgamma(self.concentration0) - lgamma(self.total_concentration)

    def _cdf(self, x: Tensor) -> Tensor:
        like = ones_like(self.total_concentration * x)
        return betainc(self.concentration1 * like, self.concentration0 * like, x * like)

    def _entropy(self) -> Tensor:
        return (
            self._log_beta()
            - (self.concentration1 - 1.0) * digamma(self.concentration1)
            - (self.concentration0 - 1.0) * digamma(self.concentration0)
            + (self.total_concentration - 2.0) * digamma(self.total_concentration)
        )

    def _mean(self) -> Tensor:
        return self.concentration1 / self.total_concentration

    def _variance(self) -> Tensor:
        mean = self._mean()
        return mean * (1.0 - mean) / (1.0 + self.total_concentration)

    def _mode(self) -> Tensor:
        mode = (self.concentration1 - 1.0) / (self.total_concentration - 2.0)
        defined = logical_and(greater(self.concentration1, 1.0), greater(self.concentration0, 1.0))
        return where_defined(self, defined, mode, "Mode undefined for a concentration <= 1.")


@RegisterKL(Beta, Beta)
def _betas(a: Beta, b: Beta, name: str | None = None) -> Tensor:
    with op_scope(name, "kl_beta_beta", [a.concentration1, b.concentration1]):
        return (
            b._log_beta()
            - a._log_beta()
            - digamma(a.concentration1) * (b.concentration1 - a.concentration1)
            - digamma(a.concentration0) * (b.concentration0 - a.concentration0)
            + digamma(a.total_concentration) * (b.total_concentration - a.total_concentration)
        )


class Concentrated(Distribution):
    """A distribution over k classes that knows their `concentration` [..., k], and its sum over them."""

    _concentration: Tensor
    _total_concentration: Tensor

    concentration = property(lambda self: self._concentration)
    total_concentration = property(lambda self: self._total_concentration)

    def _batch_shape_tensor(self) -> Tensor:
        return shape(self._total_concentration)

    def _batch_shape(self) -> TensorShape:
        return self._total_concentration.shape

    def _event_shape_tensor(self) -> Tensor:
        return shape(self._concentration)[-1:]

    def _event_shape(self) -> TensorShape:
        return self._concentration.shape.with_rank_at_least(1)[-1:]


class Dirichlet(Concentrated):
    """The Dirichlet distribution over k shares that sum to 1, for `concentration` [..., k]."""

    @keeps_arguments
    def __init__(
        self, concentration: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Dirichlet"
    ) -> None:
        with op_scope(name, values=[concentration]) as scope, positive(validate_args, concentration):
            self._concentration = convert_to_tensor(concentration, name="concentration")
            check_floats(self._concentration)
            self._total_concentration = reduce_sum(self._concentration, -1)
        super().__init__(
            self._concentration.dtype,
            FULLY_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            self.given,
            [self._concentration, self._total_concentration],
            scope,
        )

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        drawn = random_gamma([n], self._concentration, dtype=self.dtype, seed=seed)
        return drawn / reduce_sum(drawn, -1, keepdims=True)

    def _log_prob(self, x: Tensor) -> Tensor:
        return reduce_sum(xlogy(self._concentration - 1.0, x), -1) - lbeta(self._concentration)

    def _shares(self) -> Tensor:
        return cast(self.event_shape_tensor()[0], self.dtype)

    def _entropy(self) -> Tensor:
        own = reduce_sum((self._concentration - 1.0) * digamma(self._concentration), -1)
        rest = (self._total_concentration - self._shares()) * digamma(self._total_concentration)
        return lbeta(self._concentration) + rest - own

    def _mean(self) -> Tensor:
        return self._concentration / expand_dims(self._total_concentration, -1)

    def _scale(self) -> Tensor:
        """[..., 1]: what times the mean gives the root of the product of two shares' covariance, but for its sign."""
        return rsqrt(1.0 + expand_dims(self._total_concentration, -1))

    def _covariance(self) -> Tensor:
        x = self._scale() * self._mean()
        return matrix_set_diag(-matmul(expand_dims(x, -1), expand_dims(x, -2)), self._variance())

    def _variance(self) -> Tensor:
        scale = self._scale()
        x = scale * self._mean()
        return x * (scale - x)

    def _mode(self) -> Tensor:
        k = self._shares()
        mode = (self._concentration - 1.0) / (expand_dims(self._total_concentration, -1) - k)
        defined = reduce_all(greater(self._concentration, 1.0), -1, keepdims=True)
        return where_defined(self, defined, mode, "Mode undefined when any concentration <= 1")


@RegisterKL(Dirichlet, Dirichlet)
def _dirichlets(a: Dirichlet, b: Dirichlet, name: str | None = None) -> Tensor:
    with op_scope(name, "kl_dirichlet_dirichlet", [a.concentration, b.concentration]):
        slope = digamma(a.concentration) - digamma(expand_dims(a.total_concentration, -1))
        own = reduce_sum((a.concentration - b.concentration) * slope, -1)
        return own - lbeta(a.concentration) + lbeta(b.concentration)


__all__ = ["Beta", "Dirichlet", "Exponential", "Gamma"]
