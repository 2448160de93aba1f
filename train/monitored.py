"""Monitored sessions: they initialize or restore by themselves, call hooks, and save when they are told to end."""

from __future__ import annotations

import inspect
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from ..engine.errors import AbortedError, OutOfRangeError, UnavailableError
from ..engine.graph import Graph, get_default_graph
from ..engine.session import ConfigProto, Session
from ..scopes.keys import GraphKeys
from .coordinator import Coordinator
from .hooks import (
    CheckpointSaverHook,
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
    StepCounterHook,
    SummarySaverHook,
)
from .scaffold import ChiefSessionCreator, Scaffold, SessionCreator

_log = logging.getLogger("scopeflow")
USE_DEFAULT = object()
_PREEMPTION_ERRORS = (AbortedError, UnavailableError)


class Terminated(SystemExit):
    """SIGTERM came, and a session that nobody asks `should_stop` has saved and closed itself."""


class _Terminations:
    """Notes SIGTERM instead of dying of it, from its making (in the main thread) until `restore`."""

    def __init__(self) -> None:
        self.came = False
        self._over = False
        self._watching = threading.current_thread() is threading.main_thread()
        if self._watching:
            self._former = signal.signal(signal.SIGTERM, self._note)

    def _note(self, number: int, frame: Any) -> None:
        if not self._over:
            self.came = True
            return
        signal.signal(number, self._former)  # the session ended where handlers cannot be set
        signal.raise_signal(number)

    def restore(self) -> None:
        """Give the signal back to the former handler, which hears of it now if it came and is a function."""
        if not self._watching or self._over:
            return
        self._over = True
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == self._note:
            signal.signal(signal.SIGTERM, self._former)
            if self.came and callable(self._former):
                self._former(signal.SIGTERM, None)


class StepContext:
    """What a step function of `run_step_fn` gets."""

    def __init__(self, session: Session, run_with_hooks: Callable[..., Any]) -> None:
        self._session, self._run_with_hooks = session, run_with_hooks

    @property
    def session(self) -> Session:
        """The `tf.Session` itself: its runs call no hooks."""
        return self._session

    def run_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
        """As `run` of the monitored session."""
        return self._run_with_hooks(*args, **kwargs)

    def request_stop(self) -> None:
        """End the loop by StopIteration, which the session's `with` takes well."""
        raise StopIteration("step_fn has requested the iterations to stop.")


class _HookedSession:
    """A session whose runs call hooks; once one of them has asked to stop, no more runs."""

    def __init__(self, sess: Session, hooks: Iterable[SessionRunHook]) -> None:
        self._sess, self._hooks, self._stop_requested = sess, list(hooks), False

    graph = property(lambda self: self._sess.graph)

    def should_stop(self) -> bool:
        """Whether a hook has asked to stop."""
        return self._stop_requested

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """As `tf.Session.run`. Raises RuntimeError after a hook has asked to stop, and where a tensor is fed twice."""
        if self._stop_requested:
            raise RuntimeError("Run called even after should_stop requested.")
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), self._sess)
        asked, feeds = self._ask_hooks(context, fetches, feed_dict)
        results = self._sess.run(asked, feeds, options, run_metadata)
        for hook in self._hooks:
            hook.after_run(context, SessionRunValues(results.get(hook), options, run_metadata))
        self._stop_requested = context.stop_requested
        return results["caller"]

    def _ask_hooks(self, context: SessionRunContext, fetches: Any, feed_dict: Any) -> tuple[dict[Any, Any], Any]:
        """What to fetch, for the caller and for each hook, and what to feed."""
        asked: dict[Any, Any] = {"caller": fetches}
        feeds: dict[Any, Any] = {}
        for hook in self._hooks:
            request = hook.before_run(context)
            if request is None:
                continue
            if request.fetches is not None:
                asked[hook] = request.fetches
            if request.feed_dict:
                _check_disjoint(feeds, request.feed_dict, "Same tensor is fed by two hooks.")
                feeds.update(request.feed_dict)
        _check_disjoint(feeds, feed_dict or {}, "Same tensor is fed by a SessionRunHook and user.")
        return asked, {**feeds, **(feed_dict or {})} or None


