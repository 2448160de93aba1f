"""Templates in their corners. The expected names are what TensorFlow 2.21 answered."""

import pytest

import scopeflow as tf

pytestmark = pytest.mark.usefixtures("graph")


def names(things):
    return [thing.name for thing in things]


def scale(x, n=2):
    return x * tf.get_variable("w", [n], initializer=tf.zeros_initializer())


def test_operations_get_a_fresh_name_scope_in_each_call():
    one, two = tf.make_template("s", scale), tf.make_template("s", scale, n=3)
    assert names([one(1.0), one(2.0), two(1.0)]) == ["s/mul:0", "s_1/mul:0", "s_2/mul:0"]
    assert names(one.variables + two.variables) == ["s/w:0", "s_1/w:0"]


def test_a_template_keeps_the_scope_of_its_first_call():
    template = tf.make_template("t", scale, unique_name_="u")
    with tf.variable_scope("first"):
        assert template(1.0).name == "first/u/mul:0"
    with tf.variable_scope("second"):
        assert template(1.0).name == "second/u/mul:0"
    assert names(template.variables) == ["first/u/w:0"]
    assert (template.var_scope.name, template.variable_scope_name, template.name) == ("first/u", "first/u/", "t")


def test_a_scope_opened_at_once_is_that_of_the_place_of_making():
    with tf.variable_scope("here"):
        template = tf.make_template("t", scale, create_scope_now_=True)
        other = tf.make_template("t", scale, create_scope_now_=True)
    assert template.var_scope is template.variable_scope and template.var_scope.name == "here/t"
    template(1.0), other(1.0)
    assert names(template.variables + other.variables) == ["here/t/w:0", "here/t_1/w:0"]


def test_one_unique_name_twice_collides_as_it_must():
    for first in (True, False):
        template = tf.make_template("t", scale, unique_name_="u")
        if first:
            template(1.0)
        else:
            with pytest.raises(ValueError, match="Variable u/w already exists, disallowed"):
                template(1.0)


def test_an_error_tells_where_the_template_was_made():
    def fails():
        raise ValueError("what went wrong")

    template = tf.make_template("t", fails)
    with pytest.raises(ValueError, match=r"^what went wrong\n\noriginally defined at:\n  File ") as raised:
        template()
    assert "test_an_error_tells_where_the_template_was_made" in str(raised.value)


def test_a_failed_first_call_is_no_first_call():
    broken = [True]

    def build():
        w = tf.get_variable("w", [1])
        if broken:
            raise ZeroDivisionError
        return w

    template = tf.make_template("t", build)
    with pytest.raises(ZeroDivisionError):
        template()
    broken.clear()
    with pytest.raises(ValueError, match="already exists"):  # as in TensorFlow: the variable is there
        template()


def test_a_later_plain_variable_that_is_not_trained_is_let_through():
    template = tf.make_template("t", lambda: tf.Variable(1.0, trainable=False))
    assert names([template(), template()]) == ["t/Variable:0", "t_1/Variable:0"]


def test_the_kinds_of_variables_are_told_apart():
    def build():
        tf.get_variable("w", [1])
        tf.get_variable("fixed", [1], trainable=False)
        tf.get_local_variable("local", [1])

    template = tf.make_template("t", build)
    template()
    assert names(template.trainable_variables) == names(template.trainable_weights) == ["t/w:0"]
    assert names(template.non_trainable_variables) == ["t/fixed:0", "t/local:0"]
    assert names(template.global_variables) == ["t/w:0", "t/fixed:0"] and names(template.local_variables) == [
        "t/local:0"
    ]
    assert names(template.variables) == names(template.weights) == ["t/w:0", "t/fixed:0", "t/local:0"]


def test_a_nested_template_shares_within_the_outer_one_only():
    outers = [tf.make_template("outer", tf.make_template("inner", scale)) for _ in range(2)]
    for outer in outers:
        outer(1.0), outer(2.0)
    assert names(tf.global_variables()) == ["outer/inner/w:0", "outer_1/inner/w:0"]


def test_the_regularizer_of_the_scope_around_the_first_call_holds():
    template = tf.make_template("t", scale)
    with tf.variable_scope("s", regularizer=tf.reduce_sum):
        template(1.0)
    template(1.0)
    assert len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)) == 1


def test_a_name_is_needed():
    with pytest.raises(ValueError, match="name cannot be None"):
        tf.make_template(None, scale)


def test_a_plain_variable_in_a_template_is_refused_in_the_second_call():
    template = tf.make_template("plain", lambda: tf.Variable(1.0))
    template()
    with pytest.raises(ValueError, match=r"Trainable variable created when calling a template after the first time"):
        template()


def test_a_template_tells_whether_it_has_made_its_variables():
    template = tf.make_template("t", lambda: tf.get_variable("v", []), create_scope_now_=True)
    assert template._variables_created is False
    template()
    assert template._variables_created is True
