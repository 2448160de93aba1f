"""Machine code of the CPU's kernels, kept on disk and loaded without Numba.

Numba takes half a second to start and to load a kernel from its own cache; LLVM's loader takes a tenth of that.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib.metadata
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
    """What Numba made of a function."""

    symbol: str
    object_file: bytes
    portable: bool  # whether it runs in a process without Numba


def function(
    name: str, sources: tuple[Path, ...], compile_it: Callable[[], Code], arguments: tuple[Any, ...]
) -> Callable[..., None]:
    """The kernel of this name as a function of these ctypes; `compile_it` is called where its code is not on disk.

    `sources` are the files that the code follows from. Other Python threads run while the kernel does. A folder that
    cannot be read or written, or a file cut short, costs no more than compiling anew.
    """
    path = _path(name, sources)
    code = _read(path) if path else None
    came_from["read" if code else "compiled"] += 1
    if code is None:
        code = compile_it()
        if path and code.portable:
            _write(path, code)
    engine, address = _loaded(code)  # the code lives as long as its engine
    # Numba's convention of calling: first where a result and an error would go, of which kernels have none.
    native = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *arguments)(address)
    result, error = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)

    def kernel(*values: Any, _owner: Any = engine) -> None:
        status = native(result, error, *values)
        if status:
            raise RuntimeError(f"the kernel {name} ended with status {status}")

    return kernel


# --- On disk ----------------------------------------------------------------------------------------------------------


def cache_folder(sources: tuple[Path, ...]) -> Path:
    """Where code is kept: a folder of the user's, named by all that decides what code is made.

    That is the sources, the compiler's version, the CPU, and the user's settings of Numba, of which NUMBA_CACHE_DIR
    chooses the place. Raises RuntimeError where the user has no home.
    """
    import llvmlite.binding as llvm

    settings = {name: value for name, value in os.environ.items() if name.startswith("NUMBA_")}
    chosen = settings.pop("NUMBA_CACHE_DIR", None)
    facts = (
        importlib.metadata.version("numba"),
        importlib.metadata.version("llvmlite"),
        llvm.get_process_triple(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
        sorted(settings.items()),
    )
    fingerprint = hashlib.sha256(repr(facts).encode())
    for source in (*sources, Path(__file__)):
        fingerprint.update(source.read_bytes())
    return (Path(chosen) if chosen else _users_caches() / "scopeflow") / fingerprint.hexdigest()[:16]


def _users_caches() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or tempfile.gettempdir())
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _path(name: str, sources: tuple[Path, ...]) -> Path | None:
    try:
        return cache_folder(sources) / f"{name}.code"
    except (OSError, RuntimeError):  # no sources to be read, or no home
        return None


def _read(path: Path) -> Code | None:
    try:
        kept = path.read_bytes()
    except OSError:
        return None
    digest, text = kept[:DIGEST], kept[DIGEST:]
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


# --- In memory --------------------------------------------------------------------------------------------------------


@functools.cache
def _target() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_triple(llvm.get_process_triple())


def _loaded(code: Code) -> tuple[Any, int]:
    """An engine that holds the code, and the address of its function."""
    import llvmlite.binding as llvm

    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target().create_target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.object_file))
    engine.finalize_object()
    return engine, engine.get_function_address(code.symbol)
