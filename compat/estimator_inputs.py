"""tf.estimator.inputs: batches of arrays for an estimator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..data.dataset import Dataset
from ..engine.dtypes import as_dtype
from ..engine.ops.random import get_seed


def numpy_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int = 1000,
    num_threads: int = 1,
) -> Callable[[], Any]:
    """A function that gives the tensors of the next batch: features, or (features, labels).

    Args:
        x: features, an array [n, ...] or a dict of such arrays.
        y: labels, likewise; None: no labels.
        batch_size: how many rows; the last batch of all is smaller where they do not divide.
        num_epochs: how often each row comes; None: without end, and a batch may have rows of two epochs.
        shuffle: whether each epoch has an order of its own, by the graph's seed.
        queue_capacity, num_threads: accepted; batches are cut from the arrays as they are asked for.

    Raises ValueError where `shuffle` is not said, for empty dicts and where lengths differ, TypeError for `x` of
    another kind.
    """
    if not isinstance(shuffle, bool):
        raise ValueError(
            "shuffle must be provided and explicitly set as boolean (it is recommended to set it as True for "
            f"training); got {shuffle}"
        )
    if not isinstance(x, (Mapping, np.ndarray)):
        raise TypeError(f"x must be a dict or array; got {type(x).__name__}")
    for what, given in (("x", x), ("y", y)):
        if isinstance(given, Mapping) and not given:
            raise ValueError(f"{what} cannot be an empty dict")
    parts = tuple(_arrays(part) for part in (x, y) if part is not None)
    lengths = {name: len(array) for part in parts for name, array in _named(part)}
    if len(set(lengths.values())) != 1:
        raise ValueError(
            "Length of tensors in x and y is mismatched. All elements in x and y must have the same length.\n"
            f"Lengths: {lengths}"
        )
    rows = next(iter(lengths.values()))
    if not rows or batch_size < 1:
        raise ValueError(f"There must be rows, and some in a batch: {rows} rows, batch_size {batch_size}")

    def input_fn() -> Any:
        seeds = [seed for seed in get_seed(None) if seed is not None]

        def batches() -> Iterator[Any]:
            drawn = np.random.default_rng(seeds or None) if shuffle else None
            for chosen in _places(rows, batch_size, num_epochs, drawn):
                yield tuple(_each(part, lambda array, at=chosen: array[at]) for part in parts)

        types = tuple(_each(part, lambda array: as_dtype(array.dtype)) for part in parts)
        shapes = tuple(_each(part, lambda array: [None, *array.shape[1:]]) for part in parts)
        batch = Dataset.from_generator(batches, types, shapes).make_one_shot_iterator().get_next()
        return batch if y is not None else batch[0]

    return input_fn


def _places(
    rows: int, batch_size: int, num_epochs: int | None, drawn: np.random.Generator | None
) -> Iterator[np.ndarray]:
    """The rows of one batch after the other."""
    left, epochs = np.empty(0, np.intp), 0
    while True:
        while len(left) < batch_size and epochs != num_epochs:
            left = np.concatenate([left, np.arange(rows) if drawn is None else drawn.permutation(rows)])
            epochs += 1
        if not left.size:
            return
        yield left[:batch_size]
        left = left[batch_size:]


def _arrays(given: Any) -> Any:
    return _each(given, np.asarray)


def _each(part: Any, function: Callable) -> Any:
    if isinstance(part, Mapping):
        return {name: function(array) for name, array in part.items()}
    return function(part)


def _named(part: Any) -> list[tuple[Any, np.ndarray]]:
    return list(part.items()) if isinstance(part, Mapping) else [("", part)]


__all__ = ["numpy_input_fn"]
