"""The loops of the CPU's float32 max pools, compiled by Numba; importing this module imports Numba."""

from __future__ import annotations

import numpy as np

from ..code_on_disk import Code
from .compiled_convolution import floats, inner, real
from .compiling import kernel_code
from .vectors import add_to_first, put_to_first, store_greatest
from .walking import KERNELS, LANES

LOWEST = np.float32(-np.inf)


@inner
def seen(walk, i, j):
    """(a, a_end, b, b_end, cell): the rows and columns of window (i, j) in its image, and where in that they begin."""
    top, left = i * walk.row_stride - walk.top, j * walk.column_stride - walk.left
    a, a_end = real(walk.rows, top, walk.height, walk.row_dilation)
    b, b_end = real(walk.columns, left, walk.width, walk.column_dilation)
    return a, a_end, b, b_end, ((top + a) * walk.width + left + b) * walk.channels


def max_pool(x, walk, out, begin, end):
    """out[window, c] = the greatest number in each window, NaN if there is one, for rows of windows begin to end."""
    x, out = floats(x), floats(out)
    row, cell = walk.width * walk.channels, walk.channels
    whole = walk.channels // LANES * LANES
    for line in range(begin, end):
        n, i = divmod(line, walk.out_height)
        for j in range(walk.out_width):
            a, a_end, b, b_end, source = seen(walk, i, j)
            source += n * walk.height * row
            to = (line * walk.out_width + j) * cell
            for c in range(0, whole, LANES):
                store_greatest(out, to + c, x, source + c, a_end - a, row, b_end - b, cell)
            for c in range(whole, cell):
                most = LOWEST
                for a_further in range(a_end - a):
                    for b_further in range(b_end - b):
                        value = x[source + a_further * row + b_further * cell + c]
                        most = most if most != most or value <= most else value
                out[to + c] = most


@inner
def meets_once(size, windows, window, stride, dilation, before):
    """Whether each cell of a dimension is in one window, and one only."""
    return stride == window and dilation == 1 and windows * stride >= size + before


def max_pool_grad(x, y, dy, walk, out, begin, end):
    """out = dy of each window where its maximum y stands first, in images begin to end, and zero elsewhere."""
    x, y, dy, out = floats(x), floats(y), floats(dy), floats(out)
    row, cell = walk.width * walk.channels, walk.channels
    whole = walk.channels // LANES * LANES
    image = walk.height * row
    once = meets_once(
        walk.height, walk.out_height, walk.rows, walk.row_stride, walk.row_dilation, walk.top
    ) and meets_once(walk.width, walk.out_width, walk.columns, walk.column_stride, walk.column_dilation, walk.left)
    for n in range(begin, end):
        if not (once and whole == cell):
            for q in range(n * image, (n + 1) * image):
                out[q] = 0
        for i in range(walk.out_height):
            for j in range(walk.out_width):
                a, a_end, b, b_end, at = seen(walk, i, j)
                at += n * image
                window = ((n * walk.out_height + i) * walk.out_width + j) * cell
                for c in range(0, whole, LANES):
                    if once:
                        put_to_first(out, x, at + c, a_end - a, row, b_end - b, cell, y, dy, window + c)
                    else:
                        add_to_first(out, x, at + c, a_end - a, row, b_end - b, cell, y, dy, window + c)
                for c in range(whole, cell):
                    place, cells = -1, (a_end - a) * (b_end - b)
                    for number in range(cells):
                        a_further, b_further = divmod(number, b_end - b)
                        here = at + a_further * row + b_further * cell + c
                        if x[here] == y[window + c]:
                            place = here
                            break
                    if place >= 0:
                        out[place] += dy[window + c]


def code(name: str) -> Code:
    """The kernel of a name, compiled."""
    return kernel_code(globals()[name], KERNELS["compiled_maxima"][name])
