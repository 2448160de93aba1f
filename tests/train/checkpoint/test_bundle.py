"""Bundles: whatever is written is read, by one writer and by several shards; what cannot be is refused."""

import tracemalloc
from itertools import pairwise
from math import prod

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import scopeflow as tf
from scopeflow.engine.checksum import crc32c, masked
from scopeflow.engine.dtypes import NUMBERS
from scopeflow.train.checkpoint import bundle
from scopeflow.train.checkpoint.bundle import BundleReader, BundleWriter
from scopeflow.train.checkpoint.slices import fit, resolve, slice_key, spelled

NAMES = st.text(min_size=1, max_size=12).filter(lambda name: not name.startswith("\0"))
DTYPES = st.sampled_from([*(dtype.numpy for dtype in NUMBERS), np.dtype(bool), np.dtype(object)])
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)


@st.composite
def arrays(draw):
    dtype, shape = draw(DTYPES), draw(SHAPES)
    if dtype.kind == "O":
        texts = draw(st.lists(st.binary(max_size=300), min_size=prod(shape), max_size=prod(shape)))
        out = np.empty(len(texts), object)
        out[:] = texts
        return out.reshape(shape)
    octets = np.random.default_rng(draw(st.integers(0, 999))).integers(0, 256, prod(shape) * dtype.itemsize, np.uint8)
    return (octets & 1 if dtype.kind == "b" else octets).view(dtype).reshape(shape)


