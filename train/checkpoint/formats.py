"""Checkpoints of any format: which one a path holds, and its reader; which one to write, and its writer."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable

from ...engine import errors
from . import files
from .reader import CheckpointReader, CheckpointWriter

FORMATS = ("tensorflow", "safetensors", "npz")
_ENDINGS = {".safetensors": "safetensors", ".npz": "npz"}


def format_of(path: str, format: str | None = None) -> str:
    """The format to write: the one that is named, else the one of the path's ending, else TensorFlow's own.

    Raises ValueError for an unknown name.
    """
    if format is None:
        return _ENDINGS.get(os.path.splitext(path)[1], "tensorflow")
    if format not in FORMATS:
        raise ValueError(f"Unknown checkpoint format {format!r}; there are {', '.join(FORMATS)}.")
    return format


def checkpoint_path(path: str, format: str, step: str = "") -> str:
    """The path of a checkpoint: with the step appended, and with the format's ending."""
    ending = next((e for e, name in _ENDINGS.items() if name == format), "")
    stem = path.removesuffix(ending) if ending else path
    return f"{stem}-{step}{ending}" if step else stem + ending


def create_checkpoint(path: str, format: str) -> CheckpointWriter:
    """A writer of a format for a path as `checkpoint_path` gives it."""
    if format == "safetensors":
        from .safetensors_file import SafetensorsWriter

        return SafetensorsWriter(path)
    if format == "npz":
        from .npz import NpzWriter

        return NpzWriter(path)
    from .bundle import BundleWriter

    return BundleWriter(path)


def open_checkpoint(path: str) -> CheckpointReader:
    """The reader of the checkpoint at a path, whatever its format. Raises NotFoundError where there is none,
    DataLossError where it is damaged or something else; the message says what was found."""
    path = os.fspath(path)
    files.finish_interrupted(files.index_path(path))
    if os.path.exists(files.index_path(path)):
        from .bundle import BundleReader

        return BundleReader(path)
    if _shards_of_v1(path):
        from .v1 import V1Reader

        return V1Reader(path)
    if not os.path.exists(path):
        raise errors.NotFoundError(
            None, None, f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {path}"
        )
    if os.path.isdir(path):
        raise errors.DataLossError(None, None, f"{path} is no checkpoint: {_folder_described(path)}")
    with files.as_tensorflow_errors(path), open(path, "rb") as file:
        head = file.read(64)
        file.seek(max(0, file.seek(0, os.SEEK_END) - 8))
        tail = file.read(8)
    read = _reader_of(path, head, tail)
    if read is None:
        raise errors.DataLossError(None, None, f"{path} is no checkpoint: it is {_file_described(path, head)}.")
    return read(path)


def exists(path: str) -> bool:
    """Whether something is at a checkpoint's path: the files of one, whole or not."""
    files.finish_interrupted(files.index_path(path))
    return os.path.exists(files.index_path(path)) or os.path.isfile(path) or bool(_shards_of_v1(path))


def files_of(path: str) -> list[str]:
    """The files that make up the checkpoint at a path, the one without which the others are nothing first."""
    index = files.index_path(path)
    paths = [index, path, *files.companions(index), *_shards_of_v1(path)]
    return [p for p in paths if os.path.isfile(p)]


def _shards_of_v1(path: str) -> list[str]:
    """The files that a path stands for as TensorFlow named old checkpoints of several: "m-?????-of-00002"."""
    stem, pattern, count = path.rpartition("-?????-of-")
    return sorted(glob.glob(glob.escape(stem) + pattern + count)) if pattern and count.isdigit() else []


# -- telling formats apart --------------------------------------------------------------------------------------------

_TABLE_MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")  # the last bytes of a table of LevelDB's format


def _reader_of(path: str, head: bytes, tail: bytes) -> Callable[[str], CheckpointReader] | None:
    """The reader for a single file, by its first and last bytes; None where there is none."""
    if tail == _TABLE_MAGIC and not path.endswith(".index"):
        from .v1 import V1Reader

        return V1Reader
    if path.endswith(".npz") or (head[:2] == b"PK" and b"/data.pkl" not in head):
        from .npz import NpzReader

        return NpzReader
    if path.endswith(".safetensors") or (head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 27):
        from .safetensors_file import SafetensorsReader

        return SafetensorsReader
    return None


_MAGICS = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes its weights"),
    (b"\x93NUMPY", "a single NumPy array (.npy)"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"model_checkpoint_path:", "a state file, which names checkpoints; tf.train.latest_checkpoint reads it"),
)


def _file_described(path: str, head: bytes) -> str:
    """What a file is that is no checkpoint."""
    name = os.path.basename(path)
    if name.endswith((".index", ".meta")) or ".data-" in name:
        prefix = path.rpartition(".")[0]
        return f"one file of a checkpoint, which goes by the name that its files share: {prefix}"
    if head[:2] == b"PK":
        return "a file of PyTorch's"
    for magic, kind in _MAGICS:
        if head.startswith(magic):
            return kind
    return f"a file that begins with {head[:16]!r}" if head else "empty"


def _folder_described(path: str) -> str:
    """What a folder holds that could have been meant."""
    if os.path.exists(os.path.join(path, "saved_model.pb")):
        variables = os.path.join(path, "variables", "variables")
        return f"it is a SavedModel, whose variables are the checkpoint {variables}"
    names = sorted(os.listdir(path))
    if "checkpoint" in names:
        return "it is a folder of checkpoints; tf.train.latest_checkpoint gives the newest one's name"
    found = [name.removesuffix(".index") for name in names if name.endswith(".index")]
    found += [name for name in names if os.path.splitext(name)[1] in _ENDINGS]
    if found:
        return f"it is a folder, with the checkpoints {', '.join(found[:5])} in it"
    return f"it is a folder of {len(names)} entries, none of them a checkpoint"
