"""A product with its bias and activation as one step: where it is one and where not, and that no bit changes."""

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.engine.registry import get_op
from scopeflow.kernels.backend import get_backend

PRODUCTS = ("matmul", "conv2d", "depthwise_conv2d")
RNG = np.random.default_rng(0)
X, W, B = (RNG.standard_normal(shape).astype(np.float32) for shape in ((5, 3), (3, 4), (4,)))
IMAGES, FILTERS, DEPTHWISE = (
    RNG.standard_normal(shape).astype(np.float32) for shape in ((2, 5, 6, 3), (3, 3, 3, 4), (3, 3, 2, 2))
)


@pytest.fixture
def steps(monkeypatch):
    """(product, whether it adds a bias, its activation) for each product that runs."""
    ran = []

    def watched(name, kernel):
        def run(*arguments, bias=None, activation=None):
            ran.append((name, bias is not None, activation))
            return kernel(*arguments, bias=bias, activation=activation)

        return run

    backend = get_backend("/cpu:0")
    for name in PRODUCTS:
        monkeypatch.setattr(backend, name, watched(name, getattr(backend, name)))
    return ran


def run(fetches, feeds=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feeds)


def by_hand(x=X, w=W, b=B):
    return np.maximum(np.matmul(x, w) + b, 0)


FUSED = {  # a layer of variables -> how its one step runs
    "bias_add and relu": (lambda x, w, b: tf.nn.relu(tf.nn.bias_add(x @ w, b)), True, "relu"),
    "relu6": (lambda x, w, b: tf.nn.relu6(tf.nn.bias_add(x @ w, b)), True, "relu6"),
    "a sum": (lambda x, w, b: tf.nn.relu(x @ w + b), True, "relu"),
    "a sum the other way round": (lambda x, w, b: tf.nn.relu(b + x @ w), True, "relu"),
    "a bias alone": (lambda x, w, b: x @ w + b, True, None),
    "an activation alone": (lambda x, w, b: tf.nn.relu(x @ w), False, "relu"),
    "another activation after the bias": (lambda x, w, b: tf.tanh(x @ w + b), True, None),
    "a batch": (lambda x, w, b: tf.nn.relu(tf.stack([x, x]) @ tf.stack([w, w]) + b), True, "relu"),
    "transposed": (
        lambda x, w, b: tf.nn.relu(tf.matmul(tf.transpose(x), tf.transpose(w), True, True) + b),
        True,
        "relu",
    ),
}


@pytest.mark.parametrize("name", FUSED)
def test_what_follows_a_product_is_its_own_step_no_more_and_gives_the_same_bits(name, graph, steps):
    build, biased, activation = FUSED[name]
    x, w, b = map(tf.Variable, (X, W, B))
    y = build(x, w, b)
    alone = run(y)
    assert steps == [("matmul", biased, activation)]
    product = next(op for op in graph.get_operations() if "MatMul" in op.type)
    steps.clear()
    with_all_between, _ = run([y, product.outputs[0]])
    assert steps == [("matmul", False, None)]
    np.testing.assert_array_equal(alone, with_all_between)
    assert np.ptp(alone) > 0.5


@pytest.mark.parametrize("layout", ("NHWC", "NCHW"))
@pytest.mark.parametrize("groups", (False, True))
def test_convolutions_are_fused_in_either_layout(layout, groups, graph, steps):
    images = IMAGES[..., :2] if groups else IMAGES
    filters = (RNG.standard_normal((3, 3, 1, 4)) if groups else FILTERS).astype(np.float32)
    x, w, b = map(tf.Variable, (images if layout == "NHWC" else np.moveaxis(images, 3, 1).copy(), filters, B))
    y = tf.nn.conv2d(x, w, 2, "SAME", data_format=layout)
    z = tf.nn.relu(tf.nn.bias_add(y, b, data_format=layout))
    alone = run(z)
    assert steps == [("conv2d", True, "relu")]
    np.testing.assert_array_equal(alone, run([z, y])[0])
    assert steps[1:] == [("conv2d", False, None)]


def test_depthwise_convolutions_are_fused(graph, steps):
    x, w, b = map(tf.Variable, (IMAGES[..., :2], DEPTHWISE, B))
    y = tf.nn.depthwise_conv2d_native(x, w, [1, 1, 1, 1], "VALID")
    z = tf.nn.relu6(y + b)
    np.testing.assert_array_equal(run(z), run([z, y])[0])
    assert steps == [("depthwise_conv2d", True, "relu6"), ("depthwise_conv2d", False, None)]


def ends(steps):
    """How the last product that ran went on."""
    return steps[-1][1:]


