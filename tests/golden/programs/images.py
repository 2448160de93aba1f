"""tf.image: sizes, cuts, turns, brightness, colors and what is drawn; pictures of all formats read and written."""

import numpy as np

from ..cases import golden
from ..helpers import run, said, shape_of, uniform
from ..pictures import picture

ROUNDED = {"rtol": 2e-6, "atol": 2e-6, "reason": "float32 sums in another order; Eigen's reciprocals"}
HIGH, WIDE = 7, 5


def floats(*shape, seed=1):
    return uniform(*(shape or (2, HIGH, WIDE, 3)), seed=seed, low=0.0, high=1.0)


def octets(*shape, seed=1):
    return np.random.RandomState(seed).randint(0, 256, shape or (HIGH, WIDE, 3)).astype(np.uint8)


def smooth():
    """uint8 pixels as of a photograph of the sky."""
    return (np.add.outer(np.arange(11) * 9, np.arange(14) * 7)[..., None] + np.array([0, 20, 40])).astype(np.uint8)


METHODS = {"bilinear": 0, "nearest": 1, "bicubic": 2, "area": 3}
SIZES = {"larger": (13, 9), "smaller": (3, 2), "twice": (2 * HIGH, 2 * WIDE), "one": (1, 1), "mixed": (3, 11)}
WAYS = {
    f"{method} {size}{' aligned' if aligned else ''}": (number, new, aligned)
    for method, number in METHODS.items()
    for size, new in SIZES.items()
    for aligned in (False, True)
}


@golden(rows=WAYS)
def resized(tf, row):
    method, size, aligned = row
    images = [floats(1, HIGH, WIDE, 2), octets(2, HIGH, WIDE, 1), floats(1, 1, 4)]
    return {
        f"{i} {x.dtype}": run(tf, tf.image.resize_images(x, size, method, align_corners=aligned))
        for i, x in enumerate(images)
    }


@golden(rows={k: v for k, v in WAYS.items() if "area" not in k}, **ROUNDED)
def gradients_of_resized(tf, row):
    method, size, aligned = row
    x = tf.constant(floats(1, HIGH, WIDE, 2))
    y = tf.image.resize_images(x, size, method, aligned)
    return {"gradient": run(tf, tf.gradients(y, x, uniform(1, *size, 2, seed=4))[0])}


@golden(rows={"bilinear": "bilinear", "nearest": "nearest_neighbor", "bicubic": "bicubic"}, **ROUNDED)
def resized_by_half_pixels(tf, row):
    resize = getattr(tf.image, f"resize_{row}")
    return {
        name: run(tf, resize(floats(1, HIGH, WIDE, 2), size, half_pixel_centers=True, name="mine"))
        for name, size in SIZES.items()
    }


@golden()
def sizes_known_and_not(tf):
    image = tf.image
    unknown = tf.placeholder(tf.uint8, [None, None, 3])
    size = tf.placeholder(tf.int32, [2])
    same = tf.constant(octets())
    some = image.resize_images(unknown, size, method=image.ResizeMethod.AREA)
    kept = image.resize_images(floats(), [4, 4], preserve_aspect_ratio=True)
    return {
        "shapes": [
            shape_of(image.resize_images(unknown, [4, 4])),
            shape_of(some),
            shape_of(image.resize_images(tf.placeholder(tf.float32, [None, 4, 4, 1]), [2, 2])),
            shape_of(image.resize_images(same, [HIGH, WIDE])),
            shape_of(kept),
        ],
        "same": run(tf, image.resize_images(same, [HIGH, WIDE], image.ResizeMethod.BICUBIC)),
        "fed": run(tf, some, {unknown: octets(), size: [3, 4]}),
        "kept": run(tf, kept),
        "kept of a fed": run(tf, image.resize_images(unknown, [9, 4], preserve_aspect_ratio=True), {unknown: octets()}),
        "errors": [
            said(lambda: image.resize_images(tf.placeholder(tf.float32), [2, 2]), "'images' contains no shape"),
            said(lambda: image.resize_images(floats(4, 4), [2, 2]), "'images' must have either 3 or 4 dimensions."),
            said(lambda: image.resize_images(floats(), [2]), "'size' must be a 1-D Tensor of 2 elements"),
            said(lambda: image.resize_images(floats(), [2, 2], 7), "Resize method is not implemented"),
            said(
                lambda: run(tf, image.resize_images(floats(), size), {size: [0, 2]}),
                "output dimensions must be positive",
            ),
        ],
    }


