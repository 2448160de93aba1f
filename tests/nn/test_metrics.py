"""tf.metrics: values over several batches, against NumPy over all of them."""

import numpy as np
import pytest

import scopeflow as tf


def over_batches(metric, *columns, names):
    """The value before, and after each batch of rows, the update's own answers, and the variables' names."""
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = {
            n: tf.placeholder(tf.as_dtype(c[0].dtype), [None, *c[0].shape[1:]])
            for n, c in zip(names, columns, strict=True)
        }
        value, update = metric(**inputs)
        session.run(tf.local_variables_initializer())
        values, updates = [session.run(value)], []
        for batch in zip(*columns, strict=True):
            updates.append(session.run(update, dict(zip(inputs.values(), batch, strict=True))))
            values.append(session.run(value))
        assert tf.global_variables() == [] and tf.trainable_variables() == []
        local = tf.local_variables()
        assert tf.get_collection(tf.GraphKeys.METRIC_VARIABLES) == local
        return values, updates, [v.op.name for v in local]


def batches(seed, *sizes):
    rng = np.random.default_rng(seed)
    labels = [rng.integers(0, 2, n) for n in sizes]
    guesses = [rng.integers(0, 2, n) for n in sizes]
    weights = [rng.integers(0, 3, n).astype(np.float32) for n in sizes]
    return labels, guesses, weights


def share(hits, of):
    return hits.sum() / of.sum() if of.sum() else 0.0


MEASURES = {
    "accuracy": lambda y, p, w: share(w * (y == p), w),
    "mean_squared_error": lambda y, p, w: share(w * (y - p) ** 2, w),
    "mean_absolute_error": lambda y, p, w: share(w * np.abs(y - p), w),
    "root_mean_squared_error": lambda y, p, w: np.sqrt(share(w * (y - p) ** 2, w)),
    "precision": lambda y, p, w: share(w * (y & p), w * p),
    "recall": lambda y, p, w: share(w * (y & p), w * y),
    "true_positives": lambda y, p, w: (w * (y & p)).sum(),
    "false_positives": lambda y, p, w: (w * (p & ~y)).sum(),
    "false_negatives": lambda y, p, w: (w * (y & ~p)).sum(),
    "true_negatives": lambda y, p, w: (w * ((1 - y) & (1 - p))).sum(),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", MEASURES)
def test_a_metric_is_its_measure_of_all_that_was_seen(name, weighted):
    labels, guesses, weights = batches(3, 7, 1, 12)
    names, columns = ["labels", "predictions"], [labels, guesses]
    if weighted:
        names, columns = [*names, "weights"], [*columns, weights]
    values, updates, _ = over_batches(getattr(tf.metrics, name), *columns, names=names)
    assert values[0] == 0 and values[1:] == updates
    for i in range(1, 4):
        y, p = np.concatenate(labels[:i]), np.concatenate(guesses[:i])
        w = np.concatenate(weights[:i]) if weighted else np.ones(len(y))
        assert abs(values[i] - MEASURES[name](y, p, w)) <= 1e-6, f"after batch {i}"


def test_the_variables_are_called_as_tensorflow_calls_them():
    labels, guesses, _ = batches(0, 2)
    both = ["labels", "predictions"]
    assert over_batches(tf.metrics.accuracy, labels, guesses, names=both)[2] == ["accuracy/total", "accuracy/count"]
    assert over_batches(tf.metrics.precision, labels, guesses, names=both)[2] == [
        "precision/true_positives/count",
        "precision/false_positives/count",
    ]


@pytest.mark.parametrize("name", [n for n in MEASURES if n != "mean"])
def test_a_metric_takes_a_name(name):
    with tf.Graph().as_default():
        value, update = getattr(tf.metrics, name)([1], [1], name="given")
        assert value.op.name.startswith(("given", "Sqrt")) and update.op.name.startswith(("given", "Sqrt"))
        assert all(v.op.name.startswith("given/") for v in tf.local_variables()) and tf.local_variables()


def test_mean_weighs_and_percentage_below_counts():
    values = [np.array([1.0, 2.0], np.float32), np.array([6.0], np.float32)]
    weights = [np.array([1.0, 0.0], np.float32), np.array([3.0], np.float32)]
    assert over_batches(tf.metrics.mean, values, names=["values"])[0] == [0.0, 1.5, 3.0]
    assert over_batches(tf.metrics.mean, values, weights, names=["values", "weights"])[0] == [0.0, 1.0, 4.75]
    below = over_batches(lambda values: tf.metrics.percentage_below(values, 2.0), values, names=["values"])[0]
    assert below[:2] == [0.0, 0.5] and abs(below[2] - 1 / 3) <= 1e-7


def test_metrics_of_one_name_do_not_share_and_join_the_collections_asked_for():
    with tf.Graph().as_default():
        first, _ = tf.metrics.mean([1.0], metrics_collections="measures", updates_collections=["updates", "all"])
        second, update = tf.metrics.mean([1.0], updates_collections="all")
        assert [v.op.name for v in tf.local_variables()] == ["mean/total", "mean/count", "mean_1/total", "mean_1/count"]
        assert tf.get_collection("measures") == [first] and second not in tf.get_collection("measures")
        assert tf.get_collection("all")[1:] == [update] and len(tf.get_collection("updates")) == 1


def test_predictions_of_another_dtype_and_with_a_last_dimension_of_one():
    with tf.Graph().as_default(), tf.Session() as session:
        _, update = tf.metrics.accuracy(np.array([1, 2, 3]), np.array([[1.0], [5.0], [3.0]], np.float32))
        session.run(tf.local_variables_initializer())
        assert abs(session.run(update) - 2 / 3) <= 1e-7
        with pytest.raises(ValueError, match=r"Shapes \(2,\) and \(3,\) are incompatible"):
            tf.metrics.accuracy([1, 2, 3], [1, 2])
