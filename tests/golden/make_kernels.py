"""Makes kernels.npz, what TensorFlow's own kernels give on small cases; tests/kernels reads it.

In an environment of its own (pip install tensorflow-cpu tf_keras):
    TF_USE_LEGACY_KERAS=1 python tests/golden/make_kernels.py
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

FLOATS = ("float32", "float64", "float16", "bfloat16")
SEEDS = ((0, 1), (1, 0), (87654321, 7), (2**31, 2**63 - 1), (-5, -(2**62) - 3))  # (graph seed, op seed) of the op
SIZES = (0, 1, 3, 4, 5, 67)
RUNS = 3
LARGE = 1_000_003
SAMPLED = slice(None, None, 9973)  # of the large ones

FILLS = {"uniform": "RandomUniform", "normal": "RandomStandardNormal", "truncated_normal": "TruncatedNormal"}

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


def run(make, *args, runs=RUNS, **kwargs):
    """What `runs` runs of one op in one session give."""
    with tf.Graph().as_default():
        op = make(*args, **kwargs)
        with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1)) as session:
            return [storable(session.run(op)) for _ in range(runs)]


def record(data, name, values):
    for number, value in enumerate(values):
        data[f"{name}/run{number}"] = value


def random_fills(data):
    digests = {}
    for kind, op in FILLS.items():
        for dtype in FLOATS:
            draw = getattr(tf.raw_ops, op)
            for graph, seed in SEEDS:
                name = f"{kind}/{dtype}/{graph},{seed}/67"
                record(data, name, run(draw, shape=[67], dtype=dtype, seed=graph, seed2=seed))
            for size in SIZES:
                name = f"{kind}/{dtype}/87654321,7/{size}"
                record(data, name, run(draw, shape=[size], dtype=dtype, seed=87654321, seed2=7))
            (large,) = run(draw, shape=[LARGE], dtype=dtype, seed=87654321, seed2=7, runs=1)
            data[f"{kind}/{dtype}/large"] = large[SAMPLED]
            if kind == "uniform":
                digests[dtype] = hashlib.sha256(large.tobytes()).hexdigest()
    return digests


def scaled_fills(data):
    for dtype in FLOATS:
        record(data, f"scaled_uniform/{dtype}", run(tf.random_uniform, [67], -1.3, 2.7, dtype, seed=7))
        record(data, f"scaled_normal/{dtype}", run(tf.random_normal, [67], 0.3, 0.02, dtype, seed=7))
        record(data, f"scaled_truncated_normal/{dtype}", run(tf.truncated_normal, [67], -2, 3, dtype, seed=7))


def integers(data):
    for dtype, ranges in {
        "int32": ((-5, 1_000_003), (-(2**31), 2**31 - 1), (0, 1), (0, 3)),
        "int64": ((-5, 1_000_003), (-(2**63), 2**63 - 1), (2**40, 2**62)),
    }.items():
        for low, high in ranges:
            for size in (1, 5, 67):
                values = run(tf.random_uniform, [size], low, high, getattr(tf, dtype), seed=7)
                record(data, f"uniform_int/{dtype}/{low},{high}/{size}", values)
    for size in (0, 1, 2, 3, 5, 6, 67, 1000):
        record(data, f"permutation/{size}", run(tf.random_shuffle, np.arange(size), seed=7))
    logits = np.random.RandomState(0).randn(5, 7).astype(np.float32)
    logits[1, 2], logits[3, 0] = -np.inf, np.nan
    data["multinomial/logits"] = logits
    for batch, samples in ((1, 1), (1, 5), (2, 3), (5, 9), (5, 101)):
        values = run(tf.multinomial, logits[:batch], samples, seed=7)
        record(data, f"multinomial/{batch},{samples}", values)


def orthogonals(data):
    for shape in ((5, 3), (3, 5), (4, 4), (3, 3, 2, 7), (2, 2, 1, 16), (1, 1)):
        for gain in (1.0, -1.5):
            name = f"orthogonal/{','.join(map(str, shape))}/{gain}"
            data[name] = run(tf.orthogonal_initializer(gain, seed=7), shape, runs=1)[0]


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
    digests = random_fills(data)
    scaled_fills(data)
    integers(data)
    orthogonals(data)
    convolutions(data, rng)
    pools(data, rng)
    products(data, rng)
    made_by = {"tensorflow": tf.__version__, "large_uniform_sha256": digests}
    cases = {"convolutions": CONVOLUTIONS, "pools": POOLS, "seeds": SEEDS, "sizes": SIZES, "runs": RUNS, "large": LARGE}
    data["about"] = np.array(json.dumps({**made_by, **cases}))
    np.savez_compressed(Path(__file__).with_name("kernels.npz"), **data)


if __name__ == "__main__":
    main()
