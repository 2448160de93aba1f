"""The CUDA kernels of the random fills, compiled by Numba; importing this module imports Numba's CUDA side.

A thread draws whole groups of samples (the outputs of a Philox block, or of a group of the truncated normal) and takes
every n-th group of the range, n being the number of threads: any launch shape gives the same bits. All arithmetic on
samples is in philox.py's functions. Under Numba's simulator (NUMBA_ENABLE_CUDASIM=1) these are compiled for the CPU,
as the simulator itself computes in float64, and only the kernel's own lines run as plain Python.
"""

from __future__ import annotations

import functools
import importlib
import os
from typing import Any

import numba
import numpy as np

from .. import intrinsics, philox
from ..cpu.compiled import scalar as scalar_on_cpu

cuda: Any = importlib.import_module("numba.cuda")  # numba-cuda's where that is installed, with a wider interface
SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") != "0"
THREADS = 256  # of a block
BLOCKS_PER_SM = 8  # 2048 threads are what an SM holds

if SIMULATED:
    _device = numba.njit(error_model="numpy")
    scalar = scalar_on_cpu

    def _store_group(out: Any, at: int, values: Any) -> None:
        out[at : at + len(values)] = values

    store_group: Any = _store_group
else:
    _device = cuda.jit(device=True, forceinline=True)
    scalar = philox.compiled_with(_device, fma=intrinsics.fma, mul_rn=intrinsics.mul_rn)
    store_group = intrinsics.store_group

# What `philox.bound` fills in: the functions and figures in which one kernel differs from another.
stream_block: Any = scalar.stream_block
block_samples: Any = None  # four words -> the block's samples
group_samples: Any = None  # a group's first block, key and op seed -> its samples
stored: Any = None  # a sample, its scale and its shift -> what goes into out
drawn: Any = None  # both
SAMPLES: Any = None  # of a group
STEP: Any = None  # from one group to the next, in blocks


def _samples_of_block(block, k0, k1, c2, c3):
    w0, w1, w2, w3 = stream_block(block, k0, k1, c2, c3)
    return block_samples(w0, w1, w2, w3)


def _drawn_2(block, k0, k1, c2, c3, scale, shift):
    z0, z1 = group_samples(block, k0, k1, c2, c3)
    return stored(z0, scale, shift), stored(z1, scale, shift)


def _drawn_4(block, k0, k1, c2, c3, scale, shift):
    z0, z1, z2, z3 = group_samples(block, k0, k1, c2, c3)
    return stored(z0, scale, shift), stored(z1, scale, shift), stored(z2, scale, shift), stored(z3, scale, shift)


def _fill(out, start, aligned, k0, k1, c2, c3, scale, shift):
    """out[i] = the sample numbered start + i, scaled and shifted; `aligned`: whole groups may be stored at once."""
    end = (start + out.size + SAMPLES - 1) // SAMPLES
    stride = cuda.gridsize(1)
    group = start // SAMPLES + cuda.grid(1)
    while group < end:  # a range would divide, to know its length
        values = drawn(np.uint64(group * STEP), k0, k1, c2, c3, scale, shift)
        at = group * SAMPLES - start
        if aligned and at + SAMPLES <= out.size:
            store_group(out, at, values)
        else:
            for i in range(SAMPLES):
                if 0 <= at + i < out.size:
                    out[at + i] = values[i]
        group += stride


def plain_fill(kind: str, dtype: str) -> Any:
    """The kernel (out, start, aligned, k0, k1, c2, c3, scale, shift) of a distribution and dtype, not yet compiled.

    `out` is one-dimensional and contiguous and seen as `philox.recipe` says, `start` an int64; `aligned` says that
    out[0] begins a group and lies at a multiple of a group's bytes.
    """
    name, recipe = f"{kind}_{dtype}", philox.recipe(kind, dtype)
    if recipe.group:
        group = getattr(scalar, recipe.group)
    else:
        block = getattr(scalar, recipe.block)
        group = _device(philox.bound(_samples_of_block, f"{name}_samples", block_samples=block))
    steps = {"group_samples": group, "stored": getattr(scalar, recipe.stored)}
    template = _drawn_2 if recipe.samples == 2 else _drawn_4
    draw = _device(philox.bound(template, f"{name}_drawn", **steps))
    return philox.bound(_fill, name, drawn=draw, SAMPLES=recipe.samples, STEP=recipe.step)


@functools.cache
def fill(kind: str, dtype: str) -> Any:
    """The compiled kernel; each device compiles it at its first launch there."""
    return cuda.jit(plain_fill(kind, dtype))


def signature(kind: str, dtype: str) -> Any:
    """Numba's signature of the kernel, to compile it without a device."""
    recipe, word = philox.recipe(kind, dtype), numba.uint32
    sample: Any = numba.from_dtype(np.dtype(recipe.sample))
    out = numba.types.Array(numba.from_dtype(np.dtype(recipe.bits)), 1, "C")
    return numba.void(out, numba.int64, numba.boolean, word, word, word, word, sample, sample)


def blocks_for(size: int, samples: int, multiprocessors: int) -> int:
    """How many blocks of `THREADS` threads are launched for `size` elements: no more than can run at once."""
    groups = -(-size // samples) + 1
    return min(-(-groups // THREADS), BLOCKS_PER_SM * multiprocessors)
