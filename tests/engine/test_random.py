"""Random ops: seeds, streams from run to run, structure, distributions, and what they refuse."""

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.engine.graph import Graph
from scopeflow.engine.ops.random import get_seed

pytestmark = pytest.mark.usefixtures("graph")

FLOATS = {"uniform": tf.random_uniform, "normal": tf.random_normal, "truncated": tf.truncated_normal}


def seeds_of(tensor):
    """The seeds of the one random op behind a tensor."""
    waiting, found = [tensor.op], []
    while waiting:
        op = waiting.pop()
        found += [(op.attrs["seed"], op.attrs["seed2"])] if "seed2" in op.attrs else []
        waiting += [t.op for t in op.inputs]
    (seeds,) = found
    return seeds


# -- seeds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "graph_seed, op_seed, pair",
    [
        (None, None, (None, None)),
        (None, 7, (87654321, 7)),
        (5, 7, (5, 7)),
        (0, 0, (0, 2**31 - 1)),
        (None, 2**31, (87654321, 1)),
        (-5, 2**31 - 1, (2**31 - 6, 0)),
        (2**31 - 1, -1, (0, 2**31 - 2)),
        (2**31 - 1, 2**31 - 1, (0, 2**31 - 1)),
    ],
)
def test_seeds_are_reduced_and_completed_as_tensorflow_does(graph, graph_seed, op_seed, pair):
    graph.seed = graph_seed
    assert get_seed(op_seed) == pair


def test_with_only_a_graph_seed_the_op_seed_counts_the_operations_before(graph):
    tf.set_random_seed(9)
    assert get_seed(None) == (9, 0)
    tf.constant(1)
    assert get_seed(None) == (9, 1)
    first = tf.random_normal([2])  # shape, mean and stddev come before the random op itself
    assert seeds_of(first) == (9, 4)
    second = tf.random_uniform([2])  # only the shape does
    assert seeds_of(second) == (9, graph.version - 1)


def test_the_seed_of_another_graph_does_not_count():
    tf.set_random_seed(1)
    with Graph().as_default():
        assert get_seed(3) == (87654321, 3)


@pytest.mark.parametrize("kind", FLOATS)
def test_without_seeds_every_op_and_session_draws_its_own_values(kind):
    a, b = FLOATS[kind]([20]), FLOATS[kind]([20])
    one, two = tf.Session(), tf.Session()
    draws = [*one.run([a, b]), one.run(a), two.run(a)]
    assert len({d.tobytes() for d in draws}) == 4


# -- streams --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FLOATS)
def test_a_new_session_draws_the_same_and_a_second_run_goes_on(kind):
    x = FLOATS[kind]([7], seed=3)
    one, two = tf.Session(), tf.Session()
    first, second = one.run(x), one.run(x)
    assert not np.array_equal(first, second)
    assert np.array_equal(two.run(x), first) and np.array_equal(two.run(x), second)


@pytest.mark.parametrize("kind", FLOATS)
def test_one_run_draws_once_however_many_read(kind):
    x = FLOATS[kind]([5], seed=3)
    doubled = x * 2.0
    a, b, c = tf.Session().run([x, doubled, x])
    assert np.array_equal(2 * a, b) and np.array_equal(a, c)


def test_two_plans_of_a_session_share_the_stream():
    x = tf.random_uniform([5], seed=3)
    y = x + 1.0
    one, two = tf.Session(), tf.Session()
    one.run(x)
    two.run(x)
    assert np.array_equal(one.run(y), two.run(x) + 1)


def test_runs_of_different_sizes_go_on_where_the_one_before_ended():
    size = tf.placeholder(tf.int32, [1])
    x = tf.random_uniform(size, seed=3)
    session = tf.Session()
    drawn = [session.run(x, {size: [n]}) for n in (100, 3, 100)]
    whole = tf.Session()
    skipped = [whole.run(x, {size: [n]}) for n in (103, 100)]
    assert np.array_equal(drawn[2], skipped[1]), "256 blocks an output are reserved, whichever run draws them"
    assert np.array_equal(drawn[0], skipped[0][:100])


def test_the_values_depend_on_the_index_alone():
    long, short = tf.random_normal([1000], seed=3), tf.random_normal([10, 3], seed=3)
    a, b = tf.Session().run([long, short])
    assert np.array_equal(a[:30], b.ravel())


