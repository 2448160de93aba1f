"""Distributions of what can be counted: Bernoulli, categorical, multinomial, Dirichlet-multinomial."""

from __future__ import annotations

from typing import Any

from ...engine.build import constant, convert_to_tensor
from ...engine.dtypes import int32, int64
from ...engine.graph import Tensor, control_dependencies, op_scope
from ...engine.ops.activations import softplus
from ...engine.ops.array import concat, newaxis, transpose
from ...engine.ops.basic import cast, expand_dims, identity, ones, ones_like, rank, reshape, shape
from ...engine.ops.checks import assert_equal, assert_non_negative
from ...engine.ops.control_flow import map_fn
from ...engine.ops.diagonals import matrix_set_diag
from ...engine.ops.indexing import one_hot, sequence_mask
from ...engine.ops.linalg import matmul
from ...engine.ops.math import greater, less, lgamma, log, sigmoid, sqrt, where
from ...engine.ops.random import multinomial, random_uniform
from ...engine.ops.reduce import argmax, reduce_sum
from ...engine.ops.rejection import random_gamma
from ...engine.ops.special import lbeta
from ...engine.shapes import TensorShape
from ..activations import log_softmax, softmax
from ..cross_entropy import sigmoid_cross_entropy_with_logits, sparse_softmax_cross_entropy_with_logits
from .base import (
    NOT_REPARAMETERIZED,
    Distribution,
    RegisterKL,
    keeps_arguments,
    logits_and_probs,
    new_seed,
    positive,
)
from .gammas import Concentrated


class _OfLogits(Distribution):
    """Distributions that log odds (of one event) or log weights (of many classes), or probabilities, tell."""

    _many: bool

    def __init__(
        self, logits: Any, probs: Any, dtype: Any, validate_args: bool, allow_nan_stats: bool, name: str
    ) -> None:
        self._logits, self._probs = logits_and_probs(logits, probs, self._many, validate_args, name)
        super().__init__(
            self._probs.dtype if dtype is None else dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            self.given,
            [self._logits, self._probs],
            name,
        )

    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return {"logits": convert_to_tensor(sample_shape, int32)}


class Bernoulli(_OfLogits):
    """1 with the probability `probs` (or of the log odds `logits`), else 0; int32 by default."""

    _many = False

    @keeps_arguments
    def __init__(
        self, logits: Any = None, probs: Any = None, dtype: Any = int32, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "Bernoulli",
    ) -> None:  # fmt: skip
        with op_scope(name) as scope:
            super().__init__(logits, probs, dtype, validate_args, allow_nan_stats, scope)

    def _batch_shape_tensor(self) -> Tensor:
        return shape(self._logits)

    def _batch_shape(self) -> TensorShape:
        return self._logits.shape

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        sizes = concat([[n], self.batch_shape_tensor()], 0)
        return cast(less(random_uniform(sizes, seed=seed, dtype=self._probs.dtype), self._probs), self.dtype)

    def _log_prob(self, event: Tensor) -> Tensor:
        event, logits = cast(event, self._logits.dtype), self._logits
        if not (event.shape.is_fully_defined() and logits.shape.is_fully_defined() and event.shape == logits.shape):
            logits, event = logits * ones_like(event), event * ones_like(logits)
        return -sigmoid_cross_entropy_with_logits(labels=event, logits=logits)

    def _entropy(self) -> Tensor:
        return -self._logits * (sigmoid(self._logits) - 1) + softplus(-self._logits)

    def _mean(self) -> Tensor:
        return identity(self._probs)

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self._probs)

    def _mode(self) -> Tensor:
        """0 where both are as probable."""
        return cast(greater(self._probs, 0.5), self.dtype)


@RegisterKL(Bernoulli, Bernoulli)
def _bernoullis(a: Bernoulli, b: Bernoulli, name: str | None = None) -> Tensor:
    with op_scope(name, "kl_bernoulli_bernoulli", [a.logits, b.logits]):
        of_zero = softplus(-b.logits) - softplus(-a.logits)
        of_one = softplus(b.logits) - softplus(a.logits)
        return sigmoid(a.logits) * of_zero + sigmoid(-a.logits) * of_one


