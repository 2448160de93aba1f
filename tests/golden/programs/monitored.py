"""Monitored sessions: what is called when, what is written, what is refused."""

import os
import tempfile

import numpy as np

from ..cases import golden
from ..helpers import said


def recorder(tf, name, log, fetch=None, stop_after=None):
    """A hook that notes each of its calls."""

    class Recorder(tf.train.SessionRunHook):
        def begin(self):
            self.runs = 0
            log.append(f"{name} begin, graph finalized {tf.get_default_graph().finalized}")

        def after_create_session(self, session, coord):
            log.append(f"{name} created, graph finalized {session.graph.finalized}, stops {coord.should_stop()}")

        def before_run(self, context):
            log.append(f"{name} before {list(context.original_args.feed_dict or {})!r} {context.stop_requested}")
            return None if fetch is None else tf.train.SessionRunArgs(fetch)

        def after_run(self, context, values):
            self.runs += 1
            log.append(f"{name} after {values.results!s} {context.stop_requested}")
            if self.runs == stop_after:
                context.request_stop()

        def end(self, session):
            log.append(f"{name} end")

    return Recorder()


def listener(tf, log):
    class Listener(tf.train.CheckpointSaverListener):
        def begin(self):
            log.append("listener begins")

        def before_save(self, session, step):
            log.append(f"before saving {step}")

        def after_save(self, session, step):
            log.append(f"after saving {step}")
            return step >= 6

        def end(self, session, step):
            log.append(f"listener ends {step}")

    return Listener()


def program(tf):
    """(A step of training, its loss)."""
    step = tf.train.get_or_create_global_step()
    x = tf.get_variable("x", [], initializer=tf.zeros_initializer())
    loss = tf.square(x - 3.0, name="loss")
    tf.summary.scalar("seen", loss)
    return tf.train.GradientDescentOptimizer(0.25).minimize(loss, global_step=step), loss


def contents(tf, folder):
    """The events of a folder (without those of graphs), and the names of its checkpoints."""
    found = []
    tf.summary.FileWriterCache.get(folder).flush()
    for name in sorted(os.listdir(folder)):
        if "tfevents" in name:
            for event in tf.train.summary_iterator(os.path.join(folder, name)):
                if event.WhichOneof("what") in ("summary", "session_log"):
                    tags = [value.tag for value in event.summary.value]
                    found.append([event.WhichOneof("what"), event.step, event.session_log.status, tags])
    return [found, sorted(name for name in os.listdir(folder) if name.endswith(".index"))]


@golden()
def training_session(tf):
    """Hooks in their order, checkpoints and summaries at their steps; then once more, going on from there."""
    log = []
    with tf.Graph().as_default() as graph, tempfile.TemporaryDirectory() as folder:
        train, loss = program(tf)
        first = [recorder(tf, "A", log, loss), recorder(tf, "B", log, stop_after=5)]
        with tf.train.MonitoredTrainingSession(
            checkpoint_dir=folder,
            hooks=first,
            chief_only_hooks=[recorder(tf, "chief", log)],
            save_summaries_steps=2,
            save_checkpoint_steps=3,
            log_step_count_steps=None,
        ) as session:
            losses = [session.run([loss, train])[0]]
            while not session.should_stop():
                losses.append(session.run([loss, train])[0])
            after_stop = said(lambda: session.run(train), "Run called even after should_stop requested.")
        finalized_after = graph.finalized
        first_contents = contents(tf, folder)
        hooks = [
            tf.train.StopAtStepHook(num_steps=4),
            tf.train.CheckpointSaverHook(folder, save_steps=100, listeners=[listener(tf, log)]),
        ]
        with tf.train.MonitoredTrainingSession(
            checkpoint_dir=folder,
            hooks=hooks,
            save_checkpoint_secs=None,
            save_summaries_steps=2,
            log_step_count_steps=2,
        ) as session:
            while not session.should_stop():
                losses.append(session.run([loss, train])[0])
        return {
            "log": log,
            "losses": np.stack(losses),
            "after stop": after_stop,
            "finalized after": finalized_after,
            "first": first_contents,
            "second": contents(tf, folder),
        }


@golden()
def a_listener_stops_the_session(tf):
    log = []
    with tf.Graph().as_default(), tempfile.TemporaryDirectory() as folder:
        train, _ = program(tf)
        saving = tf.train.CheckpointSaverHook(folder, save_steps=2, listeners=[listener(tf, log)])
        saver = tf.train.Saver()
        tf.add_to_collection(tf.GraphKeys.SAVERS, saver)
        with tf.train.SingularMonitoredSession(hooks=[saving]) as session:
            runs = 0
            while not session.should_stop():
                session.run(train)
                runs += 1
        return {"log": log, "runs": runs, "contents": contents(tf, folder)}


