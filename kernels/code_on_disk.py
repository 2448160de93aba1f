"""Machine code kept on disk, for the CPU and for GPUs: what a compiler once made, another process reads."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

DIGEST = hashlib.sha256().digest_size

came_from: Counter[str] = Counter()  # how many kernels of this process were "read" from disk, how many "compiled"


class Code(NamedTuple):
    """What a compiler made of a function."""

    symbol: str
    object_file: bytes
    portable: bool  # whether it runs in a process without that compiler


def kept(name: str, sources: tuple[Path, ...], facts: tuple[Any, ...], compile_it: Callable[[], Code]) -> Code:
    """The code of this name from disk, or from `compile_it`, which is then kept.

    `sources` are the files that it follows from, `facts` all else: versions of compilers, the processor. A folder that
    cannot be read or written, or a file cut short, costs no more than compiling anew.
    """
    try:
        path = cache_folder(sources, facts) / f"{name}.code"
    except (OSError, RuntimeError):  # no sources to be read, or no home
        path = None
    code = _read(path) if path else None
    came_from["read" if code else "compiled"] += 1
    if code is None:
        code = compile_it()
        if path and code.portable:
            _write(path, code)
    return code


def cache_folder(sources: tuple[Path, ...], facts: tuple[Any, ...]) -> Path:
    """Where code is kept: a folder of the user's, named by all that decides what code is made.

    That includes the user's settings of Numba, of which NUMBA_CACHE_DIR chooses the place. Raises RuntimeError where
    the user has no home.
    """
    settings = {name: value for name, value in os.environ.items() if name.startswith("NUMBA_")}
    chosen = settings.pop("NUMBA_CACHE_DIR", None)
    fingerprint = hashlib.sha256(repr((facts, sorted(settings.items()))).encode())
    for source in (*sources, Path(__file__)):
        fingerprint.update(source.read_bytes())
    return (Path(chosen) if chosen else _users_caches() / "scopeflow") / fingerprint.hexdigest()[:16]


def _users_caches() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or tempfile.gettempdir())
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _read(path: Path) -> Code | None:
    try:
        text = path.read_bytes()
    except OSError:
        return None
    digest, text = text[:DIGEST], text[DIGEST:]
    if hashlib.sha256(text).digest() != digest:
        return None
    symbol, _, object_file = text.partition(b"\n")
    return Code(symbol.decode(), object_file, portable=True)


def _write(path: Path, code: Code) -> None:
    """In one step, so that another process sees the whole file or none."""
    text = code.symbol.encode() + b"\n" + code.object_file
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=path.parent)
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(text).digest() + text)
        os.replace(unfinished, path)
    except OSError:
        os.unlink(unfinished)
