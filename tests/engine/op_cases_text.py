"""Cases of the ops on strings: examples, lines, messages."""

import os
import tempfile

import numpy as np
from op_cases import Case

from scopeflow.data.example import Example, SequenceExample


def _example(*labels):
    example = Example()
    example.features.feature["label"].int64_list.value.extend(labels)
    example.features.feature["x"].float_list.value.extend([0.5, -1.0])
    return example.SerializeToString()


def _sequence():
    example = SequenceExample()
    example.context.feature["length"].int64_list.value.append(2)
    for step in ([b"a"], [b"b", b"c"]):
        example.feature_lists.feature_list["texts"].feature.add().bytes_list.value.extend(step)
    return example.SerializeToString()


def _parsed(tf, examples):
    found = tf.parse_example(
        examples, {"label": tf.VarLenFeature(tf.int64), "x": tf.FixedLenFeature([2], tf.float32), "q": _missing(tf)}
    )
    sparse = found["label"]
    return [sparse.indices, sparse.values, sparse.dense_shape, found["x"], found["q"]]


def _missing(tf):
    return tf.FixedLenFeature([], tf.int64, 7)


def _steps(tf, example):
    context, lists = tf.parse_single_sequence_example(
        example, {"length": tf.FixedLenFeature([], tf.int64)}, {"texts": tf.VarLenFeature(tf.string)}
    )
    texts = lists["texts"]
    return [context["length"], texts.indices, texts.values, texts.dense_shape]


def _strings(*items):
    array = np.empty(len(items), object)
    array[:] = items
    return array


def _text(name, op, build, *items):
    return Case(name, (op,), build, (_strings(*items),), differentiable=False)


TEXTS = (
    ("string_join", "StringJoin", lambda tf, x: tf.string_join([x, "b"], "-")),
    ("string_split", "StringSplit", lambda tf, x: _sparse_parts(tf.string_split(x, "ab"))),
    ("strings.split", "StringSplitV2", lambda tf, x: _sparse_parts(tf.strings.split(x, "b"))),
    ("reduce_join", "ReduceJoin", lambda tf, x: tf.reduce_join(x, 0)),
    ("substr", "Substr", lambda tf, x: tf.substr(x, 0, 2)),
    ("strings.length", "StringLength", lambda tf, x: tf.strings.length(x)),
    ("string_strip", "StringStrip", lambda tf, x: tf.string_strip(x)),
    ("strings.lower", "StringLower", lambda tf, x: tf.strings.lower(x)),
    ("strings.upper", "StringUpper", lambda tf, x: tf.strings.upper(x)),
    ("regex_replace", "StaticRegexReplace", lambda tf, x: tf.regex_replace(x, "a+", "x")),
    ("regex_replace by tensors", "RegexReplace", lambda tf, x: tf.regex_replace(x, x[0], x[1])),
    ("regex_full_match", "StaticRegexFullMatch", lambda tf, x: tf.strings.regex_full_match(x, "a.*")),
    ("regex_full_match by a tensor", "RegexFullMatch", lambda tf, x: tf.strings.regex_full_match(x, x[0])),
    ("string_to_hash_bucket", "StringToHashBucket", lambda tf, x: tf.string_to_hash_bucket(x, 99)),
    ("string_to_hash_bucket_fast", "StringToHashBucketFast", lambda tf, x: tf.string_to_hash_bucket_fast(x, 99)),
    (
        "string_to_hash_bucket_strong",
        "StringToHashBucketStrong",
        lambda tf, x: tf.string_to_hash_bucket_strong(x, 99, [1, 2]),
    ),
    ("encode_base64", "EncodeBase64", lambda tf, x: tf.encode_base64(x)),
    ("decode_base64", "DecodeBase64", lambda tf, x: tf.decode_base64(tf.encode_base64(x))),
    ("matching_files", "MatchingFiles", lambda tf, x: tf.matching_files(x)),
    ("read_file", "ReadFile", lambda tf, x: tf.strings.length(tf.read_file(__file__))),
)


def _sparse_parts(sparse):
    return [sparse.indices, sparse.values, sparse.dense_shape]


def _written(tf, contents):
    path = os.path.join(tempfile.gettempdir(), f"scopeflow-{os.getpid()}.txt")
    with tf.control_dependencies([tf.write_file(path, contents[0])]):
        return tf.strings.length(tf.read_file(path))


def _static_table(tf, x):
    """What a table finds that was filled in the same run, and its size."""
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["b", "q"], [0.5, 1.5]), -1.0)
    with tf.control_dependencies([table.initializer]):
        return [table.lookup(tf.identity(x)), table.size()]


def _table_of_lines(tf, x):
    table = tf.contrib.lookup.index_table_from_file(__file__, vocab_size=1)
    with tf.control_dependencies([table.initializer]):
        return table.lookup(tf.identity(x))


def _changing_table(tf, x):
    table = tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1)
    with tf.control_dependencies([table.insert(x, tf.range(tf.size(x, out_type=tf.int64)))]):
        removed = table.remove(x[:1])
    with tf.control_dependencies([removed]):
        return [table.lookup(tf.identity(x)), *table.export()]


CASES = [
    Case(
        "a table",
        ("HashTableV2", "LookupTableImportV2", "LookupTableFindV2", "LookupTableSizeV2"),
        _static_table,
        (_strings(b"b", b"z"),),
        differentiable=False,
    ),
    Case(
        "a table of a file's lines",
        ("InitializeTableFromTextFileV2",),
        _table_of_lines,
        (_strings(b"", b"z"),),
        differentiable=False,
    ),
    Case(
        "a table that changes",
        ("MutableHashTableV2", "LookupTableInsertV2", "LookupTableRemoveV2", "LookupTableExportV2"),
        _changing_table,
        (_strings(b"b", b"z", b"q"),),
        differentiable=False,
    ),
    *(_text(name, op, build, b"ab a", b"b", "cé".encode()) for name, op, build in TEXTS),
    _text("write_file", "WriteFile", _written, b"text"),
    _text("string_to_number", "StringToNumber", lambda tf, x: tf.string_to_number(x), b"1", b"-2.5"),
    *(
        Case(f"as_string of {x.dtype}", ("AsString",), lambda tf, x: tf.as_string(x), (x,), differentiable=False)
        for x in (np.array([[1.5, -2.0]]), np.array([3, -4]), np.array([True, False]))
    ),
    Case("parse_example", ("ParseExampleV2",), _parsed, (_strings(_example(3), _example(4, 5)),), differentiable=False),
    Case(
        "parse_example of one",
        ("ParseExampleV2",),
        lambda tf, data: _parsed(tf, data[0]),
        (_strings(_example(3)),),
        differentiable=False,
    ),
    Case(
        "parse_single_sequence_example",
        ("ParseSequenceExampleV2",),
        lambda tf, data: _steps(tf, data[0]),
        (_strings(_sequence()),),
        differentiable=False,
    ),
    Case(
        "a tensor as a message and back",
        ("SerializeTensor", "ParseTensor"),
        lambda tf, x: tf.parse_tensor(tf.serialize_tensor(x), tf.float64),
        (np.arange(6.0).reshape(2, 3),),
        differentiable=False,
    ),
    Case(
        "decode_csv",
        ("DecodeCSV",),
        lambda tf, lines: tf.decode_csv(lines, [[0], [0.5], [""]]),
        (_strings(b"1,2.5,a", b'-3,,"b,c"'),),
        differentiable=False,
    ),
]
