"""tf.data: what every transformation gives, in which order, its shapes, types and number of ops, what is refused."""

import collections
import gzip
import os
import tempfile
import zlib

import numpy as np

from ..cases import golden
from ..helpers import described, said, shape_of

Pair = collections.namedtuple("Pair", "first second")


def plain(value):
    """An element as JSON can say it: arrays as lists, bytes as text."""
    if isinstance(value, dict):
        return [[key, plain(value[key])] for key in sorted(value)]
    if isinstance(value, tuple):
        return [type(value).__name__, *(plain(part) for part in value)]
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    return [plain(part) for part in value] if isinstance(value, list) else value


def elements_of(tf, dataset, most=40, passes=1):
    """All elements of a dataset as an initializable iterator gives them, pass by pass; for an error its class."""
    iterator = tf.data.make_initializable_iterator(dataset)
    following, found = iterator.get_next(), []
    with tf.Session() as session:
        for _ in range(passes):
            session.run(iterator.initializer)
            for _ in range(most):
                try:
                    found.append(plain(session.run(following)))
                except tf.errors.OutOfRangeError as error:
                    assert "End of sequence" in error.message
                    found.append("END")
                    break
                except tf.errors.OpError as error:
                    found.append(type(error).__name__)
    return found


def about(tf, dataset):
    """Its structure in text."""
    types, shapes = tf.data.get_output_types(dataset), tf.data.get_output_shapes(dataset)
    return [named(types, lambda t: t.name), named(shapes, lambda s: "?" if s.ndims is None else str(s.as_list()))]


def named(nest, text):
    if isinstance(nest, dict):
        return [[key, named(nest[key], text)] for key in sorted(nest)]
    if isinstance(nest, tuple):
        return [type(nest).__name__, *(named(part, text) for part in nest)]
    return text(nest)


def ops_made(tf):
    """How many ops there are, as the seed of a random op tells that has only the graph's."""
    return int(tf.random_uniform([2]).op.get_attr("seed2"))


def plus_outer(tf, d):
    outer = tf.constant(10, tf.int64)
    return d.range(3).map(lambda x: x + outer)


def counting(n):
    def generator():
        yield from ((i, [i] * i) for i in range(n))

    return generator


SOURCES = {
    "tensors": lambda tf, d: d.from_tensors(np.arange(6.0).reshape(2, 3)),
    "tensors of a nest": lambda tf, d: d.from_tensors({"b": 1, "a": (2.5, Pair("x", [[True]]))}),
    "slices": lambda tf, d: d.from_tensor_slices([[1, 2], [3, 4], [5, 6]]),
    "slices of a nest": lambda tf, d: d.from_tensor_slices((["a", "b"], {"x": [1.5, 2.5]}, Pair([1, 2], [[3], [4]]))),
    "slices of none": lambda tf, d: d.from_tensor_slices(np.zeros((0, 2), np.float32)),
    "range": lambda tf, d: d.range(5),
    "range from": lambda tf, d: d.range(2, 5),
    "range down": lambda tf, d: d.range(5, -1, -2),
    "range of none": lambda tf, d: d.range(0),
    "zip": lambda tf, d: d.zip((d.range(3), d.from_tensor_slices({"a": ["x", "y", "z", "w"]}))),
    "concatenate": lambda tf, d: d.from_tensors([1, 2]).concatenate(d.from_tensors([1, 2, 3])),
    "generator": lambda tf, d: d.from_generator(counting(3), (tf.int64, tf.int32), ([], [None])),
    "generator of unknown shapes": lambda tf, d: d.from_generator(counting(3), (tf.int32, tf.float32)),
    "generator of a dict": lambda tf, d: d.from_generator(
        lambda: iter([{"a": "x", "b": 1}]), {"a": tf.string, "b": tf.uint8}, {"a": [], "b": []}
    ),
    "generator with arguments": lambda tf, d: d.from_generator(
        lambda n, text: iter([(n * 2, text)]), (tf.float32, tf.string), ([], [2]), args=(1.5, tf.constant(["a", "b"]))
    ),
    "counter": lambda tf, d: tf.data.experimental.Counter(3, 2).take(3),
}

