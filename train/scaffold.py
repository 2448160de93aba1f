"""What a session needs before it can train: `Scaffold`, `SessionManager`, and the makers of ready sessions."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.errors import FailedPreconditionError
from ..engine.graph import Graph, Operation, get_default_graph
from ..engine.ops.effects import group
from ..engine.session import ConfigProto, Session
from ..scopes.keys import GraphKeys
from ..scopes.variables import (
    global_variables,
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
)
from .checkpoint.state import get_checkpoint_state, latest_checkpoint
from .saver import Saver
from .summary.ops import merge_all

_log = logging.getLogger("scopeflow")


def saver_of_graph(missing: Callable[[], Saver | None]) -> Saver | None:
    """The one Saver of the collection SAVERS, or what `missing` gives. Raises RuntimeError for several."""
    savers = get_default_graph().get_collection(GraphKeys.SAVERS)
    if len(savers) > 1:
        raise RuntimeError(
            "More than one item in collection savers. Please indicate which one to use by passing it to the "
            "constructor."
        )
    return savers[0] if savers else missing()


class Scaffold:
    """The ops, the functions and the Saver that a MonitoredSession starts with; `finalize` makes those not given.

    `init_op` runs (with `init_feed_dict`) where no checkpoint is found, then `init_fn(scaffold, session)`;
    `local_init_op` runs in any case. `ready_op` and `ready_for_local_init_op` give the names of the variables that
    are not initialized. `summary_op` is what SummarySaverHook writes. With `copy_from_scaffold`, what is not given
    is that scaffold's.
    """

    def __init__(
        self,
        init_op: Any = None,
        init_feed_dict: dict[Any, Any] | None = None,
        init_fn: Callable[[Scaffold, Session], Any] | None = None,
        ready_op: Any = None,
        ready_for_local_init_op: Any = None,
        local_init_op: Any = None,
        summary_op: Any = None,
        saver: Saver | None = None,
        copy_from_scaffold: Scaffold | None = None,
        local_init_feed_dict: dict[Any, Any] | None = None,
    ) -> None:
        if copy_from_scaffold is not None and not isinstance(copy_from_scaffold, Scaffold):
            raise TypeError("copy_from_scaffold is not a Scaffold instance.")

        def given(value: Any, name: str) -> Any:
            return getattr(copy_from_scaffold, name) if value is None and copy_from_scaffold is not None else value

        self.init_op = given(init_op, "init_op")
        self.init_feed_dict = given(init_feed_dict, "init_feed_dict")
        self._user_init_fn = given(init_fn, "_user_init_fn")
        self.init_fn = None if self._user_init_fn is None else lambda session: self._user_init_fn(self, session)
        self.ready_op = given(ready_op, "ready_op")
        self.ready_for_local_init_op = given(ready_for_local_init_op, "ready_for_local_init_op")
        self.local_init_op = given(local_init_op, "local_init_op")
        self.local_init_feed_dict = given(local_init_feed_dict, "local_init_feed_dict")
        self.summary_op = given(summary_op, "summary_op")
        self.saver = given(saver, "saver")

    def finalize(self) -> Scaffold:
        """Make what was not given, in the default graph, and make that graph read-only."""
        get = self.get_or_default
        self.init_op = get("init_op", GraphKeys.INIT_OP, lambda: group(global_variables_initializer()))
        self.ready_op = get("ready_op", GraphKeys.READY_OP, report_uninitialized_variables)
        self.ready_for_local_init_op = get(
            "ready_for_local_init_op",
            GraphKeys.READY_FOR_LOCAL_INIT_OP,
            lambda: report_uninitialized_variables(global_variables()),
        )
        self.local_init_op = get("local_init_op", GraphKeys.LOCAL_INIT_OP, self.default_local_init_op)
        self.summary_op = get("summary_op", GraphKeys.SUMMARY_OP, merge_all)
        if self.saver is None:
            self.saver = saver_of_graph(_default_saver)
        if self.saver is not None:
            self.saver.build()
        get_default_graph().finalize()
        _log.info("Graph was finalized.")
        return self

    def get_or_default(self, arg_name: str, collection_key: str, default_constructor: Callable[[], Any]) -> Any:
        """What was given, or the one item of the collection, or what the constructor makes (and is collected)."""
        value = getattr(self, arg_name)
        if value is not None:
            return value
        graph = get_default_graph()
        collected = graph.get_collection(collection_key)
        if len(collected) > 1:
            raise RuntimeError(
                f"More than one item in the collection {collection_key!r}. Please indicate which one to use by passing "
                f"it to the tf.Scaffold constructor as:  tf.Scaffold({arg_name}=item to use)"
            )
        if collected:
            return collected[0]
        value = default_constructor()
        if value is not None:
            graph.add_to_collection(collection_key, value)
        return value

    @staticmethod
    def default_local_init_op() -> Operation:
        """Initializes local variables and tables."""
        return group(local_variables_initializer(), *get_default_graph().get_collection(GraphKeys.TABLE_INITIALIZERS))


def _default_saver() -> Saver:
    saver = Saver(sharded=True, allow_empty=True)
    get_default_graph().add_to_collection(GraphKeys.SAVERS, saver)
    return saver


class SessionManager:
    """Makes sessions whose variables are there: from a checkpoint, or from the ops that initialize them."""

    def __init__(
        self,
        local_init_op: Any = None,
        ready_op: Any = None,
        ready_for_local_init_op: Any = None,
        graph: Graph | None = None,
        recovery_wait_secs: float = 30,
        local_init_run_options: Any = None,
        local_init_feed_dict: dict[Any, Any] | None = None,
    ) -> None:
        if ready_for_local_init_op is not None and ready_op is None:
            raise ValueError(
                "If you pass a ready_for_local_init_op you must also pass a ready_op , "
                f"ready_for_local_init_op [{ready_for_local_init_op}]"
            )
        self._local_init_op, self._local_init_feed_dict = local_init_op, local_init_feed_dict
        self._ready_op, self._ready_for_local_init_op = ready_op, ready_for_local_init_op
        self._graph = graph or get_default_graph()
        self._recovery_wait_secs = recovery_wait_secs

    def prepare_session(
        self,
        master: str,
        init_op: Any = None,
        saver: Saver | None = None,
        checkpoint_dir: str | os.PathLike[str] | None = None,
        checkpoint_filename_with_path: str | None = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        config: ConfigProto | None = None,
        init_feed_dict: dict[Any, Any] | None = None,
        init_fn: Callable[[Session], Any] | None = None,
    ) -> Session:
        """A session with all variables initialized: restored if a checkpoint is there, else by `init_op` and `init_fn`.

        Raises RuntimeError where variables are left without a value, or nothing was given to initialize them with.
        """
        session, restored = self._restored(
            master, saver, checkpoint_dir, checkpoint_filename_with_path, wait_for_checkpoint, max_wait_secs, config
        )
        try:
            if not restored:
                if init_op is None and not init_fn and self._local_init_op is None:
                    raise RuntimeError("Model is not initialized and no init_op or init_fn or local_init_op was given")
                if init_op is not None:
                    session.run(init_op, feed_dict=init_feed_dict)
                if init_fn:
                    init_fn(session)
            missing = self._initialize_local(session)
            what = " for local_init" if missing else ""
            missing = missing or _not_ready(session, self._ready_op)
            if missing:
                name = getattr(init_op, "name", init_op)
                raise RuntimeError(
                    f"Init operations did not make model ready{what}.  Init op: {name}, init fn: {init_fn}, "
                    f"local_init_op: {getattr(self._local_init_op, 'name', None)}, error: {missing}"
                )
        except BaseException:
            session.close()
            raise
        return session

    def recover_session(
        self,
        master: str,
        saver: Saver | None = None,
        checkpoint_dir: str | os.PathLike[str] | None = None,
        checkpoint_filename_with_path: str | None = None,
        wait_for_checkpoint: bool = False,
        max_wait_secs: float = 7200,
        config: ConfigProto | None = None,
    ) -> tuple[Session, bool]:
        """(A session, whether a checkpoint was found and made all its variables ready)."""
        session, restored = self._restored(
            master, saver, checkpoint_dir, checkpoint_filename_with_path, wait_for_checkpoint, max_wait_secs, config
        )
        if not restored:
            return session, False
        missing = self._initialize_local(session) or _not_ready(session, self._ready_op)
        if missing:
            _log.info("Restoring model from %s did not make model ready: %s", checkpoint_dir, missing)
        else:
            _log.info("Restored model from %s", checkpoint_dir)
        return session, not missing

    def _restored(
        self,
        master: str,
        saver: Saver | None,
        folder: str | os.PathLike[str] | None,
        path: str | None,
        wait: bool,
        max_wait_secs: float,
        config: ConfigProto | None,
    ) -> tuple[Session, bool]:
        if folder and path:
            raise ValueError("Can not provide both checkpoint_dir and checkpoint_filename_with_path.")
        session = Session(master, graph=self._graph, config=config)
        if saver is None or not (folder or path):
            return session, False
        try:
            if not folder:
                saver.restore(session, path)
                return session, True
            deadline = time.monotonic() + max_wait_secs
            newest = latest_checkpoint(folder)
            while newest is None and wait and time.monotonic() < deadline:
                _log.info("Waiting for checkpoint to be available.")
                time.sleep(self._recovery_wait_secs)
                newest = latest_checkpoint(folder)
            if newest is None:
                return session, False
            saver.restore(session, newest)
            state = get_checkpoint_state(folder)
            saver.recover_last_checkpoints(state.all_model_checkpoint_paths if state else [newest])
        except BaseException:
            session.close()
            raise
        return session, True

    def _initialize_local(self, session: Session) -> str:
        """Run the local initialization: what is missing for that, or ""."""
        if self._local_init_op is None:
            return ""
        missing = _not_ready(session, self._ready_for_local_init_op)
        if not missing:
            _log.info("Running local_init_op.")
            session.run(self._local_init_op, feed_dict=self._local_init_feed_dict)
            _log.info("Done running local_init_op.")
        return missing


def _not_ready(session: Session, ready_op: Any) -> str:
    """Which variables have no value, in a sentence; "" where all have."""
    if ready_op is None:
        return ""
    try:
        names = session.run(ready_op)
    except FailedPreconditionError as error:
        return f"Variables not initialized: {error.message}"
    if np.size(names) == 0:
        return ""
    return "Variables not initialized: " + ", ".join(name.decode() for name in np.ravel(names))


class SessionCreator:
    """What makes the session of a MonitoredSession."""

    def create_session(self) -> Session:
        raise NotImplementedError(f"create_session is not implemented for {self}.")


class ChiefSessionCreator(SessionCreator):
    """Makes sessions by a Scaffold: restored from `checkpoint_dir` (or one file), else initialized."""

    def __init__(
        self,
        scaffold: Scaffold | None = None,
        master: str = "",
        config: ConfigProto | None = None,
        checkpoint_dir: str | os.PathLike[str] | None = None,
        checkpoint_filename_with_path: str | None = None,
    ) -> None:
        self._scaffold = scaffold or Scaffold()
        self._master, self._config = master, config
        self._checkpoint_dir, self._checkpoint_path = checkpoint_dir, checkpoint_filename_with_path
        self._manager: SessionManager | None = None

    def create_session(self) -> Session:
        scaffold = self._scaffold
        if self._manager is None:  # a second session, after a failure, finds all made
            scaffold.finalize()
            self._manager = SessionManager(
                local_init_op=scaffold.local_init_op,
                ready_op=scaffold.ready_op,
                ready_for_local_init_op=scaffold.ready_for_local_init_op,
                local_init_feed_dict=scaffold.local_init_feed_dict,
            )
        return self._manager.prepare_session(
            self._master,
            init_op=scaffold.init_op,
            saver=scaffold.saver,
            checkpoint_dir=self._checkpoint_dir,
            checkpoint_filename_with_path=self._checkpoint_path,
            config=self._config,
            init_feed_dict=scaffold.init_feed_dict,
            init_fn=scaffold.init_fn,
        )
