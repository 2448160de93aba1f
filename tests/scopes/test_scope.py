"""Variable scopes and the store in their corners. The expected names are what TensorFlow 2.21 answered."""

import threading

import pytest

import scopeflow as tf
from scopeflow.engine.graph import Graph

pytestmark = pytest.mark.usefixtures("graph")


def names(things):
    return [thing.name for thing in things]


# -- names ----------------------------------------------------------------------------------------------------------


def test_default_names_start_anew_in_a_scope_entered_again():
    found = []
    for _ in range(2):
        with tf.variable_scope("o"):
            for _ in range(2):
                with tf.variable_scope(None, default_name="c") as scope:
                    found.append((scope.name, scope.original_name_scope))
    assert found == [("o/c", "o/c/"), ("o/c_1", "o/c_1/"), ("o/c", "o_1/c/"), ("o/c_1", "o_1/c_1/")]


def test_default_names_pass_over_scopes_that_were_opened_by_name():
    with tf.variable_scope("c"), tf.variable_scope("d"):
        pass
    with tf.variable_scope("c_1"):
        pass
    with tf.variable_scope(None, default_name="c") as scope:
        assert scope.name == "c_2"
    with tf.variable_scope(None, default_name="d") as scope:
        assert scope.name == "d", "c/d is another name"


def test_default_names_of_a_captured_scope_are_counted_per_entry():
    with tf.variable_scope("k") as captured:
        pass
    found = []
    for _ in range(2):
        with tf.variable_scope(captured):
            for _ in range(2):
                with tf.variable_scope(None, default_name="d") as scope:
                    found.append(scope.name)
    assert found == ["k/d", "k/d_1", "k/d", "k/d_1"]


def test_default_names_go_on_after_a_captured_scope_was_entered_inside_itself():
    found = []
    with tf.variable_scope("k") as captured:
        for again in (False, True, False):
            with tf.variable_scope(captured if again else tf.get_variable_scope()):
                with tf.variable_scope(None, default_name="d") as scope:
                    found.append(scope.name)
    assert found == ["k/d", "k/d", "k/d"]
    with tf.variable_scope("m") as captured:
        with tf.variable_scope(None, default_name="d") as first:
            pass
        with tf.variable_scope(captured), tf.variable_scope(None, default_name="d") as second:
            pass
        with tf.variable_scope(None, default_name="d") as third:
            pass
    assert [s.name for s in (first, second, third)] == ["m/d", "m/d_1", "m/d_1"]


def test_the_original_name_scope_re_enters_where_the_scope_was_first_opened():
    with tf.name_scope("n"), tf.variable_scope("v") as scope:
        pass
    with tf.variable_scope(scope) as again:
        assert tf.constant(1, name="c").name == "v/c:0"
        with tf.name_scope(again.original_name_scope):
            assert tf.constant(1, name="c").name == "n/v/c:0"


def test_a_scope_of_several_parts_and_an_empty_one():
    with tf.variable_scope("p/q") as scope:
        assert (scope.name, scope.original_name_scope) == ("p/q", "p/q/")
        assert names([tf.get_variable("z", [1]), tf.constant(1, name="c")]) == ["p/q/z:0", "p/q/c:0"]
        with tf.variable_scope("") as empty:
            assert tf.get_variable("y", [1]).name == "p/q//y:0"
            assert empty.original_name_scope == ""


def test_without_an_auxiliary_name_scope_only_variables_are_prefixed():
    with tf.name_scope("n"), tf.variable_scope("v", auxiliary_name_scope=False) as scope:
        made = [tf.get_variable("w", [1]), tf.Variable(1, name="x"), tf.constant(1, name="c")]
        assert scope.original_name_scope == "n/"
    assert names(made) == ["v/w:0", "n/x:0", "n/c:0"]


def test_get_variable_takes_another_name_where_an_op_has_its_own():
    tf.constant(1, name="w")
    w = tf.get_variable("w", [1])
    tf.get_variable_scope().reuse_variables()
    assert w.name == "w_1:0" and tf.get_variable("w") is w


def test_the_old_order_of_arguments():
    with tf.variable_op_scope([tf.constant(1)], None, "d", reuse=None) as scope:
        assert scope.name == "d" and tf.get_variable("a", [1]).name == "d/a:0"


def test_values_decide_the_graph():
    other = Graph()
    with other.as_default():
        x = tf.constant(1.0)
    with tf.variable_scope("s", values=[x]):
        v = tf.get_variable("v", [1])
    assert v.graph is other and tf.get_default_graph() is not other
    with pytest.raises(ValueError, match="must be from the same graph"):
        tf.variable_scope("s", values=[x, tf.constant(1.0)])


# -- reuse ----------------------------------------------------------------------------------------------------------


