"""Examples are parsed as message objects read them; whatever the bytes, a run parses them or says what is wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scopeflow as tf
from scopeflow.data.example import Example, Feature, Features

KINDS = {"int64_list": "int64", "float_list": "float32", "bytes_list": "string"}
LISTS = st.one_of(
    st.tuples(st.just("int64_list"), st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20)),
    st.tuples(st.just("float_list"), st.lists(st.floats(width=32, allow_nan=False), max_size=20)),
    st.tuples(st.just("bytes_list"), st.lists(st.binary(max_size=5), max_size=4)),
)


@pytest.fixture(scope="module")
def session():
    with tf.Graph().as_default(), tf.Session() as session:
        yield session


def example_of(features):
    example = Example()
    for key, (kind, values) in features.items():
        getattr(example.features.feature[key], kind).value.extend(values)
        getattr(example.features.feature[key], kind).SetInParent()
    return example


def same(got, wanted):
    return [*np.asarray(got).ravel()] == [*np.asarray(wanted, np.asarray(got).dtype).ravel()]


@given(st.dictionaries(st.text(min_size=1, max_size=3), LISTS, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_any_example_is_parsed_as_its_message_object_reads(features):
    asked = {
        key: tf.FixedLenFeature([len(values)], getattr(tf, KINDS[kind])) for key, (kind, values) in features.items()
    }
    loose = {key: tf.VarLenFeature(feature.dtype) for key, feature in asked.items()}
    data = example_of(features).SerializeToString()
    with tf.Graph().as_default(), tf.Session() as session:
        dense, sparse, batch = session.run(
            [
                tf.parse_single_example(data, asked),
                tf.parse_single_example(data, loose),
                tf.parse_example([data], asked),
            ]
        )
    for key, (kind, values) in features.items():
        read = list(getattr(Example.FromString(data).features.feature[key], kind).value)
        assert same(dense[key], read) and same(sparse[key].values, read) and same(batch[key][0], read)
        assert sparse[key].dense_shape.tolist() == [len(values)]


WHOLE = example_of({"a": ("int64_list", [1, 300]), "b": ("float_list", [0.5, 2.0]), "c": ("bytes_list", [b"xy", b""])})


def test_every_cut_and_every_flipped_bit_is_parsed_or_told(session):
    data = WHOLE.SerializeToString()
    serialized = tf.placeholder(tf.string)
    asked = {"a": tf.VarLenFeature(tf.int64), "b": tf.VarLenFeature(tf.float32), "c": tf.VarLenFeature(tf.string)}
    fetches = [tf.parse_example([tf.reshape(serialized, [])], asked), tf.parse_single_example(serialized, asked)]
    changed = [data[:end] for end in range(len(data))]
    for bit in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        changed.append(bytes(flipped))
    told = 0
    for spoilt in changed:
        try:
            session.run(fetches, {serialized: spoilt})
        except tf.errors.InvalidArgumentError as error:
            told += 1
            assert "Could not parse example input" in error.message or "Key: " in error.message
    assert told > len(changed) // 4


def test_numbers_that_are_not_packed_are_read(session):
    unpacked = b"".join([b"\x08\x05", b"\x08\xac\x02", b"\x0a\x02\x07\x08"])  # 5, 300, and 7 and 8 packed
    floats = b"".join([b"\x0d", np.float32(0.5).tobytes(), b"\x0a\x04", np.float32(2).tobytes()])
    data = message(1, b"".join(message(1, message(1, key) + message(2, value)) for key, value in (
        (b"i", message(3, unpacked)), (b"f", message(2, floats)),
    )))  # fmt: skip
    asked = {"i": tf.FixedLenFeature([4], tf.int64), "f": tf.FixedLenFeature([2], tf.float32)}
    found = session.run(tf.parse_single_example(data, asked))
    assert found["i"].tolist() == [5, 300, 7, 8] and found["f"].tolist() == [0.5, 2.0]


def message(number, payload):
    return bytes([number << 3 | 2, len(payload)]) + payload


def test_unknown_fields_are_read_past_and_the_last_of_two_entries_counts(session):
    first = Features(feature={"a": Feature(int64_list={"value": [1]})}).SerializeToString()
    second = Features(feature={"a": Feature(int64_list={"value": [2]})}).SerializeToString()
    unknown = b"\x78\x05" + message(14, b"anything")
    data = unknown + message(1, first + unknown + second)
    found = session.run(tf.parse_single_example(data, {"a": tf.FixedLenFeature([], tf.int64)}))
    assert found["a"] == 2


def test_results_do_not_share_memory_with_each_other_or_the_default(session):
    asked = {"q": tf.FixedLenFeature([2], tf.float32, [1.0, 2.0]), "b": tf.FixedLenFeature([2], tf.float32)}
    parsed = tf.parse_single_example(tf.placeholder_with_default(WHOLE.SerializeToString(), []), asked)
    first = session.run(parsed)
    first["q"][:] = 9
    first["b"][:] = 9
    second = session.run(parsed)
    assert second["q"].tolist() == [1.0, 2.0] and second["b"].tolist() == [0.5, 2.0]


def test_a_variable_that_takes_a_default_over_leaves_it_as_it_was(session):
    features = {"q": tf.FixedLenFeature([2], tf.float32, [1.0, 2.0])}
    parsed = tf.parse_single_example(tf.placeholder_with_default(b"", []), features)["q"]
    variable = tf.Variable(np.zeros(2, np.float32))
    session.run(variable.initializer)
    with tf.control_dependencies([tf.assign(variable, parsed)]):
        grown = tf.assign_add(variable, [10.0, 10.0])
    for _ in range(2):
        assert session.run(grown).tolist() == [11.0, 12.0]
    assert session.run(parsed).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("octets", [2, 6, 9])
def test_floats_of_half_their_bytes_are_told(session, octets):
    data = message(1, message(1, message(1, b"f") + message(2, message(2, message(1, bytes(octets))))))
    for asked in (tf.FixedLenFeature([octets // 4], tf.float32), tf.VarLenFeature(tf.float32)):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"Key: f.*floats of"):
            session.run(tf.parse_single_example(data, {"f": asked}))


def test_a_batch_of_none_has_the_shapes_that_the_features_say(session):
    empty = tf.placeholder_with_default(np.array([], object), [None])
    parsed = tf.parse_example(
        empty,
        {
            "a": tf.FixedLenFeature([2], tf.float32),
            "b": tf.VarLenFeature(tf.string),
            "c": tf.FixedLenSequenceFeature([3], tf.int64, allow_missing=True),
        },
    )
    found = session.run(parsed)
    assert found["a"].shape == (0, 2) and found["c"].shape == (0, 0, 3)
    assert found["b"].dense_shape.tolist() == [0, 0] and found["b"].indices.shape == (0, 2)


def test_one_feature_under_two_dtypes_is_refused():
    asked = {"v": tf.VarLenFeature(tf.int64), "z": tf.SparseFeature("i", "v", tf.float32, 5)}
    with pytest.raises(ValueError, match="Conflicting type int64 vs float32 for feature v"):
        tf.parse_example([b""], asked)


def test_a_damaged_tensor_message_is_told(session):
    data = session.run(tf.serialize_tensor(np.arange(6.0).reshape(2, 3)))
    serialized = tf.placeholder(tf.string)
    parsed = tf.parse_tensor(serialized, tf.float64)
    for end in range(len(data)):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"parse|Type mismatch"):
            session.run(parsed, {serialized: data[:end]})


def test_a_graph_that_parses_goes_through_a_graph_def():
    with tf.Graph().as_default() as graph:
        record = tf.placeholder(tf.string, [], name="record")
        features = {"a": tf.VarLenFeature(tf.int64), "q": tf.FixedLenFeature([2], tf.float32, [1.0, 2.0])}
        parsed = tf.parse_single_example(record, features)
        names = [parsed["a"].values.name, parsed["q"].name]
    definition = tf.GraphDef.FromString(graph.as_graph_def().SerializeToString())
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.import_graph_def(definition, name="")
        found = session.run(names, {"record:0": WHOLE.SerializeToString()})
    assert found[0].tolist() == [1, 300] and found[1].tolist() == [1.0, 2.0]
