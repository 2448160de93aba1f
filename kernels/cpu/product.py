"""Float32 products of large NumPy matrices, in parallel; the kernel is compiled, or read from disk, at its first use.

OpenBLAS knows not every processor's vectors: where it does not, this takes half the time, elsewhere much the same.
"""

from __future__ import annotations

import numpy as np

from . import threads
from .calling import Scratch, floats, kernel_of

FEW_PRODUCTS = 1 << 26  # for which the BLAS is as quick

# Found by measuring; none changes a result by more than rounding.
CHUNK = 256  # of k is multiplied at a time: it and its columns of b stay in the first cache
PART_ROWS = 224  # of a, or some more, are multiplied at a time: so much of them stays in the second cache
TASKS = 8  # for each thread, at most: one that another program holds up leaves its share to the others
TASK_PRODUCTS = 1 << 25  # at least: between tasks threads wait for the interpreter's lock


def suits(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> bool:
    """Whether `matmul` takes these and is the quicker way: what they are and how they lie decides, not their values."""
    if not a.dtype == b.dtype == np.float32 or a.ndim != 2 or b.ndim != 2 or a.size * b.shape[1] < FEW_PRODUCTS:
        return False
    from .walking import ROWS, WIDTH

    free = out is None or (out.flags.c_contiguous and not any(np.may_share_memory(out, array) for array in (a, b)))
    regular = all(stride >= 0 and stride % 4 == 0 for stride in a.strides + b.strides)
    return free and regular and a.shape[1] == len(b) and len(a) >= ROWS and b.shape[1] >= WIDTH // 2


def matmul(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """out = a b of float32 matrices that suit; out is contiguous. How the work is shared out changes no bit."""
    from .walking import SEGMENTS, WIDTH, Strides

    kernel = kernel_of("multiply_matrices")
    (rows, depth), width = a.shape, b.shape[1]
    heights = [segments * length for segments, length in SEGMENTS]
    shape = min(range(len(SEGMENTS)), key=lambda i: -(-rows // heights[i]) * (heights[i] + 1))  # one, for a row of b
    high = heights[shape]
    part = min(-(-rows // -(-rows // PART_ROWS) // high), rows // high) * high
    parts, panels = rows // part, -(-width // WIDTH)  # the last part has more rows than the others
    tasks = min(TASKS * threads.count(), a.size * width // TASK_PRODUCTS)
    pieces = max(1, min(panels, -(-tasks // parts)))
    chunk = -(-depth // -(-depth // CHUNK))
    scratch = Scratch(chunk * WIDTH, high * WIDTH, tables=(3 * SEGMENTS[shape][0] + 1,))
    left, right = (Strides(*(stride // 4 for stride in matrix.strides)) for matrix in (a, b))
    matrices = floats(a), left, floats(b), right, floats(out), width, depth

    def work(task: int) -> None:
        i, o = divmod(task, pieces)
        some_rows = i * part, rows if i + 1 == parts else (i + 1) * part
        columns = panels * o // pieces * WIDTH, min(width, panels * (o + 1) // pieces * WIDTH)
        with scratch.lent() as memory:
            kernel(*matrices, *some_rows, *columns, chunk, shape, *memory)

    threads.share(parts * pieces, work)