ENDS = {
    "nothing": lambda tf, session: None,
    "the input's end": lambda tf, session: raised(tf.errors.OutOfRangeError(None, None, "end")),
    "StopIteration": lambda tf, session: raised(StopIteration()),
    "an error": lambda tf, session: raised(ValueError("wrong")),
    "a step that stops": lambda tf, session: session.run_step_fn(lambda step_context: step_context.request_stop()),
    "a failing run": lambda tf, session: session.run(tf.get_default_graph().get_tensor_by_name("checked:0")),
}


def raised(error):
    raise error


@golden(rows=ENDS)
def how_it_ends(tf, row):
    log = []
    with tf.Graph().as_default():
        program(tf)
        tf.check_numerics(tf.constant(np.nan), "broken", name="checked")

        def whole():
            with tf.train.MonitoredSession(hooks=[recorder(tf, "hook", log)]) as session:
                row(tf, session)

        return {"said": said_or_nothing(whole), "log": log}


def said_or_nothing(call):
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "nothing"


FEEDS = {
    "a hook's": lambda p, q: ([{p: 3.0}], {}),
    "the user's": lambda p, q: ([None], {p: 4.0}),
    "one each": lambda p, q: ([{q: 3.0}], {p: 4.0}),
    "two hooks": lambda p, q: ([{p: 3.0}, {q: 5.0}], None),
    "the same of two hooks": lambda p, q: ([{p: 3.0}, {p: 3.0}], {}),
    "the same of hook and user": lambda p, q: ([{p: 3.0}], {p: 3.0}),
}


@golden(rows=FEEDS)
def feeding(tf, row):
    with tf.Graph().as_default():
        p = tf.placeholder_with_default(1.0, [], name="p")
        q = tf.placeholder_with_default(2.0, [], name="q")
        both = p * 10.0 + q
        hooks, feed = row(p, q)
        values = []
        with tf.train.MonitoredSession(hooks=[tf.train.FeedFnHook(lambda f=f: f) for f in hooks]) as session:
            answer = said(
                lambda: values.append(float(session.run(both, feed))) or raised(RuntimeError("it ran")),
                "it ran|Same tensor is fed by two hooks.|Same tensor is fed by a SessionRunHook and user.",
            )
        return {"said": answer, "values": values}


@golden()
def preparing(tf):
    """What a scaffold makes, what it takes from collections, what it runs."""
    with tf.Graph().as_default() as graph, tempfile.TemporaryDirectory() as folder:
        a = tf.get_variable("a", [], initializer=tf.zeros_initializer())
        b = tf.get_variable("b", [], initializer=tf.zeros_initializer())
        local = tf.Variable(1.0, name="local", collections=[tf.GraphKeys.LOCAL_VARIABLES])
        fed = tf.placeholder(tf.float32, [])
        start = tf.group(tf.assign(a, fed), name="start")
        double = tf.assign(a, a * 2.0)
        scaffold = tf.train.Scaffold(
            init_op=start,
            init_feed_dict={fed: 5.0},
            init_fn=lambda scaffold, session: session.run([double, b.initializer]),
        )
        again = tf.train.Scaffold(copy_from_scaffold=scaffold)
        with tf.train.SingularMonitoredSession(scaffold=scaffold) as session:
            values = session.run([a, b, local])
            scaffold.saver.save(session.raw_session(), os.path.join(folder, "model"))
        with tf.train.SingularMonitoredSession(
            scaffold=again, checkpoint_filename_with_path=os.path.join(folder, "model")
        ) as session:
            values += session.run([a, b, local])
        keys = ("init_op", "ready_op", "ready_for_local_init_op", "local_init_op", "summary_op", "savers")
        return {
            "values": np.stack(values),
            "collected": [len(graph.get_collection(key)) for key in keys],
            "the same": [scaffold.saver is again.saver, scaffold.ready_op is again.ready_op],
            "summary": scaffold.summary_op is None,
        }


def with_two_savers(tf):
    tf.get_variable("v", [], initializer=tf.zeros_initializer())
    for _ in range(2):
        tf.add_to_collection(tf.GraphKeys.SAVERS, tf.train.Saver())
    tf.train.MonitoredSession()


def not_initialized(tf, **given):
    tf.get_variable("v", [], initializer=tf.zeros_initializer())
    tf.get_variable("w", [], initializer=tf.zeros_initializer())
    tf.train.MonitoredSession(tf.train.ChiefSessionCreator(tf.train.Scaffold(init_op=tf.no_op(), **given)))


def diverged(tf):
    program(tf)
    with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook("loss:0")]) as session:
        session.run("loss:0", {"loss:0": np.nan})