CUTS = {
    "crop": lambda i, x: i.crop_to_bounding_box(x, 1, 2, 4, 3),
    "crop all": lambda i, x: i.crop_to_bounding_box(x, 0, 0, HIGH, WIDE),
    "pad": lambda i, x: i.pad_to_bounding_box(x, 1, 2, 10, 9),
    "crop or pad larger": lambda i, x: i.resize_image_with_crop_or_pad(x, 10, 12),
    "crop or pad smaller": lambda i, x: i.resize_image_with_crop_or_pad(x, 4, 2),
    "crop or pad mixed": lambda i, x: i.resize_image_with_crop_or_pad(x, 10, 2),
    "crop or pad nothing": lambda i, x: i.resize_image_with_crop_or_pad(x, HIGH, WIDE),
    "central": lambda i, x: i.central_crop(x, 0.5),
    "central more": lambda i, x: i.central_crop(x, 0.7),
    "central all": lambda i, x: i.central_crop(x, 1.0),
    "left right": lambda i, x: i.flip_left_right(x),
    "up down": lambda i, x: i.flip_up_down(x),
    "transposed": lambda i, x: i.transpose_image(x),
    "quarter": lambda i, x: i.rot90(x),
    "half": lambda i, x: i.rot90(x, 2),
    "three quarters": lambda i, x: i.rot90(x, k=3),
    "five quarters": lambda i, x: i.rot90(x, 5),
    "backwards": lambda i, x: i.rot90(x, -1),
}


@golden(rows=CUTS)
def cut_and_turned(tf, row):
    found = {}
    for name, x in {"one": octets(), "many": floats()}.items():
        fed = tf.placeholder(x.dtype, [None] * (x.ndim - 1) + [3])
        of_known, of_fed = row(tf.image, tf.constant(x)), row(tf.image, fed)
        found[name], found[f"{name} fed"] = run(tf, [of_known, of_fed], {fed: x})
    return found


@golden()
def cuts_that_do_not_fit(tf):
    image, fed = tf.image, tf.placeholder(tf.float32, [None, None, 3])
    return {
        "errors": [
            said(lambda: image.crop_to_bounding_box(octets(), 4, 0, 4, 3), "height must be >= target . offset"),
            said(lambda: image.crop_to_bounding_box(octets(), 0, 4, 4, 3), "width must be >= target . offset"),
            said(lambda: image.crop_to_bounding_box(octets(), -1, 0, 4, 3), "offset_height must be >= 0"),
            said(lambda: image.crop_to_bounding_box(octets(), 0, 0, 0, 3), "target_height must be > 0"),
            said(lambda: image.pad_to_bounding_box(octets(), 0, 3, 10, 6), "width must be <= target - offset"),
            said(lambda: image.pad_to_bounding_box(octets(), 0, -3, 10, 6), "offset_width must be >= 0"),
            said(lambda: image.resize_image_with_crop_or_pad(octets(), 0, 6), "target_height must be > 0"),
            said(lambda: image.central_crop(octets(), 1.5), r"central_fraction must be within \(0, 1\]"),
            said(lambda: image.flip_left_right(octets(4, 4)), "must be at least three-dimensional"),
            said(
                lambda: run(tf, image.crop_to_bounding_box(fed, 0, 0, 9, 1), {fed: floats(5, 5, 3)}), "assertion failed"
            ),
            said(
                lambda: run(tf, image.pad_to_bounding_box(fed, 0, 0, 4, 9), {fed: floats(5, 5, 3)}), "assertion failed"
            ),
        ]
    }


