"""The random fills: the same for every split, layout and number of threads; their scalar functions."""

import itertools

import numpy as np
import pytest
from filling import EVERY_FILL, FLOAT_FILLS, SEED, draw
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_golden import DTYPES, close, same_bits

from scopeflow import kernels
from scopeflow.kernels import naive, philox
from scopeflow.kernels.cpu import drawing, threads
from scopeflow.kernels.cpu import random as cpu_random

# --- Seeds, classes, matrices -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype,tolerance", [("float32", 1e-6), ("float64", 1e-14), ("float16", 2e-3), ("bfloat16", 2e-2)]
)
@pytest.mark.parametrize("shape", [(300, 200), (64, 64), (20, 90), (3, 3, 5, 30)])
def test_the_shorter_side_of_an_orthogonal_matrix_is_orthonormal_times_the_gain(shape, dtype, tolerance):
    out = np.empty(shape, DTYPES[dtype])
    kernels.orthogonal(out, SEED, gain=2.0)
    flat = out.astype(np.float64).reshape(-1, shape[-1]) / 2
    gram = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
    assert np.abs(gram - np.eye(len(gram))).max() <= tolerance


def test_multinomial_never_draws_a_class_without_weight_even_at_zero(monkeypatch):
    monkeypatch.setattr(cpu_random, "uniform", lambda out, seed, offset: out.fill(0))
    logits = np.array([[-np.inf, np.nan, 0.0, 1.0]])
    np.testing.assert_array_equal(kernels.multinomial(logits, 3, SEED), [[2, 2, 2]])


def test_an_integer_seed_stands_for_the_default_graph_seed_and_itself():
    same_bits(draw("normal", "float32", 50, seed=7), draw("normal", "float32", 50, seed=(87654321, 7)))
    same_bits(draw("normal", "float32", 50, seed=np.int64(7)), draw("normal", "float32", 50, seed=7))


def test_every_bit_of_both_seeds_changes_the_stream():
    base = draw("uniform_int", "int64", 4, (0, 0))
    for bit in range(64):
        for seed in ((1 << bit, 0), (0, 1 << bit)):
            assert not np.any(draw("uniform_int", "int64", 4, seed) == base)


# --- The same for every split, layout and number of threads -----------------------------------------------------------


@pytest.mark.parametrize("kind,dtype", EVERY_FILL)
def test_a_fill_in_seven_pieces_is_the_whole_fill(kind, dtype):
    whole = draw(kind, dtype, 9001, offset=5)
    bounds = [0, 1, 2, 1000, 3001, 3004, 8999, 9001]
    pieces = [draw(kind, dtype, end - begin, offset=5 + begin) for begin, end in itertools.pairwise(bounds)]
    same_bits(np.concatenate(pieces), whole)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(EVERY_FILL), st.integers(0, 5000), st.integers(0, 40))
def test_an_element_depends_on_seed_and_place_alone(fill, offset, count):
    whole = draw(*fill, 5040)
    same_bits(draw(*fill, count, offset=offset), whole[offset : offset + count])


@pytest.mark.parametrize("kind,dtype", EVERY_FILL)
def test_threads_change_nothing(kind, dtype, monkeypatch):
    alone = draw(kind, dtype, 10_007)
    monkeypatch.setattr(drawing, "PIECE", 1000)
    monkeypatch.setattr(threads, "count", lambda: 7)
    same_bits(draw(kind, dtype, 10_007), alone)


