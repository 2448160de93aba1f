"""The wire format, against the `protobuf` package: the same descriptions are built for both."""

import math

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import example, given, settings
from hypothesis import strategies as st
from protobuf_twins import protobuf_classes

from scopeflow.engine.wire import Field, Message, fields_of, read_varint, read_varints, varint, varints

SCALARS = {
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "fixed32": st.integers(0, 2**32 - 1),
    "fixed64": st.integers(0, 2**64 - 1),
    "bool": st.booleans(),
    "float": st.floats(width=32),
    "double": st.floats(),
    "string": st.text(max_size=5),
    "bytes": st.binary(max_size=5),
}
INNER = Message(
    "Inner", *(Field(i + 1, f"f_{kind}", kind, explicit=i % 2 == 0) for i, kind in enumerate(SCALARS)),
    Field(77, "again", "int64", repeated=True),
)  # fmt: skip
OUTER = Message(
    "Outer",
    *(Field(i + 1, f"one_{kind}", kind) for i, kind in enumerate(SCALARS)),
    *(Field(i + 101, f"many_{kind}", kind, repeated=True) for i, kind in enumerate(SCALARS)),
    Field(50, "inner", INNER),
    Field(2**29 - 1, "inners", INNER, repeated=True),
)


PROTO_INNER, PROTO_OUTER = protobuf_classes(INNER, OUTER)


def values_of(message):
    """A strategy of what `message.encode` takes."""
    optional = {}
    for field in message.fields:
        one = values_of(field.kind) if isinstance(field.kind, Message) else SCALARS[field.kind]
        optional[field.name] = st.lists(one, max_size=2) if field.repeated else one
    return st.fixed_dictionaries({}, optional=optional)


def same(mine, theirs, message):
    """Whether a decoded dict says what a protobuf object says, presence included; NaN is NaN."""
    for field in message.fields:
        got, expected = mine[field.name], getattr(theirs, field.name)
        if field.repeated and isinstance(field.kind, Message):
            if len(got) != len(expected) or not all(same(g, e, field.kind) for g, e in zip(got, expected, strict=True)):
                return False
        elif isinstance(field.kind, Message) or field.explicit:
            if (got is not None) != theirs.HasField(field.name):
                return False
            if got is not None and not (
                same(got, expected, field.kind) if isinstance(field.kind, Message) else equal(got, expected)
            ):
                return False
        elif field.repeated:
            if len(got) != len(expected) or not all(equal(g, e) for g, e in zip(got, expected, strict=True)):
                return False
        elif not equal(got, expected):
            return False
    return True


def equal(got, expected):
    if isinstance(expected, float):
        return (math.isnan(got) and math.isnan(expected)) or (
            got == expected and math.copysign(1, got) == math.copysign(1, expected)
        )
    return got == expected and isinstance(expected, (bytes, str)) == isinstance(got, (bytes, str))


@settings(deadline=None, max_examples=60)
@given(values=values_of(OUTER))
def test_what_is_written_is_what_protobuf_writes_and_both_read_it_alike(values):
    theirs = PROTO_OUTER(**values)
    written = OUTER.encode(values)
    assert written == theirs.SerializeToString(deterministic=True)
    assert same(OUTER.decode(written), PROTO_OUTER.FromString(written), OUTER)


@settings(deadline=None, max_examples=150)
@example(parts=[b"R\x01\x80", b"R\x01a"], flips=[])  # a string that another one replaces
@given(
    parts=st.lists(st.one_of(values_of(OUTER).map(OUTER.encode), st.binary(max_size=12)), max_size=3),
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=3),
)
def test_damaged_messages_are_read_as_protobuf_reads_them_or_refused(parts, flips):
    data = bytearray(b"".join(parts))
    for place, value in flips:
        if data:
            data[place % len(data)] = value
    data = bytes(data)
    try:
        mine = OUTER.decode(data)
    except ValueError:
        mine = None
    try:
        theirs = PROTO_OUTER.FromString(data)
    except (DecodeError, ValueError):
        theirs = None
    if theirs is None:
        assert mine is None
    elif mine is None:
        assert has_groups(data)  # the one thing that protobuf reads past and we refuse
    else:
        assert same(mine, theirs, OUTER)


