"""The loops of the CPU's random fills, compiled by Numba; importing this module imports Numba.

A fill walks its range in chunks of `BLOCKS` Philox blocks, in two phases over small arrays that stay in the first-level
cache: first all words, then all values. LLVM vectorises each of these loops, but not the two in one. The loop over
chunks is one function, bound to the steps of each distribution and dtype through its globals: Numba keeps no function
on disk that got its steps as arguments or from a closure.
"""

from __future__ import annotations

import functools
from typing import Any

import numba
import numpy as np

from .. import intrinsics, philox
from ..intrinsics import LINE, publish, store_line
from .caching import cached_njit

BLOCKS = 512
PAST_CACHE = 1 << 24  # bytes that no one will find in the cache again


SOURCES = (philox.__file__, intrinsics.__file__, __file__)  # of every kernel here


def _cached_njit(template: Any, name: str, **steps: Any) -> Any:
    """A whole kernel, kept on disk under its name."""
    return cached_njit(philox.bound(template, name, **steps), SOURCES)


def _bind(template: Any, of: str, **steps: Any) -> Any:
    """A step of the kernel called `of`."""
    return _inner(philox.bound(template, f"{of}{template.__name__}", **steps))


_inner = numba.njit(nogil=True, error_model="numpy")
# Inlined by force: a call left in a loop keeps the loop from being vectorised.
scalar = philox.compiled_with(
    numba.njit(nogil=True, error_model="numpy", forceinline=True), fma=intrinsics.fma, mul_rn=intrinsics.mul_rn
)
stream_block = scalar.stream_block

# What `philox.bound` fills in: the functions and figures in which one kernel differs from another.
block_samples: Any = None  # four words -> the block's samples
draw_again: Any = None  # the group of samples of the truncated normal, one by one
stored: Any = None  # a sample, its scale and its shift -> what goes into out
convert: Any = None  # phase two
store: Any = None  # values -> out
SAMPLES: Any = None  # of a block
STEP: Any = None  # from one group of samples to the next, in blocks
TWO_SIGMA: Any = None
VALUE: Any = None  # dtype of the samples before they are stored


# --- Words, values, out -----------------------------------------------------------------------------------------------


@_inner
def draw_words(words, blocks, count, k0, k1, c2, c3):
    """Phase one: words[:, j] = the words of the block numbered blocks[j]."""
    for j in range(count):
        w0, w1, w2, w3 = stream_block(np.uint64(blocks[j]), k0, k1, c2, c3)
        words[0, j] = w0
        words[1, j] = w1
        words[2, j] = w2
        words[3, j] = w3


def _convert(words, values, blocks, count, k0, k1, c2, c3):
    """Phase two: the samples of each block, side by side."""
    for j in range(count):
        samples = block_samples(words[0, j], words[1, j], words[2, j], words[3, j])
        for i in range(SAMPLES):
            values[SAMPLES * j + i] = samples[i]


def _truncate(words, values, blocks, count, k0, k1, c2, c3):
    """Phase two of the truncated normal, in which groups whose first block has a sample too far out take a second one.

    That is one group in six, and these are drawn side by side again; one in 1e5 needs more and is drawn by itself.
    What depends on the samples is written without branches, which no processor could foresee.
    """
    convert(words, values, blocks, count, k0, k1, c2, c3)
    short = np.empty(count, np.bool_)
    for j in range(count):
        outside = False
        for i in range(SAMPLES):
            outside |= abs(values[SAMPLES * j + i]) >= TWO_SIGMA
        short[j] = outside
    groups = np.empty(count + 1, np.int64)
    second = np.empty(count + 1, np.int64)
    shorts = 0
    for j in range(count):
        groups[shorts] = j
        second[shorts] = blocks[j] + 1
        shorts += np.int64(short[j])
    more = np.empty(SAMPLES * count, VALUE)
    draw_words(words, second, shorts, k0, k1, c2, c3)
    convert(words, more, second, shorts, k0, k1, c2, c3)
    kept_samples = np.empty(2 * SAMPLES, VALUE)
    for m in range(shorts):
        begin = SAMPLES * groups[m]
        kept = 0
        for i in range(2 * SAMPLES):
            z = values[begin + i] if i < SAMPLES else more[SAMPLES * (m - 1) + i]
            kept_samples[kept] = z
            kept += np.int64(abs(z) < TWO_SIGMA)
        for i in range(SAMPLES):
            values[begin + i] = kept_samples[i]
        if kept < SAMPLES:
            samples = draw_again(np.uint64(blocks[groups[m]]), k0, k1, c2, c3)
            for i in range(SAMPLES):
                values[begin + i] = samples[i]


