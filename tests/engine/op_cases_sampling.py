"""Cases of engine/ops/sampling.py."""

import numpy as np
from op_cases import Case

TRUE = np.array([[1, 2], [3, 0]])


def sampler(name, op, **given):
    return Case(
        name,
        (op,),
        lambda tf, true: getattr(tf.nn, name)(true, 2, 3, True, **given, seed=1),
        (TRUE,),
        differentiable=False,
    )


CASES = [
    sampler("uniform_candidate_sampler", "UniformCandidateSampler", range_max=9),
    sampler("log_uniform_candidate_sampler", "LogUniformCandidateSampler", range_max=9),
    sampler(
        "fixed_unigram_candidate_sampler", "FixedUnigramCandidateSampler", range_max=4, unigrams=(3.0, 1.0, 2.0, 0.5)
    ),
    Case(
        "all_candidate_sampler",
        ("AllCandidateSampler",),
        lambda tf, true: tf.nn.all_candidate_sampler(true, 2, 4, True),
        (TRUE,),
        differentiable=False,
    ),
    Case(
        "compute_accidental_hits",
        ("ComputeAccidentalHits",),
        lambda tf, true, drawn: tf.nn.compute_accidental_hits(true, drawn, 2),
        (TRUE, np.array([7, 3, 1])),
        differentiable=False,
    ),
]
