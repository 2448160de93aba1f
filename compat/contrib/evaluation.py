"""slim.evaluation and contrib.training's evaluation: checkpoints evaluated as they appear."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...engine.build import constant
from ...engine.dtypes import int64
from ...engine.graph import get_default_graph
from ...engine.ops.state import assign_add
from ...scopes.initializers import zeros_initializer
from ...scopes.keys import GraphKeys
from ...scopes.scope import get_variable
from ...train.checkpoint.state import latest_checkpoint
from ...train.hooks import FinalOpsHook, SessionRunArgs, SessionRunHook
from ...train.monitored import ChiefSessionCreator, MonitoredSession
from ...train.saver import Saver
from ...train.scaffold import Scaffold
from ...train.steps import get_or_create_global_step
from ...train.steps import global_step as value_of_step
from ...train.summary.ops import merge_all
from ...train.summary.writer import FileWriterCache

_log = logging.getLogger("scopeflow")
_USE_DEFAULT = 0  # TensorFlow's mark for "what the graph has", as None means "none"


def get_or_create_eval_step() -> Any:
    """The graph's count of evaluations, a local int64 variable `eval_step`; made where there is none.

    Raises ValueError where the collection EVAL_STEP has several.
    """
    graph = get_default_graph()
    found = graph.get_collection(GraphKeys.EVAL_STEP)
    if len(found) > 1:
        raise ValueError("Multiple tensors added to tf.GraphKeys.EVAL_STEP")
    if found:
        return found[0]
    return get_variable(
        "eval_step",
        shape=[],
        dtype=int64,
        initializer=zeros_initializer(),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.EVAL_STEP],
    )


class StopAfterNEvalsHook(SessionRunHook):
    """Stops an evaluation after `num_evals` runs of what is evaluated (None: never)."""

    def __init__(self, num_evals: int | None, log_progress: bool = True) -> None:
        self._num_evals, self._logs = num_evals, log_progress
        self._completed: Any = None
        self._every = 1 if num_evals is None or num_evals < 20 else num_evals // 10

    def _set_evals_completed_tensor(self, updated_eval_step: Any) -> None:
        self._completed = updated_eval_step

    def before_run(self, run_context: Any) -> Any:
        return SessionRunArgs({"evals_completed": self._completed})

    def after_run(self, run_context: Any, run_values: Any) -> None:
        count = run_values.results["evals_completed"]
        if self._logs and (self._num_evals is None or count % self._every == 0 or self._num_evals == count):
            _log.info("Evaluation [%d%s]", count, "" if self._num_evals is None else f"/{self._num_evals}")
        if self._num_evals is not None and count >= self._num_evals:
            run_context.request_stop()


class SummaryAtEndHook(SessionRunHook):
    """Writes the summaries (by default all of the graph) as an evaluation ends.

    Raises ValueError with neither a folder nor a writer.
    """

    def __init__(
        self, log_dir: str | None = None, summary_writer: Any = None, summary_op: Any = None, feed_dict: Any = None
    ) -> None:
        if log_dir is None and summary_writer is None:
            raise ValueError("One of log_dir or summary_writer should be used.")
        self._log_dir, self._writer, self._feed = log_dir, summary_writer, feed_dict
        self._summary_op, self._finds_op = summary_op, summary_op is None

    def begin(self) -> None:
        if self._finds_op:
            self._summary_op = merge_all()
        self._global_step = get_or_create_global_step()

    def after_create_session(self, session: Any, coord: Any) -> None:
        if self._writer is None and self._log_dir is not None:
            self._writer = FileWriterCache.get(self._log_dir)

    def end(self, session: Any) -> None:
        if self._summary_op is not None:
            step = value_of_step(session, self._global_step)
            self._writer.add_summary(session.run(self._summary_op, self._feed), step)
        self._writer.flush()


# -- checkpoints as they appear -------------------------------------------------------------------------------------


def wait_for_new_checkpoint(
    checkpoint_dir: str, last_checkpoint: str | None = None, seconds_to_sleep: float = 1, timeout: float | None = None
) -> str | None:
    """The newest checkpoint of a folder once it is another than `last_checkpoint`; None after `timeout` seconds."""
    _log.info("Waiting for new checkpoint at %s", checkpoint_dir)
    stop_at = None if timeout is None else time.monotonic() + timeout
    while True:
        found = latest_checkpoint(checkpoint_dir)
        if found is not None and found != last_checkpoint:
            _log.info("Found new checkpoint at %s", found)
            return found
        if stop_at is not None and time.monotonic() + seconds_to_sleep > stop_at:
            return None
        time.sleep(seconds_to_sleep)


def checkpoints_iterator(
    checkpoint_dir: str, min_interval_secs: float = 0, timeout: float | None = None,
    timeout_fn: Callable[[], Any] | None = None,
) -> Iterator[str]:  # fmt: skip
    """New checkpoints of a folder as they appear, at least `min_interval_secs` apart.

    Ends where none appears within `timeout` seconds, unless `timeout_fn()` is there and false.
    """
    path: str | None = None
    while True:
        found = wait_for_new_checkpoint(checkpoint_dir, path, timeout=timeout)
        if found is None:
            if timeout_fn is None:
                _log.info("Timed-out waiting for a checkpoint.")
                return
            if timeout_fn():
                return
            continue
        start, path = time.monotonic(), found
        yield found
        time.sleep(max(start + min_interval_secs - time.monotonic(), 0))


# -- evaluating them ------------------------------------------------------------------------------------------------


def _counted(eval_ops: Any, hooks: Sequence[Any]) -> Any:
    """What is evaluated, together with the count of evaluations; told to the hooks that stop by it."""
    step = get_or_create_eval_step()
    if eval_ops is None:
        return None
    counted = assign_add(step, constant(1, int64))
    for hook in hooks:
        if isinstance(hook, StopAfterNEvalsHook):
            hook._set_evals_completed_tensor(counted)
    return [eval_ops, counted]


def _evaluated(
    path: str, master: str, scaffold: Any, counted: Any, feed_dict: Any, hooks: list, config: Any
) -> None:  # fmt: skip
    creator = ChiefSessionCreator(scaffold=scaffold, checkpoint_filename_with_path=path, master=master, config=config)
    with MonitoredSession(session_creator=creator, hooks=hooks) as session:
        _log.info("Starting evaluation at %s", time.strftime("%Y-%m-%d-%H:%M:%S", time.gmtime()))
        if counted is not None:
            while not session.should_stop():
                session.run(counted, feed_dict)
        _log.info("Finished evaluation at %s", time.strftime("%Y-%m-%d-%H:%M:%S", time.gmtime()))


def evaluate_repeatedly(
    checkpoint_dir: str,
    master: str = "",
    scaffold: Any = None,
    eval_ops: Any = None,
    feed_dict: Any = None,
    final_ops: Any = None,
    final_ops_feed_dict: Any = None,
    eval_interval_secs: float = 60,
    hooks: Sequence[Any] | None = None,
    config: Any = None,
    max_number_of_evaluations: int | None = None,
    timeout: float | None = None,
    timeout_fn: Callable[[], Any] | None = None,
) -> Any:
    """Evaluate each new checkpoint of a folder; gives what `final_ops` were at the end of the last.

    Within an evaluation `eval_ops` run until a hook stops it (StopAfterNEvalsHook); none run where they are None.
    Ends after `max_number_of_evaluations`, or as `checkpoints_iterator` does.
    """
    hooks = list(hooks or [])
    counted = _counted(eval_ops, hooks)
    final = FinalOpsHook(final_ops, final_ops_feed_dict)
    paths = checkpoints_iterator(checkpoint_dir, eval_interval_secs, timeout, timeout_fn)
    for count, path in enumerate(paths, 1):
        _evaluated(path, master, scaffold, counted, feed_dict, [*hooks, final], config)
        if max_number_of_evaluations is not None and count >= max_number_of_evaluations:
            break
    return final.final_ops_values


def _slim(
    num_evals: int, initial_op: Any, initial_op_feed_dict: Any, init_fn: Any, summary_op: Any, logdir: str,
    summary_op_feed_dict: Any, variables_to_restore: Any, hooks: Sequence[Any] | None,
) -> tuple[list, Scaffold]:  # fmt: skip
    """(The hooks, the scaffold) of slim's evaluations."""
    summary_op = merge_all() if summary_op is _USE_DEFAULT else summary_op
    every: list = [StopAfterNEvalsHook(num_evals)]
    if summary_op is not None:
        every.append(SummaryAtEndHook(logdir, summary_op=summary_op, feed_dict=summary_op_feed_dict))
    saver = None if variables_to_restore is None else Saver(variables_to_restore)
    scaffold = Scaffold(init_op=initial_op, init_feed_dict=initial_op_feed_dict, init_fn=init_fn, saver=saver)
    return [*every, *(hooks or [])], scaffold


