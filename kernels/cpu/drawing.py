"""Draws into NumPy arrays, in parallel; a kernel is compiled, or read from its cache, at its first use."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import philox
from . import threads

# To wake a thread costs as much as drawing some 1e4 elements: a piece of the work has at least as many as this.
PIECE = 1 << 17


def draw(kind: str, out: np.ndarray, offset: int, words: tuple[np.uint32, ...], scale: Any, shift: Any) -> None:
    """Fills `out` (not empty, of any layout) with the samples from `offset` on, times `scale`, plus `shift`.

    `words` are those of `philox.seed_words`; scale and shift are of the recipe's type.
    """
    from . import compiled

    kernel = compiled.fill(kind, out.dtype.name)
    whole = out if out.flags.c_contiguous else np.empty(out.shape, out.dtype)
    flat: np.ndarray = whole.reshape(-1).view(philox.recipe(kind, out.dtype.name).bits)

    pieces = max(1, min(threads.count(), flat.size // PIECE))
    bounds = [flat.size * i // pieces for i in range(pieces + 1)]

    def draw_piece(i: int) -> None:
        kernel(flat[bounds[i] : bounds[i + 1]], np.int64(offset + bounds[i]), *words, scale, shift)

    threads.share(pieces, draw_piece)
    if whole is not out:
        out[...] = whole


def shuffle(out: np.ndarray, offset: int, words: tuple[np.uint32, ...]) -> None:
    """Makes `out` a permutation, with the words from `offset` on."""
    from . import compiled

    compiled.shuffle()(out, np.int64(offset), *words)
