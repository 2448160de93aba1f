"""The loops of Winograd's convolution F(2x2, 3x3), compiled by Numba; importing this module imports Numba.

Of windows of 3 x 3 with stride 1, 2 x 2 neighbours (a tile) see 4 x 4 cells. Tile and filter are transformed to 16
numbers each, so that the products of a tile are 16 instead of 36: 16 products of matrices [tiles, C] by [C, O]. What
is not finite spreads over its tile by the transforms; callers look at what a kernel returns.
"""

from __future__ import annotations

from typing import Any

from ..code_on_disk import Code
from .compiled_convolution import copy_channels, copy_run, floats, following, inner, position
from .compiling import kernel_code
from .tiles import (
    multiply_tile,
    transform_filter,
    transform_filter_grad,
    transform_input,
    transform_output,
    transform_output_grad,
)
from .walking import CELLS, KERNELS, LANES, ROWS, WIDTH


def _spreading(transform: Any, size: int) -> Any:
    """The function that transforms tiles of size x size cells."""

    @inner
    def spread(
        images, height, width, channels, top, left, rows, columns, begin, count, first, depth, out, tile, panel, border
    ):
        """out[e * out.size / CELLS + t * tile + c // WIDTH * panel + c % WIDTH] = number e of tile begin + t.

        That is of channel first + c of images [N, height, width, channels], for c < depth. An image has rows x columns
        tiles; the first one's first cell is (-top, -left) and the next one's two further. Outside, images are zero.
        Tiles that reach there are first put together in border, of CELLS rows of more than depth floats.
        """
        number = out.size // CELLS
        row = border.size // CELLS
        border[:] = 0  # also what lies beyond the last channel: it must not look like an overflow
        n, i, j = position(begin, rows, columns)
        for t in range(count):
            h, w = 2 * i - top, 2 * j - left
            source = ((n * height + h) * width + w) * channels + first
            end = source + ((size - 1) * (width + 1)) * channels + depth + LANES
            inside = h >= 0 and h + size <= height and w >= 0 and w + size <= width and end <= images.size
            if not inside:
                for a in range(size):
                    for b in range(size):
                        to = (a * size + b) * row
                        if 0 <= h + a < height and 0 <= w + b < width:
                            copy_run(border, to, 0, depth, images, source + (a * width + b) * channels)
                        else:
                            for c in range(depth):
                                border[to + c] = 0
            for c in range(0, depth, LANES):
                to = t * tile + c // WIDTH * panel + c % WIDTH
                if inside:
                    transform(images, source + c, width * channels, channels, out, to, 4 * number, number)
                else:
                    transform(border, c, size * row, row, out, to, 4 * number, number)
            n, i, j = following(n, i, j, rows, columns)

    return spread


spread_input = _spreading(transform_input, 4)
spread_output_grad = _spreading(transform_output_grad, 2)


# --- Kernels ----------------------------------------------------------------------------------------------------------


def transform_filters(w, part, out, taps, begin, end):
    """out[panel, e, k] = number e of the filters from cell k to the channels of panels begin to end."""
    w, out, taps = floats(w), floats(out), floats(taps)
    number = part.cells * WIDTH
    for panel in range(begin, end):
        for k in range(part.cells):
            for a in range(3):
                for b in range(3):
                    source = part.begin + a * part.row + b * part.column + k * part.cell
                    copy_channels(w, source, part, panel, taps, (3 * a + b) * WIDTH)
            to = (panel * CELLS * part.cells + k) * WIDTH
            for j in range(0, WIDTH, LANES):
                transform_filter(taps, j, 3 * WIDTH, WIDTH, out, to + j, 4 * number, number)


@inner
def put_outputs(products, number, out, at, out_width, o, columns, walk, begin, count, clipped):
    """Transforms the products of `count` tiles from `begin` on into out's channels from o on; are all finite?"""
    finite = True
    tile_rows, tile_columns = (walk.out_height + 1) // 2, (walk.out_width + 1) // 2
    n, i, j = position(begin, tile_rows, tile_columns)
    for t in range(count):
        to = at + ((n * walk.out_height + 2 * i) * walk.out_width + 2 * j) * out_width + o
        down, right = walk.out_width * out_width, out_width
        high, wide = min(2, walk.out_height - 2 * i), min(2, walk.out_width - 2 * j)
        whole = high == 2 and wide == 2 and columns == WIDTH
        for q in range(0, WIDTH, LANES):
            source = t * WIDTH + q
            if whole:
                finite &= transform_output(products, source, 4 * number, number, out, to + q, down, right)
            else:
                finite &= transform_output(products, source, 4 * number, number, clipped, q, 2 * WIDTH, WIDTH)
        if not whole:
            for a in range(high):
                for b in range(wide):
                    for q in range(columns):
                        out[to + a * down + b * right + q] = clipped[(2 * a + b) * WIDTH + q]
        n, i, j = following(n, i, j, tile_rows, tile_columns)
    return finite


