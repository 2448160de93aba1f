"""Products of float matrices: large float32 ones by our own kernel (cpu/product.py), all others by NumPy's BLAS.

Of the BLAS each takes one thread, and is shared out among ours.

OpenBLAS's own threads spin while they wait for work and for each other. Where another program, or a convolution's
threads, have one of the processors, a product then takes a hundred times as long as its work. Ours sleep.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .cpu import product, threads

FEW_PRODUCTS = 1 << 18  # for which OpenBLAS itself takes one thread
FEW_OF_A_VECTOR = 9000  # the same where one of the matrices is a vector
TASK_PRODUCTS = 1 << 23  # at least, or a task costs more to hand out than to do
TASK_LENGTH = 64  # rows or columns, at least


def matmul(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """np.matmul(a, b, out) of float32 or float64. Shapes alone decide how it is cut: equal calls have equal bits."""
    batch, rows, columns = a.shape[:-2], a.shape[-2], b.shape[-1]
    products = a.size * columns
    few = FEW_PRODUCTS if rows > 1 < columns else FEW_OF_A_VECTOR
    if products <= few:
        return np.matmul(a, b, out=out)
    multiply = product.product_of(a, b, out) if products >= product.FEW_PRODUCTS else None
    if multiply is not None:
        result = np.empty((rows, columns), np.float32) if out is None else out
        multiply(a, b, result)
        return result
    if not _one_thread.helps():
        return np.matmul(a, b, out=out)
    length, least = (batch[0], 1) if batch else (max(rows, columns), TASK_LENGTH)
    tasks = min(products // TASK_PRODUCTS, length // least)
    with _one_thread:
        if tasks < 2 or batch != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
            return np.matmul(a, b, out=out)
        result = np.empty((*batch, rows, columns), a.dtype) if out is None else out

        def part(task: int) -> None:
            some = slice(length * task // tasks, length * (task + 1) // tasks)
            if batch:
                np.matmul(a[some], b[some], out=result[some])
            elif rows >= columns:
                np.matmul(a[some], b, out=result[some])
            else:
                np.matmul(a, b[:, some], out=result[:, some])

        threads.share(tasks, part)
        return result


class _Blas(NamedTuple):
    """OpenBLAS's number of threads, of the whole process."""

    get: Callable[[], int]
    set: Callable[[int], None]


@functools.cache
def _blas() -> _Blas | None:
    """That of NumPy's OpenBLAS, under whichever name it was built; None where NumPy has another BLAS."""
    library = ctypes.PyDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]
    for name in ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads"):
        try:
            return _Blas(library[name.format("get")], library[name.format("set")])
        except AttributeError:
            continue
    return None


class _OneThread:
    """While any thread is inside, OpenBLAS takes one thread for each call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 1

    def helps(self) -> bool:
        """Whether OpenBLAS would take several."""
        blas = _blas()
        return blas is not None and (self._inside > 0 or blas.get() > 1)

    def __enter__(self) -> None:
        blas: Any = _blas()
        with self._lock:
            if not self._inside:
                self._before = blas.get()
                blas.set(1)
            self._inside += 1

    def __exit__(self, *_: Any) -> None:
        blas: Any = _blas()
        with self._lock:
            self._inside -= 1
            if not self._inside:
                blas.set(self._before)


_one_thread = _OneThread()
