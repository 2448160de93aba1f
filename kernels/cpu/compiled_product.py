"""The loop of the CPU's float32 matrix products, compiled by Numba; importing this module imports Numba."""

from __future__ import annotations

from ..code_on_disk import Code
from .compiled_convolution import floats, inner, multiply, shape_of_tile
from .compiling import machine_code, signature
from .vectors import copy_lanes, transpose_lanes
from .walking import KERNELS, LANES, WIDTH


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


def multiply_matrices(
    a, left, b, right, c, c_row, depth, begin, end, o_begin, o_end, chunk, shape, tables, packed, tile
):
    """c[i, o] = sum over k < depth of a[i, k] b[k, o] for begin <= i < end and o_begin <= o < o_end.

    There are at least as many rows as a tile has. Of k are `chunk` multiplied at a time: of b, WIDTH columns of these
    at a time go into packed.
    """
    a, b, c, tables, packed, tile = floats(a), floats(b), floats(c), floats(tables), floats(packed), floats(tile)
    of_tile, rows = shape_of_tile(shape)
    high = of_tile * rows
    starts, targets, in_tile = tables[:of_tile], tables[of_tile : 2 * of_tile], tables[2 * of_tile : 3 * of_tile]
    run = tables[3 * of_tile : 3 * of_tile + 1]
    for s in range(of_tile):
        starts[s], targets[s], in_tile[s] = s * rows * left.row, s * rows * c_row, s * rows * WIDTH
    run[0] = 0
    for k in range(0, depth, chunk):
        steps = min(chunk, depth - k)
        for o in range(o_begin, o_end, WIDTH):
            columns = min(WIDTH, o_end - o)
            pack(b, k * right.row + o * right.step, right.row, right.step, steps, columns, packed)
            for i in range(begin, end, high):
                first = min(i, end - high)  # the last tile begins early, so as not to end beyond the rows
                whole = first == i and columns == WIDTH
                a_at = first * left.row + k * left.step
                out, to, lines, line = (c, i * c_row + o, targets, c_row) if whole else (tile, 0, in_tile, WIDTH)
                add = whole and k > 0
                multiply(shape, a, a_at, starts, left.row, run, left.step, steps, packed, 0, out, to, lines, line, add)
                if not whole:
                    for r in range(i - first, high):
                        for q in range(columns):
                            before = c[(first + r) * c_row + o + q] if k > 0 else 0
                            c[(first + r) * c_row + o + q] = before + tile[r * WIDTH + q]


def code(name: str) -> Code:
    """The kernel of a name, compiled."""
    return machine_code(globals()[name], signature(KERNELS["compiled_product"][name]))