class Categorical(_OfLogits):
    """One of k classes, a number from 0, of the probabilities `probs` [..., k] or log weights `logits`."""

    _many = True

    @keeps_arguments
    def __init__(
        self, logits: Any = None, probs: Any = None, dtype: Any = int32, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "Categorical",
    ) -> None:  # fmt: skip
        with op_scope(name, values=[logits, probs]) as scope:
            super().__init__(logits, probs, dtype, validate_args, allow_nan_stats, scope)
            sizes = self._logits.shape.with_rank_at_least(1)
            if sizes.ndims is None:
                self._last = rank(self._logits) - 1
            else:
                self._last = convert_to_tensor(sizes.ndims - 1, int32, name="batch_rank")
            found = shape(self._logits, name="logits_shape")
            if sizes[-1].value is None:
                self._event_size = found[self._last]
            else:
                self._event_size = convert_to_tensor(sizes[-1].value, int32, name="event_size")
            if sizes[:-1].is_fully_defined():
                self._batch_sizes = constant(sizes[:-1].as_list(), int32, name="batch_shape")
            else:
                self._batch_sizes = found[:-1]

    @property
    def event_size(self) -> Tensor:
        """The number of classes, int32."""
        return self._event_size

    def _batch_shape_tensor(self) -> Tensor:
        return identity(self._batch_sizes)

    def _batch_shape(self) -> TensorShape:
        return self._logits.shape[:-1]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        rows = self._logits if self._logits.shape.ndims == 2 else reshape(self._logits, [-1, self._event_size])
        drawn = multinomial(rows, n, seed=seed, output_dtype=int64 if self.dtype.size > 4 else int32)
        drawn = reshape(transpose(drawn), concat([[n], self.batch_shape_tensor()], 0))
        return drawn if drawn.dtype is self.dtype else cast(drawn, self.dtype)

    def _alike(self, k: Tensor) -> tuple[Tensor, Tensor]:
        """Events, integers, and log weights of as many rows."""
        if not k.dtype.is_integer:
            k = cast(k, int32)
        logits = self._logits
        if not (k.shape.is_fully_defined() and logits.shape[:-1].is_fully_defined() and logits.shape[:-1] == k.shape):
            logits = logits * ones_like(k[..., newaxis], dtype=logits.dtype)
            k = k * ones(shape(logits)[:-1], dtype=k.dtype)
            if logits.shape.ndims is not None:
                k.set_shape(logits.shape[:-1])
        return k, logits

    def _log_prob(self, k: Tensor) -> Tensor:
        k, logits = self._alike(k)
        return -sparse_softmax_cross_entropy_with_logits(labels=k, logits=logits)

    def _cdf(self, k: Tensor) -> Tensor:
        """The probability of a class below k."""
        k, logits = self._alike(k)
        probs = softmax(logits)
        below = sequence_mask(k, self._event_size)
        return reduce_sum(where(below, probs, 0 * probs), -1)

    def _entropy(self) -> Tensor:
        return -reduce_sum(log_softmax(self._logits) * self._probs, axis=-1)

    def _mode(self) -> Tensor:
        return cast(argmax(self._logits, axis=self._last), self.dtype)


@RegisterKL(Categorical, Categorical)
def _categoricals(a: Categorical, b: Categorical, name: str | None = None) -> Tensor:
    with op_scope(name, "kl_categorical_categorical", [a.logits, b.logits]):
        return reduce_sum(softmax(a.logits) * (log_softmax(a.logits) - log_softmax(b.logits)), axis=-1)


def _log_arrangements(total: Tensor, counts: Tensor) -> Tensor:
    """The logarithm of how many orders there are of `total` events, `counts` [..., k] of each class."""
    return lgamma(total + 1.0) - reduce_sum(lgamma(counts + 1.0), axis=-1)


def _checked_counts(counts: Tensor, total: Tensor, validate: bool) -> Tensor:
    if not validate:
        return counts
    sums = reduce_sum(counts, -1)
    checks = [
        assert_non_negative(counts),
        assert_equal(total * ones_like(sums), sums, message="counts must sum to `self.total_count`"),
    ]
    with control_dependencies(checks):
        return identity(counts)


