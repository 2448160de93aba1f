"""Where examples end in binary trees that are kept as tables of nodes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

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
