"""Lookup tables: what they find, what they are made of, what is refused."""

import os
import tempfile

import numpy as np

from ..cases import golden
from ..helpers import described, said


def plain(value):
    """An array, or the hexadecimals of strings (with their shape)."""
    value = np.asarray(value, object if isinstance(value, bytes) else None)
    return [list(value.shape), [item.hex() for item in value.ravel()]] if value.dtype == object else value


def pairs(tf):
    return tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2], tf.string, tf.int64)


def from_file(tf, folder, content, key_dtype, key, value_dtype, value, **how):
    path = os.path.join(folder, "words.txt")
    with open(path, "wb") as file:
        file.write(content)
    return tf.lookup.TextFileInitializer(path, key_dtype, key, value_dtype, value, **how)


WORDS = b"emerson\nlake\r\npalmer"
COLUMNS = b"emerson\t10\nlake\t20\n"

TABLES = {
    "strings": lambda tf, d: tf.lookup.StaticHashTable(pairs(tf), -1).lookup(tf.constant(["b", "z"])),
    "named": lambda tf, d: tf.lookup.StaticHashTable(pairs(tf), -1, name="t").lookup(tf.constant("b"), name="found"),
    "integers": lambda tf, d: tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer([1, 2], ["x", "y"]), "?"
    ).lookup(tf.constant([[2], [3]])),
    "floats found": lambda tf, d: tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.constant([1, 2], tf.int64), [0.5, 1.5]), -1.0
    ).lookup(tf.constant([2, 3], tf.int64)),
    "size": lambda tf, d: tf.lookup.StaticHashTable(pairs(tf), -1).size(),
    "a placeholder": lambda tf, d: tf.lookup.StaticHashTable(pairs(tf), -1).lookup(
        tf.placeholder_with_default([["b"]], [None, 1])
    ),
    "a file's lines": lambda tf, d: tf.lookup.StaticHashTable(
        from_file(tf, d, WORDS, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, -1), -1
    ).lookup(tf.constant(["lake", "palmer", "x"])),
    "a file's columns": lambda tf, d: tf.lookup.StaticHashTable(
        from_file(tf, d, COLUMNS, tf.string, 0, tf.int64, 1, delimiter="\t"), -1
    ).lookup(tf.constant(["lake", "x"])),
    "two of a file's lines": lambda tf, d: tf.lookup.StaticHashTable(
        from_file(tf, d, WORDS, tf.int64, -1, tf.string, -2, vocab_size=2), "?"
    ).lookup(tf.constant([1, 2], tf.int64)),
    "places": lambda tf, d: tf.contrib.lookup.index_table_from_tensor(["a", "b"]).lookup(tf.constant(["b", "z"])),
    "places and more": lambda tf, d: tf.contrib.lookup.index_table_from_tensor(["a", "b"], 3).lookup(
        tf.constant([["b", "z"], ["y", "a"]])
    ),
    "places by a strong hash": lambda tf, d: tf.contrib.lookup.index_table_from_tensor(
        ["a", "b"], 100, hasher_spec=tf.contrib.lookup.StrongHashSpec([3, 4])
    ).lookup(tf.constant(["b", "z", "y"])),
    "places of integers": lambda tf, d: tf.contrib.lookup.index_table_from_tensor(
        [10, 20], num_oov_buckets=5, dtype=tf.int64
    ).lookup(tf.constant([20, 30, 31], tf.int64)),
    "places of a tensor": lambda tf, d: tf.contrib.lookup.index_table_from_tensor(
        tf.constant(["a", "b"]), default_value=7, name="words"
    ).lookup(tf.constant(["b", "z"])),
    "how many places": lambda tf, d: tf.contrib.lookup.index_table_from_tensor(["a"], num_oov_buckets=2).size(),
    "strings at places": lambda tf, d: tf.contrib.lookup.index_to_string_table_from_tensor(
        ["a", "b"], default_value="none"
    ).lookup(tf.constant([1, 5], tf.int64)),
    "a vocabulary": lambda tf, d: tf.lookup.StaticVocabularyTable(
        tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([0, 1], tf.int64)), num_oov_buckets=2
    ).lookup(tf.constant(["a", "q", "r"])),
}  # fmt: skip


