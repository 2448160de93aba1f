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
COMPETING = 1024  # floats between rows, or a multiple: in the first cache their numbers compete for places
PACKING = 8  # products take as long as it takes to pack a number


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
    """The products of matrices [rows, depth] and [depth, width] that lie so.

    One of the two is packed, and the other is read where it lies; with the smaller one packed, out's transpose is
    b's times a's. They are cut into tasks, which are parts of rows and pieces of columns (of what is multiplied so),
    and of the depth into chunks. What is not shared out is called with words that are kept, as all but the addresses in
    them stays the same.
    """

    A, B, OUT = 0, 4, 8  # the words that are addresses

    def __init__(self, rows: int, depth: int, width: int, left: Strides, right: Strides):
        from .walking import LANES, SEGMENTS, WIDTH, Strides, best_shape, padded

        self._products = rows * depth * width
        self._columns = left.row == 1, right.row == 1  # whether memory holds them column by column
        self._kernel = kernel_of("multiply_matrices")
        a, b = Floats(0, _extent(rows, depth, left)), Floats(0, _extent(depth, width, right))
        out, out_row = Floats(0, rows * width), width
        b_turned, a_turned = Strides(right.step, right.row), Strides(left.step, left.row)
        self._turned = _cost(width, rows, b_turned) < _cost(rows, width, left)
        if self._turned:
            a, b, left, right = b, a, b_turned, a_turned
            rows, width = width, rows
        self._rows, self._width = rows, width
        shape = best_shape(rows, 1)
        segments, length = SEGMENTS[shape]
        self._high = segments * length
        chunk = -(-depth // -(-depth // CHUNK))
        most = min(rows, 2 * self._part(1)) if self._shared else rows  # with more processors parts are not larger
        sums = most * -(-width // WIDTH) * WIDTH if self._turned else 0
        row = padded(chunk) if _compete(left) else 0
        held = (most * row + LANES) if row else 0
        self._scratch = Scratch(chunk * WIDTH, self._high * WIDTH, sums, held, tables=(3 * segments,))
        self._values = words_of(a, left, b, right, out, out_row, depth, chunk, shape, int(self._turned), row)
        self._tasks = functools.cache(self._cut)
        self._idle: list[array[int]] = []

    def __call__(self, a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        """out = a b. How the work is shared out changes no bit."""
        if self._shared:
            self._kernel.share(self._told(self._values[:], a, b, out), self._tasks(threads.count()), self._scratch)
            return
        try:
            words = self._idle.pop()
        except IndexError:
            words = self._values + words_of(*self._scratch.made(), 0, self._rows, 0, self._width)
        self._kernel.run(self._told(words, a, b, out))
        self._idle.append(words)

    @property
    def _shared(self) -> bool:
        return self._products >= SHARED_PRODUCTS

    def _told(self, words: array[int], a: np.ndarray, b: np.ndarray, out: np.ndarray) -> array[int]:
        """The words, with these addresses."""
        a_in_columns, b_in_columns = self._columns
        first, second = (self.B, self.A) if self._turned else (self.A, self.B)
        words[first], words[second] = address(a.T if a_in_columns else a), address(b.T if b_in_columns else b)
        words[self.OUT] = address(out)
        return words

    def _part(self, processors: int) -> int:
        """The rows of all parts but the last, which has less than twice as many."""
        rows, high = self._rows, self._high
        most = PART_ROWS
        if self._turned:  # pieces of columns would fetch all of the larger matrix again
            most = max(high, min(PART_ROWS, rows // self._most_tasks(processors)))
        return min(-(-rows // -(-rows // most) // high), rows // high) * high

    def _most_tasks(self, processors: int) -> int:
        return max(1, min(threads.TASKS * processors, self._products // TASK_PRODUCTS))

    def _cut(self, processors: int) -> list[tuple[int, ...]]:
        """The tasks' rows and columns, from one to another."""
        from .walking import WIDTH

        part = self._part(processors)
        parts, panels = self._rows // part, -(-self._width // WIDTH)
        pieces = 1 if self._turned else max(1, min(panels, -(-self._most_tasks(processors) // parts)))
        row_ends = [*range(0, part * parts, part), self._rows]
        ends = [*(panels * o // pieces * WIDTH for o in range(pieces)), self._width]
        return [(*some, *columns) for some in itertools.pairwise(row_ends) for columns in itertools.pairwise(ends)]


def _extent(rows: int, columns: int, strides: Strides) -> int:
    """The floats from a matrix's first to its last."""
    return (rows - 1) * strides.row + (columns - 1) * strides.step + 1


def _compete(rows: Strides) -> bool:
    """Whether the rows of a matrix have few places in the first cache, and are multiplied from a copy."""
    return rows.step == 1 and rows.row % COMPETING == 0


def _cost(rows: int, width: int, left: Strides) -> float:
    """The products that take as long as each column of a [rows, depth] and row of b [depth, width], if b is packed."""
    from .walking import SEGMENTS, WIDTH, best_shape

    segments, length = SEGMENTS[best_shape(rows, 1)]
    high = segments * length
    if rows < high or width < WIDTH // 2:
        return math.inf
    copied = width + (2 * rows if _compete(left) else 0)  # which, unlike packing, is done with nothing beside
    return -(-rows // high) * high * -(-width // WIDTH) * WIDTH + PACKING * copied
