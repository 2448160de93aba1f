"""What golden programs share: saying what a tensor is, what an error says, running a graph, plain test values."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

NOT_RAISED = "(nothing was raised)"
NOT_SAID = "(the message does not say this)"


def described(thing: Any) -> Any:
    """Name, dtype and static shape of a tensor ("Add:0 float32 [2, 3]"); name of an op; lists item by item."""
    if isinstance(thing, list | tuple):
        return [described(t) for t in thing]
    if hasattr(thing, "indices") and hasattr(thing, "values"):
        return [described(thing.values), described(thing.indices)]
    if hasattr(thing, "node_def") and not hasattr(thing, "dtype"):
        return thing.name
    return f"{thing.name} {thing.dtype.base_dtype.name} {shape_of(thing)}"


def shape_of(tensor: Any) -> str:
    """Static shape as text: "[2, None]", or "unknown"."""
    shape = tensor.get_shape()
    return "unknown" if shape.ndims is None else str(shape.as_list())


def said(call: Callable[[], Any], *parts: str) -> list[str]:
    """The class of the error that `call` raises, and what its message says for each regular expression in `parts`.

    Only the named parts are kept: the rest of TensorFlow's messages speaks of its own files and nodes. The class is
    the nearest that a program can name: one of Python's own or of tf.errors.
    """
    try:
        call()
    except Exception as error:
        message = getattr(error, "message", None) or str(error)
        found = [re.search(part, message, re.DOTALL) for part in parts]
        known = next(c for c in type(error).__mro__ if c.__module__ == "builtins" or hasattr(c, "error_code"))
        return [known.__name__] + [
            match.group() if match else f"{NOT_SAID} {part!r} in {message!r}"
            for part, match in zip(parts, found, strict=True)
        ]
    return [NOT_RAISED]


def uniform(*shape: int, seed: int = 0, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    """float32 test values, the same everywhere: NumPy's legacy generator is frozen and this use needs no libm."""
    return np.random.RandomState(seed).uniform(low, high, shape).astype(np.float32)


def run(tf: Any, fetches: Any, feed_dict: Any = None) -> Any:
    """Fetch from the default graph in a session of its own, after initializing every variable."""
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        return session.run(fetches, feed_dict)
