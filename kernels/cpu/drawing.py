"""Draws into NumPy arrays, in parallel; a kernel is compiled, or read from its cache, at its first use."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .. import philox
from ..code_on_disk import Code
from . import machine_code, threads

# To wake a thread costs as much as drawing some 1e4 elements: a piece of the work has at least as many as this.
PIECE = 1 << 17

# What every kernel takes first: where out begins, its size, the number of its first element, the seed's words.
PLACE_AND_WORDS = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, *[ctypes.c_uint32] * 4)


FLOOR = Path(__file__).parent.parent
# Of the kernels' code:
SOURCES = (
    FLOOR / "philox.py",
    FLOOR / "intrinsics.py",
    *(FLOOR / "cpu" / name for name in ("compiled.py", "compiling.py")),
)


@functools.cache
def _kernel(kind: str, dtype: np.dtype) -> Callable[..., None]:
    """`fill` of a dtype itself, whose name takes NumPy as long to say as a small fill takes."""
    return fill(kind, dtype.name)


@functools.cache
def fill(kind: str, dtype: str) -> Callable[..., None]:
    """compiled.fill's kernel, ready to be called; Numba is imported only where its code is not yet on disk."""

    def compile_it() -> Code:
        from . import compiled

        return compiled.fill(kind, dtype)

    sample = np.ctypeslib.as_ctypes_type(philox.recipe(kind, dtype).sample)
    return machine_code.function(f"{kind}_{dtype}", SOURCES, compile_it, (*PLACE_AND_WORDS, sample, sample))


@functools.cache
def _shuffle_kernel(dtype: str) -> Callable[..., None]:
    def compile_it() -> Code:
        from . import compiled

        return compiled.shuffle(dtype)

    return machine_code.function(f"shuffle_{dtype}", SOURCES, compile_it, PLACE_AND_WORDS)


def draw(kind: str, out: np.ndarray, offset: int, words: tuple[np.uint32, ...], scale: Any, shift: Any) -> None:
    """Fills `out` (not empty, of any layout) with the samples from `offset` on, times `scale`, plus `shift`.

    `words` are those of `philox.seed_words`; scale and shift are of the recipe's type.
    """
    kernel = _kernel(kind, out.dtype)
    whole = out if out.flags.c_contiguous else np.empty(out.shape, out.dtype)
    memory, size, itemsize = whole.ctypes.data, whole.size, whole.itemsize
    pieces = max(1, min(threads.count(), size // PIECE))
    bounds = [size * i // pieces for i in range(pieces + 1)]

    def draw_piece(i: int) -> None:
        begin, end = bounds[i], bounds[i + 1]
        kernel(memory + begin * itemsize, end - begin, offset + begin, *words, scale, shift)

    threads.share(pieces, draw_piece)
    if whole is not out:
        out[...] = whole


def shuffle(out: np.ndarray, offset: int, words: tuple[np.uint32, ...]) -> None:
    """Makes `out` (one-dimensional, of any stride) a permutation, with the words from `offset` on."""
    whole = out if out.flags.c_contiguous else np.empty(out.shape, out.dtype)
    _shuffle_kernel(out.dtype.name)(whole.ctypes.data, whole.size, offset, *words)
    if whole is not out:
        out[...] = whole
