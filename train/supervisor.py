"""`tf.train.Supervisor`: a session that is prepared, watched and saved by threads beside the training."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from ..engine.errors import AbortedError
from ..engine.graph import Graph, get_default_graph
from ..engine.session import ConfigProto, Session
from ..scopes.keys import GraphKeys
from ..scopes.variables import global_variables, global_variables_initializer, report_uninitialized_variables
from .coordinator import Coordinator, LooperThread
from .meta_graph import write_graph
from .saver import Saver, export_meta_graph
from .scaffold import Scaffold, SessionManager, saver_of_graph
from .steps import get_global_step
from .steps import global_step as value_of_step
from .summary.messages import SessionLog, Summary
from .summary.ops import merge_all
from .summary.writer import FileWriter

_log = logging.getLogger("scopeflow")


class _UseDefault:
    """Stands for: what the graph has, or else what is made for it."""

    def __repr__(self) -> str:
        return "Supervisor.USE_DEFAULT"


USE_DEFAULT: Any = _UseDefault()


class Supervisor:
    """Prepares a session (restored from `logdir`, or initialized) and lets threads save, summarize and count beside it.

    With a `logdir`, `managed_session` starts threads that write a checkpoint every `save_model_secs`, the summaries
    every `save_summaries_secs`, and the global steps done per second. The graph is read-only from here on. What is
    left at USE_DEFAULT is found in the graph's collections or made; None leaves it out.

    No checkpoint is written at the end: `sv.saver.save(sess, sv.save_path, global_step=sv.global_step)` does that.
    Raises NotImplementedError for `is_chief=False`: there is one process.
    """

    USE_DEFAULT = USE_DEFAULT

    def __init__(
        self,
        graph: Graph | None = None,
        ready_op: Any = USE_DEFAULT,
        ready_for_local_init_op: Any = USE_DEFAULT,
        is_chief: bool = True,
        init_op: Any = USE_DEFAULT,
        init_feed_dict: Mapping[Any, Any] | None = None,
        local_init_op: Any = USE_DEFAULT,
        logdir: str | os.PathLike[str] | None = None,
        summary_op: Any = USE_DEFAULT,
        saver: Any = USE_DEFAULT,
        global_step: Any = USE_DEFAULT,
        save_summaries_secs: float = 120,
        save_model_secs: float = 600,
        recovery_wait_secs: float = 30,
        stop_grace_secs: float = 120,
        checkpoint_basename: str = "model.ckpt",
        session_manager: SessionManager | None = None,
        summary_writer: Any = USE_DEFAULT,
        init_fn: Callable[[Session], Any] | None = None,
        local_init_run_options: Any = None,
    ) -> None:
        if not is_chief:
            raise NotImplementedError("is_chief=False: scopeflow runs in one process, which is the chief.")
        self._graph = graph or get_default_graph()
        self._logdir = None if logdir is None else os.fspath(logdir)
        self.is_chief = True
        self.coord = Coordinator()
        self.init_feed_dict, self.init_fn = init_feed_dict, init_fn
        self.save_summaries_secs, self.save_model_secs = save_summaries_secs, save_model_secs
        self._stop_grace_secs = stop_grace_secs
        self.save_path = os.path.join(self._logdir, checkpoint_basename) if self._logdir else None
        with self._graph.as_default():
            self.ready_op = self._default(ready_op, GraphKeys.READY_OP, report_uninitialized_variables)
            self.ready_for_local_init_op = self._default(
                ready_for_local_init_op, GraphKeys.READY_FOR_LOCAL_INIT_OP, lambda: None
            )
            self.init_op = self._default(init_op, GraphKeys.INIT_OP, global_variables_initializer)
            self.local_init_op = self._default(local_init_op, GraphKeys.LOCAL_INIT_OP, Scaffold.default_local_init_op)
            self.saver = saver_of_graph(self._new_saver) if saver is USE_DEFAULT else saver
            self.summary_op = self._default(summary_op, GraphKeys.SUMMARY_OP, merge_all)
            self.global_step = get_global_step() if global_step is USE_DEFAULT else global_step
        self._graph.finalize()
        if summary_writer is USE_DEFAULT:
            summary_writer = FileWriter(self._logdir) if self._logdir else None
        self.summary_writer = summary_writer
        self._graph_is_written = False
        self.session_manager = session_manager or SessionManager(
            local_init_op=self.local_init_op,
            ready_op=self.ready_op,
            ready_for_local_init_op=self.ready_for_local_init_op,
            graph=self._graph,
            recovery_wait_secs=recovery_wait_secs,
        )

    def _default(self, given: Any, key: str, make: Callable[[], Any]) -> Any:
        if given is not USE_DEFAULT:
            return given
        collected = self._graph.get_collection(key)
        if collected:
            return collected[0]
        made = make()
        if made is not None:
            self._graph.add_to_collection(key, made)
        return made

    def _new_saver(self) -> Saver | None:
        if not global_variables():
            return None
        saver = Saver()
        self._graph.add_to_collection(GraphKeys.SAVERS, saver)
        return saver

    # -- the session ------------------------------------------------------------------------------------------------

    @contextmanager
    def managed_session(
        self,
        master: str = "",
        config: ConfigProto | None = None,
        start_standard_services: bool = True,
        close_summary_writer: bool = True,
    ) -> Iterator[Session]:
        """A prepared session with its threads; as it ends, they are stopped and what went wrong in them is raised.

        An OutOfRangeError inside (the input has ended) ends it without an error.
        """
        session = self.prepare_or_wait_for_session(master, config, start_standard_services=start_standard_services)
        try:
            yield session
        except Exception as error:
            self.request_stop(error)
        finally:
            try:
                self.stop(close_summary_writer=close_summary_writer)
            finally:
                with suppress(Exception):
                    session.close()

    def prepare_or_wait_for_session(
        self,
        master: str = "",
        config: ConfigProto | None = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        start_standard_services: bool = True,
    ) -> Session:
        """A session restored from the newest checkpoint in `logdir`, or initialized; its threads started."""
        self.coord.clear_stop()
        if self.summary_writer is not None:
            self.summary_writer.reopen()
        session = self.session_manager.prepare_session(
            master,
            init_op=self.init_op,
            saver=self.saver,
            checkpoint_dir=self._logdir,
            wait_for_checkpoint=wait_for_checkpoint,
            max_wait_secs=max_wait_secs,
            config=config,
            init_feed_dict=None if self.init_feed_dict is None else dict(self.init_feed_dict),
            init_fn=self.init_fn,
        )
        if self._logdir:
            write_graph(self._graph.as_graph_def(add_shapes=True), self._logdir, "graph.pbtxt")
        if self.summary_writer is not None and not self._graph_is_written:
            self.summary_writer.add_graph(self._graph)
            told = self.saver.saver_def if self.saver is not None else None
            self.summary_writer.add_meta_graph(export_meta_graph(graph=self._graph, saver_def=told))
            self._graph_is_written = True
        if start_standard_services:
            _log.info("Starting standard services.")
            self.start_standard_services(session)
        _log.info("Starting queue runners.")
        self.start_queue_runners(session)
        return session

    PrepareSession = prepare_or_wait_for_session

    def start_standard_services(self, sess: Session) -> list[LooperThread] | None:
        """Start the threads that save, summarize and count; None (and a warning) without a `logdir`."""
        if not self._logdir:
            _log.warning("Standard services need a 'logdir' passed to the SessionManager")
            return None
        if self.global_step is not None and self.summary_writer is not None:
            step = value_of_step(sess, self.global_step)
            self.summary_writer.add_session_log(SessionLog(status=SessionLog.START), step)
        threads: list[LooperThread] = []
        if self.save_summaries_secs and self.summary_writer is not None:
            if self.summary_op is not None:
                threads.append(LooperThread(self.coord, self.save_summaries_secs, self._summarize, [sess]))
            if self.global_step is not None:
                threads.append(_StepCounter(self, sess))
        if self.saver is not None and self.save_model_secs:
            threads.append(LooperThread(self.coord, self.save_model_secs, self._save, [sess]))
        for thread in threads:
            thread.start()
        return threads

    StartStandardServices = start_standard_services

    def _summarize(self, sess: Session) -> None:
        if self.global_step is None:
            self.summary_writer.add_summary(sess.run(self.summary_op))
            return
        summary, step = sess.run([self.summary_op, self.global_step])
        _log.info("Recording summary at step %s.", step)
        self.summary_writer.add_summary(summary, step)

    def _save(self, sess: Session) -> None:
        assert self.saver is not None and self.save_path is not None
        _log.info("Saving checkpoint to path %s", self.save_path)
        self.saver.save(sess, self.save_path, global_step=self.global_step)
        if self.summary_writer is not None and self.global_step is not None:
            log = SessionLog(status=SessionLog.CHECKPOINT, checkpoint_path=self.save_path)
            self.summary_writer.add_session_log(log, value_of_step(sess, self.global_step))

    def start_queue_runners(self, sess: Session, queue_runners: Sequence[Any] | None = None) -> list:
        """Start the threads of the queue runners: these, or those of the graph."""
        if queue_runners is None:
            queue_runners = self._graph.get_collection(GraphKeys.QUEUE_RUNNERS)
        threads = []
        for runner in queue_runners:
            threads += runner.create_threads(sess, coord=self.coord, daemon=True, start=True)
        return threads

    StartQueueRunners = start_queue_runners

    def loop(
        self,
        timer_interval_secs: float | None,
        target: Callable[..., Any],
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> LooperThread:
        """Start a thread that calls `target` at intervals until the supervisor stops."""
        return LooperThread.loop(self.coord, timer_interval_secs, target, args, kwargs)

    Loop = loop

    def summary_computed(self, sess: Session, summary: Any, global_step: Any = None) -> None:
        """Write a summary at a step (the graph's). Raises RuntimeError without a writer."""
        if self.summary_writer is None:
            raise RuntimeError("Writing a summary requires a summary writer.")
        if global_step is None and self.global_step is not None:
            global_step = value_of_step(sess, self.global_step)
        self.summary_writer.add_summary(summary, global_step)

    SummaryComputed = summary_computed

    # -- stopping ---------------------------------------------------------------------------------------------------

    def stop(
        self, threads: Sequence[Any] | None = None, close_summary_writer: bool = True, ignore_live_threads: bool = False
    ) -> None:
        """Stop the threads and wait for them; what went wrong in one is raised."""
        self.coord.request_stop()
        try:
            self.coord.join(threads, self._stop_grace_secs, ignore_live_threads)
        finally:
            if close_summary_writer and self.summary_writer is not None:
                self.summary_writer.add_session_log(SessionLog(status=SessionLog.STOP))
                self.summary_writer.close()
                self._graph_is_written = False

    Stop = stop

    def request_stop(self, ex: Any = None) -> None:
        self.coord.request_stop(ex)

    RequestStop = request_stop

    def should_stop(self) -> bool:
        return self.coord.should_stop()

    ShouldStop = should_stop

    def stop_on_exception(self) -> Any:
        return self.coord.stop_on_exception()

    StopOnException = stop_on_exception

    def wait_for_stop(self) -> bool:
        return self.coord.wait_for_stop()

    WaitForStop = wait_for_stop


class _StepCounter(LooperThread):
    """Writes and logs the global steps done per second."""

    def __init__(self, supervisor: Supervisor, session: Session) -> None:
        super().__init__(supervisor.coord, supervisor.save_summaries_secs)
        self._supervisor, self._session = supervisor, session
        self._tag = f"{supervisor.global_step.op.name}/sec"

    def start_loop(self) -> None:
        self._last_time = time.monotonic()
        self._last_step = value_of_step(self._session, self._supervisor.global_step)

    def run_loop(self) -> None:
        step, now = value_of_step(self._session, self._supervisor.global_step), time.monotonic()
        elapsed, added = now - self._last_time, step - self._last_step
        self._last_time, self._last_step = now, step
        rate = added / elapsed if elapsed > 0 else 0.0
        value = Summary.Value(tag=self._tag, simple_value=rate)
        self._supervisor.summary_writer.add_summary(Summary(value=[value]), step)
        _log.info("%s: %g", self._tag, rate)


def basic_train_loop(
    supervisor: Supervisor,
    train_step_fn: Callable[..., Any],
    args: Sequence[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    master: str = "",
) -> None:
    """Call ``train_step_fn(session, *args, **kwargs)`` until the supervisor stops; after AbortedError, anew."""
    while True:
        try:
            with supervisor.managed_session(master) as session:
                while not supervisor.should_stop():
                    train_step_fn(session, *(args or ()), **(kwargs or {}))
            return
        except AbortedError:
            continue
