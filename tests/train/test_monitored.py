"""Monitored sessions: SIGTERM, recovery, threads, resuming, and what the hooks log."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import scopeflow as tf
from scopeflow.train.monitored import MonitoredSession


def program():
    step = tf.train.get_or_create_global_step()
    x = tf.get_variable("x", [], initializer=tf.zeros_initializer())
    loss = tf.square(x - 3.0 + tf.random_normal([], seed=1) * 0.01, name="loss")
    return tf.train.AdamOptimizer(0.1).minimize(loss, global_step=step), loss


class Ends(tf.train.SessionRunHook):
    def __init__(self):
        self.ends, self.created = 0, 0

    def after_create_session(self, session, coord):
        self.created += 1

    def end(self, session):
        self.ends += 1


@pytest.fixture
def former():
    """A handler of SIGTERM that counts its calls, and is the process' own meanwhile."""
    calls = []

    def handler(number, frame):
        calls.append(number)

    before = signal.signal(signal.SIGTERM, handler)
    yield handler, calls
    signal.signal(signal.SIGTERM, before)


def test_sigterm_lets_the_loop_end_as_it_always_does(tmp_path, graph, former):
    handler, calls = former
    train, _ = program()
    with tf.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path)) as session:
        runs = 0
        while not session.should_stop():
            session.run(train)
            runs += 1
            if runs == 7:
                signal.raise_signal(signal.SIGTERM)
                session.run(train)  # the rest of the loop's body runs on
    assert runs == 7 and not calls[1:]
    assert tf.train.load_variable(str(tmp_path), "global_step") == 8
    assert signal.getsignal(signal.SIGTERM) is handler and calls == [signal.SIGTERM], "the former handler hears of it"


def test_sigterm_ends_a_loop_that_never_asks(tmp_path, graph, former):
    train, _ = program()
    ends = Ends()
    with pytest.raises(SystemExit) as left:
        with tf.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path), hooks=[ends]) as session:
            for step in range(1000):
                session.run(train)
                if step == 4:
                    signal.raise_signal(signal.SIGTERM)
    assert left.value.code == 128 + signal.SIGTERM and step == 5 and ends.ends == 1
    assert tf.train.load_variable(str(tmp_path), "global_step") == 5


def test_without_sigterm_the_former_handler_comes_back_unheard(graph, former):
    handler, calls = former
    train, _ = program()
    session = tf.train.MonitoredSession()
    assert signal.getsignal(signal.SIGTERM) != handler
    session.run(train)
    session.close()
    assert signal.getsignal(signal.SIGTERM) is handler
    with pytest.raises(ZeroDivisionError), tf.train.MonitoredSession():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGTERM) is handler and calls == []


def test_a_handler_that_the_program_set_meanwhile_stays(graph, former):
    program()
    with tf.train.MonitoredSession():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN


def test_sessions_inside_each_other_both_hear_of_sigterm(graph, former):
    _, calls = former
    program()
    with tf.train.MonitoredSession() as outer:
        with tf.train.MonitoredSession() as inner:
            signal.raise_signal(signal.SIGTERM)
            assert inner.should_stop() and not outer.should_stop()
        assert outer.should_stop() and not calls
    assert calls == [signal.SIGTERM]


def test_other_threads_leave_signals_alone(graph, former):
    handler, _ = former
    program()
    seen = []

    def work():
        with graph.as_default(), tf.train.MonitoredSession() as session:
            seen.append(signal.getsignal(signal.SIGTERM))
            session.run(graph.get_tensor_by_name("loss:0"))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [handler]


KILLED = """
import sys
import scopeflow as tf
step = tf.train.get_or_create_global_step()
train = tf.assign_add(step, 1)
with tf.train.MonitoredTrainingSession(checkpoint_dir=sys.argv[1], save_checkpoint_secs=1000) as session:
    while not session.should_stop():
        print(session.run(train), flush=True)
print("left cleanly", flush=True)
"""


