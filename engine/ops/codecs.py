"""Pictures and their bytes: JPEG, PNG, GIF and BMP read, JPEG and PNG written; raw numbers from bytes."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from .. import dtypes
from ..dtypes import as_dtype
from ..errors import InvalidArgumentError, OpError, UnimplementedError
from ..graph import Tensor
from ..registry import OpDef, define, not_differentiable
from ..shapes import TensorShape
from .common import of_rank

_PNG = b"\x89PNG\r\n\x1a\n"
_BEGINNINGS = {b"\xff\xd8\xff": "JPEG", _PNG: "PNG", b"GIF8": "GIF", b"BM": "BMP"}
_DAMAGED = {
    "JPEG": "jpeg::Uncompress failed. Invalid JPEG data or crop window.",
    "PNG": "Invalid PNG. Failed to initialize decoder.",
    "GIF": "Invalid GIF data",
    "BMP": "Incomplete bmp content",
}


def _invalid(message: str) -> OpError:
    return InvalidArgumentError(None, None, message)


def _pillow() -> Any:
    """Pillow's Image module. Raises ImportError with what to install."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("Pictures are read and written by Pillow: pip install 'scopeflow[images]'") from error
    return Image


# -- pixels ---------------------------------------------------------------------------------------------------------

_LUMA = np.array([9798, 19235, 3735])  # 0.299, 0.587, 0.114 in 1/32768, as libpng weighs red, green and blue


def _with_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """Pixels [..., C] with so many channels (0: as they are): gray repeated, colors weighed, alpha dropped or full."""
    now = pixels.shape[-1]
    if channels in (0, now):
        return pixels
    color, alpha = (pixels[..., :-1], pixels[..., -1:]) if now in (2, 4) else (pixels, None)
    if channels == 1 and color.shape[-1] == 3:
        return ((color.astype(np.int64) @ _LUMA) >> 15).astype(pixels.dtype)[..., None]
    if channels >= 3 and color.shape[-1] == 1:
        color = np.repeat(color, 3, -1)
    if channels < 4:
        return color
    opaque = np.full((*color.shape[:-1], 1), np.iinfo(pixels.dtype).max, pixels.dtype)
    return np.concatenate([color, opaque if alpha is None else alpha], -1)


def _in_range(pixels: np.ndarray, dtype: np.dtype, step: int = 256) -> np.ndarray:
    """uint8 or uint16 pixels over the range of uint8 or uint16, or as floats from 0 to 1.

    `step` is what 1 of 255 becomes in uint16: 257 for PNGs, which so reach 65535, 256 for all else.
    """
    if dtype.kind == "f":
        return pixels.astype(dtype) * dtype.type(1 / np.iinfo(pixels.dtype).max)
    if dtype == pixels.dtype:
        return pixels
    return (pixels >> 8).astype(dtype) if dtype == np.uint8 else pixels.astype(dtype) * dtype.type(step)


def _pixels(picture: Any, with_alpha: bool = False) -> np.ndarray:
    """A Pillow picture as [H, W, C]: palettes as their colors, 16 bits of gray as uint16, all else as uint8.

    A color that counts as transparent becomes alpha in a palette, elsewhere only where asked for.
    """
    if picture.mode == "P" or (with_alpha and "transparency" in picture.info):
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    elif picture.mode.startswith("I"):
        return np.array(picture).astype(np.uint16)[..., None]
    elif picture.mode == "1":
        picture = picture.convert("L")
    array = np.array(picture)
    return array[..., None] if array.ndim == 2 else array


# -- reading --------------------------------------------------------------------------------------------------------


def _jpeg(picture: Any, channels: int, dtype: np.dtype, ratio: int = 1) -> np.ndarray:
    if channels == 4:
        raise _invalid("JPEG does not support 4 channels")
    if channels == 1 or ratio != 1:  # libjpeg itself leaves out what is not asked for
        width, height = picture.size
        picture.draft("L" if channels == 1 else None, (width / ratio, height / ratio))
    gray = channels == 1 or (channels == 0 and picture.mode == "L")
    return _in_range(_pixels(picture.convert("L" if gray else "RGB")), dtype)


