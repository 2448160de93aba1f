"""Event files: `tf.summary.FileWriter` writes them, `tf.train.summary_iterator` reads them."""

from __future__ import annotations

import os
import socket
import threading
import time
import warnings
import weakref
from collections.abc import Iterator
from typing import Any, BinaryIO, ClassVar

import numpy as np

from ...data.records import framed, read_records
from ...engine.file_errors import as_tensorflow_errors
from ...engine.graph import Graph, get_default_graph
from ...engine.graph_objects import GraphDef, serialized_graph_def
from ...engine.meta_protos import MetaGraphDef
from .messages import EVENT_AROUND, SUMMARY, Event, SessionLog, Summary

_FILE_VERSION = "brain.Event:2"


class _EventFile:
    """A new file of events, which appears with the first flush; safe to use from several threads.

    `prefix` is its path up to what TensorBoard knows such files by.
    """

    def __init__(self, prefix: str, max_queue: int, flush_secs: float, suffix: str) -> None:
        self._most_waiting, self._flush_secs = max_queue, flush_secs
        self._lock = threading.Lock()
        self._waiting, self._flush_at = 0, time.monotonic() + flush_secs
        logdir = os.path.dirname(prefix)
        with as_tensorflow_errors(logdir):
            os.makedirs(logdir or ".", exist_ok=True)
            self.path, self._file = _new_file(prefix, suffix)
        self._closed = weakref.finalize(self, self._file.close)  # also when the program ends without `close`
        self.write({"wall_time": time.time(), "file_version": _FILE_VERSION})
        self.flush()

    def write(self, fields: dict[str, Any]) -> None:
        record = framed(EVENT_AROUND.encode(fields))
        with self._lock, as_tensorflow_errors(self.path):
            self._file.write(record)
            self._waiting += 1
            if self._waiting > self._most_waiting or time.monotonic() >= self._flush_at:
                self._flush()

    def _flush(self) -> None:
        self._file.flush()
        self._waiting, self._flush_at = 0, time.monotonic() + self._flush_secs

    def flush(self) -> None:
        with self._lock, as_tensorflow_errors(self.path):
            if not self._file.closed:
                self._flush()

    def close(self) -> None:
        self.flush()
        self._closed()


def _new_file(prefix: str, suffix: str) -> tuple[str, BinaryIO]:
    """A file that was not there, named by the second; TensorBoard reads a folder's files in the order of names."""
    second = int(time.time())
    while True:
        path = f"{prefix}.out.tfevents.{second:010d}.{socket.gethostname()}{suffix}"
        try:
            return path, open(path, "xb")
        except FileExistsError:
            second += 1


