"""tf.contrib.factorization.KMeans against loops of NumPy."""

import numpy as np
import pytest

import scopeflow as tf

KMeans = tf.contrib.factorization.KMeans
RNG = np.random.RandomState(5)
MIDDLES = RNG.randn(4, 5) * 3
POINTS = RNG.permutation(np.concatenate([m + RNG.randn(25, 5) / 2 for m in MIDDLES])).astype(np.float32)
FIRST = POINTS[:6]
CLOSE = {"rtol": 2e-5, "atol": 2e-5}  # float32 sums in another order
METRICS = ("squared_euclidean", "cosine")


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def distances(points, centers, metric):
    if metric == "cosine":
        return 1 - unit(points) @ unit(centers).T
    return ((points[:, None] - centers[None]) ** 2).sum(2)


def lloyd(centers, points, metric):
    """Centers after a step; the points are on the unit sphere for cosines."""
    points = unit(points) if metric == "cosine" else points
    nearest = distances(points, centers, metric).argmin(1)
    moved = np.zeros_like(centers)
    for c in range(len(centers)):
        if (nearest == c).any():
            moved[c] = points[nearest == c].sum(0) / ((nearest == c).sum() + 1e-6)
    return unit(moved) if metric == "cosine" else moved


class MiniBatches:
    def __init__(self, centers, metric, steps):
        self.metric, self.steps, self.wait = metric, steps, steps
        self.centers = unit(centers) if metric == "cosine" else centers
        self.moving = self.centers.copy()
        self.counts = np.full(len(centers), steps == 1, int)

    def step(self, points):
        points = unit(points) if self.metric == "cosine" else points
        nearest = distances(points, self.centers, self.metric).argmin(1)
        if self.steps == 1:
            self.centers = self.moving
        elif self.wait > 0:
            self.wait -= 1
        else:
            self.moving = unit(self.moving) if self.metric == "cosine" else self.moving
            self.centers, self.counts[:], self.wait = self.moving.copy(), 0, self.steps - 1
        for c, point in zip(nearest, points, strict=True):
            self.counts[c] += 1
            self.moving[c] += (point - self.moving[c]) / self.counts[c]


def started(session, model, feed=None):
    parts = model.training_graph()
    session.run(tf.global_variables_initializer())
    session.run(parts[4], feed)
    return parts


@pytest.mark.parametrize("metric", METRICS)
def test_whole_batches_go_lloyds_way(metric):
    with tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 5])
        model = KMeans(x, 6, initial_clusters=FIRST, distance_metric=metric)
        (every,), (nearest,), (scores,), initialized, _, train = started(session, model)
        assert session.run(initialized) and nearest.dtype == tf.int64
        assert every.shape.as_list() == [None, 6] and scores.shape.as_list() == nearest.shape.as_list() == [None]
        centers = FIRST.astype(np.float64)
        for _ in range(4):
            want = distances(POINTS, centers, metric)
            found = session.run([every, nearest, scores, train], {x: POINTS})
            np.testing.assert_allclose(found[0], want, rtol=1e-4, atol=1e-4)
            np.testing.assert_array_equal(found[1], want.argmin(1))
            np.testing.assert_allclose(found[2], want.min(1), rtol=1e-4, atol=1e-4)
            centers = lloyd(centers, POINTS, metric)
            np.testing.assert_allclose(session.run("clusters:0"), centers, **CLOSE)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("steps", [1, 3])
def test_mini_batches_move_centers_toward_the_mean_of_all_they_saw(metric, steps):
    with tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 5])
        model = KMeans(
            x, 6, FIRST, metric, use_mini_batch=True, mini_batch_steps_per_iteration=steps
        )  # fmt: skip
        train = started(session, model)[5]
        want = MiniBatches(FIRST.astype(np.float64), metric, steps)
        for start in range(0, 80, 10):
            session.run(train, {x: POINTS[start : start + 10]})
            want.step(POINTS[start : start + 10].astype(np.float64))
            moving, centers = ("clusters_updated:0", "clusters:0") if steps > 1 else ("clusters:0",) * 2
            np.testing.assert_allclose(session.run(moving), want.moving, **CLOSE)
            np.testing.assert_allclose(session.run(centers), want.centers, **CLOSE)


def test_a_cluster_without_points_goes_to_the_origin():
    with tf.Session() as session:
        far = np.concatenate([FIRST[:2], np.full((1, 5), 1e4, np.float32)])
        train = started(session, KMeans(tf.constant(POINTS), 3, far))[5]
        session.run(train)
        assert not session.run("clusters:0")[2].any() and session.run("clusters:0")[:2].any()


def test_several_inputs_are_clustered_as_one():
    with tf.Session() as session:
        model = KMeans([tf.constant(POINTS[:30]), tf.constant(POINTS[30:])], 6, FIRST)
        every, nearest, scores, _, _, train = started(session, model)
        found = session.run([every, nearest, scores])
        want = distances(POINTS, FIRST, "squared_euclidean")
        np.testing.assert_array_equal(np.concatenate(found[1]), want.argmin(1))
        np.testing.assert_allclose(np.concatenate(found[2]), want.min(1), rtol=1e-4, atol=1e-4)
        session.run(train)
        np.testing.assert_allclose(session.run("clusters:0"), lloyd(FIRST, POINTS, "squared_euclidean"), **CLOSE)


def test_random_centers_are_the_points_that_the_op_seed_draws():
    places = tf.random_uniform([6], 0, 100, tf.int64, seed=3)
    with tf.Session() as session:
        started(session, KMeans(tf.constant(POINTS), 6, random_seed=3))
        np.testing.assert_array_equal(session.run("clusters:0"), POINTS[session.run(places)])


def test_small_batches_are_taken_whole_until_there_are_enough_centers():
    with tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 5])
        *_, initialized, init_op, train = started(session, KMeans(x, 6), {x: POINTS[:4]})
        np.testing.assert_array_equal(session.run("clusters:0"), POINTS[:4])
        assert not session.run(initialized)
        session.run(init_op, {x: POINTS[4:6]})
        np.testing.assert_array_equal(session.run("clusters:0"), POINTS[:6])
        assert session.run(initialized)
        session.run(init_op, {x: POINTS[6:]})  # there are all: nothing is done
        np.testing.assert_array_equal(session.run("clusters:0"), POINTS[:6])
        session.run(train, {x: POINTS})


def test_a_function_may_choose_the_centers():
    with tf.Session() as session:
        started(session, KMeans(tf.constant(POINTS), 3, lambda inputs, left: inputs[0][7 : 7 + left]))
        np.testing.assert_array_equal(session.run("clusters:0"), POINTS[7:10])


def test_too_few_given_centers_are_refused_in_the_run():
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError):
        started(session, KMeans(tf.constant(POINTS), 7, FIRST))


def test_what_it_does_not_know_is_refused():
    with pytest.raises(ValueError, match="Unsupported distance metric 'manhattan'"):
        KMeans(POINTS, 3, distance_metric="manhattan")
    with pytest.raises(ValueError, match="Unsupported initialization algorithm 'first'"):
        KMeans(POINTS, 3, "first")
    with pytest.raises(NotImplementedError, match="kmc2"):
        KMeans(POINTS, 3, "kmc2")
    with pytest.raises(AttributeError, match="WALSModel; docs"):
        tf.contrib.factorization.WALSModel  # noqa: B018


@pytest.mark.usefixtures("stand_in_cupy")
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_it_works_with_two_memories(steps):
    if steps:
        test_mini_batches_move_centers_toward_the_mean_of_all_they_saw("cosine", steps)
    else:
        test_whole_batches_go_lloyds_way("squared_euclidean")
