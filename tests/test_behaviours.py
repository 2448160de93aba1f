"""What must work, line by line: every test quotes the line that it holds, in the order of the list of behaviours.

The numbers of convolutions and products have tests of their own (tests/engine, tests/nn, the golden data).
"""

import inspect

import numpy as np
import pytest

import scopeflow as tf

pytestmark = pytest.mark.usefixtures("graph")


def names(things):
    return [thing.name for thing in things]


def initialized(graph=None):
    session = tf.Session(graph=graph)
    with session.graph.as_default():
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    return session


# -- Names ----------------------------------------------------------------------------------------------------------


def test_what_has_no_name_gets_its_op_type():
    """A tensor or variable made without a name gets its op type's: `constant(1)` is `Const:0`, then `Const_1:0`;
    `Variable(1)` is `Variable:0`. `op.name` has no `:0`; `tensor.name` has."""
    assert names([tf.constant(1), tf.constant(1), tf.Variable(1)]) == ["Const:0", "Const_1:0", "Variable:0"]
    assert names([tf.Variable(1), tf.placeholder(tf.float32)]) == ["Variable_1:0", "Placeholder:0"]
    assert tf.constant(1).op.name == "Const_2"
    assert tf.Variable(1).op.name == "Variable_2"


def test_a_name_replaces_the_default_and_is_made_unique_whatever_its_case():
    """An explicit `name=` replaces the default. Names are unique in a graph: a taken name gets `_1`, `_2`, … and a
    name is compared case-insensitively."""
    made = [tf.constant(1, name="a"), tf.constant(1, name="a"), tf.constant(1, name="A"), tf.Variable(1, name="a")]
    assert names(made) == ["a:0", "a_1:0", "A_2:0", "a_3:0"]
    assert names([tf.constant(1, name="a_1"), tf.constant(1, name="b")]) == ["a_1_1:0", "b:0"]


def test_a_name_scope_prefixes_ops_and_variables_but_not_get_variable():
    """`with name_scope("s")` prefixes ops and `Variable`, never `get_variable`: constant `s/a:0`, Variable `s/b:0`,
    get_variable `c:0`."""
    with tf.name_scope("s"):
        made = [tf.constant(1, name="a"), tf.Variable(1, name="b"), tf.get_variable("c", [1])]
    assert names(made) == ["s/a:0", "s/b:0", "c:0"]


def test_a_variable_scope_prefixes_all_three():
    """`with variable_scope("s")` prefixes all three, and opens a name scope of the same name."""
    with tf.variable_scope("s") as scope:
        made = [tf.constant(1, name="a"), tf.Variable(1, name="b"), tf.get_variable("c", [1])]
        assert tf.get_default_graph().get_name_scope() == "s"
    assert names(made) == ["s/a:0", "s/b:0", "s/c:0"]
    assert (scope.name, scope.original_name_scope) == ("s", "s/")


def test_a_name_scope_entered_again_is_another_one():
    """A name scope entered again becomes `conv1_1/`; `name_scope` yields its full prefix ("conv1/"), and a name that
    ends in "/" re-enters exactly; `name_scope(None)` or `""` goes back to the root."""
    with tf.name_scope("conv1") as first:
        with tf.name_scope("inner") as inner:
            pass
        with tf.name_scope(None) as root:
            assert tf.constant(1, name="at_root").name == "at_root:0"
        with tf.name_scope("") as empty:
            assert tf.constant(1, name="at_root").name == "at_root_1:0"
    with tf.name_scope("conv1") as second:
        pass
    with tf.name_scope(first) as again:
        assert tf.constant(1, name="x").name == "conv1/x:0"
    assert [first, inner, root, empty, second, again] == ["conv1/", "conv1/inner/", "", "", "conv1_1/", "conv1/"]


def test_a_variable_scope_entered_again_keeps_its_variables_name_while_ops_get_a_fresh_one():
    """A variable scope entered again keeps its *variable* name ("v_scope/Weights:0") while the ops in it get a fresh
    name scope: a `Variable` made in the second entry is `v_scope_1/bias:0`."""
    with tf.variable_scope("v_scope"):
        first = tf.get_variable("Weights", [2])
    with tf.variable_scope("v_scope", reuse=True):
        again = tf.get_variable("Weights")
        bias = tf.Variable(1, name="bias")
        op = tf.constant(1, name="c")
    assert again is first and first.name == "v_scope/Weights:0"
    assert names([bias, op]) == ["v_scope_1/bias:0", "v_scope_1/c:0"]


