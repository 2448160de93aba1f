"""The house as its tests see it: the repository's root, and the floors from the ground up."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("kernels", "engine", "scopes", "data", "nn", "train", "compat")


def repository_files():
    """Paths relative to the root of all files that git tracks or would track, those being written included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(Path(name) for name in set(listing.split("\0")) - {""} if (ROOT / name).is_file())


def package_sources():
    """{dotted module name: source} of everything that the package `scopeflow` consists of."""
    sources = {}
    for path in repository_files():
        if path.suffix == ".py" and (path.parts[0] in FLOORS or len(path.parts) == 1):
            parts = ("scopeflow", *path.with_suffix("").parts)
            sources[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = (ROOT / path).read_text()
    return sources
