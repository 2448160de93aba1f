"""Draws into CuPy arrays: by our CUDA kernels on the current stream, or on the host where they cannot be had.

A kernel is read from disk or compiled at its first use on a device, and held against the CPU's bits there; that
synchronises, so it must come before a stream is captured in a CUDA graph. From then on a fill of a contiguous array is
one launch, which allocates nothing and waits for nothing, and can be captured.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from .. import philox
from ..code_on_disk import Code, kept
from ..cpu import drawing as host

Array = Any  # cupy.ndarray
Offset = int | Array  # a number, or a counter: an int64 array of one element on out's device

THREADS = 256  # of a block
BLOCKS_PER_SM = 8  # 2048 threads are what an SM holds
SOURCES = (*host.SOURCES, Path(__file__).with_name("compiled.py"))  # of the kernels' code

CHECKED, CHECKED_AT = 1031, 5  # a case with both ends within a group
CHECK_WORDS = philox.seed_words(7)


def draw(kind: str, out: Array, offset: Offset, words: tuple[np.uint32, ...], scale: Any, shift: Any) -> None:
    """As kernels.cpu.drawing.draw. An array that is not contiguous is filled from a contiguous temporary."""
    import cupy

    dtype = np.dtype(out.dtype)
    if not usable(kind, dtype.name, out.device.id):
        drawn = np.empty(out.shape, dtype)
        host.draw(kind, drawn, _known(offset), words, scale, shift)
        _copy_from_host(drawn, out)
        return
    whole = out if out.flags.c_contiguous else cupy.empty(out.shape, dtype)
    with out.device:
        _launch(kind, dtype, whole.reshape(-1), offset, words, scale, shift)
    if whole is not out:
        out[...] = whole


def shuffle(out: Array, offset: Offset, words: tuple[np.uint32, ...]) -> None:
    """As kernels.cpu.drawing.shuffle, on the host, from where the result is copied without waiting for the device.

    Each swap needs the one before. A GPU's one thread would take some 0.5 us for each, which is what its memory takes
    to answer; the host's cache answers a hundred times sooner.
    """
    drawn = np.empty(out.shape, out.dtype)
    host.shuffle(drawn, _known(offset), words)
    _copy_from_host(drawn, out)


def _known(offset: Offset) -> int:
    """The offset where the host draws: a counter's value must be waited for."""
    return offset if isinstance(offset, int) else int(offset.get()[0])


def _copy_from_host(drawn: np.ndarray, out: Array) -> None:
    import cupy

    if _capturing():
        raise RuntimeError("what the host draws cannot be captured in a CUDA graph: each replay would be the same")
    out[...] = cupy.asarray(drawn)


def _capturing() -> bool:
    import cupy

    return cupy.cuda.get_current_stream().is_capturing()


def _launch(
    kind: str, dtype: np.dtype, flat: Array, offset: Offset, words: tuple[np.uint32, ...], scale: Any, shift: Any
) -> None:
    recipe = philox.recipe(kind, dtype.name)
    aligned = flat.data.ptr % (recipe.samples * dtype.itemsize) == 0
    blocks = blocks_for(flat.size, recipe.samples, _multiprocessors(flat.device.id))
    start, counter, counters = (offset, 0, 0) if isinstance(offset, int) else (0, offset.data.ptr, 1)
    places = (np.uint64(flat.data.ptr), np.int64(flat.size), np.int64(start), np.uint64(counter), np.int64(counters))
    _kernel(kind, dtype.name, flat.device.id)((blocks,), (THREADS,), (*places, np.int64(aligned), *words, scale, shift))


def blocks_for(size: int, samples: int, multiprocessors: int) -> int:
    """How many blocks of `THREADS` threads are launched for `size` elements: no more than can run at once."""
    groups = -(-size // samples) + 1
    return min(-(-groups // THREADS), BLOCKS_PER_SM * multiprocessors)


@functools.cache
def _kernel(kind: str, dtype: str, device: int) -> Any:
    """compiled.ptx's kernel, loaded on the device; called with grid, block and arguments, on the current stream."""
    import cupy

    with cupy.cuda.Device(device) as chosen:
        architecture = divmod(int(chosen.compute_capability), 10)

        def compile_it() -> Code:
            from . import compiled

            return compiled.code(kind, dtype, architecture)

        facts = (importlib.metadata.version("numba-cuda"), importlib.metadata.version("numba"), architecture)
        code = kept(f"{kind}_{dtype}", SOURCES, facts, compile_it)
        module = cupy.cuda.Module()
        module.load(code.object_file)
        return module.get_function(code.symbol)


@functools.cache
def _multiprocessors(device: int) -> int:
    import cupy

    return cupy.cuda.Device(device).attributes["MultiProcessorCount"]


def installed() -> bool:
    """Whether numba-cuda is there, which compiles the kernels; without it the host draws, and `doctor` says so."""
    return importlib.util.find_spec("numba_cuda") is not None


@functools.cache
def usable(kind: str, dtype: str, device: int) -> bool:
    """Whether this kernel runs on the device and gives the CPU's bits; checked once, with a warning if it does not."""
    if not installed():
        return False
    if _capturing():
        raise RuntimeError(
            f"the first fill of {kind} for {dtype} compiles and checks its kernel, which cannot be captured in a CUDA "
            "graph: fill once before the capture"
        )
    try:
        wrong = _check(kind, np.dtype(dtype), device)
    except Exception as error:  # whatever a driver or compiler raises: a fill must still be had
        wrong = f"{type(error).__name__}: {error}"
    if wrong:
        warnings.warn(
            f"the CUDA kernel of {kind} for {dtype} is not used on device {device}, and the host draws instead "
            f"({wrong}); please report this",
            RuntimeWarning,
            stacklevel=2,
        )
    return not wrong


def _check(kind: str, dtype: np.dtype, device: int) -> str | None:
    """What is wrong with a kernel's samples, drawn as the middle of a longer array with both kinds of stores."""
    import cupy

    recipe = philox.recipe(kind, dtype.name)
    scale, shift = (recipe.sample(1000), recipe.sample(3)) if kind == "uniform_int" else map(recipe.sample, (0.5, 0.25))
    for begin in (CHECKED_AT, 0):
        expected = np.zeros(CHECKED, dtype)
        host.draw(kind, expected[begin:], begin, CHECK_WORDS, scale, shift)
        with cupy.cuda.Device(device):
            counter = cupy.zeros(1, np.int64)
            counter += begin  # which compiles CuPy's kernel that moves a counter on
            got = cupy.zeros(CHECKED, dtype)
            _launch(kind, dtype, got[begin:], counter if begin else 0, CHECK_WORDS, scale, shift)
            bits = cupy.asnumpy(got.view(recipe.bits))
        differing = int(np.count_nonzero(bits != expected.view(recipe.bits)))
        if differing:
            return f"{differing} of {CHECKED} samples differ from the CPU's"
    return None
