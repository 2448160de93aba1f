"""Nested structures of lists, tuples, namedtuples and dicts: flattened, and put together again."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


def assert_shallow_structure(shallow_tree: Any, input_tree: Any, check_types: bool = True) -> None:
    """Raises TypeError, ValueError where `input_tree` is not `shallow_tree` with structures for some of its leaves."""
    if not is_nested(shallow_tree):
        return
    if not is_nested(input_tree):
        raise TypeError(
            f"If shallow structure is a sequence, input must also be a sequence. Input has type: {type(input_tree)}."
        )
    both_map = isinstance(shallow_tree, Mapping) and isinstance(input_tree, Mapping)
    if check_types and not (both_map or isinstance(input_tree, type(shallow_tree))):
        raise TypeError(
            "The two structures don't have the same sequence type. Input structure has type "
            f"{type(input_tree)}, while shallow structure has type {type(shallow_tree)}."
        )
    if len(input_tree) != len(shallow_tree):
        raise ValueError(
            "The two structures don't have the same sequence length. Input structure has length "
            f"{len(input_tree)}, while shallow structure has length {len(shallow_tree)}."
        )
    if both_map and set(shallow_tree) != set(input_tree):
        absent = sorted(set(shallow_tree) - set(input_tree))
        raise ValueError(
            f"The shallow_tree's keys are not a subset of the input_tree's keys. The shallow_tree has the following "
            f"keys that are not in the input_tree: {absent}."
        )
    for shallow, branch in zip(children_of(shallow_tree), children_of(input_tree), strict=True):
        assert_shallow_structure(shallow, branch, check_types)


def flatten_up_to(shallow_tree: Any, input_tree: Any, check_types: bool = True) -> list:
    """What stands in `input_tree` for the leaves of `shallow_tree`. Raises as `assert_shallow_structure`."""
    assert_shallow_structure(shallow_tree, input_tree, check_types)
    return list(_parts_up_to(shallow_tree, input_tree))


def _parts_up_to(shallow_tree: Any, input_tree: Any) -> Iterator[Any]:
    if not is_nested(shallow_tree):
        yield input_tree
        return
    for shallow, branch in zip(children_of(shallow_tree), children_of(input_tree), strict=True):
        yield from _parts_up_to(shallow, branch)


def map_structure_up_to(shallow_tree: Any, func: Callable, *inputs: Any, check_types: bool = True, **given: Any) -> Any:
    """``func(*parts, **given)`` of what stands in the inputs for each leaf of `shallow_tree`, in its form.

    Raises as `assert_shallow_structure`; ValueError for no inputs.
    """
    if not inputs:
        raise ValueError("Cannot map over no sequences")
    parts = zip(*(flatten_up_to(shallow_tree, tree, check_types) for tree in inputs), strict=True)
    return pack_sequence_as(shallow_tree, [func(*values, **given) for values in parts])


def flatten_dict_items(dictionary: Mapping) -> dict[Any, Any]:
    """A dict whose keys and values have the same structures, as one of their leaves: {(a, (b, c)): (1, (2, 3))}.

    Raises ValueError for a pair that differs, and for a key that is there twice.
    """
    flat: dict[Any, Any] = {}
    for key, value in dictionary.items():
        keys, parts = flatten(key), flatten(value) if is_nested(key) else [value]
        if len(keys) != len(parts):
            raise ValueError(
                f"Could not flatten dictionary. Key had {len(keys)} elements, but value had {len(parts)} elements. "
                f"Key: {keys}, value: {parts}."
            )
        for leaf, part in zip(keys, parts, strict=True):
            if leaf in flat:
                raise ValueError(f"Cannot flatten dict because this key is not unique: {leaf}")
            flat[leaf] = part
    return flat


is_sequence = is_nested  # its name before 1.15

__all__ = [
    "assert_same_structure", "assert_shallow_structure", "flatten", "flatten_dict_items", "flatten_up_to",
    "is_nested", "is_sequence", "map_structure", "map_structure_up_to", "pack_sequence_as",
]  # fmt: skip