def evaluate_once(
    master: str,
    checkpoint_path: str,
    logdir: str,
    num_evals: int = 1,
    initial_op: Any = None,
    initial_op_feed_dict: Any = None,
    eval_op: Any = None,
    eval_op_feed_dict: Any = None,
    final_op: Any = None,
    final_op_feed_dict: Any = None,
    summary_op: Any = _USE_DEFAULT,
    summary_op_feed_dict: Any = None,
    variables_to_restore: Any = None,
    session_config: Any = None,
    hooks: Sequence[Any] | None = None,
) -> Any:
    """Evaluate one checkpoint: `eval_op` run `num_evals` times, then `final_op`, whose value is given; summaries last.

    `summary_op` is by default all of the graph's summaries, None for none; they are written to `logdir`.
    `variables_to_restore` are by default all that are saved.
    """
    every, scaffold = _slim(
        num_evals, initial_op, initial_op_feed_dict, None, summary_op, logdir, summary_op_feed_dict,
        variables_to_restore, hooks,
    )  # fmt: skip
    counted, final = _counted(eval_op, every), FinalOpsHook(final_op, final_op_feed_dict)
    _evaluated(checkpoint_path, master, scaffold, counted, eval_op_feed_dict, [*every, final], session_config)
    return final.final_ops_values


