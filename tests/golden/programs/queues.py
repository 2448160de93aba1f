"""Queues, queue runners, readers and batches: names of operations, orders of elements, errors."""

import os
import tempfile

import numpy as np

from ..cases import golden
from ..helpers import described, said


def in_a_graph(program):
    """The program in a graph of its own, so that all its names begin anew."""

    def alone(tf, **row):
        with tf.Graph().as_default():
            return program(tf, **row)

    alone.__name__, alone.__module__ = program.__name__, program.__module__
    return alone


def operations(tf):
    """Every operation of the graph that is no constant: its type, inputs, control inputs and the shapes it gives."""
    return [
        " ".join([op.name, op.type, *(t.name for t in op.inputs), *(f"^{c.name}" for c in op.control_inputs)])
        + "".join(f" {t.shape}" for t in op.outputs)
        for op in tf.get_default_graph().get_operations()
        if op.type != "Const"
    ]


def runners(tf):
    return [
        [r.name, [op.name for op in r.enqueue_ops], r.close_op.name, r.cancel_op.name]
        for r in tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
    ]


def until_the_end(tf, fetches, most=30):
    """What run after run gives, with one thread for each queue runner, until the input ends."""
    results = []
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coord)
        try:
            while len(results) < most:
                results.append(session.run(fetches))
        except tf.errors.OutOfRangeError:
            ended = said(lambda: session.run(fetches), r"is closed and has insufficient.*size \d+\)")
        coord.request_stop()
        coord.join(threads)
    return results, ended


# -- queues -----------------------------------------------------------------------------------------------------------


def make(tf, kind, capacity=10, **more):
    if kind == "random":
        return tf.RandomShuffleQueue(capacity, 0, tf.int32, shapes=[[]], seed=more.pop("seed", 5), **more)
    if kind == "priority":
        return tf.PriorityQueue(capacity, [], shapes=None, **more)
    return {"fifo": tf.FIFOQueue, "padding": tf.PaddingFIFOQueue}[kind](capacity, tf.int32, shapes=[[]], **more)


@golden()
@in_a_graph
def names_of_queues(tf):
    queue = tf.FIFOQueue(10, [tf.float32, tf.int32], shapes=[[2], []])
    queue.enqueue([[1.0, 2.0], 3])
    queue.enqueue_many([[[1.0, 2.0]], [3]])
    tensors = [*queue.dequeue(), *queue.dequeue_many(2), *queue.dequeue_up_to(2), queue.size(), queue.is_closed()]
    queue.close()
    queue.close(cancel_pending_enqueues=True, name="stop")
    named = tf.FIFOQueue(2, [tf.float32, tf.string], names=["x", "y"], name="named", shared_name="theirs")
    named.enqueue({"y": "a", "x": 1.0})
    dequeued = named.dequeue()
    with tf.name_scope("inner"):
        others = [
            tf.RandomShuffleQueue(10, 2, tf.float32, seed=3),
            tf.PaddingFIFOQueue(10, [tf.int32], [[None, 3]]),
            tf.PriorityQueue(10, [tf.string], [[]]),
        ]
        taken = [others[0].dequeue(), others[1].dequeue_many(4), *others[2].dequeue_many(5)]
        chosen = tf.QueueBase.from_list(1, [queue, queue])
        chosen.dequeue(name="pick")
    everyone = [queue, named, *others, chosen]
    return {
        "operations": operations(tf),
        "tensors": described([*tensors, dequeued["x"], dequeued["y"], *taken]),
        "queues": [f"{q.name} {[t.name for t in q.dtypes]} {[str(s) for s in q.shapes]} {q.names}" for q in everyone],
    }


@golden(rows={kind: kind for kind in ("fifo", "padding", "random")})
@in_a_graph
def order_of(tf, row):
    queue = make(tf, row, 20)
    fill, more = queue.enqueue_many([list(range(10))]), queue.enqueue([99])
    one, some, rest = queue.dequeue(), queue.dequeue_many(4), queue.dequeue_up_to(30)
    none, size, closed, close = queue.dequeue_up_to(0), queue.size(), queue.is_closed(), queue.close()
    with tf.Session() as session:
        session.run(fill)
        values = {"first": session.run(one), "some": session.run(some), "size": session.run(size)}
        session.run(more)
        values["second"] = session.run(one)
        session.run(fill)
        values["open"] = session.run(closed)
        session.run(close)
        values.update(rest=session.run(rest), closed=session.run(closed), none=session.run(none))
        values["end"] = said(lambda: session.run(one), r"is closed and has insufficient elements.*size 0\)")
        values["added"] = said(lambda: session.run(more), "is closed.")
    return values


