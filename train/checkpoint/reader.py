"""What every checkpoint reader and writer offers, whatever the format."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np

from ...engine import errors
from ...engine.dtypes import DType, enum_name
from ...engine.registry import brackets

SliceSpec = Sequence[tuple[int, int]]  # (start, length) along each axis


@dataclass(frozen=True)
class Entry:
    """What a checkpoint says of one tensor. `slices` are the parts that it lies in; none where it lies in one piece.

    `nbytes` is what its elements take in memory; for strings, what they take in the file.
    """

    dtype: DType
    shape: tuple[int, ...]
    nbytes: int
    slices: tuple[SliceSpec, ...] = ()


class CheckpointReader:
    """The tensors of one checkpoint by name; a context manager that closes its files.

    A format's own reader defines `keys`, `entry`, `read` and `close`. What it finds damaged it tells with
    DataLossError, in its constructor or when the tensor is read.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def keys(self) -> list[str]:
        """The names, sorted."""
        raise NotImplementedError

    def entry(self, name: str) -> Entry:
        """What is known of a tensor without reading it. Raises NotFoundError, with the nearest names."""
        raise NotImplementedError

    def read(self, name: str, slice_spec: SliceSpec | None = None) -> np.ndarray:
        """A tensor, or that part of it; strings are an object array of bytes. It may be a read-only view of the file.

        Raises NotFoundError for a name that is not there, DataLossError where the bytes are not what was written.
        """
        raise NotImplementedError

    def view(self, name: str, slice_spec: SliceSpec | None = None) -> np.ndarray:
        """As `read`; where it can be, a read-only view of the file whose bytes have been checked, not a copy."""
        return self.read(name, slice_spec)

    def check(self) -> None:
        """Raise what is known to be wrong without reading the tensors, such as a file that ends too early."""

    def close(self) -> None:
        """Let go of the files. Arrays that were read stay."""

    def __contains__(self, name: object) -> bool:
        return name in self.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __enter__(self) -> CheckpointReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # -- as TensorFlow's readers say it -----------------------------------------------------------------------------

    def get_tensor(self, tensor_str: str) -> Any:
        """A copy of a tensor; a NumPy scalar, or bytes, for one without dimensions."""
        value = self.read(tensor_str)
        return value[()] if value.ndim == 0 else value if value.flags.owndata else value.copy()

    def has_tensor(self, tensor_str: str) -> bool:
        return tensor_str in self

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        return {name: list(self.entry(name).shape) for name in self}

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        return {name: self.entry(name).dtype for name in self}

    def debug_string(self) -> bytes:
        """A line for each tensor: "conv1/weights (DT_FLOAT) [5,5,1,32]"."""
        lines = []
        for name in self:
            entry = self.entry(name)
            lines.append(f"{name} (DT_{enum_name(entry.dtype).upper()}) {brackets(entry.shape)}\n")
        return "".join(lines).encode()

    # -- for those who implement it ---------------------------------------------------------------------------------

    def not_found(self, name: str) -> errors.OpError:
        """The NotFoundError for one name that is not there."""
        return errors.NotFoundError(None, None, missing_message([name], self.keys(), self.path))


class CheckpointWriter:
    """Writes one checkpoint. Nothing is there under its name before `finish`; `discard` leaves nothing behind."""

    def add(self, name: str, array: np.ndarray) -> None:
        """Write a tensor. Raises InvalidArgumentError for a dtype that the format does not have."""
        raise NotImplementedError

    def add_slice(self, name: str, full_shape: Sequence[int], slice_spec: SliceSpec, array: np.ndarray) -> None:
        """Write a part of a tensor."""
        raise NotImplementedError

    def finish(self) -> None:
        """Flush everything to the disk, and let it appear."""
        raise NotImplementedError

    def discard(self) -> None:
        """Remove what was written; nothing after `finish`."""
        raise NotImplementedError

    def __enter__(self) -> CheckpointWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.discard()


# -- names that are not there -----------------------------------------------------------------------------------------

_MOST_SHOWN = 5


def missing_message(missing: Sequence[str], there: Collection[str], path: str) -> str:
    """What to say of names that a checkpoint lacks: which, and what could have been meant."""
    text = f"Key {missing[0]} not found in checkpoint {path}"
    if len(missing) > 1:
        more = len(missing) - _MOST_SHOWN
        text += f"; nor are {', '.join(missing[1:_MOST_SHOWN])}" + (f" and {more} more" if more > 0 else "")
    return f"{text}.{meant(missing, there)}"


def meant(missing: Sequence[str], there: Collection[str]) -> str:
    """A sentence on the one change of prefix that explains all missing names, or else on the nearest names."""
    changed = explaining_prefix(missing, there)
    if changed:
        wanted, found = changed
        how = f'With "{found}" in place of "{wanted}"' if wanted and found else f'Without "{wanted}" in front'
        how = how if wanted else f'With "{found}" in front'
        mapping = f'tf.train.init_from_checkpoint(..., {{"{found or "/"}": "{wanted or "/"}"}})'
        return f" {how}, {'it is' if len(missing) == 1 else 'all are'} there: {mapping} reads them so."
    near = nearest(missing[0], there)
    return f" The nearest names there are {', '.join(near)}." if near else ""


def nearest(name: str, there: Collection[str]) -> list[str]:
    """Up to three names like this one: those that are spelt alike, then those whose last part is the same."""
    last = name.rpartition("/")[2]
    same_end = [known for known in there if known.rpartition("/")[2] == last]
    same_end.sort(key=lambda known: -difflib.SequenceMatcher(None, name, known).ratio())
    spelt = difflib.get_close_matches(name, list(there)[:_MOST_COMPARED], n=3)
    return list(dict.fromkeys([*spelt, *same_end]))[:3]


_MOST_COMPARED = 10_000  # names, so that an error takes no minutes


def explaining_prefix(missing: Sequence[str], there: Collection[str]) -> tuple[str, str] | None:
    """(Prefix here, prefix in the file) such that each missing name is there once the one is replaced by the other.

    The smallest change wins; either may be empty. Where both are not, two names must agree on it.
    """
    known = set(there)
    parts = missing[0].split("/")
    for cut in range(len(parts)):
        wanted, rest = "".join(f"{part}/" for part in parts[:cut]), "/".join(parts[cut:])
        if not all(name.startswith(wanted) for name in missing):
            return None
        found = sorted(("", *(name[: -len(rest)] for name in known if name.endswith(f"/{rest}"))), key=len)
        for prefix in found:
            enough = len(missing) > 1 or not (wanted and prefix)
            if enough and all(prefix + name[len(wanted) :] in known for name in missing):
                return wanted, prefix
    return None
