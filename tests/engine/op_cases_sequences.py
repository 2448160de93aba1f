"""Cases of ops on sequences: gather_tree."""

import numpy as np
from op_cases import Case, rng

from scopeflow.engine.ops.beams import gather_tree

STEPS = rng(0).integers(0, 5, (4, 2, 3)).astype(np.int32)
PARENTS = rng(1).integers(0, 3, (4, 2, 3)).astype(np.int32)

CASES = [
    Case(
        "gather_tree",
        ("GatherTree",),
        lambda tf, steps, parents, lengths: gather_tree(steps, parents, lengths, 4),
        (STEPS, PARENTS, np.array([4, 2], np.int32)),
        differentiable=False,
    ),
]
