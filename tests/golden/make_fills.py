"""Makes fills.npz, what TensorFlow's own kernels draw; tests/kernels/test_random_golden.py reads it.

In an environment of its own (pip install tensorflow-cpu tf_keras):
    TF_USE_LEGACY_KERAS=1 python tests/golden/make_fills.py

A case is called kind/dtype/parameters/graph seed,op seed/size and holds an array [run, element]. Of more than FEW
elements only those at sampled/<size> are kept, with a digest of all bytes or, of the normals, which no two libraries
round alike, with their sum and their sum of squares.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()

FLOATS = ("float32", "float64", "float16", "bfloat16")
RUNS = 3
FEW = 100
SIZES = (0, 1, 3, 4, 5, 67, 1023, 1_000_003)
SEED = (87654321, 7)
# (graph seed, op seed) as the kernels get them: given through the API they would be reduced first.
OTHER_SEEDS = (
    (0, 1), (1, 0), (0, 2**31), (2**31, 2**63 - 1), (2**63 - 1, 2**31), (-5, -(2**62) - 3), (-(2**63), -1),
)  # fmt: skip

FILLS = {"uniform": "RandomUniform", "normal": "RandomStandardNormal", "truncated_normal": "TruncatedNormal"}
SCALED = {
    "uniform": (tf.random_uniform, (-1.3, 2.6)),  # whose difference depends on when it is rounded
    "normal": (tf.random_normal, (0.3, 0.02)),
    "truncated_normal": (tf.truncated_normal, (-2, 3)),
}
RANGES = {
    "int32": ((-5, 1_000_003), (-(2**31), 2**31 - 1), (0, 1), (0, 3)),
    "int64": ((-5, 1_000_003), (-(2**63), 2**63 - 1), (0, 1), (2**40, 2**62)),
}
KEPT = (0.7, 0.5, 0.01)  # probabilities with which a dropout keeps
BATCHES = ((1, 1), (1, 5), (2, 3), (5, 9), (5, 67), (1, 1023), (1, 1_000_003))  # rows and draws of a multinomial

data: dict[str, np.ndarray] = {}
digests: dict[str, list[str]] = {}
sums: dict[str, list[list[float]]] = {}


def places():
    """(seed, size): each size of one seed, and one size of each other seed."""
    return [(SEED, size) for size in SIZES] + [(seed, 67) for seed in OTHER_SEEDS]


def sampled(size):
    """The first and the last eight, and some hundred between, at an odd distance: of each of a block's places."""
    edge = np.arange(8)
    at = np.unique(np.concatenate([edge, np.arange(0, size, size // FEW | 1), size - 1 - edge]))
    data.setdefault(f"sampled/{size}", at)
    return at


def record(case, make, *arguments, **keywords):
    """What RUNS runs of the op made by `make` give, in one session; `case` is the parts of its name."""
    kind, dtype, *places, size = case
    name = "/".join([kind, dtype, *(",".join(map(str, part)) for part in (*places, size))])
    with tf.Graph().as_default():
        op = make(*arguments, **keywords)
        with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1)) as session:
            values = np.stack([session.run(op) for _ in range(RUNS)])
    if size[-1] > FEW:
        if "normal" in kind:
            wide = values.astype(np.float64)
            sums[name] = np.stack([wide.sum(axis=1), (wide * wide).sum(axis=1)], axis=1).tolist()
        else:
            digests[name] = [hashlib.sha256(run.tobytes()).hexdigest() for run in values]
        values = values[..., sampled(size[-1])]
    # .npz keeps no name of a foreign dtype, so bfloat16 is stored as its bits.
    data[name] = values.view(np.uint16) if dtype == "bfloat16" else values


def floats():
    for dtype in FLOATS:
        for kind, op in FILLS.items():
            draw = getattr(tf.raw_ops, op)
            for seed, size in places():
                case = (kind, dtype, (), seed, (size,))
                record(case, draw, shape=[size], dtype=dtype, seed=seed[0], seed2=seed[1])
        for kind, (draw, parameters) in SCALED.items():
            record((kind, dtype, parameters, SEED, (67,)), draw, [67], *parameters, dtype, seed=SEED[1])
        for size in SIZES:
            for keep in KEPT if size == 67 else KEPT[:1]:
                ones = np.ones(size, tf.as_dtype(dtype).as_numpy_dtype)
                record(("bernoulli", dtype, (keep,), SEED, (size,)), tf.nn.dropout, ones, keep_prob=keep, seed=SEED[1])


def integers():
    draw, shuffle = tf.raw_ops.RandomUniformInt, tf.raw_ops.RandomShuffle
    for dtype, ranges in RANGES.items():
        for bounds in ranges:
            low, high = (np.array(bound, dtype) for bound in bounds)
            for seed, size in places() if bounds == ranges[1] else [(SEED, size) for size in (1, 5, 67)]:
                case = ("uniform_int", dtype, bounds, seed, (size,))
                record(case, draw, shape=[size], minval=low, maxval=high, seed=seed[0], seed2=seed[1])
    for seed, size in places():
        order = np.arange(size, dtype=np.int32)
        record(("permutation", "int32", (), seed, (size,)), shuffle, value=order, seed=seed[0], seed2=seed[1])


def multinomials():
    logits = np.random.RandomState(0).randn(5, 7).astype(np.float32)
    logits[1, 2], logits[3, 0] = -np.inf, np.nan
    data["logits"] = logits
    for seed, (batch, draws) in [(SEED, size) for size in BATCHES] + [(seed, (5, 9)) for seed in OTHER_SEEDS]:
        words = {"seed": seed[0], "seed2": seed[1], "output_dtype": tf.int32}
        case = ("multinomial", "int32", (), seed, (batch, draws))
        record(case, tf.raw_ops.Multinomial, logits=logits[:batch], num_samples=draws, **words)


def main():
    floats()
    integers()
    multinomials()
    about = {"tensorflow": tf.__version__, "runs": RUNS, "few": FEW, "digests": digests, "sums": sums}
    data["about"] = np.array(json.dumps(about))
    path = Path(__file__).with_name("fills.npz")
    np.savez_compressed(path, **data)
    print(f"tensorflow {tf.__version__}: {len(data)} arrays, {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