def test_scopes_nest_and_a_captured_one_re_enters_its_own_name():
    """Scopes nest: `foo/bar/v:0`. A captured scope object re-enters its own absolute name from anywhere
    (`with variable_scope(captured):`), with `auxiliary_name_scope=False` optional.
    `variable_scope(None, default_name="conv")` is made unique: `conv`, `conv_1`, …"""
    with tf.variable_scope("foo"), tf.variable_scope("bar") as captured:
        assert tf.get_variable("v", [1]).name == "foo/bar/v:0"
    with tf.variable_scope("elsewhere"):
        with tf.variable_scope(captured) as again:
            assert again.name == "foo/bar"
            assert tf.get_variable("w", [1]).name == "foo/bar/w:0"
            assert tf.constant(1, name="c").name == "elsewhere/bar/c:0"
        with tf.variable_scope(captured, auxiliary_name_scope=False):
            assert tf.get_variable("x", [1]).name == "foo/bar/x:0"
            assert tf.constant(1, name="c").name == "elsewhere/c:0"
    found = []
    for _ in range(3):
        with tf.variable_scope(None, default_name="conv") as scope:
            found.append(scope.name)
    assert found == ["conv", "conv_1", "conv_2"]


def test_two_variables_of_one_name():
    """Two `Variable`s of one name become `weights:0` and `weights_1:0`; `Variable(1, name="v")` beside get_variable's
    `two/v` is `two/v_1:0`."""
    assert names([tf.Variable(1, name="weights"), tf.Variable(1, name="weights")]) == ["weights:0", "weights_1:0"]
    with tf.variable_scope("two"):
        assert names([tf.get_variable("v", [1]), tf.Variable(1, name="v")]) == ["two/v:0", "two/v_1:0"]


# -- get_variable, reuse and sharing --------------------------------------------------------------------------------


def test_a_name_creates_once_and_then_raises_with_the_place_of_the_first():
    """A new name creates; the same name again raises `ValueError`: it names the variable, says "already exists,
    disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in VarScope? Originally defined at:" and shows
    the user's own file and line of the first definition."""
    with tf.variable_scope("s"):
        tf.get_variable("w", [1])
        line = inspect.currentframe().f_lineno - 1
        with pytest.raises(ValueError) as raised:
            tf.get_variable("w", [1])
    text = str(raised.value)
    assert text.startswith(
        "Variable s/w already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in VarScope? "
        "Originally defined at:\n\n"
    )
    first_frame = text.split("\n\n")[1].splitlines()[0]
    assert first_frame == f'  File "{__file__}", line {line}, in {inspect.currentframe().f_code.co_name}'


def test_reuse_shares_the_same_object():
    """In `variable_scope(..., reuse=True)`, after `scope.reuse_variables()`, and after
    `get_variable_scope().reuse_variables()`, the same name returns the *same object*, shape optional; a missing one
    raises `ValueError`: "Variable v_scope/bias does not exist, or was not created with tf.get_variable()…".
    `reuse=tf.AUTO_REUSE` creates or shares. `reuse` is inherited by inner scopes and never switched off by
    `reuse=False` or `None` inside."""
    with tf.variable_scope("v_scope") as scope:
        w = tf.get_variable("w", [2, 3])
        scope.reuse_variables()
        assert tf.get_variable("w") is w and tf.get_variable("w", [2, 3]) is w
    with tf.variable_scope("v_scope", reuse=True):
        assert tf.get_variable("w") is w
        with pytest.raises(
            ValueError, match=r"^Variable v_scope/bias does not exist, or was not created with tf\.get_variable\(\)\."
        ):
            tf.get_variable("bias", [1])
    with tf.variable_scope("v_scope"):
        tf.get_variable_scope().reuse_variables()
        assert tf.get_variable("w") is w
    with tf.variable_scope("v_scope", reuse=tf.AUTO_REUSE):
        assert tf.get_variable("w", [2, 3]) is w
        b = tf.get_variable("b", [3])
        assert tf.get_variable("b", [3]) is b
    for outer in (True, tf.AUTO_REUSE):
        for inner in (None, False):
            with tf.variable_scope("outer", reuse=outer), tf.variable_scope("inner", reuse=inner) as inside:
                assert inside.reuse is outer


def test_a_plain_variable_is_never_shared():
    """A plain `Variable` is never shared and never found by `get_variable`."""
    plain = tf.Variable(1.0, name="v")
    with tf.variable_scope(tf.get_variable_scope(), reuse=True), pytest.raises(ValueError, match="v does not exist"):
        tf.get_variable("v")
    assert tf.get_variable("v", [1]) is not plain
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        assert tf.Variable(1.0, name="v") is not plain


def test_what_is_shared_must_have_the_shape_and_dtype_asked_for():
    """A shape or dtype that differs from the shared variable's raises `ValueError` with both."""
    tf.get_variable("w", [2, 3])
    tf.get_variable_scope().reuse_variables()
    with pytest.raises(
        ValueError, match=r"Trying to share variable w, but specified shape \(3, 2\) and found shape \(2, 3\)\."
    ):
        tf.get_variable("w", [3, 2])
    with pytest.raises(ValueError, match=r"variable w, but specified dtype int32 and found dtype float32\."):
        tf.get_variable("w", [2, 3], tf.int32)
    assert tf.get_variable("w", [None, 3]) is tf.get_variable("w")


