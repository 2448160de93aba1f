"""The loops of the CPU's float32 convolutions, compiled by Numba; importing this module imports Numba.

A convolution is a product of two matrices: what each window sees (a row of "patches") times the filter. Patches are
gathered for a block of windows at a time, into memory that stays in the cache, and multiplied tile by tile. All arrays
are flat and hold float32; a place in one is counted in floats. What a kernel writes by the way, its caller gives it.
"""

from __future__ import annotations

from typing import Any

from .. import intrinsics
from ..code_on_disk import Code
from .compiling import machine_code, njit, signature
from .tiles import copy_lanes, multiply_tile
from .walking import KERNELS, LANES, ROWS, WIDTH

array_at: Any = intrinsics.array_at
inner = njit()


@njit(inline="always")  # without Numba's runtime no function may return an array
def floats(memory):
    """The array of a `Floats`."""
    return array_at(memory.address, memory.size)


@inner
def position(number, rows, columns):
    """(image, row, column) of a window or tile, of which an image has rows x columns."""
    line, column = divmod(number, columns)
    image, row = divmod(line, rows)
    return image, row, column


@inner
def following(image, row, column, rows, columns):
    """The position after this one."""
    column += 1
    if column == columns:
        column = 0
        row += 1
        if row == rows:
            row = 0
            image += 1
    return image, row, column


@inner
def copy_run(out, to, begin, end, x, source):
    """out[to + q] = x[source + q] for begin <= q < end; may write LANES - 1 floats more."""
    if source + end + LANES <= x.size:
        for q in range(begin, end, LANES):
            copy_lanes(out, to + q, x, source + q)
    else:
        for q in range(begin, end):
            out[to + q] = x[source + q]


@inner
def run_in_image(walk, i, j, a, b, begin, end):
    """(start, inside, outside): float q of run (a, b) of window (i, j) is float start + q of its image.

    Of begin <= q < end those lie in the image's own row for which inside <= q < outside.
    """
    line = walk.width * walk.channels
    h = i * walk.row_stride + a * walk.row_dilation - walk.top
    left = (j * walk.column_stride + b * walk.column_dilation - walk.left) * walk.channels
    if h < 0 or h >= walk.height:
        return 0, end, end
    inside = min(max(begin, -left), end)
    return h * line + left, inside, max(min(end, line - left), inside)


@inner
def corner(walk, n, i, j):
    """(start, whole): where in x window (i, j) of image n begins, and whether all that it sees lies in the image."""
    line = walk.width * walk.channels
    h = i * walk.row_stride - walk.top
    left = (j * walk.column_stride - walk.left) * walk.channels
    low = (walk.rows - 1) * walk.row_dilation  # the last run begins that much lower
    far = (walk.columns - 1) * walk.column_dilation * walk.channels  # and that much further right
    whole = h >= 0 and h + low < walk.height and left >= 0 and left + far + walk.run <= line
    return (n * walk.height + h) * line + left, whole


@inner
def gather(x, walk, begin, end, k_begin, k_end, patches, row):
    """patches[row * (p - begin) + k - k_begin] = what cell k of window p sees.

    May write LANES - 1 floats beyond a row before it writes the next one.
    """
    size = walk.columns * walk.run  # of a row of runs
    image = walk.height * walk.width * walk.channels
    down = walk.row_dilation * walk.width * walk.channels
    right = walk.column_dilation * walk.channels
    last = x.size - (walk.rows * down + walk.columns * right + walk.run + LANES)
    a_begin, a_end = k_begin // size, (k_end + size - 1) // size
    n, i, j = position(begin, walk.out_height, walk.out_width)
    for p in range(begin, end):
        start, whole = corner(walk, n, i, j)
        whole = whole and start <= last  # so that no copy of LANES floats ends beyond x
        for a in range(a_begin, a_end):
            for b in range(walk.columns):
                first = a * size + b * walk.run
                q_begin, q_end = max(k_begin - first, 0), min(k_end - first, walk.run)
                to = row * (p - begin) + first - k_begin
                if whole:
                    source = start + a * down + b * right
                    for q in range(q_begin, q_end, LANES):
                        copy_lanes(patches, to + q, x, source + q)
                elif q_begin < q_end:
                    source, inside, outside = run_in_image(walk, i, j, a, b, q_begin, q_end)
                    for q in range(q_begin, inside):
                        patches[to + q] = 0
                    copy_run(patches, to, inside, outside, x, n * image + source)
                    for q in range(outside, q_end):
                        patches[to + q] = 0
        n, i, j = following(n, i, j, walk.out_height, walk.out_width)


@inner
def put_tile(tile, count, width, out, at, place, walk, begin, add):
    """Stores or adds `width` columns of a tile's first `count` rows, which belong to the windows from `begin` on."""
    n, i, j = position(begin, walk.out_height, walk.out_width)
    for r in range(count):
        to = at + place.begin + n * place.image + i * place.row + j * place.column
        if add:
            for q in range(width):
                out[to + q] += tile[r * WIDTH + q]
        elif width == WIDTH:
            for q in range(0, WIDTH, LANES):
                copy_lanes(out, to + q, tile, r * WIDTH + q)
        else:
            for q in range(width):
                out[to + q] = tile[r * WIDTH + q]
        n, i, j = following(n, i, j, walk.out_height, walk.out_width)


# --- Kernels ----------------------------------------------------------------------------------------------------------


@inner
def copy_channels(w, source, part, panel, out, to):
    """out[to + j] = channel panel * WIDTH + j of a filter whose first one is w[source], or zero beyond its width."""
    source += panel * WIDTH * part.channel
    count = min(WIDTH, part.width - panel * WIDTH)
    if count == WIDTH and part.channel == 1:
        for j in range(0, WIDTH, LANES):
            copy_lanes(out, to + j, w, source + j)
    else:
        for j in range(count):
            out[to + j] = w[source + j * part.channel]
        for j in range(count, WIDTH):
            out[to + j] = 0


