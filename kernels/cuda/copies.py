"""Copies of device arrays in host memory, made while the host is busy with the piece before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


def host_chunks(array: Any, chunk_bytes: int) -> Iterator[np.ndarray]:
    """As `Backend.host_chunks`: two pinned buffers take turns, and a stream of their own copies into one of them
    while the other is being read. What the current stream has been given before is waited for."""
    import cupy

    octets = array.reshape(-1).view(np.uint8)
    starts = range(0, octets.size, chunk_bytes)
    with array.device:
        stream = cupy.cuda.Stream(non_blocking=True)
        stream.wait_event(cupy.cuda.get_current_stream().record())
        buffers = [_pinned(min(chunk_bytes, octets.size)) for _ in starts[:2]]

    def begin(number: int) -> tuple[np.ndarray, Any]:
        piece = octets[starts[number] : starts[number] + chunk_bytes]
        with array.device:
            target = buffers[number % 2][: piece.size]
            piece.get(stream=stream, out=target, blocking=False)
            return target, stream.record()

    copies = [begin(number) for number in range(len(starts[:1]))]
    try:
        for number in range(len(starts)):
            target, copied = copies.pop()
            if number + 1 < len(starts):
                copies.append(begin(number + 1))
            copied.synchronize()
            yield target
    finally:
        stream.synchronize()  # where the reader stopped early, a copy is still on its way into a buffer


def _pinned(size: int) -> np.ndarray:
    import cupy

    return np.frombuffer(cupy.cuda.alloc_pinned_memory(size), np.uint8, size)
