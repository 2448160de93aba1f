"""Cases of ops on sequences: gather_tree, and connectionist temporal classification."""

import numpy as np
from op_cases import Case, normal, rng

from scopeflow.engine.ops.beams import gather_tree

STEPS = rng(0).integers(0, 5, (4, 2, 3)).astype(np.int32)
PARENTS = rng(1).integers(0, 3, (4, 2, 3)).astype(np.int32)


def _labelled(tf, x, **how):
    labels = tf.SparseTensor([[0, 0], [0, 1], [1, 0], [1, 1]], np.array([1, 0, 1, 1], np.int32), [2, 2])
    return tf.nn.ctc_loss(labels, x, [3, 5], **how)


def _distances(tf, values):
    said, meant = (tf.SparseTensor([[0, 0], [0, 1], [1, 0]], values + i, [2, 2]) for i in (0, 1))
    return tf.edit_distance(said, meant)


CASES = [
    Case("edit_distance", ("EditDistance",), _distances, (np.array([3, 4, 5], np.int32),), differentiable=False),
    Case("ctc_loss", ("CTCLoss",), _labelled, (normal(5, 2, 3),), second_order=False),
    Case(
        "ctc_loss_of_single_steps",
        ("CTCLoss",),
        lambda tf, x: _labelled(tf, x, ctc_merge_repeated=False),
        (normal(5, 2, 3, seed=1),),
        second_order=False,
    ),
    Case(
        "ctc_greedy_decoder",
        ("CTCGreedyDecoder",),
        lambda tf, x: [tf.nn.ctc_greedy_decoder(x, [3, 5])[0][0].values, tf.nn.ctc_greedy_decoder(x, [3, 5])[1]],
        (normal(5, 2, 3).astype(np.float32),),
        differentiable=False,
    ),
    Case(
        "ctc_beam_search_decoder",
        ("CTCBeamSearchDecoder",),
        lambda tf, x: tf.nn.ctc_beam_search_decoder(x, [3, 5], 4, 2)[1],
        (normal(5, 2, 3).astype(np.float32),),
        differentiable=False,
    ),
    Case(
        "gather_tree",
        ("GatherTree",),
        lambda tf, steps, parents, lengths: gather_tree(steps, parents, lengths, 4),
        (STEPS, PARENTS, np.array([4, 2], np.int32)),
        differentiable=False,
    ),
]
