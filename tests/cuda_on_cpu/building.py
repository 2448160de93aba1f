"""Builds CUDA sources with g++ into shared libraries, each kept under the hash of all that it is made from."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

Defines = tuple[tuple[str, "str | int"], ...]

HERE = Path(__file__).parent
KERNELS = HERE.parents[1] / "kernels" / "cuda"
WARNINGS = ["-Wall", "-Wextra", "-Wno-unknown-pragmas", "-Wno-unused-function", "-Wno-unused-parameter"]
COMMON = ["-std=c++17", "-fPIC", "-shared", "-fvisibility=hidden", "-ffp-contract=off", *WARNINGS]
# Sharing memory between types is what CUDA code does; what a GPU traps on is made to trap: misaligned accesses.
# An index outside a fixed-size array, which a GPU lets pass, traps as well.
KERNEL = ["-O1", "-fno-strict-aliasing", "-fsanitize=alignment,bounds", "-fsanitize-undefined-trap-on-error"]
RUNTIME = ["-O2", "-fvisibility=default"]

NAMES = re.compile(r'extern\s+"C"\s+__global__\s+void\s+(?:__launch_bounds__\([^)]*\)\s*)?(\w+)\s*\(')
INCLUDES = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


class BuildError(Exception):
    """The compiler's words."""


@functools.cache
def compiler() -> str | None:
    """g++, if there is one."""
    return shutil.which("g++")


def cache_folder() -> Path:
    """Where the libraries stay from one run of the tests to the next."""
    folder = Path(tempfile.gettempdir()) / f"scopeflow-cuda-on-cpu-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _made_from(path: Path, seen: dict[str, str]) -> dict[str, str]:
    """The text of a source and of all that it includes, from its own folder or that of the kernels, by name."""
    if path.name not in seen:
        text = seen[path.name] = path.read_text()
        for included in INCLUDES.findall(text):
            beside = path.parent / included
            _made_from(beside if beside.exists() else KERNELS / included, seen)
    return seen


@functools.cache
def _version() -> str:
    return subprocess.run([compiler() or "g++", "--version"], capture_output=True, text=True, check=True).stdout


def _built(text: str, hashed: Iterable[str], options: list[str], folders: Iterable[Path]) -> Path:
    """The shared library of a C++ text that includes what is `hashed`, from folders that may be anywhere."""
    key = hashlib.sha256("\0".join([text, *hashed, *options, _version()]).encode()).hexdigest()[:24]
    library = cache_folder() / f"{key}.so"
    if not library.exists():
        with tempfile.TemporaryDirectory(dir=cache_folder()) as scratch:
            source, made = Path(scratch) / "kernel.cpp", Path(scratch) / "kernel.so"
            source.write_text(text)
            command = [
                compiler() or "g++",
                *options,
                *(f"-I{folder}" for folder in folders),
                str(source),
                "-o",
                str(made),
            ]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise BuildError(done.stderr[-6000:])
            os.replace(made, library)
    return library


@functools.cache
def runtime() -> Path:
    """The library of runtime.cpp, whose symbols the kernels' libraries use."""
    hashed = [(HERE / name).read_text() for name in ("runtime.cpp", "runtime.h")]
    library = _built('#include "runtime.cpp"\n', hashed, [*COMMON, *RUNTIME], [HERE])
    ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    return library


@functools.cache
def build(source: Path, defines: Defines = ()) -> ctypes.CDLL:
    """The library of one CUDA source under some definitions; each of its kernels is launch_<name> in it.

    A folder's sources are taken not to change while the tests run.
    """
    runtime()
    files = _made_from(source, {})
    hashed = [f"{name}\0{text}" for name, text in sorted(files.items())]
    hashed += [(HERE / name).read_text() for name in ("host_cuda.h", "runtime.h")]
    named = "".join(f"#define {name} {value}\n" for name, value in defines)
    kernels = "".join(f"LAUNCHABLE({name})\n" for name in NAMES.findall(files[source.name]))
    text = f'#include "host_cuda.h"\n{named}#include "{source.name}"\n{kernels}'
    return ctypes.CDLL(str(_built(text, hashed, [*COMMON, *KERNEL], [HERE, source.parent, KERNELS])))


def build_all(wanted: Iterable[tuple[Path, Defines]]) -> None:
    """Builds many, as many at a time as there are processors; what does not build raises when it is launched."""
    runtime()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for future in [pool.submit(build, *one) for one in wanted]:
            future.exception()
