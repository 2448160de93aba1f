"""tf.layers: variables and their sharing, what layers compute, updates and losses, refusals."""

import inspect

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.nn.layer import Layer

pytestmark = pytest.mark.usefixtures("graph")


def rng(seed=0):
    return np.random.default_rng(seed)


def names(variables):
    return [v.op.name for v in variables]


def assert_close(got, wanted, tolerance=2e-6):
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    assert got.shape == wanted.shape
    assert np.all(np.abs(got - wanted) <= tolerance), f"off by {np.max(np.abs(got - wanted))}"


@pytest.fixture
def session(graph):
    with tf.Session(graph=graph) as session:
        yield session


def initialized(session):
    session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    return session


# -- names and sharing ----------------------------------------------------------------------------------------------


def test_unnamed_layers_are_numbered_and_do_not_share():
    x = tf.zeros([2, 3])
    first, second = tf.layers.dense(x, 2), tf.layers.dense(x, 2)
    assert (first.op.name, second.op.name) == ("dense/BiasAdd", "dense_1/BiasAdd")
    assert names(tf.global_variables()) == ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"]


def test_a_name_twice_is_an_error_but_not_with_reuse():
    x = tf.zeros([2, 3])
    tf.layers.dense(x, 2, name="d")
    with pytest.raises(ValueError, match="Variable d/kernel already exists, disallowed"):
        tf.layers.dense(x, 2, name="d")
    shared = tf.layers.dense(x, 2, name="d", reuse=True)
    assert names(tf.global_variables()) == ["d/kernel", "d/bias"] and shared.op.name.startswith("d_")
    with pytest.raises(ValueError, match=r"Trying to share variable d/kernel, but specified shape \(3, 5\)"):
        tf.layers.dense(x, 5, name="d", reuse=True)


def test_variable_scopes_prefix_and_share_layers():
    x = tf.zeros([2, 3])
    with tf.variable_scope("s"):
        tf.layers.dense(x, 2, name="d")
    with tf.variable_scope("s", reuse=True):
        again = tf.layers.dense(x, 2, name="d")
        with pytest.raises(ValueError, match="s/e/kernel does not exist"):
            tf.layers.dense(x, 2, name="e")
    with tf.variable_scope("t", reuse=tf.AUTO_REUSE):
        for _ in range(2):
            tf.layers.dense(x, 2, name="d")
    assert again.op.name == "s_1/d/BiasAdd"
    assert names(tf.global_variables()) == ["s/d/kernel", "s/d/bias", "t/d/kernel", "t/d/bias"]


def test_a_name_scope_prefixes_the_operations_of_a_layer_and_not_its_variables():
    with tf.name_scope("n"):
        assert tf.layers.dense(tf.zeros([2, 3]), 2).op.name == "n/dense/BiasAdd"
    assert names(tf.global_variables()) == ["dense/kernel", "dense/bias"]


def test_a_layer_object_shares_its_variables_and_its_one_name_scope():
    layer = tf.layers.Dense(2, name="d")
    assert not layer.built
    with pytest.raises(ValueError, match="has not been used yet"):
        layer.scope_name  # noqa: B018
    first = layer(tf.zeros([2, 3]))
    with tf.name_scope("elsewhere"):
        second = layer(tf.ones([4, 3]))
    assert (first.op.name, second.op.name) == ("d/BiasAdd", "d/BiasAdd_1")
    assert layer.built and layer.scope_name == "d" and layer.variables == tf.global_variables()
    assert layer.count_params() == 8 and layer.dtype == "float32"
    with pytest.raises(ValueError, match="expected axis -1 of input shape to have value 3"):
        layer(tf.zeros([2, 4]))


def test_a_template_of_layers_shares_them():
    template = tf.make_template("net", lambda x: tf.layers.dense(tf.layers.dense(x, 4), 2))
    template(tf.zeros([1, 3]))
    template(tf.zeros([5, 3]))
    assert names(tf.global_variables()) == [
        "net/dense/kernel", "net/dense/bias", "net/dense_1/kernel", "net/dense_1/bias",
    ]  # fmt: skip


