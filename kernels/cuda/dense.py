"""Turns products, convolutions and their gradients, already checked, into launches of the CUDA kernels of this folder.

Extra memory: none, but for sums that several blocks share: their partial sums, at most dispatch.WORKSPACE_BYTES. They
are added up in a fixed order, so the same call on the same device gives the same bits.
"""

from __future__ import annotations

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


# --- Alignment --------------------------------------------------------------------------------------------------------


def _address(array: Array) -> int:
    return array.ctypes.data if isinstance(array, np.ndarray) else array.data.ptr


def _vector(array: Array, steps: Iterable[int], widest: int = 16) -> int:
    """How many elements, up to `widest` bytes, may be moved at once: their addresses differ by multiples of `steps`."""
    return max(math.gcd(widest, _address(array), *(step * array.itemsize for step in steps)) // array.itemsize, 1)


# --- Products ---------------------------------------------------------------------------------------------------------


class _Product(NamedTuple):
    """`parts` products of rows x depth by depth x columns, as product.cu's PROBLEM sees its operands."""

    problem: str
    shape: np.void
    left: Array
    right: Array
    out: Array
    rows: int
    columns: int
    depth: int
    parts: int
    vector_left: int
    vector_right: int
    row_step: int  # elements of `out` from one row to the next

    def request(self, function: str, precision: str, launcher: Launcher) -> dispatch.Request:
        extents = self.rows, self.columns, self.depth, self.parts
        if max(extents) > EXTENT_LIMIT:
            raise launching.KernelError(
                f"{function}: {extents} (rows, columns, terms, parts) are more than 32 bits count"
            )
        device = launcher.architecture, launcher.processors
        return dispatch.Request(function, self.out.dtype.name, precision, *device, *extents)


def _compute(
    product: _Product,
    choice: dispatch.Choice,
    launcher: Launcher,
    bias: Array | None = None,
    activation: str | None = None,
    accumulate: bool = False,
) -> None:
    """Launches a product, and where its sums are split what adds them up."""
    out, tile, splits = product.out, choice.tile, choice.splits
    element, finish = ELEMENTS[out.dtype.name], ("ACTIVATION", ACTIVATIONS[activation])
    partial = launcher.empty((splits, *out.shape), _sum_dtype(out.dtype)) if splits > 1 else None
    target, last = (out, bias) if partial is None else (partial, None)
    depth, stages = _pipeline(product, tile, launcher.architecture)
    defines = (
        ("ELEMENT", element),
        ("ARITHMETIC", choice.arithmetic),
        ("PROBLEM", product.problem),
        ("BM", tile.rows),
        ("BN", tile.columns),
        ("BK", depth),
        ("WM", tile.warp_rows),
        ("WN", tile.warp_columns),
        ("STAGES", stages),
        ("BLOCKS_PER_PROCESSOR", tile.blocks),
        ("VECTOR_LEFT", product.vector_left),
        ("VECTOR_RIGHT", product.vector_right),
        ("VECTOR_OUT", _vector(target, (product.columns, product.row_step), 2 * target.itemsize)),
        finish if partial is None else ("ACTIVATION", ACTIVATIONS[None]),
        ("SPLIT", int(partial is not None)),
    )
    row_tiles, column_tiles = -(-product.rows // tile.rows), -(-product.columns // tile.columns)
    schedule = _block(
        _SCHEDULE,
        split_step=out.size,
        row_tiles=row_tiles,
        column_tiles=column_tiles,
        splits=splits,
        accumulate=accumulate and partial is None,
    )
    launcher.launch(
        Launch(
            choice.source,
            "product",
            defines,
            (row_tiles * column_tiles * splits * product.parts, 1, 1),
            (tile.threads, 1, 1),
            stages * _stage_bytes(product, tile, depth),
            (product.left, product.right, NULL if last is None else last, target, product.shape, schedule),
        )
    )
    if partial is not None:
        _reduce(partial, out, launcher, bias, finish, accumulate)


def _sum_dtype(dtype: np.dtype) -> np.dtype:
    return np.dtype(np.float64 if dtype == np.float64 else np.float32)


def _reduce(
    partial: Array,
    out: Array,
    launcher: Launcher,
    bias: Array | None = None,
    finish: tuple[str, str] = ("ACTIVATION", ACTIVATIONS[None]),
    accumulate: bool = False,
) -> None:
    """out = activation(the sum of partial over its first dimension + bias)."""
    channels = out.shape[-1] if out.ndim else 1
    rest = np.int64(out.size), np.int32(partial.shape[0]), np.int32(channels), np.int32(accumulate)
    arguments = (partial, NULL if bias is None else bias, out, *rest)
    defines = (("ELEMENT", ELEMENTS[out.dtype.name]), finish)
    launcher.launch(Launch("reduce.cu", "reduce", defines, _grid(out.size, launcher), (THREADS, 1, 1), 0, arguments))


def _grid(size: int, launcher: Launcher) -> tuple[int, int, int]:
    """Blocks for `size` elements, no more than run at once; each thread steps over the rest."""
    return min(-(-size // THREADS), BLOCKS_PER_PROCESSOR * launcher.processors), 1, 1


def _pipeline(product: _Product, tile: dispatch.Tile, architecture: int) -> tuple[int, int]:
    """BK, and how many tiles are in shared memory: 64 bytes of k, or 128 of float64, and four tiles to hide DRAM.

    Before sm_80 copies are not asynchronous, and two tiles are as good. Operands that are copied element by element
    take 16 of k whatever their size, as a thread keeps the places of all the lines that it copies.
    """
    itemsize = product.out.itemsize
    narrow = min(product.vector_left, product.vector_right) * itemsize < 8
    depth = 32 if itemsize == 2 and not narrow else 16
    return depth, 2 if architecture < 80 else 3 if itemsize == 8 else 4


def _stage_bytes(product: _Product, tile: dispatch.Tile, depth: int) -> int:
    """Bytes of both panels (operands.cuh, Panel) of a tile."""
    itemsize = product.out.itemsize
    across = [order == "ACROSS_K" for order in _orders(product.problem)]
    total = 0
    for extent, is_across in zip((tile.rows, tile.columns), across, strict=True):
        lines, length = (depth, extent) if is_across else (extent, depth)
        padding = 16 if itemsize == 2 or (itemsize == 4 and not is_across) else 32
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


class _Matrix(NamedTuple):
    """Matrices in memory: which of their two dimensions has neighbours, and how far its lines are apart."""

    array: Array
    turned: bool  # whether neighbours in memory are in one column
    pitch: int
    extent: int  # of the dimension that has neighbours


def _matrix(array: Array) -> _Matrix:
    """A batch of matrices [.., rows, columns] as it lies in memory; a copy where neither dimension has neighbours."""
    rows, columns = array.shape[-2:]
    down, right = (step // array.itemsize for step in array.strides[-2:])
    if columns <= 1 or right == 1:
        return _Matrix(array, False, down if rows > 1 else columns, columns)
    if rows <= 1 or down == 1:
        return _Matrix(array, True, right, rows)
    return _matrix(array.copy())


def _batches(a: Array, b: Array, out: Array) -> list[tuple[int, int, int]]:
    """The batch dimensions as (size, step in a, step in b), outermost first; those that step as one are one."""
    merged: list[tuple[int, int, int]] = []
    steps = [_steps(array, out.ndim) for array in (a, b)]
    for size, step_a, step_b in zip(out.shape[:-2], *steps, strict=True):
        if size == 1:
            continue
        if merged and merged[-1][1:] == (size * step_a, size * step_b):
            merged[-1] = (merged[-1][0] * size, step_a, step_b)
        else:
            merged.append((size, step_a, step_b))
    return merged


def _steps(array: Array, ndim: int) -> list[int]:
    """Elements from one matrix to the next in each of ndim - 2 batch dimensions; 0 where the array is broadcast."""
    own = [
        step // array.itemsize if size > 1 else 0
        for size, step in zip(array.shape[:-2], array.strides[:-2], strict=True)
    ]
    return [0] * (ndim - array.ndim) + own


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
    left, right = _matrix(a), _matrix(b)
    batches = _batches(left.array, right.array, out)
    if len(batches) > BATCH_DIMENSIONS:
        whole_a, whole_b = (_broadcast(m.array, out.shape[:-2]) for m in (left, right))
        rest = bias, activation, precision, accumulate, launcher, algo
        for part in range(out.shape[0]):
            matmul(whole_a[part], whole_b[part], transpose_a, transpose_b, out[part], *rest)
        return
    rows, columns = out.shape[-2:]
    depth = a.shape[-2] if transpose_a else a.shape[-1]
    sizes, steps_a, steps_b = zip(*([(1, 0, 0)] * (BATCH_DIMENSIONS - len(batches)) + batches), strict=True)
    orders = (
        "ACROSS_K" if left.turned != transpose_a else "ALONG_K",
        "ALONG_K" if right.turned != transpose_b else "ACROSS_K",
    )
    product = _Product(
        f"Matmul<{orders[0]},{orders[1]}>",
        _block(
            _MATMUL,
            left_pitch=left.pitch,
            right_pitch=right.pitch,
            left_step=steps_a,
            right_step=steps_b,
            batch=sizes,
            rows=rows,
            columns=columns,
            depth=depth,
        ),
        left.array,
        right.array,
        out,
        rows,
        columns,
        depth,
        math.prod(sizes),
        _vector(left.array, (left.pitch, left.extent, *steps_a)),
        _vector(right.array, (right.pitch, right.extent, *steps_b)),
        columns,
    )
    choice = dispatch.choose(product.request("matmul", precision, launcher))
    plain = bias is None and activation is None and not accumulate
    if choice.algorithm == "cublas" and algo == "auto" and plain and not launcher.capturing():
        launcher.cublas(a, b, transpose_a, transpose_b, out)
        return
    _compute(product, choice, launcher, bias, activation, accumulate)


def _broadcast(array: Array, batch: tuple[int, ...]) -> Array:
    from numpy.lib.stride_tricks import as_strided as numpy_as_strided

    shape = (*batch, *array.shape[-2:])
    strides = (*(step * array.itemsize for step in _steps(array, len(shape))), *array.strides[-2:])
    if isinstance(array, np.ndarray):
        return numpy_as_strided(array, shape, strides)
    from cupy.lib.stride_tricks import as_strided

    return as_strided(array, shape, strides)


# --- Convolutions -----------------------------------------------------------------------------------------------------


def _convolution_shape(images: int, channels: int, filters: int, at: Windows, groups: int) -> np.void:
    (h, w), (kh, kw), (p, q) = at.size, at.window, at.output
    periods = [s // math.gcd(s, d) for s, d in zip(at.strides, at.dilations, strict=True)]
    return _block(
        _CONVOLUTION,
        N=images,
        H=h,
        W=w,
        C=channels,
        KH=kh,
        KW=kw,
        P=p,
        Q=q,
        O=filters,
        G=groups,
        by_C=_divisor(channels // groups),
        by_O=_divisor(filters // groups),
        by_KW=_divisor(kw),
        by_P=_divisor(p),
        by_Q=_divisor(q),
        stride_h=at.strides[0],
        stride_w=at.strides[1],
        dilation_h=at.dilations[0],
        dilation_w=at.dilations[1],
        top=at.padding[0][0],
        left=at.padding[1][0],
        period_h=periods[0],
        period_w=periods[1],
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
    if not out.size:
        return
    launcher = launcher or launching.default_launcher()
    images, channels, filters = x.shape[0], x.shape[3], w.shape[3]
    group_channels, group_filters = channels // groups, filters // groups
    product = _Product(
        "Convolution",
        _convolution_shape(images, channels, filters, at, groups),
        x,
        w,
        out,
        images * math.prod(at.output),
        group_filters,
        math.prod(at.window) * group_channels,
        groups,
        _vector(x, (group_channels, channels)),
        _vector(w, (group_filters, filters)),
        filters,
    )
    _check_pixels(product, x)
    choice = dispatch.choose(product.request("conv2d", precision, launcher))
    _compute(product, choice, launcher, bias, activation)


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
    if not out.size:
        return
    launcher = launcher or launching.default_launcher()
    images, channels, filters = out.shape[0], out.shape[3], w.shape[3]
    group_channels, group_filters = channels // groups, filters // groups
    shape = _convolution_shape(images, channels, filters, at, groups)
    # A product for each residue of the rows and columns modulo the stride: the sizes of the largest.
    residues = [min(stride, size) for stride, size in zip(at.strides, at.size, strict=True)]
    pixels = [-(-size // stride) for stride, size in zip(at.strides, at.size, strict=True)]
    taps = [-(-at.window[d] // int(shape[f"period_{'hw'[d]}"])) for d in range(2)]
    product = _Product(
        "InputGradient",
        shape,
        dy,
        w,
        out,
        images * math.prod(pixels),
        group_channels,
        math.prod(taps) * group_filters,
        groups * math.prod(residues),
        _vector(dy, (group_filters, filters)),
        _vector(w, (group_filters, filters)),
        channels,
    )
    _check_pixels(product, dy, out)
    choice = dispatch.choose(product.request("conv2d_input_grad", precision, launcher))
    _compute(product, choice, launcher)


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
    if not out.size:
        return
    launcher = launcher or launching.default_launcher()
    images, channels, filters = x.shape[0], x.shape[3], dy.shape[3]
    group_channels, group_filters = channels // groups, filters // groups
    product = _Product(
        "FilterGradient",
        _convolution_shape(images, channels, filters, at, groups),
        x,
        dy,
        out,
        math.prod(at.window) * group_channels,
        group_filters,
        images * math.prod(at.output),
        groups,
        _vector(x, (group_channels, channels)),
        _vector(dy, (group_filters, filters)),
        filters,
    )
    _check_pixels(product, x)
    choice = dispatch.choose(product.request("conv2d_filter_grad", precision, launcher))
    _compute(product, choice, launcher)


def _check_pixels(product: _Product, *images: Array) -> None:
    """Raises KernelError where an image batch has more pixels than 32 bits count."""
    for image in images:
        if math.prod(image.shape[:3]) > EXTENT_LIMIT:
            raise launching.KernelError(f"{product.problem}: {image.shape} has more pixels than 32 bits count")


# --- Depthwise convolutions -------------------------------------------------------------------------------------------


def _depthwise_shape(images: int, filter_shape: tuple[int, ...], at: Windows) -> np.void:
    return _block(
        _DEPTHWISE,
        N=images,
        H=at.size[0],
        W=at.size[1],
        C=filter_shape[2],
        KH=at.window[0],
        KW=at.window[1],
        P=at.output[0],
        Q=at.output[1],
        M=filter_shape[3],
        stride_h=at.strides[0],
        stride_w=at.strides[1],
        dilation_h=at.dilations[0],
        dilation_w=at.dilations[1],
        top=at.padding[0][0],
        left=at.padding[1][0],
    )


def _launch_depthwise(
    kernel: str, out: Array, activation: str | None, grid: tuple[int, int, int], launcher: Launcher, arguments: tuple
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
    if not out.size:
        return
    launcher = launcher or launching.default_launcher()
    shape = _depthwise_shape(x.shape[0], w.shape, at)
    arguments = (x, w, NULL if bias is None else bias, out, shape)
    _launch_depthwise("depthwise", out, activation, _grid(out.size, launcher), launcher, arguments)


def depthwise_conv2d_input_grad(w: Array, dy: Array, at: Windows, out: Array, launcher: Launcher | None = None) -> None:
    """out [N, H, W, C] = the gradient of sum(depthwise_conv2d(x, w) * dy) with respect to x."""
    if not out.size:
        return
    launcher = launcher or launching.default_launcher()
    shape = _depthwise_shape(out.shape[0], w.shape, at)
    grid = _grid(out.size, launcher)
    _launch_depthwise("depthwise_input_grad", out, None, grid, launcher, (w, dy, out, shape))


def depthwise_conv2d_filter_grad(
    x: Array, dy: Array, at: Windows, out: Array, launcher: Launcher | None = None
) -> None:
    """out [KH, KW, C, M] = the gradient of sum(depthwise_conv2d(x, w) * dy) with respect to w."""
    if not out.size:
        return
    launcher = launcher or launching.default_launcher()
    shape = _depthwise_shape(x.shape[0], out.shape, at)
    pixels = x.shape[0] * math.prod(at.output)
    blocks = math.prod(at.window) * -(-math.prod(out.shape[2:]) // 32)
    wanted = -(-BLOCKS_PER_PROCESSOR * launcher.processors // blocks)
    splits = max(min(wanted, pixels // 64), 1)
    partial = launcher.empty((splits, *out.shape), _sum_dtype(out.dtype))
    arguments = (x, dy, partial, np.int32(splits), shape)
    _launch_depthwise("depthwise_filter_grad", out, None, (blocks * splits, 1, 1), launcher, arguments)
    _reduce(partial, out, launcher)
