"""The loops of the CPU's float32 convolutions, compiled by Numba; importing this module imports Numba.

A convolution is a product of two matrices: what each window sees times the filter. The first is never made: its rows
lie in x already, those of neighbouring windows a stride apart, so tiles are multiplied from there, or, where windows
see what lies outside, from a band: the lines that a block of windows sees, copied with zeros around. All arrays are
flat; a place in one is counted in elements. What a kernel writes by the way, its caller gives it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import intrinsics
from ..code_on_disk import Code
from .compiling import kernel_code, njit
from .tiles import multiply_few_segments, multiply_more_segments, multiply_tile
from .vectors import copy_lanes, finish_lanes
from .walking import FIELDS, KERNELS, LANES, ROWS, SEGMENTS, WIDTH

array_at: Any = intrinsics.array_at
inner = njit()
(FEW, LONG), (MORE, SHORT) = SEGMENTS


@njit(inline="always")  # without Numba's runtime no function may return an array
def floats(memory):
    """The array of a `Floats` or `Integers`."""
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
def real(window, begin, size, dilation):
    """(first, end): the cells of a window of so many, the first at `begin`, that lie in an image of that size."""
    if begin >= 0 and begin + (window - 1) * dilation < size:
        return 0, window  # without divisions, which take longer than most windows
    first = min((max(-begin, 0) + dilation - 1) // dilation, window)
    return first, max(min(window, (max(size - begin, 0) + dilation - 1) // dilation), first)


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
def bounds(walk, block, images, number):
    """The images, rows and columns of block `number`: from n to n_end, i to i_end, j to j_end."""
    pieces = (walk.out_width + block.columns - 1) // block.columns
    parts = (walk.out_height + block.rows - 1) // block.rows
    rest, piece = divmod(number, pieces)
    group, part = divmod(rest, parts)
    n, i, j = group * block.images, part * block.rows, piece * block.columns
    n_end, i_end = min(images, n + block.images), min(walk.out_height, i + block.rows)
    return n, n_end, i, i_end, j, min(walk.out_width, j + block.columns)


@inner
def copy_band(x, walk, n, n_end, top, lines, left, wide, band):
    """The lines of images n to n_end from `top` on, of each the `wide` floats from float `left` on, zero outside."""
    line = walk.width * walk.channels
    begin, end = min(max(-left, 0), wide), max(min(wide, line - left), 0)
    to = 0
    for image in range(n, n_end):
        for h in range(top, top + lines):
            inside, outside = (begin, end) if 0 <= h < walk.height else (wide, wide)
            for q in range(inside):
                band[to + q] = 0
            copy_run(band, to, inside, outside, x, (image * walk.height + h) * line + left)
            for q in range(outside, wide):
                band[to + q] = 0
            to += wide


@inner
def see(x, walk, block, n, n_end, i, i_end, j, j_end, band):
    """(begin, image, line): where the block's first window begins, the next image's, and the next line of x.

    That is in band, to which it copies the lines, or in x.
    """
    cell = walk.channels
    top = i * walk.row_stride - walk.top
    left = (j * walk.column_stride - walk.left) * cell
    line = walk.width * cell
    if not block.copied:
        return (n * walk.height + top) * line + left, walk.height * line, line
    lines = (i_end - 1 - i) * walk.row_stride + (walk.rows - 1) * walk.row_dilation + 1
    far = (j_end - 1 - j) * walk.column_stride + (walk.columns - 1) * walk.column_dilation
    wide = far * cell + walk.run
    copy_band(x, walk, n, n_end, top, lines, left, wide, band)
    return 0, lines * wide, wide


@inner
def list_runs(walk, line, runs):
    """runs[u] = where run u of a window begins, from the window's begin."""
    for a in range(walk.rows):
        for b in range(walk.columns):
            runs[a * walk.columns + b] = (a * walk.row_dilation * line) + b * walk.column_dilation * walk.channels


@inner
def part_of_run(number, run, rows):
    """(begin, low, high): segment `number` of runs cut into segments begins there in its run, and rows low to high
    are its own. The last segment of a run begins early, so as not to end beyond it, where it is long enough.
    """
    begin = number * rows
    own = min(rows, run - begin)
    early = min(rows - own, begin)
    return begin - early, early, early + own


