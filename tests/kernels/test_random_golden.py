"""The random fills have TensorFlow's values: every distribution and dtype, seeds and sizes, three runs of an op."""

import hashlib

import ml_dtypes
import numpy as np
import pytest
from kernel_golden import ABOUT_FILLS, cases, close, drawn, golden, multinomial_logits, same_bits

from scopeflow import kernels
from scopeflow.kernels import philox

SEED = (87654321, 7)
INTEGERS = (np.int32, np.int64)


def run_offset(run, case):
    return run * philox.reserved(case.shape[0], case.dtype, case.kind)


def filled(case, run, dtype=None):
    """What our fill draws in the given run of a case's op."""
    out = np.empty(case.shape, dtype or case.dtype)
    parameters = case.parameters
    if case.kind == "bernoulli":  # a dropout of so many to keep becomes one of a rate, and scales by what that keeps
        parameters = (case.parameters[0], 1 / (1 - (1 - case.parameters[0])))
    getattr(kernels, case.kind)(out, case.seed, *parameters, offset=run_offset(run, case))
    return out


def digest(values):
    return hashlib.sha256(values.tobytes()).hexdigest()


def is_exactly(got, case, run):
    """Bit for bit: what is kept of a long run, and its digest."""
    same_bits(got[..., case.kept()], case.runs()[run])
    if case.is_long():
        assert digest(got) == ABOUT_FILLS["digests"][case.name][run]


def test_the_data_have_what_they_should():
    found = {(case.kind, case.dtype.name) for case in drawn("uniform", "normal", "truncated_normal", "bernoulli")}
    assert found == {
        (kind, dtype)
        for kind in ("uniform", "normal", "truncated_normal", "bernoulli")
        for dtype in ("float32", "float64", "float16", "bfloat16")
    }
    seeds = {part for case in drawn("normal") for part in case.seed}
    assert {0, 1, 2**31, 2**63 - 1} <= seeds
    assert min(seeds) < 0
    for kind in ("uniform", "normal", "truncated_normal", "uniform_int", "bernoulli", "permutation"):
        assert {0, 1, 3, 4, 5, 1023, 1_000_003} <= {case.shape[0] for case in drawn(kind)}
    assert ABOUT_FILLS["runs"] == 3


@pytest.mark.parametrize("case", drawn("uniform", "uniform_int", "bernoulli"), ids=lambda case: case.name)
def test_a_uniform_fill_its_later_runs_and_what_is_made_of_it_are_tensorflows_bit_for_bit(case):
    for run in range(ABOUT_FILLS["runs"]):
        is_exactly(filled(case, run), case, run)


# Of samples before they are scaled. The 16-bit types round what is made in float32, so that the few samples that lie
# within 1e-6 of the middle between two of their numbers may fall to the other one.
SAMPLE_ERROR = {"float32": 1e-6, "float64": 1e-15}


def step(values):
    """The distance of each value's neighbours in its dtype."""
    return float(ml_dtypes.finfo(values.dtype).eps) * np.maximum(np.abs(values.astype(np.float64)), 2.0**-14)


def is_nearly(out, case, run):
    """Every sample that is kept within its dtype's bound, and the sums of a long run."""
    _, stddev = case.parameters or (0, 1)
    expected, got = case.runs()[run], out[case.kept()]
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    off = np.abs(got.astype(np.float64) - expected.astype(np.float64))
    if case.dtype.name in SAMPLE_ERROR:
        rounding = step(expected) if case.parameters else 0
        assert np.all(off <= SAMPLE_ERROR[case.dtype.name] * stddev + rounding)
    else:
        assert np.all(off <= step(expected) * (1 + bool(case.parameters)))
        assert np.count_nonzero(off) <= 0.01 * off.size + 1
    if case.is_long():
        wide = out.astype(np.float64)
        sums = np.array([wide.sum(), (wide * wide).sum()])
        # Errors cancel but for a few near the middle between two numbers; a sample of another place would show.
        near_ties = 3 * float(ml_dtypes.finfo(case.dtype).eps) * np.array([2, 16])
        error = (1e-15 if case.dtype == np.float64 else 1e-8) * wide.size
        assert np.all(np.abs(sums - ABOUT_FILLS["sums"][case.name][run]) <= error + near_ties)


