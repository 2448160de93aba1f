"""Where a window stands: output sizes and paddings of convolutions and pools, by TensorFlow's rules.

A dimension's padding is "SAME" (output size ceil(size / stride), zeros on both sides, the odd one at the end), "VALID"
(none) or explicit (before, after). With d = dilation, a window of w cells spans (w - 1) * d + 1 of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

Padding = str | Sequence[Sequence[int]]  # of two dimensions
Padding1D = str | Sequence[int]
Pair = tuple[int, int]


def conv_output_size(size: int | None, window: int, stride: int, dilation: int, padding: Padding1D) -> int | None:
    """Output size of one dimension; None where the input's is unknown.

    Raises ValueError for a window, stride or dilation below 1, an unknown or negative padding, or a window that spans
    more than the padded input.
    """
    before, after = padding if not isinstance(padding, str) else (0, 0)
    if min(window, stride, dilation) < 1:
        raise ValueError(f"window={window}, stride={stride} and dilation={dilation} must be at least 1")
    if isinstance(padding, str) and padding not in ("SAME", "VALID"):
        raise ValueError(f"padding must be 'SAME', 'VALID' or explicit, not {padding!r}")
    if min(before, after) < 0:
        raise ValueError(f"padding must not be negative, but is ({before}, {after})")
    if size is None:
        return None
    if padding == "SAME":
        return -(-size // stride)
    span = (window - 1) * dilation + 1
    padded = size + before + after
    if span > padded:
        raise ValueError(f"Negative dimension size caused by subtracting {span} from {padded}")
    return (padded - span) // stride + 1


def conv_padding(size: int, window: int, stride: int, dilation: int, padding: Padding1D) -> Pair:
    """Cells to add before and after one dimension of known size. Raises as `conv_output_size` does."""
    output = conv_output_size(size, window, stride, dilation, padding)
    assert output is not None
    if padding == "SAME":
        total = max((output - 1) * stride + (window - 1) * dilation + 1 - size, 0)
        return total // 2, total - total // 2
    return (0, 0) if isinstance(padding, str) else (padding[0], padding[1])


class Windows(NamedTuple):
    """The windows of a two-dimensional convolution or pool; every pair is (height, width)."""

    size: Pair  # of the input
    window: Pair
    strides: Pair
    dilations: Pair
    padding: tuple[Pair, Pair]  # (before, after) of each
    output: Pair

    @property
    def padded(self) -> Pair:
        """Size of the padded input."""
        (top, bottom), (left, right) = self.padding
        return self.size[0] + top + bottom, self.size[1] + left + right

    def cells(self) -> Iterator[tuple[int, int, tuple[slice, slice, slice]]]:
        """Each cell (i, j) of the window in row order, with the index of what all windows see there.

        The index is for the first three dimensions of a padded NHWC array.
        """
        for i in range(self.window[0]):
            for j in range(self.window[1]):
                rows, columns = (
                    slice(cell * dilation, cell * dilation + (output - 1) * stride + 1, stride)
                    if output
                    else slice(0, 0)
                    for cell, dilation, output, stride in zip(
                        (i, j), self.dilations, self.output, self.strides, strict=True
                    )
                )
                yield i, j, (slice(None), rows, columns)


def windows(size: Pair, window: Pair, strides: Pair, padding: Padding, dilations: Pair = (1, 1)) -> Windows:
    """The windows over an input of `size`. Raises ValueError as `conv_output_size` does, for either dimension."""
    by_dimension: tuple[Padding1D, Padding1D] = (
        (padding, padding) if isinstance(padding, str) else (padding[0], padding[1])
    )
    each = list(zip(size, window, strides, dilations, by_dimension, strict=True))
    pads = [conv_padding(*dimension) for dimension in each]
    output = [conv_output_size(*dimension) or 0 for dimension in each]
    return Windows(size, window, strides, dilations, (pads[0], pads[1]), (output[0], output[1]))
