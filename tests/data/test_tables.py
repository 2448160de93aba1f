"""Lookup tables: each session has its own, changes appear whole, initializers really initialize."""

import threading

import numpy as np
import pytest

import scopeflow as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def words(**how):
    return tf.contrib.lookup.index_table_from_tensor(["a", "b", "c"], **how)


def test_every_session_has_tables_of_its_own():
    found = words().lookup(tf.constant(["c"]))
    with tf.Session() as first, tf.Session() as second:
        first.run(tf.tables_initializer())
        assert first.run(found).tolist() == [2]
        with pytest.raises(tf.errors.FailedPreconditionError, match="Table not initialized"):
            second.run(found)
        second.run(tf.initialize_all_tables())
        assert second.run(found).tolist() == [2]


def test_without_tables_the_initializer_does_nothing():
    with tf.Graph().as_default(), tf.Session() as session:
        assert session.run(tf.tables_initializer("nothing")) is None


def test_other_data_at_a_second_initialization_are_refused_and_the_first_stay():
    keys = tf.placeholder(tf.string, [None])
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, tf.constant([5])), -1)
    found = table.lookup(tf.constant(["a", "b"]))
    with tf.Session() as session:
        session.run(table.initializer, {keys: ["a"]})
        session.run(table.initializer, {keys: ["a"]})
        with pytest.raises(tf.errors.FailedPreconditionError, match="already initialized with different data"):
            session.run(table.initializer, {keys: ["b"]})
        assert session.run(found).tolist() == [5, -1]


def test_a_failed_initialization_leaves_the_table_uninitialized(tmp_path):
    path = tmp_path / "pairs"
    path.write_text("1\tone\ntwo\ttwo\n")
    initializer = tf.lookup.TextFileInitializer(str(path), tf.int64, 0, tf.string, 1)
    table = tf.lookup.StaticHashTable(initializer, "?")
    found, size = table.lookup(tf.constant([1], tf.int64)), table.size()
    with tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match="Field two in line 1 is not a valid int64"):
            session.run(tf.tables_initializer())
        assert session.run(size) == 0
        with pytest.raises(tf.errors.FailedPreconditionError, match="Table not initialized"):
            session.run(found)
        path.write_text("1\tone\n2\ttwo\n")
        session.run(tf.tables_initializer())
        assert session.run([found, size])[0].tolist() == [b"one"]


def test_a_monitored_session_initializes_tables():
    found = words().lookup(tf.constant(["b", "z"]))
    with tf.train.MonitoredSession() as session:
        assert session.run(found).tolist() == [1, -1]


def test_tables_of_one_shared_name_are_one():
    lookup = tf.contrib.lookup
    first, second = (lookup.MutableHashTable(tf.string, tf.int64, -1, shared_name="s") for _ in range(2))
    with tf.Session() as session:
        session.run(first.insert(["a"], [7]))
        assert session.run(second.lookup(tf.constant(["a"]))).tolist() == [7]


def test_a_table_changes_as_it_is_told():
    table = tf.contrib.lookup.MutableHashTable(tf.int64, tf.float32, -1.0)
    key, value = tf.placeholder(tf.int64, [None]), tf.placeholder(tf.float32, [None])
    insert, remove, everything = table.insert(key, value), table.remove(key), table.export()
    found = table.lookup(tf.constant([1, 2], tf.int64))
    with tf.Session() as session:
        assert session.run(found).tolist() == [-1.0, -1.0]
        session.run(insert, {key: [1, 2], value: [0.5, 1.5]})
        session.run(insert, {key: [2], value: [2.5]})
        assert session.run(found).tolist() == [0.5, 2.5]
        session.run(remove, {key: [1, 9]})
        assert session.run(found).tolist() == [-1.0, 2.5]
        assert [array.tolist() for array in session.run(everything)] == [[2], [2.5]]
        with pytest.raises(tf.errors.InvalidArgumentError, match="Keys and values must have the same size 2 vs 1"):
            session.run(insert, {key: [1, 2], value: [0.5]})


def test_insertions_from_several_threads_are_all_there():
    table = tf.contrib.lookup.MutableHashTable(tf.int64, tf.int64, -1)
    key = tf.placeholder(tf.int64, [None])
    insert, size = table.insert(key, key), table.size()
    with tf.Session() as session:
        threads = [
            threading.Thread(target=lambda start=start: [session.run(insert, {key: [start + i]}) for i in range(50)])
            for start in (0, 1000, 2000, 3000)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert session.run(size) == 200


def test_words_beyond_a_table_stay_within_their_buckets():
    many = [f"word {i}" for i in range(200)]
    table = words(num_oov_buckets=4)
    with tf.Session() as session:
        numbers, known, size = (table.lookup(tf.constant(many)), table.lookup(tf.constant(["a", "c"])), table.size())
        session.run(tf.tables_initializer())
        found, known, size = session.run([numbers, known, size])
    assert set(found.tolist()) == {3, 4, 5, 6} and known.tolist() == [0, 2] and size == 7


def test_buckets_alone_need_no_initializer():
    table = tf.lookup.StaticVocabularyTable(None, num_oov_buckets=5)
    with tf.Session() as session:
        assert 0 <= session.run(table.lookup(tf.constant("word"))) < 5
        assert session.run(table.size()) == 5


@pytest.mark.parametrize(
    ("build", "kind", "text"),
    [
        (lambda: words(dtype=tf.int64), ValueError, "Expected integer, got tf.string"),
        (lambda: words(dtype=tf.float32), TypeError, "should be one of"),
        (lambda: words(num_oov_buckets=-2), ValueError, "got -2"),
        (lambda: words().lookup(tf.constant([1.0])), TypeError, "Dtype of argument `keys` must be"),
        (lambda: words(num_oov_buckets=1).lookup(tf.constant([1.0])), TypeError, "Dtype of argument `keys` must be"),
        (lambda: tf.lookup.StaticVocabularyTable(None, 0), ValueError, "num_oov_buckets` must be > 0"),
        (lambda: tf.contrib.lookup.StrongHashSpec([1]), ValueError, "must have size 2"),
        (lambda: tf.contrib.lookup.MutableHashTable(tf.int64, tf.float32, [0.0, 1.0]), NotImplementedError, "scalars"),
        (
            lambda: tf.lookup.TextFileInitializer("f", tf.string, -1, tf.int64, 0),
            ValueError,
            "Keys must be dtype",
        ),
        (lambda: tf.lookup.TextFileInitializer("f", tf.float32, -2, tf.int64, 0), ValueError, "integer or string"),
        (lambda: tf.lookup.TextFileInitializer("f", tf.string, -3, tf.int64, 0), ValueError, "Invalid key index -3"),
        (lambda: tf.lookup.TextFileInitializer("f", tf.string, 0, tf.int64, 1, 0), ValueError, "Invalid vocab_size 0"),
        (lambda: tf.lookup.TextFileInitializer("", tf.string, 0, tf.int64, 1), ValueError, "Filename required"),
        (
            lambda: tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1, 2]), -1),
            ValueError,
            "compatible",
        ),
    ],
)
def test_mistakes_are_told(build, kind, text):
    with pytest.raises(kind, match=text):
        build()


def test_integers_of_either_width_have_numbers():
    table = tf.contrib.lookup.index_table_from_tensor(np.array([7, 9], np.int32), num_oov_buckets=2, dtype=tf.int32)
    with tf.Session() as session:
        found = table.lookup(tf.constant([9, 7, 8], tf.int32))
        session.run(tf.tables_initializer())
        assert session.run(found).tolist()[:2] == [1, 0] and session.run(found)[2] in (2, 3)
