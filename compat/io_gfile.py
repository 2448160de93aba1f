"""tf.io.gfile: `tf.gfile` under its later names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..engine.errors import NotFoundError, OpError
from . import gfile
from .gfile import FileStatistics, GFile


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    gfile.Copy(src, dst, overwrite)


def exists(path: Any) -> bool:
    return gfile.Exists(path)


def glob(pattern: Any) -> list[str]:
    return gfile.Glob(pattern)


def isdir(path: Any) -> bool:
    return gfile.IsDirectory(path)


def listdir(path: Any) -> list[str]:
    return gfile.ListDirectory(path)


def makedirs(path: Any) -> None:
    gfile.MakeDirs(path)


def mkdir(path: Any) -> None:
    gfile.MkDir(path)


def remove(path: Any) -> None:
    gfile.Remove(path)


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    gfile.Rename(src, dst, overwrite)


def rmtree(path: Any) -> None:
    gfile.DeleteRecursively(path)


def stat(path: Any) -> FileStatistics:
    return gfile.Stat(path)


def walk(
    top: Any, topdown: bool = True, onerror: Callable[[OpError], Any] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """`gfile.Walk`; `onerror` is called with the error where `top` is no folder."""
    if onerror is not None and not isdir(top):
        onerror(NotFoundError(None, None, f"Could not find directory {top}"))
    yield from gfile.Walk(top, topdown)


__all__ = [
    "GFile", "copy", "exists", "glob", "isdir", "listdir", "makedirs", "mkdir", "remove", "rename", "rmtree", "stat",
    "walk",
]  # fmt: skip
