"""The words of a random stream, one by one, as TensorFlow's shuffling queues take them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..kernels.philox import Seed, seed_words, stream_block

_BLOCKS = 64  # computed at a time


def random_words(seed: Seed) -> Iterator[int]:
    """The uint32 words of the stream (graph seed, op seed), from its beginning, without end."""
    key_and_counter = seed_words(seed)
    block = 0
    while True:
        words = stream_block(np.arange(block, block + _BLOCKS, dtype=np.uint64), *key_and_counter)
        yield from np.stack(words, axis=1).ravel().tolist()
        block += _BLOCKS
