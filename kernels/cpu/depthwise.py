"""Float32 depthwise convolutions of NumPy arrays, in parallel; a kernel is compiled, or read from disk, at first use.

The functions of plain.py, which also take what the kernels do not: few channels, more than one filter for a channel,
and gradients where both strides and dilations are more than 1.
"""

from __future__ import annotations

import numpy as np

from .. import plain
from ..geometry import Windows
from .calling import floats, kernel_of
from .maxima import TASK_FLOATS, parts_of, suits, walk_of

BLOCKS = 32  # of windows, at most, whose sums are the filter's gradient


def _suits(x: np.ndarray, multiplier: int) -> bool:
    return multiplier == 1 and suits(x)


def depthwise_conv2d(
    x: np.ndarray,
    w: np.ndarray,
    at: Windows,
    out: np.ndarray,
    bias: np.ndarray | None = None,
    activation: str | None = None,
) -> None:
    """out = activation(each channel of x * its filter of w + bias)."""
    if not _suits(x, w.shape[3]):
        plain.depthwise_conv2d(x, w, at, out, bias, activation)
        return
    kernel = kernel_of("depthwise")
    values = floats(x), floats(w), walk_of(at, x.shape[3]), floats(out)
    kernel.share(values, parts_of(len(x) * at.output[0], x.size))
    plain.finish(out, bias, activation)


def depthwise_conv2d_input_grad(w: np.ndarray, dy: np.ndarray, at: Windows, out: np.ndarray) -> None:
    """out = the gradient of sum(depthwise_conv2d(x, w) * dy) with respect to x."""
    if not _suits(out, w.shape[3]) or any(min(pair) > 1 for pair in zip(at.strides, at.dilations, strict=True)):
        plain.depthwise_conv2d_input_grad(w, dy, at, out)
        return
    kernel = kernel_of("depthwise_input_grad")
    values = floats(dy), floats(w), walk_of(at, out.shape[3]), floats(out)
    kernel.share(values, parts_of(len(out) * at.size[0], out.size))


def depthwise_conv2d_filter_grad(x: np.ndarray, dy: np.ndarray, at: Windows, out: np.ndarray) -> None:
    """out = the gradient of sum(depthwise_conv2d(x, w) * dy) with respect to w.

    Sums of blocks of windows, cut by the shapes alone, are added in their order.
    """
    if not _suits(x, out.shape[3]):
        plain.depthwise_conv2d_filter_grad(x, dy, at, out)
        return
    kernel = kernel_of("depthwise_filter_grad")
    lines = len(x) * at.output[0]
    blocks = max(1, min(BLOCKS, lines, x.size // TASK_FLOATS))
    sums = np.zeros((blocks, *out.shape), np.float32)
    values = floats(x), floats(dy), walk_of(at, x.shape[3])
    kernel.share(values, [(*floats(sums[i]), lines * i // blocks, lines * (i + 1) // blocks) for i in range(blocks)])
    sums.sum(axis=0, out=out)