def test_a_captured_scope_brings_its_own_reuse():
    with tf.variable_scope("a", reuse=True) as reusing, tf.variable_scope("b") as inner:
        assert inner.reuse is True
    with tf.variable_scope("c") as creating:
        pass
    with tf.variable_scope("d", reuse=True), tf.variable_scope(creating) as scope:
        assert not scope.reuse
    with tf.variable_scope(reusing) as scope:
        assert scope.reuse is True
    with tf.variable_scope(reusing, reuse=tf.AUTO_REUSE) as scope:
        assert scope.reuse is tf.AUTO_REUSE


def test_reuse_variables_holds_until_the_scope_ends():
    with tf.variable_scope("a") as scope:
        with tf.variable_scope("b") as inner:
            inner.reuse_variables()
            assert inner.reuse is True
        assert not scope.reuse
    with tf.variable_scope("a") as scope:
        assert not scope.reuse


def test_a_close_name_is_suggested_where_a_missing_variable_is_asked_for():
    with tf.variable_scope("layer"):
        tf.get_variable("weights", [1])
        tf.get_variable_scope().reuse_variables()
        with pytest.raises(ValueError) as raised:
            tf.get_variable("weigths")
    assert str(raised.value) == (
        "Variable layer/weigths does not exist, or was not created with tf.get_variable(). Did you mean to set "
        "reuse=tf.AUTO_REUSE in VarScope? Close names are layer/weights."
    )


def test_nothing_is_suggested_where_nothing_is_close():
    tf.get_variable("alpha", [1])
    with tf.variable_scope("", reuse=True), pytest.raises(ValueError) as raised:
        tf.get_variable("zzz")
    assert str(raised.value).endswith("in VarScope?")


def test_a_failed_creation_leaves_no_name_behind():
    def fails(shape, dtype):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tf.get_variable("w", [1], initializer=fails)
    assert tf.get_variable("w", [1]).shape == [1]


def test_a_scope_left_by_an_error_is_left_entirely():
    with pytest.raises(ZeroDivisionError), tf.variable_scope("a", reuse=True), tf.variable_scope("b"):
        raise ZeroDivisionError
    scope = tf.get_variable_scope()
    assert (scope.name, scope.reuse) == ("", False)
    assert tf.constant(1, name="c").name == "c:0"
    with pytest.raises(ValueError, match="not a valid scope name"), tf.variable_scope("a b"):
        pass
    assert tf.get_variable_scope() is scope


def test_a_scope_object_can_be_entered_inside_itself():
    twice = tf.variable_scope("s")
    with twice as outer, twice as inner:
        assert (outer.name, inner.name) == ("s", "s/s")
    assert tf.get_variable_scope().name == ""


