"""tf.losses and regularizers: formulas, weights, reductions, collections."""

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.nn import regularizers

LABELS = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.5]], np.float32)
GUESSES = np.array([[0.2, 0.9, 0.4], [0.6, 0.1, 0.7]], np.float32)
WEIGHTS = {
    "scalar": np.float32(0.5),
    "zero": np.float32(0.0),
    "by row": np.array([[2.0], [0.0]], np.float32),
    "by element": np.array([[0.0, 1.0, 2.0], [0.5, 0.0, 0.0]], np.float32),
}
R = tf.losses.Reduction


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def huber(error, delta):
    quadratic = np.minimum(np.abs(error), delta)
    return 0.5 * quadratic**2 + delta * (np.abs(error) - quadratic)


FORMULAS = {
    "absolute_difference": lambda y, p: np.abs(p - y),
    "mean_squared_error": lambda y, p: (p - y) ** 2,
    "huber_loss": lambda y, p: huber(p - y, 1.0),
    "hinge_loss": lambda y, p: np.maximum(0, 1 - (2 * y - 1) * p),
    "log_loss": lambda y, p: -y * np.log(p + 1e-7) - (1 - y) * np.log(1 - p + 1e-7),
    "sigmoid_cross_entropy": lambda y, p: -y * np.log(sigmoid(p)) - (1 - y) * np.log(1 - sigmoid(p)),
}


def reduced(losses, weights, reduction):
    weighted = losses * weights
    if reduction == R.NONE:
        return weighted
    whole = np.broadcast_to(weights, losses.shape)
    divisor = {
        R.SUM: 1,
        R.MEAN: whole.sum(),
        R.SUM_OVER_BATCH_SIZE: losses.size,
        R.SUM_BY_NONZERO_WEIGHTS: np.count_nonzero(whole),
    }[reduction]
    return weighted.sum() / divisor if divisor else 0.0


def assert_close(got, wanted, tolerance=3e-6):
    assert np.shape(got) == np.shape(wanted)
    assert np.all(np.abs(np.asarray(got, np.float64) - wanted) <= tolerance), f"{got} instead of {wanted}"


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("reduction", [R.NONE, R.SUM, R.MEAN, R.SUM_OVER_BATCH_SIZE, R.SUM_BY_NONZERO_WEIGHTS])
@pytest.mark.parametrize("name", FORMULAS)
def test_a_loss_is_its_formula_weighed_and_reduced(name, reduction, weights):
    weights = WEIGHTS[weights]
    with tf.Graph().as_default() as graph, tf.Session() as session:
        loss = getattr(tf.losses, name)(LABELS, GUESSES, weights, reduction=reduction)
        assert graph.get_collection(tf.GraphKeys.LOSSES) == [loss]
        got = session.run(loss)
    with np.errstate(all="raise"):
        wanted = reduced(FORMULAS[name](LABELS.astype(np.float64), GUESSES.astype(np.float64)), weights, reduction)
    assert_close(got, wanted)


def test_losses_of_unknown_batches_are_those_of_known_ones():
    with tf.Graph().as_default(), tf.Session() as session:
        y, p, w = (tf.placeholder(tf.float32, shape) for shape in ([None, 3], None, None))
        loss = tf.losses.mean_squared_error(y, p, w)
        errors = (GUESSES - LABELS) ** 2
        for weights in WEIGHTS.values():
            got = session.run(loss, {y: LABELS, p: GUESSES, w: weights})
            assert_close(got, reduced(errors, weights, R.SUM_BY_NONZERO_WEIGHTS))
        with pytest.raises(tf.errors.InvalidArgumentError, match="weights can not be broadcast to values"):
            session.run(loss, {y: LABELS, p: GUESSES, w: [1.0, 1.0, 1.0]})


def test_huber_loss_is_linear_beyond_delta():
    with tf.Graph().as_default(), tf.Session() as session:
        got = session.run(tf.losses.huber_loss([0.0, 0.0], [0.1, 3.0], delta=0.5, reduction=R.NONE))
    assert_close(got, huber(np.array([0.1, 3.0]), 0.5))


