"""Hooks of monitored sessions: what happens before, after and around each of their runs."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine.errors import OutOfRangeError
from ..engine.graph import Tensor, get_default_graph
from ..scopes.keys import GraphKeys
from .meta_graph import write_graph
from .saver import Saver, export_meta_graph
from .scaffold import Scaffold
from .steps import get_global_step
from .summary.messages import SessionLog, Summary
from .summary.writer import FileWriter, FileWriterCache

_log = logging.getLogger("scopeflow")


class SessionRunArgs(NamedTuple):
    """What a hook adds to a run: fetches (of any nesting), feeds."""

    fetches: Any
    feed_dict: Mapping[Any, Any] | None = None
    options: Any = None


class SessionRunValues(NamedTuple):
    """What a run gave for the fetches that a hook added."""

    results: Any
    options: Any
    run_metadata: Any


class SessionRunContext:
    """A run as hooks see it: what was asked for, the session, and a way to make it the last."""

    def __init__(self, original_args: SessionRunArgs, session: Any) -> None:
        self._original_args, self._session, self._stop_requested = original_args, session, False

    @property
    def original_args(self) -> SessionRunArgs:
        return self._original_args

    @property
    def session(self) -> Any:
        """The `tf.Session` that runs."""
        return self._session

    @property
    def stop_requested(self) -> bool:
        return self._stop_requested

    def request_stop(self) -> None:
        """Let `should_stop` of the monitored session be true from now on."""
        self._stop_requested = True


class SessionRunHook:
    """What a monitored session calls: once each for its life, and around every run. All do nothing here."""

    def begin(self) -> None:
        """Before the session is made; the graph may still be changed."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """With each new `tf.Session`, its variables initialized; the graph is finalized."""

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Before a run: what to add to it, or None."""
        return None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """After a run that raised nothing; what this raises ends the session."""

    def end(self, session: Any) -> None:
        """Before the session closes, unless an exception closes it."""


class SecondOrStepTimer:
    """Says when something is due again: after so many seconds, or so many steps; at first, at once."""

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None) -> None:
        if every_secs is None and every_steps is None:
            raise ValueError("Either every_secs or every_steps should be provided.")
        if every_secs is not None and every_steps is not None:
            raise ValueError("Can not provide both every_secs and every_steps.")
        self._every_secs, self._every_steps = every_secs, every_steps
        self.reset()

    def reset(self) -> None:
        self._last_step: int | None = None
        self._last_time = 0.0

    def should_trigger_for_step(self, step: int) -> bool:
        if self._last_step is None:
            return True
        if step == self._last_step:
            return False
        if self._every_secs is not None:
            return time.time() >= self._last_time + self._every_secs
        assert self._every_steps is not None
        return step >= self._last_step + self._every_steps

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """Note that it happened: (seconds, steps) since the time before, or twice None."""
        now, last_step, last_time = time.time(), self._last_step, self._last_time
        self._last_step, self._last_time = step, now
        return (None, None) if last_step is None else (now - last_time, step - last_step)

    def last_triggered_step(self) -> int | None:
        return self._last_step


_READ = "global_step_read_op_cache"  # TensorFlow's name of the collection


def _needed_step(hook: object) -> tuple[Any, Any]:
    """(The graph's global step, its value before what a run does to it). Raises RuntimeError where there is none."""
    step = get_global_step()
    if step is None:
        raise RuntimeError(f"Global step should be created to use {type(hook).__name__}.")
    graph = get_default_graph()
    if not graph.get_collection(_READ):  # ops that only read run first; a fetched variable has its last value
        with graph.control_dependencies(None), graph.name_scope(None):
            graph.add_to_collection(_READ, step + 0)
    return step, graph.get_collection(_READ)[0]


