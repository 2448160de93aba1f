"""slim.utils: what layers share, and the outputs that they collect under names."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from ...engine.graph import Tensor, add_to_collections, get_collection, get_default_graph
from ...nn.weights import known as constant_value
from ...nn.weights import smart_cond

_ALIASES = ("__output_aliases",)  # the graph's collection of a dict: the names that collected tensors were given


def _aliases() -> dict[Tensor, list[str]]:
    kept = get_default_graph().get_collection_ref(_ALIASES)
    if not kept:
        kept.append({})
    return kept[0]


def append_tensor_alias(tensor: Any, alias: str) -> Any:
    """Give a tensor a further name, under which `convert_collection_to_dict` knows it."""
    _aliases().setdefault(tensor, []).append(alias.removesuffix("/"))
    return tensor


def get_tensor_aliases(tensor: Tensor) -> list[str]:
    """The names that a tensor was collected under; its op's name where there are none."""
    return _aliases().get(tensor) or [tensor.op.name]


def gather_tensors_aliases(tensors: Any) -> list[str]:
    """The names of all the tensors."""
    return [alias for tensor in tensors for alias in get_tensor_aliases(tensor)]


def collect_named_outputs(collections: Any, alias: str, outputs: Any) -> Any:
    """Put outputs into collections (none where `collections` is empty) under a name; gives them back."""
    if collections:
        append_tensor_alias(outputs, alias)
        add_to_collections(collections, outputs)
    return outputs


def convert_collection_to_dict(collection: Any, clear_collection: bool = False) -> OrderedDict[str, Tensor]:
    """The tensors of a collection by the names they were collected under: what networks call their end points."""
    found = OrderedDict((alias, t) for t in get_collection(collection) for alias in get_tensor_aliases(t))
    if clear_collection:
        get_default_graph().clear_collection(collection)
    return found


def get_variable_collections(variables_collections: Any, name: str) -> Any:
    """The collections for one of a layer's variables, where a dict tells them by variable."""
    return variables_collections.get(name) if isinstance(variables_collections, dict) else variables_collections


def add_variable_to_collections(variable: Any, variables_collections: Any, name: str) -> None:
    """Put a layer's variable, or its parts, into the collections that are meant for it, unless it is there."""
    collections = get_variable_collections(variables_collections, name) or []
    for collection in [collections] if isinstance(collections, str) else collections:
        members = get_default_graph().get_collection_ref(collection)
        for part in variable if hasattr(variable, "_get_partitions") else [variable]:
            if all(part is not member for member in members):
                members.append(part)


def _channels(tensor_or_shape: Any, axis: int, rank: int | None, min_rank: int) -> int:
    shape = getattr(tensor_or_shape, "shape", tensor_or_shape)
    if shape.ndims is None:
        raise ValueError("dimension must be specified but rank is unknown")
    if rank is not None and shape.ndims != rank:
        raise ValueError(f"rank of shape must be {rank} not: {shape.ndims}")
    if shape.ndims < min_rank:
        raise ValueError(f"rank of shape must be at least {min_rank} not: {shape.ndims}")
    length = shape.as_list()[axis]
    if length is None:
        raise ValueError("dimension must be specified but is None")
    return length


def last_dimension(shape: Any, min_rank: int = 1) -> int:
    """The length of the last dimension. Raises ValueError where it is unknown, or the rank is less than `min_rank`."""
    return _channels(shape, -1, None, min_rank)


def channel_dimension(shape: Any, data_format: str, min_rank: int = 1) -> int:
    """The number of channels. Raises ValueError where it is unknown, or the rank is less than `min_rank`."""
    return _channels(shape, 1 if data_format.startswith("NC") else -1, None, min_rank)


def first_dimension(shape: Any, min_rank: int = 1) -> int:
    """The length of the first dimension. Raises ValueError where it is unknown, or the rank is less than `min_rank`."""
    return _channels(shape, 0, None, min_rank)


def n_positive_integers(n: int, value: Any) -> tuple[int, ...]:
    """n positive integers from one or as many. Raises ValueError or TypeError for what is none."""
    numbers = (value,) * n if np.ndim(value) == 0 else tuple(value)
    if len(numbers) != n:
        raise ValueError(f"Expected sequence of length {n}, got {numbers}")
    if not all(int(v) == v and v > 0 for v in numbers):
        raise ValueError(f"expected positive integers, got {numbers}")
    return tuple(int(v) for v in numbers)


def two_element_tuple(int_or_tuple: Any) -> tuple[int, int]:
    """Two integers from one or two. Raises ValueError for another number of them."""
    height, width = n_positive_integers(2, int_or_tuple)
    return height, width


__all__ = [
    "append_tensor_alias", "channel_dimension", "collect_named_outputs", "constant_value",
    "convert_collection_to_dict", "first_dimension", "gather_tensors_aliases", "get_tensor_aliases",
    "get_variable_collections", "last_dimension", "n_positive_integers", "smart_cond", "two_element_tuple",
]  # fmt: skip
