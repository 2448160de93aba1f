"""Tables: what is written is read, and what asks for more memory than a file may is refused."""

import io
import struct
from contextlib import suppress

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scopeflow as tf
from scopeflow.engine.checksum import crc32c, masked
from scopeflow.engine.wire import varint
from scopeflow.train.checkpoint.table import BLOCK_SIZE, RAW, SNAPPY, Place, Table, TableWriter, footer_of


def written(items):
    file = io.BytesIO()
    writer = TableWriter(file)
    for key, value in items:
        writer.add(key, value)
    writer.finish()
    return file.getvalue()


def entry(key, value=b"", shared=0, rest=None):
    return varint(shared) + varint(len(key) if rest is None else rest) + varint(len(value)) + key + value


def block(*entries, restarts=(0,), count=None):
    count = len(restarts) if count is None else count
    return b"".join(entries) + struct.pack(f"<{len(restarts)}I", *restarts) + struct.pack("<I", count)


def stored(*blocks):
    """A table of the blocks given, each (bytes, compression), all with the right checksums; the last is the index.
    `None` stands for what LevelDB would write there."""
    out, places = b"", []
    for number, (body, kind) in enumerate(blocks):
        if body is None and number == len(blocks) - 1:
            body = block(*(entry(bytes([i + 1]), place.encode()) for i, place in enumerate(places[:-1])))
        covered = (block() if body is None else body) + bytes([kind])
        places.append(Place(len(out), len(covered) - 1))
        out += covered + struct.pack("<I", masked(crc32c(covered)))
    return out + footer_of(places[-2], places[-1])


EXTRAS = INDEX = (None, RAW)


def test_the_checksum_is_castagnolis():
    assert crc32c(b"123456789") == 0xE3069283  # the check value of every list of CRCs
    assert crc32c(b"6789", crc32c(b"12345")) == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4
    assert crc32c(b"") == 0
    assert crc32c(bytes(1 << 25)) == crc32c(bytes((1 << 25) - 3), crc32c(bytes(3)))


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.binary(max_size=6), st.binary(max_size=30), max_size=60),
    st.sampled_from([0, 100, BLOCK_SIZE // 20, BLOCK_SIZE]),
)
def test_what_is_written_is_read(items, padding):
    items = {key: value + bytes(padding) for key, value in sorted(items.items())}
    table = Table(written(items.items()), "here")
    assert {key: bytes(value) for key, value in table} == items
    assert [key for key, _ in table] == sorted(items)
    for key in [*items, b"not there", b"\xff" * 7]:
        found = table.get(key)
        assert (None if found is None else bytes(found)) == items.get(key)


def test_keys_must_be_added_in_order():
    for keys in ((b"b", b"a"), (b"a", b"a"), (b"", b"")):
        with pytest.raises(ValueError, match="comes after"):
            written((key, b"") for key in keys)


def test_a_table_made_by_hand_is_read():
    data = stored((block(entry(b"ab", b"1"), entry(b"c", b"2", shared=1)), RAW), EXTRAS, INDEX)
    with pytest.raises(tf.errors.DataLossError):
        Table(data[1:], "here")
    assert [(key, bytes(value)) for key, value in Table(data, "here")] == [(b"ab", b"1"), (b"ac", b"2")]


@pytest.mark.parametrize(
    ("what", "reason"),
    {
        "nothing": (b"", "it is empty"),
        "text": (b"PK\x03\x04" + bytes(60), "64 bytes that begin with b'PK"),
        "magic alone": (footer_of(Place(0, 0), Place(0, 0))[-8:], "8 bytes"),
        "footer alone": (footer_of(Place(0, 0), Place(0, 0)), "its footer is wrong"),
        "blocks beyond the file": (bytes(10) + footer_of(Place(0, 2**60), Place(2**60 + 5, 5)), "its footer is wrong"),
        "index that is the index": (
            stored((None, RAW), EXTRAS, (block(entry(b"a", Place(26, 99).encode())), RAW)),
            "its index tells of 99 bytes at 26",
        ),
        "block larger than the file": (
            stored(EXTRAS, (block(entry(b"a", Place(0, 2**40).encode())), RAW)),
            "its index tells of 1099511627776 bytes at 0",
        ),
        "one block many times": (
            stored(
                (block(entry(b"a")), RAW),
                EXTRAS,
                (block(*(entry(bytes([i]), Place(0, 12).encode()) for i in range(100))), RAW),
            ),
            "its blocks overlap",
        ),
        "restarts without end": (stored((block(count=2**32 - 1), RAW), EXTRAS, INDEX), "4294967295 restarts"),
        "restarts beyond the block": (stored((block(count=2), RAW), EXTRAS, INDEX), "2 restarts in 8 bytes"),
        "block too short": (stored((b"abc", RAW), EXTRAS, INDEX), "0 restarts in 3 bytes"),
        "key shared with nothing": (stored((block(entry(b"a", shared=1)), RAW), EXTRAS, INDEX), "runs past the end"),
        "value past the end": (stored((block(entry(b"a", rest=200)), RAW), EXTRAS, INDEX), "runs past the end"),
        "number without end": (stored((block(b"\xff" * 20), RAW), EXTRAS, INDEX), "a number of more than 10 bytes"),
        "keys out of order": (stored((block(entry(b"b"), entry(b"a")), RAW), EXTRAS, INDEX), "not in order"),
        "keys out of order across blocks": (
            stored((block(entry(b"b")), RAW), (block(entry(b"a")), RAW), EXTRAS, INDEX),
            "not in order",
        ),
        "long keys from short entries": (
            stored(
                (block(entry(b"a" * 5000), *(entry(b"a", shared=5000 + i) for i in range(5000))), RAW), EXTRAS, INDEX
            ),
            "its keys are too long",
        ),
        "unknown compression": (stored((None, 4), EXTRAS, INDEX), "unknown compression, 4"),
        "Snappy that grows": (
            stored((varint(2**31) + bytes(100), SNAPPY), EXTRAS, INDEX),
            "105 bytes are to become 2147483648",
        ),
        "Snappy that is none": (stored((b"\x20\xff\xff\xff", SNAPPY), EXTRAS, INDEX), "cannot be uncompressed"),
        "Snappy without a length": (stored((b"", SNAPPY), EXTRAS, INDEX), "cannot be uncompressed"),
    }.items(),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_table_is_refused(what, reason):
    data, message = reason
    with pytest.raises(tf.errors.DataLossError, match=r"here .*") as caught:
        list(Table(data, "here"))
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", [RAW, SNAPPY])
def test_every_flipped_bit_and_every_missing_end_is_found(kind):
    body = block(*(entry(bytes([i]), bytes(i)) for i in range(20)))
    body = bytes(cramjam.snappy.compress_raw(body)) if kind == SNAPPY else body
    data = stored((body, kind), EXTRAS, INDEX)
    assert len(list(Table(data, "here"))) == 20
    for place in range(len(data)):
        with pytest.raises(tf.errors.DataLossError):
            list(Table(data[:place], "here"))
        for bit in range(8):
            damaged = bytearray(data)
            damaged[place] ^= 1 << bit
            with pytest.raises(tf.errors.DataLossError):
                list(Table(bytes(damaged), "here"))


def test_without_checksums_damage_is_read_or_refused_but_breaks_nothing():
    data = stored((block(*(entry(bytes([i]), bytes(i)) for i in range(20))), RAW), EXTRAS, INDEX)
    read = 0
    for place in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[place] ^= 1 << bit
            with suppress(tf.errors.DataLossError):
                read += len(list(Table(bytes(damaged), "here", verify=False))) == 20
    assert read > 1000  # values and checksums, at least
