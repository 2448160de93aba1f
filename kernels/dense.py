"""Products and convolutions of NumPy and CuPy arrays: every argument checked here, once, then the fastest kernel run.

NumPy's float32 convolutions go to cpu/convolution.py and cpu/depthwise.py, CuPy's floats to the CUDA kernels, and what
neither takes to plain.py. Letters: N batch, H W height and width, C in, O out, M channel multiplier, KH KW window.
Images are NHWC, filters HWIO. float16 and bfloat16 are summed in float32 and rounded once, at the end. A gradient's
name says what it is of; each function is linear in either of its two arrays, and the other two of its family are its
gradients by them.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from . import plain, products
from .arrays import FLOATS, Array, check_operands, check_out, check_rank, check_shape, device_of, wide_dtype
from .geometry import Padding, Pair, Windows, windows
from .precision import checked_precision

ALGORITHMS = ("auto", "scopeflow")
LAYOUTS = ("NHWC", "NCHW")

__all__ = [
    "conv2d",
    "conv2d_filter_grad",
    "conv2d_input_grad",
    "depthwise_conv2d",
    "depthwise_conv2d_filter_grad",
    "depthwise_conv2d_input_grad",
    "matmul",
]


# --- What every function may be asked for -----------------------------------------------------------------------------


class _Options(NamedTuple):
    """How a result is computed, finished and stored; checked."""

    out: Array | None
    algo: str
    precision: str
    finish: dict[str, Any]  # the bias and the activation, where there are any


def _options(
    kernel: str,
    operands: Mapping[str, Array],
    channels: int,
    out: Array | None,
    algo: str,
    precision: str | None = None,
    bias: Array | None = None,
    activation: str | None = None,
) -> _Options:
    """The options of a result with `channels` in its last dimension."""
    dtype = next(iter(operands.values())).dtype
    if algo not in ALGORITHMS:
        raise ValueError(f"{kernel}: algo must be 'auto' or 'scopeflow', not {algo!r}")
    if activation is not None and activation not in plain.ACTIVATIONS:
        raise ValueError(f"{kernel}: activation must be None, {', '.join(plain.ACTIVATIONS)}, not {activation!r}")
    if activation is not None and dtype not in FLOATS:
        raise TypeError(f"{kernel}: activation={activation!r} needs floats, not {dtype}")
    if bias is not None:
        check_operands(kernel, {**operands, "bias": bias})
        check_shape(kernel, "bias", bias.shape, (channels,))
        bias = plain.library_of(bias).ascontiguousarray(bias)
    finish = {} if bias is None and activation is None else {"bias": bias, "activation": activation}
    return _Options(out, algo, checked_precision(kernel, precision), finish)


def _inputs(operands: Mapping[str, Array], options: _Options) -> dict[str, Array]:
    """All arrays that are read: the operands and the bias."""
    bias = options.finish.get("bias")
    return {**operands, **({} if bias is None else {"bias": bias})}


# --- Products ---------------------------------------------------------------------------------------------------------


def matmul(
    a: Array,
    b: Array,
    transpose_a: bool = False,
    transpose_b: bool = False,
    *,
    bias: Array | None = None,
    activation: str | None = None,
    precision: str | None = None,
    out: Array | None = None,
    accumulate: bool = False,
    algo: str = "auto",
) -> Array:
    """activation(a b + bias), of matrices in the last two dimensions; the others are batch dimensions and broadcast.

    Args:
        a: [..., m, k], or [..., k, m] with transpose_a; floats or integers.
        b: [..., k, n], or [..., n, k] with transpose_b; of a's dtype.
        bias: [n], of a's dtype.
        activation: None, "relu", "relu6", "leaky_relu" (slope 0.2), "elu", "tanh" or "sigmoid".
        precision: of float32, as `set_float32_matmul_precision` takes it; None for what that was given.
        out: [..., m, n], where the result goes; it shares no memory with the other arrays.
        accumulate: activation(out + a b + bias) instead.
        algo: "auto", or "scopeflow" for our own CUDA kernels or an error, never the vendor's.

    Returns:
        [..., m, n]: `out`, or a new array. Any strides are read in place on a CPU; on a GPU a matrix whose rows and
        columns are both strided is copied first.

    Raises:
        ValueError: fewer than two dimensions, inner dimensions that differ, batch dimensions that do not broadcast, a
            bias or `out` of another shape, an `out` that is read-only or overlaps another array, arrays on two devices,
            an unknown word.
        TypeError: dtypes that differ or are no numbers, arrays of two libraries, `accumulate` without `out`.
    """
    if (
        a.__class__ is np.ndarray is b.__class__
        and a.dtype is b.dtype
        and a.dtype.char in "fd"
        and a.ndim >= 2 <= b.ndim
        and algo == "auto"
        and precision is out is None
        and not accumulate
    ):
        try:  # what is simple costs little more than NumPy's own calls, and what is wrong is told below
            product = products.matmul(a.mT if transpose_a else a, b.mT if transpose_b else b)
            if bias is activation is None:
                return product
            if activation in (None, "relu") and (bias is None or _is_vector_like(bias, product)):
                plain.finish(product, bias, activation)
                return product
        except ValueError:
            pass
    operands = {"a": a, "b": b}
    xp = check_operands("matmul", operands)
    shape = _product_shape(a, b, transpose_a, transpose_b)
    options = _options("matmul", operands, shape[-1], out, algo, precision, bias, activation)
    if accumulate and out is None:
        raise TypeError("matmul: accumulate=True needs the array to add to, out")
    with device_of(a):
        if out is None:
            out = xp.empty(shape, a.dtype)
        else:
            check_out("matmul", out, shape, _inputs(operands, options))
        _product(xp, a, b, transpose_a, transpose_b, out, accumulate, options)
    return out


def _is_vector_like(bias: Array, product: np.ndarray) -> bool:
    """Whether a bias is a NumPy vector of the product's columns and dtype."""
    return bias.__class__ is np.ndarray and bias.dtype is product.dtype and bias.shape == product.shape[-1:]


