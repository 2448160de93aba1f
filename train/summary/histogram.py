"""The histograms of `tf.summary.histogram`: TensorFlow's buckets, exponentially wide."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

_AT_ONCE = 1 << 20  # values: what is computed of them at a time stays small
_LARGEST = np.finfo(np.float64).max


@cache
def bucket_limits() -> np.ndarray:
    """The upper ends of the buckets: ±1e-12 times powers of 1.1 below 1e20, 0, and the largest numbers there are."""
    positive = []
    limit = 1.0e-12
    while limit < 1.0e20:
        positive.append(limit)
        limit *= 1.1
    positive.append(_LARGEST)
    return np.array([*(-x for x in reversed(positive)), 0.0, *positive])


def histogram(values: np.ndarray) -> dict[str, Any]:
    """The fields of the HistogramProto of real numbers: count, sums, extremes, and the buckets that have any.

    A bucket holds what is below its limit and not below the one before. The sums are added up one by one in float64,
    and of neighbouring empty buckets only the last is kept, both as TensorFlow does. Raises ValueError for NaNs and
    infinities, "Nan in summary histogram" and "Infinity in Histogram".
    """
    limits = bucket_limits()
    counts = np.zeros(len(limits), np.int64)
    smallest, largest, total, squares = _LARGEST, -_LARGEST, 0.0, 0.0
    flat = values.reshape(-1)
    for start in range(0, flat.size, _AT_ONCE):
        part = flat[start : start + _AT_ONCE].astype(np.float64)
        if not np.isfinite(part).all():
            raise ValueError("Nan in summary histogram" if np.isnan(part).any() else "Infinity in Histogram")
        smallest, largest = min(smallest, part[part.argmin()]), max(largest, part[part.argmax()])  # of ±0, the first
        with np.errstate(over="ignore"):
            total = np.add.accumulate(np.concatenate([[total], part]))[-1]
            squares = np.add.accumulate(np.concatenate([[squares], part * part]))[-1]
        places = np.searchsorted(limits, part, side="right")
        counts += np.bincount(np.minimum(places, len(limits) - 1), minlength=len(limits))
    kept = (counts > 0) | np.append(counts[1:] > 0, True)
    return {
        "min": smallest, "max": largest, "num": float(flat.size), "sum": total, "sum_squares": squares,
        "bucket_limit": limits[kept], "bucket": counts[kept].astype(np.float64),
    }  # fmt: skip
