"""Damaged checkpoints are refused by name, and hostile ones before they take memory."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from golden.rewrite_checkpoints import open_reader
from golden_checkpoints import ANSWERS, content, unpack
from hypothesis import given, settings
from hypothesis import strategies as st

import scopeflow as tf
from scopeflow.train.checkpoint.bundle import ENTRY, HEADER, HEADER_KEY, BundleReader, BundleWriter
from scopeflow.train.checkpoint.slices import slice_key
from scopeflow.train.checkpoint.table import Table, TableWriter
from scopeflow.train.checkpoint.v1 import SAVED, V1Reader

REFUSALS = (tf.errors.DataLossError, tf.errors.NotFoundError, tf.errors.InvalidArgumentError)
BUNDLES = ("partitioned", "sharded", "adam", "objects")


def read_all(path, verify=True):
    with open_reader(path, verify) as reader:
        return {name: reader.read(name) for name in reader.keys()}  # noqa: SIM118  (a reader is no dict)


def files_of(name, folder):
    return sorted(path for path in Path(folder).iterdir() if path.name.startswith((f"{name}.", f"{name}-", name)))


def damages(content, rng, most=400):
    """(What was done, the content so damaged): bits flipped and ends cut off, at random and at either end."""
    count = len(content)
    for place in sorted(
        {*rng.integers(0, count, most).tolist(), *range(min(count, 60)), *range(max(count - 60, 0), count)}
    ):
        damaged = bytearray(content)
        damaged[place] ^= 1 << rng.integers(8)
        yield f"a bit of byte {place}", bytes(damaged)
    for length in sorted({0, 1, count - 1, count // 2, *rng.integers(0, count, most // 8).tolist()}):
        yield f"cut to {length} bytes", content[:length]


@pytest.mark.parametrize("name", [*BUNDLES, "partitioned_v1", "sharded_v1"])
def test_every_flipped_bit_and_every_cut_is_refused(name, tmp_path):
    path, rng = unpack(name, tmp_path), np.random.default_rng(3)
    files = files_of(name, tmp_path)
    assert files
    for file in files:
        whole = file.read_bytes()
        for what, damaged in damages(whole, rng, 600 // len(files)):
            file.write_bytes(damaged)
            with pytest.raises(REFUSALS) as caught:
                read_all(path)
                pytest.fail(f"{file.name}, {what}: read as if it were whole")
            assert name in str(caught.value)
        file.write_bytes(whole)
    assert {key: content(value) for key, value in read_all(path).items()} == {
        key: answer[2] for key, answer in ANSWERS[name]["tensors"].items()
    }


@pytest.mark.parametrize("name", [*BUNDLES, "partitioned_v1"])
def test_without_checksums_damage_breaks_nothing(name, tmp_path):
    path, rng = unpack(name, tmp_path), np.random.default_rng(4)
    refused = read = 0
    for file in files_of(name, tmp_path):
        whole = file.read_bytes()
        for what, damaged in damages(whole, rng, 100):
            file.write_bytes(damaged)
            try:
                read_all(path, verify=False)
                read += 1
            except REFUSALS:
                refused += 1
            except Exception as error:
                raise AssertionError(f"{file.name}, {what}") from error
        file.write_bytes(whole)
    assert refused > 50
    assert read > 50


def test_cut_at_every_tensor_and_every_block_it_is_refused(tmp_path):
    for name in ("adam", "partitioned", "many_blocks"):
        path = unpack(name, tmp_path)
        index, data = Path(f"{path}.index"), Path(f"{path}.data-00000-of-00001")
        table = dict(Table(index.read_bytes(), str(index)))
        ends = {ENTRY.decode(value)["offset"] for key, value in table.items() if key != HEADER_KEY}
        whole = data.read_bytes()
        for end in sorted(ends - {len(whole)})[-20 if len(ends) < 100 else -1 :]:
            data.write_bytes(whole[:end])
            with open_reader(path) as reader, pytest.raises(tf.errors.DataLossError, match=f"which has {end}"):
                reader.check()
        data.write_bytes(whole)
        content = index.read_bytes()
        for place in Table(content, "")._places:
            for end in (place.offset, place.end):
                index.write_bytes(content[:end])
                with pytest.raises(tf.errors.DataLossError, match=r"\.index is not a checkpoint's table"):
                    open_reader(path)


# -- hostile indexes, all their checksums right ------------------------------------------------------------------------

WHOLE = {"dtype": 1, "shape": {"dim": [{"size": 3}, {"size": 2}]}, "size": 24, "crc32c": 0xAC2C7D7B}
LEFT, RIGHT = ((0, 3), (0, 1)), ((0, 3), (1, 1))


def proto(spec):
    return {"extent": [{"start": start, "length": length} for start, length in spec]}


def hostile(path, entries, header=None, data=bytes(24)):
    """A bundle of the entries given, and nothing but zeros as data."""
    header = {"num_shards": 1, "version": {"producer": 1}} if header is None else header
    Path(f"{path}.data-00000-of-00001").write_bytes(data)
    with open(f"{path}.index", "wb") as file:
        writer = TableWriter(file)
        for key, value in sorted({HEADER_KEY: HEADER.encode(header), **entries}.items()):
            writer.add(key, value if isinstance(value, bytes) else ENTRY.encode(value))
        writer.finish()


def dims(*sizes):
    return {"dim": [{"size": size} for size in sizes]}


def test_the_plain_case_of_these_is_read(tmp_path):
    hostile(tmp_path / "x", {b"x": WHOLE | {"crc32c": 0}})
    assert read_all(str(tmp_path / "x"), verify=False)["x"].tolist() == [[0, 0], [0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"shape": dims(2**60)}, "no array has the shape"),
        ({"shape": dims(2**57)}, "it has 24 bytes for float32"),
        ({"shape": dims(2**60), "size": 2**62}, "no array has the shape"),
        ({"shape": dims(2**40), "size": 2**42}, "it has 4398046511104 bytes at 0 of"),
        ({"shape": dims(2**32, 2**32)}, "no array has the shape"),
        ({"shape": dims(2**62, 0), "size": 0}, "no array has the shape"),
        ({"shape": dims(-3, -2)}, "no array has the shape"),
        ({"shape": dims(-1, 0), "size": 0}, "no array has the shape"),
        ({"shape": dims(*[1] * 65), "size": 4}, "no array has the shape"),
        ({"shape": {"unknown_rank": True}, "size": 4}, "its rank is unknown"),
        ({"offset": 1}, "it has 24 bytes at 1 of"),
        ({"offset": -24}, "it has 24 bytes at -24 of"),
        ({"offset": 2**63 - 1}, "which has 24"),
        ({"size": -24}, "it has -24 bytes for"),
        ({"shard_id": 1}, "it lies in shard 1 of 1"),
        ({"shard_id": -1}, "it lies in shard -1 of 1"),
        ({"dtype": 11}, "its data type is TensorFlow's number 11, which scopeflow has not"),
        ({"dtype": 0}, "number 0"),
        ({"dtype": -1}, "number -1"),
        ({"dtype": 101}, "number 101"),
        ({"dtype": 21}, "is of type variant, which cannot be read"),
        ({"dtype": 7, "shape": dims(2**50)}, "it has 24 bytes for string"),
        ({"dtype": 7, "shape": dims(2**50), "size": 2**50}, "which has 24"),
        ({"dtype": 7, "shape": dims(24)}, "the lengths of its strings are wrong"),
        ({"dtype": 7, "shape": dims(3)}, "the lengths of its strings are wrong"),
        ({"slices": [proto(LEFT), proto(RIGHT)]}, "it is both whole and in slices"),
        ({"slices": [proto(LEFT), proto(RIGHT)], "size": 0}, "its slice 0,3:0,1 is not there"),
        ({"slices": [proto(LEFT)], "size": 0}, "leave out some"),
        ({"slices": [proto(LEFT), proto(LEFT), proto(RIGHT)], "size": 0}, "overlap"),
        ({"slices": [proto(((0, 4), (0, 2)))], "size": 0}, "does not lie in a tensor of shape"),
        ({"slices": [proto(((0, 3),))], "size": 0}, "does not lie in a tensor of shape"),
        ({"slices": [proto(((-1, 3), (0, 2)))], "size": 0}, "no slice is"),
        ({"slices": [proto(((0, 2**63 - 1), (0, 2)))], "size": 0}, "does not lie in a tensor of shape"),
    ],
    ids=str,
)
def test_an_entry_that_cannot_be_is_refused_before_memory_is_taken(changes, reason, tmp_path):
    hostile(tmp_path / "x", {b"x": WHOLE | changes})
    tracemalloc.start()
    try:
        with pytest.raises(REFUSALS) as caught:
            read_all(str(tmp_path / "x"), verify=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reason in str(caught.value)
    assert peak < 1 << 20


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"dtype": 3}, "is not of its type or shape"),
        ({"shape": dims(2, 1), "size": 8}, "is not of its type or shape"),
        ({"size": 0, "slices": [proto(LEFT)]}, "is not of its type or shape"),
        ({"offset": 13}, "it has 12 bytes at 13 of"),
    ],
    ids=str,
)
def test_a_slice_that_is_another_than_the_tensor_says_is_refused(part, reason, tmp_path):
    piece = {"dtype": 1, "shape": dims(3, 1), "size": 12}
    whole = WHOLE | {"size": 0, "slices": [proto(LEFT), proto(RIGHT)]}
    good = {b"x": whole, slice_key("x", LEFT): piece, slice_key("x", RIGHT): piece | {"offset": 12}}
    hostile(tmp_path / "good", good)
    assert read_all(str(tmp_path / "good"), verify=False)["x"].shape == (3, 2)
    hostile(tmp_path / "x", good | {slice_key("x", RIGHT): piece | part})
    with pytest.raises(REFUSALS) as caught:
        read_all(str(tmp_path / "x"), verify=False)
    assert reason in str(caught.value)


def test_many_slices_of_the_same_bytes_take_no_memory(tmp_path):
    """2 GiB of a tensor out of a file of 1 MiB."""
    count, rows = 2048, 1 << 18
    specs = [((number * rows, rows),) for number in range(count)]
    piece = {"dtype": 1, "shape": dims(rows), "size": 4 * rows}
    whole = {"dtype": 1, "shape": dims(count * rows), "slices": [proto(spec) for spec in specs]}
    hostile(tmp_path / "x", {b"x": whole} | {slice_key("x", spec): piece for spec in specs}, data=bytes(4 * rows))
    tracemalloc.start()
    try:
        with pytest.raises(tf.errors.DataLossError, match="its slices are more than the files have"):
            read_all(str(tmp_path / "x"), verify=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 << 20


def test_slices_in_a_grid_of_too_many_cells_are_refused(tmp_path):
    specs = [((number, 1),) * 4 for number in range(100)]
    piece = {"dtype": 1, "shape": dims(1, 1, 1, 1), "size": 4}
    whole = {"dtype": 1, "shape": dims(100, 100, 100, 100), "slices": [proto(spec) for spec in specs]}
    hostile(tmp_path / "x", {b"x": whole} | {slice_key("x", spec): piece for spec in specs})
    with pytest.raises(tf.errors.InvalidArgumentError, match="they are too many"):
        read_all(str(tmp_path / "x"), verify=False)


@pytest.mark.parametrize(
    ("header", "kind", "reason"),
    [
        ({"num_shards": 1, "endianness": 1}, tf.errors.InvalidArgumentError, "on a big-endian machine"),
        (
            {"num_shards": 1, "version": {"producer": 2, "min_consumer": 2}},
            tf.errors.InvalidArgumentError,
            "of version 2 of its format and for readers of version 2 or newer",
        ),
        (
            {"num_shards": 1, "version": {"producer": 3, "bad_consumers": [1]}},
            tf.errors.InvalidArgumentError,
            r"but not \[1\]",
        ),
        ({"num_shards": 0}, tf.errors.DataLossError, "tells of 0 shards"),
        ({"num_shards": -1}, tf.errors.DataLossError, "tells of -1 shards"),
    ],
)
def test_a_header_that_is_not_for_us_is_refused_by_name(header, kind, reason, tmp_path):
    hostile(tmp_path / "x", {}, header)
    with pytest.raises(kind, match=rf"x\.index .*{reason}"):
        BundleReader(str(tmp_path / "x"))


def test_newer_versions_that_old_readers_may_read_are_read(tmp_path):
    hostile(tmp_path / "x", {b"x": WHOLE}, {"num_shards": 1, "version": {"producer": 9, "min_consumer": 1}})
    assert BundleReader(str(tmp_path / "x")).keys() == ["x"]


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({b"\xff\xfe": b""}, "is not UTF-8"),
        ({b"x": b"\xff"}, "its entry cannot be read"),
        ({b"": b"\xff"}, "the header"),
    ],
)
def test_an_index_of_other_things_is_refused(entries, reason, tmp_path):
    hostile(tmp_path / "x", entries)
    with pytest.raises(tf.errors.DataLossError, match=reason):
        read_all(str(tmp_path / "x"))


def test_what_is_no_checkpoint_is_told(tmp_path):
    (tmp_path / "x.index").write_bytes(b"%PDF-1.7 and so on, for more than forty-eight bytes")
    (tmp_path / "y").write_bytes(b"")
    with pytest.raises(tf.errors.DataLossError, match=r"x\.index is not .* 51 bytes that begin with b'%PDF-1\.7"):
        BundleReader(str(tmp_path / "x"))
    with pytest.raises(tf.errors.DataLossError, match="y is not a checkpoint's table: it is empty"):
        V1Reader(str(tmp_path / "y"))
    with BundleWriter(str(tmp_path / "z")) as writer:
        writer.add("x", np.zeros(3))
        writer.finish()
    with pytest.raises(tf.errors.DataLossError, match=r"z\.index: it has no list of tensors"):
        V1Reader(str(tmp_path / "z.index"))


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_entries_of_any_numbers_are_read_or_refused(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "x"
    number = st.one_of(st.integers(-2, 30), st.sampled_from([2**31 - 1, 2**32, 2**60, 2**63 - 1, -(2**63)]))
    small = number.filter(lambda value: -(2**31) <= value < 2**31)
    spec = st.lists(st.tuples(number, number), max_size=3)
    entry = st.fixed_dictionaries(
        {"dtype": st.integers(0, 30)},
        optional={
            "shape": st.lists(number, max_size=3).map(lambda sizes: dims(*sizes)),
            "shard_id": small, "offset": number, "size": number, "slices": st.lists(spec.map(proto), max_size=3),
        },
    )  # fmt: skip
    specs = data.draw(st.lists(spec, max_size=2))
    entries = {b"x": data.draw(entry)} | {slice_key("x", tuple(s)): data.draw(entry) for s in specs}
    hostile(path, entries)
    try:
        value = read_all(str(path), verify=False)["x"]
        assert value.nbytes <= 64  # the file has 24 bytes, a string's pointer eight
    except REFUSALS:
        pass


def v1_file(path, meta, slices):
    with open(path, "wb") as file:
        writer = TableWriter(file)
        writer.add(b"", SAVED.encode({"meta": meta}))
        for key, value in sorted(slices.items()):
            writer.add(key, SAVED.encode({"data": value}))
        writer.finish()


@pytest.mark.parametrize(
    ("changes", "tensor", "reason"),
    [
        ({}, {"float_val": [1.0] * 5}, "it has 5 elements for a shape of [3, 2]"),
        ({}, {"float_val": [1.0] * 7}, "it has 7 elements"),
        ({}, {"int_val": [1] * 6}, "it has 0 elements"),
        ({}, {"tensor_content": bytes(20)}, "it has 5 elements"),
        ({}, {"tensor_content": bytes(23)}, "partitioned_v1"),
        ({"shape": dims(2**60)}, {"float_val": [1.0]}, "no array has the shape"),
        ({"shape": dims(2**57)}, {"float_val": [1.0]}, "it has 1 elements"),
        ({"shape": dims(-6)}, {"float_val": [1.0] * 6}, "no array has the shape"),
        ({"type": 11}, {"float_val": [1.0] * 6}, "number 11"),
        ({"type": 21}, {"float_val": [1.0] * 6}, "which cannot be read"),
        ({"slice": []}, {"float_val": [1.0] * 6}, "leave out some"),
        ({"slice": [proto(LEFT), proto(RIGHT)]}, {"float_val": [1.0] * 6}, "its slice 0,3:0,1 is not there"),
        ({"slice": [proto(((0, 4), (0, 2)))]}, {"float_val": [1.0] * 6}, "does not lie in"),
    ],
    ids=str,
)
def test_a_v1_file_that_cannot_be_is_refused(changes, tensor, reason, tmp_path):
    full = {"extent": [{}, {}]} if "shape" not in changes else {"extent": [{}]}
    listed = {"name": "x", "shape": dims(3, 2), "type": 1, "slice": [full]} | changes
    key = slice_key("x", ((0, -1),) * len(full["extent"]))
    path = str(tmp_path / "partitioned_v1")
    v1_file(path, {"tensor": [listed | {"type": 1, "shape": dims(3, 2)}]}, {})
    assert V1Reader(path).keys() == ["x"]
    v1_file(path, {"tensor": [listed]}, {key: {"name": "x", "slice": full, "data": tensor}})
    tracemalloc.start()
    try:
        with pytest.raises(REFUSALS) as caught:
            read_all(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reason in str(caught.value)
    assert peak < 1 << 20


def test_v1_shards_that_disagree_are_refused(tmp_path):
    for shard, other in enumerate(({}, {"type": 2})):
        listed = {"name": "x", "shape": dims(3, 2), "type": 1, "slice": [proto((LEFT, RIGHT)[shard])]} | other
        v1_file(tmp_path / f"x-0000{shard}-of-00002", {"tensor": [listed]}, {})
    with pytest.raises(tf.errors.DataLossError, match=r"x-00001-of-00002: x is float64 \[3, 2\] and of another type"):
        V1Reader(str(tmp_path / "x-?????-of-00002"))


def test_a_v1_file_of_an_unknown_version_is_refused_by_name(tmp_path):
    v1_file(tmp_path / "x", {"versions": {"producer": 2, "min_consumer": 2}}, {})
    with pytest.raises(tf.errors.InvalidArgumentError, match="x is of version 2 of its format"):
        V1Reader(str(tmp_path / "x"))
