"""What the loops of the CPU's convolutions are told: the processor's vectors, windows over images, parts of filters."""

from __future__ import annotations

from typing import NamedTuple

from llvmlite import binding

from .jobs import Floats, Integers

_FEATURES = binding.get_host_cpu_features()
# Blocks of ROWS x VECTORS sums of LANES floats each are kept in registers. With 32 registers, 28 sums leave room for
# the operands; with 16 there are 12. A fused sum takes four cycles and two are begun in each, so eight are the least.
LANES, ROWS, VECTORS = (16, 14, 2) if _FEATURES.get("avx512f") else (8, 6, 2) if _FEATURES.get("avx2") else (4, 6, 2)
WIDTH = VECTORS * LANES
# A tile's rows may lie in segments, which follow images' rows: (how many, rows of each), few long ones or more short.
SEGMENTS = ((2, 7), (3, 4)) if ROWS == 14 else ((2, 3), (3, 2))
FIELDS = 6  # of a table of segments
LINE = 16  # floats of a line of the cache
CELLS = 16  # of one of Winograd's transformed tiles


class Walk(NamedTuple):
    """How windows walk over images [N, height, width, channels], which are zero outside.

    A window sees `rows` x `columns` runs of `run` floats: a row of cells where these are neighbours, and columns is 1,
    else a cell. The first window's first cell is (-top, -left).
    """

    height: int
    width: int
    channels: int
    out_height: int  # windows in an image
    out_width: int
    rows: int
    columns: int
    run: int
    row_stride: int  # cells from one window to the next
    column_stride: int
    row_dilation: int  # cells from one run to the next
    column_dilation: int
    top: int
    left: int


class Block(NamedTuple):
    """The windows that are multiplied at a time: all of some images, or some rows of one, or a part of one row.

    How many images, rows and columns of windows a block has at most. Where windows see what lies outside, what a block
    sees is copied, with zeros around. `shape` says which of SEGMENTS its tiles have.
    """

    images: int
    rows: int
    columns: int
    copied: int
    shape: int


class Filter(NamedTuple):
    """A filter, or a part of one, as a view: where it begins, its strides, and its shape."""

    begin: int
    row: int
    column: int
    cell: int
    channel: int
    rows: int
    columns: int
    cells: int  # channels of what windows see
    width: int  # channels of what comes out


class Place(NamedTuple):
    """Where an array has the numbers of window (i, j) of image n: from begin + n * image + i * row + j * column on."""

    begin: int
    image: int
    row: int
    column: int


def best_shape(length: int, count: int) -> int:
    """The number of the SEGMENTS in which so many runs of such length fill tiles best."""

    def steps(shape: int) -> int:
        of_tile, rows = SEGMENTS[shape]
        return -(-count * -(-length // rows) // of_tile) * (of_tile * rows + 1)  # one, for the row of b

    return min(range(len(SEGMENTS)), key=steps)


def padded(size: int) -> int:
    """How far apart rows of `size` floats are kept, so that neighbours do not compete for places in a cache."""
    return (size + LINE - 1) // LINE * LINE + LINE


class Strides(NamedTuple):
    """How far apart rows of a matrix are, and the elements of a row."""

    row: int
    step: int


_WALK = (Floats, int, Walk, Block)
_TABLES = (Integers, Integers)
# The kernels, by the module that holds them, and what they take: first what is the same in all tasks, then a thread's
# own memory, then what is a task's own.
KERNELS: dict[str, dict[str, tuple[type, ...]]] = {
    "compiled_convolution": {
        "pack_filter": (Floats, Filter, Floats, int, int),
        "convolve": (*_WALK, Floats, int, Floats, Place, Floats, *[int] * 3, *_TABLES, Floats, Floats, int, int),
        "scatter": (Floats, Walk, Floats, int, Floats, int, int, Floats, Floats, int, int),
        "correlate": (*_WALK, Floats, int, *_TABLES, *[Floats] * 4, *[int] * 4),
    },
    "compiled_depthwise": {
        "depthwise": (Floats, Floats, Walk, Floats, int, int),
        "depthwise_input_grad": (Floats, Floats, Walk, Floats, int, int),
        "depthwise_filter_grad": (Floats, Floats, Walk, Floats, int, int),
    },
    "compiled_elementwise": {
        "relu_grad": (Floats, Floats, Floats, int, int),
        "sum_rows": (Floats, int, Floats, int, int, int),
        "add_squares": (Floats, Floats, Floats, int),
        "scale_rows": (Floats, Floats, Floats, Floats, int),
        "add_slopes": (*[Floats] * 5, int),
        "combine_rows": (*[Floats] * 7, int),
        "adam": (Floats, Floats, Floats, Floats, Floats, int, int),
    },
    "compiled_maxima": {
        "max_pool": (Floats, Walk, Floats, int, int),
        "max_pool_grad": (Floats, Floats, Floats, Walk, Floats, int, int),
    },
    "compiled_product": {
        "multiply_matrices": (
            *(Floats, Strides, Floats, Strides, Floats),
            *[int] * 6,
            *(Integers, Floats, Floats, Floats, Floats),
            *[int] * 4,
        ),
    },
    "compiled_winograd": {
        "transform_filters": (Floats, Filter, Floats, Floats, int, int),
        "convolve_tiles": (Floats, Walk, Floats, int, Floats, int, int, int, *[Floats] * 5, int, int),
        "correlate_tiles": (Floats, Walk, Floats, int, int, int, *[Floats] * 7, *[int] * 6),
    },
}
