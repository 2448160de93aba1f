"""CRC-32C, with which checkpoints and event files find damage."""

from __future__ import annotations

from typing import Any

import numpy as np

_AT_ONCE = 1 << 24  # bytes for which Python's lock is held: about a millisecond


def crc32c(data: Any, crc: int = 0) -> int:
    """The CRC-32C of contiguous bytes: any buffer, or a NumPy array's memory. `crc` is that of the bytes before."""
    import google_crc32c

    octets = data.reshape(-1).view(np.uint8) if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
    for start in range(0, octets.size, _AT_ONCE):
        crc = google_crc32c.extend(crc, octets[start : start + _AT_ONCE])
    return crc


def masked(crc: int) -> int:
    """A CRC as it is stored beside what it covers: rotated and shifted, as a CRC of data with CRCs in it is weak.

    https://github.com/google/leveldb/blob/main/doc/log_format.md
    """
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
