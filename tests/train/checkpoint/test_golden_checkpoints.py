"""Checkpoints that real TensorFlow wrote are read back exactly, and written again byte for byte."""

import sys
from pathlib import Path

import numpy as np
import pytest
from golden.rewrite_checkpoints import compress, open_reader, rewrite
from golden_checkpoints import ANSWERS, content, unpack

import scopeflow as tf
from scopeflow.train.checkpoint.table import Table


@pytest.fixture(params=ANSWERS)
def name(request):
    return request.param


def what_is_in(reader):
    found = {}
    names = reader.keys()
    assert names == sorted(names)
    for name in names:
        entry, value = reader.entry(name), reader.read(name)
        assert value.dtype == entry.dtype.numpy
        assert value.shape == entry.shape
        assert value.flags.owndata or value.base.flags.owndata
        found[name] = [entry.dtype.name, list(value.shape), content(value)]
    return found


@pytest.mark.parametrize("verify", [True, False])
def test_all_tensors_are_what_tensorflow_reads(name, verify, tmp_path):
    with open_reader(unpack(name, tmp_path), verify) as reader:
        assert what_is_in(reader) == ANSWERS[name]["tensors"]


def test_compressed_by_snappy_it_reads_the_same(name, tmp_path):
    path = unpack(name, tmp_path)
    if "?" in path:  # V1 in shards
        path = path.replace("?????", "00001")
    compress(path, str(tmp_path / "compressed"))
    with open_reader(str(tmp_path / "compressed")) as reader, open_reader(path) as plain:
        assert what_is_in(reader) == what_is_in(plain) != {}


def test_written_again_in_one_shard_it_has_the_same_bytes(name, tmp_path):
    path = unpack(name, tmp_path)
    (tmp_path / "new").mkdir()
    with open_reader(path) as reader:
        rewrite(reader, tmp_path / "new" / name)
    data = tmp_path / f"{name}.data-00000-of-00001"
    if data.exists():
        for file in (data, tmp_path / f"{name}.index"):
            assert (tmp_path / "new" / file.name).read_bytes() == file.read_bytes()
    with open_reader(str(tmp_path / "new" / name)) as reader:
        assert what_is_in(reader) == ANSWERS[name]["tensors"]


def test_most_golden_checkpoints_have_one_shard(tmp_path):
    """So that the test above compares something."""
    for name in ANSWERS:
        unpack(name, tmp_path)
    assert len([*tmp_path.glob("*.data-00000-of-00001")]) == 6
    assert len([*tmp_path.glob("*.data-*-of-00003")]) == 3


def test_one_golden_index_has_several_blocks(tmp_path):
    index = unpack("many_blocks", tmp_path) + ".index"
    assert len(Table(Path(index).read_bytes(), index)._places) == 4


def test_slices_are_read_alone_and_are_parts_of_the_whole(tmp_path):
    for name, count in (("partitioned", 4), ("partitioned_v1", 5), ("sharded", 4)):
        with open_reader(unpack(name, tmp_path)) as reader:
            tensors = reader.keys()
            in_slices = [tensor for tensor in tensors if reader.entry(tensor).slices]
            assert len(in_slices) == count  # V1 tells a slice that is all of a tensor, V2 does not
            for tensor in in_slices:
                whole = reader.read(tensor)
                for spec in reader.entry(tensor).slices:
                    cut = tuple(slice(start, start + length) for start, length in spec)
                    assert np.array_equal(reader.read(tensor, spec), whole[cut])


def test_any_part_is_read_whatever_slices_it_lies_in(tmp_path):
    for name in ("partitioned", "partitioned_v1"):
        with open_reader(unpack(name, tmp_path)) as reader:
            for tensor in ("rows", "columns", "middle", "whole"):
                whole = reader.read(tensor)
                spec = [(1, size - 1) for size in whole.shape]
                assert np.array_equal(reader.read(tensor, spec), whole[tuple(slice(1, None) for _ in spec)])
                spec = [(0, -1)] * (whole.ndim - 1) + [(0, 2)]
                assert np.array_equal(reader.read(tensor, spec), whole[..., :2])


@pytest.mark.parametrize("spec", [[(0, 8), (0, 3)], [(-1, 2), (0, 3)], [(0, 2)], [(0, 2), (3, 1)], [(2, -2), (0, 3)]])
@pytest.mark.parametrize("name", ["partitioned", "partitioned_v1"])
def test_a_slice_that_does_not_lie_in_the_tensor_is_refused(name, spec, tmp_path):
    with open_reader(unpack(name, tmp_path)) as reader:
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"does not lie in a tensor of shape \[7, 3\]"):
            reader.read("rows", spec)


def test_a_key_that_is_not_there_is_refused_with_the_nearest(tmp_path):
    for name in ("partitioned", "partitioned_v1"):
        with open_reader(unpack(name, tmp_path)) as reader:
            with pytest.raises(tf.errors.NotFoundError, match=r"Key row not found in checkpoint .*rows"):
                reader.read("row")
            assert "rows" in reader
            assert "row" not in reader
            assert "" not in reader


def test_a_pattern_of_v1_shards_needs_all_of_them(tmp_path):
    path = unpack("sharded_v1", tmp_path)
    assert path.endswith("-?????-of-00003")
    Path(path.replace("?????", "00001")).unlink()
    with pytest.raises(tf.errors.NotFoundError, match=r"Of the 3 files .* there are 2"):
        open_reader(path)


def test_without_cramjam_snappy_is_refused_by_name(tmp_path, monkeypatch):
    path = unpack("adam", tmp_path)
    compress(path, str(tmp_path / "compressed"))
    monkeypatch.setitem(sys.modules, "cramjam", None)
    with pytest.raises(tf.errors.UnimplementedError, match=r"pip install scopeflow\[checkpoints\]"):
        open_reader(str(tmp_path / "compressed"))
    with open_reader(path) as reader:
        assert len(reader.keys()) == 15


def test_arrays_outlive_the_reader(tmp_path):
    for name in ("adam", "partitioned_v1"):
        reader = open_reader(unpack(name, tmp_path))
        tensor = reader.keys()[-1]
        value = reader.read(tensor)
        reader.close()
        for file in tmp_path.glob(f"{name}*"):
            file.write_bytes(b"")
        assert content(value) == ANSWERS[name]["tensors"][tensor][2]