def test_a_new_variable_needs_its_whole_shape():
    """A new variable's shape must be fully defined: "Shape of a new variable (y) must be fully defined, but instead
    was (?, 3)."; no shape and no initializer is a `ValueError` that says so."""
    for initializer in (None, tf.zeros_initializer(), lambda shape, dtype: tf.zeros(shape, dtype)):
        with pytest.raises(
            ValueError, match=r"Shape of a new variable \(y\) must be fully defined, but instead was \(\?, 3\)\."
        ):
            tf.get_variable("y", [None, 3], initializer=initializer)
    with pytest.raises(ValueError, match="did not get an initializer, so its `shape` argument must be specified"):
        tf.get_variable("y")
    with pytest.raises(ValueError, match="must be fully defined, but instead was <unknown>"):
        tf.get_variable("y", initializer=tf.zeros_initializer())


def test_get_variable_takes_all_its_arguments():
    """Arguments: `name, shape, dtype, initializer, regularizer, trainable, collections, caching_device, partitioner,
    validate_shape, use_resource, custom_getter, constraint, synchronization, aggregation`."""
    assert list(inspect.signature(tf.get_variable).parameters) == [
        "name", "shape", "dtype", "initializer", "regularizer", "trainable", "collections", "caching_device",
        "partitioner", "validate_shape", "use_resource", "custom_getter", "constraint", "synchronization",
        "aggregation",
    ]  # fmt: skip
    loss = []
    v = tf.get_variable(
        "v", [4], tf.float64, tf.ones_initializer(), lambda w: loss.append(tf.reduce_sum(w)) or loss[-1], False,
        ["mine"], "/cpu:0", None, True, True, lambda getter, name, **kwargs: getter(name + "_got", **kwargs), abs,
        tf.VariableSynchronization.AUTO, tf.VariableAggregation.MEAN,
    )  # fmt: skip
    assert (v.name, v.dtype, v.shape, v.trainable) == ("v_got:0", tf.float64, [4], False)
    assert tf.get_collection("mine") == [v] and not tf.global_variables()
    assert tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES) == loss
    assert "CPU:0" in v.value().device and not v.device
    assert v.constraint is abs and v.aggregation is tf.VariableAggregation.MEAN


def test_an_initializer_may_be_an_object_a_class_a_callable_or_a_value():
    """An initializer may be an object, a class, a callable or a value."""
    made = [
        tf.get_variable("object", [2], initializer=tf.ones_initializer()),
        tf.get_variable("class", [2], initializer=tf.ones_initializer),
        tf.get_variable("callable", [2], initializer=lambda shape, dtype: tf.fill(shape, tf.cast(1, dtype))),
        tf.get_variable(
            "with_partition_info", [2], initializer=lambda shape, dtype, partition_info: tf.ones(shape, dtype)
        ),
        tf.get_variable("without_arguments", initializer=lambda: tf.ones([2])),
        tf.get_variable("tensor", initializer=tf.ones([2])),
        tf.get_variable("value", initializer=[1.0, 1.0]),
        tf.get_variable("array", initializer=np.ones(2, np.float32)),
    ]
    for v, value in zip(made, initialized().run(made), strict=True):
        assert v.dtype is tf.float32 and value.tolist() == [1, 1], v.name
    with pytest.raises(ValueError, match="If initializer is a constant, do not specify shape"):
        tf.get_variable("both", [2], initializer=[1.0, 1.0])
    with pytest.raises(ValueError, match=r"Initializer type .*float32.* and explicit dtype .*int32.* don't match"):
        tf.get_variable("mismatch", dtype=tf.int32, initializer=1.0)


def test_scopes_have_defaults_that_are_inherited_and_set():
    """Scope-level defaults (`initializer`, `regularizer`, `dtype`, `partitioner`, `caching_device`, `custom_getter`,
    `constraint`, `use_resource`) are inherited, and setters on the scope change them."""
    halves = tf.fixed_size_partitioner(2)

    def getter(getter, name, **kwargs):
        return getter(name, **kwargs)

    defaults = {
        "initializer": tf.ones_initializer(), "regularizer": tf.reduce_sum, "dtype": tf.float64, "partitioner": halves,
        "caching_device": "/cpu:0", "custom_getter": getter, "constraint": abs, "use_resource": True,
    }  # fmt: skip
    with tf.variable_scope("a", **defaults) as outer, tf.variable_scope("b") as inner:
        assert {key: getattr(inner, key) for key in defaults} == defaults
        v = tf.get_variable("v", [4])
        assert names(v) == ["a/b/v/part_0:0", "a/b/v/part_1:0"]
        assert all(part.dtype is tf.float64 and part.constraint is abs and "CPU" in part.value().device for part in v)
        assert len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)) == 2
        assert (initialized().run(v.as_tensor()) == 1).all()
        assert outer.reuse is inner.reuse is False
    with tf.variable_scope("c") as scope:
        for key, value in defaults.items():
            if key == "constraint":
                scope.set_constraint(value)
            else:
                getattr(scope, f"set_{key}")(value)
            assert getattr(scope, key) is value
        assert names(tf.get_variable("v", [4])) == ["c/v/part_0:0", "c/v/part_1:0"]
        scope.set_partitioner(None)
        with tf.variable_scope("d", dtype=tf.float16, regularizer=tf.no_regularizer):
            assert tf.get_variable("v", [4]).dtype is tf.float16
    assert len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)) == 4


