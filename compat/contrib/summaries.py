"""Summaries of contrib.layers: of activations, tensors and whole collections."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from ...engine.dtypes import bool_, float32, string
from ...engine.graph import Tensor, get_collection
from ...engine.ops.basic import cast
from ...engine.ops.math import greater, less
from ...engine.ops.reduce import reduce_mean
from ...scopes.keys import GraphKeys
from ...train.summary import histogram, scalar


def _share(of: Tensor) -> Tensor:
    return reduce_mean(cast(of, float32))


def summarize_activation(op: Tensor) -> Tensor:
    """A histogram of an activation; of relu, softplus and relu6 also the share of inputs below zero (and above 6)."""
    name, kind = op.op.name, op.op.type
    if kind in ("Relu", "Softplus", "Relu6"):
        given = op.op.inputs[0]
        scalar(f"{name}/zeros", _share(less(given, cast(0.0, given.dtype))))
    if kind == "Relu6":
        scalar(f"{name}/sixes", _share(greater(given, cast(6.0, given.dtype))))
    return histogram(f"{name}/activation", op)


def summarize_tensor(tensor: Any, tag: str | None = None) -> Tensor | None:
    """A scalar's value or a histogram; None for strings and booleans."""
    if tensor.dtype.base_dtype in (string, bool_):
        return None
    summary = scalar if tensor.shape.ndims == 0 else histogram
    return summary(tag or f"{tensor.op.name}_summary", tensor)


def summarize_tensors(
    tensors: Iterable[Any], summarizer: Callable[[Any], Tensor | None] = summarize_tensor
) -> list[Tensor | None]:
    """A summary of each."""
    return [summarizer(tensor) for tensor in tensors]


def summarize_collection(
    collection: Any, name_filter: str | None = None, summarizer: Callable[[Any], Tensor | None] = summarize_tensor
) -> list[Tensor | None]:
    """A summary of each member of a collection, or of those whose names begin with a regular expression."""
    tensors = get_collection(collection)
    if name_filter is not None:
        tensors = [tensor for tensor in tensors if re.match(name_filter, tensor.op.name)]
    return summarize_tensors(tensors, summarizer)


summarize_variables = partial(summarize_collection, GraphKeys.GLOBAL_VARIABLES)
summarize_weights = partial(summarize_collection, GraphKeys.WEIGHTS)
summarize_biases = partial(summarize_collection, GraphKeys.BIASES)


def summarize_activations(
    name_filter: str | None = None, summarizer: Callable[[Any], Tensor | None] = summarize_activation
) -> list[Tensor | None]:
    """`summarize_collection` of ACTIVATIONS."""
    return summarize_collection(GraphKeys.ACTIVATIONS, name_filter, summarizer)


__all__ = [
    "summarize_activation", "summarize_activations", "summarize_biases", "summarize_collection", "summarize_tensor",
    "summarize_tensors", "summarize_variables", "summarize_weights",
]  # fmt: skip
