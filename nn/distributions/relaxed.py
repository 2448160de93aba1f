"""Classes as vectors, with relaxations through whose samples gradients flow; Poisson numbers; what is certain."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.build import convert_to_tensor
from ...engine.dtypes import int32
from ...engine.graph import Tensor, op_scope
from ...engine.ops.array import concat
from ...engine.ops.basic import broadcast_to, cast, identity, ones_like, shape
from ...engine.ops.indexing import one_hot
from ...engine.ops.math import abs, equal, exp, floor, lgamma, log, log1p, maximum, sigmoid
from ...engine.ops.random import random_uniform
from ...engine.ops.rearranging import broadcast_dynamic_shape, broadcast_static_shape
from ...engine.ops.reduce import argmax, reduce_sum
from ...engine.ops.rejection import random_poisson
from ...engine.ops.special import igammac
from ...engine.shapes import TensorShape
from ..activations import log_softmax, softmax
from .base import (
    FULLY_REPARAMETERIZED,
    NOT_REPARAMETERIZED,
    Distribution,
    RegisterKL,
    check_floats,
    keeps_arguments,
    logits_and_probs,
    parameter,
    positive,
)
from .discrete import Categorical


class _OfClasses(Distribution):
    """Distributions of vectors [k], one place for each class."""

    _logits: Tensor

    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)

    def _batch_shape_tensor(self) -> Tensor:
        return shape(self._logits)[:-1]

    def _batch_shape(self) -> TensorShape:
        return self._logits.shape[:-1]

    def _event_shape_tensor(self) -> Tensor:
        return shape(self._logits)[-1:]

    def _event_shape(self) -> TensorShape:
        return self._logits.shape.with_rank_at_least(1)[-1:]


class OneHotCategorical(_OfClasses):
    """A vector of zeros but for a 1 at one of k classes, of probabilities `probs` [..., k] or log weights `logits`."""

    @keeps_arguments
    def __init__(
        self, logits: Any = None, probs: Any = None, dtype: Any = int32, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "OneHotCategorical",
    ) -> None:  # fmt: skip
        with op_scope(name, values=[logits, probs]) as scope:
            self._logits, self._probs = logits_and_probs(logits, probs, True, validate_args, scope)
            self._categorical = Categorical(logits=self._logits, validate_args=validate_args)
        given = dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, self.given
        super().__init__(*given, [self._logits, self._probs], scope)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return one_hot(self._categorical.sample(n, seed), self.event_shape_tensor()[0], dtype=self.dtype)

    def _log_prob(self, x: Tensor) -> Tensor:
        return reduce_sum(cast(x, self._logits.dtype) * log_softmax(self._logits), -1)

    def _entropy(self) -> Tensor:
        return self._categorical.entropy()

    def _mean(self) -> Tensor:
        return identity(self._probs)

    def _variance(self) -> Tensor:
        return self._probs * (1.0 - self._probs)

    def _mode(self) -> Tensor:
        return one_hot(argmax(self._logits, axis=-1), self.event_shape_tensor()[0], dtype=self.dtype)


@RegisterKL(OneHotCategorical, OneHotCategorical)
def _one_hots(a: OneHotCategorical, b: OneHotCategorical, name: str | None = None) -> Tensor:
    with op_scope(name, "kl_categorical_categorical"):
        return reduce_sum(softmax(a.logits) * (log_softmax(a.logits) - log_softmax(b.logits)), axis=-1)


def _open_uniform(sizes: Tensor, dtype: Any, seed: int | None) -> Tensor:
    """Uniform numbers above 0 and below 1."""
    return random_uniform(sizes, np.finfo(dtype.as_numpy_dtype).tiny, 1.0, dtype, seed)


class RelaxedOneHotCategorical(_OfClasses):
    """The Gumbel-softmax, or concrete, distribution: the softmax of (logits + Gumbel noise) / temperature.

    C. Maddison et al. (arXiv:1611.00712), E. Jang et al. (arXiv:1611.01144).
    """

    @keeps_arguments
    def __init__(
        self, temperature: Any, logits: Any = None, probs: Any = None, dtype: Any = None,
        validate_args: bool = False, allow_nan_stats: bool = True, name: str = "RelaxedOneHotCategorical",
    ) -> None:  # fmt: skip
        with op_scope(name, values=[temperature, logits, probs]) as scope, positive(validate_args, temperature):
            self._logits, self._probs = logits_and_probs(logits, probs, True, validate_args, scope)
            self._temperature = convert_to_tensor(temperature, self._logits.dtype, name="temperature")
        given = self._logits.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, self.given
        super().__init__(*given, [self._logits, self._probs, self._temperature], scope)

    temperature = property(lambda self: self._temperature)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        sizes = concat([[n], shape(self._logits)], 0)
        gumbel = -log(-log(_open_uniform(sizes, self.dtype, seed)))
        return softmax((self._logits + gumbel) / self._temperature)

    def _log_prob(self, x: Tensor) -> Tensor:
        classes = cast(self.event_shape_tensor()[0], self.dtype)
        log_x = log(x)
        shares = reduce_sum(log_softmax(self._logits - self._temperature * log_x) - log_x, -1)
        return lgamma(classes) + (classes - 1.0) * log(self._temperature) + shares


class RelaxedBernoulli(Distribution):
    """The sigmoid of (logits + logistic noise) / temperature, in (0, 1)."""

    @keeps_arguments
    def __init__(
        self, temperature: Any, logits: Any = None, probs: Any = None, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "RelaxedBernoulli",
    ) -> None:  # fmt: skip
        with op_scope(name, values=[temperature, logits, probs]) as scope, positive(validate_args, temperature):
            self._logits, self._probs = logits_and_probs(logits, probs, False, validate_args, scope)
            self._temperature = convert_to_tensor(temperature, self._logits.dtype, name="temperature")
        given = self._logits.dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, self.given
        super().__init__(*given, [self._logits, self._probs, self._temperature], scope)

    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)
    temperature = property(lambda self: self._temperature)

    def _batch_shape_tensor(self) -> Tensor:
        return broadcast_dynamic_shape(shape(self._temperature), shape(self._logits))

    def _batch_shape(self) -> TensorShape:
        return broadcast_static_shape(self._temperature.shape, self._logits.shape)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        uniform = _open_uniform(concat([[n], self.batch_shape_tensor()], 0), self.dtype, seed)
        return sigmoid((self._logits + log(uniform) - log1p(-uniform)) / self._temperature)

    def _log_prob(self, x: Tensor) -> Tensor:
        t, log_x, log_rest = self._temperature, log(x), log1p(-x)
        one, zero = self._logits - t * log_x, -t * log_rest
        together = maximum(one, zero) + log1p(exp(-abs(one - zero)))
        return log(t) + self._logits - (t + 1.0) * (log_x + log_rest) - 2.0 * together


class Poisson(Distribution):
    """The Poisson distribution of the rate `rate`, or of its logarithm `log_rate`; events are floats."""

    @keeps_arguments
    def __init__(
        self, rate: Any = None, log_rate: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "Poisson",
    ) -> None:  # fmt: skip
        if (rate is None) == (log_rate is None):
            raise ValueError("Must specify exactly one of `rate` and `log_rate`.")
        with (
            op_scope(name, values=[rate, log_rate]) as scope,
            positive(validate_args, *([] if rate is None else [rate])),
        ):
            if rate is None:
                self._log_rate = convert_to_tensor(log_rate, name="log_rate")
                self._rate = exp(self._log_rate)
            else:
                self._rate = convert_to_tensor(rate, name="rate")
                self._log_rate = log(self._rate)
            check_floats(self._rate)
        given = self._rate.dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, self.given
        super().__init__(*given, [self._rate], scope)

    rate = property(lambda self: self._rate)
    log_rate = property(lambda self: self._log_rate)

    def _batch_shape_tensor(self) -> Tensor:
        return shape(self._rate)

    def _batch_shape(self) -> TensorShape:
        return self._rate.shape

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return random_poisson(self._rate, [n], self.dtype, seed)

    def _log_prob(self, x: Tensor) -> Tensor:
        return x * self._log_rate - lgamma(1.0 + x) - self._rate

    def _cdf(self, x: Tensor) -> Tensor:
        return igammac(1.0 + floor(x), self._rate)

    def _mean(self) -> Tensor:
        return identity(self._rate)

    def _variance(self) -> Tensor:
        return identity(self._rate)

    def _mode(self) -> Tensor:
        return floor(self._rate)


class Deterministic(Distribution):
    """What is `loc` for certain."""

    @keeps_arguments
    def __init__(
        self, loc: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Deterministic"
    ) -> None:
        with op_scope(name, values=[loc]) as scope:
            self._loc = parameter(loc, "loc")
        given = self._loc.dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, self.given
        super().__init__(*given, [self._loc], scope)

    loc = property(lambda self: self._loc)

    def _batch_shape_tensor(self) -> Tensor:
        return shape(self._loc)

    def _batch_shape(self) -> TensorShape:
        return self._loc.shape

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return broadcast_to(self._loc, concat([[n], shape(self._loc)], 0))

    def _prob(self, x: Tensor) -> Tensor:
        return cast(equal(x, self._loc), self.dtype)

    def _entropy(self) -> Tensor:
        return 0 * ones_like(self._loc)

    def _mean(self) -> Tensor:
        return identity(self._loc)

    def _mode(self) -> Tensor:
        return identity(self._loc)

    def _variance(self) -> Tensor:
        return 0 * ones_like(self._loc)


__all__ = ["Deterministic", "OneHotCategorical", "Poisson", "RelaxedBernoulli", "RelaxedOneHotCategorical"]
