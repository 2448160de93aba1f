"""Compiles the CUDA sources of this folder with NVRTC, once per set of choices, and launches their kernels on CuPy arrays."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

Array = Any  # cupy.ndarray; in the tests that run the kernels on the CPU, numpy.ndarray


class Launch(NamedTuple):
    """One kernel launch, before any device is asked."""

    source: str  # a file of this folder, like "product.cu"
    kernel: str  # the name that it declares as extern "C"
    defines: tuple[tuple[str, str | int], ...]  # the choices made when compiling, as macros
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared_bytes: int  # of dynamic shared memory
    arguments: tuple[Any, ...]  # arrays go as pointers, NumPy scalars by value (a null pointer is numpy.uint64(0))


class Launcher(Protocol):
    """What turns launches into work: CuPy's, or the tests' that runs the kernels on the CPU."""

    architecture: int  # compute capability, 10 * major + minor
    processors: int  # number of streaming multiprocessors

    def launch(self, launch: Launch) -> None:
        """Starts the kernel on the current stream."""

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """An uninitialized array on the device."""