DRAWN = {
    "left right": lambda i, x, s: i.random_flip_left_right(x, s),
    "up down": lambda i, x, s: i.random_flip_up_down(x, seed=s),
    "brightness": lambda i, x, s: i.random_brightness(x, 0.3, s),
    "contrast": lambda i, x, s: i.random_contrast(x, 0.2, 1.8, s),
    "saturation": lambda i, x, s: i.random_saturation(x, 0.5, 1.5, s),
    "hue": lambda i, x, s: i.random_hue(x, 0.2, s),
}


@golden(rows=DRAWN, **ROUNDED)
def drawn(tf, row):
    """By seeds of their own, several runs of one session, and by the graph's seed alone."""
    with tf.Graph().as_default(), tf.Session() as session:
        made = [row(tf.image, tf.constant(x), seed) for x in (floats(HIGH, WIDE, 3), floats()) for seed in (3, 8)]
        found = {f"run {i}": value for i in range(4) for value in [np.stack(session.run(made[:2]))]}
        found["many"] = session.run(made[2])
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(5)
        found["by the graph's"] = session.run(row(tf.image, tf.constant(floats(HIGH, WIDE, 3)), None))
    return found


CHANGED = {
    "brightness": lambda i, x: i.adjust_brightness(x, 0.2),
    "darkness": lambda i, x: i.adjust_brightness(x, -0.4),
    "contrast": lambda i, x: i.adjust_contrast(x, 1.7),
    "less contrast": lambda i, x: i.adjust_contrast(x, 0.4),
    "saturation": lambda i, x: i.adjust_saturation(x, 1.9),
    "less saturation": lambda i, x: i.adjust_saturation(x, 0.3),
    "hue": lambda i, x: i.adjust_hue(x, 0.3),
    "hue back": lambda i, x: i.adjust_hue(x, -0.7),
    "gamma": lambda i, x: i.adjust_gamma(x, 2.2, 0.9),
    "standardization": lambda i, x: i.per_image_standardization(x),
    "gray": lambda i, x: i.rgb_to_grayscale(x),
    "gray and back": lambda i, x: i.grayscale_to_rgb(i.rgb_to_grayscale(x)),
}


@golden(rows=CHANGED, **ROUNDED)
def changed(tf, row):
    images = {
        "floats": floats(),
        "octets": octets(),
        "gray": np.full((4, 4, 3), 77, np.uint8),
        "black": np.zeros((3, 3, 3), np.float32),
    }
    found = {name: run(tf, row(tf.image, x)) for name, x in images.items()}
    fed = tf.placeholder(tf.float32, [None, None, 3])
    made = row(tf.image, fed)
    return found | {"fed": run(tf, made, {fed: floats(5, 4, 3)}), "shape": shape_of(made)}


KINDS = {
    "hsv": lambda i, x: i.rgb_to_hsv(x),
    "from hsv": lambda i, x: i.hsv_to_rgb(x),
    "yiq": lambda i, x: i.rgb_to_yiq(x),
    "from yiq": lambda i, x: i.yiq_to_rgb(x),
    "yuv": lambda i, x: i.rgb_to_yuv(x),
    "from yuv": lambda i, x: i.yuv_to_rgb(x),
    "variation": lambda i, x: i.total_variation(x),
    "psnr": lambda i, x: i.psnr(x, x * x, 1.0),
    "slopes": lambda i, x: i.image_gradients(x)[0],
    "slopes across": lambda i, x: i.image_gradients(x)[1],
}


@golden(rows=KINDS, rtol=5e-6, atol=2e-6, reason="float32 sums in another order; Eigen's reciprocals and logarithms")
def kinds_of_color(tf, row):
    corners = np.array([[[[r, g, b] for b in (0, 1)] for g in (0, 0.5, 1)] for r in (0, 1)], np.float32)
    return {
        "drawn": run(tf, row(tf.image, tf.constant(floats()))),
        "corners": run(tf, row(tf.image, tf.constant(corners + 0))),
    }


