"""Float32 convolutions of NumPy arrays, in parallel; a kernel is compiled, or read from disk, at its first use.

Shapes and `winograd` alone decide which of these ways is taken, so equal calls give equal bits, on any number of
threads:

- Few products: the array library's functions (plain.py), as compiled code would not earn its loading.
- What windows see is multiplied block by block from where it lies (compiled_convolution.py): each result is a sum of
  its products.
- Where `winograd` allows it, for windows of 3 x 3 with stride 1 over enough channels: F(2x2, 3x3), with 2.25 times
  fewer products (compiled_winograd.py), but errors relative to the 4 x 4 cells around a window. Where a result is not
  finite, all is computed again without it.

Arguments are checked (kernels/dense.py), float32 and contiguous, and the result goes into `out`. Extra memory: the
packed filter (for Winograd 16/9 of it), at most FILTER_FLOATS, and one to four MiB a thread.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import plain
from ..geometry import Windows
from . import threads
from .calling import Kernel, Scratch, aligned, floats, kernel_of
from .jobs import Floats

if TYPE_CHECKING:
    from .walking import Block, Filter, Place, Walk

FEW_PRODUCTS = 1 << 22
FEW_WINDOWS = 128  # for which it does not pay to pack the filter
FEW_CHANNELS, FEW_TILES = 16, 56  # for which Winograd's transforms cost more than they save

# Found by measuring; none changes a result by more than rounding.
CHUNK = 512  # of a patch is multiplied at a time: it and its part of the filter stay in the first cache
BAND_FLOATS = 1 << 17  # are seen by a block of windows, or a little more: they stay in the second cache
BLOCK_WINDOWS = 448  # of a block, or a row of them
BLOCKS = 8  # for each thread, at least, where there are enough windows
SCATTER_FLOATS, SCATTER_WINDOWS = 1 << 16, 112  # of what is to be scattered
BLOCK_TILES = 56  # of Winograd's are transformed at a time
TILE_FLOATS = 1 << 20  # and of no more channels than fit this, but of ROWS tiles at least
GRAD_WINDOWS = 448  # of a block where a filter's gradient is summed up
GRAD_BLOCKS = 16  # at least, there
GRAD_CHANNELS = 128  # in and out, of the part of a filter's gradient that one task sums up by Winograd's way
GRAD_FLOATS = 1 << 17  # of the part that one task sums up otherwise
GRAD_TASKS = 16  # at least this many where the windows are enough, each with sums of its own
TASK_PRODUCTS = 1 << 21  # at least
TASK_FLOATS = 1 << 18  # at least, of packed filters
FILTER_FLOATS = 1 << 23  # of packed filters, and of sums of filters' gradients


def conv2d(
    x: np.ndarray,
    w: np.ndarray,
    at: Windows,
    out: np.ndarray,
    bias: np.ndarray | None = None,
    activation: str | None = None,
    *,
    winograd: bool = False,
) -> None:
    """`plain.conv2d`, faster."""
    if _few(out, w):
        plain.conv2d(x, w, at, out, bias, activation)
        return
    from .walking import Filter, Place

    _, columns, cells, width = w.shape
    whole = Filter(0, columns * cells * width, cells * width, width, 1, *w.shape)
    place = Place(0, math.prod(out.shape[1:]), math.prod(out.shape[2:]), width)
    walk = _walk(at, cells)
    if winograd and _by_winograd(x, walk, w, whole, out, place):
        _finish(out, bias, activation)
    elif activation in (None, "relu"):
        _convolve(x, walk, w, whole, out, place, bias, activation is not None)
    else:
        _convolve(x, walk, w, whole, out, place, bias)
        _finish(out, None, activation)


def conv2d_input_grad(w: np.ndarray, dy: np.ndarray, at: Windows, out: np.ndarray, *, winograd: bool = False) -> None:
    """`plain.conv2d_input_grad`, faster.

    The cells of x at distances of the stride are seen by the same cells of the windows: each such class of them is a
    convolution of dy, with stride 1, with these cells of the filter, turned round.
    """
    if _few(dy, w) or not _surely_finite(w):  # around dy are zeros, and zero times infinity is not zero
        plain.conv2d_input_grad(w, dy, at, out)
        return
    if out.shape[3] < FEW_CHANNELS:
        _scatter(w, dy, at, out)
        return
    from .walking import Filter, Place, Walk

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
            if not (winograd and _by_winograd(dy, walk, w, part, out, place)):
                _convolve(dy, walk, w, part, out, place)


def conv2d_filter_grad(x: np.ndarray, dy: np.ndarray, at: Windows, out: np.ndarray, *, winograd: bool = False) -> None:
    """`plain.conv2d_filter_grad`, faster."""
    if _few(dy, out):
        plain.conv2d_filter_grad(x, dy, at, out)
        return
    walk = _walk(at, x.shape[3])
    winograd = winograd and _suits_winograd(walk, out.shape[2], out.shape[3], len(x))
    if winograd and _correlate_by_winograd(x, walk, dy, out):
        return
    from .walking import FIELDS, SEGMENTS, WIDTH, best_shape

    kernel = kernel_of("correlate")
    width = dy.shape[3]
    runs = walk.rows * walk.columns
    block = _block(walk, len(x), GRAD_WINDOWS, GRAD_BLOCKS)._replace(shape=best_shape(walk.run, runs))
    of_tile, rows = SEGMENTS[block.shape]
    block = block._replace(copied=int(_leaves_image(walk) or walk.run < rows))
    segments = runs * -(-walk.run // rows)
    part = _part(segments, of_tile, max(1, out.size // GRAD_FLOATS))
    parts = -(-segments // part)
    room = _part(part, of_tile, 1)
    wide = _part(width, WIDTH, 1)
    windows = block.images * block.rows * block.columns
    tables = FIELDS * room, runs + block.images * block.rows
    scratch = Scratch(_band(walk, block), windows * wide, room * rows * wide, tables=tables)
    values = floats(x), len(x), walk, block, floats(dy), width
    some = [(part * i, min(segments, part * (i + 1))) for i in range(parts)]
    _sum_up(kernel, values, scratch, _blocks(walk, block, len(x)), 1, some, out)


# --- Which way, and how it is shared out ------------------------------------------------------------------------------


def _few(y: np.ndarray, w: np.ndarray) -> bool:
    """Whether plain.py is quicker; y is the output, or of its shape."""
    windows = math.prod(y.shape[:3])
    return windows < FEW_WINDOWS or windows * w.size < FEW_PRODUCTS


def _surely_finite(w: np.ndarray) -> bool:
    """Whether w's sum is finite: then all of w is, and one pass over it is all that this costs."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(np.sum(w)))