def test_cosine_distance_of_unit_vectors():
    with tf.Graph().as_default(), tf.Session() as session:
        loss = tf.losses.cosine_distance([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.6, 0.8]], axis=1, reduction=R.NONE)
        assert_close(session.run(loss), [[0.0], [0.2]])
        with pytest.raises(ValueError, match="You must specify argument `axis`"):
            tf.losses.cosine_distance([1.0], [1.0])


@pytest.mark.parametrize("weights", [1.0, [[2.0], [0.0]]])
def test_mean_pairwise_squared_error_is_the_mean_over_pairs(weights):
    with tf.Graph().as_default(), tf.Session() as session:
        got = session.run(tf.losses.mean_pairwise_squared_error(LABELS, GUESSES, weights))
    error = (GUESSES - LABELS).astype(np.float64)
    pairs = [[(e[i] - e[j]) ** 2 for i in range(3) for j in range(3) if i != j] for e in error]
    counted = np.broadcast_to(np.asarray(weights, float), (2, 1)).ravel()
    assert_close(got, sum(w * np.mean(p) for w, p in zip(counted, pairs, strict=True)))


def test_softmax_losses_with_smoothing_weights_and_class_indices():
    logits, n = np.array([[1.0, 2.0, 0.5], [0.1, -1.0, 3.0]], np.float32), np.array([1, 0])
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    smooth = np.eye(3)[n] * 0.9 + 0.1 / 3
    with tf.Graph().as_default(), tf.Session() as session:
        dense = tf.losses.softmax_cross_entropy(np.eye(3)[n], logits, [1.0, 3.0], label_smoothing=0.1)
        sparse = tf.losses.sparse_softmax_cross_entropy(n, logits, [1.0, 3.0])
        column = tf.losses.sparse_softmax_cross_entropy(n[:, None], logits, [[1.0], [3.0]])
        sigmoid_loss = tf.losses.sigmoid_cross_entropy(np.eye(3)[n], logits, label_smoothing=0.2)
        got = session.run([dense, sparse, column, sigmoid_loss])
    weights = np.array([1.0, 3.0])
    of_classes = -(np.eye(3)[n] * log_p).sum(1) @ weights / 2
    z = np.eye(3)[n] * 0.8 + 0.1
    of_events = (np.maximum(logits, 0) - logits * z + np.log1p(np.exp(-np.abs(logits)))).mean()
    assert_close(got, [-(smooth * log_p).sum(1) @ weights / 2, of_classes, of_classes, of_events])


def test_softmax_loss_sends_nothing_to_its_labels():
    with tf.Graph().as_default():
        y, x = tf.constant(LABELS), tf.constant(GUESSES)
        assert tf.gradients(tf.losses.softmax_cross_entropy(y, x), y) == [None]


def test_losses_are_collected_where_asked_and_summed_with_regularization():
    with tf.Graph().as_default(), tf.Session() as session:
        tf.losses.absolute_difference([1.0], [3.0], scope="first")
        tf.losses.absolute_difference([1.0], [2.0], loss_collection=None)
        tf.losses.absolute_difference([1.0], [2.0], loss_collection="others")
        tf.losses.add_loss(tf.constant(10.0, name="own"))
        tf.get_variable("w", initializer=[2.0, 1.0], regularizer=regularizers.l2_regularizer(0.1))
        assert [t.op.name for t in tf.losses.get_losses()] == ["first/value", "own"]
        assert [t.op.name for t in tf.losses.get_losses("first")] == ["first/value"]
        assert len(tf.losses.get_losses(loss_collection="others")) == 1
        total, plain = tf.losses.get_total_loss(), tf.losses.get_total_loss(add_regularization_losses=False)
        session.run(tf.global_variables_initializer())
        assert_close(session.run([total, plain, tf.losses.get_regularization_loss()]), [12.25, 12.0, 0.25])


def test_there_is_no_total_of_no_losses_but_no_regularization_is_zero():
    with tf.Graph().as_default(), tf.Session() as session:
        assert session.run(tf.losses.get_regularization_loss()) == 0
        with pytest.raises(ValueError):
            tf.losses.get_total_loss()


