"""Single-file formats: what is written is read back, damage is refused, and a file is known by its content."""

import io
import zipfile

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scopeflow.engine import errors
from scopeflow.engine.dtypes import as_dtype
from scopeflow.train.checkpoint.formats import checkpoint_path, create_checkpoint, format_of, open_checkpoint

SINGLE = ("safetensors", "npz")
DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32",
    "float64", "complex64",
]  # fmt: skip


def write(path, format, arrays):
    with create_checkpoint(path, format) as writer:
        for name, array in arrays.items():
            writer.add(name, array)
        writer.finish()


def same(found, wanted):
    assert found.dtype == wanted.dtype and found.shape == wanted.shape
    assert found.tobytes() == np.ascontiguousarray(wanted).tobytes()


names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda name: name != "__metadata__"  # the format's own
)
arrays = st.sampled_from(DTYPES).flatmap(
    lambda name: hnp.arrays(
        np.uint8 if name in ("bool", "bfloat16") else name, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0)
    ).map(lambda array: array.astype(bool if name == "bool" else as_dtype(name).numpy))
)


@pytest.mark.parametrize("format", SINGLE)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tensors=st.dictionaries(names, arrays, max_size=4))
def test_what_is_written_is_read_back_bit_for_bit(tmp_path, format, tensors):
    path = checkpoint_path(str(tmp_path / "m"), format)
    write(path, format, tensors)
    with open_checkpoint(path) as reader:
        assert reader.keys() == sorted(tensors)
        for name, array in tensors.items():
            entry = reader.entry(name)
            assert (entry.dtype.numpy, entry.shape, entry.nbytes) == (array.dtype, array.shape, array.nbytes)
            same(reader.read(name), array)


@pytest.mark.parametrize("format", SINGLE)
def test_arrays_of_any_memory_order_keep_their_values(tmp_path, format):
    array = np.arange(24.0).reshape(2, 3, 4)
    path = checkpoint_path(str(tmp_path / "m"), format)
    write(path, format, {"f": np.asfortranarray(array), "t": array.T, "s": array[:, ::2], "b": array.astype(">f8")})
    with open_checkpoint(path) as reader:
        for name, wanted in {"f": array, "t": array.T, "s": array[:, ::2], "b": array}.items():
            np.testing.assert_array_equal(reader.read(name), wanted)
            assert reader.read(name).dtype == np.float64 and reader.read(name).dtype.isnative


@pytest.mark.parametrize("format", SINGLE)
def test_parts_are_put_together_and_parts_are_taken_out(tmp_path, format):
    whole = np.arange(12, dtype=np.int32).reshape(4, 3)
    path = checkpoint_path(str(tmp_path / "m"), format)
    with create_checkpoint(path, format) as writer:
        writer.add_slice("p", [4, 3], [(3, 1), (0, 3)], whole[3:])
        writer.add_slice("p", [4, 3], [(0, 3), (0, 3)], whole[:3])
        writer.finish()
    with open_checkpoint(path) as reader:
        same(reader.read("p"), whole)
        same(np.ascontiguousarray(reader.read("p", [(1, 2), (0, -1)])), whole[1:3])
        with pytest.raises(errors.InvalidArgumentError, match="does not lie in a tensor of shape"):
            reader.read("p", [(3, 2), (0, 3)])


@pytest.mark.parametrize("format", SINGLE)
def test_a_missing_part_a_name_twice_and_an_impossible_dtype_are_refused_and_leave_no_file(tmp_path, format):
    path = checkpoint_path(str(tmp_path / "m"), format)
    with (
        pytest.raises(errors.InvalidArgumentError, match="holds whole tensors, and 3 elements of p are in no part"),
        create_checkpoint(path, format) as writer,
    ):
        writer.add_slice("p", [4, 3], [(0, 3), (0, 3)], np.zeros([3, 3]))
        writer.finish()
    with (
        pytest.raises(errors.InvalidArgumentError, match="Adding duplicate key: a"),
        create_checkpoint(path, format) as writer,
    ):
        writer.add("a", np.zeros(1))
        writer.add("a", np.zeros(1))
    with (
        pytest.raises(errors.InvalidArgumentError, match="cannot hold names, which is of dtype string"),
        create_checkpoint(path, format) as writer,
    ):
        writer.add("names", np.array([b"x"], object))
    assert list(tmp_path.iterdir()) == []


