"""The raw words look random, along a stream and across neighbouring seeds, blocks and runs; wrong ones are seen."""

import numpy as np
import pytest
from scipy import stats

from scopeflow import kernels
from scopeflow.kernels import naive, philox
from scopeflow.kernels.arrays import elementwise

LEVEL = 1e-3  # of each stream's verdict at its fixed seed
GRAPH_SEED, OP_SEED = 87654321, 7
COUNT = 1 << 17  # 64-bit words of a stream


def words(count, seed=(GRAPH_SEED, OP_SEED), offset=0):
    """64-bit words: for this range only one of 2**64 is not the word itself."""
    out = np.empty(count, np.int64)
    kernels.uniform_int(out, seed, -(2**63), 2**63 - 1, offset=offset)
    return out.view(np.uint64) ^ np.uint64(1 << 63)


def blocks(seeds, per_seed=2, offset=0):
    """The first blocks (of two words) of many seeds, after each other."""
    return np.concatenate([words(per_seed, seed, offset) for seed in seeds])


MANY = 1 << 12
STREAMS = {
    "of one seed": lambda: words(COUNT),
    "of seed zero": lambda: words(COUNT, (0, 0)),
    "of the widest seed": lambda: words(COUNT, (2**64 - 1, 2**63)),
    "near the stream's end": lambda: words(COUNT, offset=philox.STREAM_END - COUNT),
    "across 2**32 blocks": lambda: words(COUNT, offset=2**33 - COUNT // 2),
    "of neighbouring op seeds": lambda: blocks((GRAPH_SEED, n) for n in range(MANY)),
    "of neighbouring graph seeds": lambda: blocks((n, OP_SEED) for n in range(MANY)),
    "of op seeds one bit apart": lambda: blocks(((GRAPH_SEED, 1 << n) for n in range(64)), 128),
    "of graph seeds one bit apart": lambda: blocks(((1 << n, OP_SEED) for n in range(64)), 128),
    "of two op seeds in turn": lambda: np.stack([words(COUNT // 2, (GRAPH_SEED, s)) for s in (7, 8)], 1).ravel(),
    "of two graph seeds in turn": lambda: np.stack([words(COUNT // 2, (s, OP_SEED)) for s in (7, 8)], 1).ravel(),
    "of a seed and its reverse in turn": lambda: np.stack([words(COUNT // 2, s) for s in ((7, 8), (8, 7))], 1).ravel(),
    "of every 256th block": lambda: np.concatenate([words(2, offset=512 * n) for n in range(MANY)]),
    "of runs of an op with three outputs": lambda: np.concatenate(
        [words(3, offset=n * philox.reserved(3, np.int64, "uniform_int")) for n in range(MANY)]
    ),
}


# --- Tests of randomness, each giving p-values ------------------------------------------------------------------------


def frequencies(stream):
    """Bytes at each of the eight places of a word, all equally frequent."""
    octets = stream.view(np.uint8).reshape(-1, 8)
    return [stats.chisquare(np.bincount(octets[:, place], minlength=256)).pvalue for place in range(8)]


def bits(stream):
    """Each of the 64 bits set half the time."""
    ones = np.unpackbits(stream.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=0, dtype=np.int64)
    return [stats.chi2.sf(4 * (ones - stream.size / 2) ** 2 / stream.size, 1).min() * 64]


def serial_pairs(stream):
    """Pairs of neighbours' highest, and of their lowest, four bits equally frequent."""
    pairs = stream[: stream.size & ~1].reshape(-1, 2)
    fours = [(pairs >> np.uint64(60)).astype(int), (pairs & np.uint64(15)).astype(int)]
    return [stats.chisquare(np.bincount(16 * four[:, 0] + four[:, 1], minlength=256)).pvalue for four in fours]


def correlations(stream):
    """Words, and their lower halves, uncorrelated with the next eight."""
    halves = stream.astype(np.float64), (stream & np.uint64(2**32 - 1)).astype(np.float64)
    return [stats.pearsonr(half[:-lag], half[lag:]).pvalue for half in halves for lag in range(1, 9)]


def differences(stream):
    """As many bits differ between neighbours as between strangers: binomially many of 64."""
    distance = np.bitwise_count(stream[1:] ^ stream[:-1])
    counts = np.bincount(np.clip(distance, 22, 42), minlength=43)[22:43]
    exact = stats.binom(64, 0.5)
    expected = exact.pmf(np.arange(22, 43))
    expected[0], expected[-1] = exact.cdf(22), exact.sf(41)
    return [stats.chisquare(counts, expected / expected.sum() * distance.size).pvalue]


def repetitions(stream):
    """No 64-bit word twice: of so few, the chance is 1e-9."""
    return [float(np.unique(stream).size == stream.size)]


TESTS = (frequencies, bits, serial_pairs, correlations, differences, repetitions)


def faults(stream):
    """The tests whose least p-value is below their share of LEVEL."""
    return {test.__name__ for test in TESTS if not min(p_values := test(stream)) * len(p_values) * len(TESTS) > LEVEL}


@pytest.mark.parametrize("name", STREAMS)
def test_words_look_random(name):
    stream = STREAMS[name]()
    assert stream.size >= 2 * MANY
    assert faults(stream) == set()


def congruential(count):
    state = np.cumprod(np.full(2 * count, 69069, np.uint32), dtype=np.uint32)
    return state.view(np.uint64)


SPOILT = {  # what is wrong: how, and which test must see it
    "one word twice": (lambda s: np.concatenate([s[:1], s[:-1]]), "repetitions"),
    "one block twice": (lambda s: np.concatenate([s[:1000], s[:2], s[1002:]]), "repetitions"),
    "every word twice": (lambda s: np.repeat(s[::2], 2), "correlations"),
    "every block twice": (lambda s: np.repeat(s.reshape(-1, 2)[::2], 2, axis=0).ravel(), "correlations"),
    "a block's lower halves alike": (
        lambda s: s & np.uint64(2**64 - 2**32) | np.repeat(s[::2], 2) & np.uint64(2**32 - 1),
        "correlations",
    ),
    "a stuck bit": (lambda s: s | np.uint64(1 << 17), "bits"),
    "a bit set in 52 % of the words": (
        lambda s: s | (np.roll(s, 1) % np.uint64(25) == np.uint64(0)).astype(np.uint64) << np.uint64(40),
        "bits",
    ),
    "neighbours that differ in the low bits": (
        lambda s: np.repeat(s[::2], 2) ^ s & np.uint64(2**20 - 1),
        "differences",
    ),
    "neighbours that are each other's complement": (
        lambda s: np.stack([s[::2], ~s[::2]], axis=1).ravel(),
        "differences",
    ),
    "a byte that is never 255": (
        lambda s: s - ((s & np.uint64(255)) == np.uint64(255)).astype(np.uint64),
        "frequencies",
    ),
    "neighbours of the same parity": (
        lambda s: s & ~np.uint64(1) | np.repeat(s[::2], 2) & np.uint64(1),
        "serial_pairs",
    ),
    "a congruential generator": (lambda s: congruential(s.size), "frequencies"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_the_tests_of_words_see(what):
    spoil, seen_by = SPOILT[what]
    stream = words(COUNT)
    assert seen_by not in faults(stream)
    assert seen_by in faults(np.ascontiguousarray(spoil(stream)))


# --- Between streams --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one,other", [((7, 8), (7, 9)), ((7, 8), (8, 8)), ((0, 1), (1, 0)), ((7, 8), (7, 8 + 2**32))])
def test_neighbouring_streams_are_not_shifts_of_each_other(one, other):
    first, second = words(4096, one), words(4096, other)
    assert np.intersect1d(first, second).size == 0
    apart = [stats.pearsonr(first[lag:].astype(float), second[: 4096 - lag].astype(float)).pvalue for lag in range(16)]
    assert min(apart) * len(apart) > LEVEL


def test_no_word_returns_where_a_run_follows_another():
    """Runs of the truncated normal draw up to 256 blocks an output; those of the next begin after them."""
    drawn = [
        naive.words((GRAPH_SEED, OP_SEED), 64 * (run * philox.reserved(5, np.float32, "truncated_normal")) + block)
        for run in range(3)
        for block in range(256 * 5)
    ]
    assert len({tuple(block) for block in drawn}) == len(drawn)


def test_philox_changes_half_of_its_output_with_any_bit_of_counter_or_key():
    """The avalanche of ten rounds: from each of 192 input bits to each of 128 output bits."""
    rng = np.random.default_rng(0)
    trials = 256
    changed = np.zeros((192, 128))
    for _ in range(trials):
        state = [int(word) for word in rng.integers(0, 2**32, 6)]
        base = naive.philox(state[:4], state[4:])
        for bit in range(192):
            other = list(state)
            other[bit // 32] ^= 1 << bit % 32
            flipped = np.array(base, np.uint32) ^ np.array(naive.philox(other[:4], other[4:]), np.uint32)
            changed[bit] += np.unpackbits(flipped.view(np.uint8))
    z = (changed - trials / 2) / np.sqrt(trials / 4)
    assert stats.chi2.sf((z * z).sum(), z.size) > LEVEL
    assert np.abs(z).max() < stats.norm.isf(LEVEL / z.size / 2)


@pytest.mark.parametrize("size", [0, 1, 2, 5])
def test_scalar_maths_never_sees_an_array_of_one(size):
    """Older NumPy makes a scalar of it."""
    seen = []

    def scaled(a, b):
        seen.append(a.size)
        return np.float64(a) * b

    a, b = np.arange(size, dtype=np.uint32), np.arange(10, 10 + 2 * size, 2, np.uint32)
    found = elementwise(scaled, a, b)
    assert seen[0] != 1 and found.shape == (size,)
    np.testing.assert_array_equal(found, a.astype(float) * b)
