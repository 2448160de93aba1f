"""tf.losses, the cross entropies of tf.nn, and metrics: values, gradients, weights, reductions, collections."""

import numpy as np

from ..cases import golden
from ..helpers import described, said, uniform

CLOSE = {"rtol": 4e-6, "atol": 5e-7, "reason": "float32 exp, log and short sums: a few units in the last place"}

LOGITS = uniform(4, 3, seed=1, low=-3.0, high=3.0)
LABELS = uniform(4, 3, seed=2, low=0.0, high=1.0)
SOFT = LABELS / LABELS.sum(1, keepdims=True)
HOT = np.eye(3, dtype=np.float32)[[0, 2, 1, 1]]
CLASSES = np.array([0, 2, 1, 1], np.int32)
SIGNS = np.array([[0, 1, 1], [1, 0, 0], [1, 1, 1], [0, 0, 0]], np.float32)
LARGE = np.array([[1000.0, -1000.0, 0.0], [80.0, 90.0, 100.0]], np.float32)

# Each is (labels, logits) -> losses, one for each example or number.
ENTROPIES = {
    "softmax": (lambda tf, y, x: tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x), SOFT, LOGITS),
    "softmax v2": (lambda tf, y, x: tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x), SOFT, LOGITS),
    "softmax hot": (lambda tf, y, x: tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x), HOT, LOGITS),
    "softmax large": (lambda tf, y, x: tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x), HOT[:2], LARGE),
    "softmax of rank 3": (
        lambda tf, y, x: tf.nn.softmax_cross_entropy_with_logits(labels=y[None], logits=x[None]),
        SOFT,
        LOGITS,
    ),
    "softmax along 0": (
        lambda tf, y, x: tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x, dim=0),
        SOFT,
        LOGITS,
    ),
    "sparse": (lambda tf, y, x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=x), CLASSES, LOGITS),
    "sparse int64": (
        lambda tf, y, x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=x),
        CLASSES.astype(np.int64),
        LOGITS,
    ),
    "sparse of rank 3": (
        lambda tf, y, x: tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.reshape(y, [2, 2]), logits=tf.reshape(x, [2, 2, 3])
        ),
        CLASSES,
        LOGITS,
    ),
    "sparse large": (
        lambda tf, y, x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=x),
        CLASSES[:2],
        LARGE,
    ),
    "sigmoid": (lambda tf, y, x: tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=x), LABELS, LOGITS),
    "sigmoid large": (lambda tf, y, x: tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=x), SIGNS[:2], LARGE),
    "weighted": (
        lambda tf, y, x: tf.nn.weighted_cross_entropy_with_logits(labels=y, logits=x, pos_weight=2.5),
        SIGNS,
        LOGITS,
    ),
}


@golden(rows=ENTROPIES, **CLOSE)
def cross_entropy(tf, row):
    """Values, and gradients by logits and labels ("none" where nothing flows, as into the labels of version 1)."""
    call, labels, logits = row
    with tf.Graph().as_default(), tf.Session() as session:
        y, x = tf.constant(labels), tf.constant(logits)
        losses = call(tf, y, x)
        weights = tf.constant(uniform(*losses.shape.as_list(), seed=9))
        answers = {"losses": session.run(losses)}
        for name, gradient in zip(("dlogits", "dlabels"), tf.gradients(losses, [x, y], grad_ys=weights), strict=True):
            answers[name] = "none" if gradient is None else session.run(gradient)
        return answers


