"""The CUDA kernels of the random fills, compiled by Numba; importing this module imports Numba's CUDA side.

A thread draws whole groups of samples (the outputs of a Philox block, or of a group of the truncated normal) and takes
every n-th group of the range, n being the number of threads: any launch shape gives the same bits. All arithmetic on
samples is in philox.py's functions. Under Numba's simulator (NUMBA_ENABLE_CUDASIM=1) these are compiled for the CPU,
as the simulator itself computes in float64, and only the kernel's own lines run as plain Python.
"""

from __future__ import annotations

import importlib
import os
import re
from typing import Any

import numba
import numpy as np

from .. import intrinsics, philox
from ..code_on_disk import Code
from ..cpu.compiled import scalar as scalar_on_cpu

cuda: Any = importlib.import_module("numba.cuda")  # numba-cuda's where that is installed, with a wider interface
SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") != "0"

if SIMULATED:
    _device = numba.njit(error_model="numpy")
    scalar = scalar_on_cpu

    def _store_group(out: Any, at: int, values: Any) -> None:
        if at % len(values):
            raise ValueError(f"a store of {len(values)} elements at once begins at {at}")
        out[at : at + len(values)] = values

    store_group: Any = _store_group
else:
    _device = cuda.jit(device=True, forceinline=True)
    scalar = philox.compiled_with(_device, fma=intrinsics.fma, mul_rn=intrinsics.mul_rn)
    store_group = intrinsics.store_group
array_at: Any = intrinsics.array_at

# What `philox.bound` fills in: the functions and figures in which one kernel differs from another.
stream_block: Any = scalar.stream_block
block_samples: Any = None  # four words -> the block's samples
group_samples: Any = None  # a group's first block, key and op seed -> its samples
stored: Any = None  # a sample, its scale and its shift -> what goes into out
drawn: Any = None  # both
fill: Any = None  # the kernel on arrays
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


def _fill(out, start, counter, aligned, k0, k1, c2, c3, scale, shift):
    """out[i] = the sample numbered first + i, scaled and shifted, where first is `start` and what `counter` holds.

    `counter` has one element or none; `aligned` says that out lies at a multiple of a group's bytes, so that groups
    which begin there may be stored at once.
    """
    first = start
    if counter.size > 0:
        first += counter[0]
    at_once = aligned != 0 and first % SAMPLES == 0
    end = (first + out.size + SAMPLES - 1) // SAMPLES
    stride = cuda.gridsize(1)
    group = first // SAMPLES + cuda.grid(1)
    while group < end:  # a range would divide, to know its length
        values = drawn(np.uint64(group * STEP), k0, k1, c2, c3, scale, shift)
        at = group * SAMPLES - first
        if at_once and at + SAMPLES <= out.size:
            store_group(out, at, values)
        else:
            for i in range(SAMPLES):
                if 0 <= at + i < out.size:
                    out[at + i] = values[i]
        group += stride


def _fill_at(memory, size, start, counter, counters, aligned, k0, k1, c2, c3, scale, shift):
    fill(array_at(memory, size), start, array_at(counter, counters), aligned, k0, k1, c2, c3, scale, shift)


def plain_fill(kind: str, dtype: str) -> Any:
    """The kernel (out, start, counter, aligned, k0, k1, c2, c3, scale, shift) of a distribution and dtype, in Python.

    `out` is one-dimensional and contiguous and seen as `philox.recipe` says, `start` an int64, `counter` an array of
    int64.
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
    return philox.bound(_fill, f"{name}_fill", drawn=draw, SAMPLES=recipe.samples, STEP=recipe.step)


def ptx(kind: str, dtype: str, architecture: tuple[int, int]) -> str:
    """The kernel (memory, size, start, counter, counters, aligned, k0, k1, c2, c3, scale, shift) for an architecture.

    `memory` and `counter` are addresses, `size`, `start`, `counters` and `aligned` int64; samples are written from
    `memory` on, and the rest is as in `plain_fill`.
    """
    kernel = philox.bound(_fill_at, f"{kind}_{dtype}", fill=_device(plain_fill(kind, dtype)))
    recipe, word, integer = philox.recipe(kind, dtype), numba.uint32, numba.int64
    sample: Any = numba.from_dtype(np.dtype(recipe.sample))
    memory = numba.types.CPointer(numba.from_dtype(np.dtype(recipe.bits)))
    places = (memory, integer, integer, numba.types.CPointer(integer), integer, integer)
    signature = numba.void(*places, word, word, word, word, sample, sample)
    return cuda.compile(kernel, signature, cc=architecture, output="ptx", device=False, abi="numba")[0]


def code(kind: str, dtype: str, architecture: tuple[int, int]) -> Code:
    """The kernel of `ptx`, assembled where nvJitLink can be had; a driver assembles the rest when it loads it."""
    text = ptx(kind, dtype, architecture)
    (symbol,) = re.findall(r"\.visible \.entry (\w+)\(", text)
    return Code(symbol, _assembled(text.encode(), architecture), portable=True)


def _assembled(text: bytes, architecture: tuple[int, int]) -> bytes:
    """A cubin, which drivers older than the compiler can load, too; the PTX itself without nvJitLink."""
    try:
        nvjitlink: Any = importlib.import_module("cuda.bindings.nvjitlink")
    except ImportError:
        return text
    major, minor = architecture
    options = [f"-arch=sm_{major}{minor}"]
    linker = nvjitlink.create(len(options), options)
    try:
        nvjitlink.add_data(linker, nvjitlink.InputType.PTX, text, len(text), "fill")
        nvjitlink.complete(linker)
        cubin = bytearray(nvjitlink.get_linked_cubin_size(linker))
        nvjitlink.get_linked_cubin(linker, cubin)
    finally:
        nvjitlink.destroy(linker)
    return bytes(cubin)