def _suits_winograd(walk: Walk, cells: int, width: int, images: int) -> bool:
    steps = (walk.row_stride, walk.column_stride, walk.row_dilation, walk.column_dilation)
    window = (walk.rows, walk.columns * walk.run)
    tiles = images * _tiles(walk)
    return window == (3, 3 * cells) and set(steps) == {1} and min(cells, width) >= FEW_CHANNELS and tiles >= FEW_TILES


def _tiles(walk: Walk) -> int:
    """Winograd's tiles in an image."""
    return -(-walk.out_height // 2) * -(-walk.out_width // 2)


def _part(total: int, unit: int, parts: int) -> int:
    """The length, in whole units, of which there are at most `parts` in the total."""
    return -(-total // (unit * parts)) * unit


def _finish(y: np.ndarray, bias: np.ndarray | None, activation: str | None) -> None:
    """y = activation(y + bias), by all threads."""
    pixels = y.reshape(-1, y.shape[3])
    some = threads.parts(len(pixels), 1)
    threads.share(len(some), lambda i: plain.finish(pixels[slice(*some[i])], bias, activation))


def _sum_up(
    kernel: Kernel,
    values: tuple[int | tuple[int, ...], ...],
    scratch: Scratch,
    total: int,
    block: int,
    parts: Sequence[tuple[int, ...]],
    out: np.ndarray,
) -> None:
    """out = the sum over pieces of the total of what the kernel puts into sums of out's size.

    A task's own arguments are the sums, a piece's begin and end, and one of `parts`. The number of pieces does not
    depend on the threads, so neither do the sums' bits.
    """
    pieces = max(1, min(-(-GRAD_TASKS // len(parts)), FILTER_FLOATS // out.size, total // (4 * block)))
    length = _part(total, block, pieces)
    pieces = -(-total // length)
    sums = np.empty((pieces, out.size), np.float32) if pieces > 1 else out.reshape(1, -1)
    cut = [(*floats(sums[i]), length * i, min(total, length * (i + 1))) for i in range(pieces)]
    kernel.share(values, [(*piece, *part) for piece in cut for part in parts], scratch)
    if pieces > 1:
        flat = out.reshape(-1)
        some = threads.parts(out.size, TASK_FLOATS)
        threads.share(len(some), lambda i: np.sum(sums[:, slice(*some[i])], axis=0, out=flat[slice(*some[i])]))


# --- Geometry ---------------------------------------------------------------------------------------------------------


def _walk(at: Windows, channels: int) -> Walk:
    """The walk of a convolution's windows over x."""
    from .walking import Walk

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


def _convolve(
    x: np.ndarray,
    walk: Walk,
    w: np.ndarray,
    part: Filter,
    out: np.ndarray,
    place: Place,
    bias: np.ndarray | None = None,
    relu: bool = False,
) -> None:
    """The way of all geometries, with a bias and relu."""
    from .walking import FIELDS, SEGMENTS, WIDTH, best_shape

    kernel = kernel_of("convolve")
    if bias is None and relu:
        bias = np.zeros(part.width, np.float32)
    runs = walk.rows * walk.columns
    depth = runs * walk.run
    group = _part(runs, 1, -(-runs * walk.run // CHUNK))
    chunk = _part(walk.run, 1, -(-walk.run // CHUNK))
    block = _block(walk, len(x), BLOCK_WINDOWS, BLOCKS * threads.count())
    lines = block.images * block.rows
    block = block._replace(shape=best_shape(block.columns, lines))
    of_tile, rows = SEGMENTS[block.shape]
    last = walk.out_width % block.columns or block.columns
    block = block._replace(copied=int(_leaves_image(walk) or last < rows))
    room = _part(lines * -(-block.columns // rows), of_tile, 1) + of_tile
    scratch = Scratch(_band(walk, block), of_tile * rows * WIDTH, tables=(FIELDS * room, runs))
    for o, slab in _slabs(part, depth, WIDTH):
        packed = _packed(w, slab)
        target = floats(out), place._replace(begin=place.begin + o)
        added = floats(bias[o : o + slab.width]) if bias is not None else Floats(0, 0)
        values = floats(x), len(x), walk, block, floats(packed), slab.width, *target, added, int(relu), group, chunk
        least = -(-TASK_PRODUCTS // (lines * block.columns * packed.size))
        kernel.share(values, threads.parts(_blocks(walk, block, len(x)), least), scratch)


def _leaves_image(walk: Walk) -> bool:
    """Whether a window sees what lies outside its image."""
    down = (walk.out_height - 1) * walk.row_stride + (walk.rows - 1) * walk.row_dilation + 1 - walk.top
    right = (walk.out_width - 1) * walk.column_stride + (walk.columns - 1) * walk.column_dilation - walk.left
    cells = walk.run // walk.channels
    return walk.top > 0 or walk.left > 0 or down > walk.height or right + cells > walk.width


def _seen(walk: Walk, rows: int, columns: int) -> int:
    """The floats of an image's lines that so many rows of so many windows see."""
    lines = (rows - 1) * walk.row_stride + (walk.rows - 1) * walk.row_dilation + 1
    cells = (columns - 1) * walk.column_stride + (walk.columns - 1) * walk.column_dilation
    return lines * (cells * walk.channels + walk.run)


def _block(walk: Walk, images: int, most: int, blocks: int) -> Block:
    """Blocks of at most so many windows, or of one row of them, and so many blocks where there are enough windows.

    Their shape and whether they are copied stay open.
    """
    from .walking import ROWS, Block

    height, width = walk.out_height, walk.out_width
    most = max(2 * ROWS, min(most, images * height * width // blocks))
    block = Block(1, 1, width, 0, 0)
    if height * width <= most and _seen(walk, height, width) <= BAND_FLOATS:
        few = min(most // (height * width), BAND_FLOATS // _seen(walk, height, width))
        return block._replace(images=_part(images, 1, -(-images // few)), rows=height)
    if _seen(walk, 1, width) <= BAND_FLOATS and width <= 2 * most:
        beside = _seen(walk, 2, width) - _seen(walk, 1, width)
        rows = max(1, min(most // width, 1 + (BAND_FLOATS - _seen(walk, 1, width)) // beside))
        return block._replace(rows=_part(height, 1, -(-height // rows)))
    beside = max(1, _seen(walk, 1, 2) - _seen(walk, 1, 1))
    columns = max(2 * ROWS, min(most, (BAND_FLOATS - _seen(walk, 1, 1)) // beside) // (2 * ROWS) * 2 * ROWS)
    return block._replace(columns=min(width, columns))


def _blocks(walk: Walk, block: Block, images: int) -> int:
    """How many blocks there are."""
    return -(-images // block.images) * -(-walk.out_height // block.rows) * -(-walk.out_width // block.columns)


def _band(walk: Walk, block: Block) -> int:
    """The floats of a band, and what a segment may read beyond it."""
    from .walking import LANES, ROWS

    if not block.copied:
        return 0
    return block.images * _seen(walk, block.rows, block.columns) + ROWS * walk.column_stride * walk.channels + LANES


def _packed(w: np.ndarray, part: Filter) -> np.ndarray:
    """The filter [panel, k, WIDTH]: panels of WIDTH channels, zero beyond the last one."""
    from .walking import WIDTH

    kernel = kernel_of("pack_filter")
    panels = -(-part.width // WIDTH)
    packed = aligned(panels * part.rows * part.columns * part.cells * WIDTH)
    least = -(-TASK_FLOATS * panels // packed.size)
    kernel.share((floats(w), part, floats(packed)), threads.parts(panels, least))
    return packed


def _transformed(w: np.ndarray, part: Filter) -> np.ndarray:
    """The filter as Winograd's products take it: [panel, CELLS, cells, WIDTH]."""
    from .walking import CELLS, WIDTH

    kernel = kernel_of("transform_filters")
    panels = -(-part.width // WIDTH)
    filters = aligned(panels * CELLS * part.cells * WIDTH)
    scratch = Scratch(9 * WIDTH)
    least = -(-TASK_FLOATS * panels // filters.size)
    kernel.share((floats(w), part, floats(filters)), threads.parts(panels, least), scratch)
    return filters


def _block_of_tiles(channels: int) -> int:
    from .walking import CELLS, ROWS

    return max(ROWS, min(BLOCK_TILES, TILE_FLOATS // (CELLS * channels)) // ROWS * ROWS)


def _by_winograd(x: np.ndarray, walk: Walk, w: np.ndarray, part: Filter, out: np.ndarray, place: Place) -> bool:
    """Whether out could be computed: False where the shapes do not suit, or something in out is not finite."""
    straight = place.column == part.width and place.row == walk.out_width * place.column
    if not straight or not _suits_winograd(walk, part.cells, part.width, len(x)):
        return False
    from .walking import CELLS, WIDTH, padded

    kernel = kernel_of("convolve_tiles")
    total = len(x) * _tiles(walk)
    block = _block_of_tiles(part.cells)
    row = padded(part.cells)
    infinite = np.zeros(1, np.float32)
    scratch = Scratch(CELLS * block * row, CELLS * row, CELLS * block * WIDTH, 4 * WIDTH)
    for o, slab in _slabs(part, CELLS * part.cells, WIDTH):
        filters = _transformed(w, slab)
        values = floats(x), walk, floats(filters), slab.width, floats(out), o, part.width, block, floats(infinite)
        kernel.share(values, threads.parts(total, -(-TASK_PRODUCTS // (block * filters.size)) * block), scratch)
    return not infinite[0]


def _correlate_by_winograd(x: np.ndarray, walk: Walk, dy: np.ndarray, out: np.ndarray) -> bool:
    """Whether out could be computed: False where something in it is not finite."""
    from .walking import CELLS, ROWS, WIDTH, padded

    kernel = kernel_of("correlate_tiles")
    cells, width = out.shape[2:]
    c_part, o_part = (_part(n, 1, -(-n // GRAD_CHANNELS)) for n in (cells, width))
    wide, lines, row = _part(o_part, WIDTH, 1), _part(c_part, ROWS, 1), padded(c_part)
    block = BLOCK_TILES
    infinite = np.zeros(1, np.float32)
    scratch = Scratch(
        CELLS * block * row, CELLS * padded(max(c_part, o_part)), CELLS * block * wide, CELLS * lines * wide, 9 * WIDTH
    )
    values = floats(x), walk, floats(dy), width, block, wide // WIDTH, floats(infinite)
    some = [
        (c, min(cells, c + c_part), o, min(width, o + o_part))
        for c in range(0, cells, c_part)
        for o in range(0, width, o_part)
    ]
    _sum_up(kernel, values, scratch, len(x) * _tiles(walk), block, some, out)
    return not infinite[0]


def _scatter(w: np.ndarray, dy: np.ndarray, at: Windows, out: np.ndarray) -> None:
    """The input's gradient where it has few channels: dy times the filter, added where the windows saw it."""
    from .walking import ROWS, WIDTH, Filter, padded

    kernel = kernel_of("scatter")
    depth = w.shape[3]
    turned = Filter(0, 0, 0, 1, depth, 1, 1, depth, w.size // depth)
    packed = _packed(w, turned)
    wide = padded(_part(turned.width, WIDTH, 1))
    chunk = _part(depth, 1, -(-depth // CHUNK))
    block = max(ROWS, min(SCATTER_WINDOWS, SCATTER_FLOATS // max(chunk, wide)) // ROWS * ROWS)
    scratch = Scratch(block * padded(chunk), block * wide)
    values = floats(dy), _walk(at, out.shape[3]), floats(packed), depth, floats(out), block, chunk
    kernel.share(values, threads.parts(len(out), 1), scratch)
