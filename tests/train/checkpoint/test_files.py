"""Files appear together under their final names, or not at all, wherever the writer stops."""

import errno
import os

import pytest

from scopeflow.engine import errors
from scopeflow.train.checkpoint import files


class Stopped(BaseException):
    """A writer was killed here. No `except Exception` catches it."""


def write_pair(prefix, content, shards=1):
    """A bundle's files in the order a writer fills them."""
    with files.Replacement(files.index_path(prefix)) as new:
        for shard in range(shards):
            new.open(files.data_path(prefix, shard, shards)).write(f"data {shard} of {content}".encode())
        new.open(files.index_path(prefix)).write(f"index of {content}".encode())
        new.commit()


def read_pair(prefix, shards=1):
    """What all files of a bundle say they are; asserts that they say the same."""
    files.finish_interrupted(files.index_path(prefix))
    with open(files.index_path(prefix)) as file:
        said = {file.read().removeprefix("index of ")}
    for shard in range(shards):
        with open(files.data_path(prefix, shard, shards)) as file:
            said.add(file.read().removeprefix(f"data {shard} of "))
    assert len(said) == 1, said
    return said.pop()


def only_close(replacement):
    for file in replacement._files.values():
        file.close()


STEPS = ("open", "fsync", "replace", "remove", "makedirs", "listdir")


def stop_before(monkeypatch, count, failure):
    """Let `failure` be raised in place of the system call number `count` (from 0) of those that change files."""
    calls = iter(range(1_000_000))

    def counted(real):
        def call(*arguments, **keywords):
            if next(calls) == count:
                raise failure
            return real(*arguments, **keywords)

        return call

    for name in STEPS:
        monkeypatch.setattr(files.os, name, counted(getattr(os, name)))
    return calls


@pytest.mark.parametrize("shards", [1, 3])
def test_a_writer_killed_between_any_two_calls_leaves_the_old_or_the_new_whole(tmp_path, shards, monkeypatch):
    outcomes = []
    for count in range(60):
        prefix = str(tmp_path / f"run{count}" / "m")
        write_pair(prefix, "old", shards)
        with monkeypatch.context() as patched:
            patched.setattr(files.Replacement, "discard", only_close)  # the dead tidy nothing up
            stop_before(patched, count, Stopped())
            try:
                write_pair(prefix, "new", shards)
                outcomes.append("done")
            except Stopped:
                outcomes.append(read_pair_unpatched(prefix, shards, patched))
        write_pair(prefix, "next", shards)
        assert read_pair(prefix, shards) == "next"
        assert not [name for name in os.listdir(os.path.dirname(prefix)) if name.endswith((".part", ".pending"))]
    assert {"old", "new", "done"} == set(outcomes)
    assert outcomes == sorted(outcomes, key=("old", "new", "done").index)


def read_pair_unpatched(prefix, shards, patched):
    patched.undo()
    return read_pair(prefix, shards)


def test_a_disk_that_is_full_raises_and_leaves_the_old_files_alone(tmp_path, monkeypatch):
    prefix = str(tmp_path / "m")
    raised = 0
    for count in range(60):
        write_pair(prefix, "old")
        before = sorted(os.listdir(tmp_path))
        with monkeypatch.context() as patched:
            stop_before(patched, count, OSError(errno.ENOSPC, "No space left on device"))
            try:
                write_pair(prefix, "new")
            except errors.ResourceExhaustedError as error:
                raised += 1
                assert "No space left on device" in error.message
                assert prefix in error.message
        assert read_pair(prefix) in ("old", "new")
        assert sorted(os.listdir(tmp_path)) == before
    assert raised > 5


def test_a_commit_goes_on_where_a_reader_has_finished_it_meanwhile(tmp_path, monkeypatch):
    prefix = str(tmp_path / "m")
    write_pair(prefix, "old")
    real = files.sync_folder
    seen = []

    def read_meanwhile(path):
        real(path)
        if not seen:
            seen.append("")  # the reader syncs too
            seen[0] = read_pair(prefix)

    monkeypatch.setattr(files, "sync_folder", read_meanwhile)
    write_pair(prefix, "new")
    assert seen == ["new"]
    assert read_pair(prefix) == "new"


def test_data_files_of_a_former_number_of_shards_are_removed(tmp_path):
    prefix = str(tmp_path / "m")
    write_pair(str(tmp_path / "m.other"), "kept")
    write_pair(prefix, "old", shards=3)
    write_pair(prefix, "new", shards=1)
    assert sorted(os.listdir(tmp_path)) == [
        "m.data-00000-of-00001", "m.index", "m.other.data-00000-of-00001", "m.other.index",
    ]  # fmt: skip


def test_nothing_is_seen_before_the_commit_and_nothing_left_after_an_error(tmp_path):
    path = str(tmp_path / "folder" / "state")
    files.write_whole(path, b"old")
    with pytest.raises(ZeroDivisionError), files.Replacement(path) as new:
        new.open(path).write(b"new")
        assert (tmp_path / "folder" / "state").read_bytes() == b"old"
        raise ZeroDivisionError
    assert os.listdir(tmp_path / "folder") == ["state"]
    assert (tmp_path / "folder" / "state").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, errors.ResourceExhaustedError),
        (errno.EACCES, errors.PermissionDeniedError),
        (errno.ENOENT, errors.NotFoundError),
        (errno.EIO, errors.UnknownError),
    ],
)
def test_the_systems_errors_are_told_as_tensorflow_tells_them(number, kind):
    with pytest.raises(kind) as raised, files.as_tensorflow_errors("m.index"):
        raise OSError(number, os.strerror(number))
    assert raised.value.message == f"m.index; {os.strerror(number)}"
    assert raised.value.__cause__.errno == number