SEEDS = {"op 7": (None, 7), "op 0": (None, 0), "graph 5, op 7": (5, 7), "graph 5": (5, None), "op 2**31": (None, 2**31)}


@golden(rows=SEEDS)
@in_a_graph
def shuffled_order(tf, row):
    tf.set_random_seed(row[0]) if row[0] is not None else None
    queue = tf.RandomShuffleQueue(400, 0, tf.int32, shapes=[[]], seed=row[1])
    shared = tf.RandomShuffleQueue(50, 3, tf.int32, shapes=[[]], seed=row[1], shared_name="named")
    with tf.Session() as session:
        session.run([queue.enqueue_many([np.arange(300)]), shared.enqueue_many([np.arange(20)])])
        return {
            "order": session.run(queue.dequeue_many(300)),
            "shared": session.run(shared.dequeue_many(17)),
            "one by one": [int(session.run(queue.size()))],
        }


@golden()
@in_a_graph
def priorities(tf):
    queue = tf.PriorityQueue(20, [tf.string, tf.float32], [[], [2]])
    fill = queue.enqueue_many([[3, -1, 2, 7, 0], list("cabed"), np.arange(10.0).reshape(5, 2).astype(np.float32)])
    with tf.Session() as session:
        session.run(fill)
        first = session.run(queue.dequeue())
        session.run(queue.enqueue([1, "z", [9.0, 9.0]]))
        level, text, rows = session.run(queue.dequeue_many(5))
    return {
        "first": [int(first[0]), first[1].decode()],
        "levels": level,
        "texts": text.astype(str).tolist(),
        "rows": rows,
    }


@golden()
@in_a_graph
def padding(tf):
    queue = tf.PaddingFIFOQueue(9, [tf.float32, tf.string, tf.int64], [[None, 2], [None], []])
    length = tf.placeholder(tf.int32, [])
    put = queue.enqueue([tf.ones([length, 2]) * 3, tf.fill([length + 1], "s"), tf.cast(length, tf.int64)])
    with tf.Session() as session:
        for n in (1, 3, 0, 2):
            session.run(put, {length: n})
        ones, texts, lengths = session.run(queue.dequeue_many(3))
        alone = session.run(queue.dequeue_up_to(1))
        none = session.run(queue.dequeue_many(0))
    return {
        "ones": ones, "texts": texts.astype(str).tolist(), "lengths": lengths, "alone": alone[0],
        "none": [str(array.shape) for array in none],
    }  # fmt: skip


@golden()
@in_a_graph
def elements_that_are_dicts(tf):
    queue = tf.FIFOQueue(5, [tf.int32, tf.float32], shapes=[[], [2]], names=["number", "pair"])
    fill = queue.enqueue_many({"pair": np.ones([3, 2], np.float32), "number": [4, 5, 6]})
    with tf.Session() as session:
        session.run(fill)
        one, two = session.run([queue.dequeue(), queue.size()])[0], session.run(queue.dequeue_many(2))
    return {"one": [int(one["number"]), one["pair"].tolist()], "number": two["number"], "pair": two["pair"]}


