"""Loops over float32 arrays of which NumPy would take several, compiled by Numba; importing this imports Numba.

Each number is rounded as in NumPy's functions, one after the other, so the bits are theirs.
"""

from __future__ import annotations

import numpy as np

from ..code_on_disk import Code
from .compiled_convolution import floats
from .compiling import kernel_code, njit
from .vectors import store_sum_of_rows
from .walking import KERNELS, LANES

ZERO, ONE = np.float32(0), np.float32(1)


def relu_grad(dy, y, out, begin, end):
    """out[i] = dy[i] where y[i] is positive, else dy[i] times zero, for i from begin to end."""
    dy, y, out = floats(dy)[begin:end], floats(y)[begin:end], floats(out)[begin:end]
    for i in range(out.size):
        out[i] = dy[i] * (ONE if y[i] > ZERO else ZERO)


def adam(var, m, v, grad, factors, begin, end):
    """Moves var, m and v from begin to end; factors are the step's size, 1 - beta1, 1 - beta2 and epsilon."""
    var, m, v, grad = floats(var)[begin:end], floats(m)[begin:end], floats(v)[begin:end], floats(grad)[begin:end]
    factors = floats(factors)
    alpha, to_first, to_second, epsilon = factors[0], factors[1], factors[2], factors[3]
    for i in range(var.size):
        g = grad[i]
        first = m[i] + (g - m[i]) * to_first
        second = v[i] + (g * g - v[i]) * to_second
        m[i] = first
        v[i] = second
        var[i] -= first / (np.sqrt(second) + epsilon) * alpha


def sum_rows(x, columns, sums, number, begin, end):
    """Row `number` of sums = the sum of the rows of x from begin to end; there are LANES columns or more."""
    x, sums = floats(x), floats(sums)
    for column in range(0, columns, LANES):
        c = min(column, columns - LANES)  # the last vector begins where it ends with the columns
        store_sum_of_rows(sums, number * columns + c, x, begin * columns + c, columns, end - begin)


@njit(inline="always")  # without Numba's runtime no function may return an array
def row_of(array, row, columns):
    """Row `row` of an array of so many columns."""
    return array[row * columns : (row + 1) * columns]


def add_squares(x, mean, sums, rows):
    """sums[c] += the sum over the rows of (x[r, c] - mean[c]) squared."""
    x, mean, sums = floats(x), floats(mean), floats(sums)
    for r in range(rows):
        line = row_of(x, r, mean.size)
        for c in range(mean.size):
            centred = line[c] - mean[c]
            sums[c] += centred * centred


def scale_rows(x, slope, offset, out, rows):
    """out[r, c] = x[r, c] * slope[c] + offset[c]."""
    x, slope, offset, out = floats(x), floats(slope), floats(offset), floats(out)
    for r in range(rows):
        line, target = row_of(x, r, slope.size), row_of(out, r, slope.size)
        for c in range(slope.size):
            target[c] = line[c] * slope[c] + offset[c]


def add_slopes(dy, x, mean, sums, products, rows):
    """sums[c] += the sum over the rows of dy[r, c], products[c] += that of dy[r, c] * (x[r, c] - mean[c])."""
    dy, x, mean, sums, products = floats(dy), floats(x), floats(mean), floats(sums), floats(products)
    for r in range(rows):
        line, slopes = row_of(x, r, mean.size), row_of(dy, r, mean.size)
        for c in range(mean.size):
            sums[c] += slopes[c]
            products[c] += slopes[c] * (line[c] - mean[c])


def combine_rows(dy, x, mean, factor, shift, slope, out, rows):
    """out[r, c] = (dy[r, c] - (x[r, c] - mean[c]) * factor[c] - shift[c]) * slope[c]."""
    dy, x, mean, factor = floats(dy), floats(x), floats(mean), floats(factor)
    shift, slope, out = floats(shift), floats(slope), floats(out)
    for r in range(rows):
        line, slopes, target = row_of(x, r, mean.size), row_of(dy, r, mean.size), row_of(out, r, mean.size)
        for c in range(mean.size):
            target[c] = (slopes[c] - ((line[c] - mean[c]) * factor[c] + shift[c])) * slope[c]


def code(name: str) -> Code:
    """The kernel of a name, compiled."""
    return kernel_code(globals()[name], KERNELS["compiled_elementwise"][name])
