"""Cross entropies and the Poisson loss of logits, element by element or row by row."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import bfloat16, float16, float32
from ..engine.graph import Tensor, control_dependencies, op_scope
from ..engine.ops.activations import relu
from ..engine.ops.array import concat, transpose
from ..engine.ops.basic import cast, ones_like, rank, reshape, shape, stop_gradient, zeros_like
from ..engine.ops.checks import assert_equal
from ..engine.ops.math import abs as absolute
from ..engine.ops.math import add, exp, log, log1p, logical_and, subtract, where
from ..engine.ops.ranges import range as range_
from ..engine.ops.slicing import slice as slice_
from ..engine.ops.softmax_cross_entropy import SoftmaxCrossEntropyWithLogits, SparseSoftmaxCrossEntropyWithLogits
from ..engine.shapes import TensorShape
from .arguments import renamed

_HALVES = (float16, bfloat16)
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _named(function: _Function) -> _Function:
    """A function that takes no arguments by position: before TensorFlow 1 the logits came first."""

    @wraps(function)
    def named(*positional: Any, **arguments: Any) -> Any:
        if positional:
            raise ValueError(
                f"Only call `{function.__name__}` with named arguments (labels=..., logits=..., ...). "
                f"Received {positional[0]!r} by position."
            )
        return function(**arguments)

    return named  # type: ignore[return-value]


def _required(labels: Any, logits: Any) -> None:
    if labels is None or logits is None:
        raise ValueError("Both `labels` and `logits` must be provided.")


# -- over classes that exclude each other ---------------------------------------------------------------------------


@_named
def softmax_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, dim: int = -1, name: str | None = None, axis: int | None = None
) -> Tensor:
    """`softmax_cross_entropy_with_logits_v2` that takes the labels as constants: nothing flows back to them."""
    _required(labels, logits)
    with op_scope(name, "softmax_cross_entropy_with_logits_sg", [logits, labels]) as scope:
        labels = stop_gradient(labels, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(labels, logits, dim if axis is None else axis, name=scope)


def softmax_cross_entropy_with_logits_v2(
    labels: Any, logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None
) -> Tensor:
    """-sum(labels * log(softmax(logits))) along `axis` (by default the last one), of the shape of the rest.

    `labels` are probabilities of each class, of the shape and dtype of `logits`. float16 and bfloat16 are computed in
    float32. Gradients flow to both.
    """
    _required(labels, logits)
    axis = renamed(axis, dim, "axis", "dim")
    axis = -1 if axis is None else int(axis)
    with op_scope(name, "softmax_cross_entropy_with_logits", [logits, labels]) as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        half = logits.dtype in _HALVES
        wide_logits = cast(logits, float32) if half else logits
        labels = cast(labels, wide_logits.dtype)
        input_rank = rank(wide_logits)
        of_logits = logits.shape
        if axis != -1:
            wide_logits = _moved_to_last(wide_logits, axis, input_rank)
            labels = _moved_to_last(labels, axis, input_rank)
        outer = shape(wide_logits)
        rows, targets = _as_matrix(wide_logits), _as_matrix(labels)
        cost, _ = SoftmaxCrossEntropyWithLogits(rows, targets, name=scope)
        cost = reshape(cost, slice_(outer, [0], [subtract(input_rank, 1)]))
        if of_logits.ndims is not None:
            kept = list(of_logits.as_list())
            del kept[axis]
            cost.set_shape(kept)
        return cast(cost, logits.dtype) if half else cost


def _moved_to_last(tensor: Tensor, axis: int, rank: Tensor) -> Tensor:
    if axis < 0:
        if tensor.shape.ndims is None:
            raise ValueError(f"A negative axis other than -1 needs logits of known rank. Received: axis={axis}")
        axis += tensor.shape.ndims
    return transpose(tensor, concat([range_(axis), range_(axis + 1, rank), [axis]], 0))


def _as_matrix(tensor: Tensor) -> Tensor:
    """The tensor with all dimensions but the last made one, by the very ops that TensorFlow makes for it."""
    of_rank, sizes = rank(tensor), shape(tensor)
    matrix = reshape(tensor, concat([[-1], slice_(sizes, [subtract(of_rank, 1)], [1])], 0))
    if tensor.shape.ndims is not None:
        outer, classes = tensor.shape[:-1].num_elements(), tensor.shape.as_list()[-1]
        matrix.set_shape([outer, classes])
    return matrix


@_named
def sparse_softmax_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Tensor:
    """-log(softmax(logits)[label]) along the last dimension, of the shape of `labels`.

    `labels` are int32 or int64 class indices, `logits` have their shape and one more dimension, the classes. A label
    that is no class, and shapes that are found not to fit then, raise InvalidArgumentError when it runs. Raises
    ValueError where shapes are known not to fit.
    """
    _required(labels, logits)
    with op_scope(name, "SparseSoftmaxCrossEntropyWithLogits", [labels, logits]):
        labels = convert_to_tensor(labels)
        logits = convert_to_tensor(logits)
        wide = cast(logits, float32) if logits.dtype in _HALVES else logits
        labels_shape = shape(labels)
        static = labels.shape.is_fully_defined() and logits.shape[:-1].is_fully_defined()
        _check_ranks(labels.shape, logits.shape)
        if static and labels.shape != logits.shape[:-1]:
            raise ValueError(
                "`labels.shape` must equal `logits.shape` except for the last dimension. "
                f"Received: labels.shape={labels.shape} and logits.shape={logits.shape}"
            )
        if logits.shape.ndims == 2:
            cost, _ = SparseSoftmaxCrossEntropyWithLogits(wide, labels, name=name)
            return cast(cost, logits.dtype)
        checks = [] if static else [assert_equal(shape(labels), shape(logits)[:-1])]
        with control_dependencies(checks):
            classes = shape(logits)[rank(logits) - 1]
            flat = reshape(wide, [-1, classes]), reshape(labels, [-1])
            cost, _ = SparseSoftmaxCrossEntropyWithLogits(*flat, name=name)
            cost = reshape(cost, labels_shape)
            cost.set_shape(labels.shape)
            return cast(cost, logits.dtype)


def _check_ranks(labels: TensorShape, logits: TensorShape) -> None:
    if logits.ndims == 0:
        raise ValueError(f"`logits` cannot be a scalar. Received logits={logits}")
    if logits.ndims is not None and labels.ndims not in (None, logits.ndims - 1):
        raise ValueError(
            f"`labels.shape.rank` must equal `logits.shape.rank - 1`. Received: labels.shape={labels} of rank "
            f"{labels.ndims} and logits.shape={logits} of rank {logits.ndims}"
        )


# -- of independent events ------------------------------------------------------------------------------------------


def _alike(logits: Tensor, other: Tensor, name: str) -> None:
    try:
        other.shape.assert_is_compatible_with(logits.shape)
    except ValueError:
        message = f"`logits` and `{name}` must have the same shape, received ({logits.shape} vs {other.shape})."
        raise ValueError(message) from None


@_named
def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Tensor:
    """-labels * log(sigmoid(logits)) - (1 - labels) * log(1 - sigmoid(logits)), element by element.

    Computed as max(x, 0) - x * z + log(1 + exp(-abs(x))), which neither overflows nor loses digits.
    """
    _required(labels, logits)
    with op_scope(name, "logistic_loss", [logits, labels]) as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        _alike(logits, labels, "labels")
        zeros = zeros_like(logits, dtype=logits.dtype)
        positive = logits >= zeros
        relu_logits = where(positive, logits, zeros)
        neg_abs = where(positive, -logits, logits)
        return add(relu_logits - logits * labels, log1p(exp(neg_abs)), name=scope)


def weighted_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, pos_weight: Any = None, name: str | None = None, targets: Any = None
) -> Tensor:
    """`sigmoid_cross_entropy_with_logits` with the term of positive labels weighed by `pos_weight`."""
    labels = renamed(labels, targets, "labels", "targets")
    with op_scope(name, "logistic_loss", [logits, labels]) as scope:
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        _alike(logits, labels, "labels")
        # log(1 + exp(-x)) = log1p(exp(-abs(x))) + max(-x, 0)
        log_weight = 1 + (pos_weight - 1) * labels
        return add((1 - labels) * logits, log_weight * (log1p(exp(-absolute(logits))) + relu(-logits)), name=scope)


def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None) -> Tensor:
    """exp(log_input) - log_input * targets: the Poisson log likelihood less a constant of the targets.

    `compute_full_loss` adds Stirling's approximation of that constant, log(targets!), for targets above 1.
    """
    with op_scope(name, "log_poisson_loss", [log_input, targets]):
        log_input = convert_to_tensor(log_input, name="log_input")
        targets = convert_to_tensor(targets, name="targets")
        _alike(log_input, targets, "targets")
        result = exp(log_input) - log_input * targets
        if compute_full_loss:
            half, two_pi = constant(0.5, targets.dtype), constant(2 * math.pi, targets.dtype)
            stirling = (targets * log(targets)) - targets + (half * log(two_pi * targets))
            zeros, ones = zeros_like(targets, dtype=targets.dtype), ones_like(targets, dtype=targets.dtype)
            result += where(logical_and(targets >= zeros, targets <= ones), zeros, stirling)
        return result


__all__ = [
    "log_poisson_loss", "sigmoid_cross_entropy_with_logits", "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2", "sparse_softmax_cross_entropy_with_logits",
    "weighted_cross_entropy_with_logits",
]  # fmt: skip
