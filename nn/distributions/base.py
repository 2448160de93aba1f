"""What all distributions share: names, shapes, samples, and which function follows from which."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...engine.build import convert_to_tensor
from ...engine.dtypes import as_dtype, int32
from ...engine.graph import Tensor, control_dependencies, op_scope
from ...engine.ops.array import concat
from ...engine.ops.basic import identity, ones, reshape, shape
from ...engine.ops.checks import assert_less_equal, assert_near, assert_non_negative, assert_positive
from ...engine.ops.effects import Assert
from ...engine.ops.math import equal, exp, is_nan, log, log1p, sigmoid, sqrt, square, where_v2
from ...engine.ops.random import shape_tensor
from ...engine.ops.reduce import reduce_all, reduce_any, reduce_prod, reduce_sum
from ...engine.shapes import TensorShape
from ...engine.static import constant_value, constant_value_as_shape
from ..activations import softmax


class ReparameterizationType:
    """Whether gradients flow through samples to a distribution's parameters."""

    def __init__(self, rep_type: str) -> None:
        self._type = rep_type

    def __repr__(self) -> str:
        return f"<Reparameterization Type: {self._type}>"

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")


class Distribution:
    """A batch of distributions of one kind: each of `batch_shape`, over events of `event_shape`.

    A subclass has `_batch_shape_tensor`, `_event_shape_tensor` and their static twins, `_sample_n(n, seed)`, which
    gives [n] + batch shape + event shape, and those of `_log_prob`, `_prob`, `_cdf`, `_log_cdf`, `_entropy`, `_mean`,
    `_mode`, `_variance`, `_stddev`, `_covariance`, `_quantile` that it can: what follows from others is here. What is
    not there raises NotImplementedError.

    Args:
        dtype: that of its samples.
        reparameterization_type: one of the two of `ReparameterizationType`.
        validate_args: whether runs check parameters and arguments, for InvalidArgumentError instead of wrong numbers.
        allow_nan_stats: whether a mean or a mode that there is not is NaN, rather than an InvalidArgumentError.
        parameters: the arguments that it was made with.
        name: the scope of its operations.
    """

    def __init__(
        self,
        dtype: Any,
        reparameterization_type: ReparameterizationType,
        validate_args: bool,
        allow_nan_stats: bool,
        parameters: Mapping[str, Any] | None = None,
        graph_parents: Sequence[Any] | None = None,
        name: str | None = None,
    ) -> None:
        if not name or name[-1] != "/":
            with op_scope(name or type(self).__name__) as name:
                pass
        self._dtype, self._name = as_dtype(dtype), name
        self._reparameterization_type = reparameterization_type
        self._validate_args, self._allow_nan_stats = validate_args, allow_nan_stats
        self._graph_parents = list(graph_parents or [])
        given = dict(parameters or {})
        self._parameters = {k: v for k, v in given.items() if k != "self" and not k.startswith("__")}

    given: dict[str, Any]  # what it was made with, where `keeps_arguments` keeps that

    name = property(lambda self: self._name)
    dtype = property(lambda self: self._dtype)
    parameters = property(lambda self: dict(self._parameters))
    reparameterization_type = property(lambda self: self._reparameterization_type)
    allow_nan_stats = property(lambda self: self._allow_nan_stats)
    validate_args = property(lambda self: self._validate_args)

    def copy(self, **override_parameters_kwargs: Any) -> Any:
        """One made with the same arguments, but for those given."""
        return type(self)(**{**self._parameters, **override_parameters_kwargs})

    @contextmanager
    def _scope(self, name: str | None, values: Sequence[Any] = ()) -> Iterator[str]:
        with op_scope(self._name), op_scope(name, values=[*values, *self._graph_parents]) as scope:
            yield scope

    # -- shapes -----------------------------------------------------------------------------------------------------

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """The shape of one sample, without the event's, int32."""
        with self._scope(name):
            if self.batch_shape.is_fully_defined():
                return convert_to_tensor(self.batch_shape.as_list(), int32, name="batch_shape")
            return self._batch_shape_tensor()

    @property
    def batch_shape(self) -> TensorShape:
        return self._batch_shape()

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Tensor:
        """The shape of one event, int32."""
        with self._scope(name):
            if self.event_shape.is_fully_defined():
                return convert_to_tensor(self.event_shape.as_list(), int32, name="event_shape")
            return self._event_shape_tensor()

    @property
    def event_shape(self) -> TensorShape:
        return self._event_shape()

    def _batch_shape_tensor(self) -> Tensor:
        raise self._missing("batch_shape_tensor")

    def _event_shape_tensor(self) -> Tensor:
        return shape_tensor([])

    def _batch_shape(self) -> TensorShape:
        return TensorShape(None)

    def _event_shape(self) -> TensorShape:
        return TensorShape([])

    def is_scalar_event(self, name: str = "is_scalar_event") -> Tensor:
        """Whether an event is a number."""
        with self._scope(name):
            return convert_to_tensor(self.event_shape.ndims == 0, name="is_scalar_event")

    def is_scalar_batch(self, name: str = "is_scalar_batch") -> Tensor:
        """Whether there is one distribution, rather than a batch."""
        with self._scope(name):
            if self.batch_shape.ndims is None:
                return equal(shape(self.batch_shape_tensor())[0], 0)
            return convert_to_tensor(self.batch_shape.ndims == 0, name="is_scalar_batch")

    # -- samples ----------------------------------------------------------------------------------------------------

    def sample(self, sample_shape: Any = (), seed: int | None = None, name: str = "sample") -> Tensor:
        """sample_shape + batch_shape + event_shape: independent samples."""
        with self._scope(name, [sample_shape]):
            wanted, count = _as_vector(convert_to_tensor(sample_shape, int32, name="sample_shape"))
            drawn = self._sample_n(count, seed)
            sizes = concat([wanted, shape(drawn)[1:]], 0)
            drawn = reshape(drawn, sizes)
            known = constant_value_as_shape(wanted).concatenate(self.batch_shape).concatenate(self.event_shape)
            if known.ndims is not None:
                drawn.set_shape(known)
            return drawn

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        raise self._missing("sample_n")

    def _missing(self, method: str) -> NotImplementedError:
        return NotImplementedError(f"{method} is not implemented: {type(self).__name__}")

    # -- densities and probabilities --------------------------------------------------------------------------------

    def _of_value(self, value: Any, name: str, *ways: tuple[str, Callable[[Any], Any]]) -> Tensor:
        """The first way that the subclass has: one of its methods, and what makes of its result what was asked for."""
        with self._scope(name, [value]):
            value = convert_to_tensor(value, preferred_dtype=self.dtype, name="value")
            for method, finish in ways:
                if hasattr(self, method):
                    return finish(getattr(self, method)(value))
            raise self._missing(name)

    def log_prob(self, value: Any, name: str = "log_prob") -> Tensor:
        """The logarithm of the density (or probability) at `value`, of shape sample shape + batch shape."""
        return self._of_value(value, name, ("_log_prob", _same), ("_prob", log))

    def prob(self, value: Any, name: str = "prob") -> Tensor:
        """The density at `value`, or its probability where the distribution is discrete."""
        return self._of_value(value, name, ("_prob", _same), ("_log_prob", exp))

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Tensor:
        """The logarithm of the probability of at most `value`."""
        return self._of_value(value, name, ("_log_cdf", _same), ("_cdf", log))

    def cdf(self, value: Any, name: str = "cdf") -> Tensor:
        """The probability of at most `value`."""
        return self._of_value(value, name, ("_cdf", _same), ("_log_cdf", exp))

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Tensor:
        """The logarithm of the probability of more than `value`."""
        ways = ("_log_survival_function", _same), ("_cdf", _log_of_rest), ("_log_cdf", lambda p: _log_of_rest(exp(p)))
        return self._of_value(value, name, *ways)

    def survival_function(self, value: Any, name: str = "survival_function") -> Tensor:
        """The probability of more than `value`."""
        ways = ("_survival_function", _same), ("_cdf", _rest), ("_log_cdf", lambda p: _rest(exp(p)))
        return self._of_value(value, name, *ways)

    def quantile(self, value: Any, name: str = "quantile") -> Tensor:
        """The number that has the probability `value` below it."""
        return self._of_value(value, name, ("_quantile", _same))

    # -- what sums them up ------------------------------------------------------------------------------------------

    def _statistic(self, name: str, *ways: tuple[str, Callable[[Any], Any]]) -> Tensor:
        with self._scope(name):
            for method, finish in ways:
                if hasattr(self, method):
                    return finish(getattr(self, method)())
            raise self._missing(name)

    def entropy(self, name: str = "entropy") -> Tensor:
        """Shannon's entropy, in nats."""
        return self._statistic(name, ("_entropy", _same))

    def mean(self, name: str = "mean") -> Tensor:
        return self._statistic(name, ("_mean", _same))

    def variance(self, name: str = "variance") -> Tensor:
        return self._statistic(name, ("_variance", _same), ("_stddev", square))

    def stddev(self, name: str = "stddev") -> Tensor:
        return self._statistic(name, ("_stddev", _same), ("_variance", sqrt))

    def covariance(self, name: str = "covariance") -> Tensor:
        """[..., k, k] for events of shape [k]."""
        return self._statistic(name, ("_covariance", _same))

    def mode(self, name: str = "mode") -> Tensor:
        """The most probable event, or that of the greatest density."""
        return self._statistic(name, ("_mode", _same))

    def cross_entropy(self, other: Distribution, name: str = "cross_entropy") -> Tensor:
        """The expected number of nats that tells this one's events in the code that is best for `other`'s."""
        with self._scope(name):
            return kl_divergence(self, other, allow_nan_stats=self._allow_nan_stats) + self.entropy()

    def kl_divergence(self, other: Distribution, name: str = "kl_divergence") -> Tensor:
        """The Kullback-Leibler divergence of `other` from this one."""
        with self._scope(name):
            return kl_divergence(self, other, allow_nan_stats=self._allow_nan_stats)

    @classmethod
    def param_static_shapes(cls, sample_shape: Any) -> dict[str, TensorShape]:
        """The shapes of the parameters that give samples of a static shape."""
        shapes = cls.param_shapes(TensorShape(sample_shape).as_list())
        return {name: TensorShape(constant_value(sizes)) for name, sizes in shapes.items()}

    @classmethod
    def param_shapes(cls, sample_shape: Any, name: str = "DistributionParamShapes") -> dict[str, Tensor]:
        """The shapes of the parameters that give samples of a shape, int32."""
        with op_scope(name, values=[sample_shape]):
            return cls._param_shapes(sample_shape)

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        raise NotImplementedError("_param_shapes not implemented")

    def __str__(self) -> str:
        return (
            f'tfp.distributions.{type(self).__name__}("{self.name}", batch_shape={self.batch_shape}, '
            f"event_shape={self.event_shape}, dtype={self.dtype.name})"
        )

    def __repr__(self) -> str:
        return (
            f"<tfp.distributions.{type(self).__name__} '{self.name}' batch_shape={self.batch_shape} "
            f"event_shape={self.event_shape} dtype={self.dtype.name}>"
        )