def test_each_thread_has_a_scope_of_its_own(graph):
    seen = []

    def work():
        with graph.as_default():
            seen.append(tf.get_variable_scope().name)

    with tf.variable_scope("here"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [""]


def test_each_graph_has_a_store_of_its_own():
    v = tf.get_variable("v", [1])
    with Graph().as_default():
        assert tf.get_variable("v", [1]) is not v
    with pytest.raises(ValueError, match="already exists"):
        tf.get_variable("v", [1])


# -- defaults -------------------------------------------------------------------------------------------------------


def test_custom_getters_are_chained_from_the_innermost_outwards():
    said = []

    def getter(who):
        def get(getter, name, **kwargs):
            said.append((who, name))
            return getter(f"{name}_{who}", **kwargs)

        return get

    with tf.variable_scope("a", custom_getter=getter("outer")):
        with tf.variable_scope("b", custom_getter=getter("inner")) as captured:
            v = tf.get_variable("v", [1])
        w = tf.get_variable("w", [1], custom_getter=getter("own"))
    with tf.variable_scope(captured):
        x = tf.get_variable("x", [1])
    assert names([v, w, x]) == ["a/b/v_inner_outer:0", "a/w_own:0", "a/b/x_inner_outer:0"]
    assert said == [
        ("inner", "a/b/v"), ("outer", "a/b/v_inner"), ("own", "a/w"), ("inner", "a/b/x"), ("outer", "a/b/x_inner"),
    ]  # fmt: skip


def test_a_custom_getter_sees_every_argument_with_its_defaults_filled_in():
    seen = {}

    def get(getter, *args, **kwargs):
        assert not args
        seen.update(kwargs)
        return getter(**kwargs)

    with tf.variable_scope("s", dtype=tf.float64):
        tf.get_variable("v", [2], custom_getter=get)
    assert seen == {
        "name": "s/v", "shape": [2], "dtype": tf.float64, "initializer": None, "regularizer": None, "reuse": False,
        "trainable": True, "collections": None, "caching_device": None, "partitioner": None, "validate_shape": True,
        "use_resource": None, "synchronization": tf.VariableSynchronization.AUTO,
        "aggregation": tf.VariableAggregation.NONE, "constraint": None,
    }  # fmt: skip


def test_an_old_custom_getter_without_a_constraint_and_one_that_passes_by_position():
    def old(getter, name, shape, dtype, initializer, regularizer, reuse, trainable, collections, caching_device,
            partitioner, validate_shape, use_resource, synchronization, aggregation):  # fmt: skip
        return getter(name, shape, dtype, tf.ones_initializer(), trainable=False)

    v = tf.get_variable("v", [2], custom_getter=old, constraint=abs)
    assert not v.trainable and v.initializer_name == "ones()"


def test_a_custom_getter_may_return_anything_it_makes_of_variables():
    def doubled(getter, name, **kwargs):
        return getter(name, **kwargs) * 2.0

    v = tf.get_variable("v", [2], initializer=tf.ones_initializer(), custom_getter=doubled)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run(v).tolist() == [2, 2]


@pytest.mark.parametrize(
    "make, error, text",
    [
        (
            lambda: tf.get_variable("a", [2], custom_getter=3),
            ValueError,
            "Passed a custom_getter which is not callable: 3",
        ),
        (lambda: tf.get_variable("a", [2], partitioner=3), ValueError, "Partitioner must be callable, but received: 3"),
        (lambda: tf.variable_scope(None), TypeError, "If default_name is None then name_or_scope is required"),
        (lambda: tf.variable_scope(3), TypeError, "VariableScope: name_or_scope must be a string or VariableScope"),
        (
            lambda: tf.variable_scope(None, "a", reuse=True),
            ValueError,
            "reuse=True cannot be used without a name_or_scope",
        ),
        (
            lambda: tf.variable_scope("a", auxiliary_name_scope=1),
            TypeError,
            "auxiliary_name_scope must be `True` or `False`",
        ),
        (lambda: tf.variable_scope("a", reuse=3), ValueError, "The reuse parameter must be True or False or None"),
        (lambda: tf.get_variable("a b", [1]), ValueError, "'a b' is not a valid scope name"),
    ],
)
def test_bad_arguments_are_refused(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_a_scope_finds_its_own_variables():
    with tf.variable_scope("a") as scope:
        v = tf.get_variable("v", [1])
        fixed = tf.get_variable("fixed", [1], trainable=False)
        local = tf.get_local_variable("local", [1])
    tf.get_variable("ab", [1])
    assert scope.trainable_variables() == [v] and scope.global_variables() == [v, fixed]
    assert scope.local_variables() == [local] and not local.trainable
    assert scope.get_collection("variables") == [v, fixed]


def test_local_variables_stay_out_of_the_global_ones():
    local = tf.get_local_variable("l", [1], collections=["mine"])
    assert tf.local_variables() == tf.get_collection("mine") == [local]
    assert not tf.global_variables() and not tf.trainable_variables()


def test_a_regularizers_loss_lies_outside_of_loops_and_control_dependencies():
    def body(i):
        w = tf.get_variable("w", [2], initializer=tf.ones_initializer(), regularizer=tf.reduce_sum)
        return i + tf.reduce_sum(w)

    with tf.control_dependencies([tf.no_op()]):
        tf.while_loop(lambda i: i < 5.0, body, [0.0])
    (loss,) = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    assert loss.op.context is None and not loss.op.control_inputs
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run(loss) == 2


def test_a_shared_variable_is_not_regularized_again():
    losses = []
    with tf.variable_scope("s", reuse=tf.AUTO_REUSE):
        tf.get_variable("w", [1])
        tf.get_variable("w", [1], regularizer=lambda v: losses.append(v))
    assert not losses
    tf.get_variable("x", [1], regularizer=lambda v: None)
    assert not tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)


def test_names_that_get_variable_gives_where_none_is_given():
    assert tf.get_variable(None, [1]).name == "Variable:0"
    assert tf.get_variable("a/b", [1]).name == "a/b:0"


# -- name scopes ----------------------------------------------------------------------------------------------------


def test_name_scope_takes_a_default_and_values():
    with tf.name_scope(None, "default") as scope:
        assert scope == "default/"
    with tf.name_scope("given", "default", [1.0]) as scope:
        assert scope == "given/"
    assert tf.name_scope("x").name == "x" and tf.name_scope(None, "y").name == "y"
    with pytest.raises(ValueError, match=r"At least one of name \(None\) and default_name \(None\) must be provided"):
        tf.name_scope(None, values=[tf.constant(1)])
    other = Graph()
    with other.as_default():
        x = tf.constant(1.0)
    with tf.name_scope("s", values=[x]):
        assert tf.get_default_graph() is other


def test_name_scope_restores_the_scope_after_an_error():
    with pytest.raises(ZeroDivisionError), tf.name_scope("a"):
        raise ZeroDivisionError
    assert tf.constant(1, name="c").name == "c:0"
