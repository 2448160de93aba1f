"""The loop of the CPU's float32 matrix products, compiled by Numba; importing this module imports Numba."""

from __future__ import annotations

from ..code_on_disk import Code
from .compiled_convolution import floats, inner, shape_of_tile
from .compiling import kernel_code
from .tiles import FETCHED, multiply_few_rows, multiply_more_rows
from .vectors import copy_lanes, transpose_lanes
from .walking import KERNELS, LANES, LINE, WIDTH


@inner
def transpose(out, to, out_row, values, at, row, rows, columns):
    """out[to + i * out_row + j] = values[at + j * row + i] for i < rows and j < columns."""
    whole_rows, whole_columns = rows // LANES * LANES, columns // LANES * LANES
    for i in range(0, whole_rows, LANES):
        for j in range(0, whole_columns, LANES):
            transpose_lanes(out, to + i * out_row + j, out_row, values, at + j * row + i, row)
    for i in range(rows):
        for j in range(whole_columns if i < whole_rows else 0, columns):
            out[to + i * out_row + j] = values[at + j * row + i]


@inner
def pack(b, at, row, step, rows, columns, packed):
    """packed[k * WIDTH + j] = b[at + k * row + j * step] for k < rows and j < columns, and zero beyond."""
    if row == 1:
        transpose(packed, 0, WIDTH, b, at, step, rows, columns)
    elif step == 1 and columns == WIDTH:
        for k in range(rows):
            for j in range(0, WIDTH, LANES):
                copy_lanes(packed, k * WIDTH + j, b, at + k * row + j)
    else:
        for k in range(rows):
            for j in range(columns):
                packed[k * WIDTH + j] = b[at + k * row + j * step]
    if columns < WIDTH:
        for k in range(rows):
            for j in range(columns, WIDTH):
                packed[k * WIDTH + j] = 0


@inner
def ahead_of(k, o, strides, number):
    """(at, mask, across, down): where the panel of b from row k and column o on lies, part `number` of it.

    It is so much as a tile fetches in its steps, see tiles.py: two of them fetch a panel.
    """
    if strides.row == 1:
        return o * strides.step + k + 8 * LINE * number, FETCHED - 1, strides.step, LINE
    return k * strides.row + o + LINE * number, -1, strides.row, 0


def multiply_matrices(
    a, left, b, right, c, c_row, depth, chunk, shape, tables, packed, tile, begin, end, o_begin, o_end
):
    """c[i, o] = sum over k < depth of a[i, k] b[k, o] for begin <= i < end and o_begin <= o < o_end.

    There are at least as many rows as a tile has. Of k are `chunk` multiplied at a time: of b, WIDTH columns of these
    at a time go into packed, while the next ones are fetched.
    """
    a, b, c, tables, packed, tile = floats(a), floats(b), floats(c), floats(tables), floats(packed), floats(tile)
    of_tile, rows = shape_of_tile(shape)
    high = of_tile * rows
    starts, targets, in_tile = tables[:of_tile], tables[of_tile : 2 * of_tile], tables[2 * of_tile : 3 * of_tile]
    for s in range(of_tile):
        starts[s], targets[s], in_tile[s] = s * rows * left.row, s * rows * c_row, s * rows * WIDTH
    for k in range(0, depth, chunk):
        steps = min(chunk, depth - k)
        for o in range(o_begin, o_end, WIDTH):
            columns = min(WIDTH, o_end - o)
            pack(b, k * right.row + o * right.step, right.row, right.step, steps, columns, packed)
            next_k, next_o = (k, o + WIDTH) if o + WIDTH < o_end else (k + chunk, o_begin)
            for i in range(begin, end, high):
                first = min(i, end - high)  # the last tile begins early, so as not to end beyond the rows
                whole = first == i and columns == WIDTH
                a_at = first * left.row + k * left.step
                out, to, lines, line = (c, i * c_row + o, targets, c_row) if whole else (tile, 0, in_tile, WIDTH)
                add = whole and k > 0
                number = (i - begin) // high
                ahead = ahead_of(next_k, next_o, right, number) if number < 2 and next_k < depth else (0, 0, 0, 0)
                if shape == 0:
                    multiply_few_rows(
                        a, a_at, starts, left.row, left.step, steps, packed, out, to, lines, line, add, b, *ahead
                    )
                else:
                    multiply_more_rows(
                        a, a_at, starts, left.row, left.step, steps, packed, out, to, lines, line, add, b, *ahead
                    )
                if not whole:
                    for r in range(i - first, high):
                        for q in range(columns):
                            before = c[(first + r) * c_row + o + q] if k > 0 else 0
                            c[(first + r) * c_row + o + q] = before + tile[r * WIDTH + q]


def code(name: str) -> Code:
    """The kernel of a name, compiled."""
    return kernel_code(globals()[name], KERNELS["compiled_product"][name])
