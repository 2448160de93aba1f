"""Draws into NumPy arrays, in parallel; a kernel is compiled, or read from its cache, at its first use."""

from __future__ import annotations

import functools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from .. import philox

# To wake a thread costs as much as drawing some 1e4 elements: a piece of the work has at least as many as this.
PIECE = 1 << 17


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """The threads that draw beside the caller's own."""
    return ThreadPoolExecutor(max(1, _threads() - 1), "scopeflow-draw")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a child has none of its parent's threads


def draw(kind: str, out: np.ndarray, offset: int, words: tuple[np.uint32, ...], scale: Any, shift: Any) -> None:
    """Fills `out` (not empty, of any layout) with the samples from `offset` on, times `scale`, plus `shift`.

    `words` are those of `philox.seed_words`; scale and shift are of the recipe's type.
    """
    from . import compiled

    kernel = compiled.fill(kind, out.dtype.name)
    whole = out if out.flags.c_contiguous else np.empty(out.shape, out.dtype)
    flat: np.ndarray = whole.reshape(-1).view(philox.recipe(kind, out.dtype.name).bits)

    def draw_piece(begin: int, end: int) -> None:
        kernel(flat[begin:end], np.int64(offset + begin), *words, scale, shift)

    pieces = max(1, min(_threads(), flat.size // PIECE))
    bounds = [flat.size * i // pieces for i in range(pieces + 1)]
    others = [_pool().submit(draw_piece, *piece) for piece in zip(bounds[1:-1], bounds[2:], strict=True)]
    draw_piece(0, bounds[1])
    for piece in others:
        piece.result()
    if whole is not out:
        out[...] = whole


def shuffle(out: np.ndarray, offset: int, words: tuple[np.uint32, ...]) -> None:
    """Makes `out` a permutation, with the words from `offset` on."""
    from . import compiled

    compiled.shuffle()(out, np.int64(offset), *words)
