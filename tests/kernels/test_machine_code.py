"""Compiled kernels on disk: a second process compiles nothing, and no state of the disk does worse than cost time."""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_cuda_fills import EVERY_FILL

from scopeflow.kernels import code_on_disk, naive
from scopeflow.kernels.cpu import drawing, machine_code

SEED = (87654321, 7)
DRAW_AND_TELL = """
import json, sys, ml_dtypes, numpy as np
from scopeflow import kernels
from scopeflow.kernels import code_on_disk
bits = {}
for name in sys.argv[1:]:
    out = np.empty(9, np.dtype(name))
    kernels.uniform(out, 7)
    bits[name] = out.tobytes().hex()
print(json.dumps({"bits": bits, "numba": "numba" in sys.modules, **code_on_disk.came_from}))
"""


def started(cache, *dtypes):
    caches = {"XDG_CACHE_HOME": str(cache), "LOCALAPPDATA": str(cache), "HOME": str(cache)}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")} | caches
    program = [sys.executable, "-c", DRAW_AND_TELL, *dtypes]
    return subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(process):
    out, error = process.communicate()
    assert process.returncode == 0, error
    return json.loads(out)


def expected(*dtypes):
    return {name: naive.uniform(9, SEED, name).astype(np.dtype(name)).tobytes().hex() for name in dtypes}


def test_a_second_process_compiles_nothing_and_does_not_even_import_numba(tmp_path):
    first = told(started(tmp_path, "float32"))
    assert (first["numba"], first["compiled"], first.get("read", 0)) == (True, 1, 0)
    second = told(started(tmp_path, "float32"))
    assert (second["numba"], second.get("compiled", 0), second["read"]) == (False, 0, 1)
    assert first["bits"] == second["bits"] == expected("float32")


def test_kernels_of_several_processes_do_not_mix_when_one_reads_them_all(tmp_path):
    """Numba numbers what it compiles within a process, so that code of two may bear one name."""
    names = ("bfloat16", "float32", "float16")
    for name in names:
        told(started(tmp_path, name))
    together = told(started(tmp_path, *names))
    assert (together["bits"], together["read"]) == (expected(*names), 3)


def test_processes_that_compile_at_the_same_time_leave_one_file_that_the_next_one_reads(tmp_path):
    for process in [started(tmp_path, "float32") for _ in range(3)]:
        assert told(process)["bits"] == expected("float32")
    (folder,) = (tmp_path / "scopeflow").iterdir()
    assert [path.name for path in folder.iterdir()] == ["uniform_float32.code"]
    assert told(started(tmp_path, "float32"))["read"] == 1


def test_where_no_folder_can_be_made_each_process_compiles(tmp_path):
    no_folder = tmp_path / "file"
    no_folder.write_text("")
    for _ in range(2):
        answer = told(started(no_folder, "float32"))
        assert (answer["compiled"], answer["bits"]) == (1, expected("float32"))


# --- The parts --------------------------------------------------------------------------------------------------------


def path_of(name):
    sources = (*drawing.SOURCES, Path(machine_code.__file__))
    return code_on_disk.cache_folder(sources, machine_code.compiler_and_cpu()) / f"{name}.code"


CODE = code_on_disk.Code("symbol", b"object\nfile\0\n", True)


def test_what_was_written_is_read_and_what_was_spoilt_is_not(tmp_path):
    path = tmp_path / "folder" / "kernel.code"
    assert code_on_disk._read(path) is None
    code_on_disk._write(path, CODE)
    assert code_on_disk._read(path) == CODE
    whole = path.read_bytes()
    for spoilt in (b"", whole[:10], whole[:-1], whole + b"x", whole[:40] + b"?" + whole[41:], b"x" + whole[1:]):
        assert spoilt != whole
        path.write_bytes(spoilt)
        assert code_on_disk._read(path) is None
    code_on_disk._write(path, CODE)
    assert code_on_disk._read(path) == CODE


@pytest.mark.parametrize("failing", ["mkdir", "mkstemp", "replace"])
def test_a_disk_that_refuses_to_be_written_is_left_as_it_was(failing, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError("read-only")

    owner = {"mkdir": Path, "mkstemp": code_on_disk.tempfile, "replace": code_on_disk.os}[failing]
    monkeypatch.setattr(owner, failing, refuse)
    code_on_disk._write(tmp_path / "kernel.code", CODE)
    assert list(tmp_path.iterdir()) == []


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    for name in ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert code_on_disk.kept("kernel", (), (), lambda: CODE) is CODE


@pytest.mark.parametrize("kind,dtype", EVERY_FILL)
def test_every_fill_is_kept(kind, dtype):
    drawing.fill(kind, dtype)
    assert code_on_disk._read(path_of(f"{kind}_{dtype}")) is not None


def test_code_that_only_runs_beside_numba_is_not_kept(tmp_path, monkeypatch):
    drawing.fill("uniform", "float32")
    code = code_on_disk._read(path_of("uniform_float32"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    for portable in (False, True):
        machine_code.function(
            "uniform_float32", drawing.SOURCES, lambda portable=portable: code._replace(portable=portable), ()
        )
        assert path_of("uniform_float32").exists() == portable


@pytest.mark.parametrize("dtype", ("int32", "int64"))
def test_permutations_are_kept(dtype):
    drawing.shuffle(np.empty(3, dtype), 0, (1, 2, 3, 4))
    assert path_of(f"shuffle_{dtype}").exists()


def test_code_is_kept_apart_by_sources_versions_cpu_and_settings(tmp_path, monkeypatch):
    import llvmlite.binding as llvm

    source = tmp_path / "compiled.py"

    def folder():
        return code_on_disk.cache_folder((source,), machine_code.compiler_and_cpu())

    folders = []
    for text in ("a", "b"):
        source.write_text(text)
        folders.append(folder())
    assert folder() == folders[1]
    monkeypatch.setattr(machine_code.importlib.metadata, "version", lambda name: "1.2.3")
    folders.append(folder())
    monkeypatch.setattr(llvm, "get_host_cpu_name", lambda: "another")
    folders.append(folder())
    features = type("Features", (), {"flatten": lambda self: "+none"})
    monkeypatch.setattr(llvm, "get_host_cpu_features", features)
    folders.append(folder())
    monkeypatch.setenv("NUMBA_OPT", "1")
    folders.append(folder())
    assert len(set(folders)) == 6
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert folder() == tmp_path / folders[-1].name
    monkeypatch.setattr(code_on_disk, "__file__", str(source))
    assert folder() != tmp_path / folders[-1].name


def test_every_module_that_decides_what_code_is_made_is_a_source_of_it():
    from scopeflow.kernels import intrinsics, philox
    from scopeflow.kernels.cpu import compiled

    ours = {philox, intrinsics, compiled}
    for module in list(ours):
        named = (getattr(value, "__module__", None) or "" for value in vars(module).values())
        ours |= {sys.modules[name] for name in named if name.startswith("scopeflow.")}
    ours -= {code_on_disk}  # always one
    assert {Path(module.__file__) for module in ours} <= set(drawing.SOURCES)


def test_a_kernel_that_ends_with_an_error_says_so():
    from numba import types

    from scopeflow.kernels.cpu import compiled

    def fails_below_zero(n):
        if n < 0:
            raise ValueError("below zero")

    code = compiled._machine_code(fails_below_zero, "fails_below_zero", types.void(types.int64))
    kernel = machine_code.function("fails_below_zero", (), lambda: code._replace(portable=False), (ctypes.c_int64,))
    kernel(0)
    with pytest.raises(RuntimeError, match="the kernel fails_below_zero ended with status"):
        kernel(-1)