class _MonitoredSession:
    """A session with hooks. SIGTERM, while it is open, makes `should_stop` true, so that it ends as it always does.

    A program that never asks `should_stop` is ended by its next run: the session calls the hooks' `end` (which save),
    closes, and raises SystemExit. In the main thread only; the former handler of the signal comes back with `close`.
    """

    StepContext = StepContext

    def __init__(
        self,
        session_creator: SessionCreator | None,
        hooks: Iterable[SessionRunHook] | None,
        should_recover: bool,
        stop_grace_period_secs: float = 120,
    ) -> None:
        self._graph_was_finalized = get_default_graph().finalized
        self._hooks = list(hooks or ())
        for hook in self._hooks:
            hook.begin()
        self._creator = session_creator or ChiefSessionCreator()
        self._should_recover, self._grace_secs = should_recover, stop_grace_period_secs
        self._sess: Session | None = None
        self._coord: Coordinator | None = None
        self._closed, self._stop_requested, self._is_asked = False, False, False
        self._open()
        self._terminations = _Terminations()

    def _open(self) -> Session:
        """The session; a new one where the last was lost."""
        if self._closed:
            raise RuntimeError("Session is already closed.")
        if self._sess is None:
            session, coord = self._creator.create_session(), Coordinator(clean_stop_exception_types=[])
            try:
                for runner in session.graph.get_collection(GraphKeys.QUEUE_RUNNERS):
                    runner.create_threads(session, coord=coord, daemon=True, start=True)
                for hook in self._hooks:
                    hook.after_create_session(session, coord)
            except BaseException:
                coord.request_stop()
                session.close()
                raise
            self._sess, self._coord = session, coord
        return self._sess

    def _tf_sess(self) -> Session | None:
        """The session itself, as programs get at it to save checkpoints or to run without hooks."""
        return self._sess

    @property
    def graph(self) -> Graph | None:
        """The session's graph; None once it is closed."""
        return None if self._sess is None else self._sess.graph

    def run(
        self,
        fetches: Any,
        feed_dict: Mapping[Any, Any] | None = None,
        options: Any = None,
        run_metadata: Any = None,
    ) -> Any:
        """As `tf.Session.run`, with the hooks called around it.

        Raises RuntimeError after a hook has asked to stop, and where a tensor is fed twice.
        """
        self._leave_if_terminated()
        return self._recovering(lambda session: self._run(session, fetches, feed_dict, options, run_metadata))

    def run_step_fn(self, step_fn: Callable[..., Any]) -> Any:
        """What ``step_fn(step_context)`` gives; it chooses which of its runs call hooks.

        Raises ValueError for a function of other arguments.
        """
        names = tuple(inspect.signature(step_fn).parameters)
        if names != ("step_context",):
            raise ValueError(
                "`step_fn` may either have one `step_context` argument, or `self` and `step_context` arguments if it's "
                f"an instance method. Got {names} instead."
            )
        self._leave_if_terminated()
        return self._recovering(
            lambda session: step_fn(
                StepContext(session, lambda f, feed_dict=None, **more: self._run(session, f, feed_dict, **more))
            )
        )

    def _recovering(self, call: Callable[[Session], Any]) -> Any:
        """Call it, in a new session from the last checkpoint where one was lost (AbortedError, UnavailableError)."""
        while True:
            session = self._open()
            try:
                return call(session)
            except _PREEMPTION_ERRORS as error:
                if not self._should_recover:
                    raise
                _log.info(
                    "An error was raised. This may be due to a preemption. The current session will be closed and a "
                    "new session will be created. Error: %s",
                    error,
                )
                self._drop()

    def _run(
        self, session: Session, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None
    ) -> Any:
        if self._stops():
            raise RuntimeError("Run called even after should_stop requested.")
        hooked = _HookedSession(session, self._hooks)
        try:
            return hooked.run(fetches, feed_dict, options, run_metadata)
        except _PREEMPTION_ERRORS:
            raise
        except Exception:
            assert self._coord is not None
            self._coord.raise_requested_exception()  # what another thread failed with is the cause
            raise
        finally:
            self._stop_requested |= hooked.should_stop()

    def should_stop(self) -> bool:
        """Whether a hook, a thread or SIGTERM asks to stop, or the session is closed."""
        self._is_asked = True
        return self._closed or self._terminations.came or self._stops()

    def _stops(self) -> bool:
        if self._stop_requested or self._coord is None:
            return self._stop_requested
        self._coord.raise_requested_exception()
        return self._coord.should_stop()

    def _leave_if_terminated(self) -> None:
        if self._terminations.came and not self._is_asked and not self._closed:
            _log.info("SIGTERM: the session ends here.")
            self.close()
            raise Terminated(128 + signal.SIGTERM)

    def close(self) -> None:
        """Call the hooks' `end`, stop the threads, and close. Raises RuntimeError the second time."""
        self._close(clean=True)

    def _close(self, clean: bool) -> None:
        if self._closed:
            raise RuntimeError("Session is already closed.")
        try:
            if clean:
                session = self._open()
                for hook in self._hooks:
                    hook.end(session)
        finally:
            self._closed = True
            try:
                self._drop()
            finally:
                if not self._graph_was_finalized:
                    get_default_graph()._unsafe_unfinalize()
                self._terminations.restore()

    def _drop(self) -> None:
        """Stop the threads and close the session; what a thread failed with is raised."""
        session, coord, self._sess, self._coord = self._sess, self._coord, None, None
        if session is None or coord is None:
            return
        coord.request_stop()
        try:
            coord.join(stop_grace_period_secs=self._grace_secs, ignore_live_threads=True)
        finally:
            with suppress(Exception):
                session.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: Any) -> bool:
        if isinstance(error, Terminated):
            return False
        if isinstance(error, (OutOfRangeError, StopIteration)):
            kind = None
        self._close(clean=kind is None)
        return kind is None


