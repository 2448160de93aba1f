"""Shuffling through a buffer, in TensorFlow's own order for the same seeds."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import numpy as np

from ..kernels.philox import seed_words, stream_block
from .functions import Element, Home
from .sources import Source, Step

Seeds = tuple[int, int]


def decided(seeds: Seeds) -> Seeds:
    """The seeds themselves, but for (0, 0), which leave it to chance."""
    return seeds if seeds != (0, 0) else (secrets.randbits(63), secrets.randbits(63))


def words(seeds: Seeds) -> Iterator[int]:
    """The 32-bit words of a stream of random numbers, one after the other."""
    k0, k1, c2, c3 = seed_words(seeds)
    block, count = 0, 16
    while True:
        blocks = stream_block(np.arange(block, block + count, dtype=np.uint64), k0, k1, c2, c3)
        yield from np.stack(blocks, axis=1).ravel().tolist()
        block, count = block + count, min(count * 2, 1024)


def shuffled(source: Source, size: int, seeds: Seeds, reshuffle: bool = True) -> Source:
    """The elements of `source`, each next one drawn from a buffer that holds `size` of them.

    Where seeds are (0, 0) chance decides. With `reshuffle`, each pass over this source has an order of its own.
    """
    seeds = decided(seeds)
    of_passes = words(seeds)

    def begin(home: Home) -> Step:
        step: Step | None = source(home)
        random = words((next(of_passes), next(of_passes)) if reshuffle else seeds)
        buffer: list[Element] = []  # a ring: what came as number i lies at i % size
        first = end = 0

        def next_element() -> Element:
            nonlocal step, first, end
            while step is not None and end - first < size:
                try:
                    element = step()
                except StopIteration:
                    step = None
                    break
                if end < size:
                    buffer.append(element)
                else:
                    buffer[end % size] = element
                end += 1
            if first == end:
                raise StopIteration
            chosen, front = (first + next(random) % (end - first)) % size, first % size
            element, buffer[chosen] = buffer[chosen], buffer[front]
            buffer[front] = []
            first += 1
            return element

        return next_element

    return begin