class Multinomial(_OfLogits):
    """How often each of k classes comes in `total_count` draws, by `probs` [..., k] or log weights `logits`."""

    _many = True

    @keeps_arguments
    def __init__(
        self, total_count: Any, logits: Any = None, probs: Any = None, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "Multinomial",
    ) -> None:  # fmt: skip
        with op_scope(name, values=[total_count, logits, probs]) as scope:
            self._total_count = convert_to_tensor(total_count, name="total_count")
            if validate_args:
                with control_dependencies([assert_non_negative(self._total_count)]):
                    self._total_count = identity(self._total_count)
            super().__init__(logits, probs, None, validate_args, allow_nan_stats, scope)
            self._means = expand_dims(self._total_count, -1) * self._probs

    total_count = property(lambda self: self._total_count)

    def _batch_shape_tensor(self) -> Tensor:
        return shape(self._means)[:-1]

    def _batch_shape(self) -> TensorShape:
        return self._means.shape.with_rank_at_least(1)[:-1]

    def _event_shape_tensor(self) -> Tensor:
        return shape(self._means)[-1:]

    def _event_shape(self) -> TensorShape:
        return self._means.shape.with_rank_at_least(1)[-1:]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        """Row by row, as each may have a number of draws of its own."""
        classes = self.event_shape_tensor()[0]
        ones_of_batch = ones_like(self._means[..., 0], dtype=self._logits.dtype)
        logits = reshape(self._logits * expand_dims(ones_of_batch, -1), [-1, classes])
        draws = reshape(cast(self._total_count * ones_of_batch, int32), [-1])

        def of_a_row(row: tuple[Tensor, Tensor]) -> Tensor:
            drawn = multinomial(expand_dims(row[0], 0), row[1] * n, seed=seed)
            return reduce_sum(one_hot(reshape(drawn, concat([[n], [-1]], 0)), depth=classes, dtype=self.dtype), axis=-2)

        counts = transpose(map_fn(of_a_row, [logits, draws], dtype=self.dtype), [1, 0, 2])
        return reshape(counts, concat([[n], self.batch_shape_tensor(), self.event_shape_tensor()], 0))

    def _log_prob(self, counts: Tensor) -> Tensor:
        counts = _checked_counts(counts, self._total_count, self.validate_args)
        likelihood = reduce_sum(counts * log_softmax(self._logits), -1)
        return likelihood + _log_arrangements(self._total_count, counts)

    def _mean(self) -> Tensor:
        return identity(self._means)

    def _shares(self) -> Tensor:
        return self._probs * ones_like(expand_dims(self._total_count, -1))

    def _covariance(self) -> Tensor:
        products = matmul(expand_dims(self._means, -1), expand_dims(self._shares(), -2))
        return matrix_set_diag(-products, self._variance())

    def _variance(self) -> Tensor:
        return self._means - self._means * self._shares()


class DirichletMultinomial(Concentrated):
    """How often each of k classes comes in `total_count` draws, by shares that a Dirichlet distribution gives."""

    @keeps_arguments
    def __init__(
        self, total_count: Any, concentration: Any, validate_args: bool = False, allow_nan_stats: bool = True,
        name: str = "DirichletMultinomial",
    ) -> None:  # fmt: skip
        with op_scope(name, values=[total_count, concentration]) as scope, positive(validate_args, concentration):
            self._concentration = convert_to_tensor(concentration, name="concentration")
            self._total_count = convert_to_tensor(total_count, self._concentration.dtype, name="total_count")
            self._total_concentration = reduce_sum(self._concentration, -1)
        super().__init__(
            self._concentration.dtype,
            NOT_REPARAMETERIZED,
            validate_args,
            allow_nan_stats,
            self.given,
            [self._total_count, self._concentration],
            scope,
        )

    total_count = property(lambda self: self._total_count)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        if self._total_count.shape.ndims:
            raise NotImplementedError("Sample only supported for scalar number of draws.")
        classes = self.event_shape_tensor()[0]
        gammas = random_gamma([n], self._concentration, dtype=self.dtype, seed=seed)
        logits = reshape(log(gammas), [-1, classes])
        drawn = multinomial(logits, cast(self._total_count, int32), seed=new_seed(seed, "dirichlet_multinomial"))
        counts = reduce_sum(one_hot(drawn, depth=classes), -2)
        sizes = concat([[n], self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        return cast(reshape(counts, sizes), self.dtype)

    def _log_prob(self, counts: Tensor) -> Tensor:
        counts = _checked_counts(counts, self._total_count, self.validate_args)
        ratio = lbeta(self._concentration + counts) - lbeta(self._concentration)
        return ratio + _log_arrangements(self._total_count, counts)

    def _mean(self) -> Tensor:
        return expand_dims(self._total_count, -1) * self._shares()

    def _shares(self) -> Tensor:
        return self._concentration / expand_dims(self._total_concentration, -1)

    def _scale(self) -> Tensor:
        """[..., 1]: what times the mean gives the root of the product of two counts' covariance, but for its sign."""
        total = expand_dims(self._total_concentration, -1)
        return sqrt((1.0 + total / expand_dims(self._total_count, -1)) / (1.0 + total))

    def _covariance(self) -> Tensor:
        x = self._scale() * self._mean()
        return matrix_set_diag(-matmul(expand_dims(x, -1), expand_dims(x, -2)), self._variance())

    def _variance(self) -> Tensor:
        scale = self._scale()
        x = scale * self._mean()
        return x * (expand_dims(self._total_count, -1) * scale - x)


__all__ = ["Bernoulli", "Categorical", "DirichletMultinomial", "Multinomial"]