@st.composite
def grids(draw):
    """(A full shape of 1 to 3 axes, slices that make it up): some axes are cut, and the pieces shuffled."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=6))
    cuts = []
    for size in shape:
        edges = sorted({0, size, *draw(st.lists(st.integers(0, size), max_size=2))})
        cuts.append([(a, b - a) for a, b in pairwise(edges)])
    specs = [()]
    for axis in cuts:
        specs = [(*spec, side) for spec in specs for side in axis]
    return shape, draw(st.permutations(specs))


def same_bits(got, expected):
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    assert got.tolist() == expected.tolist() if got.dtype.kind == "O" else got.tobytes() == expected.tobytes()


@settings(deadline=None, max_examples=60)
@given(tensors=st.dictionaries(NAMES, arrays(), max_size=6), shards=st.integers(1, 3), verify=st.booleans())
def test_what_is_written_is_read(tensors, shards, verify, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("bundle") / "model.ckpt-7")
    with BundleWriter(path, shards) as writer:
        for name, array in tensors.items():
            writer.add(name, array)
        writer.finish()
    with BundleReader(path, verify) as reader:
        reader.check()
        assert reader.keys() == sorted(tensors)
        for name, array in tensors.items():
            entry = reader.entry(name)
            assert (entry.dtype.numpy, entry.shape, entry.slices) == (array.dtype, array.shape, ())
            assert entry.dtype == tf.string or entry.nbytes == array.nbytes
            same_bits(reader.read(name), array)
            view = reader.view(name)
            same_bits(view, array)
            assert array.dtype.kind == "O" or not (view.flags.writeable or view.flags.owndata)


@settings(deadline=None, max_examples=60)
@given(grid=grids(), dtype=DTYPES, shards=st.integers(1, 3), data=st.data())
def test_slices_are_put_together_whatever_their_order(grid, dtype, shards, data, tmp_path_factory):
    shape, specs = grid
    whole = np.arange(prod(shape)).reshape(shape)
    whole = whole.astype(str).astype("S").astype(object) if dtype.kind == "O" else whole.astype(dtype)
    path = str(tmp_path_factory.mktemp("bundle") / "slices")
    with BundleWriter(path, shards) as writer:
        for spec in specs:
            writer.add_slice("x", shape, spec, whole[resolve(spec, shape)])
        writer.finish()
    with BundleReader(path) as reader:
        reader.check()
        assert reader.keys() == ["x"]
        assert reader.entry("x").slices == (tuple(specs) if len(specs) > 1 else ())
        part = []
        for size in shape:
            start = data.draw(st.integers(0, size))
            part.append((start, data.draw(st.integers(0, size - start))))
        for read in (reader.read, reader.view):
            same_bits(read("x"), whole)
            same_bits(read("x", part), whole[resolve(part, shape)])


@pytest.mark.parametrize("nbytes", [bundle._LARGE - 1, bundle._LARGE, bundle._LARGE + bundle._CHUNK + 5])
def test_large_tensors_are_written_and_read_by_two_threads_all_the_same(nbytes, tmp_path):
    array = np.random.default_rng(1).integers(0, 256, nbytes, np.uint8)
    with BundleWriter(str(tmp_path / "large")) as writer:
        writer.add("before", np.float32(1))
        writer.add("large", array)
        writer.add("after", np.float32(2))
        writer.finish()
    data = (tmp_path / "large.data-00000-of-00001").read_bytes()
    assert data == np.float32(1).tobytes() + array.tobytes() + np.float32(2).tobytes()
    with BundleReader(str(tmp_path / "large")) as reader:
        assert np.array_equal(reader.read("large"), array)
        assert np.array_equal(reader.read("large", [(3, 70)]), array[3:73])
    middle = 4 + nbytes // 2
    (tmp_path / "large.data-00000-of-00001").write_bytes(
        data[:middle] + b"%c" % (data[middle] ^ 1) + data[middle + 1 :]
    )
    with BundleReader(str(tmp_path / "large")) as reader:
        with pytest.raises(tf.errors.DataLossError, match=rf"tensor large, {nbytes} bytes at offset 4: Checksum"):
            reader.read("large")


def test_arrays_of_any_layout_and_byte_order_are_written_as_they_read(tmp_path):
    base = np.arange(24, dtype=np.int32).reshape(4, 6)
    others = {
        "transposed": base.T, "strided": base[::2, ::-3], "big-endian": base.astype(">i4"),
        "fortran": np.asfortranarray(base), "scalar": np.float16(2), "words": np.array(["Ä", "b"]),
        "bytes": np.array([b"a", b"bc"]), "bfloat16": base.astype(ml_dtypes.bfloat16)[:, 1],
    }  # fmt: skip
    with BundleWriter(str(tmp_path / "x")) as writer:
        for name, array in others.items():
            writer.add(name, array)
        writer.finish()
    with BundleReader(str(tmp_path / "x")) as reader:
        for name in ("transposed", "strided", "big-endian", "fortran", "scalar", "bfloat16"):
            assert np.array_equal(reader.read(name), others[name])
        assert reader.read("words").tolist() == ["Ä".encode(), b"b"]
        assert reader.read("bytes").tolist() == [b"a", b"bc"]


class Stream:
    dtype, shape = np.dtype(np.float32), (3, 2)

    def __init__(self, *chunks):
        self.given = chunks

    def chunks(self):
        """One buffer for all, as a ring of pinned memory would be."""
        buffer = np.empty(4, np.float32)
        for chunk in self.given:
            buffer[: len(chunk)] = chunk
            yield buffer[: len(chunk)]


def test_a_tensor_may_come_in_chunks(tmp_path):
    values = np.arange(6, dtype=np.float32)
    for path, array in (("chunks", Stream(values[:4], values[4:])), ("array", values.reshape(3, 2))):
        with BundleWriter(str(tmp_path / path)) as writer:
            writer.add("x", array)
            writer.add_slice("y", (6, 2), [(3, 3), (0, 2)], array)
            writer.add_slice("y", (6, 2), [(0, 3), (0, 2)], array)
            writer.finish()
    for file in ("index", "data-00000-of-00001"):
        assert (tmp_path / f"chunks.{file}").read_bytes() == (tmp_path / f"array.{file}").read_bytes()
    with BundleWriter(str(tmp_path / "short")) as writer:
        with pytest.raises(ValueError, match="16 bytes came for float32 \\[3, 2\\]"):
            writer.add("x", Stream(values[:4]))


def test_nothing_is_there_before_the_end_and_nothing_is_left_of_what_was_given_up(tmp_path):
    with BundleWriter(str(tmp_path / "x"), shards=2) as writer:
        writer.add("a", np.zeros(3))
        assert not list(tmp_path.glob("*.index")) + list(tmp_path.glob("*-of-00002"))
    assert not list(tmp_path.iterdir())


def test_an_empty_bundle_is_one(tmp_path):
    with BundleWriter(str(tmp_path / "x")) as writer:
        writer.finish()
    with BundleReader(str(tmp_path / "x")) as reader:
        reader.check()
        assert reader.keys() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.data-00000-of-00001", "x.index"]


def test_the_writer_refuses_what_a_bundle_cannot_hold(tmp_path):
    x = np.zeros((4, 2), np.float32)
    with BundleWriter(str(tmp_path / "x")) as writer:
        writer.add("x", x)
        writer.add_slice("y", (4, 2), [(0, 2), (0, 2)], x[:2])
        for refusal, call in {
            "Adding duplicate key: x": lambda: writer.add("x", x),
            "Adding duplicate key: y": lambda: writer.add("y", x),
            "Adding duplicate key": lambda: writer.add_slice("y", (4, 2), [(0, 2), (0, 2)], x[:2]),
            "without a name": lambda: writer.add("", x),
            "z is of type datetime64": lambda: writer.add("z", x.astype("datetime64[s]")),
            "does not lie in a tensor of shape": lambda: writer.add_slice("z", (4, 2), [(3, 2), (0, 2)], x[:2]),
            "cannot be \\[2, 2\\]": lambda: writer.add_slice("z", (4, 2), [(0, 1), (0, 2)], x[:2]),
            "beside \\['0,2:0,2'\\]": lambda: writer.add_slice("y", (5, 2), [(2, 2), (0, 2)], x[:2]),
            "y, float64": lambda: writer.add_slice("y", (4, 2), [(2, 2), (0, 2)], x[:2].astype(float)),
        }.items():
            with pytest.raises(tf.errors.InvalidArgumentError, match=refusal):
                call()
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"slices of y.*leave out some"):
            writer.finish()
        writer.add_slice("y", (4, 2), [(1, 3), (0, 2)], x[1:])
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"slices of y.*overlap"):
            writer.finish()
    assert not list(tmp_path.iterdir())


def test_reading_one_tensor_takes_the_memory_of_one(tmp_path):
    with BundleWriter(str(tmp_path / "x")) as writer:
        for number in range(32):
            writer.add(f"x{number}", np.full(1 << 18, number, np.float32))
        writer.finish()
    for read, most in ((BundleReader.read, 2 << 20), (BundleReader.view, 1 << 19)):  # a tensor has 1 MiB, all have 32
        tracemalloc.start()
        try:
            with BundleReader(str(tmp_path / "x")) as reader:
                assert read(reader, "x7")[5] == 7
                _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < most


def test_files_that_are_not_there_are_named(tmp_path):
    with pytest.raises(tf.errors.NotFoundError, match=r"Failed to find any matching files for .*/nothing"):
        BundleReader(str(tmp_path / "nothing"))
    with BundleWriter(str(tmp_path / "x"), shards=2) as writer:
        writer.add("a", np.zeros(3))
        writer.add("b", np.ones(3))
        writer.finish()
    (tmp_path / "x.data-00001-of-00002").unlink()
    with BundleReader(str(tmp_path / "x")) as reader:
        assert reader.read("a").tolist() == [0, 0, 0]
        assert reader.entry("b").shape == (3,)
        for call in (reader.check, lambda: reader.read("b")):
            with pytest.raises(tf.errors.NotFoundError, match=r"x\.data-00001-of-00002; No such file"):
                call()


def test_several_shards_are_about_as_long(tmp_path):
    with BundleWriter(str(tmp_path / "x"), shards=3) as writer:
        for number in range(60):
            writer.add(str(number), np.zeros(number))
        writer.finish()
    sizes = [(tmp_path / f"x.data-0000{shard}-of-00003").stat().st_size for shard in range(3)]
    assert sum(sizes) == 8 * sum(range(60))
    assert max(sizes) - min(sizes) <= 8 * 60


# -- slices ------------------------------------------------------------------------------------------------------------


def test_keys_of_slices_are_tensorflows():
    # as they stand in files that TensorFlow 2.21 wrote
    assert slice_key("part", ((0, 3), (0, 3))) == b"\0part\0\1\1\2\x80\x83\x80\x83"
    assert slice_key("part", ((3, 2), (0, 3))) == b"\0part\0\1\1\2\x83\x82\x80\x83"
    assert slice_key("a", ((0, -1), (0, -1))) == b"\0a\0\1\1\2\x80\x7f\x80\x7f"
    assert slice_key("b", ()) == b"\0b\0\1\0"


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=20))
def test_keys_of_slices_sort_as_their_numbers(numbers):
    keys = {number: slice_key("x", ((number, 1),)) for number in numbers}
    assert sorted(keys, key=keys.get) == sorted(keys)


@given(NAMES, NAMES)
def test_keys_of_slices_sort_as_their_names(first, second):
    keys = slice_key(first, ((0, 1),)), slice_key(second, ((0, 1),))
    assert (keys[0] < keys[1]) == (first.encode() < second.encode())
    assert (keys[0] == keys[1]) == (first == second)


@settings(deadline=None)
@given(grid=grids(), data=st.data())
def test_pieces_that_leave_out_or_overlap_are_found(grid, data):
    shape, specs = grid
    boxes = [resolve(spec, shape) for spec in specs]
    wanted = resolve([(0, -1)] * len(shape), shape)
    assert sorted(number for number, _, _ in fit(boxes, wanted)) == list(range(len(boxes)))
    odd = data.draw(st.integers(0, len(boxes) - 1))
    with pytest.raises(ValueError, match="leave out"):
        fit(boxes[:odd] + boxes[odd + 1 :], wanted)
    with pytest.raises(ValueError, match="overlap"):
        fit([*boxes, boxes[odd]], wanted)
    assert [number for number, _, _ in fit(boxes, boxes[odd])] == [odd]


def test_slices_are_spelled_as_tensorflow_does():
    assert spelled(((0, 3), (0, -1))) == "0,3:-"


def test_a_stored_checksum_is_masked():
    assert masked(crc32c(b"foo")) != crc32c(b"foo")
    assert masked(0) == 0xA282EAD8
