"""tf.gfile: local files, with TensorFlow's functions and errors."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from ..engine import errors
from ..engine.file_errors import as_tensorflow_errors

_MODES = ("r", "w", "a", "r+", "w+", "a+")


def _path(name: Any) -> str:
    return os.fsdecode(name)


class GFile:
    """A local file, opened at the first read or write. With ``b`` in `mode` it gives bytes, else text in UTF-8.

    Raises the classes of `tf.errors`: InvalidArgumentError for an unknown mode, NotFoundError for a missing file,
    PermissionDeniedError for a read or write that the mode does not allow.
    """

    def __init__(self, name: Any, mode: str = "r") -> None:
        self.name, self.mode = name, mode
        self._binary = "b" in mode
        self._mode = mode.replace("b", "")
        self._file: IO[bytes] | None = None
        if self._mode not in _MODES:
            raise errors.InvalidArgumentError(
                None, None, "mode is not " + " or ".join(f"'{known}'" for known in _MODES)
            )

    def _open(self, to: str) -> IO[bytes]:
        if "+" not in self._mode and (self._mode == "r") != (to == "reading"):
            raise errors.PermissionDeniedError(None, None, f"File isn't open for {to}")
        if self._file is None:
            path = _path(self.name)
            with as_tensorflow_errors(path):
                self._file = open(path, self._mode + "b")  # noqa: SIM115  (it stays open until `close`)
        return self._file

    def _out(self, data: bytes) -> Any:
        return data if self._binary else data.decode()

    def size(self) -> int:
        """Its length in bytes."""
        return Stat(self.name).length

    def read(self, n: int = -1) -> Any:
        """The next `n` bytes, as text unless the mode is binary; all that is left if `n` is -1."""
        file = self._open("reading")
        with as_tensorflow_errors(_path(self.name)):
            return self._out(file.read(n))

    def readline(self) -> Any:
        """The next line with its line end; empty at the end."""
        return self._out(self._open("reading").readline())

    def readlines(self) -> list:
        """All lines that are left."""
        return list(self)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.readline, b"" if self._binary else "")

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    next = __next__

    def write(self, file_content: Any) -> None:
        """Write bytes or text."""
        self._open("writing").write(file_content.encode() if isinstance(file_content, str) else file_content)

    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        """Go to a byte, counted from the start (0), from here (1) or from the end (2). `position` is the old name."""
        to = offset if position is None else position
        if to is None:
            raise TypeError("seek(): offset argument required")
        self._open("reading").seek(to, whence)

    def tell(self) -> int:
        """The byte at which the next read or write begins."""
        return self._open("writing" if self._mode in "wa" else "reading").tell()

    def seekable(self) -> bool:
        return True

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Close the file; it is created here if it was to be written, and nothing was."""
        if self._mode[0] in "wa":
            self._open("writing")
        if self._file is not None:
            self._file.close()
            self._file = None

    def __del__(self) -> None:
        file = getattr(self, "_file", None)
        if file is not None:  # programs leave files open, as TensorFlow closes them without a word
            file.close()

    def __enter__(self) -> GFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


FastGFile = Open = GFile


class FileStatistics(NamedTuple):
    """A file's length in bytes, when it was last changed in nanoseconds, and whether it is a folder."""

    length: int
    mtime_nsec: int
    is_directory: bool


def Stat(filename: Any) -> FileStatistics:
    """`FileStatistics` of a file or folder. Raises NotFoundError if there is none."""
    path = _path(filename)
    with as_tensorflow_errors(path):
        stat = os.stat(path)
    return FileStatistics(stat.st_size, stat.st_mtime_ns, os.path.isdir(path))


def Exists(filename: Any) -> bool:
    """Whether there is such a file or folder."""
    return os.path.exists(_path(filename))


def IsDirectory(dirname: Any) -> bool:
    """Whether there is such a folder."""
    return os.path.isdir(_path(dirname))


def ListDirectory(dirname: Any) -> list[str]:
    """The names in a folder, without . and .. and in the order of the alphabet. Raises NotFoundError."""
    path = _path(dirname)
    if not os.path.isdir(path):
        raise errors.NotFoundError(None, None, f"Could not find directory {path}")
    with as_tensorflow_errors(path):
        return sorted(os.listdir(path))


def Glob(filename: Any) -> list[str]:
    """The paths that a pattern, or one of a list of patterns, matches."""
    if isinstance(filename, (list, tuple)):
        return [path for pattern in filename for path in Glob(pattern)]
    pattern = _path(filename)
    found = sorted(glob.glob(pattern))
    in_this_folder = not os.path.dirname(pattern) and glob.has_magic(pattern)
    return [os.path.join(".", path) if in_this_folder else path for path in found]


def MkDir(dirname: Any) -> None:
    """Make a folder, unless it is there. Raises NotFoundError if the one that it lies in is not."""
    path = _path(dirname)
    if not os.path.isdir(path):
        with as_tensorflow_errors(path):
            os.mkdir(path)


def MakeDirs(dirname: Any) -> None:
    """Make a folder and those that it lies in, as far as they are not there."""
    path = _path(dirname)
    with as_tensorflow_errors(path):
        os.makedirs(path, exist_ok=True)


def Remove(filename: Any) -> None:
    """Delete a file. Raises NotFoundError, and FailedPreconditionError for a folder."""
    path = _path(filename)
    if os.path.isdir(path):
        raise errors.FailedPreconditionError(None, None, f"{path}; Is a directory")
    with as_tensorflow_errors(path):
        os.remove(path)


def DeleteRecursively(dirname: Any) -> None:
    """Delete a folder with all that is in it, or a file. Raises NotFoundError."""
    path = _path(dirname)
    if not os.path.lexists(path):
        raise errors.NotFoundError(None, None, f"{path} not found")
    with as_tensorflow_errors(path):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


def _refuse_to_overwrite(path: str, overwrite: bool) -> None:
    if os.path.exists(path) and not overwrite:
        raise errors.AlreadyExistsError(None, None, "file already exists")


def Copy(oldpath: Any, newpath: Any, overwrite: bool = False) -> None:
    """Copy a file. Raises NotFoundError, and AlreadyExistsError if something is there and `overwrite` is false."""
    source, target = _path(oldpath), _path(newpath)
    _refuse_to_overwrite(target, overwrite)
    with as_tensorflow_errors(source):
        shutil.copyfile(source, target)


def Rename(oldname: Any, newname: Any, overwrite: bool = False) -> None:
    """Rename a file or folder. Raises as `Copy` does."""
    source, target = _path(oldname), _path(newname)
    _refuse_to_overwrite(target, overwrite)
    with as_tensorflow_errors(source):
        os.replace(source, target)


def Walk(top: Any, in_order: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """(Folder, names of its folders, names of its files) for `top` and all below it, a folder before (after, if not
    `in_order`) those inside it, by the alphabet."""
    path = _path(top)
    if not os.path.isdir(path):
        return
    names = sorted(os.listdir(path))
    folders = [name for name in names if os.path.isdir(os.path.join(path, name))]
    here = (path, folders, [name for name in names if name not in set(folders)])
    if in_order:
        yield here
    for folder in folders:
        yield from Walk(os.path.join(path, folder), in_order)
    if not in_order:
        yield here


__all__ = [
    "Copy", "DeleteRecursively", "Exists", "FastGFile", "GFile", "Glob", "IsDirectory", "ListDirectory", "MakeDirs",
    "MkDir", "Open", "Remove", "Rename", "Stat", "Walk",
]  # fmt: skip
