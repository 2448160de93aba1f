"""`tf.train.QueueRunner`: threads that run a queue's enqueue operations until the input ends or all stop."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..engine import errors
from ..engine.errors import OpError, OutOfRangeError
from ..engine.graph import add_to_collection, get_default_graph, get_default_session
from ..engine.message import MessageObject
from ..engine.meta_protos import prepend_name_scope, register_proto_function, strip_name_scope
from ..engine.session import Session
from ..engine.wire import Field, Message
from ..scopes.keys import GraphKeys
from .coordinator import Coordinator

_log = logging.getLogger("scopeflow")


class QueueRunnerDef(MessageObject):
    """A queue runner by the names of its queue and operations."""

    message = Message(
        "QueueRunnerDef",
        Field(1, "queue_name", "string"),
        Field(2, "enqueue_op_name", "string", repeated=True),
        Field(3, "close_op_name", "string"),
        Field(4, "cancel_op_name", "string"),
        Field(5, "queue_closed_exception_types", "enum", repeated=True),
    )
    enums = {"queue_closed_exception_types": {code: name for name, code in vars(errors).items() if name.isupper()}}


class QueueRunner:
    """Keeps a queue filled: a thread for each of `enqueue_ops`, which may name one operation several times.

    A thread ends when its operation raises one of `queue_closed_exception_types` (by default OutOfRangeError, as at an
    input's end); the last one runs `close_op`, so that who takes elements learns of it. When the coordinator stops,
    `cancel_op` runs. By default these are ``queue.close()`` and ``queue.close(cancel_pending_enqueues=True)``.

    `queue_runner_def` tells all of it by the names that operations have in the default graph, below `import_scope`.
    Raises ValueError without a queue or operations.
    """

    def __init__(
        self,
        queue: Any = None,
        enqueue_ops: Sequence[Any] | None = None,
        close_op: Any = None,
        cancel_op: Any = None,
        queue_closed_exception_types: tuple[type[OpError], ...] | None = None,
        queue_runner_def: QueueRunnerDef | None = None,
        import_scope: str | None = None,
    ) -> None:
        if queue_runner_def is not None:
            if queue or enqueue_ops:
                raise ValueError("queue_runner_def and queue are mutually exclusive.")
            queue, enqueue_ops, close_op, cancel_op = _elements(queue_runner_def, import_scope)
            queue_closed_exception_types = _classes(queue_runner_def.queue_closed_exception_types) or None
        if not queue or not enqueue_ops:
            raise ValueError("Must provide queue and enqueue_ops.")
        self._queue = queue
        self._enqueue_ops = list(enqueue_ops)
        self._close_op = queue.close() if close_op is None else close_op
        self._cancel_op = queue.close(cancel_pending_enqueues=True) if cancel_op is None else cancel_op
        if queue_closed_exception_types is None:
            queue_closed_exception_types = (OutOfRangeError,)
        self._closed_by = _checked_types(queue_closed_exception_types)
        self._lock = threading.Lock()
        self._running: weakref.WeakKeyDictionary[Session, int] = weakref.WeakKeyDictionary()  # how many threads
        self._exceptions_raised: list[BaseException] = []

    @property
    def queue(self) -> Any:
        return self._queue

    @property
    def enqueue_ops(self) -> list[Any]:
        return self._enqueue_ops

    @property
    def close_op(self) -> Any:
        return self._close_op

    @property
    def cancel_op(self) -> Any:
        return self._cancel_op

    @property
    def queue_closed_exception_types(self) -> tuple[type[OpError], ...]:
        return self._closed_by

    @property
    def exceptions_raised(self) -> list[BaseException]:
        """What has ended threads that have no coordinator to tell it."""
        return self._exceptions_raised

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._queue.name

    def create_threads(
        self, sess: Session, coord: Coordinator | None = None, daemon: bool = False, start: bool = False
    ) -> list[threading.Thread]:
        """The threads for one session, registered with `coord`; none where those of an earlier call still run.

        Without a coordinator an exception that is not of an input's end is kept in `exceptions_raised`.
        """
        with self._lock:
            if self._running.get(sess):
                return []
            self._running[sess] = len(self._enqueue_ops)
            self._exceptions_raised.clear()
        calls: list[tuple[str, Callable[..., None], tuple[Any, ...]]] = [
            (f"QueueRunnerThread-{self.name}-{op.name}", self._run, (sess, op, coord)) for op in self._enqueue_ops
        ]
        if coord is not None:
            calls.append((f"QueueRunnerThread-{self.name}-close_on_stop", self._close_on_stop, (sess, coord)))
        threads = [threading.Thread(name=name, target=call, args=args) for name, call, args in calls]
        for thread in threads:
            thread.daemon = daemon
            if coord is not None:
                coord.register_thread(thread)
            if start:
                thread.start()
        return threads

    def to_proto(self, export_scope: str | None = None) -> QueueRunnerDef | None:
        """The runner as a message; None where its queue is outside the scope."""
        if export_scope and not self.name.startswith(export_scope):
            return None

        def named(item: Any) -> str:
            return strip_name_scope(item.name, export_scope)

        return QueueRunnerDef(
            queue_name=named(self._queue),
            enqueue_op_name=[named(op) for op in self._enqueue_ops],
            close_op_name=named(self._close_op),
            cancel_op_name=named(self._cancel_op),
            queue_closed_exception_types=[kind.error_code for kind in self._closed_by],
        )

    @staticmethod
    def from_proto(queue_runner_def: QueueRunnerDef, import_scope: str | None = None) -> QueueRunner:
        """The runner of an imported graph."""
        return QueueRunner(queue_runner_def=queue_runner_def, import_scope=import_scope)

    def _run(self, sess: Session, enqueue_op: Any, coord: Coordinator | None) -> None:
        """One thread: run the operation until it, or the coordinator, says that it is over."""
        at_the_end = False
        try:
            enqueue = sess.make_callable(enqueue_op)
            while not (coord is not None and coord.should_stop()):
                enqueue()
        except self._closed_by:
            at_the_end = True
        except Exception as error:
            if coord is not None:
                coord.request_stop(error)
            else:
                _log.error("Exception in QueueRunner: %s", error)
                with self._lock:
                    self._exceptions_raised.append(error)
        finally:
            if self._leave(sess) == 0 and at_the_end:
                self._try(sess, self._close_op)

    def _leave(self, sess: Session) -> int:
        """One thread fewer; how many are left."""
        with self._lock:
            self._running[sess] = self._running.get(sess, 1) - 1
            return self._running[sess]

    def _close_on_stop(self, sess: Session, coord: Coordinator) -> None:
        coord.wait_for_stop()
        self._try(sess, self._cancel_op)

    def _try(self, sess: Session, op: Any) -> None:
        try:
            sess.run(op)
        except Exception as error:  # it is closed already, or the session is
            _log.debug("Ignored exception: %s", error)


def _elements(told: QueueRunnerDef, import_scope: str | None) -> tuple[Any, list[Any], Any, Any]:
    """What a message names: the queue, the operations that fill it, those that close it."""

    def found(name: str) -> Any:
        return get_default_graph().as_graph_element(prepend_name_scope(name, import_scope))

    queue, *ops = map(found, (told.queue_name, *told.enqueue_op_name))
    return queue, ops, found(told.close_op_name), found(told.cancel_op_name)


def _classes(codes: Sequence[int]) -> tuple[type[OpError], ...]:
    return tuple(kind for code in codes for kind in OpError.__subclasses__() if kind.error_code == code)


def _checked_types(types: Any) -> tuple[type[OpError], ...]:
    known = isinstance(types, tuple) and all(isinstance(t, type) and issubclass(t, OpError) for t in types)
    if not (known and types):
        raise TypeError(
            f"queue_closed_exception_types, when provided, must be a tuple of tf.error types, but saw: {types}"
        )
    return types


def add_queue_runner(qr: QueueRunner, collection: str = GraphKeys.QUEUE_RUNNERS) -> None:
    """Let `start_queue_runners` start it."""
    add_to_collection(collection, qr)


def start_queue_runners(
    sess: Session | None = None,
    coord: Coordinator | None = None,
    daemon: bool = True,
    start: bool = True,
    collection: str = GraphKeys.QUEUE_RUNNERS,
) -> list[threading.Thread]:
    """Start the threads of all queue runners of the graph, in `sess` or the default session; the list of them.

    Raises ValueError without a session, TypeError for what is none.
    """
    if sess is None:
        sess = get_default_session()
        if sess is None:
            raise ValueError(
                "Cannot start queue runners: No default session is registered. Use `with sess.as_default()` or pass "
                "an explicit session to tf.start_queue_runners(sess=sess)"
            )
    if hasattr(sess, "run_step_fn"):
        return []  # a monitored session has started them itself
    if not isinstance(sess, Session):
        raise TypeError(f"sess must be a `tf.Session` object. Given class: {type(sess)}")
    runners: Iterable[QueueRunner] = sess.graph.get_collection(collection)
    return [thread for runner in runners for thread in runner.create_threads(sess, coord, daemon, start)]


register_proto_function(GraphKeys.QUEUE_RUNNERS, QueueRunnerDef, QueueRunner.to_proto, QueueRunner.from_proto)

__all__ = ["QueueRunner", "QueueRunnerDef", "add_queue_runner", "start_queue_runners"]
