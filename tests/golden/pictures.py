"""Small pictures as other programs write them: made by Pillow, of random and of smooth pixels."""

import zipfile
from functools import cache
from pathlib import Path


@cache
def picture(name: str) -> bytes:
    """The bytes of one file of pictures.zip."""
    with zipfile.ZipFile(Path(__file__).parent / "pictures.zip") as archive:
        return archive.read(name)