ONE_BY_ONE = {
    "map": lambda tf, d: d.range(4).map(lambda x: x * x),
    "map in parallel": lambda tf, d: d.range(4).map(lambda x: tf.cast(x, tf.float32) / 2, num_parallel_calls=2),
    "map of a tuple": lambda tf, d: d.from_tensor_slices(([1, 2], ["a", "b"])).map(lambda n, s: (s, {"n": n + 1})),
    "map of a dict": lambda tf, d: d.from_tensor_slices({"x": [1, 2]}).map(lambda e: (e["x"], e["x"] > 1)),
    "map of a namedtuple": lambda tf, d: d.from_tensors(Pair(1, 2)).map(lambda p: Pair(p.second, p.first)),
    "map to a list": lambda tf, d: d.range(2).map(lambda x: [x, tf.stack([x, x])]),
    "map to an argument": lambda tf, d: d.from_tensor_slices(([1, 2], [3, 4])).map(lambda a, b: (b, a, b)),
    "map to a constant": lambda tf, d: d.range(2).map(lambda x: 7),
    "map of an outer tensor": lambda tf, d: plus_outer(tf, d),
    "map with a branch": lambda tf, d: d.range(4).map(lambda x: tf.cond(x > 1, lambda: x * 10, lambda: -x)),
    "map with a loop": lambda tf, d: d.range(4).map(lambda x: tf.while_loop(lambda i: i < 5, lambda i: i * 2, [x + 1])),
    "map with py_func": lambda tf, d: d.range(3).map(lambda x: tf.py_func(lambda v: v * 3, [x], tf.int64)),
    "filter": lambda tf, d: d.range(7).filter(lambda x: tf.equal(x % 3, 1)),
    "filter of a tuple": lambda tf, d: d.from_tensor_slices(([1, 2, 3], [3, 2, 1])).filter(lambda a, b: a >= b),
    "take": lambda tf, d: d.range(5).take(2),
    "take all": lambda tf, d: d.range(3).take(-1),
    "take more": lambda tf, d: d.range(3).take(10),
    "skip": lambda tf, d: d.range(5).skip(2),
    "skip all": lambda tf, d: d.range(3).skip(-1),
    "skip more": lambda tf, d: d.range(3).skip(10),
    "shard": lambda tf, d: d.range(7).shard(3, 1),
    "enumerate": lambda tf, d: d.from_tensor_slices(["a", "b"]).enumerate(5),
    "prefetch": lambda tf, d: d.range(3).prefetch(1),
    "cache": lambda tf, d: d.range(3).map(lambda x: x + 1).cache().repeat(2),
    "repeat": lambda tf, d: d.range(2).repeat(3),
    "repeat for ever": lambda tf, d: d.range(2).repeat().take(5),
    "repeat not at all": lambda tf, d: d.range(2).repeat(0),
    "repeat nothing": lambda tf, d: d.range(0).repeat(),
    "apply": lambda tf, d: d.range(3).apply(lambda dataset: dataset.map(lambda x: x + 1)),
    "take while": lambda tf, d: d.range(5).apply(tf.data.experimental.take_while(lambda x: x < 2)),
    "scan": lambda tf, d: d.range(4).apply(
        tf.data.experimental.scan(np.int64(1), lambda state, x: (state * 2, (state + x, "s")))
    ),
}