@inner
def list_segments(walk, place, n, n_end, i, i_end, j, j_end, image, line, rows, segments):
    """How many segments of windows a block has.

    Of each the table tells where it begins, where its outputs go, its own rows (from one to another), and which runs of
    its windows lie in the image's rows (likewise).
    """
    limit = segments.size // FIELDS
    count = 0
    windows = j_end - j
    for image_number in range(n, n_end):
        for row in range(i, i_end):
            begin = (image_number - n) * image + (row - i) * walk.row_stride * line
            first_run, end_run = real(walk.rows, row * walk.row_stride - walk.top, walk.height, walk.row_dilation)
            target = place.begin + image_number * place.image + row * place.row + j * place.column
            for number in range((windows + rows - 1) // rows):
                first, low, high = part_of_run(number, windows, rows)
                segments[count] = begin + first * walk.column_stride * walk.channels
                segments[limit + count] = target + first * place.column
                segments[2 * limit + count] = low
                segments[3 * limit + count] = high
                segments[4 * limit + count] = first_run * walk.columns
                segments[5 * limit + count] = end_run * walk.columns
                count += 1
    return count


@inner
def fill_up(segments, count, of_tile):
    """Makes the last tile whole: with segments that have no rows of their own."""
    limit = segments.size // FIELDS
    for t in range(count, (count + of_tile - 1) // of_tile * of_tile):
        segments[t] = segments[0]
        segments[limit + t] = segments[limit]
        segments[2 * limit + t] = 0
        segments[3 * limit + t] = 0
        segments[4 * limit + t] = segments[4 * limit + count - 1]
        segments[5 * limit + t] = segments[5 * limit + count - 1]


@inner
def span(segments, first, of_tile):
    """What lies in the image for any of a tile's segments: from one to another."""
    limit = segments.size // FIELDS
    begin, end = segments[4 * limit + first], segments[5 * limit + first]
    for t in range(first + 1, first + of_tile):
        begin, end = min(begin, segments[4 * limit + t]), max(end, segments[5 * limit + t])
    return begin, end


@inner
def multiply(shape, a, a_at, starts, a_row, runs, a_step, steps, b, b_at, c, c_at, targets, c_row, add):
    if shape == 0:
        multiply_few_segments(a, a_at, starts, a_row, runs, a_step, steps, b, b_at, c, c_at, targets, c_row, add)
    else:
        multiply_more_segments(a, a_at, starts, a_row, runs, a_step, steps, b, b_at, c, c_at, targets, c_row, add)


@inner
def shape_of_tile(shape):
    """(how many segments, rows of each)."""
    return (FEW, LONG) if shape == 0 else (MORE, SHORT)


@inner
def put_segments(tile, of_tile, rows, segments, first, width, out, at, c_row, add):
    """Stores or adds `width` columns of those rows of a tile that are its segments' own."""
    limit = segments.size // FIELDS
    for s in range(of_tile):
        for r in range(segments[2 * limit + first + s], segments[3 * limit + first + s]):
            to = at + segments[limit + first + s] + r * c_row
            source = (s * rows + r) * WIDTH
            if add:
                for q in range(width):
                    out[to + q] += tile[source + q]
            elif width == WIDTH:
                for q in range(0, WIDTH, LANES):
                    copy_lanes(out, to + q, tile, source + q)
            else:
                for q in range(width):
                    out[to + q] = tile[source + q]


@inner
def finish_segments(segments, count, width, out, row, bias, relu):
    """Adds the bias to the segments' own rows, and, where relu is not 0, keeps what is positive, and NaN."""
    limit = segments.size // FIELDS
    least = np.float32(0) if relu else np.float32(-np.inf)
    whole = width // LANES * LANES
    for s in range(count):
        for r in range(segments[2 * limit + s], segments[3 * limit + s]):
            to = segments[limit + s] + r * row
            for q in range(0, whole, LANES):
                finish_lanes(out, to + q, bias, q, least)
            for q in range(whole, width):
                total = out[to + q] + bias[q]
                out[to + q] = least if total <= least else total


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


def convolve(
    x, images, walk, block, packed, width, out, place, bias, relu, group, chunk, segments, runs, band, tile, begin, end
):  # fmt: skip
    """out[window, o] = sum over k of what the window sees in k times w[k, o], o < width, for blocks begin to end.

    To it comes bias[o], where there is a bias, and of that, where relu is 1, what is positive. Of k are multiplied at a
    time `group` runs, or, where that is one, `chunk` of its floats.
    """
    x, packed, out, band, tile = floats(x), floats(packed), floats(out), floats(band), floats(tile)
    bias = floats(bias)
    segments, runs = floats(segments), floats(runs)
    limit = segments.size // FIELDS
    of_tile, rows = shape_of_tile(block.shape)
    depth = runs.size * walk.run
    a_row = walk.column_stride * walk.channels
    in_tile = limit - of_tile  # of the tables: where targets within a tile of their own are told
    for s in range(of_tile):
        segments[limit + in_tile + s] = s * rows * WIDTH
    source = band if block.copied else x
    for number in range(begin, end):
        n, n_end, i, i_end, j, j_end = bounds(walk, block, images, number)
        first, image, line = see(x, walk, block, n, n_end, i, i_end, j, j_end, band)
        list_runs(walk, line, runs)
        count = list_segments(walk, place, n, n_end, i, i_end, j, j_end, image, line, rows, segments)
        fill_up(segments, count, of_tile)
        for u in range(0, runs.size, group):
            end_u = min(u + group, runs.size)
            for q in range(0, walk.run, chunk):
                steps, k = min(chunk, walk.run - q), u * walk.run + q
                add = k > 0
                for o in range(0, width, WIDTH):
                    b_at, columns = o * depth + k * WIDTH, min(WIDTH, width - o)
                    for t in range(0, count, of_tile):
                        own = 0
                        for s in range(t, t + of_tile):
                            own += segments[3 * limit + s] - segments[2 * limit + s]
                        whole = own == of_tile * rows and columns == WIDTH
                        c, c_at, targets, c_row = (out, o, t, place.column) if whole else (tile, 0, in_tile, WIDTH)
                        first_run, end_run = span(segments, t, of_tile)
                        first_run, end_run = max(u, first_run), min(end_u, end_run)
                        if first_run >= end_run and add:
                            continue
                        if first_run >= end_run:
                            first_run, end_run = u, end_u  # all zeros
                        multiply(
                            block.shape, source, first + q, segments[t : t + of_tile], a_row, runs[first_run:end_run],
                            1, steps, packed, b_at + (first_run - u) * walk.run * WIDTH, c, c_at,
                            segments[limit + targets : limit + targets + of_tile], c_row, add and whole,
                        )  # fmt: skip
                        if not whole:
                            put_segments(tile, of_tile, rows, segments, t, columns, out, o, place.column, add)
        if bias.size:
            finish_segments(segments, count, width, out, place.column, bias, relu)


def scatter(dy, walk, packed, depth, out, block, chunk, rows, patches, begin, end):
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


def correlate(
    x, images, walk, block, dy, width, segments, runs, band, packed, sums, out, begin, end, segment, segment_end
):  # fmt: skip
    """out[k, o] = sum over windows p of blocks begin to end of what p sees in k times dy[p, o].

    For those k that are in segments `segment` to segment_end of the runs. Into packed goes the dy of a block.
    """
    x, dy, out, band, packed, sums = floats(x), floats(dy), floats(out), floats(band), floats(packed), floats(sums)
    segments, runs = floats(segments), floats(runs)
    limit = segments.size // FIELDS
    of_tile, rows = shape_of_tile(block.shape)
    runs_of_window = walk.rows * walk.columns
    room = block.images * block.rows * block.columns  # for a block's windows in packed
    lines = runs[runs_of_window:]  # where the block's rows of windows begin
    in_run = (walk.run + rows - 1) // rows
    count = segment_end - segment
    wide = (width + WIDTH - 1) // WIDTH * WIDTH
    a_step = walk.column_stride * walk.channels
    source = band if block.copied else x
    for number in range(begin, end):
        n, n_end, i, i_end, j, j_end = bounds(walk, block, images, number)
        first, image, line = see(x, walk, block, n, n_end, i, i_end, j, j_end, band)
        list_runs(walk, line, runs)
        for t in range(count):
            u, part = divmod(segment + t, in_run)
            at, low, high = part_of_run(part, walk.run, rows)
            segments[t] = runs[u] + at
            segments[limit + t] = t * rows * wide
            segments[2 * limit + t] = low
            segments[3 * limit + t] = high
            down = u // walk.columns * walk.row_dilation - walk.top
            segments[4 * limit + t], segments[5 * limit + t] = real(walk.out_height, down, walk.height, walk.row_stride)
        fill_up(segments, count, of_tile)
        for t in range(count, (count + of_tile - 1) // of_tile * of_tile):
            segments[limit + t] = t * rows * wide
        steps = j_end - j
        height = 0
        for image_number in range(n, n_end):
            for row in range(i, i_end):
                lines[height] = (image_number - n) * image + (row - i) * walk.row_stride * line
                p = (image_number * walk.out_height + row) * walk.out_width + j
                for w in range(steps):  # along dy, as memory is read fastest
                    to = (height * steps + w) * WIDTH
                    for o in range(0, width, WIDTH):
                        copy_run(packed, o * room + to, 0, min(WIDTH, width - o), dy, (p + w) * width + o)
                height += 1
        high = i_end - i
        for o in range(0, width, WIDTH):
            for t in range(0, count, of_tile):
                first_row, end_row = span(segments, t, of_tile)
                low, end_line, some = max(i, first_row) - i, min(i_end, end_row) - i, high
                if low >= end_line and number > begin:
                    continue
                if low >= end_line or end_line - low == high:
                    low, end_line, some = 0, height, height
                for m in range(0, height, some):
                    multiply(
                        block.shape, source, first, segments[t : t + of_tile], 1, lines[m + low : m + end_line], a_step,
                        steps, packed, o * room + (m + low) * steps * WIDTH, sums, o,
                        segments[limit + t : limit + t + of_tile], wide, number > begin or m > 0,
                    )  # fmt: skip
    for t in range(count):
        u, part = divmod(segment + t, in_run)
        at, low, high = part_of_run(part, walk.run, rows)
        for r in range(low, high):
            k = u * walk.run + at + r
            for o in range(width):
                out[k * width + o] = sums[(t * rows + r) * wide + o]


def code(name: str) -> Code:
    """The kernel of a name, compiled."""
    return kernel_code(globals()[name], KERNELS["compiled_convolution"][name])
