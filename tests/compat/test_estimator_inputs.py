"""tf.estimator.inputs.numpy_input_fn and the two RunConfigs."""

import itertools

import numpy as np
import pytest

import scopeflow as tf

numpy_input_fn = tf.estimator.inputs.numpy_input_fn
X, Y = np.arange(10, dtype=np.float32)[:, None] * [1, 10], np.arange(10)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def batches(input_fn, limit=100):
    """What it gives, batch by batch, in a graph and session of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(4)
        tensors, found = input_fn(), []
        for _ in range(limit):
            try:
                found.append(session.run(tensors))
            except tf.errors.OutOfRangeError:
                break
        return found


def test_rows_come_in_order_and_the_rest_last():
    found = batches(numpy_input_fn({"x": X}, Y, batch_size=4, shuffle=False))
    assert [labels.tolist() for _, labels in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    for features, labels in found:
        np.testing.assert_array_equal(features["x"], X[labels])


def test_batches_go_over_the_ends_of_epochs():
    found = batches(numpy_input_fn({"x": X}, Y, batch_size=4, num_epochs=2, shuffle=False))
    assert [labels.tolist() for _, labels in found] == [
        [0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 1], [2, 3, 4, 5], [6, 7, 8, 9],
    ]  # fmt: skip
    endless = batches(numpy_input_fn({"x": X}, Y, batch_size=25, num_epochs=None, shuffle=False), limit=3)
    assert np.concatenate([labels for _, labels in endless]).tolist() == [*range(10)] * 7 + [*range(5)]


def test_each_epoch_has_an_order_of_its_own_by_the_graphs_seed():
    shuffled = numpy_input_fn({"x": X}, Y, batch_size=10, num_epochs=3, shuffle=True)
    orders = [labels.tolist() for _, labels in batches(shuffled)]
    assert all(sorted(order) == [*range(10)] for order in orders)
    assert len({tuple(order) for order in [*orders, range(10)]}) == 4
    assert [labels.tolist() for _, labels in batches(shuffled)] == orders
    with tf.Session() as session:  # no seed
        other = [session.run(labels).tolist() for labels in [shuffled()[1] for _ in range(3)]]
    assert len({tuple(order) for order in [*other, orders[0]]}) == 4


def test_features_and_labels_may_be_arrays_or_dicts():
    parts = itertools.product(({"a": X, "b": Y}, X), (None, Y, {"c": Y, "d": X}))
    for x, y in parts:
        (batch,) = batches(numpy_input_fn(x, y, shuffle=False))
        features, labels = (batch, None) if y is None else batch
        for got, wanted in ((features, x), (labels, y)):
            if isinstance(wanted, dict):
                assert got.keys() == wanted.keys()
                assert all(np.array_equal(got[name], wanted[name]) for name in wanted)
            elif wanted is not None:
                np.testing.assert_array_equal(got, wanted)


def test_what_is_known_of_shapes_and_dtypes_is_told():
    features, labels = numpy_input_fn({"x": X}, Y, shuffle=True)()
    assert features["x"].shape.as_list() == [None, 2] and features["x"].dtype == tf.float64
    assert labels.shape.as_list() == [None] and labels.dtype == tf.int64


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        ({"x": {"x": X}}, ValueError, "shuffle must be provided and explicitly set as boolean"),
        ({"x": [1, 2], "shuffle": True}, TypeError, "x must be a dict or array; got list"),
        ({"x": {}, "shuffle": True}, ValueError, "x cannot be an empty dict"),
        ({"x": X, "y": {}, "shuffle": True}, ValueError, "y cannot be an empty dict"),
        ({"x": {"x": X}, "y": Y[:9], "shuffle": True}, ValueError, "Length of tensors in x and y is mismatched"),
        ({"x": {"a": X, "b": Y[:9]}, "shuffle": True}, ValueError, "mismatched"),
        ({"x": X[:0], "shuffle": True}, ValueError, "0 rows"),
        ({"x": X, "shuffle": True, "batch_size": 0}, ValueError, "batch_size 0"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arguments, kind, said):
    with pytest.raises(kind, match=said):
        numpy_input_fn(**arguments)


def test_both_run_configs_say_the_same():
    newer = tf.estimator.RunConfig("d", 3, 7, 11, None, None, 13, 17, 19)
    older = tf.contrib.learn.RunConfig(None, 0, False, 1, 3, 7, save_checkpoints_steps=11, model_dir="d",
                                       keep_checkpoint_max=13, keep_checkpoint_every_n_hours=17,
                                       log_step_count_steps=19)  # fmt: skip
    for config in (newer, older):
        assert (config.model_dir, config.tf_random_seed, config.save_summary_steps) == ("d", 3, 7)
        assert (config.save_checkpoints_steps, config.save_checkpoints_secs) == (11, None)
        assert (config.keep_checkpoint_max, config.keep_checkpoint_every_n_hours) == (13, 17)
        assert config.log_step_count_steps == 19 and isinstance(config, tf.estimator.RunConfig)
    assert tf.contrib.learn.RunConfig(log_device_placement=True).session_config.log_device_placement is True
    given = tf.ConfigProto()
    assert tf.contrib.learn.RunConfig(session_config=given).session_config is given


@pytest.mark.parametrize("kind", [tf.estimator.RunConfig, tf.contrib.learn.RunConfig])
def test_checkpoints_are_due_by_steps_or_by_seconds(kind):
    def due(**given):
        config = kind(**given)
        return config.save_checkpoints_steps, config.save_checkpoints_secs

    assert due() == (None, 600) and due(save_checkpoints_secs=5) == (None, 5)
    assert due(save_checkpoints_steps=5) == (5, None) and due(save_checkpoints_secs=None) == (None, None)
    with pytest.raises(ValueError, match="cannot be both set"):
        due(save_checkpoints_steps=5, save_checkpoints_secs=5)
    with pytest.raises(ValueError, match="save_checkpoints_secs should be >= 0, not -1"):
        due(save_checkpoints_secs=-1)


def test_a_run_config_is_copied_with_other_values():
    config = tf.estimator.RunConfig(tf_random_seed=3)
    copied = config.replace(model_dir="m", save_checkpoints_steps=7)
    assert (copied.model_dir, copied.tf_random_seed, copied.save_checkpoints_steps) == ("m", 3, 7)
    assert copied.save_checkpoints_secs is None and (config.model_dir, config.save_checkpoints_secs) == (None, 600)
    with pytest.raises(ValueError, match="Replacing master is not supported"):
        config.replace(master="m")


def test_what_needs_several_processes_is_refused():
    for name in ("train_distribute", "device_fn", "protocol", "eval_distribute", "experimental_distribute"):
        with pytest.raises(NotImplementedError, match=name):
            tf.estimator.RunConfig(**{name: "x"})
    for name in ("master", "evaluation_master", "protocol"):
        with pytest.raises(NotImplementedError, match=name):
            tf.contrib.learn.RunConfig(**{name: "x"})