SEVERAL = {
    "flat map": lambda tf, d: d.range(1, 4).flat_map(lambda x: d.from_tensors(x).repeat(x)),
    "flat map of slices": lambda tf, d: d.from_tensors([[1, 2], [3, 4]]).flat_map(d.from_tensor_slices),
    "flat map with a map inside": lambda tf, d: d.range(3).flat_map(lambda x: d.range(2).map(lambda y: x * 10 + y)),
    "interleave": lambda tf, d: d.range(1, 6).interleave(lambda x: d.from_tensors(x).repeat(x), 2, 2),
    "interleave three": lambda tf, d: d.range(1, 7).interleave(lambda x: d.range(x).map(lambda y: x * 10 + y), 3, 2),
    "interleave more than there are": lambda tf, d: d.range(2).interleave(lambda x: d.range(3), 5, 1),
    "interleave in parallel": lambda tf, d: d.range(1, 5).interleave(
        lambda x: d.from_tensors(x).repeat(x), 2, 1, num_parallel_calls=2
    ),
    "parallel interleave": lambda tf, d: d.range(1, 5).apply(
        tf.data.experimental.parallel_interleave(lambda x: d.from_tensors(x).repeat(x), 2)
    ),
    "window": lambda tf, d: d.range(7).window(3, 2).flat_map(lambda w: w.batch(3)),
    "window of every other": lambda tf, d: d.range(9).window(3, 1, 2, True).flat_map(lambda w: w.batch(3)),
    "window with gaps": lambda tf, d: d.range(10).window(2, 4).flat_map(lambda w: w.batch(2)),
    "window of two": lambda tf, d: d.zip((d.range(4), d.range(4, 8))).window(2).flat_map(
        lambda a, b: d.zip((a.batch(2), b.batch(2)))
    ),
    "group by window": lambda tf, d: d.range(10).apply(
        tf.data.experimental.group_by_window(lambda x: x % 3, lambda key, group: group.batch(2), 2)
    ),
    "group by sizes": lambda tf, d: d.range(10).apply(
        tf.data.experimental.group_by_window(
            lambda x: x % 3, lambda key, group: group.batch(9), window_size_func=lambda key: key + 1
        )
    ),
    "group by keys in disorder": lambda tf, d: d.range(7).apply(
        tf.data.experimental.group_by_window(lambda x: (6 - x) % 5 - 2, lambda key, group: group.batch(9), 4)
    ),
    "sample": lambda tf, d: tf.data.experimental.sample_from_datasets([d.range(5), d.range(10, 15)], seed=3),
    "sample by weights": lambda tf, d: tf.data.experimental.sample_from_datasets(
        [d.range(5), d.range(10, 15), d.range(20, 25)], [0.5, 0.0, 0.2], seed=4
    ),
    "sample by a dataset of weights": lambda tf, d: tf.data.experimental.sample_from_datasets(
        [d.range(5), d.range(10, 15)], d.from_tensor_slices([[0.9, 0.1], [0.2, 0.8]]).repeat(), seed=6
    ),
    "choose": lambda tf, d: tf.data.experimental.choose_from_datasets(
        [d.range(3), d.range(10, 13)], d.from_tensor_slices(np.array([0, 1, 1, 0, 1, 1, 0, 0]))
    ),
}  # fmt: skip

BATCHES = {
    "batch": lambda tf, d: d.from_tensor_slices((np.arange(5), ["a", "b", "c", "d", "e"])).batch(2),
    "batch without the rest": lambda tf, d: d.from_tensor_slices(np.eye(3, dtype=np.float32)).batch(2, True),
    "batch of batches": lambda tf, d: d.range(5).batch(2).batch(2, drop_remainder=True),
    "padded batch": lambda tf, d: lengths(tf, d).padded_batch(2, [None]),
    "padded to a size": lambda tf, d: lengths(tf, d).padded_batch(3, [4], drop_remainder=True),
    "padded to a tensor": lambda tf, d: lengths(tf, d).padded_batch(2, tf.constant([5], tf.int64)),
    "padded with values": lambda tf, d: (
        lengths(tf, d)
        .map(lambda x: (x, tf.fill(tf.shape(x), "t"), {"f": tf.cast(x, tf.float32)}))
        .padded_batch(2, ([None], [4], {"f": [-1]}), (np.int64(-1), "none", {"f": 0.5}))
    ),
    "padded matrices": lambda tf, d: (
        d.range(1, 4).map(lambda x: tf.fill([x, 4 - x], tf.cast(x, tf.float32))).padded_batch(2, [None, 4])
    ),
    "padded scalars": lambda tf, d: d.range(3).padded_batch(2, []),
    "unbatch": lambda tf, d: d.from_tensors(([1, 2], [[3], [4]])).apply(tf.data.experimental.unbatch()),
    "map and batch": lambda tf, d: d.range(5).apply(
        tf.data.experimental.map_and_batch(lambda x: x * 2, 2, drop_remainder=True)
    ),
    "buckets": lambda tf, d: lengths(tf, d, 9).apply(
        tf.data.experimental.bucket_by_sequence_length(tf.size, [3, 5], [2, 2, 2])
    ),
    "buckets to their boundaries": lambda tf, d: lengths(tf, d, 9).apply(
        tf.data.experimental.bucket_by_sequence_length(
            tf.size, [3, 8], [2, 2, 2], padding_values=tf.constant(-1, tf.int64), pad_to_bucket_boundary=True
        )
    ),
    "buckets of one shape": lambda tf, d: d.range(1, 9).apply(
        tf.data.experimental.bucket_by_sequence_length(
            lambda x: tf.cast(x, tf.int32), [3, 5], [2, 2, 2], no_padding=True
        )
    ),
}

