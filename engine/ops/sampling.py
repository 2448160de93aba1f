"""Candidate samplers: a few of many classes drawn for a batch, with how often each was to be expected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...kernels.arrays import elementwise
from ...kernels.philox import seed_words, stream_block, uniform_float32, uniform_float64, word_int64
from ..errors import InvalidArgumentError
from ..graph import Operation, Tensor
from ..registry import OpDef, Rule, define, not_differentiable
from ..shapes import TensorShape
from .random import seed_attributes, stream_of

BLOCKS_PER_SAMPLE = 512  # of Philox, that a run reserves for each sample: room for many redraws

Sampler = Callable[["_Words", int], np.ndarray]  # draws so many classes


class Candidates(NamedTuple):
    """What a sampler gives: the classes it drew, and how often it was to draw each true and each drawn class."""

    sampled_candidates: Tensor  # int64 [num_sampled]
    true_expected_count: Tensor  # float32, like the true classes
    sampled_expected_count: Tensor  # float32 [num_sampled]


class AccidentalHits(NamedTuple):
    """Where a sampled class is a true class of a row: three vectors of one length."""

    indices: Tensor  # int32, the row
    ids: Tensor  # int64, the place among the samples
    weights: Tensor  # float32, the lowest float


class _Words:
    """The 32-bit words of a Philox stream from a block on, taken in order."""

    def __init__(self, seed: tuple[int, int], block: int) -> None:
        self._words, self._block = seed_words(seed), block
        self._rest = np.zeros(0, np.uint32)

    def take(self, count: int) -> np.ndarray:
        """The next words, uint32 [count]."""
        blocks = -(-(count - self._rest.size) // 4)
        if blocks > 0:
            numbers = np.arange(self._block, self._block + blocks, dtype=np.uint64)
            drawn = np.stack(stream_block(numbers, *self._words), axis=1).reshape(-1)
            self._rest = np.concatenate([self._rest, drawn])
            self._block += blocks
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def fractions(self, count: int) -> np.ndarray:
        """float64 [count], uniform on [0, 1)."""
        pairs = self.take(2 * count)
        return elementwise(uniform_float64, pairs[::2], pairs[1::2])

    def below(self, limit: int, count: int) -> np.ndarray:
        """int64 [count] of [0, limit): remainders of 64-bit words, without the lowest ones, which would favour some."""
        kept = np.zeros(0, np.uint64)
        lowest = 0 if limit & (limit - 1) == 0 else (1 << 64) % limit
        while kept.size < count:
            pairs = self.take(2 * (count - kept.size))
            drawn = word_int64(pairs[::2], pairs[1::2])
            kept = np.concatenate([kept, drawn[drawn >= np.uint64(lowest)]])
        return (kept % np.uint64(limit)).astype(np.int64)


# -- what is drawn, and how probably --------------------------------------------------------------------------------


class _Uniform:
    """Each of `range_max` classes alike."""

    def __init__(self, op: Operation) -> None:
        self.classes = op.attrs["range_max"]

    def draw(self, words: _Words, count: int) -> np.ndarray:
        return words.below(self.classes, count)

    def probability(self, classes: np.ndarray) -> np.ndarray:
        return np.full(classes.shape, 1 / self.classes)


class _LogUniform(_Uniform):
    """Class c of `range_max` with the probability (log(c + 2) - log(c + 1)) / log(range_max + 1): Zipf's law."""

    def draw(self, words: _Words, count: int) -> np.ndarray:
        drawn = np.exp(words.fractions(count) * np.log1p(self.classes)).astype(np.int64) - 1
        return drawn % self.classes  # rounding may have carried one to the end

    def probability(self, classes: np.ndarray) -> np.ndarray:
        return np.log((classes + 2.0) / (classes + 1.0)) / np.log1p(self.classes)


class _FixedUnigram:
    """Each class by its weight, which is its count to the power of `distortion`; reserved ones have none.

    Drawn by Walker's alias method (1974): column i of n stands for class i with probability `share[i]`, else for
    `other[i]`.
    """

    def __init__(self, op: Operation) -> None:
        counts = np.array(op.attrs["unigrams"], np.float32)
        weights = np.power(counts, np.float32(op.attrs["distortion"]), dtype=np.float32)
        self._weights = np.concatenate([np.zeros(op.attrs["num_reserved_ids"], np.float32), weights])
        self.classes = len(self._weights)
        if self.classes != op.attrs["range_max"]:
            sizes = f"range is {op.attrs['range_max']} must be equal to weights size  {self.classes}"
            raise InvalidArgumentError(None, None, sizes)
        self._total = float(np.sum(self._weights, dtype=np.float64))
        self._share, self._other = _alias_table(self._weights.astype(np.float64) * self.classes / self._total)

    def draw(self, words: _Words, count: int) -> np.ndarray:
        drawn: list[int] = []
        unfair = 0 if self.classes & (self.classes - 1) == 0 else (1 << 32) % self.classes
        while len(drawn) < count:
            fraction = float(elementwise(uniform_float32, words.take(1))[0])
            column = 0
            while (column := int(words.take(1)[0])) < unfair:
                pass
            column %= self.classes
            drawn.append(column if fraction < self._share[column] else self._other[column])
        return np.array(drawn, np.int64)

    def probability(self, classes: np.ndarray) -> np.ndarray:
        return self._weights[classes] / self._total