def _product_shape(a: Array, b: Array, transpose_a: bool, transpose_b: bool) -> tuple[int, ...]:
    for name, array in (("a", a), ("b", b)):
        if array.ndim < 2:
            raise ValueError(f"matmul: {name} must have at least 2 dimensions, but its shape is {array.shape}")
        if array.dtype not in FLOATS and array.dtype.kind not in "iu":
            raise TypeError(f"matmul: {name} has dtype {array.dtype}, expected floats or integers")
    rows, inner = a.shape[-2:][:: -1 if transpose_a else 1]
    inner_b, columns = b.shape[-2:][:: -1 if transpose_b else 1]
    if inner != inner_b:
        raise ValueError(
            f"matmul: inner dimensions differ: a {a.shape}{' transposed' * bool(transpose_a)} has {inner}, "
            f"b {b.shape}{' transposed' * bool(transpose_b)} has {inner_b}"
        )
    try:
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ValueError(f"matmul: the batch dimensions of a {a.shape} and b {b.shape} do not broadcast") from None
    return (*batch, rows, columns)


def _product(
    xp: Any, a: Array, b: Array, transpose_a: bool, transpose_b: bool, out: Array, accumulate: bool, options: _Options
) -> None:
    if xp is not np and _any(a, b):
        from .cuda import trials

        target = _target(xp, out, out.dtype, accumulate)
        if trials.ran("matmul", (a, b, transpose_a, transpose_b), target, options, accumulate=accumulate):
            _store(target, out)
            return
    wide = wide_dtype(out.dtype)
    target = _target(xp, out, wide, accumulate)
    a, b = (array.astype(wide, copy=False) for array in (a, b))
    plain.matmul(a, b, transpose_a, transpose_b, target, accumulate=accumulate, **options.finish)
    _store(target, out)