SHUFFLED = {
    "small buffer": lambda tf, d: d.range(10).shuffle(3, seed=1),
    "whole": lambda tf, d: d.range(10).shuffle(100, seed=1),
    "repeated": lambda tf, d: d.range(6).shuffle(4, seed=5).repeat(3),
    "repeated in one order": lambda tf, d: d.range(6).shuffle(4, 5, reshuffle_each_iteration=False).repeat(2),
    "after repeat": lambda tf, d: d.range(5).repeat(3).shuffle(4, seed=2),
    "by the graph's seed": lambda tf, d: d.range(8).shuffle(8),
    "seed zero": lambda tf, d: d.range(8).shuffle(8, seed=0),
    "negative seed": lambda tf, d: d.range(8).shuffle(8, seed=-3),
    "of one": lambda tf, d: d.range(8).shuffle(1, seed=3),
    "many": lambda tf, d: d.range(40).shuffle(17, seed=11),
    "with repeat": lambda tf, d: d.range(6).apply(tf.data.experimental.shuffle_and_repeat(4, 3, seed=5)),
    "with repeat, whole": lambda tf, d: d.range(4).apply(tf.data.experimental.shuffle_and_repeat(10, 3, seed=5)),
}


def lengths(tf, d, n=6):
    """Vectors of int64 of lengths 3, 6, 2, 5, 1, 4, 0, 3 …"""
    return d.range(1, n).map(lambda x: tf.fill([(x * 3) % 7], x))


@golden(rows=SOURCES | ONE_BY_ONE | SEVERAL | BATCHES)
def transformations(tf, row):
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        dataset = row(tf, tf.data.Dataset)
        made = ops_made(tf)
        return {"elements": elements_of(tf, dataset), "about": about(tf, dataset), "ops": made}


@golden(rows=SHUFFLED)
def shuffles(tf, row):
    with tf.Graph().as_default():
        tf.set_random_seed(9)
        dataset = row(tf, tf.data.Dataset)
        made = ops_made(tf)
        return {"elements": elements_of(tf, dataset, passes=2), "ops": made}


@golden()
def random_ops_in_a_map(tf):
    """Fresh draws for each element, the same again in each pass; seeds count the function's own ops."""
    d, answers = tf.data.Dataset, {}
    with tf.Graph().as_default():
        tf.set_random_seed(7)
        outer = tf.constant(100.0)
        cases = {
            "op seed": d.range(3).map(lambda x: tf.random_uniform([], seed=5)).repeat(2),
            "graph seed": d.range(3).map(lambda x: tf.random_uniform([])),
            "two": d.range(3).map(lambda x: (tf.random_uniform([]), tf.random_uniform([2], 1.0, 3.0))),
            "what comes in counts": d.range(3).map(lambda x: outer * 2.0 + tf.random_uniform([])),
            "what comes in later does not": d.range(3).map(lambda x: tf.random_uniform([]) + (outer + 1.0)),
            "two arguments": d.range(3).enumerate().map(lambda i, x: tf.random_uniform([])),
            "in a flat map": d.range(2).flat_map(lambda x: d.range(2).map(lambda y: tf.random_uniform([], seed=5))),
            "shuffled rows": d.from_tensors(np.arange(6)).repeat(3).map(lambda x: tf.random_shuffle(x, seed=2)),
        }
        for name, dataset in cases.items():
            answers[name] = elements_of(tf, dataset, passes=2)
        answers["after all"] = ops_made(tf)
    return answers


@golden()
def names(tf):
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        d = tf.data.Dataset
        dataset = d.from_tensor_slices({"x": [1.0, 2.0], "y": (["a", "b"], [[1], [2]])})
        dataset = dataset.map(lambda e: {**e, "z": tf.cast(e["x"], tf.int32, name="mine") + tf.constant(1)}).batch(2)
        initializable, one_shot = dataset.make_initializable_iterator(), dataset.make_one_shot_iterator()
        following, again = initializable.get_next(), initializable.get_next(name="again")
        structured = tf.data.Iterator.from_structure(dataset.output_types, dataset.output_shapes)
        handle = tf.placeholder(tf.string, [])
        by_handle = tf.data.Iterator.from_string_handle(handle, tf.int64, [])
        with tf.name_scope("scope"):
            inside = one_shot.get_next()
        ops = [
            initializable.initializer, initializable.string_handle(), by_handle.get_next(),
            structured.make_initializer(dataset), structured.make_initializer(dataset, "other"),
            structured.string_handle("handle"),
        ]  # fmt: skip
        return {
            "next": [described(following[key]) for key in "xz"] + [described(list(following["y"]))],
            "again": [again["x"].name, inside["x"].name],
            "ops": [op.name for op in ops],
            "constants": [tf.constant(1).name, tf.cast(tf.constant(1), tf.float32, name="mine").name],
            "made": ops_made(tf),
            "classes": str(tf.data.get_output_classes(initializable)["x"] is tf.Tensor),
        }