def _png(picture: Any, channels: int, dtype: np.dtype, contents: bytes) -> np.ndarray:
    depth, color = contents[24], contents[25]
    if depth == 16 and color and dtype != np.uint8:
        raise UnimplementedError(None, None, "PNGs of colors in 16 bits can be read as uint8 only")
    pixels = _with_channels(_pixels(picture, with_alpha=channels == 4), channels)
    if dtype.kind == "f":
        pixels = _in_range(pixels, np.dtype(np.uint16), 257)  # the way TensorFlow goes, for its roundings
    return _in_range(pixels, dtype, 257)


def _bmp(picture: Any, channels: int, dtype: np.dtype) -> np.ndarray:
    if channels == 1:
        raise _invalid("`channels` must be 0, 3 or 4 for BMP, but got 1")
    return _in_range(_with_channels(_pixels(picture), channels), dtype)


def _frames(picture: Any, channels: int, dtype: np.dtype) -> np.ndarray:
    """All frames of a GIF, [frames, H, W, 3], each with what shows through from those before it."""
    if channels not in (0, 3):
        raise _invalid(f"channels must be 0 or 3 for GIF, got {channels}")
    frames = []
    for number in range(picture.n_frames):
        picture.seek(number)
        frames.append(np.array(picture.convert("RGB")))
    return _in_range(np.stack(frames), dtype)


def _read(op: str, contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, ratio: int = 1) -> np.ndarray:
    """The pixels in the bytes of a file: [H, W, C], or [frames, H, W, 3] of a GIF. Raises InvalidArgumentError.

    As in TensorFlow, `op` may read other formats than that in its name, but BMPs and others are kept apart.
    """
    data: Any = np.asarray(contents, object)[()]
    if not data:
        raise _invalid("Input is empty.")
    if channels not in (0, 1, 3, 4):
        raise _invalid(f"`channels` must be 0, 1, 3 or 4 but got {channels}")
    kind = next((name for start, name in _BEGINNINGS.items() if data.startswith(start)), None)
    if kind is None:
        raise _invalid("Unknown image file format. One of JPEG, PNG, GIF, BMP required.")
    if op != "DecodeImage" and (kind == "BMP") != (op == "DecodeBmp"):
        raise _invalid(
            f"Trying to decode {kind} format using a wrong op. Use `decode_{kind.lower()}` or `decode_image` instead. "
            f"Op used: {op}"
        )
    image, element = _pillow(), as_dtype(dtype).numpy
    try:
        with image.open(io.BytesIO(data), formats=[kind]) as picture:
            if kind == "JPEG":
                return _jpeg(picture, channels, element, ratio)
            if kind == "PNG":
                return _png(picture, channels, element, data)
            return (_frames if kind == "GIF" else _bmp)(picture, channels, element)
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        IndexError,
        struct.error,
        image.DecompressionBombError,
    ) as error:
        raise _invalid(f"{_DAMAGED[kind]} ({error})") from error


def _still(op: str, k: Any, contents: Any, **how: Any) -> Any:
    """One picture, [H, W, C]."""
    pixels = _read(op, contents, **how)
    if pixels.ndim == 4 and len(pixels) != 1:
        raise _invalid(
            f"Got {len(pixels)} frames, but animated gifs can only be decoded by tf.image.decode_gif or "
            "tf.image.decode_image"
        )
    return k.asarray(pixels.reshape(pixels.shape[-3:]))


def _one_file(contents: Tensor) -> None:
    if contents.shape.ndims not in (None, 0):
        raise ValueError(f"Shape must be rank 0 but is rank {contents.shape.ndims}")


def _still_shape(contents: Tensor, channels: int, **_: Any) -> TensorShape:
    _one_file(contents)
    if channels < 0:
        raise ValueError(f"channels must be non-negative, got {channels}")
    return TensorShape([None, None, channels or None])


def _gif_shape(contents: Tensor) -> TensorShape:
    _one_file(contents)
    return TensorShape([None, None, None, 3])


def _any_shape(contents: Tensor, channels: int, dtype: Any, expand_animations: bool) -> TensorShape:
    still = _still_shape(contents, channels)
    return TensorShape(None) if expand_animations else still


