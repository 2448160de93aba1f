"""Every kernel once more, word by word in Python integers and floats, to hold the others against; slow, and in float64.

Nothing in here is shared with the kernels: not the Philox, not the paddings. The signatures are theirs, with padding
always explicit, ((top, bottom), (left, right)).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

Pair = tuple[int, int]
Pads = tuple[Pair, Pair]


# --- Random -----------------------------------------------------------------------------------------------------------

MASK = 0xFFFFFFFF


def philox(counter: Sequence[int], key: Sequence[int]) -> list[int]:
    """Philox 4x32-10: the four words of a counter of four under a key of two."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & MASK, (a >> 32) ^ c[3] ^ k[1], a & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def words(seed: Pair, block: int) -> list[int]:
    """The words of one block in the stream of (graph seed, op seed)."""
    graph, op = seed
    return philox((block & MASK, block >> 32, op & MASK, op >> 32 & MASK), (graph & MASK, graph >> 32 & MASK))


def _fraction(word: int, bits: int) -> float:
    return (word % (1 << bits)) / (1 << bits)


def _wide_fraction(first: int, second: int) -> float:
    return _fraction(first << 32 | second, 52)


def _normals(block: Sequence[int], wide: bool) -> list[float]:
    """Box and Muller's pairs; in float32 the angle alone is rounded, as it is multiplied by what may be large."""
    if wide:
        pairs = [(_wide_fraction(*block[:2]), 2 * math.pi * _wide_fraction(*block[2:]))]
    else:
        pairs = [
            (_fraction(first, 23), float(np.float32(2 * math.pi * _fraction(second, 23))))
            for first, second in (block[:2], block[2:])
        ]
    radii = [math.sqrt(-2 * math.log(max(u, 1e-7))) for u, _ in pairs]
    return [f(angle) * r for r, (_, angle) in zip(radii, pairs, strict=True) for f in (math.sin, math.cos)]


def uniform(count: int, seed: Pair, dtype: str = "float32") -> np.ndarray:
    """The first `count` samples on [0, 1)."""
    if dtype == "float64":
        samples = [_wide_fraction(*w) for i in range(count) for w in (words(seed, i)[:2], words(seed, i)[2:])]
    else:
        bits = {"float32": 23, "float16": 10, "bfloat16": 7}[dtype]
        samples = [_fraction(word, bits) for i in range(count) for word in words(seed, i)]
    return np.array(samples[:count])


def uniform_int(count: int, seed: Pair, low: int, high: int, dtype: str = "int32") -> np.ndarray:
    """The first `count` integers of [low, high)."""
    raw = [words(seed, i) for i in range(count)]
    flat = [w for b in raw for w in (b if dtype == "int32" else (b[0] | b[1] << 32, b[2] | b[3] << 32))]
    return np.array([low + w % (high - low) for w in flat[:count]], dtype)


def normal(count: int, seed: Pair, wide: bool = False) -> np.ndarray:
    """The first `count` standard normal samples, of float64 if `wide`."""
    return np.array([z for i in range(count) for z in _normals(words(seed, i), wide)][:count])


def truncated_normal(count: int, seed: Pair, wide: bool = False) -> np.ndarray:
    """The first `count` standard normal samples of less than 2, of float64 if `wide`."""
    group = 2 if wide else 4
    samples: list[float] = []
    for first in range(0, 64 * count, 64 * group):
        kept: list[float] = []
        while len(kept) < group:
            kept += [z for z in _normals(words(seed, first), wide) if abs(z) < 2]
            first += 1
        samples += kept[:group]
    return np.array(samples[:count])