@golden()
def iterators(tf):
    """Begun again, of another dataset, chosen by a string; several ops in one run; each session on its own."""
    d = tf.data.Dataset
    with tf.Graph().as_default() as graph:
        limit = tf.placeholder(tf.int64, [])
        values = tf.placeholder(tf.float32, [None, 2])
        fed = d.from_tensor_slices(values).zip((d.from_tensor_slices(values), d.range(limit)))
        first = fed.make_initializable_iterator()
        row = first.get_next()
        either = tf.data.Iterator.from_structure(tf.int64, [])
        low, high = either.make_initializer(d.range(2)), either.make_initializer(d.range(10, 14))
        number = either.get_next()
        handle = tf.placeholder(tf.string, [])
        chosen = tf.data.Iterator.from_string_handle(handle, tf.int64, []).get_next()
        others = d.range(20, 30).make_one_shot_iterator()
        pair = [others.get_next(), others.get_next()]
        answers = []
        shared = [d.range(40, 44).make_initializable_iterator("both") for _ in range(2)]
        in_turn = [iterator.get_next() for iterator in shared]
        with tf.Session(graph=graph) as session:
            session.run(shared[0].initializer)
            answers += [plain(session.run(in_turn[i])) for i in (0, 1, 1, 0)]
            for n in (2, 1):
                session.run(first.initializer, {limit: n, values: np.arange(6.0).reshape(3, 2) * n})
                answers += [plain(session.run(row)) for _ in range(n)]
                answers.append(said(lambda: session.run(row), "End of sequence"))
            session.run(low)
            answers += [plain(session.run(number)), plain(session.run(number))]
            answers.append(said(lambda: session.run(number), "End of sequence"))
            session.run(high)
            answers += [plain(session.run(number)), plain(session.run(number + 1))]
            one, two = session.run([others.string_handle(), either.string_handle()])
            answers += [plain(session.run(chosen, {handle: h})) for h in (one, two, one, two)]
            answers.append(sorted(plain(value) for value in session.run(pair)))
            answers.append(said(lambda: session.run(chosen, {handle: b"none"})))
        with tf.Session(graph=graph) as session:
            answers.append(plain(session.run(others.get_next())))
            answers.append(said(lambda: session.run(number), "the iterator has not been initialized"))
    return {"answers": answers}


@golden()
def in_branches_and_loops(tf):
    """What belongs to the host, iterators and strings, inside of what may run on a device."""
    d = tf.data.Dataset
    with tf.Graph().as_default():
        first = tf.placeholder(tf.bool, [])
        text = tf.placeholder(tf.string, [])
        numbers = d.range(9).map(lambda x: tf.cast(x, tf.float32))
        low, high = numbers.make_one_shot_iterator(), numbers.skip(5).make_initializable_iterator()
        either = tf.cond(first, lambda: low.get_next() + 0.5, lambda: high.get_next())
        total = tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s + low.get_next()), [0, 100.0])
        joined = tf.cond(first, lambda: tf.string_join([text, "a"]), lambda: text)
        longer = tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, tf.string_join([s, text])), [0, "x"])
        reduced = tf.cond(
            first, lambda: numbers.reduce(0.0, lambda s, x: s + x), lambda: numbers.take(3).reduce(1.0, lambda s, x: s)
        )
        with tf.Session() as session:
            session.run(high.initializer)
            answers = [plain(session.run(either, {first: way})) for way in (True, False, True, False)]
            answers.append([plain(part) for part in session.run(total)])
            for way in (True, False):
                got = session.run([joined, longer, reduced], {first: way, text: "hi"})
                answers.append([plain(part) for part in (got[0], got[1][1], got[2])])
    return {"answers": answers}


