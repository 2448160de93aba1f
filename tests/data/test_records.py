"""Files of records: what is written is read; damage is told at the record where it is; nothing else is believed."""

import gzip
import zlib

import pytest

import scopeflow as tf
from scopeflow.data.records import framed, read_records, records_at
from scopeflow.engine.checksum import crc32c, masked

RECORDS = [b"", b"a", bytes(range(256)) * 5]
KINDS = tf.python_io.TFRecordCompressionType
WAYS = {
    "plain": None,
    "no compression": tf.python_io.TFRecordOptions(""),
    "zlib": tf.python_io.TFRecordOptions(KINDS.ZLIB),
    "gzip": tf.python_io.TFRecordOptions("GZIP", compression_level=9, mem_level=2),
    "by its number": KINDS.GZIP,
    "by its name": "ZLIB",
    "flushed each time": tf.python_io.TFRecordOptions("ZLIB", flush_mode=zlib.Z_FULL_FLUSH),
    "deflated without a head": tf.python_io.TFRecordOptions("ZLIB", window_bits=-15),
}


def written(path, records, options=None):
    with tf.python_io.TFRecordWriter(str(path), options) as writer:
        for record in records:
            writer.write(record)
    return path


def read(path, options=None):
    return list(tf.python_io.tf_record_iterator(str(path), options))


@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)
def test_what_is_written_is_read(options, tmp_path):
    records = [*RECORDS, *(bytes([i % 251]) * (i % 1000) for i in range(2000))]
    assert read(written(tmp_path / "r", records, options), options) == records


def masked_crc_of(data):
    """The CRC-32C by its definition, bit by bit, masked."""
    crc = 0xFFFFFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF).to_bytes(4, "little").hex()


def test_records_are_framed_by_their_length_and_two_checksums(tmp_path):
    expected = "0100000000000000" + masked_crc_of(b"\x01" + bytes(7)) + "61" + masked_crc_of(b"a")
    assert framed(b"a").hex() == expected
    assert written(tmp_path / "r", [b"a"]).read_bytes().hex() == expected
    assert zlib.decompress(written(tmp_path / "z", [b"a"], "ZLIB").read_bytes()).hex() == expected
    assert gzip.decompress(written(tmp_path / "g", [b"a"], "GZIP").read_bytes()).hex() == expected


def test_a_record_is_found_by_where_it_begins(tmp_path):
    path = written(tmp_path / "r", RECORDS)
    assert list(records_at(str(path))) == [(0, b""), (16, b"a"), (33, RECORDS[2])]


def test_every_cut_and_every_flipped_bit_is_told(tmp_path):
    path = tmp_path / "events"
    data = framed(b"first record") + framed(b"2nd")
    second = len(framed(b"first record"))
    for end in range(1, len(data)):
        if end == second:
            continue
        path.write_bytes(data[:end])
        said = f"truncated record at {0 if end < second else second}' failed with Read less bytes than requested in"
        with pytest.raises(tf.errors.DataLossError, match=said):
            list(read_records(str(path)))
    for bit in range(len(data) * 8):
        damaged = bytearray(data)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(tf.errors.DataLossError, match="corrupted record"):
            list(read_records(str(path)))


def test_what_comes_before_the_damage_is_read(tmp_path):
    path = tmp_path / "r"
    path.write_bytes(framed(b"first") + framed(b"second")[:-1] + b"?")
    reading = tf.python_io.tf_record_iterator(str(path))
    assert next(reading) == b"first"
    with pytest.raises(tf.errors.DataLossError, match="corrupted record at 33"):  # where its data begin
        next(reading)


def test_a_record_that_claims_more_than_the_file_has_takes_no_memory(tmp_path):
    path = tmp_path / "events"
    length = (1 << 60).to_bytes(8, "little")
    head = length + masked(crc32c(length)).to_bytes(4, "little")
    path.write_bytes(head + b"data")
    with pytest.raises(tf.errors.DataLossError, match="truncated record at 0"):
        list(read_records(str(path)))
    path.write_bytes(zlib.compress(head + b"data"))
    with pytest.raises(tf.errors.DataLossError, match="truncated record at 0' failed with EOF reached"):
        list(read_records(str(path), "ZLIB"))


def test_something_else_than_records_is_told(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"this is a text and no file of records")
    with pytest.raises(tf.errors.DataLossError, match=r"corrupted record at 0 \(Is this even a TFRecord file\?\)"):
        read(path)
    for kind in ("ZLIB", "GZIP"):
        with pytest.raises(tf.errors.DataLossError, match=r"inflate\(\) failed with error -3: incorrect header check"):
            read(path, kind)


@pytest.mark.parametrize("kind", ["ZLIB", "GZIP"])
def test_a_cut_of_a_compressed_file_is_told_or_leaves_whole_records(kind, tmp_path):
    data = written(tmp_path / "r", RECORDS, kind).read_bytes()
    path, whole = tmp_path / "cut", 0
    for end in range(1, len(data)):
        path.write_bytes(data[:end])
        try:
            found = read(path, kind)
        except tf.errors.DataLossError:
            continue
        whole += found == RECORDS
        assert found == RECORDS[: len(found)]  # where a cut falls between two, nothing tells that more was there
    assert whole > 0


def test_compressed_files_may_be_joined(tmp_path):
    data = written(tmp_path / "r", RECORDS, "GZIP").read_bytes()
    (tmp_path / "both").write_bytes(data + data)
    assert read(tmp_path / "both", "GZIP") == RECORDS * 2


@pytest.mark.parametrize("options", [None, "GZIP"])
def test_what_was_flushed_can_be_read_while_the_file_is_open(options, tmp_path):
    writer = tf.python_io.TFRecordWriter(str(tmp_path / "r"), options)
    writer.write(b"one")
    writer.flush()
    assert read(tmp_path / "r", options) == [b"one"]
    writer.write("zwö")
    writer.close()
    assert read(tmp_path / "r", options) == [b"one", "zwö".encode()]


def test_a_closed_writer_writes_no_more(tmp_path):
    writer = tf.python_io.TFRecordWriter(str(tmp_path / "r"))
    writer.close()
    writer.close()
    for call in (lambda: writer.write(b"a"), writer.flush):
        with pytest.raises(tf.errors.FailedPreconditionError, match=r"Writer is closed\."):
            call()
    assert read(tmp_path / "r") == []


def test_a_writer_takes_the_place_of_an_old_file(tmp_path):
    written(tmp_path / "r", RECORDS)
    assert read(written(tmp_path / "r", [b"new"])) == [b"new"]


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda d: read(d / "nope"), tf.errors.NotFoundError, "nope; No such file or directory"),
        (lambda d: tf.python_io.tf_record_iterator(str(d / "nope")), tf.errors.NotFoundError, "No such file"),
        (lambda d: read(d), tf.errors.FailedPreconditionError, "Is a directory"),
        (lambda d: written(d / "no" / "x", []), tf.errors.NotFoundError, "x; No such file or directory"),
        (lambda d: written(d, []), tf.errors.FailedPreconditionError, "Is a directory"),
        (lambda d: written(d / "r", [3]), TypeError, "A record must be bytes, not int: 3"),
        (lambda d: written(d / "r", [], "FOO"), ValueError, 'Not a valid compression_type: "FOO"'),
        (lambda d: read(d / "r", 3), ValueError, 'Not a valid compression_type: "3"'),
        (lambda d: tf.python_io.TFRecordOptions("gzip"), ValueError, 'Not a valid compression_type: "gzip"'),
    ],
)
def test_mistakes_are_told(call, kind, text, tmp_path):
    with pytest.raises(kind, match=text):
        call(tmp_path)