BAD = {
    "rank of weights": (
        lambda: tf.losses.mean_squared_error(LABELS, GUESSES, [1.0, 2.0]),
        r"values.rank=2. weights.rank=1",
    ),
    "length of weights": (
        lambda: tf.losses.mean_squared_error(LABELS, GUESSES, [[1.0], [1.0], [1.0]]),
        r"Mismatch at dim 0. values.shape=\(2, 3\), weights.shape=\(3, 1\)",
    ),
    "no labels": (lambda: tf.losses.mean_squared_error(None, GUESSES), "Argument `labels` must not be None"),
    "no predictions": (lambda: tf.losses.hinge_loss(LABELS, None), "Argument `logits` must not be None"),
    "no weights": (lambda: tf.losses.mean_squared_error(LABELS, GUESSES, None), "None values not supported"),
    "shapes": (lambda: tf.losses.log_loss(LABELS, GUESSES.T), r"Shapes \(3, 2\) and \(2, 3\) are incompatible"),
    "reduction": (lambda: tf.losses.compute_weighted_loss(LABELS, reduction="max"), "Invalid Reduction Key max"),
}


@pytest.mark.parametrize("what", BAD)
def test_losses_refuse(what):
    call, message = BAD[what]
    with tf.Graph().as_default() as graph, pytest.raises(ValueError, match=message):
        call()
    assert graph.get_collection(tf.GraphKeys.LOSSES) == []


def test_halves_come_back_as_halves():
    with tf.Graph().as_default(), tf.Session() as session:
        loss = tf.losses.compute_weighted_loss(tf.constant(np.full(4096, 1.0, np.float16)), reduction=R.SUM)
        assert loss.dtype is tf.float16 and session.run(loss) == 4096


# -- regularizers ---------------------------------------------------------------------------------------------------


def test_regularizers_are_scaled_norms():
    w = np.array([[1.0, -2.0], [3.0, 0.0]], np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        l1, l2 = regularizers.l1_regularizer(0.5)(w), regularizers.l2_regularizer(0.5)(w)
        both = regularizers.l1_l2_regularizer(0.5, 0.25)(w)
        assert_close(session.run([l1, l2, both]), [3.0, 3.5, 3.0 + 1.75])
        assert regularizers.l1_regularizer(0.0)(w) is None
        total = regularizers.apply_regularization(regularizers.l2_regularizer(1.0), [tf.constant(w), tf.constant(w)])
        assert session.run(total) == 14 and tf.losses.get_regularization_losses() == [total]


@pytest.mark.parametrize(
    ("scale", "message"), [(1, "cannot be an integer"), (-0.5, "less than 0"), (float("nan"), "0")]
)
def test_regularizers_refuse_scales(scale, message):
    with pytest.raises(ValueError, match=message):
        regularizers.l2_regularizer(scale)


def test_weights_of_a_known_batch_fit_losses_of_an_unknown_one_or_fail_when_they_run():
    with tf.Graph().as_default(), tf.Session() as session:
        values = tf.placeholder(tf.float32, [None, 2])
        loss = tf.losses.compute_weighted_loss(values, np.array([[1.0], [0.0], [2.0]], np.float32))
        fed = np.array([[1.0, 2.0], [8.0, 8.0], [3.0, 4.0]])
        assert session.run(loss, {values: fed}) == (1 + 2 + 2 * 3 + 2 * 4) / 4
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(loss, {values: fed[:2]})


@pytest.mark.parametrize("kind", ["softmax", "sparse_softmax", "sigmoid"])
def test_cross_entropies_take_their_arguments_by_name_alone(kind):
    """Programs from before TensorFlow 1 give the logits first, and would get another number without a word."""
    function = getattr(tf.nn, f"{kind}_cross_entropy_with_logits")
    logits, labels = tf.zeros([2, 3]), tf.zeros([2], tf.int32) if kind == "sparse_softmax" else tf.ones([2, 3])
    with pytest.raises(ValueError, match=rf"Only call `{kind}_cross_entropy_with_logits` with named arguments"):
        function(logits, labels)
    with pytest.raises(ValueError, match="Both `labels` and `logits` must be provided"):
        function(logits=logits)
    assert function(labels=labels, logits=logits, name="cost").dtype is tf.float32
