"""The loops of the CPU's random fills, compiled by Numba; importing this module imports Numba.

A fill walks its range in chunks of `BLOCKS` Philox blocks, in two phases over small arrays that stay in the first-level
cache: first all words, then all values. LLVM vectorises each of these loops, but not the two in one. The loop over
chunks is one function, bound to the steps of each distribution and dtype through its globals. machine_code.py keeps
what is compiled here.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import types

from .. import intrinsics, philox
from ..code_on_disk import Code
from ..intrinsics import LINE
from .compiling import machine_code, njit

# Their Python functions take another argument, the typing context, so a type checker would miss one in each call.
array_at: Any = intrinsics.array_at
publish: Any = intrinsics.publish
stack_array: Any = intrinsics.stack_array
store_line: Any = intrinsics.store_line

BLOCKS = 512
BLOCKS_OF_CHUNK = BLOCKS + 1  # one that begins within a block ends within one
PAST_CACHE = 1 << 24  # bytes that no one will find in the cache again


# --- Compiling --------------------------------------------------------------------------------------------------------


def _machine_code(template: Any, name: str, signature: Any, **steps: Any) -> Code:
    """A whole kernel, compiled."""
    return machine_code(philox.bound(template, name, **steps), signature)


def _bind(template: Any, of: str, **steps: Any) -> Any:
    """A step of the kernel called `of`."""
    return _inner(philox.bound(template, f"{of}{template.__name__}", **steps))


_inner = njit()
# Inlined by force: a call left in a loop keeps the loop from being vectorised.
scalar = philox.compiled_with(njit(forceinline=True), fma=intrinsics.fma, mul_rn=intrinsics.mul_rn)
stream_block = scalar.stream_block

# What `philox.bound` fills in: the functions and figures in which one kernel differs from another.
block_samples: Any = None  # four words -> the block's samples
draw_again: Any = None  # the group of samples of the truncated normal, one by one
stored: Any = None  # a sample, its scale and its shift -> what goes into out
convert: Any = None  # phase two
store: Any = None  # values -> out
SAMPLES: Any = None  # of a block
SAMPLES_OF_CHUNK: Any = None
SAMPLES_OF_TWO: Any = None  # blocks
STORED: Any = None  # dtype of out
STEP: Any = None  # from one group of samples to the next, in blocks
TWO_SIGMA: Any = None
VALUE: Any = None  # dtype of the samples before they are stored


# --- Words, values, out -----------------------------------------------------------------------------------------------


@_inner
def draw_words(words, blocks, count, k0, k1, c2, c3):
    """Phase one: words[0][j] to words[3][j] = the words of the block numbered blocks[j]."""
    for j in range(count):
        w0, w1, w2, w3 = stream_block(np.uint64(blocks[j]), k0, k1, c2, c3)
        words[0][j] = w0
        words[1][j] = w1
        words[2][j] = w2
        words[3][j] = w3


def _convert(words, values, blocks, count, k0, k1, c2, c3):
    """Phase two: the samples of each block, side by side."""
    for j in range(count):
        samples = block_samples(words[0][j], words[1][j], words[2][j], words[3][j])
        for i in range(SAMPLES):
            values[SAMPLES * j + i] = samples[i]


def _truncate(words, values, blocks, count, k0, k1, c2, c3):
    """Phase two of the truncated normal, in which groups whose first block has a sample too far out take a second one.

    That is one group in six, and these are drawn side by side again; one in 1e5 needs more and is drawn by itself.
    What depends on the samples is written without branches, which no processor could foresee.
    """
    convert(words, values, blocks, count, k0, k1, c2, c3)
    short = stack_array(BLOCKS_OF_CHUNK, np.bool_)
    for j in range(count):
        outside = False
        for i in range(SAMPLES):
            outside |= abs(values[SAMPLES * j + i]) >= TWO_SIGMA
        short[j] = outside
    groups = stack_array(BLOCKS_OF_CHUNK, np.int64)
    second = stack_array(BLOCKS_OF_CHUNK, np.int64)
    shorts = 0
    for j in range(count):
        groups[shorts] = j
        second[shorts] = blocks[j] + 1
        shorts += int(short[j])
    more = stack_array(SAMPLES_OF_CHUNK, VALUE)
    draw_words(words, second, shorts, k0, k1, c2, c3)
    convert(words, more, second, shorts, k0, k1, c2, c3)
    kept_samples = stack_array(SAMPLES_OF_TWO, VALUE)
    for m in range(shorts):
        begin = SAMPLES * groups[m]
        kept = 0
        for i in range(2 * SAMPLES):
            z = values[begin + i] if i < SAMPLES else more[SAMPLES * (m - 1) + i]
            kept_samples[kept] = z
            kept += int(abs(z) < TWO_SIGMA)
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


def _fill(memory, size, start, k0, k1, c2, c3, scale, shift):
    """out[i] = the sample numbered start + i, scaled and shifted; out is the `size` elements at `memory`."""
    out = array_at(memory, size)
    words = (
        stack_array(BLOCKS_OF_CHUNK, np.uint32),
        stack_array(BLOCKS_OF_CHUNK, np.uint32),
        stack_array(BLOCKS_OF_CHUNK, np.uint32),
        stack_array(BLOCKS_OF_CHUNK, np.uint32),
    )
    values = stack_array(SAMPLES_OF_CHUNK, VALUE)
    blocks = stack_array(BLOCKS_OF_CHUNK, np.int64)
    ready = stack_array(SAMPLES_OF_CHUNK, STORED)
    chunk = SAMPLES * BLOCKS
    past_cache = out.nbytes >= PAST_CACHE and out.ctypes.data % out.itemsize == 0
    # The first chunk ends where a line of the cache does, and so do the others.
    length = min(size, chunk - (out.ctypes.data % LINE) // out.itemsize)
    done = 0
    while done < size:
        first = (start + done) // SAMPLES
        skip = start + done - first * SAMPLES
        count = (skip + length + SAMPLES - 1) // SAMPLES
        for j in range(count):
            blocks[j] = (first + j) * STEP
        draw_words(words, blocks, count, k0, k1, c2, c3)
        convert(words, values, blocks, count, k0, k1, c2, c3)
        if past_cache and done > 0:
            store(values[skip : skip + length], ready[:length], scale, shift)
            copy_lines(ready[:length], out, done)
        else:
            store(values[skip : skip + length], out[done : done + length], scale, shift)
        done += length
        length = min(size - done, chunk)
    if past_cache:
        publish()


def _shuffle(memory, size, start, k0, k1, c2, c3):
    """Fisher and Yates: element i changes places with element i + word % (n - i)."""
    out = array_at(memory, size)
    for i in range(size):
        out[i] = i
    words = stream_block(np.uint64(start // 4), k0, k1, c2, c3)
    for i in range(size - 1):
        at = start + i
        if at % 4 == 0:
            words = stream_block(np.uint64(at // 4), k0, k1, c2, c3)
        other = i + np.int64(words[at % 4]) % (size - i)
        out[i], out[other] = out[other], out[i]


# --- One kernel for each distribution and dtype -----------------------------------------------------------------------


def fill(kind: str, dtype: str) -> Code:
    """The kernel (memory, size, start, k0, k1, c2, c3, scale, shift) of a distribution and the name of a dtype.

    `memory` is the address of an array of the recipe's bits, `size` and `start` are int64.
    """
    name, recipe = f"{kind}_{dtype}", philox.recipe(kind, dtype)
    figures = {
        "SAMPLES": recipe.samples,
        "SAMPLES_OF_CHUNK": recipe.samples * BLOCKS_OF_CHUNK,
        "STEP": recipe.step,
        "VALUE": recipe.sample,
        "STORED": recipe.bits,
    }
    samples = _bind(_convert, name, block_samples=getattr(scalar, recipe.block), **figures)
    if recipe.group:
        again = {"draw_again": getattr(scalar, recipe.group), "TWO_SIGMA": recipe.sample(2)}
        samples = _bind(_truncate, name, convert=samples, SAMPLES_OF_TWO=2 * recipe.samples, **again, **figures)
    store = _bind(_store, name, stored=getattr(scalar, recipe.stored))
    sample = numba.from_dtype(np.dtype(recipe.sample))
    signature = _signature(recipe.bits, sample, sample)
    return _machine_code(_fill, name, signature, convert=samples, store=store, **figures)


def shuffle(dtype: str) -> Code:
    """The kernel (memory, size, start, k0, k1, c2, c3) that makes an array of int32 or int64 a permutation."""
    return _machine_code(_shuffle, f"shuffle_{dtype}", _signature(dtype))


def _signature(out: Any, *more: Any) -> Any:
    words = [types.uint32] * 4
    return types.void(types.CPointer(numba.from_dtype(np.dtype(out))), types.int64, types.int64, *words, *more)