def test_a_process_that_gets_sigterm_saves_and_goes_on_after_its_session(tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.stdout.readline().strip() != "20":
            pass
        process.terminate()
        *steps, last = process.stdout.read().splitlines()
        assert process.wait() == 0
    assert last == "left cleanly"
    assert tf.train.load_variable(str(tmp_path), "global_step") == int(["20", *steps][-1])


def test_a_stopped_and_resumed_run_has_the_losses_of_one_that_never_stopped(tmp_path):
    def losses(folder, *stops):
        seen = []
        for stop in stops:
            with tf.Graph().as_default():
                train, loss = program()
                scaffold = tf.train.Scaffold(saver=tf.train.Saver(random_streams=True))
                with tf.train.MonitoredTrainingSession(
                    checkpoint_dir=str(folder), scaffold=scaffold, hooks=[tf.train.StopAtStepHook(last_step=stop)]
                ) as session:
                    while not session.should_stop():
                        seen.append(session.run([loss, train])[0])
        return np.array(seen)

    whole, parts = losses(tmp_path / "whole", 12), losses(tmp_path / "parts", 5, 12)
    assert len(whole) == 12 and len(set(whole.tolist())) == 12
    assert whole.tobytes() == parts.tobytes()


def test_a_lost_session_is_made_anew_from_its_checkpoint(tmp_path, graph):
    train, _ = program()
    failures = [tf.errors.AbortedError(None, None, "lost")]

    class Fails(Ends):
        def after_run(self, context, values):
            if context.session.run(tf.train.get_global_step()) == 3 and failures:
                raise failures.pop()

    hook = Fails()
    arguments = {"checkpoint_dir": str(tmp_path), "save_checkpoint_steps": 2, "save_checkpoint_secs": None}
    with tf.train.MonitoredTrainingSession(hooks=[hook], **arguments) as session:
        for _ in range(4):
            session.run(train)
        assert session.run_step_fn(lambda step_context: step_context.session.run(tf.train.get_global_step())) == 4
    assert hook.created == 2 and hook.ends == 1 and not failures


def test_programs_get_at_the_session_inside_a_monitored_one():
    with tf.train.MonitoredTrainingSession() as session:
        inside = session
        while type(inside).__name__ != "Session":
            inside = inside._sess
        assert isinstance(inside, tf.Session) and session._tf_sess() is inside


def test_a_singular_session_is_never_made_anew(graph):
    train, _ = program()
    with pytest.raises(tf.errors.UnavailableError, match="gone"), tf.train.SingularMonitoredSession() as session:
        raw = session.raw_session()
        session.run(train)
        assert session.raw_session() is raw

        class Gone(tf.train.SessionRunHook):
            def before_run(self, context):
                raise tf.errors.UnavailableError(None, None, "gone")

        session._hooks.append(Gone())
        session.run(train)


def test_what_a_thread_failed_with_is_raised_by_the_session(graph):
    train, _ = program()
    threads = []

    class Starts(tf.train.SessionRunHook):
        def after_create_session(self, session, coord):
            def work():
                with coord.stop_on_exception():
                    raise KeyError("in the thread")

            threads.append(threading.Thread(target=work))
            threads[0].start()

    with pytest.raises(KeyError, match="in the thread"), tf.train.MonitoredSession(hooks=[Starts()]) as session:
        threads[0].join()
        session.run(train)


def test_a_run_that_fails_because_a_thread_failed_raises_the_threads_error(graph):
    program()
    coords = []

    class Keeps(tf.train.SessionRunHook):
        def after_create_session(self, session, coord):
            coords.append(coord)

    def fail():
        coords[0].request_stop(KeyError("in the thread"))
        raise ValueError("and so here")

    failing = tf.py_func(fail, [], tf.float32)
    session = tf.train.MonitoredSession(hooks=[Keeps()])
    for end in (lambda: session.run(failing), session.close):
        with pytest.raises(KeyError, match="in the thread"):
            end()


def test_a_later_session_removes_the_checkpoints_of_the_first(tmp_path):
    for last in (2, 4):
        with tf.Graph().as_default():
            train, _ = program()
            scaffold = tf.train.Scaffold(saver=tf.train.Saver(max_to_keep=2))
            with tf.train.MonitoredTrainingSession(
                checkpoint_dir=str(tmp_path), scaffold=scaffold, save_checkpoint_steps=1, save_checkpoint_secs=None
            ) as session:
                while session.run([train, "global_step:0"])[1] < last:
                    pass
        kept = sorted(name for name in os.listdir(tmp_path) if name.endswith(".index"))
        assert kept == [f"model.ckpt-{last - 1}.index", f"model.ckpt-{last}.index"]


@pytest.mark.parametrize("every", [1, 2, 3, 4])
def test_summaries_come_at_their_steps(tmp_path, graph, every):
    train, loss = program()
    tf.summary.scalar("seen", loss)
    hooks = [tf.train.StopAtStepHook(last_step=11)]
    with tf.train.MonitoredTrainingSession(
        summary_dir=str(tmp_path), hooks=hooks, save_summaries_steps=every, log_step_count_steps=None
    ) as session:
        runs = 0
        while not session.should_stop():
            session.run(train)
            runs += 1
    (path,) = tmp_path.iterdir()
    steps = [event.step for event in tf.train.summary_iterator(path) if event.HasField("summary")]
    assert runs == 11 and steps == list(range(1, 12, every))


def test_threads_of_the_coordinator_end_with_the_session(graph):
    train, _ = program()
    loops = []

    class Loops(tf.train.SessionRunHook):
        def after_create_session(self, session, coord):
            loops.append(tf.train.LooperThread.loop(coord, 0.01, session.run, ["loss:0"]))

    with tf.train.MonitoredSession(hooks=[Loops()]) as session:
        session.run(train)
        assert loops[0].is_alive()
    assert not loops[0].is_alive()


def test_a_session_is_closed_once(graph):
    program()
    ends = Ends()
    session = tf.train.MonitoredSession(hooks=[ends])
    session.close()
    with pytest.raises(RuntimeError, match="Session is already closed"):
        session.close()
    with pytest.raises(RuntimeError, match="Session is already closed"):
        session.run("loss:0")
    assert session.should_stop() and session.graph is None and ends.ends == 1


def test_hooks_that_fail_at_the_end_still_let_it_close(graph, former):
    handler, _ = former
    program()

    class Fails(tf.train.SessionRunHook):
        def end(self, session):
            raise ValueError("at the end")

    with pytest.raises(ValueError, match="at the end"), tf.train.MonitoredSession(hooks=[Fails()]) as session:
        raw = session._sess
    with pytest.raises(RuntimeError, match="closed Session"):
        raw.run("loss:0")
    assert not graph.finalized and signal.getsignal(signal.SIGTERM) is handler


def test_a_run_that_fails_leaves_the_session_usable(graph):
    train, _ = program()
    p = tf.placeholder(tf.float32, name="p")
    with tf.train.MonitoredSession() as session:
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(p)
        session.run(train)
        assert session.run("global_step:0") == 1


def test_only_the_chief_is_here(graph):
    with pytest.raises(NotImplementedError, match="one process"):
        tf.train.MonitoredTrainingSession(is_chief=False)


def test_damage_to_a_checkpoint_stops_the_session_before_it_trains(tmp_path, graph):
    train, _ = program()
    with tf.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path)) as session:
        session.run(train)
    (data,) = (name for name in os.listdir(tmp_path) if ".ckpt-1.data" in name)
    content = bytearray((tmp_path / data).read_bytes())
    content[0] ^= 1
    (tmp_path / data).write_bytes(content)
    with pytest.raises(tf.errors.DataLossError):
        tf.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path))


