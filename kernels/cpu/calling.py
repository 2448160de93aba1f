"""The CPU's kernels of convolutions and products as functions, and the memory that they are given."""

from __future__ import annotations

import ctypes
import functools
import importlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import threads
from .jobs import Floats, Integers

if TYPE_CHECKING:
    from ..code_on_disk import Code

FLOOR = Path(__file__).parent
MODULES = (
    "compiled_convolution",
    "compiled_depthwise",
    "compiled_elementwise",
    "compiled_maxima",
    "compiled_product",
    "compiled_winograd",
    "compiling",
    "jobs",
    "tiles",
    "vectors",
    "walking",
)
SOURCES = (FLOOR.parent / "intrinsics.py", *(FLOOR / f"{name}.py" for name in MODULES))  # of the kernels' code


class Kernel:
    """A kernel of walking.KERNELS: numbers, memory and named tuples of them are its arguments, one after the other."""

    def __init__(self, function: Callable[[int], None]):
        self._function = function

    def __call__(self, *values: int | tuple[int, ...]) -> None:
        self.run(words_of(*values))

    def run(self, words: array[int]) -> None:
        """Calls it with arguments that are laid out already."""
        self._function(words.buffer_info()[0])

    def share(
        self, values: Iterable[int | tuple[int, ...]], tasks: Sequence[Sequence[int]], scratch: Scratch | None = None
    ) -> None:
        """Calls it for each task with these values, a thread's memory, and what is the task's own, on all threads.

        Returns when all are done; no result may depend on which thread did what.
        """
        fixed = _flat(values)
        workers = min(threads.count(), len(tasks))
        with scratch.lent(workers) if scratch else nullcontext([()] * workers) as memories:
            if workers > 1:
                rows = [[*fixed, *_flat(memory)] for memory in memories]
                threads.share_calls(self._function.address, rows, tasks)  # type: ignore[attr-defined]
            else:
                for task in tasks:
                    self(*fixed, *memories[0], *task)


def words_of(*values: int | tuple[int, ...]) -> array[int]:
    """Arguments as kernels read them."""
    return array("q", _flat(values))


def _flat(values: Iterable[int | tuple[int, ...]]) -> list[int]:
    numbers: list[int] = []
    for value in values:
        if isinstance(value, tuple):
            numbers += value
        else:
            numbers.append(value)
    return numbers


@functools.cache
def kernel_of(name: str) -> Kernel:
    """A kernel, ready to be called; Numba is imported only where its code is not yet on disk."""
    from . import machine_code  # which takes a while to import
    from .walking import KERNELS

    module = next(module for module, kernels in KERNELS.items() if name in kernels)

    def compile_it() -> Code:
        return importlib.import_module(f".{module}", __package__).code(name)

    return Kernel(machine_code.function(f"{name}_float32", SOURCES, compile_it, [ctypes.c_void_p]))


def address(array: np.ndarray) -> int:
    """Where an array begins; one whose elements are in columns is asked for quicker by its transpose."""
    try:
        view: Any = array  # a buffer, too, which type checkers do not know
        return ctypes.addressof(ctypes.c_char.from_buffer(view))  # in a fifth of the time of array.ctypes
    except (BufferError, TypeError, ValueError):  # it is not contiguous, empty, or not to be written
        return array.ctypes.data


def floats(array: np.ndarray) -> Floats:
    """The memory of a contiguous array, which must outlive this."""
    return Floats(address(array), array.size)


def integers(array: np.ndarray) -> Integers:
    """The same of int64."""
    return Integers(address(array), array.size)


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
    def lent(self, threads: int = 1) -> Iterator[list[tuple[Floats | Integers, ...]]]:
        """The memory of so many threads: tables first."""
        memories = [self._idle.pop() if self._idle else self.made() for _ in range(threads)]
        yield memories
        self._idle += memories

    def made(self) -> tuple[Floats | Integers, ...]:
        """More of it, for good."""
        tables = [np.empty(size, np.int64) for size in self._tables]
        arrays = [aligned(size) for size in self._sizes]
        self._arrays += (*tables, *arrays)
        return (*map(integers, tables), *map(floats, arrays))
