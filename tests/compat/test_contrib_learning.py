"""slim.learning.train and slim.evaluation: loops of training, and checkpoints evaluated as they appear."""

import logging

import numpy as np
import pytest

import scopeflow as tf

slim = tf.contrib.slim


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made
    tf.summary.FileWriterCache.clear()


def halving():
    """A training operation that halves the variable `w`, which starts as 8."""
    w = tf.get_variable("w", initializer=8.0)
    loss = tf.square(w)
    tf.summary.scalar("loss", loss)
    return slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.25)), w


def values_of(logdir, name):
    reader = tf.train.NewCheckpointReader(tf.train.latest_checkpoint(str(logdir)))
    return reader.get_tensor(name)


def summaries(folder):
    found = {}
    for path in sorted(folder.glob("events*")):
        for event in tf.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def test_training_stops_after_its_steps_and_leaves_a_checkpoint(tmp_path, caplog):
    train_op, _ = halving()
    with caplog.at_level(logging.INFO, "scopeflow"):
        loss = slim.learning.train(train_op, str(tmp_path), number_of_steps=3, log_every_n_steps=2)
    assert loss == 4  # of the third step, before it
    assert values_of(tmp_path, "w") == 1 and values_of(tmp_path, "global_step") == 3
    logged = [r.getMessage() for r in caplog.records if r.getMessage().startswith("global step")]
    assert len(logged) == 1 and logged[0].startswith("global step 2: loss = 16.0000 (")
    assert "Stopping Training." in caplog.text


def test_training_resumes_from_its_checkpoint_and_asks_init_fn_only_at_first(tmp_path):
    asked = []
    for steps in (2, 5):
        with tf.Graph().as_default():
            train_op, w = halving()

            def start(session, w=w, steps=steps):
                asked.append(steps)
                w.load(16.0, session)

            slim.learning.train(train_op, str(tmp_path), number_of_steps=steps, init_fn=start)
    assert asked == [2] and values_of(tmp_path, "w") == 0.5 and values_of(tmp_path, "global_step") == 5


def test_a_step_function_of_ones_own_is_called_with_a_wrapped_session_until_it_stops(tmp_path):
    train_op, _ = halving()
    seen = []

    def step(session, op, global_step, kwargs):
        loss, count = session.run([op, global_step])
        seen.append((loss, count, sorted(kwargs)))
        return loss, count == 2

    class Wrapped:
        def __init__(self, session):
            self.run = session.run
            self.graph = session.graph

    loss = slim.learning.train(train_op, None, step, session_wrapper=Wrapped)
    assert loss == 16 and [count for _, count, _ in seen] == [1, 2]
    assert seen[0][2] == ["should_log", "should_stop"]
    with tf.Graph().as_default():
        train_op, _ = halving()
        seen.clear()
        slim.learning.train(train_op, str(tmp_path), step, {"mine": 1})
        assert seen[0][2] == ["mine", "summary_writer"]


def test_the_end_of_the_input_ends_training(tmp_path):
    w = tf.get_variable("w", initializer=0.0)
    step = tf.train.get_or_create_global_step()

    def limited(count):
        if count == 3:
            raise tf.errors.OutOfRangeError(None, None, "no more")
        return np.float32(count)

    read = tf.py_func(limited, [step], tf.float32)
    read.set_shape([])
    op = slim.learning.create_train_op(tf.square(w - read), tf.train.GradientDescentOptimizer(0.5))
    assert slim.learning.train(op, str(tmp_path)) == 1
    assert values_of(tmp_path, "global_step") == 3


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"number_of_steps": 0}, ValueError, "must be either None or a positive number"),
        ({"summary_op": None}, ValueError, "Cannot provide summary_op because logdir=None"),
        ({"trace_every_n_steps": 2}, ValueError, "Cannot provide trace_every_n_steps because logdir=None"),
        ({"is_chief": False}, NotImplementedError, "runs in one process"),
        ({"logdir": "x", "trace_every_n_steps": 2}, NotImplementedError, "traces are not offered"),
        ({"train_op": None}, ValueError, "train_op cannot be None"),
    ],
)
def test_what_training_cannot_do_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        slim.learning.train(**{"train_op": tf.constant(1.0), "logdir": None, **arguments})


