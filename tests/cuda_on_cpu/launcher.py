"""Launches kernels on the CPU: the interface of kernels/cuda/launching.py, and all that a GPU would punish reported."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from .building import KERNELS, build

PAGE, PROT_NONE = 4096, 0
CANARY = 0xFF  # read as a number, it is NaN

# Bytes of shared memory that a block may have (CUDA C++ Programming Guide, table "Technical Specifications").
SHARED_LIMIT = {70: 96, 75: 64, 80: 163, 86: 99, 87: 163, 89: 99, 90: 227, 100: 227, 103: 227, 120: 99, 121: 99}
LIMITS = (("grid", (2**31 - 1, 65535, 65535)), ("block", (1024, 1024, 64)))

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


class KernelError(Exception):
    """What a kernel did wrong, and which of its threads."""


class _Range(ctypes.Structure):
    _fields_ = [("begin", ctypes.c_size_t), ("end", ctypes.c_size_t)]


class _Order(ctypes.Structure):
    _fields_ = [
        ("grid", ctypes.c_uint * 3),
        ("block", ctypes.c_uint * 3),
        ("shared_bytes", ctypes.c_uint),
        ("shuffled", ctypes.c_int),
        ("seconds", ctypes.c_int),
        ("seed", ctypes.c_uint64),
        ("ranges", ctypes.POINTER(_Range)),
        ("range_count", ctypes.c_int),
    ]


class _Guarded:
    """A copy of the bytes [begin, end) between two inaccessible pages, as close to the second as alignment lets it."""

    def __init__(self, begin: int, end: int):
        self.begin, self.end, self.writeable = begin, end, False
        size = end - begin
        self._memory = mmap.mmap(-1, -(-(size + 15) // PAGE) * PAGE + 2 * PAGE)
        base = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        last_page = base + len(self._memory) - PAGE
        self.copy = last_page - size
        self.copy -= (self.copy - begin) % 16  # the vectors that kernels load are chosen by it
        self._canaries = ((base + PAGE, self.copy), (self.copy + size, last_page))
        for first, last in self._canaries:
            ctypes.memset(first, CANARY, last - first)
        ctypes.memmove(self.copy, begin, size)
        for page in (base, last_page):
            _libc.mprotect(page, PAGE, PROT_NONE)

    def bring_back(self) -> None:
        """Copies what a kernel wrote; raises if it wrote where it may not."""
        size = self.end - self.begin
        for first, last in self._canaries:
            if ctypes.string_at(first, last - first).strip(b"\xff"):
                raise KernelError("a kernel wrote outside an array, within 16 bytes of it")
        if ctypes.string_at(self.copy, size) != ctypes.string_at(self.begin, size):
            if not self.writeable:
                raise KernelError("a kernel wrote into an array that is read-only")
            ctypes.memmove(self.begin, self.copy, size)


_NOTHING = _Guarded(0, 0)  # where arrays without elements are: any access is a fault


def _guard(arrays: Sequence[np.ndarray]) -> list[_Guarded]:
    """Guarded copies of all memory that the arrays cover; arrays that share some keep sharing it."""
    merged: list[list[int]] = []
    for begin, end in sorted({byte_bounds(array) for array in arrays if array.size}):
        if merged and begin < merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([begin, end])
    return [_Guarded(begin, end) for begin, end in merged]


class HostLauncher:
    """Runs launches on the CPU, as a device of some architecture (80, 90, …) and number of processors.

    `seed` draws the order in which threads run; without one, warp runs after warp. `sources` is the folder of the
    .cu files. Raises KernelError where a kernel reads or writes outside its arrays, diverges, deadlocks, or asks for
    more than the architecture has, or where a grid has not ended after `seconds` of CPU time.
    """

    seconds = 20

    def __init__(self, architecture: int = 80, processors: int = 4, seed: int | None = None, sources: Path = KERNELS):
        self.architecture, self.processors, self.seed, self.sources = architecture, processors, seed, sources

    def empty(self, shape: Any, dtype: Any) -> np.ndarray:
        """Memory with NaN, or as large a number as there is, in it."""
        array = np.empty(shape, dtype)
        array.reshape(-1).view(np.uint8)[...] = CANARY
        return array

    def capturing(self) -> bool:
        """As during a capture, so that nothing is left to cuBLAS, which is not here."""
        return True

    def launch(self, launch: Any) -> None:
        """Runs one launch to its end."""
        check_limits(launch, self.architecture)
        function = getattr(build(self.sources / launch.source, tuple(launch.defines)), f"launch_{launch.kernel}")
        arrays = [argument for argument in launch.arguments if isinstance(argument, np.ndarray)]
        guarded = _guard(arrays)
        values = [self._value(argument, guarded) for argument in launch.arguments]
        pointers = (ctypes.c_void_p * len(values))(*(value.ctypes.data for value in values))
        sizes = (ctypes.c_uint * len(values))(*(value.nbytes for value in values))
        order = _Order(
            shared_bytes=launch.shared_bytes, shuffled=self.seed is not None, seed=self.seed or 0, seconds=self.seconds
        )
        order.grid[:], order.block[:] = _three(launch.grid), _three(launch.block)
        order.ranges = (_Range * len(guarded))(*((g.copy, g.copy + g.end - g.begin) for g in guarded))
        order.range_count = len(guarded)
        message = ctypes.create_string_buffer(512)
        if function(ctypes.byref(order), pointers, sizes, ctypes.c_uint(len(values)), message):
            raise KernelError(f"{launch.kernel}: {message.value.decode()}")
        for memory in guarded:
            memory.bring_back()

    @staticmethod
    def _value(argument: Any, guarded: Sequence[_Guarded]) -> np.ndarray:
        """The bytes that the kernel gets as this argument: a pointer or the value itself."""
        if argument is None:
            return np.zeros(1, np.uintp)
        if isinstance(argument, np.generic):
            return np.frombuffer(argument.tobytes(), np.uint8).copy()
        if not isinstance(argument, np.ndarray):
            raise TypeError(f"a kernel's arguments are arrays, NumPy scalars and None, not {type(argument).__name__}")
        if not argument.size:
            return np.array([_NOTHING.copy], np.uintp)
        begin, end = byte_bounds(argument)
        home = next(memory for memory in guarded if memory.begin <= begin and end <= memory.end)
        home.writeable |= argument.flags.writeable
        return np.array([home.copy + argument.ctypes.data - home.begin], np.uintp)


class Recorder:
    """A launcher that keeps launches instead of running them, but refuses what no device of its kind would run."""

    def __init__(self, architecture: int = 80, processors: int = 4):
        self.architecture, self.processors = architecture, processors
        self.launches: list[Any] = []
        self.bytes_of_workspaces = 0

    def empty(self, shape: Any, dtype: Any) -> np.ndarray:
        array = np.empty(shape, dtype)
        self.bytes_of_workspaces += array.nbytes
        return array

    def capturing(self) -> bool:
        """As during a capture, so that nothing is left to cuBLAS, which is not here."""
        return True

    def launch(self, launch: Any) -> None:
        check_limits(launch, self.architecture)
        self.launches.append(launch)


def check_limits(launch: Any, architecture: int) -> None:
    """Raises KernelError for what cuLaunchKernel would refuse."""
    for name, limits in LIMITS:
        if not all(1 <= n <= limit for n, limit in zip(_three(getattr(launch, name)), limits, strict=True)):
            raise KernelError(f"{launch.kernel}: a {name} of {getattr(launch, name)}; the limits are {limits}")
    if np.prod(_three(launch.block)) > 1024:
        raise KernelError(f"{launch.kernel}: a block of {launch.block} has more than 1024 threads")
    limit = SHARED_LIMIT[architecture] * 1024
    if not 0 <= launch.shared_bytes <= limit:
        raise KernelError(
            f"{launch.kernel}: {launch.shared_bytes} bytes of shared memory; sm_{architecture} has {limit}"
        )


def _three(extents: Sequence[int]) -> tuple[int, int, int]:
    x, y, z = (*extents, 1, 1)[:3]
    return int(x), int(y), int(z)
