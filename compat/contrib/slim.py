"""tf.contrib.slim: contrib's layers, default arguments and variables under one name, and training with them."""

from __future__ import annotations

from ...train.steps import create_global_step, get_global_step, get_or_create_global_step
from . import evaluation, layers, learning, losses, metrics, model_analyzer, nets, prefetch_queue
from .arg_scope import *  # noqa: F403
from .arg_scope import __all__ as _of_arg_scope
from .layers import *  # noqa: F403
from .layers import __all__ as _of_layers
from .variables import *  # noqa: F403
from .variables import __all__ as _of_variables

__all__ = [
    *_of_arg_scope, *_of_layers, *_of_variables, "create_global_step", "evaluation", "get_global_step",
    "get_or_create_global_step", "layers", "learning", "losses", "metrics", "model_analyzer", "nets",
    "prefetch_queue",
]  # fmt: skip