def _target(xp: Any, out: Array, dtype: np.dtype, keep: bool = False) -> Array:
    """`out` where it is contiguous and of `dtype`, or a new array that is; with its values if `keep`."""
    if out.flags.c_contiguous and out.dtype == dtype:
        return out
    return xp.array(out, dtype, order="C") if keep else xp.empty(out.shape, dtype)


def _store(target: Array, out: Array) -> None:
    if target is not out:
        out[...] = target


# --- Convolution ------------------------------------------------------------------------------------------------------


class _Place(NamedTuple):
    """Where the windows stand, and how images lie in memory, as the caller says it."""

    strides: Pair
    padding: Padding
    dilations: Pair
    data_format: str


def conv2d(
    x: Array,
    w: Array,
    strides: Pair = (1, 1),
    padding: Padding = "SAME",
    dilations: Pair = (1, 1),
    *,
    bias: Array | None = None,
    activation: str | None = None,
    precision: str | None = None,
    out: Array | None = None,
    data_format: str = "NHWC",
    algo: str = "auto",
) -> Array:
    """The cross-correlation of images with filters, then a bias and an activation.

    y[n, i, j, o] = activation(bias[o] + sum over (k, l, c) of x[n, i s + k d - top, j s + l d - left, c] w[k, l, c, o])

    Args:
        x: images [N, H, W, C], or [N, C, H, W] with data_format="NCHW"; floats.
        w: filters [KH, KW, C / groups, O], of x's dtype: where they have fewer channels than x, the outputs fall into
            groups, each of which sees its own part of x's channels.
        strides, dilations: of (height, width).
        padding: "SAME", "VALID" or ((top, bottom), (left, right)).
        bias: [O], of x's dtype.
        activation, precision, algo: as for `matmul`.
        out: where the result goes; it shares no memory with the other arrays.
        data_format: how x, the result and `out` lie. The kernels read and write NHWC, so an NCHW x is copied, unless it
            is a transposed view of NHWC memory; the result is such a view, which the next convolution need not copy.

    Returns:
        [N, OH, OW, O], or [N, O, OH, OW], with the sizes of `geometry.conv_output_size`: `out`, or a new array.
        Whatever is not contiguous is copied first, and groups are computed from a copy of each on a CPU; further memory
        is told by the module that computes. On a CPU, precision "high" takes Winograd's way for float32 windows of
        3 x 3 with stride 1 over 16 channels or more: its errors are relative to the 4 x 4 cells around a window, and so
        greater than a float32 sum's where neighbouring cells differ a thousandfold, or where a window sees zeros only.

    Raises:
        ValueError: another rank, channels that do not divide into groups, a window larger than the padded input,
            negative padding, a bias or `out` of another shape, an `out` that is read-only or overlaps another array,
            arrays on two devices, an unknown word.
        TypeError: dtypes that differ or are no floats, arrays of two libraries, strides that are no integers.
    """
    asked = {"bias": bias, "activation": activation, "precision": precision, "out": out, "algo": algo}
    return _forward("conv2d", x, w, _Place(strides, padding, dilations, data_format), asked)


def conv2d_input_grad(
    x_shape: Sequence[int],
    w: Array,
    dy: Array,
    strides: Pair = (1, 1),
    padding: Padding = "SAME",
    dilations: Pair = (1, 1),
    *,
    precision: str | None = None,
    out: Array | None = None,
    data_format: str = "NHWC",
    algo: str = "auto",
) -> Array:
    """The gradient of sum(conv2d(x, w, ...) * dy) with respect to x: an array of x_shape. Raises as `conv2d`.

    An infinity or NaN in w goes where windows see it; on a GPU it also makes NaN of cells near the edges of dy, which
    is surrounded by zeros there, as x is in `conv2d`.
    """
    asked = {"precision": precision, "out": out, "algo": algo}
    return _input_grad("conv2d", x_shape, w, dy, _Place(strides, padding, dilations, data_format), asked)