def test_what_is_fetched_fed_or_read_by_another_stays_a_value_of_its_own(graph, steps):
    x, w, b = map(tf.Variable, (X, W, B))
    product = x @ w
    biased = tf.nn.bias_add(product, b)
    y = tf.nn.relu(biased)
    np.testing.assert_array_equal(run([y, biased])[1], np.matmul(X, W) + B)
    assert ends(steps) == (True, None)
    np.testing.assert_array_equal(run([y, product])[1], np.matmul(X, W))
    assert ends(steps) == (False, None)
    steps.clear()
    np.testing.assert_array_equal(
        run(y, {biased: -B * np.ones((5, 1), np.float32)}), np.maximum(-B, 0) * np.ones((5, 1))
    )
    assert steps == []
    other = tf.reduce_sum(product)
    np.testing.assert_allclose(run([y, other])[1], np.matmul(X, W).sum(), rtol=1e-5)
    assert ends(steps) == (False, None)
    np.testing.assert_array_equal(run(product + product), 2 * np.matmul(X, W))
    assert ends(steps) == (False, None)


def test_what_a_branch_reads_stays_a_value_of_its_own(graph, steps):
    x, w, b = map(tf.Variable, (X, W, B))
    product = x @ w
    y = tf.nn.relu(product + b)
    total = tf.cond(tf.reduce_sum(b) > -100.0, lambda: tf.reduce_sum(product), lambda: 0.0)
    got, sum_of_products = run([y, total])
    np.testing.assert_array_equal(got, by_hand())
    np.testing.assert_allclose(sum_of_products, np.matmul(X, W).sum(), rtol=1e-5)
    assert ends(steps) == (False, None)


def test_what_another_op_waits_for_stays_a_step_of_its_own(graph, steps):
    x, w, b = map(tf.Variable, (X, W, B))
    product = x @ w
    with tf.control_dependencies([product]):
        later = tf.identity(b)
    run([tf.nn.relu(product + b), later])
    assert ends(steps) == (False, None)


NOT_A_BIAS = {
    "a scalar": ((), None),
    "one for all": ((1,), None),
    "a row": ((1, 4), None),
    "one for each element": ((5, 4), None),
    "a length not known": ((4,), tf.TensorShape([None])),
    "a rank not known": ((4,), tf.TensorShape(None)),
}


@pytest.mark.parametrize("name", NOT_A_BIAS)
def test_what_is_not_known_to_be_a_bias_is_added_as_ever(name, graph, steps):
    shape, known = NOT_A_BIAS[name]
    b = tf.placeholder(tf.float32, shape if known is None else known)
    value = RNG.standard_normal(shape).astype(np.float32)
    np.testing.assert_array_equal(run(tf.nn.relu(tf.Variable(X) @ tf.Variable(W) + b), {b: value}), by_hand(b=value))
    assert ends(steps) == (False, None)


def test_a_sum_that_makes_a_vector_a_matrix_is_no_bias(graph, steps):
    row = tf.placeholder(tf.float32, [5, 1])
    np.testing.assert_array_equal(run(row @ tf.Variable(W[:1]) + tf.Variable(B), {row: X[:, :1]}), X[:, :1] @ W[:1] + B)
    assert ends(steps) == (True, None)
    column = tf.Variable(X) @ tf.Variable(W[:, :1])
    np.testing.assert_array_equal(run(column + tf.Variable(B)), X @ W[:, :1] + B)
    assert ends(steps) == (False, None)


@pytest.mark.parametrize("dtype", (np.float16, np.int32))
def test_dtypes_whose_bits_would_change_are_left_alone(dtype, graph, steps):
    x, w, b = (tf.Variable((4 * part).astype(dtype)) for part in (X, W, B))
    run(tf.nn.relu(x @ w + b))
    assert ends(steps) == (False, None)


def test_activations_whose_bits_would_change_are_left_alone(graph, steps):
    for activation in (tf.nn.elu, tf.nn.leaky_relu, tf.sigmoid):
        run(activation(tf.Variable(X) @ tf.Variable(W)))
        assert ends(steps) == (False, None)


def test_a_product_is_not_computed_after_a_variable_that_it_reads_is_written(graph, steps):
    x, w = tf.Variable(X), tf.Variable(W, name="w")
    product = x @ w
    with tf.control_dependencies([tf.identity(product)]):
        doubled = w.assign(2 * w)
    with tf.control_dependencies([doubled]):
        bias = tf.identity(B)
    np.testing.assert_array_equal(run(product + bias), np.matmul(X, W) + B)

    y = tf.matmul(x, tf.constant(W) * w)
    update = x.assign(tf.zeros_like(x))  # nothing orders it and the product, so that what reads comes first
    with tf.control_dependencies([update]):
        late = tf.identity(tf.constant(B))
    np.testing.assert_array_equal(run(y + late), np.matmul(X, W * W) + B)
    assert ends(steps) == (False, None)