def _alias_table(sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(share, other) of columns that each hold 1, filled from `sizes`, whose mean is 1."""
    left, other = sizes.copy(), np.arange(len(sizes))
    small = [i for i, size in enumerate(left) if size < 1]
    large = [i for i, size in enumerate(left) if not size < 1]
    while small and large:
        low, high = small.pop(), large.pop()
        other[low] = high
        left[high] -= 1 - left[low]
        (small if left[high] < 1 else large).append(high)
    left[small + large] = 1  # but for rounding
    return left.astype(np.float32), other


class _All(_Uniform):
    """The first classes, each once."""

    def __init__(self, op: Operation) -> None:
        self.classes = op.attrs["num_sampled"]

    def draw(self, words: _Words, count: int) -> np.ndarray:
        return np.arange(count)


def _distinct(draw: Sampler, words: _Words, count: int) -> tuple[np.ndarray, int]:
    """The first `count` different classes drawn, and how many draws that took."""
    drawn = draw(words, count)
    while True:
        first = np.sort(np.unique(drawn, return_index=True)[1])
        if first.size >= count:
            return drawn[first[:count]], int(first[count - 1]) + 1 if count else 0
        drawn = np.concatenate([drawn, draw(words, 2 * count)])


def _check_columns(name: str, classes: np.ndarray, num_true: int) -> None:
    if classes.ndim != 2 or classes.shape[1] != num_true:
        raise InvalidArgumentError(None, None, f"{name} must have num_true columns, {num_true}, not {classes.shape}")


def _bind(kind: Callable[[Operation], Any]) -> Rule:
    def bind(op: Operation, k: Any, session: Any, donated: frozenset[int]) -> Callable[..., Any]:
        count, unique, seed = op.attrs["num_sampled"], op.attrs["unique"], stream_of(op, session)
        sampler = kind(op)
        if unique and count > sampler.classes:
            raise InvalidArgumentError(None, None, "Sampler's range is too small.")

        def expected(classes: np.ndarray, draws: int) -> np.ndarray:
            share = sampler.probability(classes).astype(np.float32)
            if draws == count:
                return share * np.float32(count)
            with np.errstate(divide="ignore"):  # of a probability of 1, which is drawn for certain
                return -np.expm1(np.float32(draws) * np.log1p(-share))

        def run(true_classes: np.ndarray) -> list[np.ndarray]:
            _check_columns("true_classes", true_classes, op.attrs["num_true"])
            if outside := [c for c in true_classes.ravel().tolist() if not 0 <= c < sampler.classes]:
                found = f"`true_candidate` out of range [0, {sampler.classes}), received {outside[0]}"
                raise InvalidArgumentError(None, None, found)
            words = _Words(seed, session.next_in_stream(op, BLOCKS_PER_SAMPLE * count))
            drawn, draws = _distinct(sampler.draw, words, count) if unique else (sampler.draw(words, count), count)
            return [drawn, expected(true_classes, draws), expected(drawn, draws)]

        return run

    return bind


def _shapes(true_classes: Tensor, num_true: int, num_sampled: int, **_: Any) -> list[TensorShape]:
    rows = true_classes.shape.with_rank(2)[0]
    if num_true < 1:
        raise ValueError(f"Attr 'num_true' passed {num_true} less than minimum 1.")
    return [TensorShape([num_sampled]), TensorShape([rows, num_true]), TensorShape([num_sampled])]


def _sampler_op(type: str, kind: Callable[[Operation], Any]) -> OpDef:
    return define(
        type,
        "true_classes:int64 -> sampled_candidates:int64, true_expected_count:float32, sampled_expected_count:float32",
        shape=_shapes,
        bind=_bind(kind),
        grad=not_differentiable,
        host=["true_classes"],
        host_result=True,
    )


UniformCandidateSampler = _sampler_op("UniformCandidateSampler", _Uniform)
LogUniformCandidateSampler = _sampler_op("LogUniformCandidateSampler", _LogUniform)
FixedUnigramCandidateSampler = _sampler_op("FixedUnigramCandidateSampler", _FixedUnigram)
AllCandidateSampler = _sampler_op("AllCandidateSampler", _All)


def _sample(
    op: OpDef, true_classes: Any, num_true: int, num_sampled: int, unique: bool, seed: int | None, name: str | None,
    **attrs: Any,
) -> Candidates:  # fmt: skip
    given = {"num_true": num_true, "num_sampled": num_sampled, "unique": unique} | attrs
    return Candidates(*op(true_classes, **given, **seed_attributes(seed), name=name))


def uniform_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None = None,
    name: str | None = None,
) -> Candidates:  # fmt: skip
    """`num_sampled` of the classes 0 to `range_max` - 1, each as probable; TensorFlow's own for its seeds.

    Args:
        true_classes: int64 [batch, num_true], the classes of each row; they are drawn as others are.
        unique: whether no class is drawn twice in a run.

    Raises InvalidArgumentError in a run that is to draw more different classes than there are.
    """
    return _sample(
        UniformCandidateSampler, true_classes, num_true, num_sampled, unique, seed, name, range_max=range_max
    )


def log_uniform_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, seed: int | None = None,
    name: str | None = None,
) -> Candidates:  # fmt: skip
    """`uniform_candidate_sampler`, where class c has probability log((c + 2) / (c + 1)) / log(range_max + 1).

    For words in the order of how frequent they are (Zipf's law).
    """
    return _sample(
        LogUniformCandidateSampler, true_classes, num_true, num_sampled, unique, seed, name, range_max=range_max
    )


def fixed_unigram_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, range_max: int, vocab_file: str = "",
    distortion: float = 1.0, num_reserved_ids: int = 0, num_shards: int = 1, shard: int = 0,
    unigrams: Sequence[float] = (), seed: int | None = None, name: str | None = None,
) -> Candidates:  # fmt: skip
    """`uniform_candidate_sampler`, where a class's probability is as its count to the power of `distortion`.

    The counts are those of `unigrams`, or the last of the values, which commas part, in each line of `vocab_file`.
    The first `num_reserved_ids` classes have no count, and are never drawn. Raises ValueError for both or neither
    of the two sources, NotImplementedError for shards.
    """
    if (num_shards, shard) != (1, 0):
        raise NotImplementedError("scopeflow's fixed_unigram_candidate_sampler has no shards")
    if bool(vocab_file) == bool(len(unigrams)):
        raise ValueError("Exactly one of `vocab_file` and `unigrams` must be given.")
    if vocab_file:
        with open(vocab_file, encoding="utf-8") as lines:
            unigrams = [float(line.rpartition(",")[2]) for line in lines if line.strip()]
    return _sample(
        FixedUnigramCandidateSampler, true_classes, num_true, num_sampled, unique, seed, name, range_max=range_max,
        unigrams=tuple(float(count) for count in unigrams), distortion=distortion, num_reserved_ids=num_reserved_ids,
    )  # fmt: skip


def all_candidate_sampler(
    true_classes: Any, num_true: int, num_sampled: int, unique: bool, seed: int | None = None, name: str | None = None
) -> Candidates:
    """The classes 0 to `num_sampled` - 1: for tests, and for where classes are few."""
    return _sample(AllCandidateSampler, true_classes, num_true, num_sampled, unique, seed, name)


# -- accidental hits ------------------------------------------------------------------------------------------------


def _hits(k: Any, true_classes: np.ndarray, sampled: np.ndarray, num_true: int) -> list[np.ndarray]:
    _check_columns("true_candidates", true_classes, num_true)
    order = np.argsort(sampled, kind="stable")
    flat = true_classes.reshape(-1)
    after = np.searchsorted(sampled[order], flat, side="right")
    place = order[np.maximum(after, 1) - 1] if sampled.size else np.zeros(flat.shape, np.int64)
    found = np.flatnonzero((after > 0) & (sampled[place] == flat) if sampled.size else np.zeros(flat.shape, bool))
    lowest = np.full(found.shape, np.finfo(np.float32).min, np.float32)
    return [(found // num_true).astype(np.int32), place[found].astype(np.int64), lowest]


ComputeAccidentalHits = define(
    "ComputeAccidentalHits",
    "true_classes:int64, sampled_candidates:int64 -> indices:int32, ids:int64, weights:float32",
    shape=lambda true_classes, sampled, num_true: [TensorShape([None])] * 3,
    kernel=_hits,
    grad=not_differentiable,
    host=["true_classes", "sampled_candidates"],
    host_result=True,
)


def compute_accidental_hits(
    true_classes: Any, sampled_candidates: Any, num_true: int, seed: int | None = None, name: str | None = None
) -> AccidentalHits:
    """Where the sampled classes [n] are among a row's `true_classes` [batch, num_true]; `seed` changes nothing.

    The weights are float32's lowest value, to be added to the logits of such samples.
    """
    return AccidentalHits(*ComputeAccidentalHits(true_classes, sampled_candidates, num_true=num_true, name=name))


__all__ = [
    "all_candidate_sampler", "compute_accidental_hits", "fixed_unigram_candidate_sampler",
    "log_uniform_candidate_sampler", "uniform_candidate_sampler",
]  # fmt: skip
