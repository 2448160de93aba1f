"""Float32 products of large NumPy matrices, in parallel; the kernel is compiled, or read from disk, at its first use.

OpenBLAS knows not every processor's vectors: where it does not, this takes half the time, elsewhere much the same.
"""

from __future__ import annotations

import functools
import itertools
import math
from array import array
from typing import TYPE_CHECKING

import numpy as np

from . import threads
from .calling import Scratch, address, kernel_of, words_of
from .jobs import Floats

if TYPE_CHECKING:
    from .walking import Strides

FEW_PRODUCTS = 1 << 19  # for which the BLAS is as quick
FEW_ROWS = 28  # for which it does not pay to pack the other matrix

# Found by measuring; none changes a result by more than rounding.
CHUNK = 256  # of k is multiplied at a time: it and its columns of b stay in the first cache
PART_ROWS = 224  # of a, or some more, are multiplied at a time: so much of them stays in the second cache
SHARED_PRODUCTS = 1 << 23  # from which on it pays to wake a thread
TASK_PRODUCTS = 1 << 21  # at least


def suits(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> bool:
    """Whether `product_of` knows one that writes there."""
    return product_of(a, b, out) is not None


def product_of(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> _Product | None:
    """The way to multiply these, where it is the quicker one: what they are and how they lie decides, no value.

    A product goes to an array that is contiguous and shares no memory with the others.
    """
    if not a.dtype == b.dtype == np.float32:
        return None
    if out is not None and (not out.flags.c_contiguous or any(np.may_share_memory(out, array) for array in (a, b))):
        return None
    return _product(a.shape, b.shape, a.strides, b.strides)


@functools.lru_cache(1024)
def _product(
    a: tuple[int, ...], b: tuple[int, ...], a_strides: tuple[int, ...], b_strides: tuple[int, ...]
) -> _Product | None:
    """That of matrices of these shapes and strides."""
    from .walking import WIDTH, Strides

    if not len(a) == len(b) == 2 or a[1] != b[0] or math.prod(a) * b[1] < FEW_PRODUCTS:
        return None
    if a[0] < FEW_ROWS or b[1] < WIDTH // 2 or any(stride < 0 or stride % 4 for stride in a_strides + b_strides):
        return None
    left, right = (Strides(*(stride // 4 for stride in strides)) for strides in (a_strides, b_strides))
    return _Product(*a, b[1], left, right)


class _Product:
    """The products of matrices [rows, depth] and [depth, width] that lie so; `scratch` is what a thread needs.

    They are cut into tasks, which are parts of rows and pieces of columns, and of the depth into chunks. What is not
    shared out is called with words that are kept, as all but the addresses in them stays the same.
    """

    A, B, OUT = 0, 4, 8  # the words that are addresses

    def __init__(self, rows: int, depth: int, width: int, left: Strides, right: Strides):
        from .walking import SEGMENTS, WIDTH, best_shape

        self._rows, self._width = rows, width
        self._products = rows * depth * width
        self._columns = left.row == 1, right.row == 1  # whether memory holds them column by column
        self._kernel = kernel_of("multiply_matrices")
        shape = best_shape(rows, 1)
        segments, length = SEGMENTS[shape]
        self._high = segments * length
        chunk = -(-depth // -(-depth // CHUNK))
        self._scratch = Scratch(chunk * WIDTH, self._high * WIDTH, tables=(3 * segments,))
        a, b, out = Floats(0, rows * depth), Floats(0, depth * width), Floats(0, rows * width)
        self._values = words_of(a, left, b, right, out, width, depth, chunk, shape)
        self._tasks = functools.cache(self._cut)
        self._idle: list[array[int]] = []

    def __call__(self, a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        """out = a b. How the work is shared out changes no bit."""
        if self._products >= SHARED_PRODUCTS:
            self._kernel.share(self._told(self._values[:], a, b, out), self._tasks(threads.count()), self._scratch)
            return
        try:
            words = self._idle.pop()
        except IndexError:
            words = self._values + words_of(*self._scratch.made(), 0, self._rows, 0, self._width)
        self._kernel.run(self._told(words, a, b, out))
        self._idle.append(words)

    def _told(self, words: array[int], a: np.ndarray, b: np.ndarray, out: np.ndarray) -> array[int]:
        """The words, with these addresses."""
        a_turned, b_turned = self._columns
        words[self.A], words[self.B] = address(a.T if a_turned else a), address(b.T if b_turned else b)
        words[self.OUT] = address(out)
        return words

    def _cut(self, processors: int) -> list[tuple[int, ...]]:
        """The tasks' rows and columns, from one to another."""
        from .walking import WIDTH

        rows, high = self._rows, self._high
        part = min(-(-rows // -(-rows // PART_ROWS) // high), rows // high) * high
        parts, panels = rows // part, -(-self._width // WIDTH)  # the last part has more rows than the others
        tasks = min(threads.TASKS * processors, self._products // TASK_PRODUCTS)
        pieces = max(1, min(panels, -(-tasks // parts)))
        row_ends = [*range(0, part * parts, part), rows]
        ends = [*(panels * o // pieces * WIDTH for o in range(pieces)), self._width]
        return [(*some, *columns) for some in itertools.pairwise(row_ends) for columns in itertools.pairwise(ends)]
