"""What whole public programs were found to need: checks inside the graph, odd arguments, orders of calls."""

import numpy as np

from ..cases import golden
from ..helpers import NOT_RAISED, said, uniform

CHECKS = {
    "Assert of floats": lambda tf, x, u: tf.Assert(tf.reduce_all(x > 0.0), [x, "a", x]),
    "Assert of integers": lambda tf, x, u: tf.Assert(tf.reduce_all(x > 0.0), ["a", tf.shape(x)]),
    "equal": lambda tf, x, u: tf.assert_equal(x, 1.0),
    "equal with a message": lambda tf, x, u: tf.assert_equal(x, 1.0, message="why"),
    "equal of itself": lambda tf, x, u: tf.assert_equal(x, x),
    "none equal": lambda tf, x, u: tf.assert_none_equal(x, 2.0, data=["no", x]),
    "less": lambda tf, x, u: tf.assert_less(tf.shape(x), [1], name="short"),
    "less or equal": lambda tf, x, u: tf.assert_less_equal([2], [3]),
    "greater": lambda tf, x, u: tf.assert_greater(x, 3.0, summarize=1),
    "greater or equal": lambda tf, x, u: tf.assert_greater_equal(x, 3.0),
    "positive": lambda tf, x, u: tf.assert_positive(x, message="why"),
    "negative": lambda tf, x, u: tf.assert_negative(x),
    "non-negative": lambda tf, x, u: tf.assert_non_negative(x),
    "near": lambda tf, x, u: tf.assert_near(x, 1.0, data=["far", x]),
    "exactly near": lambda tf, x, u: tf.assert_near(x, x, 0.0, 0.0, data=["not near"]),
    "rank": lambda tf, x, u: tf.assert_rank(u, 1),
    "rank that is known": lambda tf, x, u: tf.assert_rank(x, 1),
    "rank at least": lambda tf, x, u: tf.assert_rank_at_least(u, 3, message="why"),
    "rank in": lambda tf, x, u: tf.assert_rank_in(u, [0, 1], message="why"),
    "rank in, known": lambda tf, x, u: tf.assert_rank_in(x, (1, 2)),
}


def outcome(call):
    """What the failing check says, or that it holds."""
    found = said(call, r"assertion failed: [^\n]*")
    return "holds" if found == [NOT_RAISED] else found


@golden(rows=CHECKS)
def checks(tf, row):
    """What a failing check says, and a random draw after it, which tells how many operations it is made of."""
    with tf.Graph().as_default():
        tf.set_random_seed(5)
        x = tf.placeholder(tf.float32, [None], name="x")
        u = tf.placeholder(tf.float32, name="u")
        check = row(tf, x, u)
        drawn = tf.random_uniform([3])
        with tf.Session() as session:
            feeds = {x: [2.0, -1.5, 0.1], u: np.ones([1, 2])}
            told = outcome(lambda: session.run(check, feeds))
            with tf.control_dependencies([check]):
                checked = tf.identity(x)
            of_nothing = outcome(lambda: session.run(checked, {x: [], u: [[[2.0]]]}))
            return {"told": told, "drawn": session.run(drawn), "of nothing": of_nothing}


@golden()
def no_checks(tf):
    """What the graph alone decides is told when it is built."""
    with tf.Graph().as_default():
        x, u = tf.placeholder(tf.float32, [2, 3], name="x"), tf.placeholder(tf.float32, name="u")
        same = tf.assert_same_float_dtype
        return {
            "less": said(lambda: tf.assert_less_equal(tf.constant([3], name="c"), 2, message="why"), ".*"),
            "positive": said(lambda: tf.assert_positive(tf.constant([-1.0], name="d"), message="why"), ".*"),
            "rank": said(lambda: tf.assert_rank(x, 1, message="why"), ".*"),
            "rank at least": said(lambda: tf.assert_rank_at_least(x, 3), ".*"),
            "rank in": said(lambda: tf.assert_rank_in(x, [0, 1]), ".*"),
            "rank of floats": said(lambda: tf.assert_rank(x, 1.0, name="f"), ".*"),
            "rank of many": said(lambda: tf.assert_rank(x, [1]), ".*"),
            "same": [same([x, u]).name, same().name, same([], tf.float64).name],
            "other": said(lambda: same([x, tf.constant(1.0, tf.float64, name="e")]), ".*"),
            "not as asked": said(lambda: same([x], tf.float64), ".*"),
            "no floats": said(lambda: same([], tf.int32), ".*"),
            "constant": tf.constant(1, name=None).op.name,
        }