def test_a_random_op_in_a_loop_draws_anew_in_every_round():
    total = tf.while_loop(
        lambda i, s: i < 3, lambda i, s: (i + 1, s + tf.random_uniform([4], seed=1)), [0, tf.zeros([4])]
    )[1]
    x = tf.random_uniform([4], seed=1)
    session = tf.Session()
    want = sum(session.run(x) for _ in range(3))
    assert not np.any(np.abs(session.run(total) - want) > 1e-6)


# -- structure ------------------------------------------------------------------------------------------------------


def types_and_names(graph):
    return [(op.type, op.name) for op in graph.get_operations()]


def test_uniform_from_0_to_1_is_the_op_alone(graph):
    assert tf.random_uniform([2]).name == "random_uniform/RandomUniform:0"
    assert types_and_names(graph) == [
        ("Const", "random_uniform/shape"),
        ("RandomUniform", "random_uniform/RandomUniform"),
    ]


def test_uniform_between_bounds_is_scaled_as_tensorflow_scales_it(graph):
    assert tf.random_uniform([2], -1, 1, name="u").name == "u:0"
    assert types_and_names(graph) == [
        ("Const", "u/shape"), ("Const", "u/min"), ("Const", "u/max"), ("RandomUniform", "u/RandomUniform"),
        ("Sub", "u/sub"), ("Mul", "u/mul"), ("AddV2", "u"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "function, op", [(tf.random_normal, "RandomStandardNormal"), (tf.truncated_normal, "TruncatedNormal")]
)
def test_normals_are_scaled_as_tensorflow_scales_them(graph, function, op):
    assert function([2], name="n").name == "n:0"
    assert types_and_names(graph) == [
        ("Const", "n/shape"), ("Const", "n/mean"), ("Const", "n/stddev"), (op, f"n/{op}"), ("Mul", "n/mul"),
        ("AddV2", "n"),
    ]  # fmt: skip


def test_gradients_flow_to_the_bounds_but_not_to_the_draws():
    mean, stddev = tf.constant([1.0, 2.0]), tf.constant(3.0)
    x = tf.random_normal([4, 2], mean, stddev, seed=1)
    by_mean, by_stddev = tf.gradients(x, [mean, stddev])
    drawn, a, b = tf.Session().run([x, by_mean, by_stddev])
    assert a.tolist() == [4, 4]
    assert not abs(b - ((drawn - [1, 2]) / 3).sum()) > 1e-5
    assert tf.gradients(tf.random_shuffle(mean), mean) == [None]


# -- what is drawn --------------------------------------------------------------------------------------------------


def kolmogorov_smirnov(sample, cdf):
    """The largest distance between the sample's distribution and `cdf`, in units of its 0.1 % quantile under truth."""
    x = np.sort(sample.astype(np.float64).ravel())
    p, n = cdf(x), x.size
    distance = max(np.max(np.arange(1, n + 1) / n - p), np.max(p - np.arange(n) / n))
    return distance * np.sqrt(n) / 1.95


def normal_cdf(x):
    from scipy.special import ndtr

    return ndtr(x)


def truncated_cdf(x):
    return np.clip((normal_cdf(x) - normal_cdf(-2.0)) / (normal_cdf(2.0) - normal_cdf(-2.0)), 0, 1)


DISTRIBUTIONS = {
    "uniform": (tf.random_uniform, lambda x: np.clip(x, 0, 1)),
    "normal": (tf.random_normal, normal_cdf),
    "truncated": (tf.truncated_normal, truncated_cdf),
}


@pytest.mark.parametrize("kind", DISTRIBUTIONS)
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_the_distribution_is_what_the_name_says(kind, dtype):
    draw, cdf = DISTRIBUTIONS[kind]
    sample = tf.Session().run(draw([400000], dtype=dtype, seed=2))
    assert sample.dtype == dtype.as_numpy_dtype
    assert kolmogorov_smirnov(sample, cdf) < 1
    assert not kolmogorov_smirnov(sample * 1.03, cdf) < 1, "the check must notice a scale off by 3 %"


def test_the_check_of_distributions_notices_a_missing_truncation():
    sample = tf.Session().run(tf.random_normal([40000], seed=2))
    assert not kolmogorov_smirnov(sample, truncated_cdf) < 1


def test_integers_lie_between_the_bounds_and_reach_them():
    for dtype in (tf.int32, tf.int64):
        values = tf.Session().run(tf.random_uniform([2000], -3, 4, dtype, seed=5))
        assert values.dtype == dtype.as_numpy_dtype
        assert sorted(set(values.tolist())) == [-3, -2, -1, 0, 1, 2, 3]


def test_shuffle_keeps_rows_together():
    rows = np.arange(40).reshape(20, 2)
    x = tf.random_shuffle(tf.constant(rows), seed=4)
    session = tf.Session()
    first, second = session.run(x), session.run(x)
    assert not np.array_equal(first, rows) and not np.array_equal(first, second)
    assert sorted(map(tuple, first)) == sorted(map(tuple, rows))


def test_shuffle_of_nothing_or_one_row_gives_it_back():
    for value in (np.zeros((0, 3)), np.ones((1, 3)), np.float64(7)):
        assert np.array_equal(tf.Session().run(tf.random_shuffle(value, seed=1)), value)


def test_multinomial_draws_by_the_weights():
    weights = np.array([[1.0, 2.0, 0.0, 5.0], [0.0, 0.0, 1.0, 0.0]])
    with np.errstate(divide="ignore"):
        logits = np.log(weights).astype(np.float32) + np.float32([[100.0], [-100.0]])
    drawn = tf.Session().run(tf.multinomial(logits, 8000, seed=3))
    assert drawn.dtype == np.int64 and drawn.shape == (2, 8000)
    counts = np.bincount(drawn[0], minlength=4)
    expected = 8000 * weights[0] / 8
    assert counts[2] == 0
    assert ((counts - expected)[expected > 0] ** 2 / expected[expected > 0]).sum() < 13.8  # chi-squared of 2, 0.1 %
    assert (drawn[1] == 2).all()


def test_random_crop_takes_a_window():
    image = np.arange(30).reshape(5, 6)
    crop = tf.random_crop(tf.constant(image), [2, 3], seed=8)
    assert crop.shape.as_list() == [2, 3]
    session = tf.Session()
    corners = set()
    for _ in range(200):
        window = session.run(crop)
        top, left = divmod(int(window[0, 0]), 6)
        assert np.array_equal(window, image[top : top + 2, left : left + 3])
        corners.add((top, left))
    assert len(corners) == 4 * 4, "every place must come up"


# -- shapes and refusals --------------------------------------------------------------------------------------------


def test_static_shapes_are_as_precise_as_can_be():
    n = tf.placeholder(tf.int32, [])
    assert tf.random_normal([2, n]).shape.as_list() == [2, None]
    assert tf.random_uniform(tf.placeholder(tf.int32, [3])).shape.as_list() == [None] * 3
    assert tf.random_uniform(tf.placeholder(tf.int32)).shape.ndims is None
    assert tf.random_uniform(tf.shape(tf.zeros([2, 3]))).shape.as_list() == [2, 3]
    assert tf.multinomial(tf.placeholder(tf.float32, [None, 3]), 4).shape.as_list() == [None, 4]
    assert tf.random_uniform(tf.TensorShape([])).shape.as_list() == []


def test_bad_arguments_are_refused_where_they_are_written():
    with pytest.raises(ValueError, match=r"Must specify maxval for integer dtype tf\.int32"):
        tf.random_uniform([2], dtype=tf.int32)
    with pytest.raises(ValueError, match="got invalid value <dtype: 'uint8'>"):
        tf.random_uniform([2], maxval=3, dtype=tf.uint8)
    with pytest.raises(TypeError, match="int32"):
        tf.random_normal([2], dtype=tf.int32)
    with pytest.raises(ValueError, match="rank"):
        tf.multinomial([1.0, 2.0], 3)
    with pytest.raises(ValueError, match="Shape must be rank 1 but is rank 0"):
        tf.random_uniform(3)


def test_bad_values_are_refused_in_the_run():
    low, shape = tf.placeholder(tf.int32, []), tf.placeholder(tf.int32, [1])
    session = tf.Session()
    with pytest.raises(tf.errors.InvalidArgumentError, match="Need minval < maxval, got 3 >= 3"):
        session.run(tf.random_uniform([2], low, 3, tf.int32), {low: 3})
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Dimensions must be >= 0, but the shape is \[-1\]"):
        session.run(tf.random_uniform(shape), {shape: [-1]})
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Need value.shape >= size"):
        session.run(tf.random_crop(tf.zeros([2, 2]), [3, 1]))


def test_a_refused_draw_leaves_the_stream_where_it_was():
    high = tf.placeholder(tf.int32, [])
    x = tf.random_uniform([3], 0, high, tf.int32, seed=1)
    one, two = tf.Session(), tf.Session()
    with pytest.raises(tf.errors.InvalidArgumentError):
        one.run(x, {high: 0})
    assert np.array_equal(one.run(x, {high: 99}), two.run(x, {high: 99}))