REFUSED = {
    "no interval": (lambda tf: tf.train.SecondOrStepTimer(), ["Either every_secs or every_steps should be provided."]),
    "two intervals": (lambda tf: tf.train.SecondOrStepTimer(1, 1), ["Can not provide both every_secs and every_step"]),
    "logging never": (
        lambda tf: tf.train.LoggingTensorHook([]),
        ["either at_end and/or exactly one of every_n_iter and every_n_secs must be provided."],
    ),
    "logging all the time": (lambda tf: tf.train.LoggingTensorHook([], 0), ["invalid every_n_iter=0."]),
    "no last step": (
        lambda tf: tf.train.StopAtStepHook(), ["One of num_steps or last_step must be specified."],
    ),
    "two last steps": (
        lambda tf: tf.train.StopAtStepHook(1, 1), ["Only one of num_steps or last_step can be specified."],
    ),
    "no step to stop at": (
        lambda tf: tf.train.StopAtStepHook(1).begin(), ["Global step should be created to use StopAtStepHook."],
    ),
    "no step to count": (
        lambda tf: tf.train.StepCounterHook(1).begin(), ["Global step should be created to use StepCounterHook."],
    ),
    "no step to save": (
        lambda tf: tf.train.CheckpointSaverHook(tempfile.mkdtemp(), save_steps=1).begin(),
        ["Global step should be created to use CheckpointSaverHook."],
    ),
    "no step to summarize": (
        lambda tf: tf.train.SummarySaverHook(1, summary_op="x").begin(),
        ["Global step should be created to use SummarySaverHook."],
    ),
    "saver and scaffold": (
        lambda tf: tf.train.CheckpointSaverHook("x", save_steps=1, saver=1, scaffold=2),
        ["You cannot provide both saver and scaffold."],
    ),
    "no summaries": (
        lambda tf: tf.train.SummarySaverHook(1), ["Exactly one of scaffold or summary_op must be provided."],
    ),
    "counting twice": (
        lambda tf: tf.train.StepCounterHook(1, 1),
        ["exactly one of every_n_steps and every_n_secs should be provided."],
    ),
    "two savers": (with_two_savers, ["More than one item in collection"]),
    "not initialized": (
        not_initialized,
        ["Init operations did not make model ready for local_init.", "Variables not initialized: v, w"],
    ),
    "a scaffold that is none": (
        lambda tf: tf.train.Scaffold(copy_from_scaffold=3), ["copy_from_scaffold is not a Scaffold instance."],
    ),
    "a loss that is NaN": (diverged, ["NaN loss during training."]),
    "a step function of other arguments": (
        lambda tf: tf.train.MonitoredSession().run_step_fn(lambda session: 1),
        [r"`step_fn` may either have one `step_context` argument, .* Got \('session',\) instead."],
    ),
}  # fmt: skip


@golden(rows=REFUSED)
def refused(tf, row):
    call, parts = row
    with tf.Graph().as_default():
        return {"said": said(lambda: call(tf), *parts)}


@golden()
def timers(tf):
    """When something is due, by steps."""
    timer = tf.train.SecondOrStepTimer(every_steps=3)
    due, elapsed = [], []
    for step in (0, 1, 1, 2, 3, 4, 8, 8, 10, 11):
        due.append(timer.should_trigger_for_step(step))
        if due[-1]:
            elapsed.append(timer.update_last_triggered_step(step)[1])
    last = timer.last_triggered_step()
    timer.reset()
    return {"due": due, "elapsed": elapsed, "last": last, "at once again": timer.should_trigger_for_step(11)}


@golden()
def coordinators(tf):
    """The first error counts; the end of an input is none."""
    answers = []
    coord = tf.train.Coordinator()
    answers.append([coord.should_stop(), coord.joined, coord.wait_for_stop(0.0)])
    with coord.stop_on_exception():
        raise KeyError("the first")
    with coord.stop_on_exception():
        raise ValueError("the second")
    answers.append([coord.should_stop(), coord.joined, coord.wait_for_stop(0.0)])
    answers.append(said(coord.raise_requested_exception, "the first"))
    answers.append(said(coord.join, "the first"))
    answers.append([coord.should_stop(), coord.joined])
    coord.clear_stop()
    answers.append([coord.should_stop(), coord.joined])
    coord.request_stop(tf.errors.OutOfRangeError(None, None, "the end"))
    coord.join([])
    answers.append([coord.should_stop(), coord.joined])
    strict = tf.train.Coordinator(clean_stop_exception_types=[])
    with strict.stop_on_exception():
        raise tf.errors.OutOfRangeError(None, None, "the end")
    answers.append(said(strict.join, "the end"))
    return {"answers": answers}