class FileWriter:
    """Writes summaries, the graph and other events to a new event file in `logdir`, for TensorBoard.

    What was added is on its way to the disk when `max_queue` events wait or, once something more is added, when
    `flush_secs` seconds went by; `flush` and `close` bring all of it there. A name ends in `filename_suffix`. As a
    context manager it closes itself. After `close` nothing is written, with a warning, until `reopen`, which begins
    another file. Raises TypeError for a graph that is none, and the classes of `tf.errors` where files cannot be
    written.
    """

    def __init__(
        self,
        logdir: str | os.PathLike[str],
        graph: Graph | None = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        graph_def: Any = None,
        filename_suffix: str | None = None,
        session: Any = None,
    ) -> None:
        if session is not None:
            raise NotImplementedError("session: scopeflow's FileWriter writes from Python, not through ops.")
        self._logdir = os.fspath(logdir)
        self._settings = (max_queue, flush_secs, filename_suffix or "")
        self._file: _EventFile | None = _EventFile(os.path.join(self._logdir, "events"), *self._settings)
        self._described_tags: set[str] = set()
        self._tags_of_runs: set[str] = set()
        if graph is not None or graph_def is not None:
            self.add_graph(graph, graph_def=graph_def)
            told = graph_def if graph is None else graph
            self.add_meta_graph(
                MetaGraphDef(graph_def=told.as_graph_def(add_shapes=True) if isinstance(told, Graph) else told)
            )

    def get_logdir(self) -> str:
        return self._logdir

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Add what a summary op gave in a run (or a `tf.Summary`), at a step.

        Of what a tag's metadata says only the first time is written, as TensorBoard reads no other.
        """
        if isinstance(summary, Summary):
            summary = summary.SerializeToString()
        if isinstance(summary, np.ndarray) and summary.ndim == 0:
            summary = summary[()]
        if not isinstance(summary, bytes):
            raise TypeError(f"A serialized summary or a tf.Summary is needed, not {summary!r:.100}")
        self._add({"summary": self._without_known_metadata(summary)}, global_step)

    def _without_known_metadata(self, summary: bytes) -> bytes:
        fields = SUMMARY.decode(summary)
        known = False
        for value in fields["value"]:
            if value["metadata"] is None:
                continue
            if value["tag"] in self._described_tags:
                value["metadata"], known = None, True
            self._described_tags.add(value["tag"])
        return SUMMARY.encode(fields) if known else summary

    def add_graph(self, graph: Graph | None = None, global_step: Any = None, graph_def: Any = None) -> None:
        """Add the graph, for TensorBoard to draw (`graph_def` is its older name)."""
        if graph is not None and graph_def is not None:
            raise ValueError("Please pass only graph, or graph_def (deprecated), but not both.")
        graph = graph_def if graph is None else graph
        if isinstance(graph, Graph):
            self._add({"graph_def": serialized_graph_def(graph, add_shapes=True)}, global_step)
        elif isinstance(graph, GraphDef):
            self._add({"graph_def": graph.SerializeToString()}, global_step)
        else:
            raise TypeError("The passed graph must be an instance of `Graph` or the deprecated `GraphDef`")

    def add_session_log(self, session_log: SessionLog, global_step: Any = None) -> None:
        """Add that a session began, ended or wrote a checkpoint."""
        self._add({"session_log": session_log.SerializeToString()}, global_step)

    def add_event(self, event: Event) -> None:
        """Add an event as it is."""
        self._write(event._plain())

    def add_run_metadata(self, run_metadata: Any, tag: str, global_step: Any = None) -> None:
        """Add what a run has told about itself, under a tag. Raises ValueError for a tag that is there already."""
        if tag in self._tags_of_runs:
            raise ValueError("The provided tag was already used for this event type")
        self._tags_of_runs.add(tag)
        told = {"tag": tag, "run_metadata": run_metadata.SerializeToString()}
        self._add({"tagged_run_metadata": told}, global_step)

    def add_meta_graph(self, meta_graph_def: MetaGraphDef, global_step: Any = None) -> None:
        """Add a graph with its collections. Raises TypeError for anything else than a MetaGraphDef."""
        if not isinstance(meta_graph_def, MetaGraphDef):
            raise TypeError(f"meta_graph_def must be type MetaGraphDef, saw type: {type(meta_graph_def)}")
        self._add({"meta_graph_def": meta_graph_def.SerializeToString()}, global_step)

    def _add(self, fields: dict[str, Any], global_step: Any) -> None:
        step = 0 if global_step is None else int(global_step)
        self._write({"wall_time": time.time(), "step": step, **fields})

    def _write(self, fields: dict[str, Any]) -> None:
        if self._file is None:
            warnings.warn(
                "Attempting to use a closed FileWriter. The operation will be a noop unless the FileWriter is "
                "explicitly reopened.",
                stacklevel=4,
            )
        else:
            self._file.write(fields)

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def reopen(self) -> None:
        """Go on after `close`, in another file. Does nothing where the writer is open."""
        if self._file is None:
            self._file = _EventFile(os.path.join(self._logdir, "events"), *self._settings)

    def __enter__(self) -> FileWriter:
        if self._file is None:
            raise RuntimeError("Attempting to use a closed FileWriter.")
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class FileWriterCache:
    """One FileWriter for each folder."""

    _cache: ClassVar[dict[str, FileWriter]] = {}
    _lock: ClassVar[Any] = threading.RLock()

    @staticmethod
    def clear() -> None:
        """Close all of them, and forget them."""
        with FileWriterCache._lock:
            for writer in FileWriterCache._cache.values():
                writer.close()
            FileWriterCache._cache.clear()

    @staticmethod
    def get(logdir: str | os.PathLike[str]) -> FileWriter:
        with FileWriterCache._lock:
            logdir = os.fspath(logdir)
            if logdir not in FileWriterCache._cache:
                FileWriterCache._cache[logdir] = FileWriter(logdir, graph=get_default_graph())
            return FileWriterCache._cache[logdir]


class EventsWriter:
    """The writer inside TensorFlow that programs reach for: a file of events, named `prefix` and the time."""

    def __init__(self, prefix: str | bytes) -> None:
        self._file = _EventFile(os.fsdecode(prefix), max_queue=10, flush_secs=120, suffix="")

    def WriteEvent(self, event: Event) -> None:
        self._file.write(event._plain())

    def FileName(self) -> str:
        return self._file.path

    def Flush(self) -> None:
        self._file.flush()

    def Close(self) -> None:
        self._file.close()


def summary_iterator(path: str | os.PathLike[str]) -> Iterator[Event]:
    """The events of an event file. Raises DataLossError where it is damaged or its last record is cut off."""
    for data in read_records(os.fspath(path)):
        yield Event.FromString(data)
