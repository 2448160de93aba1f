"""How alike pictures are, and their edges: values, slopes, static shapes, refusals."""

import numpy as np

from ..cases import golden
from ..helpers import described, said, uniform

SUMS = {"rtol": 1e-4, "atol": 2e-5, "reason": "float32 covariances: differences of sums taken in another order"}


def pictures(shape, seed):
    return uniform(*shape, seed=seed, low=0.0, high=1.0)


def pair(shape):
    """A picture, and one much like it."""
    first = pictures(shape, 1)
    return first, np.clip(first * np.float32(0.8) + pictures(shape, 2) * np.float32(0.2), 0, 1)


COMPARED = {
    "ssim": (lambda i, a, b: i.ssim(a, b, 1.0), [2, 13, 14, 3]),
    "ssim of one": (lambda i, a, b: i.ssim(a, b, 1.0), [12, 11, 1]),
    "ssim of many": (lambda i, a, b: i.ssim(a, b, max_val=2.0, filter_size=4, filter_sigma=0.7), [2, 2, 6, 5, 2]),
    "ssim with constants": (lambda i, a, b: i.ssim(a, b, 1.0, 3, 1.0, 0.1, 0.2), [3, 5, 4, 1]),
    "ssim by windows": (lambda i, a, b: i.ssim(a, b, 1.0, 5, return_index_map=True), [1, 6, 7, 2]),
    "ssim of itself": (lambda i, a, b: i.ssim(a, a, 1.0, 5), [2, 6, 7, 2]),
    "ssim of a negative": (lambda i, a, b: i.ssim(a, 1.0 - a, 1.0, 5), [2, 6, 7, 2]),
    "ssim by one picture": (lambda i, a, b: i.ssim(a, b[:1], 1.0, 5), [2, 6, 7, 2]),
    "multiscale": (lambda i, a, b: i.ssim_multiscale(a, b, 1.0, [0.5, 0.5], 5), [2, 11, 12, 2]),
    "multiscale even": (lambda i, a, b: i.ssim_multiscale(a, b, 1.0, (0.3, 0.3, 0.4), filter_size=3), [1, 16, 12, 1]),
    "multiscale of itself": (lambda i, a, b: i.ssim_multiscale(a, a, 1.0, [1.0, 0.5], 4), [1, 9, 9, 3]),
    "multiscale of a negative": (lambda i, a, b: i.ssim_multiscale(a, 1.0 - a, 1.0, [1.0, 0.5], 4), [1, 9, 9, 3]),
    "psnr": (lambda i, a, b: i.psnr(a, b, 1.0), [2, 4, 5, 3]),
    "psnr by one picture": (lambda i, a, b: i.psnr(a, b[0], 1.0, name="mine"), [2, 4, 5, 3]),
    "edges": (lambda i, a, b: i.sobel_edges(a + b), [2, 4, 5, 3]),
    "edges of little": (lambda i, a, b: i.sobel_edges(a + b), [1, 2, 2, 1]),
}  # fmt: skip


@golden(rows=COMPARED, **SUMS)
def pictures_compared(tf, row):
    build, shape = row
    with tf.Graph().as_default(), tf.Session() as session:
        a, b = tf.placeholder(tf.float32, shape), tf.placeholder(tf.float32, shape)
        y = build(tf.image, a, b)
        slopes = [g for g in tf.gradients(y, [a, b]) if g is not None]
        values = session.run([y, *slopes], dict(zip((a, b), pair(shape), strict=True)))
        return {
            "name": described(y),
            "value": values[0],
            **{f"slope {i}": slope for i, slope in enumerate(values[1:])},
        }


@golden(rows=COMPARED)
def shapes_of_measures(tf, row):
    build, shape = row
    with tf.Graph().as_default():
        free = tf.placeholder(tf.float32, [None] * len(shape))
        some = tf.placeholder(tf.float32, [None, *shape[1:]])
        return {"shapes": described([build(tf.image, free, free), build(tf.image, some, some)])}


@golden(rtol=1e-5, atol=1e-6, reason="float32 sums in another order")
def integers_compared(tf):
    a, b = (np.round(p * 255).astype(np.uint8) for p in pair([2, 12, 12, 3]))
    with tf.Graph().as_default(), tf.Session() as session:
        found = [
            tf.image.ssim(a, b, max_val=255), tf.image.ssim_multiscale(a, b, 255, [0.5, 0.5], 6),
            tf.image.psnr(a, b, 255), tf.image.ssim(a.astype(np.float64), b.astype(np.float64), 255),
            tf.image.ssim(a.astype(np.float16) / 256, b.astype(np.float16) / 256, 1.0),
            tf.image.sobel_edges(tf.constant(a[:1, :3, :3].astype(np.float64))),
        ]  # fmt: skip
        return {"names": described(found), **{str(i): v for i, v in enumerate(session.run(found))}}


REFUSED = {
    "size": (lambda i, a: i.ssim(a, a[:, 1:], 1.0), "incompatible|not compatible"),
    "channels": (lambda i, a: i.psnr(a, a[..., :1], 1.0), "incompatible|not compatible"),
    "batch": (lambda i, a: i.ssim_multiscale(a, a[:2], 1.0), "Two images are not compatible"),
    "rank": (lambda i, a: i.ssim(a[0, 0], a, 1.0), "must have rank at least 3"),
    "rank of psnr": (lambda i, a: i.psnr(a[0, 0], a[0, 0], 1.0), "Invalid reduction dimension -3 for input with 2 dim"),
    "window": (lambda i, a: i.ssim(a, a, 1.0, filter_size=7), "Negative dimension size"),
    "edges of a row": (lambda i, a: i.sobel_edges(a[:, :1]), "paddings must be less than"),
}


@golden(rows=REFUSED)
def refused_measures(tf, row):
    build, sentence = row
    with tf.Graph().as_default(), tf.Session() as session:
        a = tf.placeholder(tf.float32, [3, 6, 6, 3])
        return {"error": said(lambda: session.run(build(tf.image, a), {a: pictures([3, 6, 6, 3], 1)}), f"({sentence})")}


@golden()
def refused_in_a_run(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        a, b = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
        feed = {a: pictures([1, 6, 6, 3], 1), b: pictures([1, 6, 5, 3], 2)}
        other = {a: pictures([6, 3], 1), b: pictures([6, 3], 2)}
        return {
            "ssim": said(lambda: session.run(tf.image.ssim(a, b, 1.0, 3), feed), "assertion failed"),
            "psnr": said(
                lambda: session.run(tf.image.psnr(a, b, 1.0), {a: feed[a], b: feed[b][:, :, :1]}), "assertion"
            ),
            "scale": said(
                lambda: session.run(tf.image.ssim_multiscale(a, a, 1.0, [0.5, 0.5], 4), feed), "assertion failed"
            ),
            "rank": said(lambda: session.run(tf.image.ssim(a, b, 1.0, 3), other), "assertion failed"),
        }
