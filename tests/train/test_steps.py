"""The global step: found, made once, checked."""

import logging

import pytest

import scopeflow as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def test_a_graph_has_no_step_until_one_is_made_and_then_that_one():
    assert tf.train.get_global_step() is None
    step = tf.train.get_or_create_global_step()
    assert tf.train.get_or_create_global_step() is step and tf.train.get_global_step() is step
    assert (step.op.name, step.dtype, step.shape.as_list()) == ("global_step", tf.int64, [])
    assert tf.get_collection(tf.GraphKeys.GLOBAL_STEP) == [step] and tf.global_variables() == [step]
    assert tf.trainable_variables() == []
    with pytest.raises(ValueError, match=r'^"global_step" already exists\.$'):
        tf.train.create_global_step()


def test_the_step_of_another_graph_is_made_there():
    other = tf.Graph()
    step = tf.train.create_global_step(other)
    assert step.graph is other and tf.train.get_global_step(other) is step and tf.train.get_global_step() is None


def test_its_name_takes_no_name_scope():
    with tf.name_scope("train"):
        assert tf.train.create_global_step().op.name == "global_step"


@pytest.mark.parametrize("collection", [False, True])
def test_a_programs_own_step_is_found_by_its_name_or_in_the_collection(collection):
    if collection:
        step = tf.Variable(5, trainable=False, name="mine")
        tf.add_to_collection(tf.GraphKeys.GLOBAL_STEP, step)
        assert tf.train.get_global_step() is step
    else:
        step = tf.Variable(5, trainable=False, name="global_step")
        assert tf.train.get_global_step().name == "global_step:0"
    session = tf.Session()
    session.run(step.initializer)
    value = tf.train.global_step(session, tf.train.get_global_step())
    assert value == 5 and type(value) is int


def test_its_value_before_initialization_is_refused():
    step = tf.train.create_global_step()
    with pytest.raises(tf.errors.FailedPreconditionError, match="Attempting to use uninitialized value global_step"):
        tf.train.global_step(tf.Session(), step)


def test_two_in_the_collection_are_none_and_logged(caplog):
    tf.train.create_global_step()
    tf.add_to_collection(tf.GraphKeys.GLOBAL_STEP, tf.Variable(1))
    with caplog.at_level(logging.ERROR, "scopeflow"):
        assert tf.train.get_global_step() is None
    assert "Multiple tensors in global_step collection." in caplog.text


def test_what_cannot_be_a_step_is_refused():
    for bad, message in (
        (tf.Variable(1.5), 'Existing "global_step" does not have integer type'),
        (tf.Variable([1]), r'Existing "global_step" is not scalar: \(1,\)'),
        (3, r'Existing "global_step" must be a Variable or Tensor: 3\.'),
    ):
        with pytest.raises(TypeError, match=message):
            tf.train.assert_global_step(bad)
    tf.train.assert_global_step(tf.placeholder(tf.int32))
    tf.Variable(1.5, name="global_step")
    with pytest.raises(TypeError, match="does not have integer type"):
        tf.train.get_or_create_global_step()
