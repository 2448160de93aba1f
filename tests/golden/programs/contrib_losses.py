"""tf.contrib's losses and metrics of old, recorded from tf_slim: names, collections, values, gradients."""

import numpy as np

from ..cases import golden
from ..helpers import described, run, uniform

SUMS = {"rtol": 1e-5, "atol": 1e-6, "reason": "float32 sums in another order"}
LABELS = np.array([0, 2, 1, 2])
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
WEIGHTS = {"one": 1.5, "rows": np.array([1, 0, 2, 0.5], np.float32), "none": 0.0}


def positive(*shape, seed=0):
    return uniform(*shape, seed=seed, low=0.1, high=0.9)


LOSSES = {
    "absolute_difference": lambda tf, c, x, w: c.absolute_difference(x, tf.constant(uniform(4, 3, seed=1)), w),
    "mean_squared_error": lambda tf, c, x, w: c.mean_squared_error(x, tf.constant(uniform(4, 3, seed=1)), w, "mine"),
    "log_loss": lambda tf, c, x, w: c.log_loss(tf.sigmoid(x), tf.constant(positive(4, 3, seed=1)), w, 1e-4),
    "sigmoid_cross_entropy": lambda tf, c, x, w: c.sigmoid_cross_entropy(x, tf.constant(ONE_HOT), w, 0.1),
    "softmax_cross_entropy": lambda tf, c, x, w: c.softmax_cross_entropy(x, tf.constant(ONE_HOT), w, 0.1),
    "sparse_softmax_cross_entropy": lambda tf, c, x, w: c.sparse_softmax_cross_entropy(x, tf.constant(LABELS), w),
    "sparse_softmax_cross_entropy of columns": lambda tf, c, x, w: c.sparse_softmax_cross_entropy(
        x, tf.constant(LABELS[:, None]), w
    ),
    "cosine_distance": lambda tf, c, x, w: c.cosine_distance(x, tf.constant(uniform(4, 3, seed=1)), 1, w),
    "mean_pairwise_squared_error": lambda tf, c, x, w: c.mean_pairwise_squared_error(
        x, tf.constant(uniform(4, 3, seed=1)), w
    ),
    "compute_weighted_loss": lambda tf, c, x, w: c.compute_weighted_loss(x * x, w),
}


@golden(rows=LOSSES, **SUMS)
def losses(tf, row):
    found = {}
    for name, weights in WEIGHTS.items():
        with tf.Graph().as_default():
            x = tf.constant(uniform(4, 3, seed=5))
            loss = row(tf, tf.contrib.slim.losses, x, weights)
            collected = [t is loss for t in tf.get_collection(tf.GraphKeys.LOSSES)]
            found[name], found[f"{name} slopes"] = run(tf, [loss, tf.gradients(loss, x)[0]])
            found[f"{name} collected"] = [str(one) for one in collected]
            found[f"{name} shape"] = [str(loss.shape.as_list()), loss.dtype.name]
    return found


@golden(**SUMS)
def hinges_stay_apart(tf):
    with tf.Graph().as_default():
        x = tf.constant(uniform(4, 3, seed=5) * 2)
        loss = tf.contrib.slim.losses.hinge_loss(x, tf.constant(ONE_HOT))
        return {"loss": run(tf, loss), "collected": len(tf.get_collection(tf.GraphKeys.LOSSES))}


@golden(**SUMS)
def columns_of_weights(tf):
    c = tf.contrib.slim.losses
    with tf.Graph().as_default():
        x, y = tf.constant(uniform(4, 3, seed=5)), tf.constant(uniform(4, 3, seed=6))
        column, every = WEIGHTS["rows"][:, None], positive(4, 3)
        return {
            "values": np.array(run(tf, [
                c.mean_squared_error(x, y, column), c.absolute_difference(x, y, every),
                c.softmax_cross_entropy(x, tf.constant(ONE_HOT), column), c.get_total_loss(),
            ])),
        }  # fmt: skip


FEATURES = [0, 1, 0, 2, 1, 0]

LEARNT = {
    "contrastive": lambda tf, m, x: m.contrastive_loss(tf.constant([1, 0, 1, 0, 0, 1]), x, x[::-1] + 0.1, 0.9),
    "triplet": lambda tf, m, x: m.triplet_semihard_loss(tf.constant(FEATURES), x, 0.4),
    "npairs": lambda tf, m, x: m.npairs_loss(tf.constant(FEATURES), x, x[::-1], 0.1),
    "lifted": lambda tf, m, x: m.lifted_struct_loss(tf.constant(FEATURES), x, 0.7),
}