LOSSES = {
    "mean_squared_error": (lambda tf, **k: tf.losses.mean_squared_error(LABELS, tf.constant(LOGITS), **k)),
    "absolute_difference": (lambda tf, **k: tf.losses.absolute_difference(LABELS, tf.constant(LOGITS), **k)),
    "huber_loss": (lambda tf, **k: tf.losses.huber_loss(LABELS, tf.constant(LOGITS), **k)),
    "hinge_loss": (lambda tf, **k: tf.losses.hinge_loss(SIGNS, tf.constant(LOGITS), **k)),
    "log_loss": (lambda tf, **k: tf.losses.log_loss(SIGNS, tf.constant(LABELS), **k)),
    "sigmoid_cross_entropy": (lambda tf, **k: tf.losses.sigmoid_cross_entropy(SIGNS, tf.constant(LOGITS), **k)),
    "compute_weighted_loss": (lambda tf, **k: tf.losses.compute_weighted_loss(tf.constant(LOGITS), **k)),
}
ROWWISE = {
    "softmax_cross_entropy": (lambda tf, **k: tf.losses.softmax_cross_entropy(HOT, tf.constant(LOGITS), **k)),
    "sparse_softmax_cross_entropy": (
        lambda tf, **k: tf.losses.sparse_softmax_cross_entropy(CLASSES, tf.constant(LOGITS), **k)
    ),
}
ROW_WEIGHTS = np.array([1.0, 0.0, 2.0, 0.5], np.float32)
WEIGHTS = {
    "default": {},
    "scalar": {"weights": 0.5},
    "zero": {"weights": 0.0},
    "column": {"weights": ROW_WEIGHTS[:, None]},
    "row": {"weights": np.array([[1.0, 0.0, 3.0]], np.float32)},
    "each": {"weights": uniform(4, 3, seed=5, low=0.0)},
}
REDUCTIONS = ("NONE", "SUM", "MEAN", "SUM_BY_NONZERO_WEIGHTS", "SUM_OVER_BATCH_SIZE", "SUM_OVER_NONZERO_WEIGHTS")


def rows():
    for name, call in LOSSES.items():
        for label, weights in WEIGHTS.items():
            yield f"{name}, weights {label}", (call, weights, None)
        for reduction in REDUCTIONS:
            yield f"{name}, {reduction}", (call, WEIGHTS["column"], reduction)
    for name, call in ROWWISE.items():
        for label, weights in {"default": {}, "scalar": {"weights": 2.0}, "each": {"weights": ROW_WEIGHTS}}.items():
            yield f"{name}, weights {label}", (call, weights, None)
        for reduction in REDUCTIONS:
            yield f"{name}, {reduction}", (call, {"weights": ROW_WEIGHTS}, reduction)


OTHERS = {
    "cosine_distance": lambda tf: tf.losses.cosine_distance(LABELS, tf.constant(LOGITS), axis=1),
    "cosine_distance weighted": lambda tf: tf.losses.cosine_distance(
        LABELS, tf.constant(LOGITS), 1, weights=ROW_WEIGHTS[:, None]
    ),
    "huber delta": lambda tf: tf.losses.huber_loss(LABELS, tf.constant(LOGITS), delta=0.5),
    "log_loss epsilon": lambda tf: tf.losses.log_loss(SIGNS, tf.constant(SIGNS), epsilon=1e-3),
    "label_smoothing": lambda tf: tf.losses.softmax_cross_entropy(HOT, tf.constant(LOGITS), label_smoothing=0.1),
    "sigmoid label_smoothing": lambda tf: tf.losses.sigmoid_cross_entropy(
        SIGNS, tf.constant(LOGITS), label_smoothing=0.2
    ),
    "mean_pairwise_squared_error": lambda tf: tf.losses.mean_pairwise_squared_error(LABELS, tf.constant(LOGITS)),
    "integers": lambda tf: tf.losses.mean_squared_error(CLASSES, tf.constant([1.0, 2.0, 3.0, 4.0])),
    "sparse of a column": lambda tf: tf.losses.sparse_softmax_cross_entropy(CLASSES[:, None], tf.constant(LOGITS)),
}


@golden(rows=dict(rows()), **CLOSE)
def loss(tf, row):
    call, weights, reduction = row
    arguments = (
        dict(weights) if reduction is None else {**weights, "reduction": getattr(tf.losses.Reduction, reduction)}
    )
    return value_and_gradient(tf, lambda tf: call(tf, **arguments))


@golden(rows=OTHERS, **CLOSE)
def loss_with_arguments(tf, row):
    return value_and_gradient(tf, row)


