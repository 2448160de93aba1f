"""Examples are built, changed, written and read as with `protobuf`'s own objects of the same messages."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protobuf_twins import protobuf_classes

from scopeflow.data import example as ours
from scopeflow.engine.message import DecodeError

KINDS = (
    ours.BytesList, ours.FloatList, ours.Int64List, ours.Feature, ours.Features, ours.FeatureList, ours.FeatureLists,
    ours.Example, ours.SequenceExample,
)  # fmt: skip


class Theirs:
    """`protobuf`'s classes under the names that ours have."""


TWINS = protobuf_classes(*(kind.message for kind in KINDS), oneofs={"Feature": ours.Feature.oneofs})
for kind, twin in zip(KINDS, TWINS, strict=True):
    setattr(Theirs, kind.__name__, twin)


def both(program):
    """What a program of the module of messages gives, or the kind of error, for ours and for theirs."""
    results = []
    for module in (ours, Theirs):
        try:
            results.append(program(module))
        except Exception as error:
            results.append(type(error))
    return results


def bytes_of(message):
    return message.SerializeToString(deterministic=True)


def a_feature(t):
    return t.Feature(int64_list=t.Int64List(value=[1, -2]))


def an_example(t):
    return t.Example(
        features=t.Features(
            feature={
                "zeta": t.Feature(float_list=t.FloatList(value=[0.1, -2, 1e-5, 1 / 3])),
                "image": t.Feature(bytes_list=t.BytesList(value=[b"\x00\xff'\"\\\n\t\r", b""])),
                "é": a_feature(t),
                "empty": t.Feature(),
                "none": t.Feature(int64_list=t.Int64List()),
            }
        )
    )


def with_new_keys(t):
    e = t.Example()
    e.features.feature["b"].int64_list.value.append(1)
    e.features.feature["a"].float_list.value.extend([1.5, 2])
    e.features.feature["c"]
    return e


def with_slices(t):
    e = t.Example()
    e.features.feature["x"].int64_list.value[:] = [5, 6, 7]
    value = e.features.feature["x"].int64_list.value
    value[0] = 9
    value.insert(1, 4)
    del value[2]
    value.pop()
    value.sort()
    value.reverse()
    value.MergeFrom([-3])
    return e


def with_another_kind(t):
    feature = a_feature(t)
    feature.float_list.value.append(1.0)
    feature.bytes_list.SetInParent()
    return feature


def with_a_released_child(t):
    feature = a_feature(t)
    released = feature.int64_list
    feature.ClearField("int64_list")
    feature.float_list.value.append(1.0)
    released.value.append(7)
    return feature


def with_a_released_child_that_was_not_set(t):
    feature = t.Feature()
    released = feature.int64_list
    feature.ClearField("int64_list")
    released.value.append(7)
    return feature


def with_a_cleared_oneof(t):
    feature = a_feature(t)
    feature.ClearField("kind")
    return feature


def a_sequence(t):
    steps = t.FeatureList(feature=[a_feature(t), {"float_list": {"value": [2.5]}}])
    steps.feature.add(bytes_list=t.BytesList(value=[b"q"]))
    steps.feature.add().int64_list.value.append(3)
    steps.feature.extend([a_feature(t)])
    return t.SequenceExample(
        context=t.Features(feature={"l": a_feature(t)}), feature_lists=t.FeatureLists(feature_list={"t": steps})
    )


def copied(t):
    e = t.Example()
    e.CopyFrom(an_example(t))
    e.features.feature["é"].CopyFrom(t.Feature(float_list=t.FloatList(value=[3])))
    return e


def merged(t):
    e = an_example(t)
    e.MergeFrom(with_new_keys(t))
    e.features.feature.MergeFrom({"b": a_feature(t)} if t is ours else t.Features(feature={"b": a_feature(t)}).feature)
    e.features.feature["zeta"].MergeFrom(t.Feature(float_list=t.FloatList(value=[7])))
    return e


def unaffected_by_its_parts(t):
    numbers = t.Int64List(value=[1])
    feature = t.Feature(int64_list=numbers)
    numbers.value.append(2)
    return feature


def from_arrays(t):
    return t.Features(
        feature={
            "i": t.Feature(int64_list=t.Int64List(value=np.arange(-20, 20))),
            "u": t.Feature(int64_list=t.Int64List(value=np.arange(3, dtype=np.uint8))),
            "f": t.Feature(float_list=t.FloatList(value=np.linspace(0, 1, 7))),
            "s": t.Feature(bytes_list=t.BytesList(value=np.array([b"a", b"bb"]))),
            "n": t.Feature(int64_list=t.Int64List(value=(np.int32(3), np.array(4)))),
        }
    )


def emptied(t):
    e = an_example(t)
    del e.features.feature["image"]
    e.features.feature.pop("zeta")
    e.features.feature["é"].Clear()
    return e