@pytest.mark.parametrize("case", drawn("normal", "truncated_normal"), ids=lambda case: case.name)
def test_a_normal_fill_and_its_later_runs_are_tensorflows(case):
    for run in range(ABOUT_FILLS["runs"]):
        is_nearly(filled(case, run), case, run)


# Where this seed has a uniform sample below 1e-7 for a radius, and what TensorFlow draws there (of 40 million).
FARTHEST = {"float32": (32590020, (-1.5330015, -5.466818)), "float64": (8947176, (3.66515172, -4.3362258))}


@pytest.mark.parametrize("dtype", FARTHEST)
def test_no_sample_lies_farther_out_than_tensorflows_smallest_uniform_allows(dtype):
    place, expected = FARTHEST[dtype]
    pair = np.empty(2, dtype)
    kernels.normal(pair, SEED, offset=place)
    assert np.all(np.abs(pair - expected) <= 5e-7)  # as printed
    assert abs(np.hypot(*pair) - np.sqrt(-2 * np.log(1e-7))) <= (1e-6 if dtype == "float32" else 1e-14)


def pairs_swapped(out):
    return out[: out.size & ~1].reshape(-1, 2)[:, ::-1].ravel().tolist() + out[out.size & ~1 :].tolist()


def one_block_repeated(out):
    out[28:32] = out[24:28]
    return out


def one_sample_not_a_number(out):
    out[5] = np.nan
    return out


SPOILT = {
    "sine and cosine swapped": pairs_swapped,
    "a deviation off by two percent": lambda out: out * out.dtype.type(1.02),
    "a block repeated": one_block_repeated,
    "one place further on": lambda out: np.roll(out, 1),
    "a sample that is no number": one_sample_not_a_number,
}


@pytest.mark.parametrize("what", SPOILT)
@pytest.mark.parametrize("dtype", ("float32", "float64", "float16", "bfloat16"))
@pytest.mark.parametrize("kind", ("normal", "truncated_normal"))
def test_the_comparison_of_normals_sees(kind, dtype, what):
    name = f"{kind}/{dtype}//{SEED[0]},{SEED[1]}/67"
    (case,) = (case for case in drawn(kind) if case.name == name)
    out = filled(case, 1)
    is_nearly(out, case, 1)
    with pytest.raises(AssertionError):
        is_nearly(np.array(SPOILT[what](out), out.dtype), case, 1)


@pytest.mark.parametrize("dtype", ("float32", "float64", "float16", "bfloat16"))
def test_the_comparison_of_a_million_normals_sees_one_that_is_not_kept(dtype):
    name = f"normal/{dtype}//{SEED[0]},{SEED[1]}/1000003"
    (case,) = (case for case in drawn("normal") if case.name == name)
    out = filled(case, 0)
    place = next(i for i in range(500_000, out.size) if i not in set(case.kept().tolist()) and abs(out[i]) > 1)
    out[place] = 0
    with pytest.raises(AssertionError):
        is_nearly(out, case, 0)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("case", drawn("permutation"), ids=lambda case: case.name)
def test_permutations_are_those_of_random_shuffle(case, dtype):
    for run in range(ABOUT_FILLS["runs"]):
        got = filled(case, run, dtype)
        assert got.dtype == dtype
        is_exactly(got.astype(np.int32), case, run)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("case", drawn("multinomial"), ids=lambda case: case.name)
def test_multinomial_draws_tensorflows_classes_and_never_one_that_is_not_finite(case, dtype):
    batch, count = case.shape
    logits = multinomial_logits()[:batch]
    assert batch < 5 or not np.all(np.isfinite(logits))
    for run in range(ABOUT_FILLS["runs"]):
        offset = run * philox.reserved_multinomial(batch, count)
        got = kernels.multinomial(logits, count, case.seed, dtype=dtype, offset=offset)
        assert got.dtype == dtype
        is_exactly(got.astype(np.int32), case, run)


@pytest.mark.parametrize("case", cases("orthogonal", depth=0))
def test_orthogonal_matrices_are_tensorflows(case):
    _, shape, gain = case.split("/")
    out = np.empty([int(size) for size in shape.split(",")], np.float32)
    kernels.orthogonal(out, SEED, gain=float(gain))
    close(out, golden(case), 1e-5)
