"""tf.metrics over two batches: areas under curves, counts at thresholds, class by class, among the k highest."""

import numpy as np

from ..cases import golden
from ..helpers import said

SUMS = {"rtol": 3e-6, "atol": 1e-7, "reason": "sums and quotients of float32 counts in another order"}
DRAWN = np.random.RandomState(0)
BATCHES = [
    {
        "labels": DRAWN.randint(0, 2, 6),
        "scores": np.round(DRAWN.uniform(0, 1, 6), 3).astype(np.float32),
        "weights": np.round(DRAWN.uniform(0, 1, 6), 3).astype(np.float32),
        "classes": DRAWN.randint(0, 3, 6),
        "guesses": DRAWN.randint(0, 3, 6),
        "rows": np.round(DRAWN.uniform(0, 1, (3, 4)), 3).astype(np.float32),
        "row labels": DRAWN.randint(0, 4, (3, 2)),
        "row weights": np.array([0.5, 1.0, 0.25], np.float32),
    }
    for _ in range(2)
]
PLACES = [0.2, 0.5, 0.9]


def _areas(m, x):
    options = [("ROC", "trapezoidal"), ("PR", "trapezoidal"), ("PR", "minoring"), ("PR", "majoring")]
    made = {
        f"{curve} {method} {weighed}": m.auc(
            x["labels"], x["scores"], x["weights"] if weighed else None, 20, curve=curve, summation_method=method
        )
        for curve, method in [*options, ("PR", "careful_interpolation")]
        for weighed in (False, True)
    }
    made["own thresholds"] = m.auc(x["labels"], x["scores"], thresholds=PLACES, name="own")
    made["sensitivity"] = m.sensitivity_at_specificity(x["labels"], x["scores"], 0.6, num_thresholds=20)
    made["specificity"] = m.specificity_at_sensitivity(x["labels"], x["scores"], 0.6, num_thresholds=20)
    return made


def _at_thresholds(m, x):
    kinds = ("true_positives", "true_negatives", "false_positives", "false_negatives", "precision", "recall")
    return {
        f"{kind} {weighed}": getattr(m, f"{kind}_at_thresholds")(
            x["labels"], x["scores"], PLACES, x["weights"] if weighed else None
        )
        for kind in kinds
        for weighed in (False, True)
    }


def _classes(m, x):
    scores, weights = x["scores"], x["weights"]
    return {
        "iou": m.mean_iou(x["classes"], x["guesses"], 3),
        "iou of more": m.mean_iou(x["classes"], x["guesses"], 4, weights),
        "accuracy": m.mean_per_class_accuracy(x["classes"], x["guesses"], 3),
        "accuracy of more": m.mean_per_class_accuracy(x["classes"], x["guesses"], 4, weights),
        "cosine": m.mean_cosine_distance(x["rows"], 2 * x["rows"] - 1, 1),
        "relative": m.mean_relative_error(scores, 0.5 * scores, weights - 0.5),
        "tensor": m.mean_tensor(x["rows"]),
        "tensor weighed": m.mean_tensor(x["rows"], x["rows"]),
    }


def _at_k(m, x):
    labels, rows, weights = x["row labels"], x["rows"], x["row weights"]
    made = {}
    for k in (1, 2, 3):
        for chosen in (None, 1):
            for weighed in (None, weights):
                name = f"{k} {chosen} {weighed is None}"
                made[f"precision {name}"] = m.precision_at_k(labels, rows, k, chosen, weighed)
                made[f"recall {name}"] = m.recall_at_k(labels, rows, k, chosen, weighed)
        made[f"average {k}"] = m.average_precision_at_k(labels, rows, k)
        made[f"average weighed {k}"] = m.average_precision_at_k(labels, rows, k, weights)
    made["precision of top"] = m.precision_at_top_k(labels, labels[:, ::-1], k=2)
    made["recall of top"] = m.recall_at_top_k(labels, labels[:, ::-1], k=2)
    return made


FAMILIES = {"areas": _areas, "thresholds": _at_thresholds, "classes": _classes, "ranks": _at_k}


@golden(rows={name: name for name in FAMILIES}, **SUMS)
def two_batches(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        static = {"rows": [3, 4], "row labels": [None, 2]}
        feeds = {
            name: tf.placeholder(array.dtype, static.get(name, [None] * array.ndim))
            for name, array in BATCHES[0].items()
        }
        made = FAMILIES[row](tf.metrics, feeds)
        session.run(tf.local_variables_initializer())
        got = {}
        for i, batch in enumerate(BATCHES):
            fed = {feeds[name]: array for name, array in batch.items()}
            updates = session.run({name: update for name, (_, update) in made.items()}, fed)
            values = session.run({name: value for name, (value, _) in made.items()}, fed)
            got |= {f"{name} update {i}": array for name, array in updates.items()}
            got |= {f"{name} value {i}": array for name, array in values.items()}
        shapes = [f"{name} {value.shape} {update.shape}" for name, (value, update) in made.items()]
    return got | {"shapes": shapes}


@golden()
def refused(tf):
    def run(build):
        with tf.Graph().as_default(), tf.Session() as session:
            update = build()[1]
            session.run(tf.local_variables_initializer())
            session.run(update)

    m = tf.metrics
    return {
        "curve": said(lambda: m.auc([1], [0.5], curve="X"), "must be either ROC or PR"),
        "method": said(
            lambda: run(lambda: m.auc(tf.constant([1]), tf.constant([0.5]), summation_method="X")),
            "Invalid summation_method: X",
        ),
        "outside": said(
            lambda: run(lambda: m.auc(tf.constant([1]), tf.constant([1.5]))), "predictions must be in .0, 1."
        ),
        "specificity": said(lambda: m.sensitivity_at_specificity([1], [0.5], 1.5), "must be in the range .0, 1."),
        "classes": said(
            lambda: run(lambda: m.mean_iou(tf.constant([3]), tf.constant([0]), 3)), "`labels` out of bound"
        ),
    }
