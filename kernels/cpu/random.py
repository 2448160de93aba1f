"""What is made from random fills on the CPU; every value is TensorFlow's own for the same seeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from ..fills import uniform
from ..philox import INTEGERS, Seed

__all__ = ["multinomial"]


def multinomial(
    logits: np.ndarray, num_samples: int, seed: Seed, dtype: DTypeLike = np.int64, offset: int = 0
) -> np.ndarray:
    """Class numbers [batch, num_samples] drawn as tf.multinomial does from unscaled log weights.

    Args:
        logits: floats of shape [batch, classes]; classes whose entry is not finite are never drawn.
        num_samples: draws for each row.
        seed, offset: as in `uniform` of float64, of which a draw takes one element.
        dtype: of the result, int32 or int64.

    Raises:
        ValueError: `logits` is not of rank two or has no classes, or num_samples is negative.
        TypeError: `dtype` is not int32 or int64.
    """
    if logits.ndim != 2 or logits.shape[1] == 0:
        raise ValueError(f"logits must have shape [batch, classes] with classes > 0, not {logits.shape}")
    if num_samples < 0:
        raise ValueError(f"num_samples={num_samples} must not be negative")
    if np.dtype(dtype) not in INTEGERS:
        raise TypeError(f"multinomial gives int32 or int64, not {np.dtype(dtype)}")
    batch = logits.shape[0]
    draws = np.empty((batch, num_samples), np.float64)
    uniform(draws, seed, offset=offset)
    wide = logits.astype(np.float64)
    finite = np.isfinite(wide)
    top = np.max(wide, axis=1, keepdims=True, where=finite, initial=-np.inf)
    weights = np.exp(np.where(finite, wide - np.where(np.isfinite(top), top, 0), -np.inf))
    cumulative = np.cumsum(weights, axis=1)
    classes = np.empty(draws.shape, dtype)
    for row in range(batch):
        classes[row] = np.searchsorted(cumulative[row], draws[row] * cumulative[row, -1], side="right")
    return classes