def _decode_jpeg(op: str, k: Any, contents: Any, channels: int, ratio: int, dct_method: str) -> Any:
    if ratio not in (1, 2, 4, 8):
        raise _invalid(f"ratio must be 1, 2, 4, or 8, got {ratio}")
    if dct_method not in ("", "INTEGER_FAST", "INTEGER_ACCURATE"):
        raise _invalid("dct_method must be one of {'', 'INTEGER_FAST', 'INTEGER_ACCURATE'}")
    return _still(op, k, contents, channels=channels, ratio=ratio)


def _decode_gif(op: str, k: Any, contents: Any) -> Any:
    pixels = _read(op, contents)
    return k.asarray(pixels if pixels.ndim == 4 else _with_channels(pixels, 3)[None])


def _decode_image(op: str, k: Any, contents: Any, channels: int, dtype: Any, expand_animations: bool) -> Any:
    pixels = _read(op, contents, channels, dtype)
    return k.asarray(pixels if expand_animations or pixels.ndim == 3 else pixels[0])


def _define_decoder(type: str, result: str, shape: Callable, kernel: Callable) -> OpDef:
    signature = f"contents:string -> {result}"
    return define(type, signature, shape=shape, kernel=partial(kernel, type), grad=not_differentiable)


DecodeJpeg = _define_decoder("DecodeJpeg", "image:uint8", _still_shape, _decode_jpeg)
DecodePng = _define_decoder("DecodePng", "image:dtype", _still_shape, _still)
DecodeBmp = _define_decoder("DecodeBmp", "image:uint8", _still_shape, _still)
DecodeGif = _define_decoder("DecodeGif", "image:uint8", _gif_shape, _decode_gif)
DecodeImage = _define_decoder("DecodeImage", "image:dtype", _any_shape, _decode_image)


def decode_jpeg(
    contents: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Tensor:
    """The uint8 pixels [H, W, C] of a JPEG's bytes (or of a PNG's, BMP's or a still GIF's).

    `channels` is 1 for gray, 3 for colors, 0 for what the file has; `ratio` 2, 4 or 8 reads it smaller. Pixels are
    those of TensorFlow's INTEGER_ACCURATE; with its default, which is faster and coarser, it differs from them by a
    few units. Raises NotImplementedError for what Pillow cannot do (no fancy upscaling, truncated files),
    InvalidArgumentError in a run for bytes that are no picture.
    """
    if not fancy_upscaling or try_recover_truncated or acceptable_fraction != 1:
        raise NotImplementedError(
            "decode_jpeg: fancy_upscaling=False, try_recover_truncated=True and an acceptable_fraction are not there"
        )
    return DecodeJpeg(contents, channels=channels, ratio=ratio, dct_method=dct_method, name=name)


def decode_png(contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None) -> Tensor:
    """The pixels [H, W, C] of a PNG's bytes (or of other pictures'), uint8 or uint16; `channels` 4 is with alpha."""
    wanted = as_dtype(dtype)
    if wanted not in (dtypes.uint8, dtypes.uint16):
        raise TypeError(
            f"Value passed to parameter 'dtype' has DataType {wanted.name} not in list of allowed values: uint8, uint16"
        )
    return DecodePng(contents, channels=channels, dtype=wanted, name=name)


def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Tensor:
    """The uint8 pixels [H, W, C] of a BMP's bytes."""
    return DecodeBmp(contents, channels=channels, name=name)


def decode_gif(contents: Any, name: str | None = None) -> Tensor:
    """The uint8 pixels [frames, H, W, 3] of a GIF's bytes."""
    return DecodeGif(contents, name=name)


def decode_image(
    contents: Any,
    channels: int | None = None,
    dtype: Any = dtypes.uint8,
    name: str | None = None,
    expand_animations: bool = True,
) -> Tensor:
    """The pixels of a JPEG's, PNG's or BMP's bytes, [H, W, C], or of a GIF's, [frames, H, W, 3] (or its first frame).

    `dtype` is uint8, uint16 or float32 (from 0 to 1). The static shape is unknown unless `expand_animations` is off.
    """
    wanted = as_dtype(dtype)
    if wanted not in (dtypes.uint8, dtypes.uint16, dtypes.float32):
        raise ValueError(f"decode_image gives uint8, uint16 or float32, not {wanted.name}")
    attrs = {"channels": channels or 0, "dtype": wanted, "expand_animations": expand_animations}
    return DecodeImage(contents, **attrs, name=name or "decode_image")


# -- writing --------------------------------------------------------------------------------------------------------


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _filtered(rows: np.ndarray, pixel: int) -> np.ndarray:
    """Each row of bytes [H, bytes] less its left or upper neighbor, or as it is: whichever has the least sizes."""
    left = rows.copy()
    left[:, pixel:] -= rows[:, :-pixel]
    up = rows.copy()
    up[1:] -= rows[:-1]
    ways = np.stack([rows, left, up])
    best = np.abs(ways.view(np.int8).astype(np.int16)).sum(-1).argmin(0)
    return np.concatenate([best[:, None].astype(np.uint8), ways[best, np.arange(len(rows))]], 1)


def _png_of(pixels: np.ndarray, compression: int) -> bytes:
    """A PNG of [H, W, C] (PNG specification, third edition)."""
    height, width, channels = pixels.shape
    rows = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder(">"))).view(np.uint8)
    rows = rows.reshape(height, width * channels * pixels.itemsize)
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, color, 0, 0, 0)
    data = zlib.compress(_filtered(rows, channels * pixels.itemsize).tobytes(), compression)
    return _PNG + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _pictures(images: np.ndarray) -> Iterator[np.ndarray]:
    yield from images.reshape(-1, *images.shape[-3:]) if images.size else ()