def test_without_an_initializer_floats_get_glorot_uniform_and_others_zeros():
    """With none given, floats get Glorot uniform and integers and booleans zeros."""
    tf.set_random_seed(1)
    w = tf.get_variable("w", [300, 100])
    others = [tf.get_variable(t.name, [3], t) for t in (tf.int32, tf.int64, tf.uint8, tf.bool)]
    value, *zeros = initialized().run([w, *others])
    limit = np.sqrt(6 / 400)
    assert np.abs(value).max() <= limit and np.abs(value).max() > 0.999 * limit
    assert not abs(value.std() - limit / np.sqrt(3)) > 0.01 * limit
    assert all(not zero.any() for zero in zeros)
    assert w.initial_value.op.name.startswith("w/Initializer/random_uniform")
    with pytest.raises(ValueError, match=r"An initializer for variable z of .*complex64.* is required"):
        tf.get_variable("z", [2], tf.complex64)


def test_a_regularizers_loss_is_built_once():
    """A regularizer's loss is built once, at creation, and lands in `GraphKeys.REGULARIZATION_LOSSES`."""
    calls = []

    def regularizer(v):
        calls.append(v)
        return 0.5 * tf.reduce_sum(v * v)

    with tf.variable_scope("s", reuse=tf.AUTO_REUSE, regularizer=regularizer):
        w, again = (tf.get_variable("w", [2], initializer=tf.constant_initializer(3.0)) for _ in range(2))
        tf.get_variable("b", [2], regularizer=tf.no_regularizer)
    (loss,) = tf.get_collection("regularization_losses")
    assert calls == [w] and again is w
    assert loss.name.startswith("s/w/Regularizer/")
    assert initialized().run(loss) == 9


def test_make_template():
    """`make_template(name, fn, create_scope_now_=False, unique_name_=None, custom_getter_=None, **kwargs)`: the first
    call creates, every later call shares; a later call that would create raises; two templates of one name do not
    share; nested templates work; `.variables`, `.trainable_variables`, `.var_scope` are there."""

    def scale(x, power):
        return x * tf.get_variable("w", [], initializer=tf.constant_initializer(2.0)) ** power

    one, two = tf.make_template("t", scale, power=3.0), tf.make_template("t", scale, power=1.0)
    assert one.var_scope is None and one.variables == []
    a, b, c = one(1.0), one(2.0), two(3.0)
    assert names(one.variables) == names(one.trainable_variables) == ["t/w:0"] and one.var_scope.name == "t"
    assert names(two.variables) == ["t_1/w:0"]
    assert initialized().run([a, b, c]) == [8, 16, 6]

    calls = iter(range(9))
    grows = tf.make_template("grows", lambda: tf.get_variable(f"w{next(calls)}", [1]))
    grows()
    with pytest.raises(ValueError, match="Variable grows/w1 does not exist"):
        grows()
    plain = tf.make_template("plain", lambda: tf.Variable(1.0))
    plain()
    with pytest.raises(ValueError, match="Trainable variable created when calling a template after the first time"):
        plain()

    inner = tf.make_template("inner", scale, power=1.0)
    outer = tf.make_template("outer", lambda x: inner(x) + tf.get_variable("o", []))
    outer(1.0)
    outer(2.0)
    assert names(outer.variables) == ["outer/inner/w:0", "outer/o:0"] and names(inner.variables) == ["outer/inner/w:0"]

    now = tf.make_template("now", scale, create_scope_now_=True, power=1.0)
    assert now.var_scope.name == "now"
    named = tf.make_template("named", scale, unique_name_="chosen", power=1.0)
    named(1.0)
    assert names(named.variables) == ["chosen/w:0"]
    got = tf.make_template("got", scale, custom_getter_=lambda getter, name, **k: getter(f"{name}_2", **k), power=1.0)
    got(1.0)
    assert names(got.variables) == ["got/w_2:0"]


def conv_relu(images, kernel_shape, bias_shape):
    weights = tf.get_variable("weights", kernel_shape, initializer=tf.random_normal_initializer(stddev=0.05))
    biases = tf.get_variable("biases", bias_shape, initializer=tf.constant_initializer(0.0))
    return tf.nn.relu(tf.nn.conv2d(images, weights, strides=[1, 1, 1, 1], padding="SAME") + biases)


def image_filter(images):
    with tf.variable_scope("conv1"):
        first = conv_relu(images, [5, 5, 32, 32], [32])
    with tf.variable_scope("conv2"):
        return conv_relu(first, [5, 5, 32, 32], [32])


def by_reuse_variables(a, b):
    with tf.variable_scope("image_filters") as scope:
        first = image_filter(a)
        scope.reuse_variables()
        return first, image_filter(b)


def by_reuse_true(a, b):
    with tf.variable_scope("image_filters"):
        first = image_filter(a)
    with tf.variable_scope("image_filters", reuse=True):
        return first, image_filter(b)


def by_captured_scope(a, b):
    with tf.variable_scope("image_filters") as scope:
        first = image_filter(a)
    with tf.variable_scope(scope, reuse=True):
        return first, image_filter(b)