def _same(value: Any) -> Any:
    return value


def _rest(probability: Any) -> Any:
    return 1.0 - probability


def _log_of_rest(probability: Any) -> Any:
    return log1p(-probability)


def _as_vector(sample_shape: Tensor) -> tuple[Tensor, Any]:
    """A sample shape, which may be a number, as a vector, and how many samples it stands for: an int where known."""
    known = constant_value(sample_shape)
    if known is not None:
        vector = sample_shape if known.ndim else convert_to_tensor(known.reshape(1), name="sample_shape")
        return vector, int(np.prod(known))
    count = reduce_prod(sample_shape, name="prod")
    return (sample_shape if sample_shape.shape.ndims == 1 else reshape(sample_shape, [-1])), count


# -- what subclasses share ------------------------------------------------------------------------------------------


def keeps_arguments(construct: Callable) -> Callable:
    """Let a constructor find what its object was made with, defaults too, by name, in `self.given`."""
    signature = inspect.signature(construct)

    @functools.wraps(construct)
    def keeping(self: Any, *arguments: Any, **keywords: Any) -> None:
        if not hasattr(self, "given"):  # of the class itself, not of one that it stands on
            bound = signature.bind(self, *arguments, **keywords)
            bound.apply_defaults()
            self.given = {name: value for name, value in bound.arguments.items() if name != "self"}
        construct(self, *arguments, **keywords)

    keeping.__signature__ = signature  # type: ignore[attr-defined]  # for who asks as Python 2 did, wrapped or not
    return keeping