REFUSED_QUEUES = {
    "names": (lambda tf: tf.FIFOQueue(3, [tf.float32], names=["a", "b"]), r"List of names.*len\(dtypes\)=1"),
    "shapes": (lambda tf: tf.FIFOQueue(3, [tf.float32], shapes=[[], []]), r"Queue shapes must.*len\(dtypes\)=1"),
    "open shape": (lambda tf: tf.FIFOQueue(3, [tf.float32], shapes=[[None]]), "All shapes must be fully defined: "),
    "no shape to pad": (lambda tf: tf.PaddingFIFOQueue(3, tf.int32, None), "When providing partial shapes.*provided."),
    "dict": (lambda tf: make(tf, "fifo").enqueue({"a": 1}), "Queue must have names to enqueue a dictionary"),
    "no dict": (
        lambda tf: tf.FIFOQueue(3, [tf.float32], names=["a"]).enqueue([1.0]),
        "You must enqueue a dictionary in a Queue with names",
    ),
    "keys": (
        lambda tf: tf.FIFOQueue(3, [tf.float32], names=["a"]).enqueue({"b": 1.0}),
        r"Keys in dictionary to enqueue do not match names of Queue.  Dictionary: \['b'\],Queue: \['a'\]",
    ),
    "shape": (lambda tf: make(tf, "fifo").enqueue([[1, 2]]), r"Shapes \(2,\) and \(\) are incompatible"),
    "rows": (
        lambda tf: tf.FIFOQueue(3, [tf.float32, tf.int32], [[], []]).enqueue_many([[1.0, 2.0], [1]]),
        "Dimensions 2 and 1 are not compatible",
    ),
    "no rows": (lambda tf: make(tf, "fifo").enqueue_many([1]), r"Shape \(\) must have rank at least 1"),
    "text": (lambda tf: make(tf, "fifo").enqueue(["x"]), "Expected int32"),
    "tensor": (lambda tf: make(tf, "fifo").enqueue(tf.constant(1.0)), "Tensor conversion requested dtype int32"),
    "negative": (lambda tf: make(tf, "fifo").dequeue_many(-1), "Input 'n' must be >= 0, but is -1"),
    "list": (lambda tf: tf.QueueBase.from_list(0, []), "A list of queues expected"),
    "no runner": (lambda tf: tf.train.QueueRunner(), "Must provide queue and enqueue_ops."),
    "types": (
        lambda tf: tf.train.QueueRunner(q := make(tf, "fifo"), [q.enqueue([1])], queue_closed_exception_types=[1]),
        r"queue_closed_exception_types, when provided, must be a tuple of tf.error types, but saw: \[1\]",
    ),
    "no session": (lambda tf: tf.train.start_queue_runners(), "Cannot start queue runners: No default session"),
    "odd session": (lambda tf: tf.train.start_queue_runners(3), "sess must be a `tf.Session` object. Given class: "),
}


@golden(rows=REFUSED_QUEUES)
@in_a_graph
def refused(tf, row):
    make_it, *parts = row
    return {"said": said(lambda: make_it(tf), *parts)}


def _feed(tf, shape, value, many=False):
    queue = tf.FIFOQueue(9, [tf.float32, tf.int32], shapes=[[2], []])
    fed = tf.placeholder(tf.float32, shape)
    operation = queue.enqueue_many([fed, [1, 2]]) if many else queue.enqueue([fed, 1])
    return operation, {fed: value}


def _shared(tf, second):
    first = tf.RandomShuffleQueue(3, 1, tf.int32, shapes=[[]], shared_name="S", seed=1)
    return second().size(), None, first.size()