DTYPES = ["uint8", "uint16", "int16", "int32", "float16", "float32"]


CONVERSIONS = {
    f"{a} to {b}{' saturated' if s else ''}": (a, b, s)
    for a in DTYPES
    for b in DTYPES
    for s in (False, True)
    if a != "float16" or b not in ("uint16", "int32")  # whose ranges are beyond it
}


@golden(rows=CONVERSIONS, **ROUNDED)
def dtypes_converted(tf, row):
    source, target, saturate = row
    if source.startswith("float"):
        x = np.array([0, 0.1, 0.25, 0.5, 0.999, *([1.5, -0.5] if saturate and "float" not in target else [])], source)
    else:
        most = np.iinfo(source).max
        x = np.array([0, 1, most // 3, most // 2, most - 1], source)
    if source == "float32" and target == "int32":
        x = x[:4]
    return {"converted": run(tf, tf.image.convert_image_dtype(x, target, saturate))}


PNGS = ["palette", "transparent palette", "transparent color", "gray and alpha", "gray of 16 bits", "colors"]


@golden(rows={name: f"{name}.png" for name in PNGS})
def pngs(tf, row):
    data = picture(row)
    found = {f"{c} channels": run(tf, tf.image.decode_png(data, channels=c)) for c in (0, 1, 3, 4)}
    found |= {
        "as jpeg": run(tf, tf.image.decode_jpeg(data)),
        "floats": run(tf, tf.image.decode_image(data, dtype=tf.float32)),
    }
    return found | {"wide": run(tf, tf.image.decode_png(data, dtype=tf.uint16))}


@golden(rows={name: f"{name}.jpg" for name in ("colors", "progressive", "gray")})
def jpegs(tf, row):
    def decoded(**how):
        return run(tf, tf.image.decode_jpeg(picture(row), dct_method="INTEGER_ACCURATE", **how))

    found = {f"{c} channels": decoded(channels=c) for c in (0, 1, 3)}
    return found | {f"a {r}th": decoded(channels=3, ratio=r) for r in (2, 4, 8)}


@golden(rows={"default": "", "fast": "INTEGER_FAST"}, atol=5, reason="Pillow has libjpeg's accurate transform only")
def jpegs_of_the_fast_transform(tf, row):
    """As floats, since integers are compared exactly."""
    return {"pixels": run(tf, tf.image.decode_jpeg(picture("colors.jpg"), dct_method=row)).astype(np.float64)}


@golden()
def other_pictures(tf):
    image, moving = tf.image, picture("moving.gif")
    name = tf.placeholder(tf.string, [])
    return {
        "moving": run(tf, image.decode_gif(moving)),
        "still": run(tf, image.decode_gif(picture("still.gif"))),
        "still as png": run(tf, image.decode_png(picture("still.gif"))),
        "any moving": run(tf, image.decode_image(moving)),
        "first of moving": run(tf, image.decode_image(moving, expand_animations=False)),
        "bmp": run(tf, image.decode_bmp(picture("colors.bmp"))),
        "any bmp": run(tf, image.decode_image(picture("colors.bmp"))),
        "shapes": [
            shape_of(image.decode_jpeg(name)),
            shape_of(image.decode_png(name, 3)),
            shape_of(image.decode_gif(name)),
            shape_of(image.decode_image(name)),
            shape_of(image.decode_image(name, 1, expand_animations=False)),
            shape_of(image.encode_png(octets())),
            shape_of(image.encode_jpeg(octets())),
        ],
        "errors": [
            said(lambda: run(tf, image.decode_jpeg(b"")), "Input is empty."),
            said(lambda: run(tf, image.decode_png(b"hello")), "Unknown image file format. One of JPEG"),
            said(lambda: run(tf, image.decode_jpeg(b"\xff\xd8\xff\xe0")), "jpeg::Uncompress failed. Invalid JPEG data"),
            said(lambda: run(tf, image.decode_png(picture("colors.png")[:40])), "Invalid PNG"),
            said(lambda: run(tf, image.decode_png(moving)), "Got 3 frames, but animated gifs can only be decoded"),
            said(lambda: run(tf, image.decode_jpeg(picture("colors.jpg"), 4)), "JPEG does not support 4 channels"),
            said(lambda: run(tf, image.decode_jpeg(picture("colors.jpg"), 2)), "must be 0, 1, 3 or 4 but got 2"),
            said(lambda: run(tf, image.decode_jpeg(picture("colors.jpg"), ratio=3)), "ratio must be 1, 2, 4, or 8"),
            said(
                lambda: run(tf, image.decode_jpeg(picture("colors.bmp"))),
                "Trying to decode BMP format using a wrong op",
            ),
            said(lambda: image.decode_png(name, -1), "channels must be non-negative, got -1"),
            said(lambda: image.encode_jpeg(octets(4, 4)), "Shape must be rank 3 but is rank 2"),
            said(
                lambda: run(tf, image.encode_jpeg(octets(4, 4, 2))), r"image must have 1 or 3 channels, got \[4,4,2\]"
            ),
            said(lambda: run(tf, image.encode_png(octets(4, 4, 5))), "image must have 1, 2, 3, or 4 channels, got 5"),
            said(lambda: image.encode_png(floats(4, 4, 3)), "float32 not in list of allowed values: uint8, uint16"),
        ],
    }


@golden()
def pngs_written(tf):
    """What is read of a PNG that was written is what was written."""

    def again(x, channels=0, **how):
        return run(tf, tf.image.decode_png(tf.image.encode_png(x, **how), channels, dtype=x.dtype))

    wide = (octets(6, 5, 1).astype(np.uint16) * 211).astype(np.uint16)
    found = {f"{c} channels": again(octets(6, 5, c), 4) for c in (1, 2, 3, 4)}
    found |= {f"squeezed {c}": again(smooth(), compression=c) for c in (0, 9)}
    many = tf.image.encode_png(np.stack([octets(seed=s) for s in (1, 2)]))
    return found | {
        "wide": again(wide),
        "second of many": run(tf, tf.image.decode_png(many[1])),
        "shape": shape_of(many),
    }


@golden(
    rows={f"quality {q}": {"quality": q} for q in (5, 50, 95, 100)}
    | {
        "whole chroma": {"chroma_downsampling": False},
        "progressive": {"progressive": True, "optimize_size": True},
    }
)
def jpegs_written(tf, row):
    def again(x):
        return run(tf, tf.image.decode_jpeg(tf.image.encode_jpeg(x, **row), dct_method="INTEGER_ACCURATE"))

    return {"colors": again(smooth()), "gray": again(smooth()[..., :1])}


@golden()
def raw_numbers(tf):
    data = [b"\x01\x02\x03\x04", b"abcd"]
    fed = tf.placeholder(tf.string, [None])
    found = {
        f"{t.name} {order}": run(tf, tf.decode_raw(data, t, little_endian=order))
        for t in (tf.uint8, tf.int16, tf.int32, tf.float32)
        for order in (True, False)
    }
    return found | {
        "scalar": run(tf, tf.decode_raw(b"1234", tf.uint8)),
        "empty": run(tf, tf.decode_raw([b""], tf.int32)),
        "shapes": [
            shape_of(tf.decode_raw(fed, tf.uint8)),
            shape_of(tf.decode_raw(tf.placeholder(tf.string), tf.uint8)),
        ],
        "errors": [
            said(
                lambda: run(tf, tf.decode_raw([b"abc"], tf.int16)),
                "Input to DecodeRaw has length 3 that is not a multiple of 2",
            ),
            said(
                lambda: run(tf, tf.decode_raw([b"abc", b"a"], tf.int8)),
                "DecodeRaw requires input strings to all be the same size",
            ),
        ],
    }