VARIABLES = {
    "conv1d": (lambda x: tf.layers.conv1d(x, 5, 3), [2, 9, 4], {"conv1d/kernel": [3, 4, 5], "conv1d/bias": [5]}),
    "conv2d": (
        lambda x: tf.layers.conv2d(x, 5, [3, 2]),
        [2, 9, 8, 4],
        {"conv2d/kernel": [3, 2, 4, 5], "conv2d/bias": [5]},
    ),
    "conv2d_transpose": (
        lambda x: tf.layers.conv2d_transpose(x, 5, 3),
        [2, 9, 8, 4],
        {"conv2d_transpose/kernel": [3, 3, 5, 4], "conv2d_transpose/bias": [5]},
    ),
    "separable_conv2d": (
        lambda x: tf.layers.separable_conv2d(x, 5, 3, depth_multiplier=2, use_bias=False),
        [2, 9, 8, 4],
        {"separable_conv2d/depthwise_kernel": [3, 3, 4, 2], "separable_conv2d/pointwise_kernel": [1, 1, 8, 5]},
    ),
    "batch_normalization": (
        lambda x: tf.layers.batch_normalization(x, axis=1),
        [2, 9, 8, 4],
        {f"batch_normalization/{v}": [9] for v in ("gamma", "beta", "moving_mean", "moving_variance")},
    ),
}


@pytest.mark.parametrize("layer", VARIABLES)
def test_the_variables_of_a_layer_have_tensorflow_s_names_and_shapes(layer):
    build, shape, wanted = VARIABLES[layer]
    build(tf.placeholder(tf.float32, shape))
    assert {v.op.name: v.shape.as_list() for v in tf.global_variables()} == wanted


def test_default_kernels_are_glorot_uniform_and_biases_zero(session):
    tf.layers.dense(tf.zeros([1, 300]), 200)
    kernel, bias = initialized(session).run(tf.global_variables())
    limit = np.sqrt(6 / 500)
    assert np.all(np.abs(kernel) <= limit) and abs(kernel.std() - limit / np.sqrt(3)) <= 0.01 * limit
    assert bias.tolist() == [0] * 200


def test_the_scope_s_initializer_is_a_layer_s_default(session):
    with tf.variable_scope("s", initializer=tf.constant_initializer(0.25)):
        tf.layers.dense(tf.zeros([1, 2]), 1)
    assert initialized(session).run(tf.global_variables()[0]).tolist() == [[0.25], [0.25]]


def test_halves_have_half_variables_but_batch_normalization_keeps_float32():
    tf.layers.dense(tf.zeros([1, 2], tf.float16), 1)
    tf.layers.batch_normalization(tf.zeros([1, 2, 2, 3], tf.float16))
    assert [v.dtype for v in tf.global_variables()] == [tf.float16] * 2 + [tf.float32] * 4


# -- what they compute ----------------------------------------------------------------------------------------------


def test_dense_goes_over_the_last_dimension(session):
    x = rng().standard_normal((2, 3, 4)).astype(np.float32)
    batch = tf.placeholder(tf.float32, [None, None, 4])
    y = tf.layers.dense(batch, 5, tf.nn.relu, bias_initializer=tf.constant_initializer(0.1))
    assert y.shape.as_list() == [None, None, 5]
    kernel, got = initialized(session).run([tf.global_variables()[0], y], {batch: x})
    assert_close(got, np.maximum(x @ kernel + np.float32(0.1), 0))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("padding", ["valid", "same", "SAME"])
def test_conv2d_is_a_convolution_a_bias_and_an_activation(session, data_format, padding):
    first = data_format == "channels_first"
    x = tf.constant(rng().standard_normal((2, 7, 6, 3)).astype(np.float32))
    image = tf.transpose(x, [0, 3, 1, 2]) if first else x
    y = tf.layers.conv2d(
        image, 4, [3, 2], (2, 1), padding, data_format, activation="tanh",
        bias_initializer=tf.random_normal_initializer(seed=1),
    )  # fmt: skip
    kernel, bias = tf.global_variables()
    wanted = tf.tanh(tf.nn.bias_add(tf.nn.conv2d(x, kernel, [2, 1], padding.upper()), bias))
    got, wanted = initialized(session).run([y, wanted])
    assert_close(np.moveaxis(got, 1, -1) if first else got, wanted)


def test_causal_convolutions_see_nothing_that_comes_later(session):
    x = tf.placeholder(tf.float32, [1, 8, 2])
    y = tf.layers.conv1d(x, 3, 3, padding="causal", dilation_rate=2)
    assert y.shape.as_list() == [1, 8, 3]
    values = rng().standard_normal((1, 8, 2))
    before = initialized(session).run(y, {x: values})
    values[:, 5:] += 10
    after = session.run(y, {x: values})
    assert_close(after[:, :5], before[:, :5], 0.0)
    assert np.all(after[:, 5:] != before[:, 5:])


