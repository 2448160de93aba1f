"""Durable writing: the files of a checkpoint appear under their final names together, or not at all."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from ...engine.file_errors import as_tensorflow_errors

PART = ".part"  # a file that is being written
PENDING = ".pending"  # a decisive file whose companions are all written, and are being renamed


def index_path(prefix: str) -> str:
    """The index of a bundle: the file that makes the others count."""
    return f"{prefix}.index"


def data_path(prefix: str, shard: int, count: int) -> str:
    """One of a bundle's data files."""
    return f"{prefix}.data-{shard:05d}-of-{count:05d}"


def companions(decisive: str) -> Iterator[str]:
    """The data files that are there for an index, half-written ones (which end in `PART`) included."""
    if not decisive.endswith(".index"):
        return
    folder, name = os.path.split(decisive.removesuffix(".index"))
    pattern = re.compile(re.escape(name) + r"\.data-\d{5,}-of-\d{5,}(?:\.part)?")
    with suppress(FileNotFoundError, NotADirectoryError):
        yield from (
            os.path.join(folder, found) for found in sorted(os.listdir(folder or ".")) if pattern.fullmatch(found)
        )


class Replacement:
    """New files that take the place of old ones in `commit`, all or none; until then they lie beside them.

    Of several files one is `decisive`: a bundle's index, without which its data files are nothing. No single rename
    can replace them all, so its own is split in two. The first marks that all is written; whoever finds that mark, a
    killed writer's successor or a reader, does the remaining renames (`finish_interrupted`). So an interrupted commit
    leaves what was there before or what was to be there, whole. Raises the classes of `tf.errors`.
    """

    def __init__(self, decisive: str) -> None:
        self._decisive = decisive
        self._files: dict[str, BinaryIO] = {}
        with as_tensorflow_errors(decisive):
            os.makedirs(os.path.dirname(decisive) or ".", exist_ok=True)
            finish_interrupted(decisive)
            _discard_parts(decisive)

    def open(self, path: str) -> BinaryIO:
        """A new file to write, for `path`."""
        with as_tensorflow_errors(path):
            # Not by `tempfile`: whoever looks at the folder sees what the file is to be, and a successor overwrites it.
            file = self._files[path] = open(path + PART, "wb")  # noqa: SIM115
            return file

    def reopen(self, path: str) -> None:
        """Go on with the file that a library has put in place of the one that was opened, under the same name."""
        with as_tensorflow_errors(path):
            self._files[path].close()
            self._files[path] = open(path + PART, "rb+")  # noqa: SIM115

    def commit(self) -> None:
        """Flush everything to the disk and let it appear."""
        for path, file in self._files.items():
            with as_tensorflow_errors(path):
                file.flush()
                os.fsync(file.fileno())
                file.close()
        with as_tensorflow_errors(self._decisive):
            os.replace(self._decisive + PART, self._decisive + PENDING)
            paths, self._files = set(self._files), {}  # from here on there is nothing to discard
            sync_folder(self._decisive)
            finish_interrupted(self._decisive)
            sync_folder(self._decisive)
            for former in set(companions(self._decisive)) - paths:  # of an index with other shards
                os.remove(former)

    def discard(self) -> None:
        """Remove what was written and not committed."""
        for path, file in self._files.items():
            with suppress(OSError):  # what could not be written cannot be flushed either
                file.close()
            with suppress(OSError):
                os.remove(path + PART)
        self._files.clear()

    def __enter__(self) -> Replacement:
        return self

    def __exit__(self, *exception: object) -> None:
        self.discard()


def finish_interrupted(decisive: str) -> None:
    """Do the renames that a commit began and could not end. A reader does this too, even beside a living writer."""
    if not os.path.exists(decisive + PENDING):
        return
    with as_tensorflow_errors(decisive):
        for part in [path for path in companions(decisive) if path.endswith(PART)]:
            _rename(part, part.removesuffix(PART))
        sync_folder(decisive)
        _rename(decisive + PENDING, decisive)


def _discard_parts(decisive: str) -> None:
    """Remove what a killed writer left unfinished."""
    for path in [decisive + PART, *(path for path in companions(decisive) if path.endswith(PART))]:
        with suppress(FileNotFoundError):
            os.remove(path)


def _rename(source: str, target: str) -> None:
    try:
        os.replace(source, target)
    except FileNotFoundError:  # another one that finishes this commit was here first
        if not os.path.exists(target):
            raise


def sync_folder(path: str) -> None:
    """Flush the names in a file's folder to the disk, where the system lets a folder be flushed."""
    if os.name != "posix":
        return
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network folders cannot
            raise
    finally:
        os.close(folder)


def write_whole(path: str, content: bytes) -> None:
    """Replace a file's content in one step."""
    with Replacement(path) as new:
        with as_tensorflow_errors(path):
            new.open(path).write(content)
        new.commit()