PRINTED = {
    "float32": np.array([1234567, 0.1, 1 / 3, 1e-10, 3, -1.5, np.nan, np.inf, 16777217], np.float32),
    "float64": np.array([1234567, 0.1, 1 / 3, 1e-10, 3, -1.5, 1e20]),
    "bool": np.array([True, False]),
    "matrix": np.array([[1, 2], [3, 4]]),
    "words": np.array([["a", "b"], ["c", "d"]]),
}


@golden(rows=PRINTED)
def values_in_messages(tf, row):
    """How a message writes an array, and cuts it short."""
    with tf.Graph().as_default(), tf.Session() as session:
        return {
            str(most): said(lambda most=most: session.run(tf.Assert(False, [row], most)), r"assertion failed: [^\n]*")
            for most in (-1, 1, 2, 3)
        }


@golden()
def names_of_a_limited_loop(tf):
    """TensorFlow counts the rounds in a first variable, whose Exit takes the first name."""
    with tf.Graph().as_default():
        rounds = {None: [], 4: []}
        for most, made in rounds.items():
            made += tf.while_loop(lambda i, x: i < 9, lambda i, x: [i + 1, x * 2.0], [0, 1.0], maximum_iterations=most)
            made.append(tf.while_loop(lambda i: i < 9, lambda i: i + 1, [0], maximum_iterations=most))
        names = {str(most): [tensor.name for tensor in made] for most, made in rounds.items()}
        with tf.Session() as session:
            return names | {f"values of {most}": np.array(session.run(made)) for most, made in rounds.items()}


SEQUENCES = {  # shapes of labels and logits as the graph knows them
    "unknown": ([None, None], [None, None, 3]),
    "half known": ([2, None], [2, 4, 3]),
    "known": ([2, 4], [2, 4, 3]),
    "of unknown rank": (None, None),
}


@golden(rows=SEQUENCES, rtol=1e-6, reason="a softmax in another order of summation")
def cross_entropy_of_sequences(tf, row):
    """Labels of other steps than the logits' are refused, though as many; the check counts for what is drawn later."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(3)
        labels, logits = tf.placeholder(tf.int32, row[0]), tf.placeholder(tf.float32, row[1])
        cost = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        drawn = tf.random_uniform([2])
        scores, classes = uniform(2, 4, 3), np.arange(8).reshape(2, 4) % 3
        answers = {"cost": session.run(cost, {labels: classes, logits: scores}), "drawn": session.run(drawn)}
        if row[0] != [2, 4]:
            others = classes[:, :3] if row[0] and row[0][0] else classes.reshape(4, 2)
            answers["other steps"] = said(lambda: session.run(cost, {labels: others, logits: scores}))
        return answers


OTHER_SHAPES = {  # of a gradient that arrives where the tensor has the shape [2, 2]
    "reshape": lambda tf, x: tf.reshape(x, [2, 2]),
    "mul by a number": lambda tf, x: x * 3.0,
    "sum": lambda tf, x: tf.reduce_sum(tf.reshape(x, [1, 2, 2]), 0),
}


@golden(rows=OTHER_SHAPES)
def gradients_of_another_shape(tf, row):
    """A gradient to begin with may have another shape than its tensor, where the tensor's operation takes it."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        y = row(tf, x)
        answers = {}
        for name, given in {"of rank 3": np.arange(4.0).reshape(1, 2, 2), "of too many": np.arange(8.0)}.items():
            try:
                answers[name] = session.run(tf.gradients(y, x, grad_ys=given.astype(np.float32).tolist())[0])
            except (ValueError, tf.errors.InvalidArgumentError):
                answers[name] = "refused"
        return answers


SPARSE_BY_DENSE = {
    "by a number": lambda tf, sparse, v: sparse * 2.0,
    "by a tensor": lambda tf, sparse, v: sparse * tf.reshape(v, [3, 2]),
    "tensor by it": lambda tf, sparse, v: tf.reshape(v, [3, 2]) * sparse,
    "by rows": lambda tf, sparse, v: sparse * [1.0, -3.0],
    "by columns": lambda tf, sparse, v: sparse * [[1.0], [2.0], [3.0]],
    "divided": lambda tf, sparse, v: sparse / tf.reshape(v, [3, 2]),
    "divided by a number": lambda tf, sparse, v: sparse / 4.0,
    "integers divided by a number": lambda tf, sparse, v: tf.SparseTensor([[0], [2]], [3, 4], [3]) / 2,
}


