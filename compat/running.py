"""`python -m scopeflow run`: a TensorFlow 1 program as it is, as if Python itself ran it."""

from __future__ import annotations

import argparse
import builtins
import os
import runpy
import sys
from types import ModuleType, TracebackType
from typing import Any

from .stand_in import install_as_tensorflow

# What TensorFlow installed beside itself and programs import too: the package to install for a module's first name.
# (NumPy, absl and SciPy are here wherever scopeflow is.)
_COMPANIONS = {
    "astor": "astor", "gast": "gast", "google": "protobuf", "google.protobuf": "protobuf", "grpc": "grpcio",
    "h5py": "h5py", "keras_applications": "keras-applications", "keras_preprocessing": "keras-preprocessing",
    "markdown": "markdown", "opt_einsum": "opt-einsum", "six": "six", "tensorboard": "tensorboard",
    "termcolor": "termcolor", "werkzeug": "werkzeug", "wheel": "wheel", "wrapt": "wrapt",
}  # fmt: skip

_OURS = (__file__, os.path.join(os.path.dirname(os.path.dirname(__file__)), "__main__.py"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of `run`: a program, or a module after -m, and what is the program's own."""
    parser.add_argument("-m", dest="module", action="store_true", help="PROGRAM is the name of a module")
    parser.add_argument("program", metavar="PROGRAM", help="a Python file that imports tensorflow")
    parser.add_argument("arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="handed to the program")


def run(arguments: argparse.Namespace) -> int:
    """Run the program with scopeflow as its TensorFlow; what it raises, exits with and prints is its own."""
    install_as_tensorflow()
    sys.excepthook = _hook_without_ours(sys.excepthook)
    if arguments.module:
        sys.argv = [arguments.program, *arguments.arguments]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(arguments.program, run_name="__main__", alter_sys=True)
        return 0
    try:
        with open(arguments.program, "rb") as file:
            source = file.read()
    except OSError as error:
        print(f"{sys.executable}: can't open file {arguments.program!r}: {error}", file=sys.stderr)
        return 2
    sys.argv = [arguments.program, *arguments.arguments]
    sys.path.insert(0, os.path.dirname(os.path.realpath(arguments.program)))
    path = os.path.abspath(arguments.program)
    module = ModuleType("__main__")
    vars(module).update(__file__=path, __builtins__=builtins, __spec__=None)
    sys.modules["__main__"] = module  # and stays, for threads, exit handlers and pickles
    exec(compile(source, path, "exec", dont_inherit=True), vars(module))
    return 0


def _hook_without_ours(hook: Any) -> Any:
    """An excepthook that shows a traceback from the program's first line on."""

    def show(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        kept = traceback
        while kept is not None and _is_ours(kept.tb_frame.f_code.co_filename):
            kept = kept.tb_next
        hook(kind, error.with_traceback(kept), kept)
        advice = _advice(error)
        if advice:
            print(advice, file=sys.stderr)

    return show


def _advice(error: BaseException) -> str:
    """What to install where a program ended for want of a module that came with TensorFlow; empty for other errors."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return ""
    parts = error.name.split(".")
    name = ".".join(parts[:2] if parts[0] == "google" else parts[:1])  # many packages share `google`
    if name not in _COMPANIONS:
        return ""
    return f"scopeflow: {name} came with TensorFlow and does not come with scopeflow: pip install {_COMPANIONS[name]}"


def _is_ours(path: str) -> bool:
    return path in _OURS or os.path.basename(path) in ("runpy.py", "<frozen runpy>")