FAILS = {
    "shape": (
        lambda tf: _feed(tf, None, [1.0, 2.0, 3.0]),
        r"Shape mismatch in tuple component 0. Expected \[2\], got \[3\]",
    ),
    "rows": (
        lambda tf: _feed(tf, None, [[1.0, 2.0]], True),
        r"Shape mismatch in tuple component 1. Expected \[1\], got \[2\]",
    ),
    "row": (lambda tf: _feed(tf, None, [[1.0], [2.0]], True), r"component 0. Expected \[2,2\], got \[2,1\]"),
    "padded": (
        lambda tf: (tf.PaddingFIFOQueue(5, tf.int32, [[None, 2]]).enqueue(p := tf.placeholder(tf.int32)), {p: [1, 2]}),
        r"Shape mismatch in tuple component 0. Expected \[\?,2\], got \[2\]",
    ),
    "negative": (
        lambda tf: (make(tf, "fifo").dequeue_up_to(n := tf.placeholder(tf.int32, [])), {n: -1}),
        "DequeueUpToOp requested -1 < 0 elements",
    ),
    "negative many": (
        lambda tf: (make(tf, "fifo").dequeue_many(n := tf.placeholder(tf.int32, [])), {n: -2}),
        "DequeueManyOp requested -2 < 0 elements",
    ),
    "no shapes": (
        lambda tf: (tf.FIFOQueue(3, tf.int32).dequeue_many(2), None),
        "FIFOQueue's DequeueMany and DequeueUpTo require the components to have specified shapes.",
    ),
    "too much kept back": (
        lambda tf: (tf.RandomShuffleQueue(3, 5, tf.int32, shapes=[[]]).size(), None),
        "min_after_dequeue 5 must be < capacity 3",
    ),
    "capacity": (
        lambda tf: _shared(tf, lambda: tf.RandomShuffleQueue(4, 1, tf.int32, shapes=[[]], shared_name="S", seed=1)),
        "Shared queue 'S' has capacity 3 but requested capacity was 4",
    ),
    "types": (
        lambda tf: _shared(tf, lambda: tf.RandomShuffleQueue(3, 1, tf.float32, shapes=[[]], shared_name="S", seed=1)),
        "Shared queue 'S' has component types int32 but requested component types were float",
    ),
    "shapes": (
        lambda tf: _shared(tf, lambda: tf.RandomShuffleQueue(3, 1, tf.int32, shapes=[[2]], shared_name="S", seed=1)),
        r"Shared queue 'S' has component shapes \[\[\]\] but requested component shapes were \[\[2\]\]",
    ),
    "kept back": (
        lambda tf: _shared(tf, lambda: tf.RandomShuffleQueue(3, 0, tf.int32, shapes=[[]], shared_name="S", seed=1)),
        "Shared queue 'S' has min_after_dequeue 1 but requested min_after_dequeue was 0.",
    ),
    "seed": (
        lambda tf: _shared(tf, lambda: tf.RandomShuffleQueue(3, 1, tf.int32, shapes=[[]], shared_name="S", seed=2)),
        r"Shared queue 'S' has random seeds \(87654321, 1\) but requested seeds are \(87654321, 2\).",
    ),
    "kind": (
        lambda tf: _shared(tf, lambda: tf.FIFOQueue(3, tf.int32, shapes=[[]], shared_name="S")),
        "Expected RandomShuffleQueue, found FIFOQueueV2",
    ),
    "timeout": (lambda tf: (make(tf, "fifo").dequeue(), None), "Timed out waiting for notification"),
}


@golden(rows=FAILS)
@in_a_graph
def fails(tf, row):
    build, *parts = row
    fetch, feeds, *before = build(tf)
    with tf.Session() as session:
        session.run(before)
        options = tf.RunOptions(timeout_in_ms=200 if "waiting" in parts[0] else 0)
        return {"said": said(lambda: session.run(fetch, feeds, options=options), *parts)}


# -- producers and batches --------------------------------------------------------------------------------------------

PRODUCERS = {
    "strings": lambda tf: tf.train.string_input_producer(["a", "b"], num_epochs=2, seed=3, capacity=5).dequeue(),
    "tensor of strings": lambda tf: tf.train.string_input_producer(tf.constant(["a"]), shuffle=False, name="n").size(),
    "rows": lambda tf: tf.train.input_producer([[1, 2], [3, 4]], num_epochs=1, summary_name="full").dequeue(),
    "element shape": lambda tf: tf.train.input_producer(
        tf.placeholder(tf.float32), [3], shuffle=False, capacity=7, shared_name="s"
    ).dequeue(),
    "range": lambda tf: tf.train.range_input_producer(5, num_epochs=2, seed=4).dequeue(),
    "slices": lambda tf: tf.train.slice_input_producer(
        [[1, 2, 3], np.ones([3, 2], np.float32)], num_epochs=1, seed=1, capacity=7
    ),
    "slices of unknown length": lambda tf: tf.train.slice_input_producer(
        [tf.placeholder(tf.float32, [None, 2]), ["a", "b"]], shuffle=False
    ),
    "limit": lambda tf: tf.train.limit_epochs(tf.constant([1, 2]), 3),
}  # fmt: skip


def elements(tf):
    return [tf.constant([1, 2]), tf.constant("s")]


def as_dict(tf):
    return {"b": tf.constant([1, 2]), "a": tf.constant("s")}


def sparse(tf):
    return tf.SparseTensor([[0], [2]], [1.0, 2.0], [3])


def rows_of(tf):
    return tf.SparseTensor([[0, 1], [2, 0], [2, 3]], ["a", "b", "c"], [3, 4])


