"""Turns products, convolutions and their gradients, already checked, into launches of the CUDA kernels of this folder.

A call is planned from all that it depends on but the arrays' places, and plans are kept, so that a call seen before
costs little more than its launch.

Extra memory: none, but for sums that several blocks share: their partial sums, at most dispatch.WORKSPACE_BYTES. They
are added up in a fixed order, so the same call on the same device gives the same bits.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..geometry import Windows
from . import dispatch, launching
from .launching import Launch, Launcher

Array = Any  # cupy.ndarray; in the tests that run the kernels on the CPU, numpy.ndarray

ELEMENTS = {"float32": "float", "float64": "double", "float16": "f16", "bfloat16": "bf16"}
ACTIVATIONS = {
    None: "Identity",
    "relu": "Relu",
    "relu6": "Relu6",
    "leaky_relu": "LeakyRelu",
    "elu": "Elu",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
}
EXTENT_LIMIT = 2**31 - 2**16  # kernels count rows, columns, terms and pixels in 32 bits, up to a tile's width beyond
THREADS = 256  # of a block of reduce.cu and depthwise.cu
BLOCKS_PER_PROCESSOR = 8  # of those: 2048 threads are what a multiprocessor holds
BATCH_DIMENSIONS = 3  # that product.cu steps through by strides
NULL = np.uint64(0)  # a pointer to nothing

# --- The kernels' parameter blocks, as C lays them out ----------------------------------------------------------------

_DIVISOR = np.dtype([("divisor", "i4"), ("multiplier", "u4"), ("shift", "u4")], align=True)
_MATMUL = np.dtype(
    [
        ("left_pitch", "i8"),
        ("right_pitch", "i8"),
        ("left_step", "i8", BATCH_DIMENSIONS),
        ("right_step", "i8", BATCH_DIMENSIONS),
        ("batch", "i4", BATCH_DIMENSIONS),
        *((name, "i4") for name in ("rows", "columns", "depth")),
    ],
    align=True,
)
_CONVOLUTION = np.dtype(
    [
        *((name, "i4") for name in ("N", "H", "W", "C", "KH", "KW", "P", "Q", "O", "G")),
        *((name, _DIVISOR) for name in ("by_C", "by_O", "by_KW", "by_P", "by_Q")),
        *((f"{what}_{d}", "i4") for what in ("stride", "dilation") for d in "hw"),
        *((name, "i4") for name in ("top", "left", "period_h", "period_w")),
    ],
    align=True,
)
_SCHEDULE = np.dtype(
    [("split_step", "i8"), *((name, "i4") for name in ("row_tiles", "column_tiles", "splits", "accumulate"))],
    align=True,
)
_DEPTHWISE = np.dtype(
    [
        *((name, "i4") for name in ("N", "H", "W", "C", "KH", "KW", "P", "Q", "M")),
        *((name, _DIVISOR) for name in ("by_H", "by_W", "by_C", "by_P", "by_Q", "by_M", "by_CM")),
        *((f"{what}_{d}", "i4") for what in ("stride", "dilation") for d in "hw"),
        *((name, "i4") for name in ("top", "left")),
    ],
    align=True,
)


def _divisor(d: int) -> tuple[int, int, int]:
    """What elements.cuh's Divisor needs to divide by d."""
    d = max(d, 1)
    shift = (d - 1).bit_length()
    return d, -(-(1 << (31 + shift)) // d) if shift else 0, shift


def _block(dtype: np.dtype, **values: Any) -> np.void:
    """A parameter block, as a structured scalar, which launchers pass by value."""
    block: Any = np.array(tuple(values[name] for name in dtype.names or ()), dtype)
    return block[()]


# --- Arrays as plans see them -----------------------------------------------------------------------------------------


class Layout(NamedTuple):
    """What a launch depends on of an array, but for its place."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]  # in bytes
    dtype: np.dtype
    residue: int  # of the address modulo 16 bytes, the most that is moved at once

    @property
    def steps(self) -> tuple[int, ...]:
        """The strides in elements."""
        return tuple(stride // self.dtype.itemsize for stride in self.strides)

    def vector(self, steps: Iterable[int], widest: int = 16) -> int:
        """How many elements, up to `widest` bytes, may be moved at once, if places differ by multiples of `steps`."""
        itemsize = self.dtype.itemsize
        return max(math.gcd(widest, self.residue, *(step * itemsize for step in steps)) // itemsize, 1)


def _layout(array: Array) -> Layout:
    host = isinstance(array, np.ndarray)
    address = array.__array_interface__["data"][0] if host else array.data.ptr
    return Layout(array.shape, array.strides, array.dtype, address % 16)


class _Call(NamedTuple):
    """What else a plan depends on."""

    function: str
    precision: str
    activation: str | None
    accumulate: bool
    architecture: int
    processors: int


def _call(
    function: str, precision: str, launcher: Launcher, activation: str | None = None, accumulate: bool = False
) -> _Call:
    return _Call(function, precision, activation, accumulate, launcher.architecture, launcher.processors)


# --- Products ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class _Product:
    """`parts` products of rows x depth by depth x columns, as product.cu's PROBLEM sees its operands."""

    call: _Call
    problem: str
    shape: np.void  # its parameter block
    out: Layout
    rows: int
    columns: int
    depth: int
    parts: int
    vector_left: int
    vector_right: int
    row_step: int  # elements of `out` from one row to the next

    @property
    def narrow(self) -> bool:
        """Whether an operand is copied by less than 8 bytes, for which a thread keeps the places of many lines.

        Such products get all registers that there are, and 16 of k whatever their elements' size.
        """
        return min(self.vector_left, self.vector_right) * self.out.dtype.itemsize < 8

    @functools.cached_property
    def request(self) -> dispatch.Request:
        """What dispatch.py chooses by. Raises KernelError for sizes beyond 32 bits."""
        call, extents = self.call, (self.rows, self.columns, self.depth, self.parts)
        if max(extents) > EXTENT_LIMIT:
            what = f"{extents} (rows, columns, terms, parts)"
            raise launching.KernelError(f"{call.function}: {what} are more than 32 bits count")
        device = call.architecture, call.processors
        return dispatch.Request(call.function, self.out.dtype.name, call.precision, *device, *extents)


class _Plan(NamedTuple):
    """The launches of a product; their arguments are still to come."""

    product: Launch
    blocks: tuple[np.void, np.void]  # the product's parameter blocks
    partial: tuple[tuple[int, ...], np.dtype] | None  # shape and dtype of the workspace, if sums are split
    reduce: Launch | None


@functools.lru_cache(maxsize=4096)
def _planned(product: _Product, choice: dispatch.Choice) -> _Plan:
    """How a product is computed."""
    call, out = product.call, product.out
    tile, splits = choice.tile, choice.splits
    partial, reduce, target = None, None, out
    if splits > 1:
        partial = (splits, *out.shape), _sum_dtype(out.dtype)
        reduce = _reduce_launch(out, splits, call.activation, call.accumulate, call.processors)
        target = Layout(partial[0], (), partial[1], 0)
    depth, stages = _pipeline(product, call.architecture)
    defines = (
        ("ELEMENT", ELEMENTS[out.dtype.name]),
        ("ARITHMETIC", choice.arithmetic),
        ("PROBLEM", product.problem),
        ("BM", tile.rows),
        ("BN", tile.columns),
        ("BK", depth),
        ("WM", tile.warp_rows),
        ("WN", tile.warp_columns),
        ("STAGES", stages),
        ("BLOCKS_PER_PROCESSOR", 1 if product.narrow else tile.blocks),
        ("VECTOR_LEFT", product.vector_left),
        ("VECTOR_RIGHT", product.vector_right),
        ("VECTOR_OUT", target.vector((product.columns, product.row_step), 2 * target.dtype.itemsize)),
        ("ACTIVATION", ACTIVATIONS[None if reduce else call.activation]),
        ("SPLIT", int(splits > 1)),
    )
    row_tiles, column_tiles = -(-product.rows // tile.rows), -(-product.columns // tile.columns)
    schedule = _block(
        _SCHEDULE,
        split_step=math.prod(out.shape),
        row_tiles=row_tiles,
        column_tiles=column_tiles,
        splits=splits,
        accumulate=call.accumulate and not reduce,
    )
    blocks = row_tiles * column_tiles * splits * product.parts
    shared_bytes = stages * _stage_bytes(product, tile, depth)
    launch = Launch(choice.source, "product", defines, (blocks, 1, 1), (tile.threads, 1, 1), shared_bytes, ())
    return _Plan(launch, (product.shape, schedule), partial, reduce)


def _compute(
    product: _Product,
    choice: dispatch.Choice,
    left: Array,
    right: Array,
    out: Array,
    launcher: Launcher,
    bias: Array | None = None,
) -> None:
    """Launches a product, and what adds up its partial sums if there are any."""
    plan = _planned(product, choice)
    there = NULL if bias is None else bias
    if plan.reduce is None or plan.partial is None:
        launcher.launch(plan.product._replace(arguments=(left, right, there, out, *plan.blocks)))
        return
    partial = launcher.empty(*plan.partial)
    launcher.launch(plan.product._replace(arguments=(left, right, NULL, partial, *plan.blocks)))
    launcher.launch(plan.reduce._replace(arguments=(partial, there, out, *plan.reduce.arguments)))


def _sum_dtype(dtype: np.dtype) -> np.dtype:
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


def _reduce_launch(out: Layout, splits: int, activation: str | None, accumulate: bool, processors: int) -> Launch:
    """out = activation(the sum of partial over its first dimension + bias); its last arguments only."""
    size, channels = math.prod(out.shape), out.shape[-1]
    defines = (("ELEMENT", ELEMENTS[out.dtype.name]), ("ACTIVATION", ACTIVATIONS[activation]))
    rest = np.int64(size), np.int32(splits), np.int32(channels), np.int32(accumulate)
    return Launch("reduce.cu", "reduce", defines, _grid(size, processors), (THREADS, 1, 1), 0, rest)


def _grid(size: int, processors: int) -> tuple[int, int, int]:
    """Blocks for `size` elements, no more than run at once; each thread steps over the rest."""
    return min(-(-size // THREADS), BLOCKS_PER_PROCESSOR * processors), 1, 1


def _pipeline(product: _Product, architecture: int) -> tuple[int, int]:
    """BK, and how many tiles are in shared memory: 64 bytes of k, or 128 of float64, and four tiles to hide DRAM.

    Before sm_80 copies are not asynchronous, and two tiles are as good.
    """
    itemsize = product.out.dtype.itemsize
    depth = 32 if itemsize == 2 and not product.narrow else 16
    return depth, 2 if architecture < 80 else 3 if itemsize == 8 else 4


def _stage_bytes(product: _Product, tile: dispatch.Tile, depth: int) -> int:
    """Bytes of both panels (operands.cuh, Panel) of a tile."""
    itemsize = product.out.dtype.itemsize
    total = 0
    for extent, order in zip((tile.rows, tile.columns), _orders(product.problem), strict=True):
        along = order == "ALONG_K"
        lines, length = (extent, depth) if along else (depth, extent)
        padding = 16 if itemsize == 2 or (itemsize == 4 and along) else 32
        total += lines * (length * itemsize + padding)
    return total


def _orders(problem: str) -> tuple[str, str]:
    """The orders in which the problem's operands lie in memory, and so in their panels."""
    if problem.startswith("Matmul"):
        left, right = problem.removeprefix("Matmul<").removesuffix(">").split(",")
        return left, right
    return {
        "Convolution": ("ALONG_K", "ACROSS_K"),
        "FilterGradient": ("ACROSS_K", "ACROSS_K"),
        "InputGradient": ("ALONG_K", "ALONG_K"),
    }[problem]


class _Lines(NamedTuple):
    """How matrices lie in memory."""

    turned: bool  # whether neighbours in memory are in one column, not in one row
    pitch: int  # elements from one line to the next
    extent: int  # of a line


def _lines(matrices: Layout) -> _Lines | None:
    """The lines of a batch of matrices [.., rows, columns]; None where neither dimension has neighbours in memory."""
    rows, columns = matrices.shape[-2:]
    down, right = matrices.steps[-2:]
    if columns <= 1 or right == 1:
        return _Lines(False, down if rows > 1 else columns, columns)
    if rows <= 1 or down == 1:
        return _Lines(True, right, rows)
    return None


def _batch_steps(matrices: Layout, ndim: int) -> list[int]:
    """Elements from one matrix to the next in each of ndim - 2 batch dimensions; 0 where they are broadcast."""
    own = [step if size > 1 else 0 for size, step in zip(matrices.shape[:-2], matrices.steps[:-2], strict=True)]
    return [0] * (ndim - len(matrices.shape)) + own


def _batches(a: Layout, b: Layout, out: Layout) -> list[tuple[int, int, int]]:
    """The batch dimensions as (size, step in a, step in b), outermost first; those that step as one are one."""
    merged: list[tuple[int, int, int]] = []
    steps = (_batch_steps(matrices, len(out.shape)) for matrices in (a, b))
    for size, step_a, step_b in zip(out.shape[:-2], *steps, strict=True):
        if size == 1:
            continue
        if merged and merged[-1][1:] == (size * step_a, size * step_b):
            merged[-1] = (merged[-1][0] * size, step_a, step_b)
        else:
            merged.append((size, step_a, step_b))
    return merged


@functools.lru_cache(maxsize=4096)
def _matmul_product(
    a: Layout, b: Layout, transpose_a: bool, transpose_b: bool, out: Layout, call: _Call
) -> _Product | None:
    """The product of two batches of matrices; None where one launch cannot step through the arrays as they lie."""
    left, right, batches = _lines(a), _lines(b), _batches(a, b, out)
    if left is None or right is None or len(batches) > BATCH_DIMENSIONS:
        return None
    rows, columns = out.shape[-2:]
    depth = a.shape[-2] if transpose_a else a.shape[-1]
    sizes, steps_a, steps_b = zip(*([(1, 0, 0)] * (BATCH_DIMENSIONS - len(batches)) + batches), strict=True)
    order_a = "ACROSS_K" if left.turned != transpose_a else "ALONG_K"
    order_b = "ALONG_K" if right.turned != transpose_b else "ACROSS_K"
    shape = _block(
        _MATMUL,
        left_pitch=left.pitch,
        right_pitch=right.pitch,
        left_step=steps_a,
        right_step=steps_b,
        batch=sizes,
        rows=rows,
        columns=columns,
        depth=depth,
    )
    vector_a, vector_b = a.vector((left.pitch, left.extent, *steps_a)), b.vector((right.pitch, right.extent, *steps_b))
    problem, parts = f"Matmul<{order_a},{order_b}>", math.prod(sizes)
    return _Product(call, problem, shape, out, rows, columns, depth, parts, vector_a, vector_b, columns)


def matmul(
    a: Array,
    b: Array,
    transpose_a: bool,
    transpose_b: bool,
    out: Array,
    bias: Array | None = None,
    activation: str | None = None,
    precision: str = "highest",
    accumulate: bool = False,
    launcher: Launcher | None = None,
    algo: str = "auto",
) -> None:
    """out = activation(a b + bias), or activation(out + a b + bias) with `accumulate`.

    Args:
        a: [.., m, k], or [.., k, m] with transpose_a; any strides, but matrices without neighbours in either direction
            are copied. Batch dimensions broadcast to out's by strides.
        b: [.., k, n], or [.., n, k] with transpose_b; likewise.
        out: [.., m, n], C-contiguous, of the same dtype, and no part of a or b.
        bias: [n], contiguous.
        activation: a key of ACTIVATIONS.
        precision: of float32; "high" is TF32. "highest" keeps an element within 4 * 2**-24 * sqrt(k) of the sum of
            |a| |b| over its terms, for operands that are zero or at least 2**-100; inf and NaN come out as IEEE has it.
        algo: "auto" or "scopeflow", which never calls cuBLAS.

    Raises:
        launching.KernelError: a kernel does not compile or launch, or a size does not fit into 32 bits.
    """
    if not out.size:
        return
    launcher = launcher or launching.default_launcher()
    call = _call("matmul", precision, launcher, activation, accumulate)
    product = _matmul_product(_layout(a), _layout(b), transpose_a, transpose_b, _layout(out), call)
    if product is None:
        _matmul_in_parts(a, b, transpose_a, transpose_b, out, bias, activation, precision, accumulate, launcher, algo)
        return
    bare = bias is None and activation is None and not accumulate
    choice = dispatch.choose(product.request)
    if choice.algorithm == "cublas" and algo == "auto" and bare and not launcher.capturing():
        launcher.cublas(a, b, transpose_a, transpose_b, out)
        return
    _compute(product, choice, a, b, out, launcher, bias)


def _matmul_in_parts(a: Array, b: Array, transpose_a: bool, transpose_b: bool, out: Array, *rest: Any) -> None:
    """`matmul` of what one launch cannot step through: matrices without neighbours copied, then one batch at a time."""
    a, b = (array if _lines(_layout(array)) else array.copy() for array in (a, b))
    if len(_batches(_layout(a), _layout(b), _layout(out))) <= BATCH_DIMENSIONS:
        matmul(a, b, transpose_a, transpose_b, out, *rest)
        return
    for part in range(out.shape[0]):
        part_a, part_b = (
            array if array.ndim < out.ndim else array[part if array.shape[0] > 1 else 0] for array in (a, b)
        )
        matmul(part_a, part_b, transpose_a, transpose_b, out[part], *rest)


# --- Convolutions -----------------------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """A convolution: what meets where. C and O are all channels of the image and of the output."""

    at: Windows
    groups: int
    images: int
    channels: int  # C
    filters: int  # O

    def block(self) -> np.void:
        at, (h, w) = self.at, self.periods
        return _block(
            _CONVOLUTION,
            N=self.images,
            H=at.size[0],
            W=at.size[1],
            C=self.channels,
            KH=at.window[0],
            KW=at.window[1],
            P=at.output[0],
            Q=at.output[1],
            O=self.filters,
            G=self.groups,
            by_C=_divisor(self.group_channels),
            by_O=_divisor(self.group_filters),
            by_KW=_divisor(at.window[1]),
            by_P=_divisor(at.output[0]),
            by_Q=_divisor(at.output[1]),
            stride_h=at.strides[0],
            stride_w=at.strides[1],
            dilation_h=at.dilations[0],
            dilation_w=at.dilations[1],
            top=at.padding[0][0],
            left=at.padding[1][0],
            period_h=h,
            period_w=w,
        )

    @property
    def group_channels(self) -> int:
        return self.channels // self.groups

    @property
    def group_filters(self) -> int:
        return self.filters // self.groups

    @property
    def periods(self) -> list[int]:
        """How far apart, in each dimension, the taps are that meet the same residue of rows modulo the stride."""
        return [s // math.gcd(s, d) for s, d in zip(self.at.strides, self.at.dilations, strict=True)]

    def check_pixels(self) -> None:
        """Raises KernelError where the images or outputs have more pixels than 32 bits count."""
        if max(self.images * math.prod(self.at.size), self.images * math.prod(self.at.output)) > EXTENT_LIMIT:
            raise launching.KernelError(f"{self.images} images of {self.at.size} have more pixels than 32 bits count")


@functools.lru_cache(maxsize=4096)
def _convolution_product(x: Layout, w: Layout, at: Windows, groups: int, out: Layout, call: _Call) -> _Product:
    place = _Place(at, groups, x.shape[0], x.shape[3], w.shape[3])
    place.check_pixels()
    return _Product(
        call,
        "Convolution",
        place.block(),
        out,
        place.images * math.prod(at.output),
        place.group_filters,
        math.prod(at.window) * place.group_channels,
        groups,
        x.vector((place.group_channels, place.channels)),
        w.vector((place.group_filters, place.filters)),
        place.filters,
    )


@functools.lru_cache(maxsize=4096)
def _input_gradient_product(w: Layout, dy: Layout, at: Windows, groups: int, out: Layout, call: _Call) -> _Product:
    place = _Place(at, groups, out.shape[0], out.shape[3], w.shape[3])
    place.check_pixels()
    # A product for each residue of the rows and columns modulo the stride: the sizes of the largest.
    residues = [min(stride, size) for stride, size in zip(at.strides, at.size, strict=True)]
    pixels = [-(-size // stride) for stride, size in zip(at.strides, at.size, strict=True)]
    taps = [-(-window // period) for window, period in zip(at.window, place.periods, strict=True)]
    return _Product(
        call,
        "InputGradient",
        place.block(),
        out,
        place.images * math.prod(pixels),
        place.group_channels,
        math.prod(taps) * place.group_filters,
        groups * math.prod(residues),
        dy.vector((place.group_filters, place.filters)),
        w.vector((place.group_filters, place.filters)),
        place.channels,
    )


@functools.lru_cache(maxsize=4096)
def _filter_gradient_product(x: Layout, dy: Layout, at: Windows, groups: int, out: Layout, call: _Call) -> _Product:
    place = _Place(at, groups, x.shape[0], x.shape[3], dy.shape[3])
    place.check_pixels()
    return _Product(
        call,
        "FilterGradient",
        place.block(),
        out,
        math.prod(at.window) * place.group_channels,
        place.group_filters,
        place.images * math.prod(at.output),
        groups,
        x.vector((place.group_channels, place.channels)),
        dy.vector((place.group_filters, place.filters)),
        place.filters,
    )


def conv2d(
    x: Array,
    w: Array,
    at: Windows,
    groups: int,
    out: Array,
    bias: Array | None = None,
    activation: str | None = None,
    precision: str = "highest",
    launcher: Launcher | None = None,
    algo: str = "auto",
) -> None:
    """out = activation(the convolution of x [N, H, W, C] with w [KH, KW, C / groups, O] + bias [O]); all contiguous.

    Raises launching.KernelError as `matmul`; so do the gradients. `algo` has no other kernel to allow.
    """
    if out.size:
        launcher = launcher or launching.default_launcher()
        call = _call("conv2d", precision, launcher, activation)
        product = _convolution_product(_layout(x), _layout(w), at, groups, _layout(out), call)
        _compute(product, dispatch.choose(product.request), x, w, out, launcher, bias)


def conv2d_input_grad(
    w: Array,
    dy: Array,
    at: Windows,
    groups: int,
    out: Array,
    precision: str = "highest",
    launcher: Launcher | None = None,
    algo: str = "auto",
) -> None:
    """out [N, H, W, C] = the gradient of sum(conv2d(x, w) * dy) with respect to x; all contiguous."""
    if out.size:
        launcher = launcher or launching.default_launcher()
        call = _call("conv2d_input_grad", precision, launcher)
        product = _input_gradient_product(_layout(w), _layout(dy), at, groups, _layout(out), call)
        _compute(product, dispatch.choose(product.request), dy, w, out, launcher)


def conv2d_filter_grad(
    x: Array,
    dy: Array,
    at: Windows,
    groups: int,
    out: Array,
    precision: str = "highest",
    launcher: Launcher | None = None,
    algo: str = "auto",
) -> None:
    """out [KH, KW, C / groups, O] = the gradient of sum(conv2d(x, w) * dy) with respect to w; all contiguous."""
    if out.size:
        launcher = launcher or launching.default_launcher()
        call = _call("conv2d_filter_grad", precision, launcher)
        product = _filter_gradient_product(_layout(x), _layout(dy), at, groups, _layout(out), call)
        _compute(product, dispatch.choose(product.request), x, dy, out, launcher)


# --- Depthwise convolutions -------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=4096)
def _depthwise_block(images: int, channels: int, multiplier: int, at: Windows) -> np.void:
    sizes = images * math.prod(at.size) * channels, images * math.prod(at.output) * channels * multiplier
    if max(sizes) > EXTENT_LIMIT:
        raise launching.KernelError(f"depthwise_conv2d: {max(sizes)} elements are more than 32 bits count")
    return _block(
        _DEPTHWISE,
        N=images,
        H=at.size[0],
        W=at.size[1],
        C=channels,
        KH=at.window[0],
        KW=at.window[1],
        P=at.output[0],
        Q=at.output[1],
        M=multiplier,
        by_H=_divisor(at.size[0]),
        by_W=_divisor(at.size[1]),
        by_C=_divisor(channels),
        by_P=_divisor(at.output[0]),
        by_Q=_divisor(at.output[1]),
        by_M=_divisor(multiplier),
        by_CM=_divisor(channels * multiplier),
        stride_h=at.strides[0],
        stride_w=at.strides[1],
        dilation_h=at.dilations[0],
        dilation_w=at.dilations[1],
        top=at.padding[0][0],
        left=at.padding[1][0],
    )


def _launch_depthwise(
    kernel: str, out: Array, activation: str | None, grid: tuple[int, int, int], launcher: Launcher, *arguments: Any
) -> None:
    defines = (("ELEMENT", ELEMENTS[out.dtype.name]), ("ACTIVATION", ACTIVATIONS[activation]))
    launcher.launch(Launch("depthwise.cu", kernel, defines, grid, (THREADS, 1, 1), 0, arguments))


def depthwise_conv2d(
    x: Array,
    w: Array,
    at: Windows,
    out: Array,
    bias: Array | None = None,
    activation: str | None = None,
    launcher: Launcher | None = None,
) -> None:
    """out = activation(the depthwise convolution of x [N, H, W, C] with w [KH, KW, C, M] + bias [C * M])."""
    if out.size:
        launcher = launcher or launching.default_launcher()
        block, grid = _depthwise_block(x.shape[0], w.shape[2], w.shape[3], at), _grid(out.size, launcher.processors)
        there = NULL if bias is None else bias
        _launch_depthwise("depthwise", out, activation, grid, launcher, x, w, there, out, block)


def depthwise_conv2d_input_grad(w: Array, dy: Array, at: Windows, out: Array, launcher: Launcher | None = None) -> None:
    """out [N, H, W, C] = the gradient of sum(depthwise_conv2d(x, w) * dy) with respect to x."""
    if out.size:
        launcher = launcher or launching.default_launcher()
        block, grid = _depthwise_block(out.shape[0], w.shape[2], w.shape[3], at), _grid(out.size, launcher.processors)
        _launch_depthwise("depthwise_input_grad", out, None, grid, launcher, w, dy, out, block)


def depthwise_conv2d_filter_grad(
    x: Array, dy: Array, at: Windows, out: Array, launcher: Launcher | None = None
) -> None:
    """out [KH, KW, C, M] = the gradient of sum(depthwise_conv2d(x, w) * dy) with respect to w."""
    if not out.size:
        return
    launcher = launcher or launching.default_launcher()
    images, channels, multiplier = x.shape[0], out.shape[2], out.shape[3]
    pixels = images * math.prod(at.output)
    blocks = math.prod(at.window) * -(-channels * multiplier // 32)
    wanted = -(-BLOCKS_PER_PROCESSOR * launcher.processors // blocks)
    splits = max(min(wanted, pixels // 64), 1)
    partial = launcher.empty((splits, *out.shape), _sum_dtype(out.dtype))
    arguments = x, dy, partial, np.int32(splits), _depthwise_block(images, channels, multiplier, at)
    _launch_depthwise("depthwise_filter_grad", out, None, (blocks * splits, 1, 1), launcher, *arguments)
    reduce = _reduce_launch(_layout(out), splits, None, False, launcher.processors)
    launcher.launch(reduce._replace(arguments=(partial, NULL, out, *reduce.arguments)))