def by_auto_reuse(a, b):
    results = []
    for images in (a, b):
        with tf.variable_scope("image_filters", reuse=tf.AUTO_REUSE):
            results.append(image_filter(images))
    return results


def by_template(a, b):
    template = tf.make_template("image_filters", image_filter)
    return template(a), template(b)


def test_the_image_filter_called_twice_without_reuse_raises():
    """The two-layer image filter (conv 5x5x32x32 + bias + relu, in `conv1` and `conv2`): called twice without reuse it
    raises …"""
    images = tf.placeholder(tf.float32, [1, 6, 6, 32])
    image_filter(images)
    with pytest.raises(ValueError, match="Variable conv1/weights already exists, disallowed"):
        image_filter(images)


@pytest.mark.parametrize("share", [by_reuse_variables, by_reuse_true, by_captured_scope, by_auto_reuse, by_template])
def test_the_image_filter_shares_four_variables(share):
    """… called twice by any of the reuse ways it has exactly four variables and gives equal outputs for equal
    inputs."""
    tf.set_random_seed(3)
    a, b = (tf.placeholder(tf.float32, [1, 6, 6, 32]) for _ in range(2))
    first, second = share(a, b)
    assert names(tf.global_variables()) == [
        f"image_filters/{layer}/{part}:0" for layer in ("conv1", "conv2") for part in ("weights", "biases")
    ]
    images = np.random.default_rng(0).standard_normal((1, 6, 6, 32)).astype(np.float32)
    session = initialized()
    x, y = session.run([first, second], {a: images, b: images})
    assert x.any() and np.array_equal(x, y)
    other = session.run(second, {b: -images})
    assert not np.array_equal(x, other)


def test_the_variable_store_is_in_the_graphs_collections():
    """The variable store is in the graph's collections under the key `("__variable_store",)`; `store._vars` maps full
    names to variables and holds none made by `Variable`."""
    tf.Variable(1, name="plain")
    with tf.variable_scope("s"):
        w = tf.get_variable("w", [1])
    (store,) = tf.get_default_graph().get_collection(("__variable_store",))
    assert store._vars == {"s/w": w}


# -- Collections ----------------------------------------------------------------------------------------------------


def test_variables_join_their_collections(graph):
    """`Variable` and `get_variable` join `GLOBAL_VARIABLES`, and `TRAINABLE_VARIABLES` unless `trainable=False`;
    `collections=[LOCAL_VARIABLES]` replaces the default. `add_to_collection(s)`, `get_collection(key, scope=None)`
    (scope: a regex prefix match; a copy each time), `get_collection_ref`, `graph.collections`, `global_variables()`,
    `local_variables()`, `trainable_variables(scope)`, `moving_average_variables()`, `model_variables()`. Keys may be
    any string."""
    keys = tf.GraphKeys
    a, b = tf.Variable(1, name="a"), tf.get_variable("ab", [1])
    fixed, fixed_got = tf.Variable(1, trainable=False), tf.get_variable("f", [1], trainable=False)
    local = tf.Variable(1, collections=[keys.LOCAL_VARIABLES], trainable=False, name="l")
    local_got = tf.get_variable("lg", [1], collections=[keys.LOCAL_VARIABLES])
    assert tf.global_variables() == [a, b, fixed, fixed_got] == tf.get_collection(keys.GLOBAL_VARIABLES)
    assert tf.trainable_variables() == [a, b, local_got] == graph.get_collection(keys.TRAINABLE_VARIABLES)
    assert tf.local_variables() == [local, local_got]
    assert tf.trainable_variables("ab") == [b] and tf.trainable_variables("a") == [a, b]
    assert tf.get_collection(keys.GLOBAL_VARIABLES, ".*b") == [b, fixed], (
        "Va_ria_b_le too: a regex, matched from the start"
    )
    tf.add_to_collection("anything", 1)
    graph.add_to_collections(["anything", "else", "else"], 2)
    assert tf.get_collection("anything") == [1, 2] and tf.get_collection("else") == [2]
    tf.get_collection("anything").append(3)
    assert tf.get_collection("anything") == [1, 2], "a copy each time"
    tf.get_collection_ref("anything").append(3)
    assert graph.get_collection("anything") == [1, 2, 3]
    assert {"anything", "else", keys.GLOBAL_VARIABLES} <= set(graph.collections)
    tf.add_to_collection(keys.MODEL_VARIABLES, a)
    tf.add_to_collection(keys.MOVING_AVERAGE_VARIABLES, b)
    assert tf.model_variables() == [a] and tf.moving_average_variables() == [b]


# -- Variables and sessions -----------------------------------------------------------------------------------------