@pytest.mark.parametrize(("padding", "grown"), [("same", [8, 6]), ("valid", [9, 7])])
@pytest.mark.parametrize("known", [True, False])
def test_a_transposed_convolution_grows_images(session, padding, grown, known):
    x = tf.placeholder(tf.float32, [None, 4, 3, 2] if known else [None, None, None, 2])
    y = tf.layers.conv2d_transpose(x, 5, 3, 2, padding)
    assert y.shape.as_list() == [None, *(grown if known else [None, None]), 5]
    assert initialized(session).run(y, {x: np.ones((3, 4, 3, 2))}).shape == (3, *grown, 5)


def test_pools_and_flatten(session):
    x = rng().standard_normal((2, 6, 4, 3)).astype(np.float32)
    blocks = x.reshape(2, 3, 2, 2, 2, 3)
    got = session.run([tf.layers.max_pooling2d(x, 2, 2), tf.layers.average_pooling2d(x, [2, 2], None)])
    assert_close(got[0], blocks.max((2, 4)))
    assert_close(got[1], blocks.mean((2, 4)))
    steps = x.reshape(2, 6, 12)
    one = [tf.layers.max_pooling1d(steps, 2, 2), tf.layers.average_pooling1d(steps, 2, 2)]
    assert_close(session.run(one[0]), steps.reshape(2, 3, 2, 12).max(2))
    assert_close(session.run(one[1]), steps.reshape(2, 3, 2, 12).mean(2))
    assert session.run(tf.layers.flatten(x)).tolist() == x.reshape(2, -1).tolist()
    first = session.run(tf.layers.flatten(np.moveaxis(x, -1, 1), data_format="channels_first"))
    assert first.tolist() == x.reshape(2, -1).tolist()
    unknown = tf.placeholder(tf.float32, [None, None, 3])
    assert session.run(tf.layers.flatten(unknown), {unknown: x[:, :, 0]}).shape == (2, 18)


def test_dropout_is_active_only_in_training(session):
    x, training = tf.ones([1000]), tf.placeholder(tf.bool, [])
    assert session.run(tf.layers.dropout(x, 0.5)).tolist() == [1.0] * 1000
    y = tf.layers.dropout(x, 0.5, training=training)
    assert set(session.run(y, {training: True}).tolist()) == {0.0, 2.0}
    assert session.run(y, {training: False}).tolist() == [1.0] * 1000
    with pytest.raises(ValueError, match="expected a value between 0 and 1"):
        tf.layers.dropout(x, 1.5)


# -- batch normalization --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("switched", [False, True])
@pytest.mark.parametrize(("shape", "axis"), [((8, 3), -1), ((4, 2, 3, 3), -1), ((4, 3, 2, 2), 1), ((4, 3, 5), 1)])
def test_batch_normalization_trains_on_the_batch_and_infers_with_moving_averages(session, shape, axis, switched):
    x = tf.placeholder(tf.float32, [None, *shape[1:]])
    switch = tf.placeholder(tf.bool, [])
    layer = tf.layers.BatchNormalization(axis, momentum=0.8, epsilon=0.01)
    trained = layer(x, training=switch if switched else True)
    inferred = trained if switched else layer(x)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    assert len(updates) == 2 and layer.updates == updates
    initialized(session)
    axes = tuple(i for i in range(len(shape)) if i != axis % len(shape))
    fused = len(shape) == 4
    mean, variance = np.zeros(3), np.ones(3)
    for step in range(3):
        batch = 2 + 3 * rng(step).standard_normal(shape)
        got, _ = session.run([trained, updates], {x: batch, switch: True})
        moments = batch.mean(axes, keepdims=True), batch.var(axes, keepdims=True)
        assert_close(got, (batch - moments[0]) / np.sqrt(moments[1] + 0.01), 1e-5)
        mean += 0.2 * (batch.mean(axes) - mean)
        variance += 0.2 * (batch.var(axes, ddof=1 if fused else 0) - variance)
    kept = session.run([layer.moving_mean, layer.moving_variance])
    assert_close(kept[0], mean, 1e-5)
    assert_close(kept[1], variance, 1e-4)
    batch = rng(9).standard_normal(shape)
    spread = [3 if i == axis % len(shape) else 1 for i in range(len(shape))]
    wanted = (batch - mean.reshape(spread)) / np.sqrt(variance.reshape(spread) + 0.01)
    assert_close(session.run(inferred, {x: batch, switch: False}), wanted, 1e-5)
    if switched:
        session.run(updates, {x: batch, switch: False})
    assert_close(session.run(layer.moving_mean), kept[0], 0.0)


