"""Cases of the ops on images: sizes, colors, pictures read and written."""

import numpy as np
from golden.pictures import picture
from op_cases import Case, normal

from scopeflow.engine.dtypes import float64
from scopeflow.engine.ops.resizing import (
    ResizeArea,
    ResizeAreaGrad,
    ResizeBicubic,
    ResizeBicubicGrad,
    ResizeBilinear,
    ResizeBilinearGrad,
    ResizeNearestNeighbor,
    ResizeNearestNeighborGrad,
)

RESIZERS = (
    (ResizeBilinear, ResizeBilinearGrad),
    (ResizeNearestNeighbor, ResizeNearestNeighborGrad),
    (ResizeBicubic, ResizeBicubicGrad),
    (ResizeArea, ResizeAreaGrad),
)
WAYS = {
    "": {"align_corners": False, "half_pixel_centers": False},
    ", aligned": {"align_corners": True, "half_pixel_centers": False},
    ", by half pixels": {"align_corners": False, "half_pixel_centers": True},
}


def _resized(op, size, way):
    return lambda tf, x: op(x, size, out=float64, **way)


def _colors():
    """float64 in [0.1, 0.9], no two of a pixel's three equal."""
    return np.random.default_rng(3).permuted(np.linspace(0.1, 0.9, 36)).reshape(3, 4, 3)


def _octets(*shape):
    return np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)


CASES = [
    *(
        Case(f"{op.type} {name}{label}", (op.type,), _resized(op, size, way), (normal(2, 5, 4, 3, seed=2),))
        for pair in RESIZERS
        for op in pair
        for name, size in (("up", (9, 11)), ("down", (2, 3)), ("mixed", (7, 1)))
        for label, way in WAYS.items()
    ),
    *(
        Case(name, (type,), build, (_colors(),), differentiable=False)
        for name, type, build in (
            ("RGBToHSV", "RGBToHSV", lambda tf, x: tf.image.rgb_to_hsv(x)),
            ("HSVToRGB", "HSVToRGB", lambda tf, x: tf.image.hsv_to_rgb(x)),
            ("AdjustHue", "AdjustHue", lambda tf, x: tf.image.adjust_hue(x, 0.3)),
            ("AdjustSaturation", "AdjustSaturation", lambda tf, x: tf.image.adjust_saturation(x, 1.3)),
            ("AdjustContrastv2", "AdjustContrastv2", lambda tf, x: tf.image.adjust_contrast(x, 1.3)),
        )
    ),
    *(
        Case(name, (type,), build, (), differentiable=False)
        for name, type, build in (
            ("DecodeJpeg", "DecodeJpeg", lambda tf: tf.image.decode_jpeg(picture("colors.jpg"), ratio=2)),
            ("DecodePng", "DecodePng", lambda tf: tf.image.decode_png(picture("palette.png"), dtype=tf.uint16)),
            ("DecodeBmp", "DecodeBmp", lambda tf: tf.image.decode_bmp(picture("colors.bmp"))),
            ("DecodeGif", "DecodeGif", lambda tf: tf.image.decode_gif(picture("moving.gif"))),
            ("DecodeImage", "DecodeImage", lambda tf: tf.image.decode_image(picture("gray.jpg"), dtype=tf.float32)),
            ("DecodeRaw", "DecodeRaw", lambda tf: tf.decode_raw([b"12345678", b"abcdefgh"], tf.int32)),
        )
    ),
    Case(
        "EncodePng", ("EncodePng",), lambda tf, x: tf.image.encode_png(x), (_octets(2, 5, 4, 3),), differentiable=False
    ),
    Case(
        "EncodeJpeg", ("EncodeJpeg",), lambda tf, x: tf.image.encode_jpeg(x), (_octets(5, 4, 3),), differentiable=False
    ),
]