def damaged(content, chance):
    """Copies of a file with a bit flipped, or cut off, or with bytes of chance in it."""
    for _ in range(300):
        broken = bytearray(content)
        kind = chance.integers(3)
        if kind == 0:
            broken[chance.integers(len(broken))] ^= 1 << chance.integers(8)
        elif kind == 1:
            del broken[chance.integers(len(broken)) :]
        else:
            start = chance.integers(len(broken))
            broken[start : start + 8] = chance.bytes(8)
        if bytes(broken) != content:
            yield bytes(broken)


@pytest.mark.parametrize("format", SINGLE)
def test_a_damaged_file_is_refused_by_an_error_of_ours_or_what_is_read_is_still_right(tmp_path, format):
    """A safetensors file has no checksums, so that there only its header tells."""
    tensors = {f"scope/{dtype}": np.arange(20).astype(as_dtype(dtype).numpy).reshape(4, 5) for dtype in DTYPES}
    path = tmp_path / f"m.{format}"
    write(str(path), format, tensors)
    content, refused = path.read_bytes(), 0
    for broken in damaged(content, np.random.default_rng(3)):
        path.write_bytes(broken)
        try:
            with open_checkpoint(str(path)) as reader:
                found = {name: reader.read(name) for name in reader}
        except (errors.DataLossError, errors.InvalidArgumentError, errors.UnimplementedError) as error:
            assert str(path) in error.message
            refused += 1
            continue
        for name in found.keys() & tensors.keys() if format == "npz" else ():
            same(found[name], tensors[name])
    assert refused > 100


