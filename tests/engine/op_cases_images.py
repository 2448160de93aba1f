"""Cases of the ops on images: sizes, colors, pictures read and written."""

import numpy as np
from golden.pictures import picture
from op_cases import Case, normal

from scopeflow.engine.dtypes import float64
from scopeflow.engine.ops.boxes import CropAndResize, CropAndResizeGradImage
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


BOXES = np.array([[0.1, 0.2, 0.9, 0.8], [-0.3, 0.1, 0.7, 1.2], [0.8, 0.9, 0.3, 0.1]], np.float32)
OWNERS = np.array([0, 1, 1], np.int32)


def _cropped(size, method):
    return lambda tf, x: CropAndResize(
        x, BOXES, OWNERS, size, out=float64, method=method, extrapolation_value=0.5
    )  # fmt: skip


def _uncropped(method):
    return lambda tf, g: CropAndResizeGradImage(g, BOXES, OWNERS, (2, 5, 4, 2), T=float64, method=method)


CASES = [
    *(
        Case(
            f"CropAndResize {method} {size}", ("CropAndResize",), _cropped(size, method), (normal(2, 5, 4, 2, seed=3),)
        )
        for method in ("bilinear", "nearest")
        for size in ((3, 4), (1, 2))
    ),
    *(
        Case(f"CropAndResizeGradImage {method}", ("CropAndResizeGradImage",), _uncropped(method), (normal(3, 2, 2, 2),))
        for method in ("bilinear", "nearest")
    ),
    *(
        Case(name, (name,), build, inputs, differentiable=False)
        for name, build, inputs in (
            (
                "CropAndResizeGradBoxes",
                lambda tf, x, boxes: tf.gradients(tf.image.crop_and_resize(x, boxes, OWNERS, (3, 2)), boxes)[0],
                (normal(2, 5, 4, 2), BOXES),
            ),
            ("NonMaxSuppressionV3", lambda tf, x: tf.image.non_max_suppression(x, [0.3, 0.9, 0.8], 2), (BOXES,)),
            (
                "NonMaxSuppressionV5",
                lambda tf, x: list(tf.image.non_max_suppression_with_scores(x, [0.3, 0.9, 0.8], 2)),
                (BOXES,),
            ),
            (
                "NonMaxSuppressionWithOverlaps",
                lambda tf, x: tf.image.non_max_suppression_overlaps(x, [0.3, 0.9, 0.8], 2),
                (BOXES[:, :3],),
            ),
            (
                "DrawBoundingBoxes",
                lambda tf, x: tf.image.draw_bounding_boxes(x, BOXES[None, :2]),
                (normal(1, 5, 4, 3).astype(np.float32),),
            ),
            (
                "DrawBoundingBoxesV2",
                lambda tf, x: tf.image.draw_bounding_boxes(x, BOXES[None, :2], colors=[[0.5, 0.25, 0.125]]),
                (normal(1, 5, 4, 3).astype(np.float32),),
            ),
            (
                "SampleDistortedBoundingBoxV2",
                lambda tf, x: list(tf.image.sample_distorted_bounding_box(x, [[[0.1, 0.2, 0.9, 0.8]]], seed=3)),
                (np.array([9, 7, 3], np.int32),),
            ),
        )
    ),
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
        "ImageProjectiveTransformV2",
        ("ImageProjectiveTransformV2",),
        lambda tf, x: tf.contrib.image.translate(x, [[1.0, -2.0], [0.0, 1.0]]),
        (normal(2, 4, 5, 2, seed=3),),
    ),
    Case(
        "EncodeJpeg", ("EncodeJpeg",), lambda tf, x: tf.image.encode_jpeg(x), (_octets(5, 4, 3),), differentiable=False
    ),
]