@golden()
def goes_on_after_an_error(tf):
    d = tf.data.Dataset

    def picky(x):
        if x == 1:
            raise ValueError("no ones")
        return x

    def failing():
        yield 1
        raise RuntimeError("no more")

    def ending(x):
        if x == 2:
            raise StopIteration
        return x

    def careful(x):
        return tf.py_func(picky, [x], tf.int64)

    errors = {
        "map": d.range(4).map(careful),
        "two after another": d.range(4).map(careful).map(lambda x: x + 1),
        "left out": d.range(4).map(careful).apply(tf.data.experimental.ignore_errors()),
        "checked": d.range(3).map(lambda x: tf.check_numerics(tf.log(tf.cast(x, tf.float32) - 1.0), "log")),
        "asserted": d.range(3).map(lambda x: (tf.Assert(x > 0, [x]), x)[1]),
        "another shape": d.range(1, 4).map(lambda x: tf.fill([x], 1)).batch(2),
        "too long": d.range(1, 4).map(lambda x: tf.fill([x], 1)).padded_batch(2, [1]),
        "a shape that would stretch": d.range(2, 0, -1).map(lambda x: tf.fill([x], 1)).batch(2),
        "out of range": d.range(5).map(lambda x: tf.py_func(ending, [x], tf.int64)),
        "generator": d.from_generator(failing, tf.int32, []),
        "generated type": d.from_generator(lambda: iter([1, "a"]), tf.int32, []),
        "generated shape": d.from_generator(lambda: iter([[1, 2], [1]]), tf.int32, [2]),
        "generated structure": d.from_generator(lambda: iter([(1, 2), (1,)]), (tf.int32, tf.int32), ([], [])),
        "uneven rows": d.range(2, 4).map(lambda x: (tf.range(x), tf.range(2))).apply(tf.data.experimental.unbatch()),
    }
    return {name: elements_of(tf, dataset, most=4) for name, dataset in errors.items()}


@golden()
def refused(tf):
    with tf.Graph().as_default():
        return refusals(tf)


def refusals(tf):
    d, e = tf.data.Dataset, tf.data.experimental

    def run(dataset):
        with tf.Session() as session:
            iterator = dataset.make_initializable_iterator()
            session.run(iterator.initializer)
            session.run(iterator.get_next())

    def one_shot_of_a_variable():
        variable = tf.get_variable("refused", [], tf.int64)
        d.range(3).map(lambda x: x + variable).make_one_shot_iterator()

    wrong = tf.data.Iterator.from_structure(tf.int64, [3])
    return {
        "lengths": said(lambda: d.from_tensor_slices((np.zeros(3), np.zeros(4))), "3 and 4 are not compatible"),
        "scalars": said(lambda: d.from_tensor_slices(1.0)),
        "generator": said(lambda: d.from_generator([1], tf.int32), "`generator` must be a Python callable."),
        "generator's arguments": said(lambda: d.from_generator(lambda: [1], tf.int32, args=3)),
        "zip": said(lambda: d.zip(3)),
        "zip of a list": said(lambda: d.zip([d.range(3)]), "list"),
        "concatenate": said(lambda: d.range(3).concatenate(d.from_tensors(1.0))),
        "predicate": said(lambda: d.range(3).filter(lambda x: x), "`predicate` must return a"),
        "apply": said(lambda: d.range(3).apply(lambda _: 3), "`transformation_func` must return a"),
        "batch of none": said(lambda: run(d.range(3).batch(0)), "Batch size must be greater than zero."),
        "step of zero": said(lambda: run(d.range(3, 1, 0)), "step must be a non-zero integer."),
        "buffer of none": said(lambda: run(d.range(3).shuffle(0)), "buffer_size must be greater than zero"),
        "no calls": said(lambda: run(d.range(3).map(lambda x: x, 0)), "num_parallel_calls must be greater than zero"),
        "buffer below none": said(lambda: run(d.range(3).prefetch(-2)), "buffer_size must be >= 0"),
        "no files": said(lambda: run(d.list_files("/nothing/*")), "No files matched pattern: /nothing/*"),
        "shard": said(lambda: run(d.range(3).shard(3, 5)), "Index must be between 0 and 2 .currently index = 5."),
        "padded rank": said(lambda: d.range(3).padded_batch(2, [None]), "is not compatible with the shape"),
        "padding type": said(lambda: d.range(3).padded_batch(2, [], 0.5), "does not match type"),
        "padding shape": said(lambda: d.range(3).padded_batch(2, [], np.zeros(2, np.int64))),
        "placeholder": said(
            lambda: d.from_tensor_slices(tf.placeholder(tf.int64, [None], "fed")).make_one_shot_iterator(),
            r"Cannot capture a placeholder \(name:fed, type:Placeholder\) by value.",
        ),
        "variable": said(one_shot_of_a_variable, "Use `make_initializable_iterator"),
        "no initializer": said(lambda: wrong.initializer, "does not have an initializer"),
        "other types": said(lambda: wrong.make_initializer(d.from_tensors([1.0] * 3)), "Expected output types"),
        "other shapes": said(lambda: wrong.make_initializer(d.range(3)), "Expected output shapes compatible with"),
        "batch sizes": said(lambda: d.range(3).apply(e.bucket_by_sequence_length(tf.size, [3], [2]))),
        "key": said(lambda: d.range(3).apply(e.group_by_window(lambda x: 1.5, lambda k, g: g, 2))),
        "reduce": said(lambda: d.range(3).reduce(np.int64(0), lambda s, x: tf.cast(s, tf.float32))),
        "iteration": said(lambda: iter(d.range(3))),
        "arguments of range": said(lambda: d.range()),
    }  # fmt: skip


