"""tf.contrib.layers, framework and slim: what tf_slim's golden data do not tell."""

import threading

import numpy as np
import pytest

import scopeflow as tf

layers, framework, slim = tf.contrib.layers, tf.contrib.framework, tf.contrib.slim


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def values(*shape, seed=0):
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)


def run(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


CHANNELS_FIRST = {
    "conv2d": lambda x, f: layers.conv2d(x, 3, 3, 2, data_format=f, weights_initializer=tf.constant_initializer(0.3)),
    "max_pool2d": lambda x, f: layers.max_pool2d(x, 2, data_format=f),
    "batch_norm": lambda x, f: layers.batch_norm(x, data_format=f, scale=True),
    "batch_norm unfused": lambda x, f: layers.batch_norm(x, data_format=f, fused=False, updates_collections=None),
    "batch_norm in place": lambda x, f: layers.batch_norm(x, data_format=f, updates_collections=None),
    "instance_norm": lambda x, f: layers.instance_norm(
        x, data_format=f, param_initializers={"beta": tf.constant_initializer([1.0, 2.0, 3.0, 4.0])}
    ),
    "bias_add": lambda x, f: layers.bias_add(
        x, data_format=f, initializer=tf.constant_initializer([1.0, 2.0, 3.0, 4.0])
    ),
}


@pytest.mark.parametrize("build", CHANNELS_FIRST.values(), ids=CHANNELS_FIRST.keys())
def test_channels_first_give_what_channels_last_give(build):
    x = values(2, 6, 5, 4)
    last = build(tf.constant(x), "NHWC")
    first = build(tf.constant(x.transpose(0, 3, 1, 2)), "NCHW")
    a, b = run([last, first])
    assert a.shape == b.transpose(0, 2, 3, 1).shape
    assert not np.abs(a - b.transpose(0, 2, 3, 1)).max() > 1e-5
    assert a.std() > 0.1


def test_group_norm_of_one_group_is_layer_norm_and_of_single_channels_instance_norm():
    x = tf.constant(values(2, 5, 4, 6) * 3 + 1)
    whole, single = layers.group_norm(x, 1, reduction_axes=(1, 2)), layers.group_norm(x, 6)
    a, b, c, d = run([whole, layers.layer_norm(x), single, layers.instance_norm(x)])
    assert not np.abs(a - b).max() > 1e-4
    assert not np.abs(c - d).max() > 1e-4
    first = layers.group_norm(tf.transpose(x, [0, 3, 1, 2]), 3, 1, (-2, -1))
    e, f = run([layers.group_norm(x, 3), first])
    assert not np.abs(e - f.transpose(0, 2, 3, 1)).max() > 1e-5 and abs(e.std() - 1) < 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"groups": 7}, "Invalid groups 7 for 6 channels"),
        ({"groups": 4}, "6 channels is not commensurate with 4 groups"),
        ({"groups": 2, "channels_axis": 4}, "Axis is out of bounds"),
        ({"groups": 2, "reduction_axes": (4,)}, "Axis is out of bounds"),
        ({"groups": 2, "reduction_axes": (-1,)}, "must be mutually exclusive with channels_axis"),
    ],
    ids=str,
)
def test_group_norm_refuses_groups_and_axes_that_do_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        layers.group_norm(tf.zeros([1, 2, 2, 6]), **arguments)


@pytest.mark.parametrize("arguments", [{"renorm": True}, {"adjustment": lambda shape: (1, 0)}], ids=" ".join)
@pytest.mark.parametrize(
    "beside", [{"updates_collections": None}, {"batch_weights": np.ones(2)}, {"zero_debias_moving_mean": True}],
    ids=" ".join,
)  # fmt: skip
def test_batch_norm_corrects_only_where_averages_move_as_usual(arguments, beside):
    (what,) = arguments
    with pytest.raises(ValueError, match=f"{what} is not supported with batch_weights, updates_collections or zero"):
        layers.batch_norm(tf.zeros([2, 3]), fused=False, **arguments, **beside)


