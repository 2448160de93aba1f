"""tf.signal: signals in frames and windows, and their Fourier and cosine transforms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..engine.build import constant, convert_to_tensor
from ..engine.dtypes import as_dtype, bool_, float32, int32
from ..engine.graph import Tensor, op_scope
from ..engine.ops.array import concat, pad, stack, tile, transpose
from ..engine.ops.basic import cast, expand_dims, ones, rank, reshape, zeros, zeros_like
from ..engine.ops.basic import shape as shape_of
from ..engine.ops.complex_parts import complex as whole
from ..engine.ops.complex_parts import real
from ..engine.ops.control_flow import cond
from ..engine.ops.indexing import gather
from ..engine.ops.math import (
    ceil,
    cos,
    equal,
    exp,
    floordiv,
    floormod,
    log,
    maximum,
    minimum,
    pow,
    rsqrt,
    sqrt,
    square,
    where,
)
from ..engine.ops.ranges import linspace
from ..engine.ops.ranges import range as range_of
from ..engine.ops.rearranging import roll
from ..engine.ops.reduce import reduce_sum
from ..engine.ops.spectral import (
    fft,
    fft2d,
    fft3d,
    ifft,
    ifft2d,
    ifft3d,
    irfft,
    irfft2d,
    irfft3d,
    rfft,
    rfft2d,
    rfft3d,
)
from ..engine.static import constant_value

Window = Callable[..., Tensor]  # window(length, dtype=…)


def _scalar(value: Any, name: str) -> Any:
    """An integer where it is known, else the tensor. Raises ValueError for anything with dimensions."""
    tensor = convert_to_tensor(value, name=name)
    tensor.shape.assert_has_rank(0)
    known = constant_value(tensor)
    return tensor if known is None else known.item()


def _length(x: Tensor, axis: int = -1) -> Any:
    """The length of an axis: an integer where it is known."""
    known = None if x.shape.ndims is None else x.shape.as_list()[axis]
    return shape_of(x)[axis] if known is None else known


def _most(a: Any, b: Any) -> Any:
    return maximum(a, b) if isinstance(a, Tensor) or isinstance(b, Tensor) else max(a, b)


def _over(a: Any, b: Any) -> Any:
    """a / b rounded up."""
    return -(-a // b)


def _behind(x: Tensor, count: Any, axis: int = -1, value: Any = 0) -> Tensor:
    """x with `count` more values at the end of an axis, which is counted from the last one."""
    widths = stack([0, count])[None]
    before = zeros(stack([rank(x) + axis, 2]), int32)
    after = zeros([-1 - axis, 2], int32)
    return pad(x, concat([before, widths, after], 0), constant_values=value)


# -- windows --------------------------------------------------------------------------------------------------------


def _raised_cosine(
    name: str | None, default: str, window_length: Any, periodic: Any, dtype: Any, a: float, b: float
) -> Tensor:  # fmt: skip
    """a - b cos(2 pi i / n); a periodic window of even length is the start of one that is longer by one."""
    dtype = as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Found {dtype}")
    with op_scope(name, default, [window_length, periodic]):
        length = _scalar(window_length, "window_length")
        if isinstance(length, int) and length == 1:
            return ones([1], dtype)
        longer = cast(convert_to_tensor(periodic, bool_, name="periodic"), int32)
        n = cast(length + longer * (1 - floormod(convert_to_tensor(length), 2)) - 1, dtype)

        def window() -> Tensor:
            return a - b * cos(constant(2 * math.pi, dtype) * cast(range_of(length), dtype) / n)

        if isinstance(length, int):
            return window()
        return cond(equal(length, 1), lambda: ones([length], dtype), window)


def hann_window(window_length: Any, periodic: Any = True, dtype: Any = float32, name: str | None = None) -> Tensor:
    """[window_length] weights 0.5 - 0.5 cos(2 pi i / n), where n is the length or, if not periodic, one less."""
    return _raised_cosine(name, "hann_window", window_length, periodic, dtype, 0.5, 0.5)


def hamming_window(window_length: Any, periodic: Any = True, dtype: Any = float32, name: str | None = None) -> Tensor:
    """[window_length] weights 0.54 - 0.46 cos(2 pi i / n), where n is the length or, if not periodic, one less."""
    return _raised_cosine(name, "hamming_window", window_length, periodic, dtype, 0.54, 0.46)


# -- frames ---------------------------------------------------------------------------------------------------------


def frame(
    signal: Any,
    frame_length: Any,
    frame_step: Any,
    pad_end: bool = False,
    pad_value: Any = 0,
    axis: int = -1,
    name: str | None = None,
) -> Tensor:
    """[..., frames, frame_length, ...]: pieces of `signal` along `axis`, `frame_step` apart, which may overlap.

    With `pad_end` a frame starts wherever there is signal, filled up with `pad_value`; else what is left over goes.
    """
    with op_scope(name, "frame", [signal, frame_length, frame_step, pad_value]):
        signal = convert_to_tensor(signal, name="signal")
        signal.shape.with_rank_at_least(1)
        length, step = _scalar(frame_length, "frame_length"), _scalar(frame_step, "frame_step")
        if axis >= 0:
            if signal.shape.ndims is None:
                raise ValueError("frame: of a signal of unknown rank, `axis` must be counted from the last one")
            axis -= signal.shape.ndims
        samples, sizes = _length(signal, axis), signal.shape
        if pad_end:
            count = _over(samples, step)
            missing = _most(0, length + step * (count - 1) - samples)
            signal = _behind(signal, missing, axis, convert_to_tensor(pad_value, signal.dtype))
        else:
            count = _most(0, 1 + (samples - length) // step)
        starts = expand_dims(range_of(count) * step, 1)
        frames = gather(signal, starts + range_of(length), axis=axis)
        if sizes.ndims is not None:
            outer, inner = sizes.as_list()[:axis], sizes.as_list()[axis:][1:]
            known = [n if isinstance(n, int) else None for n in (count, length)]
            frames.set_shape([*outer, *known, *inner])
        return frames


def overlap_and_add(signal: Any, frame_step: Any, name: str | None = None) -> Tensor:
    """[..., samples]: the sum of frames [..., frames, frame_length], each `frame_step` after the one before.

    Raises ValueError for less than two dimensions or a step that is no integer.
    """
    with op_scope(name, "overlap_and_add", [signal, frame_step]):
        signal = convert_to_tensor(signal, name="signal")
        signal.shape.with_rank_at_least(2)
        given = convert_to_tensor(frame_step, name="frame_step")
        if not given.dtype.is_integer:
            raise ValueError(f"frame_step must be an integer. Got {given.dtype}")
        step = _scalar(given, "frame_step")
        outer, frames, length = shape_of(signal)[:-2], _length(signal, -2), _length(signal)
        samples = length + step * (frames - 1)
        segments = _over(length, step)  # of `step` samples each; frame f adds its segment s to the place f + s
        signal = _behind(_behind(signal, segments * step - length), segments, axis=-2)
        signal = reshape(signal, concat([outer, stack([frames + segments, segments, step])], 0))
        order = concat([range_of(rank(signal) - 3), rank(signal) - 3 + constant([1, 0, 2])], 0)
        signal = transpose(signal, order)  # [..., segments, frames + segments, step], zeros at each row's end
        signal = reshape(signal, concat([outer, stack([(frames + segments) * segments, step])], 0))
        shifted = signal[..., : (frames + segments - 1) * segments, :]  # rows less by one: each is one place further
        shifted = reshape(shifted, concat([outer, stack([segments, frames + segments - 1, step])], 0))
        total = reshape(reduce_sum(shifted, -3), concat([outer, stack([(frames + segments - 1) * step])], 0))
        return total[..., :samples]


# -- the short-time Fourier transform -------------------------------------------------------------------------------


def _power_of_two(length: Any) -> Any:
    """The least power of two that is not below a length."""
    if isinstance(length, int):
        return int(2 ** math.ceil(math.log(length) / math.log(2.0)))
    return cast(pow(2.0, ceil(log(cast(length, float32)) / math.log(2.0))), int32)


def stft(
    signals: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Window | None = hann_window,
    pad_end: bool = False,
    name: str | None = None,
) -> Tensor:
    """[..., frames, fft_length // 2 + 1]: the Fourier transform of each frame of real signals [..., samples].

    Frames are weighed by `window_fn(frame_length, dtype=…)` first; the default `fft_length` is the least power of two
    that holds a frame.
    """
    with op_scope(name, "stft", [signals, frame_length, frame_step]):
        signals = convert_to_tensor(signals, name="signals")
        signals.shape.with_rank_at_least(1)
        length = _scalar(frame_length, "frame_length")
        points = _power_of_two(length) if fft_length is None else _scalar(fft_length, "fft_length")
        frames = frame(signals, length, frame_step, pad_end=pad_end)
        if window_fn is not None:
            frames = frames * window_fn(length, dtype=frames.dtype)
        return rfft(frames, [points])


def inverse_stft_window_fn(
    frame_step: Any, forward_window_fn: Window = hann_window, name: str | None = None
) -> Callable[[Any, Any], Tensor]:
    """The window with which `inverse_stft` undoes an `stft` by `forward_window_fn`: that over its squares' sum."""

    def window(frame_length: Any, dtype: Any) -> Tensor:
        with op_scope(name, "inverse_stft_window_fn", [frame_length]):
            step, length = _scalar(frame_step, "frame_step"), _scalar(frame_length, "frame_length")
            forward = forward_window_fn(length, dtype=dtype)
            overlaps = _over(length, step)
            squares = reshape(_behind(square(forward), overlaps * step - length), stack([overlaps, step]))
            sums = reshape(tile(reduce_sum(squares, 0, keepdims=True), stack([overlaps, 1])), [-1])[:length]
            return where(equal(sums, 0.0), zeros_like(forward), forward / sums)

    return window


def inverse_stft(
    stfts: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Window | None = hann_window,
    name: str | None = None,
) -> Tensor:
    """[..., samples] real signals from the transforms of their frames [..., frames, fft_length // 2 + 1].

    The frames are weighed by `window_fn` and added where they overlap: with `inverse_stft_window_fn` that is the
    inverse of `stft` but for the ends.
    """
    with op_scope(name, "inverse_stft", [stfts]):
        stfts = convert_to_tensor(stfts, name="stfts")
        stfts.shape.with_rank_at_least(2)
        length = _scalar(frame_length, "frame_length")
        points = _power_of_two(length) if fft_length is None else _scalar(fft_length, "fft_length")
        frames = irfft(stfts, [points])[..., :length]
        frames = _behind(frames, _most(0, length - _length(frames)))
        if frames.shape.ndims is not None and isinstance(length, int):
            frames.set_shape([None] * (frames.shape.ndims - 1) + [length])
        if window_fn is not None:
            frames = frames * window_fn(length, dtype=stfts.dtype.real_dtype)
        return overlap_and_add(frames, frame_step)


# -- the cosine transform -------------------------------------------------------------------------------------------


def _check_cosine(x: Tensor, type: int, n: int | None, axis: int, norm: str | None) -> None:
    if axis != -1:
        raise NotImplementedError(f"axis must be -1. Got: {axis}")
    if n is not None and n < 1:
        raise ValueError("n should be a positive integer or None")
    if type not in (1, 2, 3, 4):
        raise ValueError("Types I, II, III and IV (I)DCT are supported.")
    if type == 1 and norm == "ortho":
        raise ValueError("Normalization is not supported for the Type-I DCT.")
    if type == 1 and x.shape.ndims is not None and (x.shape.as_list()[-1] or 2) < 2:
        raise ValueError("Type-I DCT requires the dimension to be greater than one.")
    if norm not in (None, "ortho"):
        raise ValueError(f"Unknown normalization. Expected None or 'ortho', got: {norm}")


def dct(
    input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: str | None = None
) -> Tensor:  # fmt: skip
    """The discrete cosine transform of type 1 to 4 over the last dimension, cut off or filled up with zeros to `n`.

    Of type 2 it is 2 sum over i of x_i cos(pi k (2 i + 1) / (2 N)); "ortho" makes it an orthogonal one. Raises
    ValueError for other types and norms, NotImplementedError for another axis.
    """
    x = convert_to_tensor(input, preferred_dtype=float32)
    _check_cosine(x, type, n, axis, norm)
    return _cosine(x, type, n, norm, name)


def idct(
    input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: str | None = None
) -> Tensor:  # fmt: skip
    """The inverse of `dct`; without "ortho" it is times twice the number of points (for type 1, of its mirror)."""
    x = convert_to_tensor(input, preferred_dtype=float32)
    _check_cosine(x, type, n, axis, norm)
    return _cosine(x, {1: 1, 2: 3, 3: 2, 4: 4}[type], n, norm, name)


def _cosine(x: Tensor, type: int, n: Any, norm: str | None, name: str | None = None) -> Tensor:
    with op_scope(name, "dct", [x]):
        if n is not None:
            x = _behind(x[..., :n], _most(0, n - _length(x)))
        points = _length(x)
        count = cast(points, x.dtype)
        if type == 1:
            return real(rfft(concat([x, x[..., -2:0:-1]], -1)))
        if type == 4:
            found = _cosine(x, 2, 2 * points, None)[..., 1::2]
            return found if norm is None else found * (math.sqrt(0.5) * rsqrt(count))
        angles = cast(range_of(points), x.dtype) * (math.pi * 0.5) / count
        if type == 2:
            turned = 2.0 * exp(whole(zeros_like(angles), -angles))
            found = real(rfft(x, [2 * points])[..., :points] * turned)
            return found if norm is None else found * _weights(0.5 * rsqrt(count), math.sqrt(2.0), points)
        x = x * (count if norm is None else _weights(sqrt(count), math.sqrt(0.5), points))
        turned = 2.0 * exp(whole(zeros_like(angles), angles))
        return irfft(turned * whole(x, zeros_like(x)), [2 * points])[..., :points]


def _weights(first: Tensor, ratio: float, points: Any) -> Tensor:
    """[points]: `first`, and `ratio` times that for the others."""
    return concat([expand_dims(first, 0), tile(expand_dims(first * ratio, 0), stack([points - 1]))], 0)


# -- mel spectrograms -----------------------------------------------------------------------------------------------


def _mel(hertz: Any) -> Tensor:
    """On the mel scale: 1127 ln(1 + f / 700)."""
    return 1127.0 * log(1.0 + convert_to_tensor(hertz) / 700.0)


def linear_to_mel_weight_matrix(
    num_mel_bins: int = 20,
    num_spectrogram_bins: int = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: float = 125.0,
    upper_edge_hertz: float = 3800.0,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """[num_spectrogram_bins, num_mel_bins]: the share of each frequency in each of the triangular mel bands.

    Frequencies go from 0 to half the sample rate, bands evenly over the mel scale between the edges. Raises ValueError
    for edges and rates that make no sense.
    """
    dtype = as_dtype(dtype)
    with op_scope(name, "linear_to_mel_weight_matrix", []) as scope:
        if isinstance(sample_rate, Tensor):
            known = constant_value(sample_rate)
            sample_rate = sample_rate if known is None else known.item()
        _check_bands(num_mel_bins, sample_rate, lower_edge_hertz, upper_edge_hertz)
        if not dtype.is_floating:
            raise ValueError(f"dtype must be a floating point type. Got: {dtype}")
        highest = cast(sample_rate, dtype) / 2.0
        frequencies = linspace(constant(0.0, dtype), highest, num_spectrogram_bins)[1:]  # 0 Hz is in no band
        at = expand_dims(_mel(frequencies), 1)
        low, high = (_mel(constant(edge, dtype)) for edge in (lower_edge_hertz, upper_edge_hertz))
        edges = linspace(low, high, num_mel_bins + 2)
        lower, center, upper = (edges[None, i : num_mel_bins + i] for i in range(3))
        rising, falling = (at - lower) / (center - lower), (upper - at) / (upper - center)
        shares = maximum(constant(0.0, dtype), minimum(rising, falling))
        return pad(shares, [[1, 0], [0, 0]], name=scope)


def _check_bands(num_mel_bins: int, sample_rate: Any, lower: float, upper: float) -> None:
    if num_mel_bins <= 0:
        raise ValueError(f"num_mel_bins must be positive. Got: {num_mel_bins}")
    if lower < 0.0:
        raise ValueError(f"lower_edge_hertz must be non-negative. Got: {lower}")
    if lower >= upper:
        raise ValueError(f"lower_edge_hertz {lower:.1f} >= upper_edge_hertz {upper:.1f}")
    if isinstance(sample_rate, Tensor):
        return
    if sample_rate <= 0.0:
        raise ValueError(f"sample_rate must be positive. Got: {sample_rate}")
    if upper > sample_rate / 2:
        raise ValueError(
            "upper_edge_hertz must not be larger than the Nyquist frequency (sample_rate / 2). "
            f"Got {upper} for sample_rate: {sample_rate}"
        )


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Tensor:
    """Mel-frequency cepstral coefficients: the cosine transform of log mel spectrograms [..., bins], over sqrt(2 bins).

    Raises ValueError for no bins.
    """
    with op_scope(name, "mfccs_from_log_mel_spectrograms", [log_mel_spectrograms]):
        spectrograms = convert_to_tensor(log_mel_spectrograms)
        bins = _length(spectrograms)
        if isinstance(bins, int) and not bins:
            raise ValueError(f"num_mel_bins must be positive. Got: {spectrograms}")
        found = dct(spectrograms)
        return found * rsqrt(cast(bins, found.dtype) * 2.0)


# -- shifts ---------------------------------------------------------------------------------------------------------


def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """A spectrum with zero frequency in the middle of `axes` (all of them), not at their start."""
    return _shifted(x, axes, "fftshift", name, 1)


def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """The inverse of `fftshift`."""
    return _shifted(x, axes, "ifftshift", name, -1)


def _shifted(x: Any, axes: Any, default: str, name: str | None, direction: int) -> Tensor:
    with op_scope(name, default, [x]) as scope:
        x = convert_to_tensor(x)
        chosen = range_of(rank(x)) if axes is None else reshape(convert_to_tensor(axes, int32), [-1])
        chosen = where(chosen < 0, chosen + rank(x), chosen)
        return roll(x, direction * floordiv(gather(shape_of(x), chosen), 2), chosen, name=scope)


__all__ = [
    "dct", "fft", "fft2d", "fft3d", "fftshift", "frame", "hamming_window", "hann_window", "idct", "ifft", "ifft2d",
    "ifft3d", "ifftshift", "inverse_stft", "inverse_stft_window_fn", "irfft", "irfft2d", "irfft3d",
    "linear_to_mel_weight_matrix", "mfccs_from_log_mel_spectrograms", "overlap_and_add", "rfft", "rfft2d", "rfft3d",
    "stft",
]  # fmt: skip
