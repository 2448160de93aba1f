"""The CPU's kernels of convolutions and products as functions, and the memory that they are given."""

from __future__ import annotations

import ctypes
import functools
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .walking import Floats, Integers

FLOOR = Path(__file__).parent
MODULES = (
    "compiled_convolution",
    "compiled_depthwise",
    "compiled_maxima",
    "compiled_product",
    "compiled_winograd",
    "compiling",
    "tiles",
    "vectors",
    "walking",
)
SOURCES = (FLOOR.parent / "intrinsics.py", *(FLOOR / f"{name}.py" for name in MODULES))  # of the kernels' code


@functools.cache
def kernel_of(name: str) -> Callable[..., None]:
    """A kernel of walking.KERNELS, ready to be called; Numba is imported only where its code is not yet on disk."""
    from . import machine_code  # which takes a while to import
    from .walking import KERNELS, Floats, Integers

    module = next(module for module, kernels in KERNELS.items() if name in kernels)

    def native_types(argument: Any) -> list[Any]:
        if argument in (Floats, Integers):
            return [ctypes.c_void_p, ctypes.c_int64]
        return [ctypes.c_int64] * (1 if argument is int else len(argument._fields))

    arguments = tuple(native for argument in KERNELS[module][name] for native in native_types(argument))
    kernel = machine_code.function(
        f"{name}_float32", SOURCES, lambda: importlib.import_module(f".{module}", __package__).code(name), arguments
    )

    def call(*values: int | tuple[int, ...]) -> None:
        numbers: list[int] = []
        for value in values:
            if isinstance(value, tuple):
                numbers += value
            else:
                numbers.append(value)
        kernel(*numbers)

    return call


def floats(array: np.ndarray) -> Floats:
    """The memory of a contiguous array, which must outlive this."""
    from .walking import Floats

    return Floats(array.ctypes.data, array.size)


def integers(array: np.ndarray) -> Integers:
    """The same of int64."""
    from .walking import Integers

    return Integers(array.ctypes.data, array.size)


def aligned(size: int) -> np.ndarray:
    """`size` floats that begin with a line of the cache, and are followed by one."""
    from .walking import LINE

    memory = np.empty(size + 2 * LINE, np.float32)
    begin = -(memory.ctypes.data // memory.itemsize) % LINE
    return memory[begin : begin + size]


class Scratch:
    """Memory of these sizes, tables of int64 and floats, for whoever works.

    There is as much of it as there are threads, kept while there is work.
    """

    def __init__(self, *sizes: int, tables: tuple[int, ...] = ()):
        self._sizes, self._tables = sizes, tables
        self._arrays: list[np.ndarray] = []
        self._idle: list[tuple[Floats | Integers, ...]] = []

    @contextmanager
    def lent(self) -> Iterator[tuple[Floats | Integers, ...]]:
        """The memory: tables first."""
        try:
            memory = self._idle.pop()
        except IndexError:
            tables = [np.empty(size, np.int64) for size in self._tables]
            arrays = [aligned(size) for size in self._sizes]
            self._arrays += (*tables, *arrays)
            memory = (*map(integers, tables), *map(floats, arrays))
        yield memory
        self._idle.append(memory)