def parameter(value: Any, name: str) -> Tensor:
    """A parameter as a tensor of its name."""
    return identity(value, name=name)


def positive(validate: bool, *values: Any) -> Any:
    """A context whose operations wait, where `validate` says so, until a run has found the values positive."""
    return control_dependencies([assert_positive(value) for value in values] if validate else [])


def check_floats(*tensors: Tensor) -> None:
    """Raises ValueError where parameters are not floats, or not of one dtype."""
    first = tensors[0]
    for tensor in tensors:
        if not tensor.dtype.is_floating:
            raise ValueError(f"Expected floating point type, got {tensor.dtype}.")
        if tensor.dtype is not first.dtype:
            raise ValueError(f"Tensor conversion requested dtype {first.dtype.name}, but got {tensor.dtype.name}.")


def logits_and_probs(
    logits: Any, probs: Any, many: bool, validate_args: bool, name: str = "GetLogitsAndProbs"
) -> tuple[Tensor, Tensor]:
    """Both of (log odds, probabilities) of which one is given; of `many` classes along the last axis, log weights.

    Raises ValueError for both or none, TypeError for integers.
    """
    with op_scope(name, values=[logits, probs]):
        if (probs is None) == (logits is None):
            raise ValueError("Must pass probs or logits, but not both.")
        if probs is None:
            logits = _floats(convert_to_tensor(logits, name="logits"), "logits")
            return logits, softmax(logits, name="probs") if many else sigmoid(logits, name="probs")
        probs = _floats(convert_to_tensor(probs, name="probs"), "probs")
        if validate_args:
            with op_scope("validate_probs"):
                checks = [assert_non_negative(probs)]
                if many:
                    checks.append(assert_near(reduce_sum(probs, -1), ones([], probs.dtype)))
                else:
                    at_most = "probs has components greater than 1."
                    checks.append(assert_less_equal(probs, ones([], probs.dtype), message=at_most))
                with control_dependencies(checks):
                    probs = identity(probs)
        with op_scope("logits"):
            return (log(probs) if many else log(probs) - log1p(-1.0 * probs)), probs