def test_variable_takes_its_arguments_and_has_its_members(graph):
    """`Variable(initial_value, trainable, collections, validate_shape, caching_device, name, variable_def, dtype,
    expected_shape, import_scope, constraint)`; `initial_value` may be a tensor, a value or a callable.
    `initialized_value()`, `initializer`, `assign`, `assign_add`, `assign_sub`, `load(value, session)`,
    `eval(session)`, `value()`, `read_value()`, `op`, `dtype`, `shape`, `get_shape()`, `graph`, `device`; all Python
    operators and slicing."""
    assert list(inspect.signature(tf.Variable.__init__).parameters)[1:12] == [
        "initial_value", "trainable", "collections", "validate_shape", "caching_device", "name", "variable_def",
        "dtype", "expected_shape", "import_scope", "constraint",
    ]  # fmt: skip
    made = [tf.Variable(tf.ones([2])), tf.Variable([1.0, 1.0]), tf.Variable(lambda: tf.ones([2]))]
    with tf.device("/cpu:0"):
        v = tf.Variable([[1, 2, 3], [4, 5, 6]], False, ["mine"], True, None, "v", None, tf.float64, None, None, abs)
    assert (v.name, v.dtype, v.shape, v.get_shape(), v.graph) == ("v:0", tf.float64, [2, 3], [2, 3], graph)
    assert v.op.type == "VariableV2" and "CPU:0" in v.device and v.initializer.name == "v/Assign"
    assert tf.get_collection("mine") == [v]
    session = tf.Session()
    first = v.initialized_value() * 2.0
    assert session.run(first).tolist() == [[2, 4, 6], [8, 10, 12]]
    session.run([v.initializer, *(w.initializer for w in made)])
    assert all(value.tolist() == [1, 1] for value in session.run(made))
    assert session.run(first).tolist() == session.run(v.assign_add(v)).tolist() == [[2, 4, 6], [8, 10, 12]]
    assert session.run(first).tolist() == [[4, 8, 12], [16, 20, 24]], "the value, once there is one"
    assert session.run(v.assign_sub(np.ones((2, 3)))).tolist() == [[1, 3, 5], [7, 9, 11]]
    assert session.run(v.assign(np.zeros((2, 3)))).sum() == 0
    v.load(np.full((2, 3), 7.0), session)
    assert (v.eval(session) == 7).all()
    assert session.run([v.value(), v.read_value()])[1].tolist() == [[7, 7, 7]] * 2


