"""The loops of the CPU's float32 depthwise convolutions, compiled by Numba; importing this module imports Numba."""

from __future__ import annotations

from ..code_on_disk import Code
from .compiled_convolution import floats, inner, real
from .compiling import kernel_code
from .vectors import FEW, MANY, add_products, store_few_sums, store_many_sums, store_sum
from .walking import KERNELS, LANES


@inner
def sum_line(
    out, to, apart, windows, x, at, down, rows, begin, step, columns, width, across, w, w_at, w_down, w_across, channels
):
    """out[to + k * apart + c] = the sum of what window k < windows sees of channel c, times its factors.

    Window k sees `rows` rows, `down` floats apart from x[at] on, and of each `columns` columns, `across` apart from
    begin + k * step on, those that are in an image of `width`. Its factors are as far apart as w_down and w_across say,
    from w[w_at] on. The last vector of channels begins where it ends with them, and so do the last windows that are
    taken together.
    """
    end = width - begin - (columns - 1) * across  # what begins so much further on sees what is outside
    whole = min((max(-begin, 0) + step - 1) // step, windows)
    whole_end = max(min((max(end, 0) + step - 1) // step, windows), whole)
    x_step, x_across = step * channels, across * channels
    for channel in range(0, channels, LANES):
        c = min(channel, channels - LANES)
        source, target = at + begin * channels + c, to + c
        k = 0
        while k < windows:
            seen, put = source + k * x_step, target + k * apart
            if whole <= k and k + MANY <= whole_end:
                store_many_sums(
                    out, put, apart, x, seen, x_step, rows, down, columns, x_across, w, w_at + c, w_down, w_across
                )
                k += MANY
            elif whole <= k < whole_end and whole + FEW <= whole_end:
                k = min(k, whole_end - FEW)
                seen, put = source + k * x_step, target + k * apart
                store_few_sums(
                    out, put, apart, x, seen, x_step, rows, down, columns, x_across, w, w_at + c, w_down, w_across
                )
                k += FEW
            else:
                b, b_end = real(columns, begin + k * step, width, across)
                seen, factor = seen + b * x_across, w_at + b * w_across + c
                store_sum(
                    out, put, apart, x, seen, x_step, rows, down, b_end - b, x_across, w, factor, w_down, w_across
                )
                k += 1


def depthwise(x, w, walk, out, begin, end):
    """out[window, c] = the sum of x[cell, c] * w[cell, c] over windows' cells, for rows of windows begin to end."""
    x, w, out = floats(x), floats(w), floats(out)
    cell, row = walk.channels, walk.width * walk.channels
    for line in range(begin, end):
        n, i = divmod(line, walk.out_height)
        top = i * walk.row_stride - walk.top
        a, a_end = real(walk.rows, top, walk.height, walk.row_dilation)
        at = (n * walk.height + top + a * walk.row_dilation) * row
        w_down = walk.columns * cell
        sum_line(
            out,
            line * walk.out_width * cell,
            cell,
            walk.out_width,
            x,
            at,
            walk.row_dilation * row,
            a_end - a,
            -walk.left,
            walk.column_stride,
            walk.columns,
            walk.width,
            walk.column_dilation,
            w,
            a * w_down,
            w_down,
            cell,
            cell,
        )


@inner
def meeting(position, window, stride, dilation):
    """(begin, windows, last): which windows see a position of the padded image, and by which of their cells.

    By cell last - k * stride it is seen by window begin + k * dilation, for k < windows; some may not exist. Either the
    stride or the dilation is 1.
    """
    first = position % stride
    windows = (window - first + stride - 1) // stride
    return (position - first) // stride - dilation * (windows - 1), windows, first + stride * (windows - 1)


def depthwise_input_grad(dy, w, walk, out, begin, end):
    """out[cell, c] = the sum of dy[window, c] * w[cell of it, c] over windows that see a cell, of rows begin to end."""
    dy, w, out = floats(dy), floats(w), floats(out)
    cell, row = walk.channels, walk.out_width * walk.channels
    w_row = walk.columns * cell
    for line in range(begin, end):
        n, p = divmod(line, walk.height)
        top, rows, last_row = meeting(p + walk.top, walk.rows, walk.row_stride, walk.row_dilation)
        a, a_end = real(rows, top, walk.out_height, walk.row_dilation)
        at = (n * walk.out_height + top + a * walk.row_dilation) * row
        for q in range(min(walk.column_stride, walk.width)):  # and every further cell at a stride's distance
            left, columns, last = meeting(q + walk.left, walk.columns, walk.column_stride, walk.column_dilation)
            sum_line(
                out,
                (line * walk.width + q) * cell,
                walk.column_stride * cell,
                (walk.width - q + walk.column_stride - 1) // walk.column_stride,
                dy,
                at,
                walk.row_dilation * row,
                a_end - a,
                left,
                1,
                columns,
                walk.out_width,
                walk.column_dilation,
                w,
                (last_row - a * walk.row_stride) * w_row + last * cell,
                -walk.row_stride * w_row,
                -walk.column_stride * cell,
                cell,
            )


def depthwise_filter_grad(x, dy, walk, out, begin, end):
    """out[cell, c] += the sum of x[cell of it, c] * dy[window, c] over the windows of rows begin to end."""
    x, dy, out = floats(x), floats(dy), floats(out)
    cell, row = walk.channels, walk.width * walk.channels
    whole = cell // LANES * LANES
    step = walk.column_stride * cell
    for line in range(begin, end):
        n, i = divmod(line, walk.out_height)
        top = i * walk.row_stride - walk.top
        a, a_end = real(walk.rows, top, walk.height, walk.row_dilation)
        for a_here in range(a, a_end):
            at = (n * walk.height + top + a_here * walk.row_dilation) * row
            for b in range(walk.columns):
                left = b * walk.column_dilation - walk.left
                j, j_end = real(walk.out_width, left, walk.width, walk.column_stride)
                source = at + (left + j * walk.column_stride) * cell
                window = (line * walk.out_width + j) * cell
                to = (a_here * walk.columns + b) * cell
                for c in range(0, whole, LANES):
                    add_products(out, to + c, x, source + c, step, dy, window + c, cell, j_end - j)
                for c in range(whole, cell):
                    total = out[to + c]
                    for k in range(j_end - j):
                        total += x[source + k * step + c] * dy[window + k * cell + c]
                    out[to + c] = total


def code(name: str) -> Code:
    """The kernel of a name, compiled."""
    return kernel_code(globals()[name], KERNELS["compiled_depthwise"][name])
