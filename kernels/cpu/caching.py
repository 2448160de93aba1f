"""Compiled kernels on disk: functions that Numba compiled, kept for the next process; importing this imports Numba."""

from __future__ import annotations

import hashlib
import os
import pathlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numba

njit: Any = numba.njit


def cache_folder(*sources: str) -> pathlib.Path:
    """Where kernels compiled from these files are kept: a folder of the user, named by what the files hold.

    Numba itself looks at the date of one source file only, so a change in what that file imports would go unseen.
    """
    fingerprint = hashlib.sha256(b"".join(pathlib.Path(source).read_bytes() for source in sources)).hexdigest()[:16]
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or tempfile.gettempdir()
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(base) / "scopeflow" / "numba" / fingerprint


@contextmanager
def _numba_caches_in(folder: pathlib.Path) -> Iterator[None]:
    """Points Numba's cache at `folder` for the functions declared inside, unless the user chose a place."""
    config: Any = numba.config
    chosen = config.CACHE_DIR
    config.CACHE_DIR = chosen or str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = chosen


def cached_njit(kernel: Any, sources: tuple[str, ...], *signature: Any) -> Any:
    """A whole kernel, kept on disk under its name; `sources` are the files that its code came from.

    With a signature it is compiled, or read, now; else at the first call.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    with _numba_caches_in(cache_folder(*sources)):
        try:
            return njit(*signature, cache=True, **options)(kernel)
        except (RuntimeError, OSError):  # no folder can be written: compile anew in each process
            return njit(*signature, **options)(kernel)
