"""Batches: elements side by side, padded to one shape or not, and taken apart again."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.errors import DataLossError, InvalidArgumentError
from ..engine.registry import brackets
from ..engine.sparse_tensor import SparseTensor
from .functions import Element, Home
from .sources import Source, Step
from .structure import Spec


def batched(source: Source, size: int, drop_remainder: bool, specs: Sequence[Spec]) -> Source:
    """`size` elements at a time; of those left over at the end a smaller batch, or none."""
    return _groups(source, size, drop_remainder, lambda elements: _side_by_side(elements, specs))


def padded(source: Source, size: int, drop_remainder: bool, shapes: Sequence[Any], values: Sequence[Any]) -> Source:
    """As `batched`, with each component filled up to a shape, of which -1 is the largest size in the batch."""

    def joined(elements: list[Element]) -> Element:
        columns = zip(*elements, strict=True)
        return [
            _padded([np.asarray(v) for v in column], shape, value)
            for column, shape, value in zip(columns, shapes, values, strict=True)
        ]

    return _groups(source, size, drop_remainder, joined)


def _groups(source: Source, size: int, drop_remainder: bool, join: Any) -> Source:
    def begin(home: Home) -> Step:
        step = source(home)
        ended = False

        def next_batch() -> Element:
            nonlocal ended
            elements: list[Element] = []
            while not ended and len(elements) < size:
                try:
                    elements.append(step())
                except StopIteration:
                    ended = True
            if not elements or (drop_remainder and len(elements) < size):
                raise StopIteration
            return join(elements)

        return next_batch

    return begin


def _side_by_side(elements: list[Element], specs: Sequence[Spec]) -> Element:
    columns = list(zip(*elements, strict=True))
    results: Element = []
    for i, spec in enumerate(specs):
        at = len(results)
        if spec.kind is SparseTensor:
            results += _sparse_batch(columns[at], columns[at + 1], columns[at + 2])
        else:
            results.append(_stacked(columns[at], spec, i))
    return results


def _stacked(values: Sequence[Any], spec: Spec, component: int) -> np.ndarray:
    """Arrays of one shape along a new first axis. Raises InvalidArgumentError where one has another shape."""
    shape = np.shape(values[0])
    out = np.empty((len(values), *shape), spec.dtype.numpy)
    for i, value in enumerate(values):
        if np.shape(value) != shape:
            raise InvalidArgumentError(
                None,
                None,
                f"Cannot batch tensors with different shapes in component {component}. First element had shape "
                f"{brackets(shape)} and element {i} had shape {brackets(np.shape(value))}.",
            )
        out[i, ...] = (
            value  # the dots are for strings: an item of an array of objects would be the array `value` itself
        )
    return out


def _sparse_batch(indices: Sequence[Any], values: Sequence[Any], shapes: Sequence[Any]) -> Element:
    """The sparse tensor whose rows are the given ones, as wide as the widest."""
    if len({len(shape) for shape in shapes}) > 1:
        raise InvalidArgumentError(None, None, "Cannot batch SparseTensors of different ranks.")
    places = [np.insert(np.asarray(at, np.int64), 0, row, axis=1) for row, at in enumerate(indices)]
    dense_shape = np.array([len(shapes), *np.max(np.stack(shapes), axis=0)], np.int64)
    return [np.concatenate(places), np.concatenate(values), dense_shape]


def _padded(values: Sequence[np.ndarray], shape: np.ndarray, filler: Any) -> np.ndarray:
    for value in values:
        if value.ndim != len(shape):
            raise InvalidArgumentError(
                None,
                None,
                "All elements in a batch must have the same rank as the padded shape for component: expected rank "
                f"{len(shape)} but got element with rank {value.ndim}",
            )
    sizes = [max(v.shape[i] for v in values) if d < 0 else int(d) for i, d in enumerate(shape)]
    out = np.empty((len(values), *sizes), values[0].dtype)
    out[...] = filler
    for i, value in enumerate(values):
        if any(d > room for d, room in zip(value.shape, sizes, strict=True)):
            raise DataLossError(None, None, "Attempted to pad to a smaller size than the input element.")
        place: Any = (i, ..., *(slice(d) for d in value.shape))
        out[place] = value
    return out


def unbatched(source: Source, specs: Sequence[Spec]) -> Source:
    """The rows of each element, one after the other."""

    def begin(home: Home) -> Step:
        step = source(home)
        rows: list[Element] = []

        def next_row() -> Element:
            while not rows:
                rows.extend(reversed(rows_of(step(), specs)))
            return rows.pop()

        return next_row

    return begin


def rows_of(element: Element, specs: Sequence[Spec]) -> list[Element]:
    """The rows of all components of an element. Raises InvalidArgumentError where their numbers differ."""
    columns: list[list[Element]] = []
    at = 0
    for spec in specs:
        if spec.kind is SparseTensor:
            columns.append(_sparse_rows(*element[at : at + 3]))
        else:
            columns.append([[element[at][i, ...]] for i in range(len(element[at]))])
        at += len(spec.tensors())
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise InvalidArgumentError(
            None, None, f"Input element must have the same batch size in each component. Component sizes: {lengths}"
        )
    return [[value for part in row for value in part] for row in zip(*columns, strict=True)]


def _sparse_rows(indices: np.ndarray, values: np.ndarray, dense_shape: np.ndarray) -> list[Element]:
    bounds = np.searchsorted(indices[:, 0], np.arange(int(dense_shape[0]) + 1))
    return [[indices[a:b, 1:], values[a:b], dense_shape[1:]] for a, b in itertools.pairwise(bounds)]
