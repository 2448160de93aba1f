"""A device's array library with our kernels on it: what the engine runs a graph through."""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

Array = Any  # numpy.ndarray or cupy.ndarray

_DEVICE = re.compile(r"(?:/job:\w+|/replica:\d+|/task:\d+)*/?(?:device:)?(CPU|GPU)(?::(\d+))?", re.IGNORECASE)


class Backend:
    """One device. Kernels are attributes: `backend.conv2d(x, w)` is that of kernels.cpu or kernels.cuda.

    Attributes:
        device: its canonical name, "/device:CPU:0" or "/device:GPU:0".
        xp: the array library, numpy or cupy.
    """

    device: str
    xp: ModuleType

    def __init__(self, device: str, xp: ModuleType, kernels: ModuleType):
        self.device = device
        self.xp = xp
        vars(self).update({name: getattr(kernels, name) for name in kernels.__all__})

    def __getattr__(self, name: str) -> Any:  # tells type checkers that there are kernels
        raise AttributeError(f"the backend of {self.device} has no kernel {name!r}")

    def __repr__(self) -> str:
        return f"<Backend {self.device} ({self.xp.__name__})>"

    @functools.cached_property
    def special(self) -> ModuleType:
        """scipy.special or cupyx.scipy.special, imported when first asked for."""
        raise NotImplementedError

    def asarray(self, value: ArrayLike, dtype: DTypeLike | None = None) -> Array:
        """A host value as an array on this device; no copy where it is one already."""
        return self.xp.asarray(value, dtype=dtype)

    def to_host(self, array: Array) -> np.ndarray:
        """The array's values in host memory; the array itself where it lies there."""
        raise NotImplementedError

    def host_chunks(self, array: Array, chunk_bytes: int = 1 << 24) -> Iterator[np.ndarray]:
        """The bytes of a C-contiguous array in host memory, uint8, in pieces of at most `chunk_bytes`.

        Each is a copy, so it stays the same where another thread changes the array, until the next one is asked for.
        """
        raise NotImplementedError

    def owns(self, value: Any) -> bool:
        """Whether a value is an array (or scalar) of this device."""
        raise NotImplementedError

    def cast(self, array: Array, dtype: DTypeLike) -> Array:
        """The array in another dtype; the array itself where it has that dtype."""
        return array.astype(dtype, copy=False)

    def scatter_add(self, array: Array, index: Any, values: Array) -> None:
        """array[index] += values in place, where an index met twice counts twice."""
        raise NotImplementedError

    def synchronize(self) -> None:
        """Returns when all work given to this device is done."""

    def activate(self) -> AbstractContextManager[None]:
        """A context in which this device is the current one of its array library."""
        return nullcontext()


class CpuBackend(Backend):
    """NumPy."""

    def __init__(self) -> None:
        from . import cpu
        from .cpu.memory import keep_freed_memory

        super().__init__("/device:CPU:0", np, cpu)
        keep_freed_memory()

    @functools.cached_property
    def special(self) -> ModuleType:
        return importlib.import_module("scipy.special")

    def to_host(self, array: Array) -> np.ndarray:
        return np.asarray(array)

    def host_chunks(self, array: Array, chunk_bytes: int = 1 << 24) -> Iterator[np.ndarray]:
        octets = array.reshape(-1).view(np.uint8)
        held = np.empty(min(chunk_bytes, octets.size), np.uint8)
        for start in range(0, octets.size, chunk_bytes):
            piece = octets[start : start + chunk_bytes]
            held[: piece.size] = piece
            yield held[: piece.size]

    def owns(self, value: Any) -> bool:
        return isinstance(value, (np.ndarray, np.generic))

    def share(self, tasks: int, work: Callable[[int], object]) -> None:
        """Calls work(0) to work(tasks - 1), each once, on as many threads as there are processors.

        None of them warns of what floating-point numbers do.
        """
        from .cpu.threads import share

        def quietly(task: int) -> None:
            with np.errstate(all="ignore"):  # which each thread has for itself
                work(task)

        share(tasks, quietly)

    def scatter_add(self, array: np.ndarray, index: Any, values: np.ndarray) -> None:
        rows = np.asarray(index) if not isinstance(index, tuple) else None
        if rows is None or rows.dtype.kind not in "iu" or array.ndim < 2 or rows.size == 0:
            np.add.at(array, index, values)
        else:
            _add_rows(array, rows.reshape(-1), np.broadcast_to(values, (*rows.shape, *array.shape[1:])))