BATCHES = {
    "batch": lambda tf: tf.train.batch(elements(tf), 4),
    "dict": lambda tf: tf.train.batch(as_dict(tf), 4, num_threads=2, capacity=9, name="mine"),
    "smaller": lambda tf: tf.train.batch(elements(tf), 4, allow_smaller_final_batch=True, shared_name="q"),
    "many": lambda tf: tf.train.batch([tf.placeholder(tf.float32, [None, 3])], 4, enqueue_many=True),
    "padded": lambda tf: tf.train.batch([tf.placeholder(tf.float32, [None, 3])], 4, dynamic_pad=True),
    "shapes": lambda tf: tf.train.batch([tf.placeholder(tf.float32)], 4, shapes=[[2]]),
    "size of a run": lambda tf: tf.train.batch([1], tf.placeholder(tf.int32, [])),
    "join": lambda tf: tf.train.batch_join([[tf.constant([1.0]), 1], [tf.constant([2.0]), 2]], 4),
    "join of dicts": lambda tf: tf.train.batch_join([{"a": tf.constant(1.0)}, {"a": tf.constant(2.0)}], 2),
    "shuffle": lambda tf: tf.train.shuffle_batch(elements(tf), 4, 20, 5, num_threads=2, seed=1),
    "shuffle join": lambda tf: tf.train.shuffle_batch_join(
        [[tf.constant(1.0), 1], [tf.constant(2.0), 2]], 4, 20, 5, allow_smaller_final_batch=True
    ),
    "sparse": lambda tf: tf.train.batch([sparse(tf), tf.constant(1)], 2),
    "sparse alone": lambda tf: tf.train.shuffle_batch({"s": rows_of(tf)}, 2, 10, 1, enqueue_many=True),
    "sparse join": lambda tf: tf.train.batch_join([[sparse(tf), 1], [sparse(tf), 2]], 2),
    "maybe rows": lambda tf: tf.train.maybe_batch([[1, 2, 3]], tf.placeholder(tf.bool, [3]), 4, enqueue_many=True),
    "maybe never": lambda tf: tf.train.maybe_batch([1], False, 4),
    "maybe join": lambda tf: tf.train.maybe_batch_join(
        [[[1, 2]], [[3, 4]]], tf.placeholder(tf.bool, [2]), 4, enqueue_many=True
    ),
    "maybe shuffle": lambda tf: tf.train.maybe_shuffle_batch([1], 4, 20, 5, True),
    "maybe shuffle join": lambda tf: tf.train.maybe_shuffle_batch_join([[1], [2]], 4, 20, 5, True),
}


@golden(rows=PRODUCERS | BATCHES)
@in_a_graph
def names_of_pipelines(tf, row):
    result = row(tf)
    parts = [result[k] for k in sorted(result)] if isinstance(result, dict) else result
    maps = [op for op in tf.get_default_graph().get_operations() if op.type.endswith("TensorsMap")]
    return {
        "maps": [str(op.get_attr("shared_name")).strip("b'") for op in maps],
        "kind": type(result).__name__ if isinstance(result, dict | list) else "one",
        "result": described(parts),
        "operations": operations(tf),
        "runners": runners(tf),
        "locals": described(tf.local_variables()),
        "summaries": [t.name for t in tf.get_collection(tf.GraphKeys.SUMMARIES)],
    }


@golden()
@in_a_graph
def rows_in_order(tf):
    images = np.arange(30, dtype=np.float32).reshape(10, 3)
    pair = tf.train.slice_input_producer([images, np.arange(10)], num_epochs=2, shuffle=False)
    batches, ended = until_the_end(tf, tf.train.batch(pair, 4))
    values, labels = zip(*batches, strict=True)
    return {"values": np.stack(values), "labels": np.stack(labels), "ended": ended}


@golden()
@in_a_graph
def the_last_batch_is_smaller(tf):
    x = tf.train.limit_epochs(tf.constant([1, 2, 3]), 3)
    batches, ended = until_the_end(tf, tf.train.batch([x], 4, enqueue_many=True, allow_smaller_final_batch=True))
    return {"batches": [batch.tolist() for batch in batches], "ended": ended}


@golden()
@in_a_graph
def shuffled_rows(tf):
    row = tf.train.slice_input_producer([np.arange(12)], num_epochs=2, seed=4)
    batches, ended = until_the_end(tf, tf.train.batch(row, 6))
    return {"batches": np.stack(batches), "ended": ended}