def has_groups(data):
    try:
        for number, wire_type, raw in fields_of(data):
            inside = {f.number: f.kind for f in OUTER.fields}.get(number)
            if wire_type == 2 and isinstance(inside, Message) and has_groups(raw):
                return True
    except ValueError as error:
        return str(error) in ("wire type 3", "wire type 4")
    return False


@given(values=st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_many_numbers_at_once_are_the_numbers_one_by_one(values):
    data = b"".join(varint(value) for value in values)
    position, singly = 0, []
    while position < len(data):
        value, position = read_varint(data, position)
        singly.append(value)
    assert singly == values
    assert read_varints(data).tolist() == values


@pytest.mark.parametrize("longest", [5, 6])
def test_a_tag_or_a_length_has_five_bytes_at_most(longest):
    padded = b"\x80" * (longest - 2) + b"\x00"
    for data in (b"\x88" + padded + b"\x01", b"\x52\x80" + padded):  # one_int32's tag; one_string's length
        for decode, refusal in ((OUTER.decode, ValueError), (PROTO_OUTER.FromString, DecodeError)):
            if longest == 5:
                decode(data)
            else:
                with pytest.raises(refusal):
                    decode(data)


@pytest.mark.parametrize("data", [b"\x80", b"\x01\xff", b"\xff" * 10 + b"\x01", b"\x80" * 11])
def test_numbers_that_do_not_end_are_refused(data):
    with pytest.raises(ValueError, match="a number"):
        read_varints(data)
    with pytest.raises(ValueError, match="a number"):
        position = 0
        while position < len(data):
            _, position = read_varint(data, position)


def test_an_explicit_zero_is_written_and_an_absent_one_is_none():
    message = Message("Extent", Field(1, "start", "int64"), Field(2, "length", "int64", explicit=True))
    assert message.encode({"start": 0, "length": 0}) == b"\x10\x00"
    assert message.decode(b"\x10\x00") == {"start": 0, "length": 0}
    assert message.decode(b"") == {"start": 0, "length": None}


def test_a_name_that_the_message_lacks_and_a_number_that_does_not_fit_are_refused():
    message = Message("M", Field(1, "size", "int32"))
    with pytest.raises(KeyError, match="M has no field sise"):
        message.encode({"sise": 1})
    with pytest.raises(ValueError, match="size is int32, which 2147483648 does not fit"):
        message.encode({"size": 2**31})


def test_repeated_numbers_come_as_arrays_of_their_own():
    message = Message("M", Field(1, "values", "float", repeated=True))
    data = bytearray(message.encode({"values": [1.5, -2.0]}))
    values = message.decode(data)["values"]
    data[:] = bytes(len(data))
    assert values.dtype == np.float32
    assert values.tolist() == [1.5, -2.0]


def test_many_numbers_at_once_are_written_as_one_after_the_other():
    values = np.array([0, 1, 127, 128, 2**14 - 1, 2**14, 2**31, 2**63 - 1, -1, -(2**63), 300, 5], np.int64)
    assert varints(values) == b"".join(varint(int(value)) for value in values)
    assert varints(values[:0]) == b""
    unsigned = np.array([2**64 - 1, 2**63, 0], np.uint64)
    assert varints(unsigned) == b"".join(varint(int(value)) for value in unsigned)


def test_a_long_list_refuses_what_does_not_fit_like_a_short_one():
    for length in (1, 40):
        with pytest.raises(ValueError, match="many_int32 is int32, which 2147483648 does not fit"):
            OUTER.encode({"many_int32": [0] * (length - 1) + [2**31]})
