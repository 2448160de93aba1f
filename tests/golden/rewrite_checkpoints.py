"""Read golden checkpoints by scopeflow and write them anew, for real TensorFlow to read: see make_checkpoints.py.

    python rewrite_checkpoints.py SOURCE TARGET

Of each NAME in SOURCE there will be NAME in one shard, NAME_shards in three, NAME_snappy with a compressed index.
"""

import json
import shutil
import sys
from pathlib import Path

import cramjam

from scopeflow.train.checkpoint.bundle import BundleReader, BundleWriter
from scopeflow.train.checkpoint.files import data_path, index_path
from scopeflow.train.checkpoint.table import SNAPPY, Table, TableWriter
from scopeflow.train.checkpoint.v1 import V1Reader


def open_reader(path, verify=True):
    """A reader of a bundle, or else of V1's files."""
    return (BundleReader if Path(index_path(path)).exists() else V1Reader)(path, verify)


def in_order(reader):
    """The names of a bundle in the order that their bytes lie in."""
    if isinstance(reader, V1Reader):
        return reader.keys()

    def first(name):
        values = reader._values(name)
        parts = [reader._slice_values(name, values, spec) for spec in values["slices"]] or [values]
        return min((part["shard_id"], part["offset"]) for part in parts)

    return sorted(reader.keys(), key=first)


def rewrite(reader, target, shards=1):
    """Write all that a reader has into a bundle, slices as slices."""
    with BundleWriter(str(target), shards) as writer:
        for name in in_order(reader):
            entry = reader.entry(name)
            for spec in entry.slices:
                writer.add_slice(name, entry.shape, spec, reader.read(name, spec))
            if not entry.slices:
                writer.add(name, reader.read(name))
        writer.finish()


class SnappyTableWriter(TableWriter):
    """A table whose blocks are compressed, as LevelDB has them by default and TensorFlow never writes them."""

    def _write(self, block, compression=SNAPPY):
        return super()._write(bytes(cramjam.snappy.compress_raw(block)), compression)


def compress(source, target):
    """Copy a bundle or a table; the table's blocks are compressed."""
    index = Path(index_path(source))
    if index.exists():
        count = len(list(index.parent.glob(f"{Path(source).name}.data-*")))
        for shard in range(count):
            shutil.copyfile(data_path(source, shard, count), data_path(target, shard, count))
        source, target = index, index_path(target)
    with open(target, "wb") as file:
        writer = SnappyTableWriter(file)
        for key, value in Table(Path(source).read_bytes(), str(source)):
            writer.add(key, bytes(value))
        writer.finish()


def main(source, target):
    answers = json.loads((source / "answers.json").read_bytes())
    for name, answer in answers.items():
        if name == "version":
            continue
        with open_reader(str(source / answer["path"])) as reader:
            rewrite(reader, target / name)
            rewrite(reader, target / f"{name}_shards", 3)
        compress(str(target / name), str(target / f"{name}_snappy"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