class LoggingTensorHook(SessionRunHook):
    """Logs values of tensors (a list of them or of their names, or a dict of tags), at intervals or at the end."""

    def __init__(
        self,
        tensors: Any,
        every_n_iter: int | None = None,
        every_n_secs: float | None = None,
        at_end: bool = False,
        formatter: Callable[[dict[Any, Any]], str] | None = None,
    ) -> None:
        self._only_at_end = at_end and every_n_iter is None and every_n_secs is None
        if not self._only_at_end and (every_n_iter is None) == (every_n_secs is None):
            raise ValueError("either at_end and/or exactly one of every_n_iter and every_n_secs must be provided.")
        if every_n_iter is not None and every_n_iter <= 0:
            raise ValueError(f"invalid every_n_iter={every_n_iter}.")
        self._tensors = dict(tensors) if isinstance(tensors, Mapping) else {item: item for item in tensors}
        self._tag_order = sorted(tensors) if isinstance(tensors, Mapping) else list(tensors)
        self._timer = None if self._only_at_end else SecondOrStepTimer(every_n_secs, every_n_iter)
        self._at_end, self._formatter = at_end, formatter

    def begin(self) -> None:
        if self._timer is not None:
            self._timer.reset()
        self._iteration, self._due = 0, False
        graph = get_default_graph()
        self._current = {tag: graph.as_graph_element(tensor) for tag, tensor in self._tensors.items()}

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        self._due = self._timer is not None and self._timer.should_trigger_for_step(self._iteration)
        return SessionRunArgs(self._current) if self._due else None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if self._due:
            self._tell(run_values.results)
        self._iteration += 1

    def end(self, session: Any) -> None:
        if self._at_end:
            self._tell(session.run(self._current))

    def _tell(self, values: dict[Any, Any]) -> None:
        seconds = None if self._timer is None else self._timer.update_last_triggered_step(self._iteration)[0]
        with np.printoptions(suppress=True):
            if self._formatter:
                _log.info(self._formatter(values))
                return
            stats = ", ".join(f"{_label(tag)} = {values[tag]!s}" for tag in self._tag_order)
        if seconds is None:
            _log.info("%s", stats)
        else:
            _log.info("%s (%.3f sec)", stats, seconds)


def _label(tag: Any) -> str:
    return tag.name if isinstance(tag, Tensor) else str(tag)


class StopAtStepHook(SessionRunHook):
    """Asks to stop when the global step has reached `last_step`, or grown by `num_steps` since the session began."""

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        if num_steps is None and last_step is None:
            raise ValueError("One of num_steps or last_step must be specified.")
        if num_steps is not None and last_step is not None:
            raise ValueError("Only one of num_steps or last_step can be specified.")
        self._num_steps, self._last_step = num_steps, last_step

    def begin(self) -> None:
        self._step, self._step_before = _needed_step(self)

    def after_create_session(self, session: Any, coord: Any) -> None:
        if self._last_step is None:
            assert self._num_steps is not None
            self._last_step = int(session.run(self._step)) + self._num_steps

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._step_before)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        assert self._last_step is not None
        # The run was told the step before it; what became of that is worth a run of its own near the end only.
        if run_values.results + 1 >= self._last_step and run_context.session.run(self._step) >= self._last_step:
            run_context.request_stop()


class CheckpointSaverListener:
    """What CheckpointSaverHook calls around each checkpoint. All do nothing here."""

    def begin(self) -> None: ...

    def before_save(self, session: Any, global_step_value: int) -> None: ...

    def after_save(self, session: Any, global_step_value: int) -> bool | None:
        """After a checkpoint is written; True asks the session to stop."""
        return None

    def end(self, session: Any, global_step_value: int) -> None: ...


