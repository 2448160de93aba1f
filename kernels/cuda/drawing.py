"""Draws into CuPy arrays: by our CUDA kernels on the current stream, or on the host where they cannot be had.

A kernel is compiled at its first use on a device and held against the CPU's bits; that takes a second and synchronises,
so it must come before a stream is captured in a CUDA graph. From then on a fill is one launch and can be captured.
"""

from __future__ import annotations

import functools
import importlib.util
import warnings
from typing import Any

import numpy as np

from .. import philox
from ..cpu import drawing as host

Array = Any  # cupy.ndarray

CHECKED, CHECKED_AT = 1031, 5  # a case with both ends within a group
CHECK_WORDS = philox.seed_words(7)


def draw(kind: str, out: Array, offset: int, words: tuple[np.uint32, ...], scale: Any, shift: Any) -> None:
    """As kernels.cpu.drawing.draw. An array that is not contiguous is filled from a contiguous temporary."""
    import cupy

    dtype = np.dtype(out.dtype)
    if not usable(kind, dtype.name, out.device.id):
        _draw_on_host(kind, out, offset, words, scale, shift)
        return
    whole = out if out.flags.c_contiguous else cupy.empty(out.shape, dtype)
    with out.device:
        _launch(kind, dtype, whole.reshape(-1), offset, words, scale, shift)
    if whole is not out:
        out[...] = whole


def shuffle(out: Array, offset: int, words: tuple[np.uint32, ...]) -> None:
    """As kernels.cpu.drawing.shuffle, on the host: each swap needs the one before, which leaves a GPU nothing to do."""
    import cupy

    drawn = np.empty(out.shape, out.dtype)
    host.shuffle(drawn, offset, words)
    out[...] = cupy.asarray(drawn)


def _draw_on_host(kind: str, out: Array, offset: int, words: tuple[np.uint32, ...], scale: Any, shift: Any) -> None:
    import cupy

    drawn = np.empty(out.shape, out.dtype)
    host.draw(kind, drawn, offset, words, scale, shift)
    out[...] = cupy.asarray(drawn)


def _launch(
    kind: str, dtype: np.dtype, flat: Array, offset: int, words: tuple[np.uint32, ...], scale: Any, shift: Any
) -> None:
    import cupy
    from numba import cuda

    from . import compiled

    recipe = philox.recipe(kind, dtype.name)
    group_bytes = recipe.samples * dtype.itemsize
    aligned = offset % recipe.samples == 0 and flat.data.ptr % group_bytes == 0
    blocks = compiled.blocks_for(flat.size, recipe.samples, _multiprocessors(flat.device.id))
    # Not synchronised: CuPy's current stream orders this launch, and a capture would be broken by waiting.
    out = cuda.as_cuda_array(flat.view(recipe.bits), sync=False)
    stream = cuda.external_stream(cupy.cuda.get_current_stream().ptr)
    compiled.fill(kind, dtype.name)[blocks, compiled.THREADS, stream](
        out, np.int64(offset), aligned, *words, scale, shift
    )


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
    import cupy

    if cupy.cuda.get_current_stream().is_capturing():
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
            got = cupy.zeros(CHECKED, dtype)
            _launch(kind, dtype, got[begin:], begin, CHECK_WORDS, scale, shift)
            bits = cupy.asnumpy(got.view(recipe.bits))
        differing = int(np.count_nonzero(bits != expected.view(recipe.bits)))
        if differing:
            return f"{differing} of {CHECKED} samples differ from the CPU's"
    return None