def _add_rows(array: np.ndarray, rows: np.ndarray, values: np.ndarray) -> None:
    """array[rows[i]] += values[i]: sorted by row and summed run by run, many times quicker than `np.add.at`."""
    if rows.min() < -len(array) or rows.max() >= len(array):
        raise IndexError(f"a row of {rows.min()} to {rows.max()} is out of bounds for {len(array)} rows")
    rows = np.where(rows < 0, rows + len(array), rows)
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    array[ordered[starts]] += np.add.reduceat(values.reshape(len(rows), *array.shape[1:])[order], starts, axis=0)


class GpuBackend(Backend):
    """CuPy on one CUDA device."""

    def __init__(self, index: int) -> None:
        import cupy

        from . import cuda

        super().__init__(f"/device:GPU:{index}", cupy, cuda)
        self._device = cupy.cuda.Device(index)

    @functools.cached_property
    def special(self) -> ModuleType:
        return importlib.import_module("cupyx.scipy.special")

    def asarray(self, value: ArrayLike, dtype: DTypeLike | None = None) -> Array:
        with self._device:
            return self.xp.asarray(value, dtype=dtype)

    def to_host(self, array: Array) -> np.ndarray:
        return self.xp.asnumpy(array)

    def host_chunks(self, array: Array, chunk_bytes: int = 1 << 24) -> Iterator[np.ndarray]:
        from .cuda.copies import host_chunks

        return host_chunks(array, chunk_bytes)

    def owns(self, value: Any) -> bool:
        return isinstance(value, self.xp.ndarray) and value.device == self._device

    def scatter_add(self, array: Array, index: Any, values: Array) -> None:
        if array.dtype == np.int64:  # CuPy adds unsigned 64-bit integers atomically; the sums' bits are the same
            array, values = array.view(np.uint64), self.xp.asarray(values, np.int64).view(np.uint64)
        with self._device:
            self.xp.add.at(array, index, values)

    def synchronize(self) -> None:
        self._device.synchronize()

    @contextmanager
    def activate(self) -> Iterator[None]:
        with self._device:
            yield


def canonical_device(name: str) -> str:
    """ "/device:CPU:0" for "/cpu:0", "cpu", "/job:localhost/device:CPU:0" and so on; ValueError for another form."""
    match = _DEVICE.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} names no device: expected a form like '/cpu:0' or '/device:GPU:0'")
    kind, index = match.groups()
    return f"/device:{kind.upper()}:{int(index or 0)}"


def list_devices() -> list[str]:
    """The canonical names of the devices here, the CPU first. CuPy is imported only where it is installed."""
    return ["/device:CPU:0", *(f"/device:GPU:{index}" for index in range(_gpu_count()))]


@functools.cache
def _gpu_count() -> int:
    if importlib.util.find_spec("cupy") is None:
        return 0
    try:
        import cupy

        return cupy.cuda.runtime.getDeviceCount()
    except Exception:  # a CuPy without its driver or libraries fails in ways of its own, and means no GPU
        return 0


def get_backend(device_name: str) -> Backend:
    """The one backend of a device, by any form of its name.

    Raises ValueError for a name of another form or for a device that is not here; the message lists those that are.
    """
    return _backend(canonical_device(device_name))


@functools.cache
def _backend(device: str) -> Backend:
    if device not in list_devices():
        raise ValueError(f"there is no device {device}; the devices here are {', '.join(list_devices())}")
    return CpuBackend() if device == "/device:CPU:0" else GpuBackend(int(device.rpartition(":")[2]))
