"""Settings of sessions that TF1 programs make and that change no result here: how a graph is optimized."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class OptimizerOptions(SimpleNamespace):
    """Accepted for TF1 programs, with its levels; a plan is optimized in one way only."""

    L0, L1 = -1, 0
    DEFAULT, OFF, ON_1, ON_2 = 0, -1, 1, 2

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"opt_level": self.L1, "global_jit_level": self.DEFAULT, **options})


class RewriterConfig(SimpleNamespace):
    """Accepted for TF1 programs; a plan is rewritten in one way only."""

    DEFAULT, ON, OFF, AGGRESSIVE = range(4)
    NO_MEM_OPT, MANUAL, SWAPPING_HEURISTICS, RECOMPUTATION_HEURISTICS, SCHEDULING_HEURISTICS, HEURISTICS = (
        1, 2, 4, 5, 6, 3,
    )  # fmt: skip


class GraphOptions(SimpleNamespace):
    """Accepted for TF1 programs: `optimizer_options` and `rewrite_options`, which do nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"optimizer_options": OptimizerOptions(), "rewrite_options": RewriterConfig(), **options})
