"""Float32 convolutions of NumPy arrays, in parallel; a kernel is compiled, or read from its cache, at its first use.

The shapes alone decide which of these ways is taken, so equal calls give equal bits, on any number of threads:

- Few products: the array library's functions (plain.py), as compiled code would not earn its compiler's import.
- Windows of 3 x 3 with stride 1 over enough channels: Winograd's F(2x2, 3x3), with 2.25 times fewer products
  (compiled_winograd.py). Where a result is not finite, all is computed again without it.
- The others: patches gathered block by block and multiplied (compiled_convolution.py).

Arguments are checked (kernels/dense.py), float32 and contiguous, and the result goes into `out`. Extra memory: the
packed filter (for Winograd 16/9 of it), at most FILTER_FLOATS, and one to four MiB a thread.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import plain
from ..geometry import Windows
from . import threads

if TYPE_CHECKING:
    from .compiled_convolution import Filter, Place, Walk

FEW_PRODUCTS = 1 << 22
FEW_WINDOWS = 128  # for which it does not pay to pack the filter
FEW_CHANNELS, FEW_TILES = 16, 56  # for which Winograd's transforms cost more than they save

# Found by measuring; none changes a result by more than rounding.
CHUNK = 512  # of a patch is multiplied at a time: it and its part of the filter stay in the first cache
BLOCK_FLOATS = 1 << 16  # of patches are gathered at a time: they stay in the second cache
BLOCK_WINDOWS = 112  # and of no more windows than this
BLOCK_TILES = 56  # of Winograd's are transformed at a time, or less by what is no multiple of ROWS
GRAD_CHANNELS = 128  # in and out, of the part of a filter's gradient that one task sums up by Winograd's way
GRAD_FLOATS = 1 << 17  # of the part that one task sums up otherwise
GRAD_TASKS = 32  # at least this many where the windows are enough, each with sums of its own
TASKS = 64  # at most: a thread that another program holds up leaves its share to the others
TASK_PRODUCTS = 1 << 21  # at least, or another thread is not worth waking
TASK_FLOATS = 1 << 18  # at least, of packed filters
FILTER_FLOATS = 1 << 23  # of packed filters, and of sums of filters' gradients


def conv2d(
    x: np.ndarray,
    w: np.ndarray,
    at: Windows,
    out: np.ndarray,
    bias: np.ndarray | None = None,
    activation: str | None = None,
) -> None:
    """`plain.conv2d`, faster."""
    if _few(out, w):
        plain.conv2d(x, w, at, out, bias, activation)
        return
    from .compiled_convolution import Filter, Place

    _, columns, cells, width = w.shape
    whole = Filter(0, columns * cells * width, cells * width, width, 1, *w.shape)
    _convolve(x, _walk(at, cells), w, whole, out, Place(0, math.prod(out.shape[1:]), math.prod(out.shape[2:]), width))
    if bias is not None or activation is not None:
        pixels = out.reshape(-1, width)
        _share(len(pixels), 1, lambda begin, end: plain.finish(pixels[begin:end], bias, activation))


def conv2d_input_grad(w: np.ndarray, dy: np.ndarray, at: Windows, out: np.ndarray) -> None:
    """`plain.conv2d_input_grad`, faster.

    The cells of x at distances of the stride are seen by the same cells of the windows: each such class of them is a
    convolution of dy, with stride 1, with these cells of the filter, turned round.
    """
    if _few(dy, w):
        plain.conv2d_input_grad(w, dy, at, out)
        return
    if out.shape[3] < FEW_CHANNELS:
        _scatter(w, dy, at, out)
        return
    from .compiled_convolution import Filter, Place, Walk

    _, columns, cells, width = w.shape
    tap = cells * width
    row, column = math.prod(out.shape[2:]), cells
    by_row, by_column = (
        list(_classes(*dimension))
        for dimension in zip(at.size, at.window, at.strides, at.dilations, at.padding, strict=True)
    )
    for i in by_row:
        for j in by_column:
            if not (i.taps and j.taps):
                out[:, i.cells.start :: at.strides[0], j.cells.start :: at.strides[1]] = 0
                continue
            part = Filter(
                begin=(i.taps[-1] * columns + j.taps[-1]) * tap,
                row=-i.taps.step * columns * tap,
                column=-j.taps.step * tap,
                cell=1,
                channel=width,
                rows=len(i.taps),
                columns=len(j.taps),
                cells=width,
                width=cells,
            )
            one_run = j.dilation == 1 or len(j.taps) == 1
            walk = Walk(
                *at.output,
                channels=width,
                out_height=len(i.cells),
                out_width=len(j.cells),
                rows=len(i.taps),
                columns=1 if one_run else len(j.taps),
                run=width * len(j.taps) if one_run else width,
                row_stride=1,
                column_stride=1,
                row_dilation=i.dilation,
                column_dilation=j.dilation,
                top=i.before,
                left=j.before,
            )
            begin = i.cells.start * row + j.cells.start * column
            place = Place(begin, math.prod(out.shape[1:]), at.strides[0] * row, at.strides[1] * column)
            _convolve(dy, walk, w, part, out, place)


def conv2d_filter_grad(x: np.ndarray, dy: np.ndarray, at: Windows, out: np.ndarray) -> None:
    """`plain.conv2d_filter_grad`, faster."""
    if _few(dy, out):
        plain.conv2d_filter_grad(x, dy, at, out)
        return
    walk = _walk(at, x.shape[3])
    if _suits_winograd(walk, out.shape[2], out.shape[3], len(x)) and _correlate_by_winograd(x, walk, dy, out):
        return
    from .compiled_convolution import ROWS, compiled, correlate

    kernel = compiled(correlate)
    windows, width = math.prod(dy.shape[:3]), dy.shape[3]
    depth = out.size // width
    part = _part(depth, ROWS, max(1, out.size // GRAD_FLOATS))
    parts = -(-depth // part)
    x, dy = x.reshape(-1), dy.reshape(-1)

    def work(begin: int, end: int, i: int, sums: np.ndarray) -> None:
        first = part * i
        last = min(depth, first + part)
        kernel(x, walk, dy, width, sums, first * width, begin, end, first, last, BLOCK_WINDOWS)

    _sum_up(windows, BLOCK_WINDOWS, parts, work, out)


# --- Which way, and how it is shared out ------------------------------------------------------------------------------


def _few(y: np.ndarray, w: np.ndarray) -> bool:
    """Whether plain.py is quicker; y is the output, or of its shape."""
    windows = math.prod(y.shape[:3])
    return windows < FEW_WINDOWS or windows * w.size < FEW_PRODUCTS


def _suits_winograd(walk: Walk, cells: int, width: int, images: int) -> bool:
    steps = (walk.row_stride, walk.column_stride, walk.row_dilation, walk.column_dilation)
    window = (walk.rows, walk.columns * walk.run)
    tiles = images * _tiles(walk)
    return window == (3, 3 * cells) and set(steps) == {1} and min(cells, width) >= FEW_CHANNELS and tiles >= FEW_TILES


def _tiles(walk: Walk) -> int:
    """Winograd's tiles in an image."""
    return -(-walk.out_height // 2) * -(-walk.out_width // 2)


def _part(total: int, unit: int, parts: int = TASKS) -> int:
    """The length, in whole units, of which there are at most `parts` in the total."""
    return -(-total // (unit * parts)) * unit


def _share(total: int, unit: int, work: Callable[[int, int], object]) -> None:
    """work(begin, end) for parts of the total, in whole units."""
    part = _part(total, unit)
    threads.share(-(-total // part), lambda i: work(i * part, min(total, (i + 1) * part)))


def _sum_up(
    total: int, block: int, parts: int, work: Callable[[int, int, int, np.ndarray], object], out: np.ndarray
) -> None:
    """out = the sum over pieces of the total of what work(begin, end, part, sums) puts into flat sums of out's size.

    The number of pieces does not depend on the threads, so neither do the sums' bits.
    """
    pieces = max(1, min(-(-GRAD_TASKS // parts), FILTER_FLOATS // out.size, total // (4 * block)))
    length = _part(total, block, pieces)
    pieces = -(-total // length)
    sums = np.empty((pieces, out.size), np.float32) if pieces > 1 else out.reshape(1, -1)

    def task(i: int) -> None:
        piece, part = divmod(i, parts)
        work(length * piece, min(total, length * (piece + 1)), part, sums[piece])

    threads.share(pieces * parts, task)
    if pieces > 1:
        np.sum(sums, axis=0, out=out.reshape(-1))


def _aligned(size: int) -> np.ndarray:
    """`size` floats that begin with a line of the cache."""
    memory = np.empty(size + 16, np.float32)
    begin = -(memory.ctypes.data // 4) % 16
    return memory[begin : begin + size]


def _walk(at: Windows, channels: int) -> Walk:
    """The walk of a convolution's windows over x."""
    from .compiled_convolution import Walk

    (top, _), (left, _) = at.padding
    rows, columns = at.window
    one_run = at.dilations[1] == 1 or columns == 1
    runs, run = (1, columns * channels) if one_run else (columns, channels)
    return Walk(*at.size, channels, *at.output, rows, runs, run, *at.strides, *at.dilations, top, left)


class _Class(NamedTuple):
    """Along one dimension, cells of x and those cells of the windows that see them."""

    cells: range
    taps: range
    dilation: int  # between the outputs in which neighbouring taps saw a cell
    before: int  # how many outputs before the class's first cell the turned filter begins


def _classes(size: int, window: int, stride: int, dilation: int, padding: tuple[int, int]) -> Iterator[_Class]:
    """The classes of one dimension that have cells.

    Tap k of output q sees cell q * stride + k * dilation - before.
    """
    before, _ = padding
    common = math.gcd(stride, dilation)
    for residue in range(min(stride, size)):
        cells = range(residue, size, stride)
        first = next((k for k in range(stride) if (residue + before - k * dilation) % stride == 0), window)
        taps = range(first, window, stride // common)
        begin = (taps[-1] * dilation - residue - before) // stride if taps else 0
        yield _Class(cells, taps, dilation // common, begin)


# --- The ways ---------------------------------------------------------------------------------------------------------


def _slabs(part: Filter, floats: int, unit: int) -> Iterator[tuple[int, Filter]]:
    """(first channel, part) for as many channels of the filter at a time as may be packed at once.

    `floats` is the packed size of a channel, and the channels are multiples of `unit`.
    """
    most = max(unit, FILTER_FLOATS // floats // unit * unit)
    for o in range(0, part.width, most):
        yield o, part._replace(begin=part.begin + o * part.channel, width=min(most, part.width - o))


def _convolve(x: np.ndarray, walk: Walk, w: np.ndarray, part: Filter, out: np.ndarray, place: Place) -> None:
    straight = place.column == part.width and place.row == walk.out_width * place.column
    if straight and _suits_winograd(walk, part.cells, part.width, len(x)) and _by_winograd(x, walk, w, part, out):
        return
    from .compiled_convolution import ROWS, WIDTH, compiled, convolve

    kernel = compiled(convolve)
    windows = len(x) * walk.out_height * walk.out_width
    depth = part.rows * part.columns * part.cells
    chunk = _part(depth, 1, -(-depth // CHUNK))
    block = max(ROWS, min(BLOCK_WINDOWS, BLOCK_FLOATS // chunk) // ROWS * ROWS)
    x, out = x.reshape(-1), out.reshape(-1)

    def convolve_slab(slab: Filter, place: Place) -> None:
        packed = _packed(w, slab)
        unit = -(-TASK_PRODUCTS // (block * packed.size)) * block
        _share(windows, unit, lambda *part: kernel(x, walk, packed, slab.width, out, place, *part, block, chunk))

    for o, slab in _slabs(part, depth, WIDTH):
        convolve_slab(slab, place._replace(begin=place.begin + o))


def _packed(w: np.ndarray, part: Filter) -> np.ndarray:
    from .compiled_convolution import WIDTH, compiled, pack_filter

    kernel = compiled(pack_filter)
    panels = -(-part.width // WIDTH)
    packed = _aligned(panels * part.rows * part.columns * part.cells * WIDTH)
    w = w.reshape(-1)
    _share(panels, -(-TASK_FLOATS * panels // packed.size), lambda *some: kernel(w, part, packed, *some))
    return packed


def _by_winograd(x: np.ndarray, walk: Walk, w: np.ndarray, part: Filter, out: np.ndarray) -> bool:
    """Whether out could be computed: False where something in it is not finite."""
    from .compiled_winograd import CELLS, ROWS, WIDTH, compiled, convolve, transform_filters

    transform, kernel = compiled(transform_filters), compiled(convolve)
    x, w, out = x.reshape(-1), w.reshape(-1), out.reshape(-1)
    total = x.size // (walk.height * walk.width * walk.channels) * _tiles(walk)
    block = BLOCK_TILES // ROWS * ROWS
    finite = []

    def convolve_slab(slab: Filter, o: int) -> None:
        panels = -(-slab.width // WIDTH)
        filters = _aligned(panels * CELLS * slab.cells * WIDTH)
        _share(panels, -(-TASK_FLOATS * panels // filters.size), lambda *some: transform(w, slab, filters, *some))

        def work(begin: int, end: int) -> None:
            finite.append(kernel(x, walk, filters, slab.width, out, o, part.width, begin, end, block))

        _share(total, block, work)

    for o, slab in _slabs(part, CELLS * part.cells, WIDTH):
        convolve_slab(slab, o)
    return all(finite)


def _correlate_by_winograd(x: np.ndarray, walk: Walk, dy: np.ndarray, out: np.ndarray) -> bool:
    """Whether out could be computed: False where something in it is not finite."""
    from .compiled_winograd import compiled, correlate

    kernel = compiled(correlate)
    cells, width = out.shape[2:]
    c_part, o_part = (_part(n, 1, -(-n // GRAD_CHANNELS)) for n in (cells, width))
    o_parts = -(-width // o_part)
    total = len(x) * _tiles(walk)
    x, dy = x.reshape(-1), dy.reshape(-1)
    finite = []

    def work(begin: int, end: int, i: int, sums: np.ndarray) -> None:
        c, o = i // o_parts * c_part, i % o_parts * o_part
        ends = min(cells, c + c_part), min(width, o + o_part)
        finite.append(kernel(x, walk, dy, width, sums, 0, begin, end, BLOCK_TILES, c, ends[0], o, ends[1]))

    _sum_up(total, BLOCK_TILES, -(-cells // c_part) * o_parts, work, out)
    return all(finite)


def _scatter(w: np.ndarray, dy: np.ndarray, at: Windows, out: np.ndarray) -> None:
    """The input's gradient where it has few channels: dy times the filter, added where the windows saw it."""
    from .compiled_convolution import ROWS, Filter, compiled, scatter

    kernel = compiled(scatter)
    depth = w.shape[3]
    turned = Filter(0, 0, 0, 1, depth, 1, 1, depth, w.size // depth)
    packed = _packed(w, turned)
    chunk = _part(depth, 1, -(-depth // CHUNK))
    block = max(ROWS, min(BLOCK_WINDOWS, BLOCK_FLOATS // max(chunk, turned.width)) // ROWS * ROWS)
    walk = _walk(at, out.shape[3])
    dy, flat = dy.reshape(-1), out.reshape(-1)
    _share(len(out), 1, lambda begin, end: kernel(dy, walk, packed, depth, flat, begin, end, block, chunk))