def permutation(count: int, seed: Pair, offset: int = 0) -> np.ndarray:
    """Fisher and Yates, from the front, with the words from number `offset` on."""
    order = list(range(count))
    for i in range(count - 1):
        other = i + words(seed, (offset + i) // 4)[(offset + i) % 4] % (count - i)
        order[i], order[other] = order[other], order[i]
    return np.array(order, np.int64)


def multinomial(logits: np.ndarray, num_samples: int, seed: Pair) -> np.ndarray:
    """Each draw: the first class at which the sum of the weights so far exceeds u times their sum."""
    draws = iter(uniform(len(logits) * num_samples, seed, "float64"))
    classes = []
    for row in logits:
        weights = [math.exp(float(logit)) for logit in row]
        sums = [math.fsum(weights[: i + 1]) for i in range(len(weights))]
        marks = [next(draws) * sums[-1] for _ in range(num_samples)]
        classes.append([next(i for i, total in enumerate(sums) if total > mark) for mark in marks])
    return np.array(classes, np.int64)


def orthogonal(rows: int, columns: int, seed: Pair) -> np.ndarray:
    """Gram and Schmidt on the columns of a normal draw, rows >= columns; R's diagonal comes out positive."""
    q = normal(rows * columns, seed).reshape(rows, columns)
    for j in range(columns):
        for i in range(j):
            q[:, j] -= (q[:, i] @ q[:, j]) * q[:, i]
        q[:, j] /= math.sqrt(q[:, j] @ q[:, j])
    return q


# --- Dense ------------------------------------------------------------------------------------------------------------


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of two matrices."""
    return np.array([[math.fsum(x * y for x, y in zip(row, column, strict=True)) for column in b.T] for row in a])


def _meetings(
    x_shape: Sequence[int], window: Pair, strides: Pair, padding: Pads, dilations: Pair
) -> Iterator[tuple[Pair, Pair, Pair]]:
    """(output cell, window cell, input cell) for all that meet inside the image."""
    outputs = _output_size(x_shape, window, strides, padding, dilations)
    for cell in np.ndindex(*outputs, *window):
        p, q = (cell[d] * strides[d] + cell[d + 2] * dilations[d] - padding[d][0] for d in (0, 1))
        if 0 <= p < x_shape[1] and 0 <= q < x_shape[2]:
            yield (cell[0], cell[1]), (cell[2], cell[3]), (p, q)


def _output_size(x_shape: Sequence[int], window: Pair, strides: Pair, padding: Pads, dilations: Pair) -> list[int]:
    """How many windows fit."""
    return [
        len(range(0, x_shape[d + 1] + sum(padding[d]) - (window[d] - 1) * dilations[d], strides[d])) for d in (0, 1)
    ]


def _ungrouped(w: np.ndarray, channels: int) -> np.ndarray:
    """A filter of groups [KH, KW, C / groups, O] as one [KH, KW, C, O] that is zero from one group to another."""
    depth, outputs = w.shape[2:]
    groups = channels // depth
    full = np.zeros((*w.shape[:2], channels, outputs))
    for g in range(groups):
        of_group = slice(g * outputs // groups, (g + 1) * outputs // groups)
        full[:, :, g * depth : (g + 1) * depth, of_group] = w[..., of_group]
    return full


def conv2d(x: np.ndarray, w: np.ndarray, strides: Pair, padding: Pads, dilations: Pair = (1, 1)) -> np.ndarray:
    """Each output cell: the sum of input cell times window cell."""
    full = _ungrouped(w, x.shape[3])
    y = np.zeros((len(x), *_output_size(x.shape, (w.shape[0], w.shape[1]), strides, padding, dilations), w.shape[3]))
    for (i, j), (k, m), (p, q) in _meetings(x.shape, (w.shape[0], w.shape[1]), strides, padding, dilations):
        y[:, i, j] += np.einsum("nc,co->no", x[:, p, q], full[k, m])
    return y


def conv2d_input_grad(
    x_shape: Sequence[int], w: np.ndarray, dy: np.ndarray, strides: Pair, padding: Pads, dilations: Pair = (1, 1)
) -> np.ndarray:
    """What each input cell met, weighted by dy."""
    full = _ungrouped(w, x_shape[3])
    dx = np.zeros(tuple(x_shape))
    for (i, j), (k, m), (p, q) in _meetings(x_shape, (w.shape[0], w.shape[1]), strides, padding, dilations):
        dx[:, p, q] += np.einsum("no,co->nc", dy[:, i, j], full[k, m])
    return dx


def conv2d_filter_grad(
    x: np.ndarray, w_shape: Sequence[int], dy: np.ndarray, strides: Pair, padding: Pads, dilations: Pair = (1, 1)
) -> np.ndarray:
    """What each window cell met, weighted by dy; of groups, each its own part."""
    full = np.zeros((*w_shape[:2], x.shape[3], w_shape[3]))
    for (i, j), (k, m), (p, q) in _meetings(x.shape, (w_shape[0], w_shape[1]), strides, padding, dilations):
        full[k, m] += np.einsum("nc,no->co", x[:, p, q], dy[:, i, j])
    groups = x.shape[3] // w_shape[2]
    parts = [np.split(part, groups, axis=2)[g] for g, part in enumerate(np.split(full, groups, axis=3))]
    return np.concatenate(parts, axis=3)


def _in_groups_of_one(w: np.ndarray) -> np.ndarray:
    """A depthwise filter [KH, KW, C, M] as one of C groups [KH, KW, 1, C * M]."""
    return w.reshape(*w.shape[:2], 1, -1)


def depthwise_conv2d(
    x: np.ndarray, w: np.ndarray, strides: Pair, padding: Pads, dilations: Pair = (1, 1)
) -> np.ndarray:
    """conv2d with a group for each channel."""
    return conv2d(x, _in_groups_of_one(w), strides, padding, dilations)


def depthwise_conv2d_input_grad(
    x_shape: Sequence[int], w: np.ndarray, dy: np.ndarray, strides: Pair, padding: Pads, dilations: Pair = (1, 1)
) -> np.ndarray:
    """That of conv2d with a group for each channel."""
    return conv2d_input_grad(x_shape, _in_groups_of_one(w), dy, strides, padding, dilations)


def depthwise_conv2d_filter_grad(
    x: np.ndarray, w_shape: Sequence[int], dy: np.ndarray, strides: Pair, padding: Pads, dilations: Pair = (1, 1)
) -> np.ndarray:
    """That of conv2d with a group for each channel."""
    kh, kw, channels, multiplier = w_shape
    dw = conv2d_filter_grad(x, (kh, kw, 1, channels * multiplier), dy, strides, padding, dilations)
    return dw.reshape(tuple(w_shape))


def _pools(x: np.ndarray, ksize: Pair, strides: Pair, padding: Pads) -> dict[tuple[int, ...], list[tuple[int, ...]]]:
    """Output index → the input indices of its window, in row order."""
    seen: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for (i, j), _, (p, q) in _meetings(x.shape, ksize, strides, padding, (1, 1)):
        for n in range(x.shape[0]):
            for c in range(x.shape[3]):
                seen.setdefault((n, i, j, c), []).append((n, p, q, c))
    return seen


def _pooled(x: np.ndarray, ksize: Pair, strides: Pair, padding: Pads) -> np.ndarray:
    return np.zeros((len(x), *_output_size(x.shape, ksize, strides, padding, (1, 1)), x.shape[3]))


def max_pool(x: np.ndarray, ksize: Pair, strides: Pair, padding: Pads) -> np.ndarray:
    """The greatest of each window."""
    y = _pooled(x, ksize, strides, padding)
    for at, cells in _pools(x, ksize, strides, padding).items():
        y[at] = max(x[cell] for cell in cells)
    return y


def max_pool_grad(x: np.ndarray, dy: np.ndarray, ksize: Pair, strides: Pair, padding: Pads) -> np.ndarray:
    """dy to the first greatest of each window."""
    dx = np.zeros(x.shape)
    for at, cells in _pools(x, ksize, strides, padding).items():
        dx[max(cells, key=lambda cell: x[cell])] += dy[at]
    return dx


def max_pool_grad_grad(x: np.ndarray, ddx: np.ndarray, ksize: Pair, strides: Pair, padding: Pads) -> np.ndarray:
    """ddx at the first greatest of each window."""
    ddy = _pooled(x, ksize, strides, padding)
    for at, cells in _pools(x, ksize, strides, padding).items():
        ddy[at] = ddx[max(cells, key=lambda cell: x[cell])]
    return ddy


def avg_pool(x: np.ndarray, ksize: Pair, strides: Pair, padding: Pads) -> np.ndarray:
    """The mean of each window's cells inside the image."""
    y = _pooled(x, ksize, strides, padding)
    for at, cells in _pools(x, ksize, strides, padding).items():
        y[at] = math.fsum(x[cell] for cell in cells) / len(cells)
    return y


def avg_pool_grad(x: np.ndarray, dy: np.ndarray, ksize: Pair, strides: Pair, padding: Pads) -> np.ndarray:
    """dy shared out among each window's cells inside the image."""
    dx = np.zeros(x.shape)
    for at, cells in _pools(x, ksize, strides, padding).items():
        for cell in cells:
            dx[cell] += dy[at] / len(cells)
    return dx
