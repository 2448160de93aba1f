"""Cases of the ops on strings: examples, lines, messages."""

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


CASES = [
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
