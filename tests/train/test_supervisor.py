"""Supervisors and coordinators: the threads beside a training, and how they end."""

import os
import threading
import time

import numpy as np
import pytest

import scopeflow as tf


def program():
    step = tf.train.get_or_create_global_step()
    x = tf.get_variable("x", [], initializer=tf.zeros_initializer())
    loss = tf.square(x - 3.0, name="loss")
    tf.summary.scalar("seen", loss)
    return tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=step)


def events(folder):
    paths = sorted(os.path.join(folder, name) for name in os.listdir(folder) if "tfevents" in name)
    return [event for path in paths for event in tf.train.summary_iterator(path)]


def until(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def test_threads_save_and_summarize_beside_the_training(tmp_path, graph):
    train = program()
    supervisor = tf.train.Supervisor(logdir=str(tmp_path), save_model_secs=0.05, save_summaries_secs=0.05)
    assert graph.finalized
    with supervisor.managed_session() as session:
        until(lambda: session.run([train, supervisor.global_step])[1] > 3)
        until(lambda: (tf.train.latest_checkpoint(str(tmp_path)) or "-0").rpartition("-")[2] > "0")
        own = tf.Summary(value=[tf.Summary.Value(tag="own", simple_value=2.0)])
        supervisor.summary_computed(session, own)
        last = session.run(supervisor.global_step)
    seen = events(str(tmp_path))
    kinds = [event.WhichOneof("what") for event in seen]
    assert kinds[:2] == ["file_version", "graph_def"] and kinds.count("graph_def") == 1
    logs = [event.session_log.status for event in seen if event.HasField("session_log")]
    assert logs[0] == tf.SessionLog.START and logs[-1] == tf.SessionLog.STOP and tf.SessionLog.CHECKPOINT in logs
    tags = [(value.tag, event.step) for event in seen for value in event.summary.value]
    assert {tag for tag, _ in tags} == {"seen", "global_step/sec", "own"} and ("own", last) in tags
    assert not [thread for thread in threading.enumerate() if isinstance(thread, tf.train.LooperThread)]


def test_a_session_goes_on_from_the_checkpoint_of_the_last(tmp_path, graph):
    train = program()
    supervisor = tf.train.Supervisor(logdir=str(tmp_path), save_model_secs=0, save_summaries_secs=0)
    with supervisor.managed_session() as session:
        for _ in range(5):
            session.run(train)
        supervisor.saver.save(session, supervisor.save_path, global_step=supervisor.global_step)
        value = session.run("x:0")
    with supervisor.managed_session() as session:
        assert session.run("global_step:0") == 5 and session.run("x:0") == value
    assert os.path.exists(tmp_path / "model.ckpt-5.index")


def test_the_graph_is_written_once_to_a_writer_that_stays_open(tmp_path, graph):
    program()
    supervisor = tf.train.Supervisor(logdir=str(tmp_path), save_model_secs=0, save_summaries_secs=0)
    for _ in range(2):
        with supervisor.managed_session(close_summary_writer=False):
            pass
    supervisor.summary_writer.close()
    assert [event.WhichOneof("what") for event in events(str(tmp_path))].count("graph_def") == 1


@pytest.mark.parametrize("error", [ValueError("inside"), tf.errors.InvalidArgumentError(None, None, "inside")])
def test_an_error_inside_goes_on_after_the_threads_are_stopped(tmp_path, graph, error):
    program()
    supervisor = tf.train.Supervisor(logdir=str(tmp_path))
    with pytest.raises(type(error), match="inside") as raised, supervisor.managed_session() as session:
        raise error
    assert raised.value is error and supervisor.should_stop()
    with pytest.raises(RuntimeError, match="closed Session"):
        session.run("x:0")


def test_the_end_of_the_input_is_no_error(graph):
    program()
    supervisor = tf.train.Supervisor()
    with supervisor.managed_session():
        raise tf.errors.OutOfRangeError(None, None, "the end")
    assert supervisor.coord.joined


def test_ctrl_c_stops_the_threads_too(tmp_path, graph):
    program()
    supervisor = tf.train.Supervisor(logdir=str(tmp_path))
    with pytest.raises(KeyboardInterrupt), supervisor.managed_session():
        raise KeyboardInterrupt
    assert supervisor.coord.joined and events(str(tmp_path))[-1].session_log.status == tf.SessionLog.STOP


def test_what_a_thread_failed_with_is_raised_at_the_end(graph):
    program()
    supervisor = tf.train.Supervisor()

    def fail():
        raise KeyError("in the thread")

    with pytest.raises(KeyError, match="in the thread"), supervisor.managed_session():
        supervisor.loop(None, fail)
        assert supervisor.wait_for_stop()


def test_settings_are_found_in_collections_or_left_out(tmp_path, graph):
    program()
    saver, summary = tf.train.Saver(), tf.summary.merge_all()
    tf.add_to_collection(tf.GraphKeys.SAVERS, saver)
    tf.add_to_collection(tf.GraphKeys.SUMMARY_OP, summary)
    found = tf.train.Supervisor(logdir=str(tmp_path), checkpoint_basename="other")
    assert found.saver is saver and found.summary_op is summary and found.save_path == str(tmp_path / "other")
    assert found.global_step is tf.train.get_global_step() and found.init_feed_dict is None
    found.summary_writer.close()
    bare = tf.train.Supervisor(saver=None, summary_op=None, global_step=None)
    assert (bare.saver, bare.summary_op, bare.global_step, bare.save_path, bare.summary_writer) == (None,) * 5


def test_init_feed_dict_and_init_fn_are_used_once(tmp_path, graph):
    x = tf.get_variable("x", [], initializer=tf.zeros_initializer())
    fed = tf.placeholder(tf.float32, [])
    calls = []
    supervisor = tf.train.Supervisor(
        logdir=str(tmp_path), init_op=tf.assign(x, fed), init_feed_dict={fed: 7.0}, init_fn=calls.append,
        save_summaries_secs=0, save_model_secs=0,
    )  # fmt: skip
    for _ in range(2):
        with supervisor.managed_session() as session:
            assert session.run(x) == 7.0
            supervisor.saver.save(session, supervisor.save_path)
    assert len(calls) == 1


def test_a_training_loop_runs_until_stop_and_again_after_a_lost_session(graph):
    train = program()
    supervisor = tf.train.Supervisor()
    seen = []

    def step(session, last, factor):
        seen.append(float(factor * session.run([train, supervisor.global_step])[1]))
        if len(seen) == 2:
            raise tf.errors.AbortedError(None, None, "lost")
        if len(seen) == last:
            supervisor.request_stop()

    tf.train.basic_train_loop(supervisor, step, (5,), {"factor": 10})
    assert len(seen) == 5 and seen[0] == seen[2], "a new session begins anew where nothing was saved"


def test_what_a_supervisor_cannot_do_is_refused(graph):
    program()
    with pytest.raises(NotImplementedError, match="one process"):
        tf.train.Supervisor(is_chief=False)
    with pytest.raises(RuntimeError, match="Writing a summary requires a summary writer"):
        tf.train.Supervisor().summary_computed(None, b"")


# -- coordinators -----------------------------------------------------------------------------------------------------


def test_join_waits_for_threads_that_end_by_themselves():
    coord, done = tf.train.Coordinator(), []
    threads = [threading.Thread(target=lambda: (time.sleep(0.05), done.append(1))) for _ in range(3)]
    for thread in threads:
        thread.start()
    coord.join(threads)
    assert len(done) == 3 and coord.joined and not coord.should_stop()


def test_a_thread_that_will_not_stop_is_named():
    release = threading.Event()
    stuck = threading.Thread(target=release.wait, name="stuck", daemon=True)
    stuck.start()
    coord = tf.train.Coordinator()
    coord.register_thread(stuck)
    coord.request_stop()
    with pytest.raises(RuntimeError, match="Coordinator stopped with threads still running: stuck"):
        coord.join(stop_grace_period_secs=0.05)
    coord.join([stuck], stop_grace_period_secs=0.05, ignore_live_threads=True)
    release.set()
    stuck.join()


def test_an_error_after_join_is_raised_where_it_comes():
    coord = tf.train.Coordinator()
    coord.request_stop()
    coord.join([])
    coord.request_stop()
    with pytest.raises(ValueError, match="late"):
        coord.request_stop(ValueError("late"))
    with pytest.raises(TypeError, match="request_stop takes an exception, not 'text'"):
        tf.train.Coordinator().request_stop("text")


def test_loopers_run_at_once_then_at_intervals_and_hand_their_errors_over():
    coord, calls = tf.train.Coordinator(), []

    class Looper(tf.train.LooperThread):
        def start_loop(self):
            calls.append("start")

        def stop_loop(self):
            calls.append("stop")

        def run_loop(self):
            calls.append("run")
            if len(calls) == 4:
                self._coord.request_stop()

    looper = Looper(coord, 0.01)
    looper.start()
    coord.join()
    assert calls == ["start", "run", "run", "run", "stop"]
    slow = tf.train.Coordinator()
    thread = tf.train.LooperThread.loop(slow, 1000, calls.append, ["at once"])
    until(lambda: calls[-1] == "at once")
    slow.request_stop()
    slow.join([thread])
    assert calls.count("at once") == 1
    failing = tf.train.Coordinator()
    tf.train.LooperThread.loop(failing, None, np.linalg.inv, [np.zeros((2, 2))])
    with pytest.raises(np.linalg.LinAlgError):
        failing.join()
    with pytest.raises(ValueError, match="'coord' argument must be a Coordinator"):
        tf.train.LooperThread(None, 1)
