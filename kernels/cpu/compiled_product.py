"""The loop of the CPU's float32 matrix products, compiled by Numba; importing this module imports Numba."""

from __future__ import annotations

from ..code_on_disk import Code
from .compiled_convolution import copy_run, floats, inner, shape_of_tile
from .compiling import kernel_code
from .tiles import multiply_few_rows, multiply_more_rows
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
def ahead_of_b(k, o, strides, number):
    """(at, mask, across, down) of part `number` of the panel of b from row k and column o on: two tiles fetch it.

    In each of its steps a tile fetches a line, see tiles.py: either of the next row, or of the next column, and after
    LINE of these the lines that follow.
    """
    if strides.row == 1:
        return (o + LINE * number) * strides.step + k, LINE - 1, strides.step, LINE
    return k * strides.row + o + LINE * number, -1, strides.row, 0


@inner
def ahead_of_a(i, k, strides, high):
    """The same of a tile of a from row i and column k on."""
    if strides.row == 1:
        return i + high - 1 + k * strides.step, -1, strides.step, 0
    return i * strides.row + k, LINE - 1, strides.row, LINE


def multiply_matrices(
    a, left, b, right, c, c_row, depth, chunk, shape, turned, row, tables, packed, tile, sums, held,
    begin, end, o_begin, o_end,
):  # fmt: skip
    """c[i, o] = sum over k < depth of a[i, k] b[k, o] for begin <= i < end and o_begin <= o < o_end.

    Where `turned` is 1, that is c[o, i], which is first summed up in sums, and o_begin is 0. There are at least as many
    rows as a tile has. Of k are `chunk` multiplied at a time: of b, WIDTH columns of these at a time go into packed.
    What comes next is fetched: of a, if turned, else of b, whichever is the larger one. Where `row` is not 0, rows of a
    are first copied to held, so far apart, as they would compete for places in the first cache.
    """
    a, b, c, tables, packed, tile = floats(a), floats(b), floats(c), floats(tables), floats(packed), floats(tile)
    sums, held = floats(sums), floats(held)
    of_tile, rows = shape_of_tile(shape)
    high = of_tile * rows
    target, target_at, target_row = c, 0, c_row
    if turned:
        target_row = (o_end + WIDTH - 1) // WIDTH * WIDTH
        target, target_at = sums, -begin * target_row
    a_row = row if row else left.row
    starts, targets, in_tile = tables[:of_tile], tables[of_tile : 2 * of_tile], tables[2 * of_tile : 3 * of_tile]
    for s in range(of_tile):
        starts[s], targets[s], in_tile[s] = s * rows * a_row, s * rows * target_row, s * rows * WIDTH
    for k in range(0, depth, chunk):
        steps = min(chunk, depth - k)
        source, first_at = a, k * left.step
        if row:
            source, first_at = held, -begin * row
            for i in range(begin, end):
                copy_run(held, (i - begin) * row, 0, steps, a, i * left.row + k)
        for o in range(o_begin, o_end, WIDTH):
            columns = min(WIDTH, o_end - o)
            pack(b, k * right.row + o * right.step, right.row, right.step, steps, columns, packed)
            next_k, next_o = (k, o + WIDTH) if o + WIDTH < o_end else (k + chunk, o_begin)
            for i in range(begin, end, high):
                first = min(i, end - high)  # the last tile begins early, so as not to end beyond the rows
                whole = first == i and (turned != 0 or columns == WIDTH)
                a_at = first_at + first * a_row
                out, to, lines, line = tile, 0, in_tile, WIDTH
                if whole:
                    out, to, lines, line = target, target_at + i * target_row + o, targets, target_row
                add = whole and k > 0
                ahead, at, mask, across, down = a, 0, 0, 0, 0
                number = (i - begin) // high
                if turned and o == o_begin and not row:
                    next_i, here = (i + high, k) if i + high < end else (begin, k + chunk)
                    at, mask, across, down = ahead_of_a(next_i, here, left, high)
                elif not turned and number < 2 and next_k < depth:
                    ahead = b
                    at, mask, across, down = ahead_of_b(next_k, next_o, right, number)
                if shape == 0:
                    multiply_few_rows(
                        source, a_at, starts, a_row, left.step, steps, packed, out, to, lines, line, add,
                        ahead, at, mask, across, down,
                    )  # fmt: skip
                else:
                    multiply_more_rows(
                        source, a_at, starts, a_row, left.step, steps, packed, out, to, lines, line, add,
                        ahead, at, mask, across, down,
                    )  # fmt: skip
                if not whole:
                    for r in range(i - first, high):
                        place = target_at + (first + r) * target_row + o
                        for q in range(columns):
                            before = target[place + q] if k > 0 else 0
                            target[place + q] = before + tile[r * WIDTH + q]
    if turned:
        transpose(c, begin, c_row, sums, 0, target_row, o_end, end - begin)


def code(name: str) -> Code:
    """The kernel of a name, compiled."""
    return kernel_code(globals()[name], KERNELS["compiled_product"][name])