@golden()
def reduced(tf):
    d = tf.data.Dataset
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        total = d.range(5).reduce(np.int64(0), lambda state, x: state + x)
        both = d.from_tensor_slices(([1.5, 2.5], ["a", "b"])).reduce(
            {"n": 0, "sum": 0.0}, lambda state, x, *rest: {"n": state["n"] + 1, "sum": state["sum"] + x[0]}
        )
        nothing = d.range(0).reduce(7, lambda state, x: state + 1)
        single = tf.data.experimental.get_single_element(d.from_tensors((1, "x")))
        made = ops_made(tf)
        with tf.Session() as session:
            values = plain(session.run([total, nothing]))
            values += [plain(session.run(both)), plain(session.run(single))]
            few = said(lambda: session.run(tf.data.experimental.get_single_element(d.range(0))), "Dataset was empty")
            many = said(
                lambda: session.run(tf.data.experimental.get_single_element(d.range(2))), "more than one element"
            )
        return {"values": values, "made": made, "shape": shape_of(total), "errors": few + many}


@golden()
def sparse(tf):
    d = tf.data.Dataset
    with tf.Graph().as_default():
        given = tf.SparseTensor([[0, 1], [0, 3], [2, 0]], [1.5, 2.5, 3.5], [3, 4])
        rows = d.from_tensor_slices((given, [1, 2, 3]))
        doubled = rows.map(lambda s, n: (tf.SparseTensor(s.indices, s.values * 2.0, s.dense_shape), n))
        batch = doubled.batch(3)
        dense = batch.map(lambda s, n: tf.sparse_tensor_to_dense(s)).make_one_shot_iterator().get_next()
        row, both = doubled.make_one_shot_iterator().get_next(), batch.make_one_shot_iterator().get_next()
        with tf.Session() as session:
            (one, n), (two, m) = session.run(row), session.run(both)
            filled = plain(session.run(dense))
        return {
            "row": [plain(part) for part in one], "n": int(n),
            "batch": [plain(part) for part in two], "m": plain(m),
            "dense": filled,
            "shape": shape_of(given) + str(rows.output_shapes[0].as_list()),
            "classes": [c.__name__ for c in (rows.output_classes[0], batch.output_classes[0])],
        }  # fmt: skip


TEXT = {"plain.txt": b"a\rb\r\nc\r\r\n\n\nlast\r", "none.txt": b"", "other.txt": b"x\ny\n"}


def written(folder, name, octets):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(octets)
    return path