def test_batch_norm_told_by_a_placeholder_moves_its_averages_only_in_training():
    training, x = tf.placeholder(tf.bool, []), tf.placeholder(tf.float32, [None, 2])
    y = layers.batch_norm(x, decay=0.5, is_training=training, updates_collections=None)
    mean = framework.get_unique_variable("BatchNorm/moving_mean")
    batch = np.array([[1.0, 10.0], [3.0, 30.0]], np.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        tested = session.run(y, {training: False, x: batch})
        assert session.run(mean).tolist() == [0, 0]
        assert not np.abs(tested - batch / np.sqrt(1.001)).max() > 1e-4
        session.run(y, {training: True, x: batch})
        assert session.run(mean).tolist() == [1, 10]


def test_a_separable_convolution_without_outputs_has_no_pointwise_weights():
    y = layers.separable_conv2d(tf.zeros([1, 4, 4, 2]), None, 3, 3)
    assert y.shape.as_list() == [1, 4, 4, 6]
    names = [v.name for v in tf.trainable_variables()]
    assert names == ["SeparableConv2d/depthwise_weights:0", "SeparableConv2d/biases:0"]


@pytest.mark.parametrize("unique", [False, True])
def test_sequences_of_ids_become_rows_of_one_table(unique):
    table = np.arange(15, dtype=np.float32).reshape(5, 3)
    ids = [[4, 0, 4], [1, 1, 2]]
    y = layers.embed_sequence(ids, 5, 3, unique, tf.constant_initializer(table), scope="e")
    again = layers.embed_sequence([[3]], 5, 3, scope="e", reuse=True)
    assert [v.name for v in tf.model_variables()] == ["e/embeddings:0"]
    found, once = run([y, again])
    assert found.tolist() == table[ids].tolist() and once.tolist() == [[[9, 10, 11]]]
    (gradient,) = run(tf.gradients(tf.reduce_sum(tf.square(y)), tf.model_variables()))
    dense = np.zeros([5, 3], np.float32)
    np.add.at(dense, np.ravel(gradient.indices), gradient.values)
    want = np.zeros([5, 3], np.float32)
    np.add.at(want, np.ravel(ids), 2 * table[np.ravel(ids)])
    assert dense.tolist() == want.tolist()


def test_a_table_of_unknown_size_is_refused():
    with pytest.raises(ValueError, match="Must specify vocab size and embedding dimension when not reusing"):
        layers.embed_sequence([[1]], 5)


def test_an_arg_scope_does_not_reach_into_other_threads_that_are_running():
    @framework.add_arg_scope
    def told(a=1):
        return a

    seen, inside, leave = [], threading.Event(), threading.Event()

    def other():
        with framework.arg_scope([told], a=2):
            inside.set()
            leave.wait(10)
            seen.append(told())

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    assert told() == 1
    with framework.arg_scope([told], a=3):
        leave.set()
        thread.join(10)
        assert told() == 3
    assert seen == [2] and told() == 1


@pytest.fixture
def checkpoint(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("old/w", initializer=tf.constant(values(2, 3, seed=1)))
        tf.get_variable("b", initializer=tf.constant(values(3, seed=2)))
        session.run(tf.global_variables_initializer())
        return tf.train.Saver().save(session, str(tmp_path / "model"))


def test_variables_take_the_values_of_a_checkpoint_under_other_names(checkpoint):
    w, b = tf.get_variable("new/w", [2, 3]), tf.get_variable("b", [3])
    op, feed = framework.assign_from_checkpoint(checkpoint, {"old/w": w, "b": b})
    with tf.Session() as session:
        session.run(op, feed)
        assert session.run(w).tolist() == values(2, 3, seed=1).tolist()
        assert session.run(b).tolist() == values(3, seed=2).tolist()


def test_a_function_restores_what_a_checkpoint_has(checkpoint, caplog):
    b, more = tf.get_variable("b", [3]), tf.get_variable("more", initializer=tf.constant(7.0))
    restore = slim.assign_from_checkpoint_fn(checkpoint, [b, more], ignore_missing_vars=True)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        restore(session)
        assert session.run(b).tolist() == values(3, seed=2).tolist() and session.run(more) == 7
    assert "Variable more missing in checkpoint" in caplog.text
    assert slim.assign_from_checkpoint_fn(checkpoint, [more], ignore_missing_vars=True) is None


def test_what_a_checkpoint_lacks_or_has_otherwise_is_refused(checkpoint):
    with pytest.raises(ValueError, match=r"Checkpoint is missing variable \[c\]"):
        framework.assign_from_checkpoint(checkpoint, [tf.get_variable("c", [3])])
    with pytest.raises(ValueError, match=r"lh_shape: \[\(3,\)\], rh_shape: \[\(4,\)\]"):
        framework.assign_from_checkpoint(checkpoint, [tf.get_variable("b", [4])])
    with pytest.raises(ValueError, match="var_list cannot be empty"):
        framework.assign_from_checkpoint_fn(checkpoint, [])


def test_parts_of_a_variable_take_their_parts_of_a_checkpoint(checkpoint):
    split = tf.get_variable("old/w", [2, 3], partitioner=tf.fixed_size_partitioner(2))
    op, feed = framework.assign_from_checkpoint(checkpoint, list(split))
    with tf.Session() as session:
        session.run(op, feed)
        assert np.concatenate(session.run(list(split))).tolist() == values(2, 3, seed=1).tolist()


def test_a_model_is_told_in_elements_and_bytes(capsys):
    tf.get_variable("w", [5, 3])
    tf.get_variable("n", [2], tf.int64, trainable=False)
    assert slim.model_analyzer.analyze_vars(tf.global_variables(), print_info=True) == (17, 76)
    assert "w:0 (float32 5x3) [15, bytes: 60]" in capsys.readouterr().out


def test_a_loss_that_is_no_number_stops_training():
    x = tf.placeholder(tf.float32, [])
    v = tf.get_variable("v", initializer=1.0)
    op = slim.learning.create_train_op(v * x, tf.train.GradientDescentOptimizer(1.0))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(op, {x: 0.5}) == 0.5 and session.run(v) == 0.5
        with pytest.raises(tf.errors.InvalidArgumentError, match="LossTensor is inf or nan"):
            session.run(op, {x: np.nan})


@pytest.mark.parametrize(
    ("multipliers", "message"), [({}, "is empty"), ([1], "must be a dict"), ({"w": 2.0}, "multiple of `None` gradient")]
)
def test_multipliers_that_fit_no_gradient_are_refused(multipliers, message):
    w = tf.get_variable("w", [2])
    with pytest.raises(ValueError, match=message):
        slim.learning.multiply_gradients([(None, w)], multipliers)


def test_noise_is_truncated_normal_and_scaled():
    w = tf.get_variable("w", [2000], initializer=tf.zeros_initializer())
    op = layers.optimize_loss(tf.reduce_sum(w), None, 1.0, "SGD", gradient_noise_scale=0.5, summaries=[])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(op)
        noise = -session.run(w) - 1
    assert np.abs(noise).max() <= 1 and abs(noise.mean()) < 0.05 and abs(noise.std() - 0.44) < 0.03


def test_slim_offers_layers_scopes_and_variables_as_the_same_functions():
    for name in ("conv2d", "fully_connected", "batch_norm", "l2_regularizer", "xavier_initializer", "flatten"):
        assert getattr(slim, name) is getattr(layers, name)
    for name in ("arg_scope", "add_arg_scope", "model_variable", "variable", "get_variables", "get_model_variables"):
        assert getattr(slim, name) is getattr(framework, name)
    assert slim.losses is tf.contrib.losses and slim.metrics is tf.contrib.metrics  # predictions before labels there
    assert slim.utils is layers.utils and callable(slim.utils.collect_named_outputs)
    for module in (layers, framework, slim):
        assert all(hasattr(module, name) for name in module.__all__)


def test_safe_lookups_of_sparse_ids_combine_by_the_mean_and_take_the_default_for_empty_rows():
    """The numbers of TensorFlow 1.15's own contrib."""
    table = tf.constant(np.arange(10, dtype=np.float32).reshape(5, 2))
    places = [[0, 0], [0, 1], [1, 0], [3, 0], [3, 2]]
    ids = tf.SparseTensor(places, tf.constant([1, 3, -1, 2, 4], tf.int64), [5, 3])
    weights = tf.SparseTensor(places, [1.0, -2.0, 3.0, 0.5, 2.0], [5, 3])
    lookups = [
        layers.safe_embedding_lookup_sparse(table, ids),
        layers.safe_embedding_lookup_sparse(table, ids, weights),
        layers.safe_embedding_lookup_sparse(table, ids, weights, combiner="sum"),
        layers.safe_embedding_lookup_sparse(table, ids, default_id=2, combiner="sum"),
    ]
    with tf.Session() as session:
        mean, weighed, summed, filled = session.run(lookups)
    np.testing.assert_array_equal(mean, [[4, 5], [0, 0], [0, 0], [6, 7], [0, 0]])
    np.testing.assert_allclose(weighed, [[2, 3], [0, 0], [0, 0], [7.2, 8.2], [0, 0]], rtol=1e-6)
    np.testing.assert_array_equal(summed, [[-10, -11], [0, 0], [0, 0], [18, 20.5], [0, 0]])
    np.testing.assert_array_equal(filled, [[8, 10], [4, 5], [4, 5], [12, 14], [4, 5]])