def _floats(tensor: Tensor, name: str) -> Tensor:
    if not tensor.dtype.is_floating:
        raise TypeError(f"{name} must having floating type.")
    return tensor


def new_seed(seed: int | None, salt: str) -> int | None:
    """A seed for a further draw, that follows from the first one's."""
    if seed is None:
        return None
    return int(hashlib.md5(f"{seed}{salt}".encode(), usedforsecurity=False).hexdigest()[:8], 16) & 0x7FFFFFFF


def where_defined(distribution: Distribution, defined: Any, value: Tensor, said: str) -> Tensor:
    """`value` where it is defined; elsewhere NaN, or an error in a run, as `allow_nan_stats` says."""
    if distribution.allow_nan_stats:
        return where_v2(defined, value, np.array(np.nan, value.dtype.as_numpy_dtype), name="nan")
    check = Assert(reduce_all(defined), [said])
    with control_dependencies([check]):
        return identity(value)


# -- Kullback and Leibler -------------------------------------------------------------------------------------------

_DIVERGENCES: dict[tuple[type, type], Callable[..., Tensor]] = {}


def _registered(a: type, b: type) -> Callable[..., Tensor] | None:
    """What is registered for the nearest two of their classes."""
    ranked = [(i + j, (x, y)) for i, x in enumerate(a.__mro__) for j, y in enumerate(b.__mro__)]
    pairs = [found for found in ranked if found[1] in _DIVERGENCES]
    return _DIVERGENCES[min(pairs, key=lambda found: found[0])[1]] if pairs else None


def kl_divergence(
    distribution_a: Distribution, distribution_b: Distribution, allow_nan_stats: bool = True, name: str | None = None
) -> Tensor:
    """The Kullback-Leibler divergence: the expected log of a's density over b's, at a's events.

    Raises NotImplementedError where no formula is registered (`RegisterKL`). Without `allow_nan_stats`, a NaN raises
    InvalidArgumentError in a run.
    """
    function = _registered(type(distribution_a), type(distribution_b))
    if function is None:
        raise NotImplementedError(
            "No KL(distribution_a || distribution_b) registered for distribution_a type "
            f"{type(distribution_a).__name__} and distribution_b type {type(distribution_b).__name__}"
        )
    with op_scope("KullbackLeibler"):
        divergence = function(distribution_a, distribution_b, name=name)
        if allow_nan_stats:
            return divergence
        divergence = identity(divergence, name="kl")
        said = (
            f"KL calculation between {distribution_a.name} and {distribution_b.name} returned NaN values (and was "
            "called with allow_nan_stats=False). Values:"
        )
        with control_dependencies([Assert(~reduce_any(is_nan(divergence)), [said, divergence])]):
            return identity(divergence, name="checked_kl")


class RegisterKL:
    """Decorator that registers ``f(a, b, name=None)`` as the divergence of two classes. ValueError for a second one."""

    def __init__(self, dist_cls_a: type, dist_cls_b: type) -> None:
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
        if not callable(kl_fn):
            raise TypeError(f"kl_fn must be callable, received: {kl_fn}")
        if self._key in _DIVERGENCES:
            a, b = (cls.__name__ for cls in self._key)
            raise ValueError(f"KL({a} || {b}) has already been registered to: {_DIVERGENCES[self._key]}")
        _DIVERGENCES[self._key] = kl_fn
        return kl_fn


__all__ = [
    "FULLY_REPARAMETERIZED", "NOT_REPARAMETERIZED", "Distribution", "RegisterKL", "ReparameterizationType",
    "kl_divergence",
]  # fmt: skip