@golden()
def files(tf):
    d, answers = tf.data, {}
    with tempfile.TemporaryDirectory() as folder:
        text = [written(folder, name, octets) for name, octets in TEXT.items()]
        zipped = written(folder, "x.gz", gzip.compress(b"p\nq\n"))
        deflated = written(folder, "x.z", zlib.compress(b"r\ns"))
        records = [written(folder, "1.bin", b"HHabcdefF"), written(folder, "2.bin", b"HHghiF")]
        packed = written(folder, "3.bin", gzip.compress(b"HHabcdF"))
        with tf.Graph().as_default():
            tf.set_random_seed(1)
            datasets = {
                "lines": d.TextLineDataset(text),
                "lines of one": d.TextLineDataset(text[0]),
                "lines of a dataset": d.TextLineDataset(d.Dataset.from_tensor_slices(text).skip(1)),
                "lines in turn": d.TextLineDataset(text, num_parallel_reads=2),
                "lines of a gzip file": d.TextLineDataset(zipped, "GZIP"),
                "lines of a zlib file": d.TextLineDataset([[deflated]], compression_type="ZLIB"),
                "lines of no gzip file": d.TextLineDataset(text[0], "GZIP").take(1),
                "lines of no file": d.TextLineDataset(os.path.join(folder, "nothing")).take(1),
                "records": d.FixedLengthRecordDataset(records, 3, 2, 1),
                "records in turn": d.FixedLengthRecordDataset(records, 3, 2, 1, num_parallel_reads=2),
                "records of another length": d.FixedLengthRecordDataset(records, 4, 2, 1).take(1),
                "packed records": d.FixedLengthRecordDataset(packed, 3, 2, 1, compression_type="GZIP"),
            }
            answers["made"] = ops_made(tf)
            for name, dataset in datasets.items():
                answers[name] = elements_of(tf, dataset, most=20 if "no " not in name and "another" not in name else 1)
    return answers


@golden()
def listed_files(tf):
    d, answers = tf.data.Dataset, {}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("b1", "a1", "c1", "a2", "d"):
            written(folder, name, b"")
        one, both = os.path.join(folder, "?1"), [os.path.join(folder, "a*"), os.path.join(folder, "d")]
        with tf.Graph().as_default():
            tf.set_random_seed(4)
            datasets = {
                "by the alphabet": d.list_files(both, shuffle=False),
                "shuffled": d.list_files(one),
                "shuffled by a seed": d.list_files(tf.constant(both), seed=6),
            }
            answers["made"] = ops_made(tf)
            for name, dataset in datasets.items():
                answers[name] = [os.path.basename(path) for path in elements_of(tf, dataset, passes=2)]
    return answers


@golden()
def tfrecords(tf):
    answers = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = {kind: os.path.join(folder, f"{kind}.records") for kind in ("", "GZIP", "ZLIB")}
        for kind, path in paths.items():
            options = tf.python_io.TFRecordOptions(kind)
            with tf.python_io.TFRecordWriter(path, options) as writer:
                for i in range(3):
                    writer.write(f"{kind}{i}".encode() * i)
        with open(paths[""], "rb") as file:
            torn = written(folder, "torn", file.read()[:-3])
        for kind, path in paths.items():
            answers[f"records {kind}"] = elements_of(tf, tf.data.TFRecordDataset(path, kind))
        both = tf.data.TFRecordDataset([paths[""]] * 2, num_parallel_reads=2)
        answers["in turn"] = elements_of(tf, both)
        answers["torn"] = elements_of(tf, tf.data.TFRecordDataset([torn, paths[""]]))
    return answers


@golden(rtol=1e-5, reason="sums of float32 products in another order")
def a_training_program(tf):
    """Features and labels through shuffle, map, batch and repeat into an optimizer, with a validation set beside."""
    with tf.Graph().as_default():
        return {"losses": np.array(losses_of_training(tf))}


def losses_of_training(tf):
    tf.set_random_seed(3)
    inputs = np.linspace(-1.0, 1.0, 24, dtype=np.float32).reshape(12, 2)
    targets = inputs @ np.array([[2.0], [-1.0]], np.float32)
    train = tf.data.Dataset.from_tensor_slices((inputs, targets)).shuffle(12, seed=4).repeat(2)
    train = train.map(lambda x, y: (x * 2.0, y), num_parallel_calls=2).batch(5).prefetch(1)
    valid = tf.data.Dataset.from_tensor_slices((inputs, targets)).batch(12)
    iterator = tf.data.Iterator.from_structure(train.output_types, train.output_shapes)
    x, y = iterator.get_next()
    weights = tf.get_variable("weights", [2, 1], initializer=tf.constant_initializer(0.25))
    loss = tf.reduce_sum(tf.square(x @ weights - y))
    step = tf.train.GradientDescentOptimizer(0.125).minimize(loss)
    training, validating = iterator.make_initializer(train), iterator.make_initializer(valid)
    losses = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(2):
            session.run(training)
            while True:
                try:
                    losses.append(session.run([loss, step])[0])
                except tf.errors.OutOfRangeError:
                    break
            session.run(validating)
            losses.append(session.run(loss))
    return losses