BY_A_NUMBER = [row for name, row in SPARSE_BY_DENSE.items() if "number" in name]  # TensorFlow's gradients fail there


@golden(rows=SPARSE_BY_DENSE, rtol=1e-6, reason="divisions in another order")
def sparse_by_dense(tf, row):
    """Operators between sparse tensors and dense ones, and what flows back through them."""
    with tf.Graph().as_default(), tf.Session() as session:
        values, v = tf.constant([2.0, 3.0]), tf.constant([1.0, 2.0, 4.0, 5.0, 8.0, 10.0])
        found = row(tf, tf.SparseTensor([[0, 1], [2, 0]], values, [3, 2]), v)
        grads = tf.gradients(found.values, [values, v]) if row not in BY_A_NUMBER else []
        flowing = [session.run(g) for g in grads if g is not None]
        parts = [session.run(part) for part in (found.indices, found.values, found.dense_shape)]
        return {
            "name": found.values.name,
            "parts": [part.tolist() for part in parts],
            "dtype": found.dtype.name,
            "missing": [g is None for g in grads],
            "gradients": np.concatenate([np.ravel(g) for g in flowing]) if flowing else 0.0,
        }


@golden()
def sparse_placeholder_of_a_tensors_shape(tf):
    """Programs give a constant for its shape, and feed all three parts."""
    with tf.Graph().as_default(), tf.Session() as session:
        made = tf.sparse_placeholder(tf.float32, shape=tf.constant([4, 3], tf.int64))
        kept = tf.sparse_retain(made, tf.placeholder_with_default([True, False], [2]))
        product = tf.sparse_tensor_dense_matmul(kept, tf.ones([3, 2]))
        fed = ([[0, 1], [2, 0]], [2.0, 3.0], [4, 3])
        return {"product": session.run(product, {made: fed}), "shape": made.get_shape().as_list()}


@golden()
def drawn_after_averages(tf):
    """Averages count for what is drawn later by the operations that TensorFlow makes for them."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(3)
        v, w = tf.Variable(1.0, name="v"), tf.Variable([2.0], name="w")
        tf.train.ExponentialMovingAverage(0.9).apply([v, w])
        return {"drawn": session.run(tf.random_uniform([2]))}


COUNTED = {  # what TensorFlow makes of more operations than are here
    "zero states": lambda tf: tf.nn.rnn_cell.BasicLSTMCell(4).zero_state(3, tf.float32),
    "zero states of a batch": lambda tf: tf.nn.rnn_cell.GRUCell(4).zero_state(tf.placeholder(tf.int32, []), tf.float32),
    "a static network": lambda tf: tf.nn.static_rnn(
        tf.nn.rnn_cell.BasicLSTMCell(4), [tf.ones([2, 3]), tf.ones([2, 3])], dtype=tf.float32
    ),
    "a share of zeros": lambda tf: tf.nn.zero_fraction(tf.ones([2, 3])),
    "a share of zeros of unknown rank": lambda tf: tf.nn.zero_fraction(tf.placeholder(tf.float32)),
}


@golden(rows=COUNTED)
def drawn_later(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(3)
        row(tf)
        return {"drawn": session.run(tf.random_uniform([2]))}


PARTITIONED = {  # how rows are looked up in a variable that is kept in parts
    "by default": lambda tf, v: tf.nn.embedding_lookup(v, [0, 1, 2, 5, 6]),
    "div": lambda tf, v: tf.nn.embedding_lookup(v, [0, 1, 2, 5, 6], partition_strategy="div"),
    "mod": lambda tf, v: tf.nn.embedding_lookup(list(v), [[0, 1], [6, 2]], partition_strategy="mod"),
    "whole": lambda tf, v: tf.gather(v, [0, 1, 2, 5, 6]),
}


@golden(rows=PARTITIONED)
def rows_of_a_partitioned_variable(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        values = tf.random_uniform_initializer(seed=1)
        kept = tf.get_variable("v", [7, 2], initializer=values, partitioner=tf.fixed_size_partitioner(3))
        session.run(tf.global_variables_initializer())
        parts = {part.op.name: session.run(part) for part in kept}
        return {"rows": session.run(row(tf, kept)), **parts}