def pack_filter(w, part, packed, begin, end):
    """packed[panel, k] = the channels of panels begin to end; k counts (row, column, cell)."""
    w, packed = floats(w), floats(packed)
    for panel in range(begin, end):
        to = panel * part.rows * part.columns * part.cells * WIDTH
        for a in range(part.rows):
            for b in range(part.columns):
                for k in range(part.cells):
                    source = part.begin + a * part.row + b * part.column + k * part.cell
                    copy_channels(w, source, part, panel, packed, to)
                    to += WIDTH


def convolve(x, walk, packed, width, out, place, begin, end, block, chunk, patches, tile):
    """out[window, o] = sum over k of patches[window, k] w[k, o], o < width, for the windows from begin to end.

    Into patches go those of `block` windows at a time, a multiple of ROWS, and of them `chunk` of k.
    """
    x, packed, out, patches, tile = floats(x), floats(packed), floats(out), floats(patches), floats(tile)
    depth = walk.rows * walk.columns * walk.run
    row = patches.size // block
    straight = place.row == walk.out_width * place.column and place.image == walk.out_height * place.row
    for first in range(begin, end, block):
        count = min(block, end - first)
        for k in range(0, depth, chunk):
            steps = min(chunk, depth - k)
            gather(x, walk, first, first + count, k, k + steps, patches, row)
            for o in range(0, width, WIDTH):
                b_at, columns = o * depth + k * WIDTH, min(WIDTH, width - o)
                for i in range(0, count, ROWS):
                    rows = min(ROWS, count - i)
                    if straight and rows == ROWS and columns == WIDTH:
                        to = place.begin + (first + i) * place.column + o
                        multiply_tile(patches, i * row, row, 1, packed, b_at, steps, out, to, place.column, k > 0)
                    else:
                        multiply_tile(patches, i * row, row, 1, packed, b_at, steps, tile, 0, WIDTH, False)
                        put_tile(tile, rows, columns, out, o, place, walk, first + i, k > 0)


def scatter(dy, walk, packed, depth, out, begin, end, block, chunk, rows, patches):
    """out[n] = what the windows of images begin to end saw, weighted by dy [N, windows, depth] times the filter.

    This is the adjoint of `gather` on the product of dy and the packed filter [depth, what a window sees], which is
    computed for `block` windows at a time, a multiple of ROWS, from `chunk` of the depth in rows into patches.
    """
    dy, packed, out, rows, patches = floats(dy), floats(packed), floats(out), floats(rows), floats(patches)
    size = walk.columns * walk.run
    width = walk.rows * size
    image = walk.height * walk.width * walk.channels
    down = walk.row_dilation * walk.width * walk.channels
    right = walk.column_dilation * walk.channels
    windows = walk.out_height * walk.out_width
    row, wide = rows.size // block, patches.size // block
    for n in range(begin, end):
        for q in range(n * image, (n + 1) * image):
            out[q] = 0
        for first in range(0, windows, block):
            count = min(block, windows - first)
            for k in range(0, depth, chunk):
                steps = min(chunk, depth - k)
                for p in range(count):
                    copy_run(rows, p * row, 0, steps, dy, (n * windows + first + p) * depth + k)
                for o in range(0, width, WIDTH):
                    for i in range(0, count, ROWS):
                        b_at, to = o * depth + k * WIDTH, i * wide + o
                        multiply_tile(rows, i * row, row, 1, packed, b_at, steps, patches, to, wide, k > 0)
            _, i, j = position(first, walk.out_height, walk.out_width)
            for p in range(count):
                start, whole = corner(walk, n, i, j)
                for a in range(walk.rows):
                    for b in range(walk.columns):
                        source = p * wide + a * size + b * walk.run
                        to, inside, outside = start + a * down + b * right, 0, walk.run
                        if not whole:
                            to, inside, outside = run_in_image(walk, i, j, a, b, 0, walk.run)
                            to += n * image
                        for q in range(inside, outside):
                            out[to + q] += patches[source + q]
                _, i, j = following(n, i, j, walk.out_height, walk.out_width)


def correlate(x, walk, dy, width, out, out_at, begin, end, k_begin, k_end, block, patches, packed, sums):
    """out[out_at + (k - k_begin) width + o] = sum over windows p from begin to end of patches[p, k] dy[p, o].

    Into patches and packed go those of `block` windows, and their dy, at a time.
    """
    x, dy, out = floats(x), floats(dy), floats(out)
    patches, packed, sums = floats(patches), floats(packed), floats(sums)
    depth = k_end - k_begin
    row = patches.size // block
    wide = (width + WIDTH - 1) // WIDTH * WIDTH
    for first in range(begin, end, block):
        count = min(block, end - first)
        gather(x, walk, first, first + count, k_begin, k_end, patches, row)
        for p in range(count):  # along dy, as memory is read fastest
            for o in range(0, width, WIDTH):
                copy_run(packed, o * block + p * WIDTH, 0, min(WIDTH, width - o), dy, (first + p) * width + o)
        for o in range(0, width, WIDTH):
            for k in range(0, depth, ROWS):
                multiply_tile(patches, k, 1, row, packed, o * block, count, sums, k * wide + o, wide, first > begin)
    for k in range(depth):
        for o in range(width):
            out[out_at + k * width + o] = sums[k * wide + o]


def code(name: str) -> Code:
    """The kernel of a name, compiled."""
    return machine_code(globals()[name], signature(KERNELS["compiled_convolution"][name]))
