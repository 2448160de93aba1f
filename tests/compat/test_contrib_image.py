"""tf.contrib.image: projective transforms of images, against loops over their pixels."""

import math

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.engine.graph import Graph

image = tf.contrib.image
IMAGES = np.random.default_rng(0).uniform(0, 200, (3, 6, 5, 2)).astype(np.float32)


@pytest.fixture(autouse=True)
def graph():
    with Graph().as_default() as graph:
        yield graph


def run(fetches, feeds=None):
    with tf.Session() as session:
        return session.run(fetches, feeds)


def seen_through(images, transforms, way, size=None):
    """The definition, pixel by pixel."""
    n, h, w, channels = images.shape
    height, width = size or (h, w)
    result = np.zeros((n, height, width, channels))

    def read(b, y, x):
        return images[b, int(y), int(x)] if 0 <= y < h and 0 <= x < w else np.zeros(channels)

    for b, y, x in np.ndindex(n, height, width):
        a0, a1, a2, b0, b1, b2, c0, c1 = transforms[b % len(transforms)]
        q = c0 * x + c1 * y + 1
        if q == 0:
            continue
        u, v = (a0 * x + a1 * y + a2) / q, (b0 * x + b1 * y + b2) / q
        if way == "NEAREST":
            result[b, y, x] = read(b, *(math.copysign(math.floor(abs(i) + 0.5), i) for i in (v, u)))
            continue
        for row in (math.floor(v), math.floor(v) + 1):
            for column in (math.floor(u), math.floor(u) + 1):
                result[b, y, x] += (1 - abs(v - row)) * (1 - abs(u - column)) * read(b, row, column)
    return result


each_way = pytest.mark.parametrize("way", ["NEAREST", "BILINEAR"])
TRANSFORMS = np.array([[1.1, 0.2, -1.3, 0.1, 0.9, 0.6, 0.01, -0.02], [0.4, 0, 3, 0.3, 1, -2, 0, 0], [1] + [0] * 7])


@each_way
@pytest.mark.parametrize("size", [None, (3, 9)])
@pytest.mark.parametrize("count", [1, 3])
def test_images_are_seen_through_transforms(way, size, count):
    got = image.transform(IMAGES, TRANSFORMS[:count], way.lower(), size)
    assert got.shape.as_list() == [3, *(size or (6, 5)), 2]
    assert np.allclose(run(got), seen_through(IMAGES, TRANSFORMS[:count], way, size), 0, 1e-3)


@each_way
def test_places_at_infinity_are_zero(way):
    got = run(image.transform(IMAGES, [1.0, 0, 0, 0, 1, 0, -0.5, 0], way))
    assert not got[:, :, 2].any() and got[:, 1, 1].all()


@each_way
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.float16, np.float64])
def test_every_dtype_keeps_its_own_and_integers_lose_their_fractions(way, dtype):
    got = run(image.transform(IMAGES.astype(dtype), TRANSFORMS, way))
    wanted = seen_through(IMAGES.astype(dtype), TRANSFORMS, way)
    error = wanted - got if np.issubdtype(dtype, np.integer) and way == "BILINEAR" else np.abs(wanted - got)
    assert got.dtype == dtype and error.min() >= -1e-3 and error.max() <= (1.001 if got.dtype.kind in "iu" else 0.1)


def test_a_quarter_turn_is_counterclockwise():
    square = np.arange(25, dtype=np.float32).reshape(5, 5)
    assert np.array_equal(run(image.rotate(square, np.pi / 2)), np.rot90(square))
    whole = np.stack([square, square])[..., None]
    angles = tf.placeholder(tf.float32, [None])
    turned = run(image.rotate(whole, angles), {angles: [np.pi, -np.pi / 2]})
    assert np.array_equal(turned[0, ..., 0], square[::-1, ::-1]) and np.array_equal(
        turned[1, ..., 0], np.rot90(square, -1)
    )


def test_images_of_unknown_sizes_are_turned_around_their_middle():
    images = tf.placeholder(tf.float32, [None, None, None, 2])
    assert np.array_equal(run(image.rotate(images, np.pi), {images: IMAGES}), IMAGES[:, ::-1, ::-1])


def test_a_translation_moves_right_and_down_and_leaves_zeros():
    moved = run(image.translate(IMAGES, [[2, 1], [0, 0], [-1, 0]]))
    assert (
        np.array_equal(moved[0, 1:, 2:], IMAGES[0, :-1, :-2]) and not moved[0, :1].any() and not moved[0, :, :2].any()
    )
    assert np.array_equal(moved[1], IMAGES[1]) and np.array_equal(moved[2, :, :-1], IMAGES[2, :, 1:])
    assert np.array_equal(run(image.translate(IMAGES[0], [2, 1])), moved[0])


def test_the_gradient_goes_back_where_each_pixel_came_from():
    images, weights = tf.constant(IMAGES), np.random.default_rng(1).normal(size=IMAGES.shape).astype(np.float32)
    (g,) = tf.gradients(image.translate(images, [2.0, 1.0]) * weights, images)
    wanted = np.zeros_like(IMAGES)
    wanted[:, :-1, :-2] = weights[:, 1:, 2:]
    assert np.array_equal(run(g), wanted)


def test_composed_transforms_do_one_after_the_other():
    first, then = [1.0, 0, -1, 0, 1, 2, 0, 0], TRANSFORMS[0].astype(np.float32)
    composed = run(image.compose_transforms(first, then[None]))
    matrix = np.append(first, 1).reshape(3, 3) @ np.append(then, 1).reshape(3, 3)
    assert np.allclose(composed, (matrix / matrix[2, 2]).ravel()[None, :8], 1e-6)
    matrices = image.flat_transforms_to_matrices(TRANSFORMS.astype(np.float32))
    assert np.allclose(run(image.matrices_to_flat_transforms(matrices * 2.0)), TRANSFORMS, 1e-6)


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: image.rotate(tf.placeholder(tf.float32), 1.0), TypeError, "rank must be statically known"),
        (lambda: image.rotate([1.0], 1.0), TypeError, "Images should have rank between 2 and 4"),
        (lambda: image.rotate(tf.constant([[1j]]), 1.0), TypeError, "Invalid dtype"),
        (lambda: image.rotate(IMAGES, [[1.0]]), TypeError, "Angles should have rank 0 or 1"),
        (lambda: image.translate(IMAGES, 1.0), TypeError, "Translations should have rank 1 or 2"),
        (lambda: image.transform(IMAGES, [[[1.0] * 8]]), TypeError, "Transforms should have rank 1 or 2"),
        (lambda: image.transform(IMAGES, [1.0] * 8, output_shape=[1, 2, 3]), ValueError, "1-D Tensor of 2 elements"),
        (lambda: image.transform(IMAGES, [1.0] * 8, "CUBIC"), ValueError, "CUBIC"),
        (lambda: image.compose_transforms(), AssertionError, "transforms cannot be empty"),
        (lambda: run(image.transform(IMAGES, [1.0] * 7)), tf.errors.InvalidArgumentError, "num_images x 8 or 1 x 8"),
        (lambda: run(image.transform(IMAGES, [[1.0] * 8] * 2)), tf.errors.InvalidArgumentError, "num_images x 8"),
    ],
)
def test_what_does_not_fit_is_refused(call, kind, text):
    with pytest.raises(kind, match=text):
        call()