@golden(rows=LEARNT, rtol=2e-5, atol=2e-6, reason="distances are differences of float32 sums")
def metric_learning(tf, row):
    with tf.Graph().as_default():
        x = tf.constant(uniform(6, 4, seed=3))
        loss = row(tf, tf.contrib.slim.losses.metric_learning, x)
        value, slopes = run(tf, [loss, tf.gradients(loss, x)[0]])
        return {"loss": value, "slopes": slopes}


METRICS = {
    "accuracy": lambda tf, m, p, y, w: m.streaming_accuracy(p > 0.5, y > 0.5, w),
    "precision": lambda tf, m, p, y, w: m.streaming_precision(p > 0.5, y > 0.5, w),
    "recall": lambda tf, m, p, y, w: m.streaming_recall(p > 0.5, y > 0.5, w),
    "mean": lambda tf, m, p, y, w: m.streaming_mean(p, w),
    "mean_absolute_error": lambda tf, m, p, y, w: m.streaming_mean_absolute_error(p, y, w),
    "root_mean_squared_error": lambda tf, m, p, y, w: m.streaming_root_mean_squared_error(p, y, w),
    "percentage_less": lambda tf, m, p, y, w: m.streaming_percentage_less(p, 0.4, w),
}


@golden(rows=METRICS, **SUMS)
def metrics(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        p, y = tf.placeholder(tf.float32, [4]), tf.constant(positive(4, seed=8))
        value, update = row(tf, tf.contrib.slim.metrics, p, y, tf.constant(WEIGHTS["rows"]))
        session.run(tf.local_variables_initializer())
        found = [session.run(update, {p: positive(4, seed=seed)}) for seed in (1, 2)]
        return {"updates": np.array(found), "value": session.run(value), "described": [described(value)]}


@golden(**SUMS)
def accuracy_of_a_batch(tf):
    m = tf.contrib.slim.metrics
    with tf.Graph().as_default():
        p, y = tf.constant([1, 2, 0, 2]), tf.constant([1, 1, 0, 2])
        return {"plain": run(tf, m.accuracy(p, y)), "weighed": run(tf, m.accuracy(p, y, WEIGHTS["rows"]))}


MORE_LAYERS = {
    "elu": (lambda tf, c, x: c.elu(x, 3), [3, 4]),
    "spatial_softmax": (lambda tf, c, x: c.spatial_softmax(x), [2, 4, 3, 2]),
    "spatial_softmax channels first": (
        lambda tf, c, x: c.spatial_softmax(x, 0.5, "s", trainable=False, data_format="NCHW"),
        [2, 4, 3, 2],
    ),
    "legacy_fully_connected": (
        lambda tf, c, x: c.legacy_fully_connected(x, 3, tf.nn.tanh, name="old", output_collections=("outs",)),
        [3, 4],
    ),
    "legacy_linear": (lambda tf, c, x: c.legacy_linear(x, 2, bias_init=None), [3, 4]),
    "legacy_relu": (lambda tf, c, x: c.legacy_relu(x, 2, weight_collections=("w",)), [3, 4]),
}
_COLLECTIONS = ("trainable_variables", "weights", "biases", "activations", "model_variables", "w", "outs")


@golden(rows=MORE_LAYERS, **SUMS)
def more_layers(tf, row):
    build, shape = row
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(uniform(*shape, seed=4))
        y = build(tf, tf.contrib.layers, x)
        session.run(tf.global_variables_initializer())
        starts = [session.run(v) for v in tf.global_variables() if "temperature" in v.op.name]
        for i, v in enumerate(tf.global_variables()):
            v.load(uniform(*v.shape.as_list(), seed=i + 9, low=0.2), session)
        found, slopes = session.run([y, tf.gradients(y, x)[0]])
        return {
            "y": found, "slopes": slopes, "starts": np.array(starts),
            "variables": [described(v) for v in tf.global_variables()],
            "shape": str(y.shape.as_list()),
            **{key: len(tf.get_collection(key)) for key in _COLLECTIONS},
        }  # fmt: skip


@golden()
def sparse_of_dense(tf):
    with tf.Graph().as_default():
        x = tf.constant([[0, 3, 0], [1, 0, 0]])
        found = run(tf, [tf.contrib.layers.dense_to_sparse(x), tf.contrib.layers.dense_to_sparse(x, 3)])
        return {f"{i} {part}": getattr(one, part) for i, one in enumerate(found)
                for part in ("indices", "values", "dense_shape")}  # fmt: skip