def _strings(values: list[bytes], shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array.reshape(shape)


def _encode_png(k: Any, images: Any, compression: int) -> Any:
    if images.shape[-1] not in (1, 2, 3, 4):
        raise _invalid(f"image must have 1, 2, 3, or 4 channels, got {images.shape[-1]}")
    if 0 in images.shape[-3:]:
        raise _invalid(f"image must not be empty, got {list(images.shape)}")
    return _strings([_png_of(image, compression) for image in _pictures(images)], images.shape[:-3])


def _batch_shape(image: Tensor, **_: Any) -> TensorShape:
    sizes = image.shape.sizes
    if sizes is not None and len(sizes) < 3:
        raise ValueError(f"Shape must be at least rank 3 but is rank {len(sizes)}")
    return TensorShape(None if sizes is None else sizes[:-3])


EncodePng = define(
    "EncodePng",
    "image:T -> contents:string",
    shape=_batch_shape,
    kernel=_encode_png,
    grad=not_differentiable,
    types={"T": (dtypes.uint8, dtypes.uint16)},
)


def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Tensor:
    """The bytes of a PNG with the pixels [H, W, C], uint8 or uint16; C is 1 (gray), 2 (with alpha), 3 or 4.

    `compression` goes from 0 to 9; -1 is zlib's own choice. Of [..., H, W, C] there is a PNG for each.
    """
    return EncodePng(image, compression=compression, name=name)


_MODES = {"": (1, 3), "grayscale": (1,), "rgb": (3,)}


def _encode_jpeg(
    k: Any, image: Any, format: str, optimize_size: bool, chroma_downsampling: bool, density_unit: str,
    x_density: int, y_density: int, **how: Any,
) -> Any:  # fmt: skip
    if image.shape[-1] not in _MODES[format]:
        wanted = " or ".join(map(str, _MODES[format]))
        shape = ",".join(map(str, image.shape))
        raise _invalid(f"image must have {wanted} channels, got [{shape}]")
    if not image.size:
        raise _invalid(f"image must not be empty, got {list(image.shape)}")
    file = io.BytesIO()
    picture = _pillow().fromarray(image[..., 0] if image.shape[-1] == 1 else np.ascontiguousarray(image))
    unit = _CM_PER_INCH if density_unit == "cm" else 1
    dots = (round(x_density * unit), round(y_density * unit))
    halved = 2 if chroma_downsampling else 0  # Pillow's numbers for 4:2:0 and 4:4:4
    picture.save(file, "JPEG", dpi=dots, optimize=optimize_size, subsampling=halved, **how)
    return _strings([file.getvalue()], ())


def _rank_3(image: Tensor, **_: Any) -> TensorShape:
    of_rank(image, 3)
    return TensorShape([])


EncodeJpeg = define(
    "EncodeJpeg", "image:uint8 -> contents:string", shape=_rank_3, kernel=_encode_jpeg, grad=not_differentiable
)
_CM_PER_INCH = 2.54


def encode_jpeg(
    image: Any,
    format: str = "",
    quality: int = 95,
    progressive: bool = False,
    optimize_size: bool = False,
    chroma_downsampling: bool = True,
    density_unit: str = "in",
    x_density: int = 300,
    y_density: int = 300,
    xmp_metadata: str = "",
    name: str | None = None,
) -> Tensor:
    """The bytes of a JPEG with the uint8 pixels [H, W, C]; C is 1 (gray) or 3, and `format` may insist on one.

    Raises ValueError for an unknown format, unit or quality, NotImplementedError for metadata.
    """
    if format not in _MODES:
        raise ValueError(
            f"Attr 'format' of 'EncodeJpeg' Op passed string '{format}' not in: \"\", \"grayscale\", \"rgb\"."
        )
    if density_unit not in ("in", "cm"):
        raise ValueError(
            f"Attr 'density_unit' of 'EncodeJpeg' Op passed string '{density_unit}' not in: \"in\", \"cm\"."
        )
    if not 0 <= quality <= 100:
        raise ValueError(f"quality must be in [0,100], got {quality}")
    if xmp_metadata:
        raise NotImplementedError("encode_jpeg: xmp_metadata is not there")
    return EncodeJpeg(
        image,
        format=format,
        quality=quality,
        progressive=progressive,
        optimize_size=optimize_size,
        chroma_downsampling=chroma_downsampling,
        density_unit=density_unit,
        x_density=x_density,
        y_density=y_density,
        name=name,
    )


# -- numbers from bytes ---------------------------------------------------------------------------------------------


def _decode_raw(k: Any, values: Any, out_type: Any, little_endian: bool) -> Any:
    strings, element = np.asarray(values, object), out_type.numpy
    lengths = {len(value) for value in strings.flat} or {0}
    if len(lengths) > 1:
        sizes = sorted(lengths)
        raise _invalid(f"DecodeRaw requires input strings to all be the same size, but found sizes {sizes}")
    (length,) = lengths
    if length % element.itemsize:
        raise _invalid(
            f"Input to DecodeRaw has length {length} that is not a multiple of {element.itemsize}, "
            f"the size of {out_type.name}"
        )
    flat = np.frombuffer(b"".join(strings.flat), np.dtype(f"V{element.itemsize}"))
    numbers = flat.view(np.uint8).reshape(-1, element.itemsize)
    numbers = np.ascontiguousarray(numbers if little_endian else numbers[:, ::-1]).view(element)
    if numbers.base is not None:
        numbers = numbers.copy()
    return k.asarray(numbers.reshape(*strings.shape, length // element.itemsize))


DecodeRaw = define(
    "DecodeRaw",
    "bytes:string -> output:out_type",
    shape=lambda bytes, **_: bytes.shape.concatenate([None]),
    kernel=_decode_raw,
    grad=not_differentiable,
)


def decode_raw(
    input_bytes: Any = None,
    out_type: Any = None,
    little_endian: bool = True,
    name: str | None = None,
    bytes: Any = None,
) -> Tensor:
    """Numbers of `out_type` from strings of equal length, as many as a string holds along a new last axis.

    Raises InvalidArgumentError in a run for strings of different lengths or of a length that does not fit.
    """
    strings = bytes if input_bytes is None else input_bytes
    return DecodeRaw(strings, out_type=as_dtype(out_type), little_endian=little_endian, name=name)


__all__ = [
    "decode_bmp", "decode_gif", "decode_image", "decode_jpeg", "decode_png", "decode_raw", "encode_jpeg", "encode_png",
]  # fmt: skip