def value_and_gradient(tf, build):
    """The loss, its gradient by the first constant of the graph (the predictions), and where it is collected."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        value = build(tf)
        predictions = graph.get_operations()[0].outputs[0]
        gradient = tf.gradients(value, predictions)[0]
        return {
            "value": session.run(value),
            "gradient": "none" if gradient is None else session.run(gradient),
            "static": described(value),
            "collected": [t.name for t in tf.losses.get_losses()],
        }


@golden()
def reductions_are_strings(tf):
    return {name: getattr(tf.losses.Reduction, name) for name in REDUCTIONS} | {
        "all": sorted(tf.losses.Reduction.all())
    }


@golden(**CLOSE)
def total_loss(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        with tf.name_scope("one"):
            first = tf.losses.mean_squared_error([1.0, 2.0], [2.0, 4.0])
        tf.losses.absolute_difference([1.0], [3.0], loss_collection="mine")
        tf.losses.add_loss(tf.constant(10.0, name="added"))
        with tf.variable_scope("s", regularizer=lambda w: tf.nn.l2_loss(w)):
            tf.get_variable("w", initializer=[3.0])
        totals = [tf.losses.get_total_loss(), tf.losses.get_total_loss(add_regularization_losses=False)]
        session.run(tf.global_variables_initializer())
        return {
            "totals": session.run(tf.stack(totals)),
            "names": [t.name for t in [first, *totals]],
            "losses": [t.name for t in tf.losses.get_losses()],
            "losses of one": [t.name for t in tf.losses.get_losses("one")],
            "mine": [t.name for t in tf.get_collection("mine")],
            "regularization": [t.name for t in tf.losses.get_regularization_losses()],
            "their sum": session.run(tf.losses.get_regularization_loss()),
        }


REFUSED = {
    "shapes differ": (lambda tf: tf.losses.mean_squared_error([1.0], [[1.0, 2.0]]), []),
    "weights do not broadcast": (
        lambda tf: tf.losses.mean_squared_error(LABELS, LOGITS, weights=np.ones((4, 2), np.float32)),
        ["weights"],
    ),
    "no labels": (lambda tf: tf.losses.mean_squared_error(None, LOGITS), ["must not be None"]),
    "no logits": (lambda tf: tf.losses.softmax_cross_entropy(HOT, None), ["must not be None"]),
    "unknown reduction": (lambda tf: tf.losses.mean_squared_error(LABELS, LOGITS, reduction="most"), ["most"]),
    "sparse ranks": (
        lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=HOT.astype(int), logits=LOGITS),
        ["[Rr]ank"],
    ),
    "sigmoid shapes": (
        lambda tf: tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0], logits=[1.0, 2.0]),
        ["must have the same shape"],
    ),
}


@golden(rows=REFUSED)
def refused(tf, row):
    call, parts = row
    with tf.Graph().as_default():
        return {"said": said(lambda: call(tf), *parts)}


METRICS = {
    "mean": lambda tf, x: tf.metrics.mean(x),
    "mean weighted": lambda tf, x: tf.metrics.mean(x, weights=tf.cast(x > 0.0, tf.float32)),
    "accuracy": lambda tf, x: tf.metrics.accuracy(tf.constant([1, 0, 1]), tf.to_int32(x > 0.0)),
    "accuracy weighted": lambda tf, x: tf.metrics.accuracy([1, 0, 1], tf.to_int32(x > 0.0), weights=[1.0, 0.0, 2.0]),
    "accuracy of int64": lambda tf, x: tf.metrics.accuracy(tf.constant([1, 0, 1]), tf.to_int64(x > 0.0), name="acc"),
    "mean_squared_error": lambda tf, x: tf.metrics.mean_squared_error([0.0, 0.5, 1.0], x),
}


@golden(rows=METRICS, rtol=1e-6, atol=1e-7, reason="sums of three in another order")
def metric(tf, row):
    """Value before any update, after each of three, and the local variables that carry it."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [3])
        value, update = row(tf, x)
        session.run(tf.local_variables_initializer())
        values, updates = [session.run(value)], []
        for seed in range(3):
            updates.append(session.run(update, {x: uniform(3, seed=seed)}))
            values.append(session.run(value))
        return {
            "values": np.stack(values),
            "updates": np.stack(updates),
            "names": [value.name, update.name],
            "local": [described(v) for v in tf.local_variables()],
            "global": [v.name for v in tf.global_variables()],
            "metric": [v.name for v in tf.get_collection(tf.GraphKeys.METRIC_VARIABLES)],
            "state": session.run(tf.local_variables()[0]),
        }


@golden()
def metrics_in_collections(tf):
    with tf.Graph().as_default():
        with tf.variable_scope("s"):
            tf.metrics.mean([1.0], metrics_collections=["values"], updates_collections="updates", name="m")
        tf.metrics.accuracy([1], [1])
        tf.metrics.accuracy([1], [1])
        return {
            "values": [t.name for t in tf.get_collection("values")],
            "updates": [t.name for t in tf.get_collection("updates")],
            "local": [v.name for v in tf.local_variables()],
        }