@golden()
@in_a_graph
def shuffled_batches(tf):
    """The whole input waits in the queue before a batch is taken, so the order does not depend on the threads."""
    queue_of = tf.train.shuffle_batch([tf.train.limit_epochs(tf.constant(np.arange(20)), 1)], 5, 40, 19, seed=8,
                                      enqueue_many=True)  # fmt: skip
    size = tf.get_default_graph().get_tensor_by_name("shuffle_batch/random_shuffle_queue_Size:0")
    closed = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)[0].queue.is_closed()
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        for thread in tf.train.start_queue_runners(session):
            thread.join()
        values = {"size": session.run(size), "closed": session.run(closed)}
        values["batches"] = np.stack([session.run(queue_of) for _ in range(4)])
        values["end"] = said(lambda: session.run(queue_of), r"is closed and has insufficient.*size 0\)")
    return values


@golden()
@in_a_graph
def kept_rows(tf):
    x = tf.train.limit_epochs(tf.constant(np.arange(8)), 3)
    kept = tf.train.maybe_batch([x, x * 2], tf.equal(x % 3, 0), 3, enqueue_many=True, allow_smaller_final_batch=True)
    batches, ended = until_the_end(tf, kept)
    return {"batches": [[part.tolist() for part in batch] for batch in batches], "ended": ended}


@golden()
@in_a_graph
def kept_elements(tf):
    x = tf.train.range_input_producer(10, num_epochs=1, shuffle=False).dequeue()
    batches, ended = until_the_end(tf, tf.train.maybe_batch([x], tf.equal(x % 2, 0), 2))
    return {"batches": np.stack(batches), "ended": ended}


@golden()
@in_a_graph
def sparse_batches(tf):
    """Rows of several lengths become sparse tensors; whole batches of them go through the queue as well."""
    n = tf.train.range_input_producer(5, num_epochs=1, shuffle=False).dequeue()
    places = tf.expand_dims(tf.range(tf.cast(n, tf.int64), dtype=tf.int64), 1)
    row = tf.SparseTensor(places * 2, tf.fill([n], n), [tf.cast(n * 2, tf.int64)])
    batches, ended = until_the_end(tf, tf.train.batch([row, n], 2, allow_smaller_final_batch=True))
    many = tf.SparseTensor(rows_of(tf).indices, tf.train.limit_epochs(rows_of(tf).values, 1), [3, 4])
    pieces, _ = until_the_end(tf, tf.train.batch([many], 2, enqueue_many=True, allow_smaller_final_batch=True))
    return {
        "rows": [[part.tolist() for part in (*batch[0], batch[1])] for batch in batches],
        "pieces": [[p.indices.tolist(), p.values.astype(str).tolist(), p.dense_shape.tolist()] for p in pieces],
        "ended": ended,
    }


@golden()
@in_a_graph
def padded_batches(tf):
    n = tf.train.range_input_producer(6, num_epochs=1, shuffle=False).dequeue()
    row = tf.fill(tf.expand_dims(n, 0), n)
    batches, ended = until_the_end(tf, tf.train.batch([row, n], 3, dynamic_pad=True))
    return {"rows": [batch[0].tolist() for batch in batches], "ended": ended}


REFUSED_PIPELINES = {
    "epochs": (lambda tf: tf.train.limit_epochs(1, 0), "num_epochs must be > 0 not 0."),
    "no strings": (
        lambda tf: tf.train.string_input_producer([]),
        "string_input_producer requires a non-null input tensor",
    ),
    "no slices": (lambda tf: tf.train.slice_input_producer([]), "Expected at least one tensor in slice_input_producer"),
    "no element shape": (
        lambda tf: tf.train.input_producer(tf.placeholder(tf.float32, [None, None])),
        "Either `input_tensor` must have a fully defined shape or `element_shape` must be specified",
    ),
    "nothing": (lambda tf: tf.train.batch([], 3), r"Expected at least one tensor in batch\(\)."),
    "rank": (lambda tf: tf.train.batch([tf.placeholder(tf.float32)], 3), "Cannot infer Tensor's rank: "),
    "shape": (lambda tf: tf.train.batch([tf.placeholder(tf.float32, [None])], 3), "All shapes must be fully defined: "),
    "vector": (
        lambda tf: tf.train.maybe_batch([1], tf.placeholder(tf.bool, [2]), 3),
        "`keep_input` cannot be a vector when `enqueue_many=False`.",
    ),
    "matrix": (
        lambda tf: tf.train.maybe_batch([[1]], tf.placeholder(tf.bool, [2, 2]), 3, enqueue_many=True),
        "`keep_input` must be 0 or 1 dimensions.",
    ),
    "unknown keep": (
        lambda tf: tf.train.maybe_batch([1], tf.placeholder(tf.bool), 3),
        "`keep_input` dimensions must be known at graph construction.",
    ),
    "different shapes": (
        lambda tf: tf.train.batch_join([[tf.constant([1])], [tf.constant([1, 2])]], 3),
        "are not compatible|are incompatible",
    ),
}