class CheckpointSaverHook(SessionRunHook):
    """Saves a checkpoint when the session begins, every so many steps or seconds, and when it ends.

    The Saver is `saver`, the scaffold's, or the one of the graph's collection SAVERS. Unless `save_graph_def` is False
    the graph is written too: as graph.pbtxt, and beside each checkpoint.
    """

    def __init__(
        self,
        checkpoint_dir: str | os.PathLike[str],
        save_secs: float | None = None,
        save_steps: int | None = None,
        saver: Saver | None = None,
        checkpoint_basename: str = "model.ckpt",
        scaffold: Scaffold | None = None,
        listeners: Iterable[CheckpointSaverListener] | None = None,
        save_graph_def: bool = True,
    ) -> None:
        _log.info("Create CheckpointSaverHook.")
        if saver is not None and scaffold is not None:
            raise ValueError("You cannot provide both saver and scaffold.")
        self._saver, self._scaffold = saver, scaffold
        self._checkpoint_dir = os.fspath(checkpoint_dir)
        self._save_path = os.path.join(self._checkpoint_dir, checkpoint_basename)
        self._timer = SecondOrStepTimer(save_secs, save_steps)
        self._listeners = list(listeners or ())
        self._save_graph_def = save_graph_def

    def begin(self) -> None:
        self._writer = FileWriterCache.get(self._checkpoint_dir)
        self._step, self._step_before = _needed_step(self)
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: Any, coord: Any) -> None:
        step = int(session.run(self._step))
        if self._save_graph_def:
            write_graph(session.graph.as_graph_def(add_shapes=True), self._checkpoint_dir, "graph.pbtxt")
        self._writer.add_graph(session.graph)
        self._writer.add_meta_graph(export_meta_graph(graph=session.graph, saver_def=self._get_saver().saver_def))
        self._save(session, step)
        self._timer.update_last_triggered_step(step)

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._step_before)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if not self._timer.should_trigger_for_step(run_values.results + 1):
            return
        step = int(run_context.session.run(self._step))
        if self._timer.should_trigger_for_step(step):
            self._timer.update_last_triggered_step(step)
            if self._save(run_context.session, step):
                run_context.request_stop()

    def end(self, session: Any) -> None:
        step = int(session.run(self._step))
        if step != self._timer.last_triggered_step():
            self._save(session, step)
        for listener in self._listeners:
            listener.end(session, step)

    def _save(self, session: Any, step: int) -> bool:
        """Write a checkpoint: whether a listener asks to stop."""
        _log.info("Saving checkpoints for %d into %s.", step, self._save_path)
        for listener in self._listeners:
            listener.before_save(session, step)
        self._get_saver().save(session, self._save_path, global_step=step, write_meta_graph=self._save_graph_def)
        self._writer.add_session_log(SessionLog(status=SessionLog.CHECKPOINT, checkpoint_path=self._save_path), step)
        self._writer.flush()
        wishes = [listener.after_save(session, step) for listener in self._listeners]
        return any(wishes)

    def _get_saver(self) -> Saver:
        if self._saver is None and self._scaffold is not None:
            return self._scaffold.saver
        if self._saver is None:
            savers = get_default_graph().get_collection(GraphKeys.SAVERS)
            if not savers:
                raise RuntimeError(
                    "No items in collection savers. Please add a saver to the collection or provide a saver or "
                    "scaffold."
                )
            if len(savers) > 1:
                raise RuntimeError(
                    "More than one item in collection savers. Please indicate which one to use by passing it to the "
                    "constructor."
                )
            self._saver = savers[0]
        return self._saver


class StepCounterHook(SessionRunHook):
    """Logs how many global steps a second are done, and writes that as the summary "global_step/sec"."""

    _STANDSTILLS = 5  # runs that leave the step where it is, before a warning

    def __init__(
        self,
        every_n_steps: int | None = 100,
        every_n_secs: float | None = None,
        output_dir: str | os.PathLike[str] | None = None,
        summary_writer: FileWriter | None = None,
    ) -> None:
        if (every_n_steps is None) == (every_n_secs is None):
            raise ValueError("exactly one of every_n_steps and every_n_secs should be provided.")
        self._timer = SecondOrStepTimer(every_n_secs, every_n_steps)
        self._writer, self._output_dir = summary_writer, output_dir
        self._last_step: int | None = None
        self._standstills = 0

    def begin(self) -> None:
        if self._writer is None and self._output_dir is not None:
            self._writer = FileWriterCache.get(self._output_dir)
        self._step, self._step_before = _needed_step(self)
        self._tag = f"{self._step.op.name}/sec"

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._step_before)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        stale = int(run_values.results)
        if self._timer.should_trigger_for_step(stale + 1):
            step = int(run_context.session.run(self._step))
            if self._timer.should_trigger_for_step(step):
                seconds, steps = self._timer.update_last_triggered_step(step)
                if seconds is not None and steps is not None:
                    self._tell(steps / max(seconds, 1e-9), step)
        self._warn_of_standstill(stale)

    def _tell(self, rate: float, step: int) -> None:
        if self._writer is not None:
            self._writer.add_summary(Summary(value=[Summary.Value(tag=self._tag, simple_value=rate)]), step)
        _log.info("%s: %g", self._tag, rate)

    def _warn_of_standstill(self, stale: int) -> None:
        self._standstills = self._standstills + 1 if stale == self._last_step else 0
        if self._standstills == self._STANDSTILLS:
            _log.warning(
                "It seems that global step (tf.train.get_global_step) has not been increased. Current value (could be "
                "stable): %s vs previous value: %s. You could increase the global step by passing "
                "tf.train.get_global_step() to Optimizer.apply_gradients or Optimizer.minimize.",
                stale,
                self._last_step,
            )
        self._last_step = stale


