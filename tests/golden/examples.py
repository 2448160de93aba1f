"""The programs of examples/ as they are, played for some steps: what each told, and the variables at the end."""

import contextlib
import hashlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

EXAMPLES = Path(__file__).parents[2] / "examples"


def played(tf: Any, name: str, *runs: tuple[Any, ...]) -> dict[str, Any]:
    """What `train(*run)` of examples/<name>.py yields for each of `runs`, and the variables at the last of all steps.

    A golden case's fingerprint knows the sources of the tests only, so the program's own is one of the answers.
    """
    told, variables = [], []
    for run in runs:
        program = loaded(tf, name)
        with tf.Graph().as_default():
            for numbers in program.train(*run):
                told.append(numbers if isinstance(numbers, tuple | list) else (numbers,))
                session = tf.get_default_session()  # the program's own, as it stands in its loop
                variables = [(v, session.run(v)) for v in tf.global_variables()]
    columns = {f"told {i}": np.stack(column) for i, column in enumerate(zip(*told, strict=True))}
    return columns | {
        "source": hashlib.sha256(source_of(name).encode()).hexdigest()[:16],
        "variables": [f"{v.name} {v.dtype.base_dtype.name} {v.shape.as_list()}" for v, _ in variables],
        "checksums": np.array([checksum(value) for _, value in variables]),
    }


def source_of(name: str) -> str:
    return (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")


def loaded(tf: Any, name: str) -> types.ModuleType:
    """The program as a module that has imported `tf` as its tensorflow."""
    program = types.ModuleType(name)
    with standing_in(tf):
        exec(compile(source_of(name), f"{name}.py", "exec"), vars(program))
    return program


@contextlib.contextmanager
def standing_in(tf: Any) -> Iterator[None]:
    """Meanwhile `import tensorflow` gives `tf`."""
    there = sys.modules.get("tensorflow")
    sys.modules["tensorflow"] = tf
    try:
        yield
    finally:
        if there is None:
            del sys.modules["tensorflow"]
        else:
            sys.modules["tensorflow"] = there


def checksum(value: Any) -> list[float]:
    """Three means of an array: of its values, of their squares, and of their products with a wave (so order counts)."""
    flat = np.asarray(value, np.float64).ravel()
    return [flat.mean(), np.square(flat).mean(), (flat * np.cos(np.arange(flat.size))).mean()]
