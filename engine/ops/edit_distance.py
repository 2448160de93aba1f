"""edit_distance: how many insertions, deletions and replacements make one sequence another."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import INTEGERS, float32, float64, string
from ..graph import Tensor
from ..registry import define, not_differentiable
from ..shapes import TensorShape
from ..sparse_tensor import SparseTensor
from ..static import constant_value
from .common import of_rank


def levenshtein(a: list, b: list) -> int:
    """The edit distance of two sequences. Wagner and Fischer, The string-to-string correction problem (1974)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        corner, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (x != y))
    return row[-1]


def _sequences(indices: np.ndarray, values: np.ndarray) -> dict[tuple, list]:
    """The values of each sequence, by its place: all of an index but the last."""
    found: dict[tuple, list] = {}
    for index, value in zip(indices.tolist(), values.tolist(), strict=True):
        found.setdefault(tuple(index[:-1]), []).append(value)
    return found


def _kernel(k: Any, *parts: np.ndarray, normalize: bool) -> np.ndarray:
    (hypotheses, truths), shapes = (_sequences(*parts[i : i + 2]) for i in (0, 3)), (parts[2], parts[5])
    distances = np.zeros(np.maximum(shapes[0][:-1], shapes[1][:-1]), np.float32)
    for place in hypotheses.keys() | truths.keys():
        truth = truths.get(place, [])
        distance = np.float32(levenshtein(hypotheses.get(place, []), truth))
        if normalize:
            distance = distance / np.float32(len(truth)) if truth else np.float32(np.inf)
        distances[place] = distance
    return distances


def _shape(*parts: Tensor, **_: Any) -> TensorShape:
    for t, rank in zip(parts, (2, 1, 1) * 2, strict=True):
        of_rank(t, rank)
    said, meant = (constant_value(t) for t in (parts[2], parts[5]))
    if said is None or meant is None:
        return TensorShape(None)
    if len(said) != len(meant):
        raise ValueError(
            "Expected hypothesis and truth tensors to have the same rank, but hypothesis_shape and th_shape: "
            f"{len(said)} vs. {len(meant)}"
        )
    return TensorShape(np.maximum(said[:-1], meant[:-1]).tolist())


EditDistance = define(
    "EditDistance",
    "hypothesis_indices:int64, hypothesis_values:T, hypothesis_shape:int64, truth_indices:int64, truth_values:T, "
    "truth_shape:int64 -> output:float32",
    types={"T": (*INTEGERS, float32, float64, string)},
    shape=_shape,
    kernel=_kernel,
    grad=not_differentiable,
    host=[f"{which}_{part}" for which in ("hypothesis", "truth") for part in ("indices", "values", "shape")],
    host_result=True,
)


def edit_distance(hypothesis: Any, truth: Any, normalize: bool = True, name: str = "edit_distance") -> Tensor:
    """The Levenshtein distance of sequences, float32 of the shape of the SparseTensors without the last dimension.

    With `normalize`, as a part of the truth's length; infinite where that is empty and the hypothesis is not. Raises
    TypeError for what is not a SparseTensor.
    """
    for sequences, what in ((hypothesis, "Hypothesis"), (truth, "Truth")):
        if not isinstance(sequences, SparseTensor):
            raise TypeError(f"{what} must be a SparseTensor.")
    parts = [p for t in (hypothesis, truth) for p in (t.indices, t.values, t.dense_shape)]
    return EditDistance(*parts, normalize=normalize, name=name)


__all__ = ["edit_distance"]