def logged(caplog):
    return [record.getMessage() for record in caplog.records]


def test_tensors_are_logged_in_the_order_of_their_tags(graph, caplog):
    tf.constant([0.00001234, 2.0], name="b")
    a = tf.constant(1.5, name="a")
    step = tf.assign_add(tf.train.get_or_create_global_step(), 1)
    hook = tf.train.LoggingTensorHook({"z": "b:0", "a": a, "step": step}, every_n_iter=2, at_end=True)
    with caplog.at_level(logging.INFO, "scopeflow"), tf.train.MonitoredSession(hooks=[hook]) as session:
        caplog.clear()
        for _ in range(4):
            session.run(a)
    told = logged(caplog)
    assert told[0] == "a = 1.5, step = 1, z = [0.00001234 2.        ]"
    assert [line.partition(" (")[0] for line in told] == [
        f"a = 1.5, step = {n}, z = [0.00001234 2.        ]" for n in (1, 2, 3)
    ]


def test_a_formatter_says_it_its_own_way(graph, caplog):
    tf.constant(2.5, name="a")
    hook = tf.train.LoggingTensorHook(["a:0"], at_end=True, formatter=lambda values: f"<{values['a:0']}>")
    with caplog.at_level(logging.INFO, "scopeflow"):
        with tf.train.MonitoredSession(hooks=[hook]) as session:
            session.run("a:0")
            assert "<2.5>" not in logged(caplog)
    assert logged(caplog)[-1] == "<2.5>"


