"""The checkpoints in tests/golden/checkpoints.zip, and what TensorFlow reads in them."""

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np

ARCHIVE = Path(__file__).parents[2] / "golden" / "checkpoints.zip"

with zipfile.ZipFile(ARCHIVE) as archive:
    ANSWERS = {name: answer for name, answer in json.loads(archive.read("answers.json")).items() if name != "version"}


def unpack(name, folder):
    """The path to restore a golden checkpoint from, its files now in the folder."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        for file in archive.namelist():
            if file == name or file.startswith((f"{name}.", f"{name}-")):
                archive.extract(file, folder)
    return str(Path(folder, ANSWERS[name]["path"]))


def content(value):
    """A tensor as the answers have it: strings in hex, or a digest of the bytes."""
    if value.dtype == object:
        return [text.hex() for text in value.reshape(-1).tolist()]
    return hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:16]