LAYOUTS = {
    "transposed": lambda a: a.T,
    "reversed": lambda a: a[::-1, ::-1],
    "every second column": lambda a: a[:, ::2],
    "a column": lambda a: a[:, 1],
    "Fortran's order": lambda a: np.asfortranarray(a),
    "one element, no dimension": lambda a: a[0, 0:1].reshape(()),
    "empty": lambda a: a[:0],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind,dtype", EVERY_FILL)
def test_any_layout_is_filled_in_c_order_and_nothing_beside_it(layout, kind, dtype):
    base = np.zeros((6, 8), DTYPES.get(dtype, dtype))
    out = LAYOUTS[layout](base)
    arguments = (-1000, 1_000_003) if kind == "uniform_int" else ()
    getattr(kernels, kind)(out, SEED, *arguments)
    same_bits(np.ascontiguousarray(out).reshape(out.shape), draw(kind, dtype, out.shape))
    out[...] = 0
    assert not np.any(base)


@pytest.mark.parametrize("offset", range(6))
def test_a_permutation_may_begin_within_a_block(offset):
    out = np.empty(11, np.int64)
    kernels.permutation(out, SEED, offset=offset)
    same_bits(out, naive.permutation(11, SEED, offset))


@pytest.mark.parametrize("dtype,samples,count", [("float32", 4, 2_000_000), ("float64", 2, 200_000)])
def test_groups_of_the_truncated_normal_that_need_a_third_block_get_it(dtype, samples, count):
    """The fill draws first and second blocks side by side; one by one, as a group's own function does, is the rule."""
    import numba

    from scopeflow.kernels.cpu.compiled import scalar

    group = getattr(scalar, f"truncated_group_{dtype}")

    @numba.njit
    def one_by_one(values, k0, k1, c2, c3):
        for j in range(values.size // samples):
            kept = group(np.uint64(64 * samples * j), k0, k1, c2, c3)
            for i in range(samples):
                values[samples * j + i] = kept[i]

    expected = np.empty(count, dtype)
    one_by_one(expected, *philox.seed_words(SEED))
    assert np.all(np.abs(expected) < 2)
    same_bits(draw("truncated_normal", dtype, count), expected)


@pytest.mark.parametrize("group,block,place", [(11097856, 0, 3), (16712130, 0, 2), (56138095, 0, 0), (584075666, 1, 0)])
def test_a_sample_of_exactly_two_deviations_is_drawn_again(group, block, place):
    """Found by a search: each has one in its first block, or in its second where that is needed."""
    raw = draw("normal", "float32", 4, offset=4 * (256 * group + block))
    assert abs(raw[place]) == 2
    kept = draw("truncated_normal", "float32", 4, offset=4 * group)
    assert np.all(np.abs(kept) < 2)
    same_bits(np.array(philox.truncated_group_float32(np.uint64(256 * group), *philox.seed_words(SEED))), kept)


def test_a_permutation_fills_a_strided_array():
    base = np.full(20, -1)
    kernels.permutation(base[::2], SEED)
    assert sorted(base[::2]) == list(range(10))
    assert np.all(base[1::2] == -1)


def test_the_ends_of_the_stream_and_of_the_integers_can_be_drawn():
    for kind, end in (("normal", 2**62), ("truncated_normal", 2**56)):
        last = draw(kind, "float32", 4, offset=end - 4)
        block = (end - 4) // 4 if kind == "normal" else (end - 4) * 64
        expected = naive._normals(naive.words(SEED, block), wide=False)
        if kind == "normal" or max(map(abs, expected)) < 2:
            close(last, np.float32(expected), 1e-6)
        with pytest.raises(ValueError, match="lies outside the stream"):
            draw(kind, "float32", 4, offset=end - 3)
    out = np.empty(100, np.int64)
    kernels.uniform_int(out, 1, 2**63 - 1, 2**63)
    assert np.all(out == 2**63 - 1)
    kernels.uniform_int(out, 1, -(2**63), -(2**63) + 1)
    assert np.all(out == -(2**63))


# --- Arrays that the cache does not hold: whole lines of it are stored past it ----------------------------------------

PAST_CACHE, LINE = 1 << 24, 64


@pytest.fixture
def one_thread(monkeypatch):
    """The whole of an array is one piece of work."""
    monkeypatch.setattr(threads, "count", lambda: 1)


def in_small_pieces(kind, dtype, count, offset):
    """The same samples, in pieces that stay in the cache and end within blocks."""
    piece = PAST_CACHE // 16 // np.dtype(DTYPES.get(dtype, dtype)).itemsize + 3
    bounds = [*range(0, count, piece), count]
    return np.concatenate(
        [draw(kind, dtype, end - begin, offset=offset + begin) for begin, end in itertools.pairwise(bounds)]
    )


def fill_between_guards(kind, dtype, count, bytes_before, offset):
    """Fills `count` elements that begin so many bytes after a line does; nothing beside them may change."""
    dtype = np.dtype(DTYPES.get(dtype, dtype))
    memory = np.full(count * dtype.itemsize + 3 * LINE, 0x5A, np.uint8)
    begin = -memory.ctypes.data % LINE + bytes_before
    end = begin + count * dtype.itemsize
    out = memory[begin:end].view(dtype)
    assert out.ctypes.data % LINE == bytes_before
    arguments = (-1000, 1_000_003) if kind == "uniform_int" else ()
    getattr(kernels, kind)(out, SEED, *arguments, offset=offset)
    assert np.all(memory[:begin] == 0x5A)
    assert np.all(memory[end:] == 0x5A)
    return out


@pytest.mark.parametrize(
    "kind,dtype,lines,elements",
    [(*fill, 700, 5) for fill in EVERY_FILL]
    + [("uniform", dtype, *size) for dtype in DTYPES for size in ((0, 0), (0, 1), (1, -1))],
)
def test_a_fill_past_the_cache_is_the_same_in_small_pieces(kind, dtype, lines, elements, one_thread):
    itemsize = np.dtype(DTYPES.get(dtype, dtype)).itemsize
    count = (PAST_CACHE + lines * LINE) // itemsize + elements
    expected = in_small_pieces(kind, dtype, count, offset=elements + 1)
    same_bits(fill_between_guards(kind, dtype, count, 0, elements + 1), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("elements_before,offset", [(1, 0), (3, 1), (-1, 2), (-2, 3)])
def test_a_fill_past_the_cache_may_begin_anywhere_in_a_line(dtype, elements_before, offset, one_thread):
    itemsize = DTYPES[dtype].itemsize
    count = PAST_CACHE // itemsize + 11
    got = fill_between_guards("uniform", dtype, count, elements_before * itemsize % LINE, offset)
    same_bits(got, in_small_pieces("uniform", dtype, count, offset))


@pytest.mark.parametrize("dtype,bytes_before", [("float32", 2), ("float64", 4), ("float16", 1), ("bfloat16", 63)])
def test_a_fill_past_the_cache_whose_elements_are_not_aligned_is_the_same(dtype, bytes_before, one_thread):
    count = PAST_CACHE // DTYPES[dtype].itemsize + 5
    got = fill_between_guards("normal", dtype, count, bytes_before, 2)
    same_bits(np.array(got), in_small_pieces("normal", dtype, count, 2))


@pytest.mark.parametrize(
    "kind,dtype", [("truncated_normal", "float32"), ("normal", "bfloat16"), ("uniform_int", "int64")]
)
def test_threads_change_nothing_past_the_cache(kind, dtype, monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: 3)
    itemsize = np.dtype(DTYPES.get(dtype, dtype)).itemsize
    count = 3 * (PAST_CACHE // itemsize + 7) + 2
    same_bits(fill_between_guards(kind, dtype, count, itemsize, 1), in_small_pieces(kind, dtype, count, 1))


def test_the_size_from_which_fills_pass_the_cache_is_the_one_that_is_tested_here():
    from scopeflow.kernels import intrinsics
    from scopeflow.kernels.cpu import compiled

    assert (compiled.PAST_CACHE, intrinsics.LINE) == (PAST_CACHE, LINE)


# --- The scalar functions ---------------------------------------------------------------------------------------------


def test_philox_gives_the_known_answers_in_plain_python():
    from scopeflow.kernels.selfcheck import KNOWN_ANSWERS

    for counter, key, expected in KNOWN_ANSWERS:
        words = philox.philox_block(*(np.uint64(word) for word in (*counter, *key)))
        assert tuple(int(word) for word in words) == expected
        assert all(isinstance(word, np.uint32) for word in words)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", FLOAT_FILLS)
def test_the_functions_are_the_same_bits_in_plain_python_as_compiled(kind, dtype):
    wide = "float64" if dtype == "float64" else "float32"
    lanes, k = philox.lanes(DTYPES[dtype]), philox.seed_words(SEED)
    expected = np.empty(12, wide)
    for group in range(12 // lanes):
        at = slice(group * lanes, (group + 1) * lanes)
        if kind == "truncated_normal":
            block = np.uint64(group * lanes * philox.BLOCKS_PER_TRUNCATED)
            expected[at] = getattr(philox, f"truncated_group_{wide}")(block, *k)
        else:
            make = philox.__dict__[f"uniform_block_{dtype}" if kind == "uniform" else f"normal_block_{wide}"]
            expected[at] = make(*philox.stream_block(np.uint64(group), *k))
    same_bits(draw(kind, dtype, 12), expected.astype(DTYPES[dtype]))


def ulps(got, exact):
    """The greatest difference in steps of got's dtype; `exact` is wider."""
    return np.max(np.abs(got.astype(exact.dtype) - exact) / np.spacing(np.abs(exact).astype(got.dtype)))


def applied(name, values, part=None):
    """The compiled scalar function of this name (its result number `part`) for each of the values."""
    import numba

    from scopeflow.kernels.cpu.compiled import scalar

    function = getattr(scalar, name)
    kind = values.dtype.name
    call = (lambda x: function(x)) if part is None else (lambda x: function(x)[part])
    return numba.vectorize([f"{kind}({kind})"])(call)(values)


EVERY_UNIFORM = np.arange(2**23, dtype=np.float32) * np.float32(2**-23)
EVERY_ANGLE = (2 * np.pi * EVERY_UNIFORM.astype(np.float64)).astype(np.float32)


def test_the_angle_is_tensorflows_float64_product_rounded_for_every_draw():
    same_bits(applied("angle_float32", EVERY_UNIFORM), EVERY_ANGLE)


def test_the_logarithm_is_as_exact_as_it_says_for_every_draw():
    u = np.maximum(EVERY_UNIFORM, np.float32(1e-7))
    assert ulps(applied("log_float32", u), np.log(u.astype(np.float64))) <= 0.85


def test_sine_and_cosine_are_as_exact_as_they_say_for_every_draw():
    for part, exact in enumerate((np.sin, np.cos)):
        assert ulps(applied("sin_cos_float32", EVERY_ANGLE, part), exact(EVERY_ANGLE.astype(np.float64))) <= 1.43


# Where long double is no wider than double, the reference is off by half a step and more of its own.
REFERENCE_ULPS = 0 if np.finfo(np.longdouble).nmant > 52 else 1


def test_the_float64_logarithm_is_as_exact_as_it_says():
    rng = np.random.default_rng(0)
    draws = rng.integers(0, 2**52, 2_000_000) * 2.0**-52
    near_one = 1 - rng.integers(1, 2**30, 500_000) * 2.0**-52
    x = np.maximum(np.concatenate([draws, near_one, 2.0 ** -np.arange(1, 24)]), 1e-7)
    assert ulps(applied("log_float64", x), np.log(x.astype(np.longdouble))) <= 0.8 + REFERENCE_ULPS


def test_float64_sine_and_cosine_are_as_exact_as_they_say():
    rng = np.random.default_rng(0)
    draws = 2 * np.pi * (rng.integers(0, 2**52, 2_000_000) * 2.0**-52)
    quarter_turns = (np.pi / 2 * np.arange(5)[:, None] * (1 + np.arange(-1000, 1001) * 2.0**-52)).ravel()
    angle = np.concatenate([draws, np.minimum(quarter_turns, 2 * np.pi)])
    for part, exact in enumerate((np.sin, np.cos)):
        got = applied("sin_cos_float64", angle, part)
        assert ulps(got, exact(angle.astype(np.longdouble))) <= 1.45 + REFERENCE_ULPS


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_plain_fma_rounds_once_as_the_compiled_one_does(dtype):
    import numba

    from scopeflow.kernels import intrinsics

    compiled = numba.njit(lambda a, b, c: intrinsics.fma(a, b, c))
    rng = np.random.default_rng(1)
    twice = 0
    for _ in range(2000):
        a, b = rng.standard_normal(2).astype(dtype)
        nearly_cancelled = dtype(-a * b * dtype(1 + rng.integers(-2, 3) * 2.0**-20))
        for c in (
            nearly_cancelled,
            dtype(rng.standard_normal() * 10.0 ** rng.integers(-30, 5)),
            dtype(-a * b),
            dtype(0),
        ):
            same_bits(np.array(philox.fma(a, b, c)), np.array(compiled(a, b, c), dtype))
            twice += philox.fma(a, b, c) != a * b + c
    assert twice > 2000
    # Their product lies halfway between two float32, and the third decides: in float64 it would be lost.
    a, c = np.float32(1 + 2**-12), np.float32(2**-60)
    assert philox.fma(a, a, c) == np.float32(1 + 2**-11 + 2**-23)
    assert philox.fma(a, a, -c) == np.float32(1 + 2**-11)


def edges_of_float16():
    """Every float16, the float32 halfway to the next, and the neighbours of both."""
    values = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    halfway = (values[:-1] + values[1:]) / 2
    middle = np.concatenate([values, halfway, np.float32([65519.99, 65520, 1e30, np.inf, 1e-30])])
    both = np.concatenate([middle, np.nextafter(middle, np.float32(np.inf)), np.nextafter(middle, np.float32(0))])
    return np.concatenate([both, -both])


def edges_of_bfloat16():
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 0x7F80, 20_000, dtype=np.uint32) << 16
    near = np.concatenate([bits + low for low in (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF)]).astype(np.uint32)
    both = np.concatenate([near.view(np.float32), np.float32([0, np.inf, 3.4e38])])
    return np.concatenate([both, -both])


@pytest.mark.parametrize("dtype,edges", [("float16", edges_of_float16), ("bfloat16", edges_of_bfloat16)])
def test_rounding_to_16_bits_is_that_of_the_type(dtype, edges):
    import numba

    from scopeflow.kernels.cpu.compiled import scalar

    rounded, bits_of = getattr(scalar, f"round_to_{dtype}"), getattr(scalar, f"{dtype}_bits")
    values = edges()
    with np.errstate(over="ignore"):
        expected = values.astype(DTYPES[dtype])
    same_bits(numba.vectorize(["float32(float32)"])(lambda x: rounded(x))(values), expected.astype(np.float32))
    got = numba.vectorize(["uint16(float32)"])(lambda x: bits_of(rounded(x)))(values)
    same_bits(got, expected.view(np.uint16))
