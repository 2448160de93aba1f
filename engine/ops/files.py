"""Files read, written and found from within the graph, at every run anew."""

from __future__ import annotations

import glob
import os
from typing import Any

import numpy as np

from ..file_errors import as_tensorflow_errors
from ..graph import Operation, Tensor
from ..registry import define, not_differentiable
from ..shapes import TensorShape
from .common import of_rank


def _path(name: Any) -> str:
    return os.fsdecode(np.asarray(name, object).item())


def _no_result(filename: Tensor, contents: Tensor) -> list:
    of_rank(filename, 0)
    of_rank(contents, 0)
    return []


def _read(k: Any, filename: Any) -> np.ndarray:
    path = _path(filename)
    with as_tensorflow_errors(path), open(path, "rb") as file:
        found = np.empty((), object)
        found[()] = file.read()
        return found


ReadFile = define(
    "ReadFile",
    "filename:string -> contents:string",
    shape=lambda filename: of_rank(filename, 0),
    kernel=_read,
    grad=not_differentiable,
    stateful=True,
)


def read_file(filename: Any, name: str | None = None) -> Tensor:
    """A scalar string, what is in a file. Raises the classes of `tf.errors` in a run."""
    return ReadFile(filename, name=name)


def _write(k: Any, filename: Any, contents: Any) -> tuple:
    path = _path(filename)
    with as_tensorflow_errors(path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(np.asarray(contents, object).item())
    return ()


WriteFile = define(
    "WriteFile",
    "filename:string, contents:string",
    shape=_no_result,
    kernel=_write,
    grad=not_differentiable,
    stateful=True,
)


def write_file(filename: Any, contents: Any, name: str | None = None) -> Operation:
    """An operation that writes a scalar string into a file, and makes its folder. Raises as `read_file`."""
    return WriteFile(filename, contents, name=name)


def _found(k: Any, pattern: Any) -> np.ndarray:
    patterns = np.asarray(pattern, object).ravel().tolist()
    paths = sorted({path for one in patterns for path in glob.glob(os.fsdecode(one))})
    found = np.empty(len(paths), object)
    found[:] = [os.fsencode(path) for path in paths]
    return found


def _found_shape(pattern: Tensor) -> TensorShape:
    if pattern.shape.ndims not in (None, 0, 1):
        raise ValueError(f"Shape must be at most rank 1 but is rank {pattern.shape.ndims}")
    return TensorShape([None])


MatchingFiles = define(
    "MatchingFiles",
    "pattern:string -> filenames:string",
    shape=_found_shape,
    kernel=_found,
    grad=not_differentiable,
    stateful=True,
)


def matching_files(pattern: Any, name: str | None = None) -> Tensor:
    """A vector of the paths that match a pattern (or one of several), by the alphabet."""
    return MatchingFiles(pattern, name=name)


__all__ = ["matching_files", "read_file", "write_file"]
