"""Candidate samplers, and the losses over the classes that they draw."""

import numpy as np

from ..cases import golden
from ..helpers import described, said, uniform

COUNTS = {"rtol": 3e-7, "reason": "logarithms and exponentials of another libm, in float32"}
LOSSES = {"rtol": 3e-6, "atol": 1e-6, "reason": "sums of float32 products in another order"}
TRUE = [[1, 2], [3, 4]]


def _samplers(tf):
    weights = [1.0, 2.0, 30.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    return {
        "uniform": lambda true: tf.nn.uniform_candidate_sampler(true, 2, 8, True, 10, seed=5),
        "uniform repeated": lambda true: tf.nn.uniform_candidate_sampler(true, 2, 9, False, 5, seed=6),
        "power of two": lambda true: tf.nn.uniform_candidate_sampler(true, 2, 9, False, 16, seed=6),
        "log uniform": lambda true: tf.nn.log_uniform_candidate_sampler(true, 2, 5, True, 50, seed=3),
        "all of log uniform": lambda true: tf.nn.log_uniform_candidate_sampler(true, 2, 20, True, 20, seed=3),
        "log uniform repeated": lambda true: tf.nn.log_uniform_candidate_sampler(true, 2, 7, False, 50, seed=4),
        "unigram": lambda true: tf.nn.fixed_unigram_candidate_sampler(
            true, 2, 6, True, 9, unigrams=weights, distortion=0.75, seed=7
        ),
        "unigram repeated": lambda true: tf.nn.fixed_unigram_candidate_sampler(
            true, 2, 9, False, 9, unigrams=weights, seed=7
        ),
        "reserved": lambda true: tf.nn.fixed_unigram_candidate_sampler(
            true, 2, 9, False, 11, num_reserved_ids=2, unigrams=weights, seed=8
        ),
        "all": lambda true: tf.nn.all_candidate_sampler(true, 2, 6, True, seed=7),
    }


@golden(
    rows={
        name: name
        for name in (
            "uniform", "uniform repeated", "power of two", "log uniform", "all of log uniform", "log uniform repeated",
            "unigram", "unigram repeated", "reserved", "all",
        )
    },
    **COUNTS,
)  # fmt: skip
def samplers(tf, row):
    """Two runs of each: the second goes on in the stream."""
    with tf.Graph().as_default(), tf.Session() as session:
        sampled = _samplers(tf)[row](tf.constant(TRUE, tf.int64))
        first, second = session.run(sampled), session.run(sampled)
    parts = ("sampled_candidates", "true_expected_count", "sampled_expected_count")
    return {
        "what": described([getattr(sampled, part) for part in parts]),
        **{f"{part} {i}": getattr(run, part) for i, run in enumerate((first, second)) for part in parts},
    }


@golden()
def with_a_graph_seed_alone(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(3)
        sampled = tf.nn.log_uniform_candidate_sampler(tf.constant(TRUE, tf.int64), 2, 5, True, 50)
        return {"sampled": session.run(sampled.sampled_candidates)}


@golden()
def hits(tf):
    with tf.Graph().as_default(), tf.Session() as session:
        true = tf.constant(TRUE, tf.int64)
        found = tf.nn.compute_accidental_hits(true, tf.constant([4, 1, 7, 3], tf.int64), 2)
        none = tf.nn.compute_accidental_hits(true, tf.constant([9, 7], tf.int64), 2)
        rows, places, weights = session.run(found)
        nowhere = session.run(none)
    return {"what": described(list(found)), "rows": rows, "places": places, "weights": weights, "none": nowhere[1]}


@golden(rows={f"{kind} {parts} {strategy}": (kind, parts, strategy)
              for kind in ("nce", "softmax") for parts in (1, 3) for strategy in ("mod", "div")}, **LOSSES)  # fmt: skip
def losses(tf, row):
    kind, parts, strategy = row
    table, offsets = uniform(21, 3, seed=1), uniform(21, seed=2)
    cut = (lambda x: [x[i::parts] for i in range(parts)]) if strategy == "mod" else (lambda x: np.array_split(x, parts))
    results = {}
    with tf.Graph().as_default(), tf.Session() as session:
        weights, biases = ([tf.constant(part) for part in cut(x)] for x in (table, offsets))
        inputs, labels = tf.constant(uniform(4, 3, seed=3)), tf.constant([[0, 3], [5, 1], [2, 2], [20, 0]])
        loss = {"nce": tf.nn.nce_loss, "softmax": tf.nn.sampled_softmax_loss}[kind]
        sampled = tf.nn.log_uniform_candidate_sampler(tf.cast(labels, tf.int64), 2, 8, True, 21, seed=3)
        for remove in (False, True):
            value = loss(weights, biases, labels, inputs, 8, 21, 2, sampled, remove, strategy)
            slopes = tf.gradients(value, [inputs, weights[0], biases[-1]])
            results[f"loss {remove}"] = value
            results |= {f"slope {i} {remove}": tf.convert_to_tensor(slope) for i, slope in enumerate(slopes)}
        return session.run(results)


@golden(**LOSSES)
def names_and_seeds_in_losses(tf):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.set_random_seed(4)
        table, offsets = tf.constant(uniform(21, 3, seed=1)), tf.constant(uniform(21, seed=2))
        inputs, labels = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.int32, [None, 1])
        given = {"weights": table, "biases": offsets, "labels": labels, "inputs": inputs}
        losses = [
            tf.nn.nce_loss(**given, num_sampled=5, num_classes=21),
            tf.nn.sampled_softmax_loss(**given, num_sampled=5, num_classes=21, seed=3, name="loss"),
        ]
        later = tf.random_uniform([3])
        nce, softmax, drawn = session.run([*losses, later], {inputs: uniform(2, 3, seed=3), labels: [[3], [0]]})
        names = [op.name for op in graph.get_operations()]
    return {
        "what": described(losses),
        "nce": nce,
        "softmax": softmax,
        "drawn later": drawn,
        "names": [name for name in names if name.startswith("loss/") or "/" not in name],
        "operations": len(names),
    }


@golden()
def refused(tf):
    def run(sampler, true, *arguments, **keywords):
        with tf.Graph().as_default(), tf.Session() as session:
            session.run(sampler(tf.constant(true), *arguments, **keywords))

    true = np.array(TRUE)
    uniform_, unigram = tf.nn.uniform_candidate_sampler, tf.nn.fixed_unigram_candidate_sampler
    return {
        "too many": said(lambda: run(uniform_, true, 2, 12, True, 10), "Sampler's range is too small"),
        "columns": said(lambda: run(uniform_, true, 3, 2, True, 10), "true_classes must have num_true columns"),
        "outside": said(lambda: run(uniform_, true, 2, 2, True, 4), "`true_candidate` out of range .*, received 4"),
        "none": said(lambda: run(uniform_, true, 0, 2, True, 4), "less than minimum 1"),
        "dtype": said(lambda: run(uniform_, [[1.0]], 1, 2, True, 4)),
        "sizes": said(
            lambda: run(unigram, true, 2, 2, True, 10, unigrams=[1.0, 2.0]), "range is 10 must be equal to weights size"
        ),
    }