@golden(rows=REFUSED_PIPELINES)
@in_a_graph
def refused_pipelines(tf, row):
    make_it, *parts = row
    return {"said": said(lambda: make_it(tf), *parts)}


@golden()
@in_a_graph
def an_empty_tensor_of_names(tf):
    queue = tf.train.string_input_producer(tf.placeholder_with_default(np.array([], object).astype(str), [None]))
    with tf.Session() as session:
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coord)
        return {"said": said(lambda: coord.join(threads), "assertion failed"), "name": queue.name}


@golden()
@in_a_graph
def runners_count(tf):
    counter = tf.Variable(0, name="counter")
    queue = tf.FIFOQueue(5, tf.int32, shapes=[[]])
    runner = tf.train.QueueRunner(queue, [queue.enqueue([counter.count_up_to(7)])] * 2)
    tf.train.add_queue_runner(runner)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        threads = runner.create_threads(session, start=True)
        again = runner.create_threads(session)
        seen = sorted(int(session.run(queue.dequeue())) for _ in range(7))
        for thread in threads:
            thread.join()
        return {
            "names": [thread.name for thread in threads],
            "daemon": [thread.daemon for thread in threads],
            "again": len(again),
            "seen": seen,
            "raised": [type(error).__name__ for error in runner.exceptions_raised],
            "end": said(lambda: session.run(queue.dequeue()), "is closed and has insufficient elements"),
        }


@golden()
@in_a_graph
def errors_of_runners(tf):
    fed = tf.placeholder(tf.int32, [], name="fed")
    queue = tf.FIFOQueue(3, tf.int32, shapes=[[]], name="theirs")
    runner = tf.train.QueueRunner(queue, [queue.enqueue([fed])])
    with tf.Session() as session:
        coord = tf.train.Coordinator()
        threads = runner.create_threads(session, coord, daemon=True, start=True)
        return {
            "names": [thread.name for thread in threads],
            "join": said(
                lambda: coord.join(threads), "You must feed a value for placeholder tensor 'fed' with dtype int32"
            ),
            "then": said(lambda: session.run(queue.dequeue()), "is closed and has insufficient elements"),
            "stopped": coord.should_stop(),
        }


# -- readers ----------------------------------------------------------------------------------------------------------

FILES = {
    "lines": b"h1\nh2\na\nbb\r\n\nlast",
    "more": b"x1\n",
    "empty": b"",
    "bytes": b"HHabcdefghijF",
    "few": b"HHabcdeF",
}
READERS = {
    "lines": (lambda tf: tf.TextLineReader(), ["lines", "empty", "more"]),
    "lines without heads": (lambda tf: tf.TextLineReader(skip_header_lines=2), ["lines", "empty", "more"]),
    "whole": (lambda tf: tf.WholeFileReader(), ["lines", "empty", "more"]),
    "names": (lambda tf: tf.IdentityReader(), ["lines", "nothing"]),
    "records": (lambda tf: tf.TFRecordReader(), ["records", "records"]),
    "pressed": (lambda tf: tf.TFRecordReader(options=pressed(tf)), ["pressed"]),
    "torn": (lambda tf: tf.TFRecordReader(), ["torn"]),
    "fixed": (lambda tf: tf.FixedLengthRecordReader(5, 2, 1), ["bytes", "few"]),
    "overlapping": (lambda tf: tf.FixedLengthRecordReader(4, 2, 1, hop_bytes=3), ["bytes", "few"]),
    "apart": (lambda tf: tf.FixedLengthRecordReader(4, 2, 1, hop_bytes=5), ["bytes", "few"]),
    "no head": (lambda tf: tf.FixedLengthRecordReader(4), ["bytes"]),
    "no file": (lambda tf: tf.TextLineReader(), ["nowhere"]),
    "no whole file": (lambda tf: tf.WholeFileReader(), ["nowhere"]),
    "no records": (lambda tf: tf.TFRecordReader(), ["nowhere"]),
    "no bytes": (lambda tf: tf.FixedLengthRecordReader(4), ["nowhere"]),
    "negative": (lambda tf: tf.FixedLengthRecordReader(3, -1), ["bytes"]),
}


