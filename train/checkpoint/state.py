"""The `checkpoint` file of a folder: which checkpoints lie there, and which is the newest."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ...engine.errors import OpError
from ...engine.text_format import parse
from . import files
from .formats import exists, files_of, open_checkpoint

_log = logging.getLogger("scopeflow")


@dataclass
class CheckpointState:
    """What a state file says, oldest checkpoint first; as text, TensorFlow's text format of the same message."""

    model_checkpoint_path: str = ""
    all_model_checkpoint_paths: list[str] = field(default_factory=list)
    all_model_checkpoint_timestamps: list[float] = field(default_factory=list)
    last_preserved_timestamp: float = 0.0

    def __str__(self) -> str:
        lines = [f"model_checkpoint_path: {_quoted(self.model_checkpoint_path)}\n"]
        lines += [f"all_model_checkpoint_paths: {_quoted(path)}\n" for path in self.all_model_checkpoint_paths]
        lines += [f"all_model_checkpoint_timestamps: {time!r}\n" for time in self.all_model_checkpoint_timestamps]
        if self.last_preserved_timestamp:
            lines.append(f"last_preserved_timestamp: {self.last_preserved_timestamp!r}\n")
        return "".join(lines)

    @classmethod
    def from_text(cls, text: str) -> CheckpointState:
        """Raises ValueError for what is no such message."""
        state = cls()
        for name, given in parse(text):
            kind = _KINDS.get(name)
            if kind is None:
                raise ValueError(f"there is no field {name!r}")
            if not isinstance(given, bytes if kind is str else (int, float)):
                raise ValueError(f"{name} cannot be {given!r}")
            value = given.decode() if isinstance(given, bytes) else float(given)
            if isinstance(getattr(state, name), list):
                getattr(state, name).append(value)
            else:
                setattr(state, name, value)
        return state


_KINDS: dict[str, type] = {
    "model_checkpoint_path": str,
    "all_model_checkpoint_paths": str,
    "all_model_checkpoint_timestamps": float,
    "last_preserved_timestamp": float,
}

_QUOTES = {ord(c): f"\\{e}" for c, e in zip("\n\r\t\"'\\", "nrt\"'\\", strict=True)}
_QUOTES |= {c: f"\\{c:03o}" for c in (*range(32), 127) if c not in _QUOTES}


def _quoted(text: str) -> str:
    return f'"{text.translate(_QUOTES)}"'


# -- reading and writing the file -------------------------------------------------------------------------------------


def get_checkpoint_state(checkpoint_dir: str | os.PathLike[str], latest_filename: str | None = None) -> Any:
    """What the state file of a folder says, its paths made relative to where we are; None without such a file.

    A file that cannot be read as one is told of in a warning, and gives None too. Raises ValueError where it names no
    newest checkpoint.
    """
    path = _state_path(checkpoint_dir, latest_filename)
    try:
        with open(path, "rb") as file:
            state = CheckpointState.from_text(file.read().decode())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _log.warning("%s: %s\n%s: Checkpoint ignored", type(error).__name__, error, path)
        return None
    if not state.model_checkpoint_path:
        raise ValueError(f"Invalid checkpoint state loaded from {os.fspath(checkpoint_dir)}")
    folder = os.fspath(checkpoint_dir)
    state.model_checkpoint_path = os.path.join(folder, state.model_checkpoint_path)
    state.all_model_checkpoint_paths = [os.path.join(folder, p) for p in state.all_model_checkpoint_paths]
    return state


def _state_path(folder: str | os.PathLike[str], latest_filename: str | None) -> str:
    return os.path.join(os.fspath(folder), latest_filename or "checkpoint")


def generate_checkpoint_state_proto(
    save_dir: str | os.PathLike[str],
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Sequence[str] | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> CheckpointState:
    """The state of a folder: the newest checkpoint, and all of them. Where the folder's path is relative, the
    checkpoints' are written relative to it."""
    folder, paths = os.fspath(save_dir), list(all_model_checkpoint_paths or ())
    if not paths or paths[-1] != model_checkpoint_path:
        paths.append(model_checkpoint_path)
    times = list(all_model_checkpoint_timestamps or ())
    if times and len(times) != len(paths):
        raise ValueError(
            "Checkpoint timestamps, if provided, must match checkpoint paths (got paths "
            f"{paths} and timestamps {times})"
        )
    if not os.path.isabs(folder):
        paths = [path if os.path.isabs(path) else os.path.relpath(path, folder or ".") for path in paths]
    return CheckpointState(paths[-1], paths, times, last_preserved_timestamp or 0.0)


def update_checkpoint_state(
    save_dir: str | os.PathLike[str],
    model_checkpoint_path: str,
    all_model_checkpoint_paths: Sequence[str] | None = None,
    latest_filename: str | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> None:
    """Write the state file of a folder. Raises RuntimeError where it would overwrite the checkpoint itself."""
    state = generate_checkpoint_state_proto(
        save_dir, model_checkpoint_path, all_model_checkpoint_paths, all_model_checkpoint_timestamps,
        last_preserved_timestamp,
    )  # fmt: skip
    write_state(save_dir, state, latest_filename)


def write_state(save_dir: str | os.PathLike[str], state: CheckpointState, latest_filename: str | None = None) -> None:
    """Replace the state file, in one step."""
    path = _state_path(save_dir, latest_filename)
    if path == state.model_checkpoint_path:
        raise RuntimeError(f"Save path '{path}' conflicts with path used for checkpoint state. Please use another one.")
    files.write_whole(path, str(state).encode())


# -- finding checkpoints ----------------------------------------------------------------------------------------------


def latest_checkpoint(checkpoint_dir: str | os.PathLike[str], latest_filename: str | None = None) -> str | None:
    """The newest complete checkpoint that the folder's state file names; None without one.

    One that is torn or gone is told of in a warning, by name, and the one before it is taken.
    """
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None:
        return None
    older = [path for path in reversed(state.all_model_checkpoint_paths) if path != state.model_checkpoint_path]
    for path in [state.model_checkpoint_path, *older]:
        try:
            with open_checkpoint(path) as reader:
                reader.check()
            return path
        except OpError as error:
            what = "is torn" if exists(path) else "is not there"
            _log.warning("Checkpoint %s %s, and is passed over: %s", path, what, error.message)
    return None


def checkpoint_exists(checkpoint_prefix: str | os.PathLike[str]) -> bool:
    """Whether there is a checkpoint, of any format, at a path; it may be damaged."""
    return exists(os.fspath(checkpoint_prefix))


def get_checkpoint_mtimes(checkpoint_prefixes: Sequence[str]) -> list[float]:
    """When those of some checkpoints that are there were written, in seconds since 1970."""
    found = (files_of(os.fspath(prefix)) for prefix in checkpoint_prefixes)
    return [os.path.getmtime(paths[0]) for paths in found if paths]


def remove_checkpoint(
    checkpoint_prefix: str | os.PathLike[str], checkpoint_format_version: int = 2, meta_graph_suffix: str = "meta"
) -> None:
    """Remove the files of a checkpoint, and the .meta file beside it. What is not there is no error."""
    prefix = os.fspath(checkpoint_prefix)
    for path in [*files_of(prefix), f"{prefix}.{meta_graph_suffix}"]:
        with suppress(FileNotFoundError):
            os.remove(path)