def convolve_tiles(
    x, walk, filters, width, out, at, out_width, block, infinite, spread, border, products, clipped, begin, end
):
    """out[at + window * out_width + o], o < width, of the tiles from begin to end.

    Sets infinite[0] to 1 where one is not finite. Into spread go `block` tiles at a time, a multiple of ROWS.
    """
    x, filters, out, infinite = floats(x), floats(filters), floats(out), floats(infinite)
    spread, border, products, clipped = floats(spread), floats(border), floats(products), floats(clipped)
    channels = walk.channels
    tile_rows, tile_columns = (walk.out_height + 1) // 2, (walk.out_width + 1) // 2
    row = spread.size // (CELLS * block)
    number = block * WIDTH
    finite = True
    for first in range(begin, end, block):
        count = min(block, end - first)
        spread_input(
            x, walk.height, walk.width, channels, walk.top, walk.left, tile_rows, tile_columns,
            first, count, 0, channels, spread, row, WIDTH, border,
        )  # fmt: skip
        for o in range(0, width, WIDTH):
            for e in range(CELLS):
                b_at = (o * CELLS + e * WIDTH) * channels
                for i in range(0, count, ROWS):
                    a_at, to = (e * block + i) * row, e * number + i * WIDTH
                    multiply_tile(spread, a_at, row, 1, filters, b_at, channels, products, to, WIDTH, False)
            columns = min(WIDTH, width - o)
            finite &= put_outputs(products, number, out, at, out_width, o, columns, walk, first, count, clipped)
    if not finite:
        infinite[0] = 1


def correlate_tiles(
    x, walk, dy, width, block, panels, infinite, spread, border, grads, sums, taps,
    out, begin, end, c_begin, c_end, o_begin, o_end,
):  # fmt: skip
    """The filter's gradient from the tiles from begin to end, for channels c_begin to c_end and o_begin to o_end.

    Goes to out[(k * C + c) * width + o] for the nine cells k of the window; sets infinite[0] to 1 where one is not
    finite. Into spread and grads go `block` tiles at a time; the channels o fill so many panels.
    """
    x, dy, out, infinite = floats(x), floats(dy), floats(out), floats(infinite)
    spread, border, grads, sums, taps = floats(spread), floats(border), floats(grads), floats(sums), floats(taps)
    channels = walk.channels
    tile_rows, tile_columns = (walk.out_height + 1) // 2, (walk.out_width + 1) // 2
    inputs, outputs = c_end - c_begin, o_end - o_begin
    row = spread.size // (CELLS * block)
    lines = (inputs + ROWS - 1) // ROWS * ROWS
    grads[:] = 0
    number = panels * lines * WIDTH
    for first in range(begin, end, block):
        count = min(block, end - first)
        spread_input(
            x, walk.height, walk.width, channels, walk.top, walk.left, tile_rows, tile_columns,
            first, count, c_begin, inputs, spread, row, WIDTH, border,
        )  # fmt: skip
        spread_output_grad(
            dy, walk.out_height, walk.out_width, width, 0, 0, tile_rows, tile_columns,
            first, count, o_begin, outputs, grads, WIDTH, block * WIDTH, border,
        )  # fmt: skip
        for e in range(CELLS):
            for panel in range(panels):
                b_at = (e * panels + panel) * block * WIDTH
                for c in range(0, lines, ROWS):
                    a_at, to = e * block * row + c, e * number + (panel * lines + c) * WIDTH
                    multiply_tile(spread, a_at, 1, row, grads, b_at, count, sums, to, WIDTH, first > begin)
    finite = True
    for c in range(inputs):
        for panel in range(panels):
            for q in range(0, WIDTH, LANES):
                source = (panel * lines + c) * WIDTH + q
                finite &= transform_filter_grad(sums, source, 4 * number, number, taps, q, 3 * WIDTH, WIDTH)
            for k in range(9):
                to = (k * channels + c_begin + c) * width + o_begin + panel * WIDTH
                for q in range(min(WIDTH, outputs - panel * WIDTH)):
                    out[to + q] = taps[k * WIDTH + q]
    if not finite:
        infinite[0] = 1


def code(name: str) -> Code:
    """The kernel of a name, compiled."""
    return kernel_code(globals()[name], KERNELS["compiled_winograd"][name])