def test_gradients_are_summarized_where_asked_for():
    w = tf.get_variable("w", initializer=[3.0, 4.0])
    slim.learning.create_train_op(
        tf.reduce_sum(tf.square(w)) / 2, tf.train.GradientDescentOptimizer(0.1), summarize_gradients=True
    )
    names = [t.name for t in tf.get_collection(tf.GraphKeys.SUMMARIES)]
    assert names == ["summarize_grads/w/gradient:0", "summarize_grads/w/gradient_norm:0"]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        summary = tf.Summary.FromString(session.run(tf.get_collection(tf.GraphKeys.SUMMARIES)[1]))
    assert summary.value[0].simple_value == 5


# -- evaluation -----------------------------------------------------------------------------------------------------


def saved(folder, value, step):
    with tf.Graph().as_default(), tf.Session() as session:
        w = tf.get_variable("w", initializer=float(value))
        count = tf.train.get_or_create_global_step()
        session.run([w.initializer, count.initializer])
        count.load(step, session)
        return tf.train.Saver().save(session, str(folder / "model"), global_step=step)


def model():
    """(A metric's value, its update): the mean of w times 1, 2, 3, ... and how many were counted."""
    w = tf.get_variable("w", initializer=0.0)
    tf.train.get_or_create_global_step()
    counted = tf.get_local_variable("counted", initializer=0.0)
    with tf.control_dependencies([counted.assign_add(1.0)]):
        factor = counted.read_value()
    value, update = tf.metrics.mean(w * factor)
    tf.summary.scalar("value", value)
    return value, update


def test_one_checkpoint_is_evaluated_so_many_times_and_summarized(tmp_path):
    path = saved(tmp_path, 2, 7)
    value, update = model()
    found = slim.evaluation.evaluate_once(
        "", path, str(tmp_path / "eval"), num_evals=3, eval_op=update, final_op=[value, "eval_step:0"]
    )
    assert found == [4, 3]
    assert summaries(tmp_path / "eval") == {"value": [(7, 4)]}


def test_only_what_is_to_be_restored_is_and_without_eval_ops_the_final_ones_run(tmp_path):
    path = saved(tmp_path, 2, 7)
    w = tf.get_variable("w", initializer=0.0)
    more = tf.get_local_variable("more", initializer=5.0)
    arguments = {"final_op": w + more, "summary_op": None, "variables_to_restore": [w]}
    assert slim.evaluation.evaluate_once("", path, str(tmp_path / "eval"), **arguments) == 7
    assert not (tmp_path / "eval").exists()


def test_checkpoints_are_evaluated_as_they_appear(tmp_path):
    saved(tmp_path, 2, 7)
    value, update = model()
    seen = []

    class Next(tf.train.SessionRunHook):
        def end(self, session):
            seen.append(session.run(value))
            if len(seen) == 1:
                saved(tmp_path, 10, 8)

    found = slim.evaluation.evaluation_loop(
        "", str(tmp_path), str(tmp_path / "eval"), 2, eval_op=update, final_op=value, eval_interval_secs=0,
        max_number_of_evaluations=2, hooks=[Next()],
    )  # fmt: skip
    assert seen == [3, 15] and found == 15
    assert summaries(tmp_path / "eval") == {"value": [(7, 3), (8, 15)]}


def test_waiting_for_checkpoints_ends_with_its_time_unless_more_may_come(tmp_path):
    wait = slim.evaluation.wait_for_new_checkpoint
    assert wait(str(tmp_path), seconds_to_sleep=0.01, timeout=0.03) is None
    first = saved(tmp_path, 1, 1)
    assert wait(str(tmp_path), timeout=0) == first and wait(str(tmp_path), first, timeout=0) is None
    asked = []

    def done():
        asked.append(1)
        if len(asked) == 1:
            saved(tmp_path, 2, 2)
        return len(asked) == 2

    found = list(slim.evaluation.checkpoints_iterator(str(tmp_path), timeout=0, timeout_fn=done))
    assert [p.rpartition("-")[2] for p in found] == ["1", "2"] and len(asked) == 2
    assert list(slim.evaluation.checkpoints_iterator(str(tmp_path), timeout=0)) == [found[1]]


def test_there_is_one_count_of_evaluations():
    step = slim.evaluation.get_or_create_eval_step()
    assert step is slim.evaluation.get_or_create_eval_step() and step.op.name == "eval_step"
    assert step.dtype.base_dtype is tf.int64 and tf.local_variables() == [step] and not tf.global_variables()
    tf.add_to_collection(tf.GraphKeys.EVAL_STEP, step)
    with pytest.raises(ValueError, match="Multiple tensors added to"):
        slim.evaluation.get_or_create_eval_step()
    with pytest.raises(ValueError, match="One of log_dir or summary_writer"):
        slim.evaluation.SummaryAtEndHook()