PROGRAMS = [
    an_example, with_new_keys, with_slices, with_another_kind, with_a_released_child,
    with_a_released_child_that_was_not_set, with_a_cleared_oneof, a_sequence,
    copied, merged, unaffected_by_its_parts, from_arrays, emptied,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_what_a_program_builds_has_protobufs_bytes_and_text(program):
    mine, theirs = both(program)
    assert bytes_of(mine) == bytes_of(theirs)
    assert mine.ByteSize() == theirs.ByteSize()
    again = type(mine).FromString(bytes_of(theirs))
    assert again == mine and bytes_of(again) == bytes_of(theirs)
    assert pickle.loads(pickle.dumps(mine)) == mine == copy.deepcopy(mine) == copy.copy(mine)
    assert sorted(str(mine).splitlines()) == sorted(str(theirs).splitlines())  # maps are printed in any order


READ = {
    "a value": lambda t: list(an_example(t).features.feature["zeta"].float_list.value),
    "a slice": lambda t: an_example(t).features.feature["é"].int64_list.value[0:1],
    "a value equal to a list": lambda t: a_feature(t).int64_list.value == [1, -2],
    "an array": lambda t: np.array(a_feature(t).int64_list.value).tolist(),
    "the text of numbers": lambda t: str(
        t.FloatList(value=[1e-5, 1e10, 123456789, np.inf, np.nan, 0.1, 1 / 3, 16777217, -0.0, 1e5, 1e15, 1e16, 1e40])
    ),
    "a repr": lambda t: repr(a_feature(t)),
    "the kind": lambda t: a_feature(t).WhichOneof("kind"),
    "no kind": lambda t: t.Feature().WhichOneof("kind"),
    "the kind of a feature looked at": lambda t: (lambda f: (f.int64_list, f.WhichOneof("kind"))[1])(t.Feature()),
    "the kind of an empty list": lambda t: t.Feature(int64_list={}).WhichOneof("kind"),
    "whether there is any kind": lambda t: (a_feature(t).HasField("kind"), t.Feature().HasField("kind")),
    "whether there is this kind": lambda t: (a_feature(t).HasField("int64_list"), a_feature(t).HasField("float_list")),
    "whether features were made": lambda t: with_new_keys(t).HasField("features"),
    "whether features were only looked at": lambda t: (lambda e: (e.features, e.HasField("features"))[1])(t.Example()),
    "whether empty features were read": lambda t: t.Example.FromString(b"\n\x00").HasField("features"),
    "a key": lambda t: ("é" in an_example(t).features.feature, "ü" in an_example(t).features.feature),
    "no message for a key": lambda t: t.Features().feature.get("q"),
    "keys": lambda t: sorted(an_example(t).features.feature),
    "their number": lambda t: len(with_new_keys(t).features.feature),
    "items": lambda t: {key: bytes_of(value) for key, value in a_sequence(t).context.feature.items()},
    "get_or_create": lambda t: bytes_of(t.Features().feature.get_or_create("a")),
    "a list of another kind": lambda t: list(a_feature(t).float_list.value),
    "equality": lambda t: (a_feature(t) == a_feature(t), a_feature(t) != t.Feature(), t.Int64List() == t.FloatList()),
    "truth": lambda t: bool(t.Feature()),
    "IsInitialized": lambda t: t.Feature().IsInitialized(),
    "the last kind on the wire": lambda t: t.Feature.FromString(
        bytes_of(a_feature(t)) + bytes_of(t.Feature(float_list=t.FloatList(value=[1])))
    ).WhichOneof("kind"),
    "a message in two parts": lambda t: list(
        t.Feature.FromString(bytes_of(a_feature(t)) * 2).int64_list.value
    ),
    "a key that comes twice": lambda t: bytes_of(
        t.Features.FromString(bytes_of(from_arrays(t)) + bytes_of(t.Features(feature={"s": a_feature(t)})))
    ),
    "unpacked numbers": lambda t: list(t.Int64List.FromString(b"\x08\x05\x08\x06\x0a\x01\x07").value),
    "numbers of another kind": lambda t: list(t.Int64List.FromString(b"\x0d\x00\x00\x80\x3f\x08\x01").value),
    "an entry without a key": lambda t: sorted(t.Features.FromString(b"\x0a\x00").feature),
}  # fmt: skip


@pytest.mark.parametrize("program", READ.values(), ids=READ)
def test_what_a_program_reads_is_what_protobuf_says(program):
    mine, theirs = both(program)
    assert type(mine) is type(theirs) and mine == theirs
    assert not isinstance(mine, type)


MISTAKES = {
    "a string for a number": lambda t: t.Int64List(value=["x"]),
    "a float for an integer": lambda t: t.Int64List(value=[1.0]),
    "an array of floats for integers": lambda t: t.Int64List(value=np.ones(2)),
    "too large an integer": lambda t: t.Int64List(value=[2**63]),
    "None for a number": lambda t: t.Int64List(value=[None]),
    "a number that is no list": lambda t: t.Int64List(value=5),
    "a list in a list": lambda t: t.FloatList(value=np.ones((2, 2))),
    "a string for a float": lambda t: t.FloatList(value=["1.0"]),
    "a string for bytes": lambda t: t.BytesList(value=["a"]),
    "bytes for a list of them": lambda t: t.BytesList(value=b"ab"),
    "an integer for bytes": lambda t: t.BytesList(value=[3]),
    "an unknown field": lambda t: t.Int64List(values=[1]),
    "a list for a message": lambda t: t.Feature(int64_list=[1]),
    "another message": lambda t: t.Feature(int64_list=t.FloatList()),
    "a number in a map": lambda t: t.Features(feature={"a": 1}),
    "another message in a list": lambda t: t.FeatureList(feature=[t.Int64List()]),
    "an assigned list": lambda t: setattr(t.Int64List(), "value", [1]),
    "an assigned message": lambda t: setattr(t.Example(), "features", t.Features()),
    "an assigned entry": lambda t: t.Features().feature.__setitem__("a", t.Feature()),
    "a map that is updated": lambda t: t.Features().feature.update({"a": t.Feature()}),
    "an entry that is not there": lambda t: t.Features().feature.__delitem__("a"),
    "a number for a key": lambda t: t.Features().feature[1],
    "an unknown attribute": lambda t: t.Example().feature,
    "an unknown attribute that is set": lambda t: setattr(t.Example(), "feature", 1),
    "presence of a list": lambda t: t.Int64List().HasField("value"),
    "presence of nothing": lambda t: t.Int64List().HasField("values"),
    "an unknown oneof": lambda t: t.Feature().WhichOneof("what"),
    "an unknown field to clear": lambda t: t.Feature().ClearField("what"),
    "a copy of another": lambda t: t.Int64List().CopyFrom(t.FloatList()),
    "text for bytes to read": lambda t: t.Example().ParseFromString("a"),
    "an index past the end": lambda t: t.Int64List().value[0],
    "hashing": lambda t: hash(t.Int64List()),
    "a list as such": lambda t: t.Int64List([1]),
}  # fmt: skip


@pytest.mark.parametrize("program", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_the_error_that_protobuf_raises(program):
    mine, theirs = both(program)
    assert isinstance(mine, type) and issubclass(mine, Exception)
    assert mine is theirs


def test_a_refused_value_changes_nothing():
    feature = a_feature(ours)
    for attempt in (
        lambda: feature.int64_list.value.extend([3, "x"]),
        lambda: feature.int64_list.value.append(2**63),
        lambda: feature.float_list.value.append("x"),
        lambda: feature.int64_list.value.__setitem__(slice(None), [1.5]),
    ):
        with pytest.raises((TypeError, ValueError)):
            attempt()
    assert feature == a_feature(ours)
    features = ours.Features()
    with pytest.raises(TypeError):
        features.feature.MergeFrom({"a": ours.Int64List()})
    assert len(features.feature) == 0


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05ab", b"\x0a\x04\x0a\x02\x0a\x09", b"\x0b"])
def test_what_is_no_example_is_a_decode_error_that_names_the_message(data):
    with pytest.raises(DecodeError, match=r"Error parsing message with type 'tensorflow\.Example': "):
        ours.Example.FromString(data)
    assert both(lambda t: t.Example.FromString(data))[1] is not Theirs.Example


LISTS = st.one_of(
    st.tuples(st.just("int64_list"), st.lists(st.integers(-(2**63), 2**63 - 1), max_size=40)),
    st.tuples(st.just("float_list"), st.lists(st.floats(allow_nan=False), max_size=40)),
    st.tuples(st.just("bytes_list"), st.lists(st.binary(max_size=5), max_size=4)),
)
FEATURES = st.dictionaries(st.text(max_size=4), LISTS, max_size=4)


@given(FEATURES)
@settings(max_examples=200, deadline=None)
def test_any_example_has_protobufs_bytes_both_ways(features):
    def build(t):
        example = t.Example()
        for name, (kind, values) in features.items():
            getattr(example.features.feature[name], kind).value.extend(values)
            getattr(example.features.feature[name], kind).SetInParent()
        return example

    mine, theirs = build(ours), build(Theirs)
    assert bytes_of(mine) == bytes_of(theirs)
    assert ours.Example.FromString(bytes_of(theirs)) == mine


@given(st.binary(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_as_protobuf_reads_them_or_refused(data):
    mine, theirs = both(lambda t: t.Features.FromString(data))
    if theirs is not None and not isinstance(theirs, type):
        if isinstance(mine, type):
            return  # protobuf skips groups, which are no part of proto3
        theirs.DiscardUnknownFields()
        assert bytes_of(mine) == bytes_of(theirs)
    else:
        assert mine is DecodeError