def evaluation_loop(
    master: str,
    checkpoint_dir: str,
    logdir: str,
    num_evals: int = 1,
    initial_op: Any = None,
    initial_op_feed_dict: Any = None,
    init_fn: Callable | None = None,
    eval_op: Any = None,
    eval_op_feed_dict: Any = None,
    final_op: Any = None,
    final_op_feed_dict: Any = None,
    summary_op: Any = _USE_DEFAULT,
    summary_op_feed_dict: Any = None,
    variables_to_restore: Any = None,
    eval_interval_secs: float = 60,
    max_number_of_evaluations: int | None = None,
    session_config: Any = None,
    timeout: float | None = None,
    timeout_fn: Callable[[], Any] | None = None,
    hooks: Sequence[Any] | None = None,
) -> Any:
    """`evaluate_once` of each new checkpoint of a folder, as `evaluate_repeatedly` finds them."""
    every, scaffold = _slim(
        num_evals, initial_op, initial_op_feed_dict, init_fn, summary_op, logdir, summary_op_feed_dict,
        variables_to_restore, hooks,
    )  # fmt: skip
    return evaluate_repeatedly(
        checkpoint_dir,
        master,
        scaffold,
        eval_op,
        eval_op_feed_dict,
        final_op,
        final_op_feed_dict,
        eval_interval_secs,
        every,
        session_config,
        max_number_of_evaluations,
        timeout,
        timeout_fn,
    )


__all__ = [
    "StopAfterNEvalsHook", "SummaryAtEndHook", "checkpoints_iterator", "evaluate_once", "evaluate_repeatedly",
    "evaluation_loop", "get_or_create_eval_step", "wait_for_new_checkpoint",
]  # fmt: skip
