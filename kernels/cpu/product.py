"""Float32 products of large NumPy matrices, in parallel; the kernel is compiled, or read from disk, at its first use.

OpenBLAS knows not every processor's vectors: where it does not, this takes half the time, elsewhere much the same.
"""

from __future__ import annotations

import functools
import itertools
from typing import NamedTuple

import numpy as np

from . import threads
from .calling import Scratch, floats, kernel_of

FEW_PRODUCTS = 1 << 22  # for which the BLAS is as quick
FEW_ROWS = 48  # for which it does not pay to pack the other matrix

# Found by measuring; none changes a result by more than rounding.
CHUNK = 256  # of k is multiplied at a time: it and its columns of b stay in the first cache
PART_ROWS = 224  # of a, or some more, are multiplied at a time: so much of them stays in the second cache
TASK_PRODUCTS = 1 << 21  # at least


def suits(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> bool:
    """Whether `matmul` takes these and is the quicker way: what they are and how they lie decides, not their values."""
    if not a.dtype == b.dtype == np.float32 or a.ndim != 2 or b.ndim != 2 or a.size * b.shape[1] < FEW_PRODUCTS:
        return False
    from .walking import WIDTH

    free = out is None or (out.flags.c_contiguous and not any(np.may_share_memory(out, array) for array in (a, b)))
    regular = all(stride >= 0 and stride % 4 == 0 for stride in a.strides + b.strides)
    return free and regular and a.shape[1] == len(b) and len(a) >= FEW_ROWS and b.shape[1] >= WIDTH // 2


class _Plan(NamedTuple):
    """How a product is cut: into tasks, which are parts of rows and pieces of columns, and of k into chunks."""

    tasks: tuple[tuple[int, int, int, int], ...]
    chunk: int
    shape: int  # of SEGMENTS
    scratch: Scratch


@functools.lru_cache(64)
def _plan(rows: int, depth: int, width: int, processors: int) -> _Plan:
    from .walking import SEGMENTS, WIDTH, best_shape

    shape = best_shape(rows, 1)
    segments, length = SEGMENTS[shape]
    high = segments * length
    part = min(-(-rows // -(-rows // PART_ROWS) // high), rows // high) * high
    parts, panels = rows // part, -(-width // WIDTH)  # the last part has more rows than the others
    tasks = min(threads.TASKS * processors, rows * depth * width // TASK_PRODUCTS)
    pieces = max(1, min(panels, -(-tasks // parts)))
    chunk = -(-depth // -(-depth // CHUNK))
    if tasks < 2:
        parts = pieces = 1
    row_ends = [*range(0, part * parts, part), rows]
    ends = [*(panels * o // pieces * WIDTH for o in range(pieces)), width]
    return _Plan(
        tuple((*some, *columns) for some in itertools.pairwise(row_ends) for columns in itertools.pairwise(ends)),
        chunk,
        shape,
        Scratch(chunk * WIDTH, high * WIDTH, tables=(3 * segments,)),
    )


def matmul(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """out = a b of float32 matrices that suit; out is contiguous. How the work is shared out changes no bit."""
    kernel = kernel_of("multiply_matrices")
    (rows, depth), width = a.shape, b.shape[1]
    plan = _plan(rows, depth, width, threads.count())
    left, right = ((matrix.strides[0] // 4, matrix.strides[1] // 4) for matrix in (a, b))
    values = floats(a), left, floats(b), right, floats(out), width, depth, plan.chunk, plan.shape
    kernel.share(values, plan.tasks, plan.scratch)
