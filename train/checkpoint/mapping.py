"""A file in memory."""

from __future__ import annotations

import mmap

from ...engine.file_errors import as_tensorflow_errors


def mapped(path: str) -> mmap.mmap | bytes:
    """The bytes of a file, which the system reads when they are looked at. Raises the classes of `tf.errors`."""
    with as_tensorflow_errors(path), open(path, "rb") as file:
        empty = not file.seek(0, 2)  # which cannot be mapped
        return b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