@golden(rows=TABLES)
def found(tf, row):
    with tempfile.TemporaryDirectory() as folder, tf.Graph().as_default() as graph, tf.Session() as session:
        tf.set_random_seed(1)
        result = row(tf, folder)
        drawn = tf.random_uniform([2])  # tells how many operations came before
        session.run(tf.tables_initializer())
        session.run(tf.tables_initializer())  # again changes nothing
        value = session.run(result)
        return {
            "described": described(result),
            "value": plain(value),
            "initializers": [op.name for op in graph.get_collection(tf.GraphKeys.TABLE_INITIALIZERS)],
            "assets": [t.name for t in graph.get_collection(tf.GraphKeys.ASSET_FILEPATHS)],
            "names": [op.name for op in graph.get_operations()],
            "drawn": session.run(drawn),
        }


@golden()
def a_sparse_lookup(tf):
    sparse = tf.SparseTensor([[0, 0], [1, 2]], ["b", "z"], [2, 3])
    with tf.Session() as session:
        values = tf.contrib.lookup.index_table_from_tensor(["a", "b"]).lookup(sparse)
        session.run(tf.tables_initializer())
        value = session.run(values)
    return {"indices": value.indices, "values": value.values, "shape": value.dense_shape}


REFUSED = {
    "not initialized": (
        lambda tf, d, s: s.run(tf.lookup.StaticHashTable(pairs(tf), -1).lookup(tf.constant(["b"]))),
        "Table not initialized",
    ),
    "keys of another dtype": (
        lambda tf, d, s: tf.lookup.StaticHashTable(pairs(tf), -1).lookup(tf.constant([2])),
        "Dtype of argument `keys` must be <dtype: 'string'>, received: <dtype: 'int32'>",
    ),
    "a key twice": (
        lambda tf, d, s: s.run(
            tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a", "a"], [1, 2]), -1).initializer
        ),
        "different value for same key. Key a has 1 and trying to add value 2",
    ),
    "too few columns": (
        lambda tf, d, s: s.run(
            tf.lookup.StaticHashTable(from_file(tf, d, WORDS, tf.string, 0, tf.int64, 1), -1).initializer
        ),
        r"words\.txt line 0 \(emerson\) : expected at least 2 got 1",
    ),
    "too few lines": (
        lambda tf, d, s: s.run(
            tf.lookup.StaticHashTable(
                from_file(tf, d, WORDS, tf.string, -2, tf.int64, -1, vocab_size=5), -1
            ).initializer
        ),
        r"words\.txt: expected 5 but got 3",
    ),
    "no file": (
        lambda tf, d, s: s.run(
            tf.lookup.StaticHashTable(
                tf.lookup.TextFileInitializer(os.path.join(d, "nope"), tf.string, -2, tf.int64, -1), -1
            ).initializer
        ),
        "nope; No such file or directory",
    ),
    "no words": (
        lambda tf, d, s: tf.contrib.lookup.index_table_from_tensor(None),
        "`vocabulary_list` must be specified",
    ),
    "an empty name": (
        lambda tf, d, s: tf.contrib.lookup.index_table_from_file(""),
        "must be specified and must not be",
    ),
    "fewer than no buckets": (lambda tf, d, s: tf.contrib.lookup.index_table_from_tensor(["a"], -1), "got -1"),
}


@golden(rows=REFUSED)
def refused(tf, row):
    call, words = row
    with tempfile.TemporaryDirectory() as folder, tf.Graph().as_default(), tf.Session() as session:
        return {"said": said(lambda: call(tf, folder, session), words)}