def conv2d_filter_grad(
    x: Array,
    w_shape: Sequence[int],
    dy: Array,
    strides: Pair = (1, 1),
    padding: Padding = "SAME",
    dilations: Pair = (1, 1),
    *,
    precision: str | None = None,
    out: Array | None = None,
    data_format: str = "NHWC",
    algo: str = "auto",
) -> Array:
    """The gradient of sum(conv2d(x, w, ...) * dy) with respect to w: an array of w_shape. Raises as `conv2d`."""
    asked = {"precision": precision, "out": out, "algo": algo}
    return _filter_grad("conv2d", x, w_shape, dy, _Place(strides, padding, dilations, data_format), asked)


def depthwise_conv2d(
    x: Array,
    w: Array,
    strides: Pair = (1, 1),
    padding: Padding = "SAME",
    dilations: Pair = (1, 1),
    *,
    bias: Array | None = None,
    activation: str | None = None,
    out: Array | None = None,
    data_format: str = "NHWC",
    algo: str = "auto",
) -> Array:
    """conv2d of each channel alone: x [N, H, W, C] and w [KH, KW, C, M] make [N, OH, OW, C * M].

    Channel c makes the channels c * M to c * M + M - 1. Arguments and errors are those of `conv2d`; there is one
    precision, that of the dtype.
    """
    asked = {"bias": bias, "activation": activation, "out": out, "algo": algo}
    return _forward("depthwise_conv2d", x, w, _Place(strides, padding, dilations, data_format), asked)


def depthwise_conv2d_input_grad(
    x_shape: Sequence[int],
    w: Array,
    dy: Array,
    strides: Pair = (1, 1),
    padding: Padding = "SAME",
    dilations: Pair = (1, 1),
    *,
    out: Array | None = None,
    data_format: str = "NHWC",
    algo: str = "auto",
) -> Array:
    """The gradient of sum(depthwise_conv2d(x, w, ...) * dy) with respect to x: an array of x_shape."""
    asked = {"out": out, "algo": algo}
    return _input_grad("depthwise_conv2d", x_shape, w, dy, _Place(strides, padding, dilations, data_format), asked)


def depthwise_conv2d_filter_grad(
    x: Array,
    w_shape: Sequence[int],
    dy: Array,
    strides: Pair = (1, 1),
    padding: Padding = "SAME",
    dilations: Pair = (1, 1),
    *,
    out: Array | None = None,
    data_format: str = "NHWC",
    algo: str = "auto",
) -> Array:
    """The gradient of sum(depthwise_conv2d(x, w, ...) * dy) with respect to w: an array of w_shape."""
    asked = {"out": out, "algo": algo}
    return _filter_grad("depthwise_conv2d", x, w_shape, dy, _Place(strides, padding, dilations, data_format), asked)


# --- The three functions of either family -----------------------------------------------------------------------------


def _forward(family: str, x: Array, w: Array, place: _Place, asked: dict[str, Any]) -> Array:
    kernel = family
    _check_images(kernel, place, x=x, w=w)
    x = _channels_last(x, place)
    groups, channels = _channels(kernel, x.shape[3], w.shape)
    at = _windows(kernel, x.shape[1:3], w.shape[:2], place)
    return _computed(kernel, {"x": x, "w": w}, at, groups, (x.shape[0], *at.output, channels), place, asked)


def _input_grad(
    family: str, x_shape: Sequence[int], w: Array, dy: Array, place: _Place, asked: dict[str, Any]
) -> Array:
    kernel = f"{family}_input_grad"
    _check_images(kernel, place, w=w, dy=dy)
    batch, height, width, depth = _sizes(kernel, "x_shape", x_shape)
    if place.data_format == "NCHW":
        depth, height, width = height, width, depth
    groups, channels = _channels(kernel, depth, w.shape)
    at = _windows(kernel, (height, width), w.shape[:2], place)
    dy = _channels_last(dy, place)
    check_shape(kernel, "dy", dy.shape, (batch, *at.output, channels))
    return _computed(kernel, {"w": w, "dy": dy}, at, groups, (batch, height, width, depth), place, asked)