def test_variables_have_all_operators_and_slicing():
    """… all Python operators and slicing."""
    array = np.array([[5.0, -2.0, 3.0], [1.0, 4.0, -6.0]])
    v, flags = tf.Variable(array), tf.Variable([True, False])
    numbers = [
        (v + 2, array + 2), (2 + v, 2 + array), (v - v, array - array), (2.5 - v, 2.5 - array), (v * v, array * array),
        (3 * v, 3 * array), (v / 2, array / 2), (2 / v, 2 / array), (v // 2, array // 2), (7 // v, 7 // array),
        (v % 3, array % 3), (7 % v, 7 % array), (v**2, array**2), (2**v, 2**array), (-v, -array), (abs(v), abs(array)),
        (v @ tf.transpose(v), array @ array.T), (v < 3, array < 3), (v <= 3, array <= 3), (v > 3, array > 3),
        (v >= 3, array >= 3), (flags & True, [True, False]), (flags | True, [True, True]),
        (flags ^ True, [False, True]), (True & flags, [True, False]), (~flags, [False, True]),
        (array + v, array + array),
        (v[1], array[1]), (v[:, 1:], array[:, 1:]), (v[..., ::-1], array[..., ::-1]),
        (v[0, tf.newaxis, -1], array[0, None, -1]),
    ]  # fmt: skip
    session = initialized()
    for i, (tensor, want) in enumerate(numbers):
        assert isinstance(tensor, tf.Tensor), i
        got = session.run(tensor)
        assert got.shape == np.shape(want) and not np.any(np.abs(got * 1.0 - np.asarray(want) * 1.0) > 1e-12), i
    session.run(v[0, 1:].assign([10.0, 20.0]))
    assert session.run(v).tolist() == [[5, 10, 20], [1, 4, -6]]


def test_nothing_runs_until_session_run():
    """Nothing runs until `Session.run`. `Session(graph=None, config=None)`, `InteractiveSession`, `with Session()`,
    `.as_default()`, `t.eval()`, `op.run()`, `fetches` of any nesting (list, tuple, dict, namedtuple), `feed_dict`,
    `placeholder`, `placeholder_with_default`, `make_callable`, `partial_run` may be left out."""
    from collections import namedtuple

    ran = []
    count = tf.py_func(lambda: np.int64(ran.append(1) or len(ran)), [], tf.int64)
    assert not ran
    x = tf.placeholder(tf.float32, [None])
    y = tf.placeholder_with_default([1.0, 2.0], [None])
    v = tf.Variable(0.0)
    total = tf.reduce_sum(x) + tf.reduce_sum(y)
    Pair = namedtuple("Pair", "left right")
    with tf.Session(graph=tf.get_default_graph(), config=tf.ConfigProto()) as session:
        assert tf.get_default_session() is session
        v.initializer.run()
        assert total.eval({x: [5.0]}) == 8
        got = session.run({"a": [v, (total, count)], "b": Pair(v, {"c": total})}, feed_dict={x: [1.0], y: [1.0]})
        assert ran == [1]
        assert got == {"a": [0, (2, 1)], "b": Pair(0, {"c": 2})} and type(got["b"]) is Pair
        assert session.make_callable(total, [x])([4.0]) == 7
    with pytest.raises(RuntimeError, match="closed"):
        session.run(v)
    other = tf.Session()
    with other.as_default():
        v.initializer.run()
    assert other.run(v) == 0, "leaving as_default does not close"
    interactive = tf.InteractiveSession()
    v.initializer.run()
    assert v.eval() == 0
    interactive.close()
    assert tf.get_default_session() is None


def test_initializers_and_reports():
    """`global_variables_initializer()`, `local_variables_initializer()`, `variables_initializer(list)`,
    `initialize_all_variables()`, `report_uninitialized_variables()`, `is_variable_initialized`."""
    a, b = tf.Variable(1, name="a"), tf.get_variable("s/b", [2])
    local = tf.Variable(3, name="l", collections=[tf.GraphKeys.LOCAL_VARIABLES], trainable=False)
    missing, known = tf.report_uninitialized_variables(), tf.is_variable_initialized(b)
    session = tf.Session()
    assert session.run(missing).tolist() == [b"a", b"s/b", b"l"] and not session.run(known)
    session.run(tf.variables_initializer([b]))
    assert session.run(missing).tolist() == [b"a", b"l"] and session.run(known)
    session.run(tf.local_variables_initializer())
    assert session.run(missing).tolist() == [b"a"] and session.run(local) == 3
    with pytest.warns(DeprecationWarning, match="Use `tf.global_variables_initializer` instead"):
        session.run(tf.initialize_all_variables())
    assert session.run(missing).size == 0 and session.run(a) == 1
    fresh = tf.Session()
    fresh.run(tf.global_variables_initializer())
    assert fresh.run(tf.report_uninitialized_variables([a, local])).tolist() == [b"l"]


def test_values_live_in_the_session():
    """Values live in the session, on the device, and outlive a run; two sessions of one graph have values of their
    own. Reading a variable before it is initialized raises `errors.FailedPreconditionError`: "Attempting to use
    uninitialized value NAME"."""
    with tf.variable_scope("s"):
        v = tf.get_variable("v", [], initializer=tf.zeros_initializer())
    one, two = initialized(), initialized()
    for _ in range(3):
        one.run(v.assign_add(1.0))
    assert (one.run(v), two.run(v)) == (3, 0)
    assert float(one.buffer(v)) == 3
    for fetch in (v, v.value(), v + 1.0, v.assign_add(1.0)):
        with pytest.raises(tf.errors.FailedPreconditionError, match="Attempting to use uninitialized value s/v"):
            tf.Session().run(fetch)


@pytest.mark.parametrize("graph_seed, op_seed", [(None, 7), (5, None), (5, 7)])
def test_the_same_seeds_give_the_same_values_again(graph, graph_seed, op_seed):
    """The same seeds give the same values again in a new session; a second run of one random op in one session goes on
    in its stream."""
    graph.seed = graph_seed
    w = tf.get_variable("w", [5], initializer=tf.random_normal_initializer(seed=op_seed))
    x = tf.random_uniform([5], seed=op_seed)
    sessions = [initialized(), initialized()]
    assert np.array_equal(*(session.run(w) for session in sessions))
    first, second = ([session.run(x) for _ in range(2)] for session in sessions)
    assert np.array_equal(first, second) and not np.array_equal(*first)
    before = sessions[0].run(w)
    sessions[0].run(w.initializer)
    assert not np.array_equal(sessions[0].run(w), before), "the initializer is such an op as well"


# -- Initializers ---------------------------------------------------------------------------------------------------

INITIALIZERS = {
    "zeros": {}, "ones": {}, "constant": {"value": 3.0}, "random_uniform": {"minval": -1.0, "maxval": 2.0},
    "random_normal": {"mean": 1.0, "stddev": 2.0}, "truncated_normal": {"mean": 1.0, "stddev": 2.0},
    "uniform_unit_scaling": {"factor": 1.43},
    "variance_scaling": {"scale": 2.0, "mode": "fan_out", "distribution": "uniform"},
    "orthogonal": {"gain": 1.5}, "identity": {"gain": 2.0}, "glorot_uniform": {}, "glorot_normal": {}, "he_uniform": {},
    "he_normal": {}, "lecun_uniform": {}, "lecun_normal": {},
}  # fmt: skip
SEEDLESS = ("zeros", "ones", "constant", "identity")


@pytest.mark.parametrize("name", INITIALIZERS)
def test_each_initializer_is_there_under_both_names(name):
    """`zeros`, `ones`, `constant(value, dtype, verify_shape)`, `random_uniform(minval, maxval)`, `random_normal`,
    `truncated_normal` (redrawn beyond two standard deviations), `uniform_unit_scaling(factor)`,
    `variance_scaling(scale, mode, distribution)`, `orthogonal(gain)`, `identity`, `glorot_uniform`/`glorot_normal`
    (and `contrib.layers.xavier_initializer(uniform)`), `he_*`, `lecun_*`: each as `X_initializer` and as
    `initializers.X`, with `seed` and `dtype`, `get_config` and `from_config`."""
    make = getattr(tf.initializers, name)
    assert getattr(tf, f"{name}_initializer") is make
    arguments = dict(INITIALIZERS[name]) | ({} if name in SEEDLESS else {"seed": 4})
    initializer = make(**arguments, dtype=tf.float64)
    config = initializer.get_config()
    assert config["dtype"] == "float64" and {key: config[key] for key in arguments} == arguments
    again = make.from_config(config)
    assert type(again) is type(initializer) and again.get_config() == config
    a, b, c = initializer([6, 6]), again([6, 6]), initializer([6, 6], dtype=tf.float32)
    assert a.dtype is tf.float64 and c.dtype is tf.float32 and a.shape == [6, 6]
    x, y = tf.Session().run([a, b])
    assert np.array_equal(x, y)


def test_xavier_is_glorot_but_for_contribs_own_correction_of_the_truncated_normal():
    """… (and `contrib.layers.xavier_initializer(uniform)`) …"""
    xavier = tf.contrib.layers.xavier_initializer
    session = tf.Session()
    x, y = session.run([xavier(seed=3)([9, 8]), tf.glorot_uniform_initializer(seed=3)([9, 8])])
    assert not np.any(np.abs(x - y) > 1e-6)
    x, y = session.run([xavier(False, seed=3)([9, 8]), tf.truncated_normal_initializer(seed=3)([9, 8])])
    assert not np.any(np.abs(x - y * np.sqrt(1.3 / 8.5)) > 1e-6)


def drawn(initializer, shape):
    return tf.Session().run(initializer(shape))


def test_the_formulas_are_tensorflows_own():
    """The formulas are TensorFlow's own: truncated variance scaling divides the standard deviation by
    0.87962566103423978; fans count the receptive field; orthogonal flattens to (prod(shape[:-1]), shape[-1]) and fixes
    the signs by R's diagonal, so it is unique."""
    unit = drawn(tf.truncated_normal_initializer(seed=1), [3, 3, 8, 16])
    assert np.abs(unit).max() < 2
    for mode, n in (("fan_in", 9 * 8), ("fan_out", 9 * 16), ("fan_avg", 9 * 12)):
        scaled = drawn(tf.variance_scaling_initializer(3.0, mode, seed=1), [3, 3, 8, 16])
        assert not np.any(np.abs(scaled - unit * np.sqrt(3 / n) / 0.87962566103423978) > 1e-6)
    q = drawn(tf.orthogonal_initializer(2.0, seed=1), [3, 3, 2, 4])
    flat = q.reshape(18, 4)
    assert not np.any(np.abs(flat.T @ flat - 4 * np.eye(4)) > 1e-5)
    normal = drawn(tf.random_normal_initializer(seed=1), [18, 4]).astype(np.float64)
    r = flat.T.astype(np.float64) @ normal
    assert (np.diagonal(r) > 0).all() and not np.any(np.abs(np.tril(r, -1)) > 1e-4)


def test_values_per_seed_are_tensorflows_own():
    """With the same op seed (and graph seed, where one is set) the values are **TensorFlow's own**: bit for bit for
    uniform, within 2e-6 for normal and truncated normal, within 1e-4 for orthogonal.

    A few numbers, printed by TensorFlow 2.21; tests/golden has hundreds."""
    uniform = drawn(tf.random_uniform_initializer(seed=3), [3, 2])
    assert uniform.ravel()[:4].tolist() == np.float32([0.3869294, 0.36002624, 0.9768796, 0.08651638]).tolist()
    scaled = drawn(tf.variance_scaling_initializer(seed=3), [2, 2])
    whole = scaled * np.sqrt(2 / 4)  # TensorFlow drew it as a part of [4, 2]
    assert not np.any(np.abs(whole - [[0.6034738, -0.49940467], [0.06359078, 0.10522497]]) > 2e-6)
    orthogonal = drawn(tf.orthogonal_initializer(seed=3), [2, 2])
    assert not np.any(np.abs(orthogonal - [[0.99449396, -0.10479435], [0.10479435, 0.9944939]]) > 1e-4)


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: tf.variance_scaling_initializer(0.0), "`scale` must be a positive float. Received: 0.0"),
        (lambda: tf.variance_scaling_initializer(-1.0), "`scale` must be a positive float"),
        (lambda: tf.variance_scaling_initializer(float("nan")), "`scale` must be a positive float"),
        (lambda: tf.variance_scaling_initializer(mode="fan"), r"`mode` should be one of .* Received: fan"),
        (lambda: tf.variance_scaling_initializer(distribution="gauss"), r"`distribution` should be one of .* gauss"),
        (lambda: tf.orthogonal_initializer()([3]), "must be at least two-dimensional"),
        (lambda: tf.orthogonal_initializer(dtype=tf.int32), "Expected floating point type"),
    ],
)
def test_bad_arguments_raise_at_construction(make, text):
    """Bad arguments raise `ValueError` at construction: a scale that is not positive, an unknown mode or distribution;
    orthogonal below two dimensions."""
    with pytest.raises(ValueError, match=text):
        make()