def npz_with(header, data=b"", **info):
    """An .npz file with one member "a.npy" of these bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", **info) as archive:
        text = header.encode() + b" " * (63 - (len(header) + 10) % 64 + 1) + b"\n"
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data)
    return content.getvalue()


BOMB = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d,), }"


@pytest.mark.parametrize(
    "content",
    [
        npz_with(BOMB % (1 << 60)),
        npz_with(BOMB % (1 << 40), b"\0" * 4096, compression=zipfile.ZIP_DEFLATED),
        npz_with("{'descr': '<f4', 'fortran_order': False, 'shape': (1 << 60,), }"),
        npz_with("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }"),
        npz_with("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }"),
        npz_with("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"cos\nsystem\n(S'true'\ntR."),
        npz_with("{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,), }", b"\0" * 8),
        npz_with("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", b"\0" * 4),
        npz_with(BOMB % 2, b"\0" * 9),
        npz_with(BOMB % 2, b"\0" * 7),
    ],
    ids=[
        "2**60", "deflated", "expression", "overflow", "negative", "pickle", "time", "record", "long", "short",
    ],
)  # fmt: skip
def test_an_npz_that_promises_more_than_it_has_or_holds_what_is_no_tensor_is_refused(tmp_path, content):
    path = tmp_path / "m.npz"
    path.write_bytes(content)
    with pytest.raises(errors.DataLossError, match=r"m\.npz: a, at offset 0: "), open_checkpoint(str(path)) as reader:
        reader.read("a")


def test_what_numpy_itself_writes_is_read_and_numpy_reads_what_is_written_here(tmp_path):
    path = str(tmp_path / "m.npz")
    tensors = {"a/b": np.arange(6.0).reshape(2, 3), "c": np.array(3), "s": np.array(["é", "b"]), "z": np.array([b"x"])}
    for save in (np.savez, np.savez_compressed):
        save(path, **tensors)
        with open_checkpoint(path) as reader:
            same(reader.read("a/b"), tensors["a/b"])
            assert reader.read("c").item() == 3
            assert reader.read("s").tolist() == ["é".encode(), b"b"]
            assert reader.read("z").tolist() == [b"x"]
            assert reader.entry("s").dtype.is_string
    write(path, "npz", {"a/b": tensors["a/b"], "half": np.ones(3, ml_dtypes.bfloat16)})
    with np.load(path) as read:
        same(read["a/b"], tensors["a/b"])
        assert read["half"].view(ml_dtypes.bfloat16).tolist() == [1, 1, 1]


def test_what_the_safetensors_library_writes_is_read_and_the_other_way_round(tmp_path):
    from safetensors.numpy import load_file, save_file

    path = str(tmp_path / "m")  # without an ending it is known by its content
    tensors = {"a.b": np.arange(6, dtype=np.float16), "c": np.ones([2, 1], ml_dtypes.bfloat16)}
    save_file(tensors, path, metadata={"format": "pt"})
    with open_checkpoint(path) as reader:
        for name, array in tensors.items():
            same(reader.read(name), array)
    write(f"{path}.safetensors", "safetensors", tensors)
    for name, array in load_file(f"{path}.safetensors").items():
        same(array, tensors[name])


def test_a_safetensors_type_that_is_none_here_is_refused_by_name(tmp_path):
    from safetensors.numpy import save_file

    save_file({"a": np.ones(2, ml_dtypes.float8_e4m3fn), "b": np.ones(2)}, str(tmp_path / "m"))
    with open_checkpoint(str(tmp_path / "m")) as reader:
        assert reader.read("b").tolist() == [1, 1]
        with pytest.raises(errors.UnimplementedError, match="a is of F8_E4M3, which is no dtype here"):
            reader.entry("a")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "it is empty"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 90, "it is an HDF5 file, as Keras writes its weights"),
        (b"\x80\x04\x95" + b"x" * 20, "it is a Python pickle"),
        (b"PK\x03\x04" + b"\0" * 26 + b"model/data.pkl" + b"\0" * 30, "it is a file of PyTorch's"),
        (b"\x93NUMPY\x01\x00", "it is a single NumPy array"),
        (b'model_checkpoint_path: "m"\n', "it is a state file, which names checkpoints"),
        (b"hello, world", "it is a file that begins with b'hello, world'"),
    ],
    ids=["empty", "HDF5", "pickle", "PyTorch", "npy", "state", "text"],
)
def test_a_file_that_is_no_checkpoint_is_told_for_what_it_is(tmp_path, content, what):
    path = tmp_path / "some"
    path.write_bytes(content)
    with pytest.raises(errors.DataLossError) as raised:
        open_checkpoint(str(path))
    assert raised.value.message.startswith(f"{path} is no checkpoint: {what}")


def test_a_folder_and_one_file_of_a_checkpoint_are_told_for_what_they_are(tmp_path):
    def said(path):
        with pytest.raises(errors.DataLossError) as raised:
            open_checkpoint(str(path))
        return raised.value.message.partition(" is no checkpoint: ")[2]

    assert said(tmp_path) == "it is a folder of 0 entries, none of them a checkpoint"
    write(str(tmp_path / "m.npz"), "npz", {})
    assert said(tmp_path) == "it is a folder, with the checkpoints m.npz in it"
    (tmp_path / "checkpoint").write_text("")
    assert said(tmp_path).startswith("it is a folder of checkpoints; tf.train.latest_checkpoint gives")
    (tmp_path / "saved_model.pb").write_text("")
    assert said(tmp_path).startswith(f"it is a SavedModel, whose variables are the checkpoint {tmp_path}/variables/")
    write(str(tmp_path / "b"), "tensorflow", {"a": np.ones(1)})
    for name in ("b.index", "b.data-00000-of-00001"):
        assert said(tmp_path / name).endswith(f"which goes by the name that its files share: {tmp_path / 'b'}.")


@pytest.mark.parametrize(
    ("path", "named", "format", "step", "full"),
    [
        ("m", None, "tensorflow", "", "m"),
        ("m", None, "tensorflow", "7", "m-7"),
        ("m.ckpt", None, "tensorflow", "7", "m.ckpt-7"),
        ("m.npz", None, "npz", "", "m.npz"),
        ("m.npz", None, "npz", "7", "m-7.npz"),
        ("m", "npz", "npz", "7", "m-7.npz"),
        ("m.safetensors", None, "safetensors", "007", "m-007.safetensors"),
        ("m.npz", "safetensors", "safetensors", "", "m.npz.safetensors"),
        ("m.npz", "tensorflow", "tensorflow", "", "m.npz"),
    ],
)
def test_a_paths_ending_says_the_format_and_the_step_stands_before_it(path, named, format, step, full):
    assert format_of(path, named) == format
    assert checkpoint_path(path, format, step) == full


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match=r"Unknown checkpoint format 'h5'; there are tensorflow, safetensors, npz\."):
        format_of("m", "h5")