class NanLossDuringTrainingError(RuntimeError):
    """The loss is not a number any more."""

    def __str__(self) -> str:
        return "NaN loss during training."


class NanTensorHook(SessionRunHook):
    """Raises NanLossDuringTrainingError when the loss is NaN, or, with `fail_on_nan_loss=False`, asks to stop."""

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True) -> None:
        self._loss, self._fail = loss_tensor, fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(self._loss)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if not np.isnan(run_values.results):
            return
        told = "Model diverged with loss = NaN."
        if self._fail:
            _log.error(told)
            raise NanLossDuringTrainingError
        _log.warning(told)
        run_context.request_stop()


class SummarySaverHook(SessionRunHook):
    """Writes `summary_op` (one or a list), or the scaffold's, every so many steps or seconds, from the first run on."""

    def __init__(
        self,
        save_steps: int | None = None,
        save_secs: float | None = None,
        output_dir: str | os.PathLike[str] | None = None,
        summary_writer: FileWriter | None = None,
        scaffold: Scaffold | None = None,
        summary_op: Any = None,
    ) -> None:
        if (scaffold is None) == (summary_op is None):
            raise ValueError("Exactly one of scaffold or summary_op must be provided.")
        self._summary_op, self._scaffold = summary_op, scaffold
        self._writer, self._output_dir = summary_writer, output_dir
        self._timer = SecondOrStepTimer(save_secs, save_steps)

    def begin(self) -> None:
        if self._writer is None and self._output_dir is not None:
            self._writer = FileWriterCache.get(self._output_dir)
        self._step, self._step_before = _needed_step(self)
        self._next_step: int | None = None

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        self._due = self._next_step is None or self._timer.should_trigger_for_step(self._next_step)
        requests = {"global_step": self._step_before}
        summaries = self._summaries()
        if self._due and summaries:
            requests["summaries"] = summaries
        return SessionRunArgs(requests)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if self._writer is None:
            return
        step = int(run_values.results["global_step"]) + 1
        if self._due:
            step = int(run_context.session.run(self._step))
            if self._next_step is None:
                self._writer.add_session_log(SessionLog(status=SessionLog.START), step)
            self._timer.update_last_triggered_step(step)
            for summary in run_values.results.get("summaries", ()):
                self._writer.add_summary(summary, step)
        self._next_step = step + 1

    def end(self, session: Any) -> None:
        if self._writer is not None:
            self._writer.flush()

    def _summaries(self) -> list[Any]:
        op = self._summary_op
        if op is None and self._scaffold is not None:
            op = self._scaffold.summary_op
        if op is None:
            return []
        return list(op) if isinstance(op, Sequence) else [op]


class GlobalStepWaiterHook(SessionRunHook):
    """Lets the first run wait until the global step, which another thread moves, has come to `wait_until_step`."""

    _POLL_SECS = 0.5

    def __init__(self, wait_until_step: int) -> None:
        self._wait_until_step = wait_until_step

    def begin(self) -> None:
        self._waited = False
        self._step, self._step_before = _needed_step(self)

    def before_run(self, run_context: SessionRunContext) -> None:
        if self._waited or self._wait_until_step <= 0:
            self._waited = True
            return
        _log.info("Waiting for global step %d before starting training.", self._wait_until_step)
        while run_context.session.run(self._step) < self._wait_until_step:
            time.sleep(self._POLL_SECS)
        self._waited = True


class FinalOpsHook(SessionRunHook):
    """Runs something as the session ends; its values are then in `final_ops_values`."""

    def __init__(self, final_ops: Any, final_ops_feed_dict: Mapping[Any, Any] | None = None) -> None:
        self._final_ops, self._feed_dict = final_ops, final_ops_feed_dict
        self._values: Any = None

    @property
    def final_ops_values(self) -> Any:
        return self._values

    def end(self, session: Any) -> None:
        if self._final_ops is None:
            return
        try:
            self._values = session.run(self._final_ops, feed_dict=self._feed_dict)
        except (OutOfRangeError, StopIteration) as error:
            _log.warning(
                "An OutOfRangeError or StopIteration exception is raised by the code in FinalOpsHook: %s", error
            )
            raise


class FeedFnHook(SessionRunHook):
    """Feeds what `feed_fn()` gives, anew for every run."""

    def __init__(self, feed_fn: Callable[[], Mapping[Any, Any]]) -> None:
        self.feed_fn = feed_fn

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        return SessionRunArgs(fetches=None, feed_dict=self.feed_fn())