def _check_disjoint(hook_feeds: Mapping[Any, Any], more: Mapping[Any, Any], message: str) -> None:
    conflicts = [tensor for tensor in more if tensor in hook_feeds]
    if conflicts:
        raise RuntimeError(f"{message} Conflict(s): {conflicts}")


class MonitoredSession(_MonitoredSession):
    """A session that initializes or restores by itself, calls hooks, and goes on in a new session after a lost one.

    An OutOfRangeError (the input has ended) or StopIteration inside its `with` ends it without an error. What the
    session creator and the hooks need is made in the default graph, which is read-only while the session is open.
    """

    def __init__(
        self,
        session_creator: SessionCreator | None = None,
        hooks: Iterable[SessionRunHook] | None = None,
        stop_grace_period_secs: float = 120,
    ) -> None:
        super().__init__(session_creator, hooks, True, stop_grace_period_secs)


class SingularMonitoredSession(_MonitoredSession):
    """A MonitoredSession that is one and the same session all along, `raw_session()`."""

    def __init__(
        self,
        hooks: Iterable[SessionRunHook] | None = None,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: ConfigProto | None = None,
        checkpoint_dir: str | os.PathLike[str] | None = None,
        stop_grace_period_secs: float = 120,
        checkpoint_filename_with_path: str | None = None,
    ) -> None:
        creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path)
        super().__init__(creator, hooks, False, stop_grace_period_secs)

    def raw_session(self) -> Session | None:
        return self._tf_sess()


def MonitoredTrainingSession(
    master: str = "",
    is_chief: bool = True,
    checkpoint_dir: str | os.PathLike[str] | None = None,
    scaffold: Scaffold | None = None,
    hooks: Iterable[SessionRunHook] | None = None,
    chief_only_hooks: Iterable[SessionRunHook] | None = None,
    save_checkpoint_secs: Any = USE_DEFAULT,
    save_summaries_steps: Any = USE_DEFAULT,
    save_summaries_secs: Any = USE_DEFAULT,
    config: ConfigProto | None = None,
    stop_grace_period_secs: float = 120,
    log_step_count_steps: int | None = 100,
    max_wait_secs: float = 7200,
    save_checkpoint_steps: Any = USE_DEFAULT,
    summary_dir: str | os.PathLike[str] | None = None,
    save_graph_def: bool = True,
) -> MonitoredSession:
    """A MonitoredSession that restores from `checkpoint_dir` and saves there, by default every 600 seconds.

    Summaries (by default every 100 steps) and steps per second go to `summary_dir`, or `checkpoint_dir`. Raises
    NotImplementedError for what is not the chief: there is one process.
    """
    if not is_chief:
        raise NotImplementedError("is_chief=False: scopeflow runs in one process, which is the chief.")
    if save_summaries_steps is USE_DEFAULT and save_summaries_secs is USE_DEFAULT:
        save_summaries_steps = 100
    if save_checkpoint_secs is USE_DEFAULT and save_checkpoint_steps is USE_DEFAULT:
        save_checkpoint_secs = 600
    summary_steps, summary_secs, checkpoint_steps, checkpoint_secs = (
        None if value is USE_DEFAULT else value
        for value in (save_summaries_steps, save_summaries_secs, save_checkpoint_steps, save_checkpoint_secs)
    )
    scaffold = scaffold or Scaffold()
    all_hooks = list(chief_only_hooks or ())
    summary_dir = summary_dir or checkpoint_dir
    if summary_dir and log_step_count_steps and log_step_count_steps > 0:
        all_hooks.append(StepCounterHook(output_dir=summary_dir, every_n_steps=log_step_count_steps))
    if summary_dir and ((summary_steps or 0) > 0 or (summary_secs or 0) > 0):
        all_hooks.append(SummarySaverHook(summary_steps, summary_secs, summary_dir, scaffold=scaffold))
    if checkpoint_dir and ((checkpoint_secs or 0) > 0 or (checkpoint_steps or 0) > 0):
        all_hooks.append(CheckpointSaverHook(checkpoint_dir, checkpoint_secs, checkpoint_steps, scaffold=scaffold))
    all_hooks += hooks or ()
    creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir)
    return MonitoredSession(creator, all_hooks, stop_grace_period_secs)
