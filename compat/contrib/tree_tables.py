"""What forests and boosted trees share: trees as tables of nodes, and batches that are checked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...engine.errors import InvalidArgumentError, OpError

LEAF = -1  # in place of a node's left child


def leaves_of(
    x: np.ndarray,
    roots: np.ndarray,
    children: np.ndarray,
    features: np.ndarray,
    thresholds: np.ndarray,
    goes_left: Callable[..., np.ndarray] = np.less_equal,
) -> np.ndarray:
    """The leaf of each example in each tree, [examples, trees], as numbers of nodes.

    A node's left child is `children[node]`, or LEAF; the right one follows it. An example of `x` [examples, features]
    goes left where ``goes_left(its feature, the node's threshold)``; NaN goes right.
    """
    nodes = np.repeat(roots[None], len(x), 0)
    flat = nodes.ravel()
    walking = np.flatnonzero(children[flat] != LEAF)
    while walking.size:
        at = flat[walking]
        left = goes_left(x[walking // len(roots), features[at]], thresholds[at])
        flat[walking] = children[at] + ~left
        walking = walking[children[flat[walking]] != LEAF]
    return nodes


def check_features(x: np.ndarray, features: int, whose: str) -> None:
    """Raises InvalidArgumentError for examples that are not of shape [?, features]; `whose` says who has so many."""
    if x.ndim != 2 or x.shape[1] != features:
        raise refused(f"Examples must be of shape [?, {features}], {whose}, not {[*x.shape]}")


def class_numbers(labels: np.ndarray, examples: int, classes: int, argument: str) -> np.ndarray:
    """Labels [examples] or [examples, 1] as integers [examples].

    Raises InvalidArgumentError for another shape, and for what is no integer from 0 to `classes` - 1; `argument` is
    what says how many classes there are.
    """
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.shape != (examples,):
        raise refused(f"Labels must be of shape [{examples}], as there are so many examples, not {[*labels.shape]}")
    wrong = ~np.isin(labels, np.arange(classes))
    if wrong.any():
        raise refused(
            f"Got label {labels[wrong][0]:g}, but classes are 0 to {classes - 1}. Is {argument} set correctly?"
        )
    return labels.astype(np.int64)


def refused(message: str) -> OpError:
    """The error of a run for a batch that does not fit."""
    return InvalidArgumentError(None, None, message)