def pressed(tf):
    return tf.python_io.TFRecordOptions(tf.python_io.TFRecordCompressionType.ZLIB)


def write_files(tf, folder):
    for name, content in FILES.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
    for name, options in (("records", None), ("pressed", pressed(tf))):
        with tf.python_io.TFRecordWriter(os.path.join(folder, name), options) as writer:
            for record in (b"one", b"", b"three"):
                writer.write(record)
    with open(os.path.join(folder, "records"), "rb") as whole, open(os.path.join(folder, "torn"), "wb") as torn:
        torn.write(whole.read()[:-3])


@golden(rows=READERS)
@in_a_graph
def read(tf, row):
    """What a reader gives one by one, several at a time, and what it says where it cannot go on."""
    make_it, names = row
    with tempfile.TemporaryDirectory() as folder:
        write_files(tf, folder)
        reader, queue = make_it(tf), tf.FIFOQueue(9, tf.string, shapes=[[]])
        fill = queue.enqueue_many([[os.path.join(folder, name) for name in names]])
        close, reset = queue.close(), reader.reset()
        record, several = reader.read(queue), reader.read_up_to(queue, 4)
        counts = [reader.num_records_produced(), reader.num_work_units_completed()]
        told = {}
        for how, fetch in (("one by one", record), ("several", several)):
            with tf.Session() as session:
                session.run(fill)
                session.run(close)
                log = told.setdefault(how, [])
                while len(log) < 12:
                    try:
                        found = [np.asarray(part).reshape(-1).tolist() for part in session.run(list(fetch))]
                    except tf.errors.OpError as error:
                        parts = [
                            "is closed",
                            "No such file",
                            "header_bytes must be >= 0 not -1",
                            "truncated record at 35",
                        ]
                        log.append(next((part for part in parts if part in error.message), error.message))
                        break
                    log.append(
                        [
                            [os.path.basename(x.decode()) for x in found[0]],
                            [os.path.basename(x.decode()) for x in found[1]],
                        ]
                    )
                    log.append([int(n) for n in session.run(counts)])
                if "negative" not in str(log) and "header" not in str(log):
                    session.run(reset)
                    log.append([int(n) for n in session.run(counts)])
        return told


@golden()
@in_a_graph
def names_of_readers(tf):
    queue = tf.train.string_input_producer(["a", "b"], shuffle=False)
    made = [
        tf.WholeFileReader(), tf.TextLineReader(skip_header_lines=1), tf.TFRecordReader(name="records"),
        tf.FixedLengthRecordReader(3), tf.IdentityReader(),
    ]  # fmt: skip
    tensors = []
    for reader in made:
        tensors += [*reader.read(queue), *reader.read_up_to(queue.queue_ref, 2)]
        tensors += [reader.num_records_produced(), reader.num_work_units_completed()]
        reader.reset()
    return {
        "tensors": described(tensors),
        "operations": [line for line in operations(tf) if not line.startswith("input_producer")],
        "handles": described([reader.reader_ref for reader in made]),
        "serialize": [reader.supports_serialize for reader in made],
    }


@golden()
@in_a_graph
def files_that_match(tf):
    with tempfile.TemporaryDirectory() as folder:
        write_files(tf, folder)
        found = tf.train.match_filenames_once([os.path.join(folder, "*e*s"), os.path.join(folder, "more")])
        with tf.Session() as session:
            session.run(tf.local_variables_initializer())
            names = session.run(found)
        return {
            "found": sorted(os.path.basename(name.decode()) for name in names),
            "variable": described(found),
            "locals": [v.name for v in tf.local_variables()],
            "operations": operations(tf),
        }


@golden()
@in_a_graph
def lines_become_batches(tf):
    with tempfile.TemporaryDirectory() as folder:
        write_files(tf, folder)
        names = [os.path.join(folder, name) for name in ("lines", "more")]
        queue = tf.train.string_input_producer(names, num_epochs=2, shuffle=False)
        line = tf.TextLineReader(skip_header_lines=1).read(queue).value
        batches, ended = until_the_end(tf, tf.train.batch([line], 3, allow_smaller_final_batch=True))
        return {"batches": [[line.decode() for line in batch] for batch in batches], "ended": ended}