def _filter_grad(
    family: str, x: Array, w_shape: Sequence[int], dy: Array, place: _Place, asked: dict[str, Any]
) -> Array:
    kernel = f"{family}_filter_grad"
    _check_images(kernel, place, x=x, dy=dy)
    shape = _sizes(kernel, "w_shape", w_shape)
    x, dy = _channels_last(x, place), _channels_last(dy, place)
    groups, channels = _channels(kernel, x.shape[3], shape)
    at = _windows(kernel, x.shape[1:3], shape[:2], place)
    check_shape(kernel, "dy", dy.shape, (x.shape[0], *at.output, channels))
    place = place._replace(data_format="NHWC")  # filters lie in one way only
    return _computed(kernel, {"x": x, "dy": dy}, at, groups, shape, place, asked)


def _check_images(kernel: str, place: _Place, **arrays: Array) -> None:
    """Raises for operands that are not of four dimensions and of one float dtype, and for an unknown layout."""
    check_operands(kernel, arrays)
    for name, array in arrays.items():
        check_rank(kernel, name, array, 4)
        if array.dtype not in FLOATS:
            names = ", ".join(dtype.name for dtype in FLOATS)
            raise TypeError(f"{kernel}: {name} has dtype {array.dtype}, expected one of {names}")
    if place.data_format not in LAYOUTS:
        raise ValueError(f"{kernel}: data_format must be 'NHWC' or 'NCHW', not {place.data_format!r}")


def _channels_last(images: Array, place: _Place) -> Array:
    return images if place.data_format == "NHWC" else images.transpose(0, 2, 3, 1)


def _sizes(kernel: str, name: str, shape: Sequence[int]) -> tuple[int, int, int, int]:
    sizes = _integers(kernel, name, shape, "four sizes", 4)
    if min(sizes) < 0:
        raise ValueError(f"{kernel}: {name} must be four sizes, none negative, not {tuple(sizes)}")
    return sizes  # type: ignore[return-value]


def _integers(kernel: str, name: str, values: Any, expected: str, count: int = 2) -> tuple[int, ...]:
    try:
        integers = tuple(map(operator.index, values))
    except TypeError:
        raise TypeError(f"{kernel}: {name} must be {expected}, not {values!r}") from None
    if len(integers) != count:
        raise ValueError(f"{kernel}: {name} must be {expected}, not {values!r}")
    return integers


_known_windows = functools.lru_cache(maxsize=1024)(windows)  # a step of training asks for the same few again and again


def _windows(kernel: str, size: Pair, window: Pair, place: _Place) -> Windows:
    """The geometry; what `geometry.windows` raises is said with the arguments that made it."""
    strides, dilations = (
        _integers(kernel, name, getattr(place, name), "two integers, of (height, width)")
        for name in ("strides", "dilations")
    )
    padding: Any = place.padding
    if not isinstance(padding, str):
        expected = "'SAME', 'VALID' or ((top, bottom), (left, right))"
        try:
            pairs = tuple(padding)
        except TypeError:
            raise TypeError(f"{kernel}: padding must be {expected}, not {padding!r}") from None
        if len(pairs) != 2:
            raise ValueError(f"{kernel}: padding must be {expected}, not {padding!r}")
        padding = tuple(_integers(kernel, "padding", pair, f"{expected}, each a pair") for pair in pairs)
    try:
        return _known_windows(size, window, strides, padding, dilations)
    except ValueError as error:
        raise ValueError(
            f"{kernel}: {error}, for images of {size} and windows of {window} (height, width) "
            f"with strides={strides}, padding={padding!r}, dilations={dilations}"
        ) from None


