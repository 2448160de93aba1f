"""Floor 7: TensorFlow's other spellings, thin; as `tf.compat`, what TensorFlow 1 has under that name."""

import sys
from typing import Any

from .text import *


def __getattr__(name: str) -> Any:
    if name == "v1":  # the whole package, which stands above this floor and so is looked up
        return sys.modules[__name__.rpartition(".")[0]]
    raise AttributeError(f"scopeflow has no tf.compat.{name}")