def test_batch_normalization_without_scale_and_center_has_only_its_moving_averages(session):
    x = rng().standard_normal((4, 3)).astype(np.float32)
    y = tf.layers.batch_normalization(x, center=False, scale=False, training=True, name="bn")
    assert names(tf.global_variables()) == ["bn/moving_mean", "bn/moving_variance"]
    assert tf.trainable_variables() == []
    assert_close(initialized(session).run(y), (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3), 1e-5)


def test_batch_normalization_in_inference_has_no_updates_and_refuses_what_it_does_not_offer():
    tf.layers.batch_normalization(tf.zeros([2, 3]))
    assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == []
    with pytest.raises(NotImplementedError, match="virtual_batch_size"):
        tf.layers.batch_normalization(tf.zeros([2, 3]), virtual_batch_size=1)
    with pytest.raises(ValueError, match=r"Expected 0 <= axis < inputs.rank \(with inputs.rank=2\)"):
        tf.layers.batch_normalization(tf.zeros([2, 3]), axis=3)


# -- losses, updates, subclasses ------------------------------------------------------------------------------------


def test_regularizers_of_variables_count_once_and_those_of_outputs_each_time(session):
    layer = tf.layers.Dense(
        2,
        kernel_regularizer=tf.nn.l2_loss,
        activity_regularizer=tf.reduce_sum,
        kernel_initializer=tf.ones_initializer(),
    )
    layer(tf.ones([4, 3]))
    layer(tf.ones([1, 3]))
    found = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    assert names(found) == [
        "dense/kernel/Regularizer/L2Loss",
        "dense/ActivityRegularizer/truediv",
        "dense/ActivityRegularizer_1/truediv",
    ]
    assert initialized(session).run(found) == [3.0, 6.0, 6.0]
    assert layer.losses == found and layer.get_losses_for(None) == found[:1]


def test_an_untrainable_layer_has_no_trainable_variables():
    layer = tf.layers.Dense(2, trainable=False)
    layer.apply(tf.zeros([1, 3]))
    assert layer.trainable_variables == [] and layer.non_trainable_variables == tf.global_variables()
    assert tf.trainable_variables() == []


def test_constraints_reach_the_variables():
    layer = tf.layers.Dense(2, kernel_constraint=tf.abs)
    layer(tf.zeros([1, 3]))
    assert layer.kernel.constraint is tf.abs and layer.bias.constraint is None


def test_a_layer_of_one_s_own_builds_once_and_counts_its_updates(session):
    class Counter(tf.layers.Layer):
        def build(self, input_shape):
            self.seen = self.add_variable("seen", [], initializer=tf.zeros_initializer(), trainable=False)
            self.built = True

        def call(self, inputs, times=1.0):
            self.add_update(tf.assign_add(self.seen, times), inputs=inputs)
            return inputs * times

    layer = Counter()
    y = layer(tf.ones([2]), times=3.0)
    assert layer.name == "counter_1" and names(layer.variables) == ["counter/seen"]
    assert len(layer.get_updates_for(y)) == 1 and layer.get_updates_for(None) == []
    initialized(session).run(layer.updates)
    assert session.run([y, layer.seen])[1] == 3 and session.run(y).tolist() == [3, 3]


def test_variables_made_in_a_layer_s_call_are_shared_by_its_later_calls():
    class Scaled(tf.layers.Layer):
        def call(self, inputs):
            return inputs * tf.get_variable("factor", [])

    layer = Scaled(name="scaled")
    layer(tf.ones([2]))
    layer(tf.ones([3]))
    assert names(tf.global_variables()) == ["scaled/factor"]


def test_a_partitioned_kernel_works_as_one(session):
    with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(2)):
        y = tf.layers.dense(np.ones((1, 4), np.float32), 3, use_bias=False, kernel_initializer=tf.ones_initializer())
    assert names(tf.global_variables()) == ["s/dense/kernel/part_0", "s/dense/kernel/part_1"]
    assert initialized(session).run(y).tolist() == [[4, 4, 4]]


# -- refusals -------------------------------------------------------------------------------------------------------