def _channels(kernel: str, depth: int, w_shape: Sequence[int]) -> tuple[int, int]:
    """(groups, channels of the output) for images of `depth` channels; depthwise, a group is one channel."""
    w_depth, last = w_shape[2:]
    if kernel.startswith("depthwise"):
        check_shape(kernel, "w", w_shape, (*w_shape[:2], depth, last))
        return depth, depth * last
    if w_depth == depth:
        return 1, last
    if not w_depth or not depth or depth % w_depth:
        filters = f"w {tuple(w_shape)}"
        raise ValueError(f"{kernel}: x has {depth} channels, expected a multiple of the {w_depth} of {filters}")
    groups = depth // w_depth
    if last % groups:
        raise ValueError(
            f"{kernel}: w {tuple(w_shape)} has {last} outputs, expected a multiple of the {groups} groups into which "
            f"it divides x's {depth} channels"
        )
    return groups, last


def _computed(
    kernel: str,
    operands: dict[str, Array],
    at: Windows,
    groups: int,
    shape: tuple[int, ...],
    place: _Place,
    asked: dict[str, Any],
) -> Array:
    """The result of checked operands, in a new array of `shape` or in what `asked` says."""
    first, second = operands.values()
    options = _options(kernel, operands, shape[-1], **asked)
    xp = plain.library_of(first)
    with device_of(first):
        if options.out is None:
            result = xp.empty(shape, first.dtype)
        else:
            check_operands(kernel, {**operands, "out": options.out})
            check_rank(kernel, "out", options.out, 4)
            result = _channels_last(options.out, place)
            check_out(kernel, result, shape, _inputs(operands, options))
        _convolve(kernel, xp, xp.ascontiguousarray(first), xp.ascontiguousarray(second), at, groups, result, options)
    if options.out is not None:
        return options.out
    return result if place.data_format == "NHWC" else result.transpose(0, 3, 1, 2)


def _convolve(
    kernel: str, xp: Any, a: Array, b: Array, at: Windows, groups: int, out: Array, options: _Options
) -> None:
    depthwise = kernel.startswith("depthwise")
    if xp is not np and _any(a, b, out):
        from .cuda import trials

        target = _target(xp, out, out.dtype)
        if trials.ran(kernel, (a, b, at) if depthwise else (a, b, at, groups), target, options):
            _store(target, out)
            return
    wide = wide_dtype(out.dtype)
    target = _target(xp, out, wide)
    a, b = (array.astype(wide, copy=False) for array in (a, b))
    module = _host_module(kernel) if xp is np and wide == np.float32 and _any(a, b, out) else plain
    run = getattr(module, kernel)
    if module is not plain and not depthwise:
        run = functools.partial(run, winograd=options.precision == "high")
    if groups == 1 or depthwise:
        run(a, b, at, target, **options.finish)
    else:
        _in_groups(run, xp, groups, a, b, at, target, **options.finish)
    _store(target, out)


def _any(*arrays: Array) -> bool:
    """Whether there is something to compute; what is empty is left to the plain functions."""
    return all(array.size for array in arrays)


def computed_by(kernel: str, xp: Any) -> str:
    """The module whose function computes float32 arrays of `xp`, on the current device where it is CuPy."""
    if xp is np:
        return _host_module(kernel).__name__
    from .cuda import trials

    return trials.dense.__name__ if trials.holds(kernel, checked_precision(kernel, None)) else plain.__name__


def _host_module(kernel: str) -> ModuleType:
    """The module with the fastest function for float32 NumPy arrays."""
    if kernel == "matmul":
        return plain
    from .cpu import convolution, depthwise

    return depthwise if kernel.startswith("depthwise") else convolution


def _in_groups(
    run: Callable[..., None],
    xp: Any,
    groups: int,
    a: Array,
    b: Array,
    at: Windows,
    out: Array,
    bias: Array | None = None,
    **activation: Any,
) -> None:
    """`run` for one group after the other; in every array their parts lie side by side in the last dimension."""
    for group in range(groups):

        def part(array: Array, group: int = group) -> Array:
            length = array.shape[-1] // groups
            return array[..., length * group : length * (group + 1)]

        result = xp.empty(part(out).shape, out.dtype)
        finish = {"bias": None if bias is None else part(bias), **activation} if activation else {}
        run(xp.ascontiguousarray(part(a)), xp.ascontiguousarray(part(b)), at, result, **finish)
        part(out)[...] = result
