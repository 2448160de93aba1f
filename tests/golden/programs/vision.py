"""What programs of pictures came upon: small variances, pictures of unknown size, and what is drawn after them."""

import zlib

import numpy as np

from ..cases import golden
from ..helpers import run, uniform

SUMS = {"rtol": 1e-4, "atol": 1e-6, "reason": "sums in another order"}
HARDLY_VARIED = {"as deep layers begin": 1e-2, "as generators begin": 1e-3}


@golden(rows=HARDLY_VARIED, **SUMS)
def a_fused_normalization_of_what_hardly_varies(tf, row):
    """TensorFlow 1 held epsilon to 1.001e-5 at least; the op itself does not."""
    with tf.Graph().as_default():
        x, scale = tf.constant(row * uniform(4, 3, 3, 2)), tf.constant([1.5, -0.5])
        y, mean, variance = tf.nn.fused_batch_norm(x, scale, tf.constant([0.1, 0.2]), epsilon=1e-5)
        slopes = tf.gradients(y, [x, scale], tf.constant(uniform(4, 3, 3, 2, seed=1)))
        return run(tf, {"y": y, "mean": mean, "variance": variance, "slope of x": slopes[0], "of scale": slopes[1]})


@golden(rows={"of a known length": 4, "of any length": None})
def rows_normalized_in_contrib_are_reshaped_without_their_shape(tf, row):
    with tf.Graph().as_default() as graph:
        y = tf.contrib.layers.batch_norm(tf.placeholder(tf.float32, [row, 3]), updates_collections=None)
        return {"y": y.shape.as_list(), "shapes": [op.name for op in graph.get_operations() if op.type == "Shape"]}


def png(pixels: np.ndarray) -> bytes:
    """A PNG file of the bytes [H, W, 3]."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    height, width, _ = pixels.shape
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@golden()
def a_picture_in_a_constant_is_resized_to_its_own_size_as_float(tf):
    """Its size is not the graph's to know, so the op is there, and gives floats."""
    data = png(np.arange(24, dtype=np.uint8).reshape(2, 4, 3))
    with tf.Graph().as_default():
        picture = tf.image.resize_images(tf.image.decode_png(data, channels=3), (2, 4))
        known = tf.image.resize_images(tf.zeros([2, 4, 3], tf.uint8), (2, 4))
        return {"picture": run(tf, picture), "dtypes": [picture.dtype.name, known.dtype.name]}


CHANGES = {
    "flip_left_right": lambda tf, x: tf.image.flip_left_right(x),
    "random_flip_left_right": lambda tf, x: tf.image.random_flip_left_right(x, seed=1),
    "random_flip of many": lambda tf, x: tf.image.random_flip_up_down(x[None], seed=1),
    "transpose_image": lambda tf, x: tf.image.transpose_image(x),
    "per_image_standardization": lambda tf, x: tf.image.per_image_standardization(x),
    "pad_to_bounding_box": lambda tf, x: tf.image.pad_to_bounding_box(x, 1, 2, 50, 50),
    "resize_images": lambda tf, x: tf.image.resize_images(x, [3, 3]),
    "resize_images of many": lambda tf, x: tf.image.resize_images(x[None], [3, 3], tf.image.ResizeMethod.AREA),
}


@golden(rows=CHANGES)
def draws_after_a_picture_of_unknown_size(tf, row):
    with tf.Graph().as_default():
        tf.set_random_seed(3)
        row(tf, tf.placeholder(tf.float32, [None, None, 3]))
        return {"drawn": run(tf, tf.random_uniform([2]))}


@golden(rows={"a list": False, "a dict": True})
def batches_in_a_prefetch_queue(tf, row):
    with tf.Graph().as_default() as graph:
        numbers, _ = tf.train.batch([tf.train.range_input_producer(4, shuffle=False).dequeue(), tf.zeros([2])], 2)
        tensors = {"b": numbers, "a": numbers + 1} if row else [numbers, numbers + 1]
        queue = tf.contrib.slim.prefetch_queue.prefetch_queue(tensors, capacity=3)
        taken = queue.dequeue()
        (runner,) = [r for r in tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS) if r.queue is queue]
        with tf.Session() as session:
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(session, coordinator)
            values = [session.run(taken) for _ in range(3)]
            coordinator.request_stop()
            coordinator.join(threads)
        return {
            "values": [[list(map(int, v[key])) for key in (sorted(v) if row else (0, 1))] for v in values],
            "ops": [op.name for op in graph.get_operations() if op.name.startswith("prefetch_queue")],
            "enqueue": [op.name for op in runner.enqueue_ops],
            "summaries": [t.name for t in tf.get_collection(tf.GraphKeys.SUMMARIES)],
        }