def _store(values, out, scale, shift):
    for i in range(out.size):
        out[i] = stored(values[i], scale, shift)


@_inner
def copy_lines(values, out, begin):
    """out[begin : begin + len(values)] = values, past the cache; out[begin] must begin a line."""
    line = LINE // out.itemsize
    whole = values.size - values.size % line
    for i in range(0, whole, line):
        store_line(out, begin + i, values, i)
    for i in range(whole, values.size):
        out[begin + i] = values[i]


def _fill(out, start, k0, k1, c2, c3, scale, shift):
    """out[i] = the sample numbered start + i, scaled and shifted."""
    words = np.empty((4, BLOCKS + 1), np.uint32)  # a chunk that begins within a block ends within one
    values = np.empty(SAMPLES * (BLOCKS + 1), VALUE)
    blocks = np.empty(BLOCKS + 1, np.int64)
    chunk = SAMPLES * BLOCKS
    ready = np.empty(chunk, out.dtype)
    past_cache = out.nbytes >= PAST_CACHE and out.ctypes.data % out.itemsize == 0
    # The first chunk ends where a line of the cache does, and so do the others.
    size = min(out.size, chunk - (out.ctypes.data % LINE) // out.itemsize)
    done = 0
    while done < out.size:
        first = (start + done) // SAMPLES
        skip = start + done - first * SAMPLES
        count = (skip + size + SAMPLES - 1) // SAMPLES
        for j in range(count):
            blocks[j] = (first + j) * STEP
        draw_words(words, blocks, count, k0, k1, c2, c3)
        convert(words, values, blocks, count, k0, k1, c2, c3)
        if past_cache and done > 0:
            store(values[skip : skip + size], ready[:size], scale, shift)
            copy_lines(ready[:size], out, done)
        else:
            store(values[skip : skip + size], out[done : done + size], scale, shift)
        done += size
        size = min(out.size - done, chunk)
    if past_cache:
        publish()


def _shuffle(out, start, k0, k1, c2, c3):
    """Fisher and Yates: element i changes places with element i + word % (n - i)."""
    for i in range(out.size):
        out[i] = i
    words = stream_block(np.uint64(start // 4), k0, k1, c2, c3)
    for i in range(out.size - 1):
        at = start + i
        if at % 4 == 0:
            words = stream_block(np.uint64(at // 4), k0, k1, c2, c3)
        other = i + np.int64(words[at % 4]) % (out.size - i)
        out[i], out[other] = out[other], out[i]


# --- One kernel for each distribution and dtype -----------------------------------------------------------------------


@functools.cache
def fill(kind: str, dtype: str) -> Any:
    """The kernel (out, start, k0, k1, c2, c3, scale, shift) of a distribution and the name of a dtype.

    `out` is one-dimensional and contiguous and seen as `philox.recipe` says, `start` an int64.
    """
    name, recipe = f"{kind}_{dtype}", philox.recipe(kind, dtype)
    figures = {"SAMPLES": recipe.samples, "STEP": recipe.step, "VALUE": recipe.sample}
    samples = _bind(_convert, name, block_samples=getattr(scalar, recipe.block), **figures)
    if recipe.group:
        again, two_sigma = getattr(scalar, recipe.group), recipe.sample(2)
        samples = _bind(_truncate, name, convert=samples, draw_again=again, TWO_SIGMA=two_sigma, **figures)
    store = _bind(_store, name, stored=getattr(scalar, recipe.stored))
    return _cached_njit(_fill, name, convert=samples, store=store, **figures)


@functools.cache
def shuffle() -> Any:
    """The kernel (out, start, k0, k1, c2, c3) that makes a one-dimensional integer array a permutation."""
    return _cached_njit(_shuffle, "shuffle")
