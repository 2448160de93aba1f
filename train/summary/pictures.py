"""What `tf.summary.image` and `tf.summary.audio` make of numbers: PNGs and WAVs."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np

# Where the largest value of an image is below this, the image is black (or grey, where there are negative values).
_NEARLY_ZERO = 1e-6
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def to_bytes(image: np.ndarray, bad_color: np.ndarray) -> np.ndarray:
    """An image [H, W, C] of floats as uint8, scaled as TensorFlow does; pixels that are not finite get `bad_color`.

    An image without negative values is scaled so that the largest becomes 255; in another, zero becomes 128 and the
    value that is farthest from it 1 or 255.
    """
    pixels = image.reshape(-1, image.shape[-1])
    finite = np.isfinite(pixels).all(axis=1)
    good = pixels[finite]
    number = image.dtype.type
    low, high = (good.min(), good.max()) if good.size else (number(np.inf), number(-np.inf))
    middle, reach, most = (number(128), max(abs(low), abs(high)), 127) if low < 0 else (number(0), high, 255)
    scale = number(0) if reach < _NEARLY_ZERO else number(most) / reach
    result = np.empty(pixels.shape, np.uint8)
    result[finite] = (good * scale + middle).astype(np.uint8)
    result[~finite] = bad_color[: image.shape[-1]]
    return result.reshape(image.shape)


def png(image: np.ndarray) -> bytes:
    """An image [H, W, C] of uint8, C of 1, 3 or 4, as a PNG. Raises ImportError without Pillow."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("tf.summary.image writes PNGs with Pillow: pip install 'scopeflow[images]'") from error
    mode = _MODES[image.shape[-1]]
    encoded = io.BytesIO()
    Image.fromarray(image[..., 0] if mode == "L" else image).save(encoded, "png")
    return encoded.getvalue()


def image_fields(image: np.ndarray) -> dict[str, Any]:
    """The fields of a Summary.Image for [H, W, C] of uint8."""
    height, width, channels = image.shape
    return {"height": height, "width": width, "colorspace": channels, "encoded_image_string": png(image)}


def audio_fields(frames: np.ndarray, sample_rate: float) -> dict[str, Any]:
    """The fields of a Summary.Audio for [frames, channels] of floats in [-1, 1]; what is beyond is cut off."""
    length, channels = frames.shape
    return {
        "sample_rate": float(sample_rate), "num_channels": channels, "length_frames": length,
        "encoded_audio_string": wav(frames, int(np.rint(sample_rate))), "content_type": "audio/wav",
    }  # fmt: skip


def wav(frames: np.ndarray, sample_rate: int) -> bytes:
    """A WAV file of 16-bit samples: http://soundfile.sapp.org/doc/WaveFormat."""
    scaled = frames.astype(np.float32) * np.float32(1 << 15)
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled))
    samples = np.clip(rounded, -(1 << 15), (1 << 15) - 1).astype("<i2").tobytes()
    channels = frames.shape[1]
    head = struct.pack("<IHHIIHH", 16, 1, channels, sample_rate, sample_rate * channels * 2, channels * 2, 16)
    body = b"WAVE" + b"fmt " + head + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body