def test_a_sum_along_the_width_of_channels_first_is_no_bias(graph, steps):
    x, w, b = map(tf.Variable, (np.ones((1, 3, 2, 4), np.float32), FILTERS, B))
    y = tf.nn.conv2d(x, w, 1, "SAME", data_format="NCHW")
    added, plain = run([y + b, y])
    np.testing.assert_array_equal(added, plain + B)
    np.testing.assert_array_equal(run(y + b), added)
    assert ends(steps) == (False, None)


def test_ops_on_two_devices_are_not_one_step(graph, stand_in_cupy, steps):
    with tf.device("/cpu:0"):
        product = tf.Variable(X) @ tf.Variable(W)
    with tf.device("/gpu:0"):
        y = tf.nn.relu(product)
    np.testing.assert_array_equal(run(y), np.maximum(np.matmul(X, W), 0))
    assert steps == [("matmul", False, None)]


def test_a_step_of_training_has_the_same_bits_whether_or_not_its_layers_are_fused(graph, steps):
    def trained(fetch_between):
        with tf.Graph().as_default(), tf.Session() as session:
            w1, b1, w2, b2 = map(tf.Variable, (FILTERS, B, RNG_WEIGHTS, np.zeros(2, np.float32)))
            first = tf.nn.bias_add(tf.nn.conv2d(tf.constant(IMAGES), w1, 1, "SAME"), b1)
            hidden = tf.nn.relu(first)
            second = tf.matmul(tf.reshape(hidden, [2, -1]), w2) + b2
            step = tf.train.GradientDescentOptimizer(0.01).minimize(tf.reduce_sum(tf.square(second)))
            session.run(tf.global_variables_initializer())
            for _ in range(3):
                session.run([step, first.op.inputs[0], second.op.inputs[0], first] if fetch_between else step)
            return session.run([w1, b1, w2, b2])

    fused = trained(False)
    forward = {name_and_how for name_and_how in steps if name_and_how[1]}
    assert forward == {("conv2d", True, "relu"), ("matmul", True, None)}
    for got, expected in zip(fused, trained(True), strict=True):
        np.testing.assert_array_equal(got, expected)


RNG_WEIGHTS = RNG.standard_normal((120, 2)).astype(np.float32)


@pytest.mark.parametrize("geometry", [((2, 2), (2, 2), "SAME"), ((3, 3), (2, 2), "SAME"), ((2, 2), (3, 3), "VALID")])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_relus_gradient_of_a_max_pools_is_taken_of_the_pools_values(layout, geometry, graph, monkeypatch):
    size, strides, padding = geometry
    ran = []
    backend = get_backend("/cpu:0")
    kernel = backend.max_pool_grad
    monkeypatch.setattr(backend, "max_pool_grad", lambda x, y, dy, *at: ran.append((y, dy)) or kernel(x, y, dy, *at))
    x = tf.constant(np.round(RNG.standard_normal((2, 7, 9, 3)) * 2).astype(np.float32))  # with ties
    fed = tf.placeholder(tf.float32, x.shape if layout == "NHWC" else (2, 3, 7, 9))
    y = tf.nn.relu(fed)
    pooled = tf.nn.max_pool(y, size, strides, padding, data_format=layout)
    weights = tf.constant(RNG.standard_normal(pooled.shape.as_list()).astype(np.float32))
    of_y, of_x = tf.gradients(pooled * weights, [y, fed])
    values = run(x) if layout == "NHWC" else run(tf.transpose(x, [0, 3, 1, 2]))
    fused = run(of_x, {fed: values})
    (seen_y, seen_dy), *_ = ran
    assert (seen_dy[seen_y <= 0] == 0).all() and (seen_y <= 0).any()
    apart, between = run([of_x, of_y], {fed: values})  # what is fetched stays a value of its own
    np.testing.assert_array_equal(fused, apart)
    np.testing.assert_array_equal(apart, between * (values > 0))
    assert len(ran) == 2 and (ran[1][1][ran[1][0] <= 0] != 0).any()


def test_relus_gradient_of_another_pool_is_a_step_of_its_own(graph):
    fed, other = (tf.placeholder(tf.float32, [2, 4, 4, 1]) for _ in range(2))
    pooled = tf.nn.max_pool(tf.nn.relu(fed), 2, 2, "SAME")
    inner = tf.gradients(pooled, pooled.op.inputs[0])[0]
    made = get_op("ReluGrad")(inner, other)
    x = RNG.standard_normal((2, 4, 4, 1)).astype(np.float32)
    passed, plain = run([made, inner], {fed: x, other: -abs(x)}), run(made, {fed: x, other: -abs(x)})
    assert (passed[1] != 0).any() and (passed[0] == 0).all() and (plain == 0).all()
