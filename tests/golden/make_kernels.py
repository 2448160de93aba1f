"""Makes kernels.npz, what TensorFlow's own dense kernels give on small cases; tests/kernels reads it.

In an environment of its own (pip install tensorflow-cpu tf_keras):
    TF_USE_LEGACY_KERAS=1 python tests/golden/make_kernels.py
"""

import json
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

# strides, padding, dilations, input (height, width), window
CONVOLUTIONS = (
    ((1, 1), "SAME", (1, 1), (5, 6), (3, 3)),
    ((1, 1), "VALID", (1, 1), (5, 6), (3, 2)),
    ((2, 2), "SAME", (1, 1), (5, 6), (3, 3)),
    ((2, 2), "VALID", (1, 1), (8, 7), (3, 2)),
    ((2, 3), "SAME", (1, 1), (7, 8), (4, 2)),
    ((3, 1), "VALID", (1, 1), (9, 4), (2, 4)),
    ((1, 1), "SAME", (2, 2), (7, 6), (3, 3)),
    ((1, 1), "VALID", (2, 1), (7, 6), (3, 3)),
    ((1, 1), ((2, 0), (1, 3)), (1, 1), (4, 5), (3, 2)),
    ((2, 1), ((0, 1), (2, 2)), (1, 1), (6, 3), (2, 3)),
    ((2, 2), "SAME", (1, 1), (1, 1), (5, 5)),
    ((4, 4), "SAME", (1, 1), (9, 10), (1, 1)),
)
# strides, padding, input (height, width), window
POOLS = (
    ((1, 1), "SAME", (4, 5), (2, 3)),
    ((2, 2), "VALID", (6, 5), (2, 2)),
    ((2, 2), "SAME", (5, 6), (3, 2)),
    ((3, 1), "SAME", (7, 4), (2, 4)),
    ((2, 3), "VALID", (7, 8), (3, 3)),
)


def storable(value):
    """bfloat16 as its bits: .npz keeps no name of a foreign dtype."""
    value = np.asarray(value)
    return value.view(np.uint16) if value.dtype.name == "bfloat16" else value


def orthogonals(data):
    for shape in ((5, 3), (3, 5), (4, 4), (3, 3, 2, 7), (2, 2, 1, 16), (1, 1)):
        for gain in (1.0, -1.5):
            with tf.Graph().as_default(), tf.Session() as session:
                value = session.run(tf.orthogonal_initializer(gain, seed=7)(shape))
            data[f"orthogonal/{','.join(map(str, shape))}/{gain}"] = value


def tf_padding(padding):
    return padding if isinstance(padding, str) else [(0, 0), *padding, (0, 0)]


def convolutions(data, rng):
    for number, (strides, padding, dilations, size, window) in enumerate(CONVOLUTIONS):
        x = rng.randn(2, *size, 3).astype(np.float32)
        for kind, w in (("conv2d", rng.randn(*window, 3, 4)), ("depthwise_conv2d", rng.randn(*window, 3, 2))):
            w = w.astype(np.float32)
            if kind == "depthwise_conv2d" and strides[0] != strides[1]:
                continue  # TensorFlow's has one stride only
            with tf.Graph().as_default(), tf.Session() as session:
                tx, tw = tf.constant(x), tf.constant(w)
                if kind == "conv2d":
                    y = tf.nn.conv2d(tx, tw, [1, *strides, 1], tf_padding(padding), dilations=[1, *dilations, 1])
                else:
                    y = tf.nn.depthwise_conv2d(tx, tw, [1, *strides, 1], tf_padding(padding), rate=dilations)
                dy = rng.randn(*y.shape.as_list()).astype(np.float32)
                results = dict(zip(("y", "dx", "dw"), session.run([y, *tf.gradients(y, [tx, tw], dy)]), strict=True))
            for name, value in {"x": x, "w": w, "dy": dy, **results}.items():
                data[f"{kind}/{number}/{name}"] = value


def pools(data, rng):
    for number, (strides, padding, size, window) in enumerate(POOLS):
        x = rng.randint(0, 4, (2, *size, 3)).astype(np.float32)  # with many ties
        ddx = rng.randn(*x.shape).astype(np.float32)
        with tf.Graph().as_default(), tf.Session() as session:
            tx = tf.constant(x)
            place = [1, *window, 1], [1, *strides, 1], padding
            greatest, mean = tf.nn.max_pool(tx, *place), tf.nn.avg_pool(tx, *place)
            dy = rng.randn(*greatest.shape.as_list()).astype(np.float32)
            ksize, tf_strides, _ = place
            results = {
                "max_pool": greatest,
                "max_pool_grad": tf.gradients(greatest, tx, dy)[0],
                "max_pool_grad_grad": tf.raw_ops.MaxPoolGradGrad(
                    orig_input=tx, orig_output=greatest, grad=ddx, ksize=ksize, strides=tf_strides, padding=padding
                ),
                "avg_pool": mean,
                "avg_pool_grad": tf.gradients(mean, tx, dy)[0],
            }
            values = session.run(results)
        for name, value in {"x": x, "dy": dy, "ddx": ddx, **values}.items():
            data[f"pool/{number}/{name}"] = value


def products(data, rng):
    for dtype in ("float16", "bfloat16"):
        a, b = (rng.randn(*shape) for shape in ((3, 40), (40, 5)))
        with tf.Graph().as_default(), tf.Session() as session:
            ta, tb = tf.cast(a, dtype), tf.cast(b, dtype)
            for name, value in zip("aby", session.run([ta, tb, tf.matmul(ta, tb)]), strict=True):
                data[f"matmul/{dtype}/{name}"] = storable(value)


def main():
    data = {}
    rng = np.random.RandomState(0)
    orthogonals(data)
    convolutions(data, rng)
    pools(data, rng)
    products(data, rng)
    about = {"tensorflow": tf.__version__, "convolutions": CONVOLUTIONS, "pools": POOLS}
    data["about"] = np.array(json.dumps(about))
    np.savez_compressed(Path(__file__).with_name("kernels.npz"), **data)


if __name__ == "__main__":
    main()