BAD = {
    "last dimension unknown": (
        lambda: tf.layers.dense(tf.placeholder(tf.float32, [None, None]), 2),
        ValueError,
        r"last dimension of the inputs to a Dense layer should be defined. Found None. .*: \(\?, \?\)",
    ),
    "integers": (lambda: tf.layers.dense(tf.zeros([2, 3], tf.int32), 2), TypeError, "Received: dtype=<dtype: 'int32'>"),
    "rank": (lambda: tf.layers.conv2d(tf.zeros([2, 3]), 2, 3), ValueError, "expected min_ndim=4, found ndim=2"),
    "kernel size": (lambda: tf.layers.conv2d(tf.zeros([1, 5, 5, 2]), 2, [3, 3, 3]), ValueError, "tuple of 2 integers"),
    "padding": (lambda: tf.layers.conv2d(tf.zeros([1, 5, 5, 2]), 2, 3, padding="foo"), ValueError, "Received: foo"),
    "layout": (
        lambda: tf.layers.conv2d(tf.zeros([1, 5, 5, 2]), 2, 3, data_format="foo"),
        ValueError,
        'one of "channels_first", "channels_last". Received: foo',
    ),
    "channels unknown": (
        lambda: tf.layers.conv2d(tf.placeholder(tf.float32, [1, 5, 5, None]), 2, 3),
        ValueError,
        "channel dimension of the inputs should be defined",
    ),
    "strides and dilations": (
        lambda: tf.layers.conv2d(tf.zeros([1, 9, 9, 2]), 2, 3, strides=2, dilation_rate=2),
        ValueError,
        "not supported in conjunction",
    ),
    "activation": (
        lambda: tf.layers.dense(tf.zeros([2, 3]), 2, activation="rectify"),
        ValueError,
        "'rectify'. Known are",
    ),
    "an argument": (lambda: tf.layers.Dense(2, units_=3), TypeError, "Keyword argument not understood: units_"),
    "too large a window": (
        lambda: tf.layers.max_pooling2d(tf.zeros([1, 2, 2, 1]), 3, 1),
        ValueError,
        "Negative dimension",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_layers_refuse(what):
    call, kind, message = BAD[what]
    with pytest.raises(kind, match=message):
        call()
    assert tf.global_variables() == []


def test_a_function_takes_its_layer_s_arguments_in_order():
    dense = list(inspect.signature(tf.layers.dense).parameters)
    assert dense[:3] == ["inputs", "units", "activation"] and dense[-3:] == ["trainable", "name", "reuse"]
    with pytest.raises(TypeError, match="filters"):
        tf.layers.dense(tf.zeros([2, 3]), 2, filters=3)
    assert isinstance(tf.layers.Dense(2), Layer)


@pytest.mark.parametrize(
    ("layer", "shape", "names"),
    [
        (lambda: tf.layers.Dense(2), [None, 3], ["dense/kernel", "dense/bias"]),
        (lambda: tf.layers.Conv2D(2, 3, name="c"), [None, 4, 4, 3], ["c/kernel", "c/bias"]),
        (lambda: tf.layers.SeparableConv2D(2, 3, use_bias=False, name="c"), [None, 4, 4, 3],
         ["c/depthwise_kernel", "c/pointwise_kernel"]),
        (lambda: tf.layers.BatchNormalization(name="c", scale=False), [None, 3],
         ["c/beta", "c/moving_mean", "c/moving_variance"]),
    ],
    ids=["dense", "conv2d", "separable_conv2d", "batch_normalization"],
)  # fmt: skip
def test_a_layer_that_is_built_by_hand_is_the_layer_that_is_called(layer, shape, names):
    with tf.Graph().as_default():
        made = layer()
        with tf.variable_scope("outer"):
            made.build(shape)
        assert made.built and [v.op.name for v in made.weights] == [f"outer/{name}" for name in names]
        outputs = made(tf.ones([1, *shape[1:]]))
        assert outputs.op.name.startswith(f"outer/{names[0].partition('/')[0]}/")
        assert len(tf.global_variables()) == len(names)


def test_a_layer_is_called_with_a_dict_of_features_as_it_is():
    class Model(tf.layers.Layer):
        def build(self, input_shape):
            told.append(input_shape)
            self.w = self.add_weight("w", input_shape["x"].as_list()[1:], initializer=tf.ones_initializer())
            self.built = True

        def call(self, inputs, scale=1.0):
            return {"sum": inputs["x"] * self.w * scale, "kept": inputs["what"]}

    told = []
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([[1.0, 2.0]])
        outputs = Model(name="model")({"what": "any", "x": x}, scale=3.0)
        session.run(tf.global_variables_initializer())
        assert session.run(outputs["sum"]).tolist() == [[3, 6]] and outputs["kept"] == "any"
        assert told == [{"what": None, "x": x.shape}] and tf.global_variables()[0].op.name == "model/w"
        with pytest.raises(ValueError, match='Layer "other" is called with no tensor'):
            Model(name="other")({"what": "any"})
