"""Nested structures of lists, tuples, namedtuples and dicts: flattened, and put together again."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any


def is_nested(seq: Any) -> bool:
    return isinstance(seq, (list, tuple, Mapping))


def children_of(structure: Any) -> list:
    """The parts of one level, a dict's in the order of its sorted keys."""
    if isinstance(structure, Mapping):
        return [structure[key] for key in sorted(structure)]
    return list(structure)


def with_values(mapping: Mapping, items: Iterable[tuple[Any, Any]]) -> Any:
    """A mapping of the same kind and order, with a new value for every key."""
    if isinstance(mapping, dict):
        result = copy.copy(mapping)  # keeps what a kind of dict has of its own, such as a default's factory
        result.update(items)
        return result
    kind: Any = type(mapping)
    by_key = dict(items)
    return kind((key, by_key[key]) for key in mapping)


def _like(structure: Any, children: Sequence[Any]) -> Any:
    if isinstance(structure, Mapping):
        return with_values(structure, zip(sorted(structure), children, strict=True))
    kind: Any = type(structure)
    if hasattr(structure, "_fields"):
        return kind(*children)
    return kind(children)


def flatten(structure: Any) -> list:
    """The leaves from left to right; a leaf itself gives a list of one."""
    if not is_nested(structure):
        return [structure]
    return [leaf for child in children_of(structure) for leaf in flatten(child)]


def pack_sequence_as(structure: Any, flat_sequence: Sequence[Any]) -> Any:
    """The leaves in the form of `structure`. Raises ValueError where their number does not fit."""
    wanted = len(flatten(structure))
    if wanted != len(flat_sequence):
        raise ValueError(f"Structure had {wanted} elements, but flat_sequence had {len(flat_sequence)} elements.")
    return _packed(structure, iter(flat_sequence))


def _packed(structure: Any, leaves: Any) -> Any:
    if not is_nested(structure):
        return next(leaves)
    return _like(structure, [_packed(child, leaves) for child in children_of(structure)])


def map_structure(function: Callable, *structures: Any, check_types: bool = True) -> Any:
    """`function` of the corresponding leaves, in the form of the first structure.

    Raises as `assert_same_structure`; ValueError for no structure, TypeError for what is no function.
    """
    if not callable(function):
        raise TypeError(f"func must be callable, got: {function}")
    if not structures:
        raise ValueError("Must provide at least one structure")
    for other in structures[1:]:
        assert_same_structure(structures[0], other, check_types)
    flat = zip(*(flatten(s) for s in structures), strict=True)
    return pack_sequence_as(structures[0], [function(*leaves) for leaves in flat])


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True) -> None:
    """Raises ValueError (TypeError for other container types) where two structures differ in form."""
    if is_nested(nest1) != is_nested(nest2):
        raise ValueError(
            f"The two structures don't have the same nested structure.\n\nFirst structure: {nest1}\n\nSecond "
            f"structure: {nest2}"
        )
    if not is_nested(nest1):
        return
    if (
        check_types
        and type(nest1) is not type(nest2)
        and not (isinstance(nest1, Mapping) and isinstance(nest2, Mapping))
    ):
        raise TypeError(
            f"The two structures don't have the same sequence type. First structure has type {type(nest1)}, while "
            f"second structure has type {type(nest2)}."
        )
    if isinstance(nest1, Mapping) and set(nest1) != set(nest2):
        raise ValueError(f"The two dictionaries don't have the same set of keys: {sorted(nest1)} and {sorted(nest2)}.")
    a, b = children_of(nest1), children_of(nest2)
    if len(a) != len(b):
        raise ValueError(f"The two structures don't have the same number of elements: {len(a)} and {len(b)}.")
    for x, y in zip(a, b, strict=True):
        assert_same_structure(x, y, check_types)


is_sequence = is_nested  # its name before 1.15

__all__ = ["assert_same_structure", "flatten", "is_nested", "is_sequence", "map_structure", "pack_sequence_as"]