def test_a_step_that_stands_still_is_warned_of_once(graph, caplog):
    _, loss = program()
    with caplog.at_level(logging.WARNING, "scopeflow"):
        with tf.train.MonitoredSession(hooks=[tf.train.StepCounterHook(every_n_steps=100)]) as session:
            for _ in range(12):
                session.run(loss)
    assert [line.startswith("It seems that global step") for line in logged(caplog)] == [True]


def test_final_ops_have_the_values_of_the_end(graph):
    train, _ = program()
    factor = tf.placeholder(tf.int64, [])
    hook = tf.train.FinalOpsHook([tf.train.get_global_step() * factor], {factor: 10})
    with tf.train.MonitoredSession(hooks=[hook]) as session:
        session.run([train])
        session.run([train])
    assert hook.final_ops_values == [20]


def test_a_waiting_hook_lets_another_thread_go_first(graph, monkeypatch):
    train, loss = program()
    waiter = tf.train.GlobalStepWaiterHook(wait_until_step=3)
    monkeypatch.setattr(waiter, "_POLL_SECS", 0.01)

    class Trains(tf.train.SessionRunHook):
        def after_create_session(self, session, coord):
            def work():
                for _ in range(3):
                    time.sleep(0.02)
                    session.run(train)

            thread = threading.Thread(target=work)
            thread.start()
            coord.register_thread(thread)

    with tf.train.MonitoredSession(hooks=[waiter, Trains()]) as session:
        session.run(loss)
        assert session.run("global_step:0") == 3


def test_a_timer_of_seconds_waits_for_them(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    timer = tf.train.SecondOrStepTimer(every_secs=2.0)
    assert timer.should_trigger_for_step(0) and timer.update_last_triggered_step(0) == (None, None)
    now[0] = 101.9
    assert not timer.should_trigger_for_step(1)
    now[0] = 102.0
    assert timer.should_trigger_for_step(1) and not timer.should_trigger_for_step(0)
    assert timer.update_last_triggered_step(5) == (2.0, 5)


def test_the_class_is_the_public_one():
    assert tf.train.MonitoredSession is MonitoredSession


@pytest.mark.parametrize("written", [True, False])
def test_the_graph_is_written_beside_checkpoints_unless_it_is_not_wanted(tmp_path, graph, written):
    step = tf.train.get_or_create_global_step()
    count = tf.assign_add(step, 1)
    hook = tf.train.CheckpointSaverHook(str(tmp_path), save_steps=1, saver=tf.train.Saver(), save_graph_def=written)
    with tf.train.MonitoredTrainingSession(hooks=[hook]) as session:
        session.run(count)
    assert (tmp_path / "graph.pbtxt").exists() == (tmp_path / "model.ckpt-1.meta").exists() == written
    (events,) = tmp_path.glob("events*")
    kinds = [event.WhichOneof("what") for event in tf.train.summary_iterator(str(events))]
    assert kinds[:3] == ["file_version", "graph_def", "meta_graph_def"]
    if written:
        from scopeflow.engine.text_format import merge

        told = merge((tmp_path / "graph.pbtxt").read_text(), tf.GraphDef())
        assert {"global_step", "AssignAdd"} <= {node.name for node in told.node}
        with tf.Graph().as_default(), tf.Session() as session:
            tf.train.import_meta_graph(str(tmp_path / "model.ckpt-1.meta")).restore(
                session, str(tmp_path / "model.ckpt-1")
            )
            assert session.run("global_step:0") == 1


def test_a_hooked_session_calls_hooks_around_the_runs_of_a_session_that_is_open():
    from scopeflow.compat.stand_in import make_module

    class Doubling(tf.train.SessionRunHook):
        def before_run(self, run_context):
            return tf.train.SessionRunArgs(y, {x: 3.0})

        def after_run(self, run_context, run_values):
            seen.append(float(run_values.results))
            if len(seen) == 2:
                run_context.request_stop()

    seen = []
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [])
        y = 2.0 * x
        hooked = make_module("tensorflow.python.training.monitored_session")._HookedSession(session, [Doubling()])
        assert hooked.run(y + 1.0) == 7 and not hooked.should_stop() and hooked.graph is session.graph
        with pytest.raises(RuntimeError, match="Same tensor is fed by a SessionRunHook and user"):
            hooked.run(y, {x: 1.0})
        assert hooked.run([y]) == [6] and hooked.should_stop() and seen == [6, 6]
        with pytest.raises(RuntimeError, match="Run called even after should_stop requested"):
            hooked.run(y)
        assert session.run(y, {x: 1.0}) == 2
