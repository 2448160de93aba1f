"""The machine that runs CUDA sources on the CPU: what its instructions compute, and that it notices what is wrong."""

from pathlib import Path
from typing import NamedTuple

import ml_dtypes
import numpy as np
import pytest
from cuda_on_cpu import HostLauncher, KernelError, compiler, launcher

pytestmark = pytest.mark.skipif(compiler() is None, reason="no g++")

PROBES = Path(launcher.__file__).parent


class Launch(NamedTuple):
    """As kernels/cuda/launching.py has it."""

    source: str
    kernel: str
    defines: tuple
    grid: tuple
    block: tuple
    shared_bytes: int
    arguments: tuple


def run(kernel, *arguments, block=1, grid=1, shared=0, seed=None, architecture=80):
    probe = Launch("probes.cu", kernel, (), (grid,), (block,), shared, arguments)
    HostLauncher(architecture, seed=seed, sources=PROBES).launch(probe)


def int32(n):
    return np.int32(n)


# --- Fragments --------------------------------------------------------------------------------------------------------
# Where lane and register stand in a matrix, as CuTe writes it: digits of the lane and of the register's elements, each
# with its stride in the matrix stored column after column (CUTLASS, include/cute/atom/mma_traits_sm80.hpp).


def places(lane_digits, element_digits, rows, elements):
    """[32, elements, 2]: the (row, column) of each."""

    def walk(number, digits):
        place = 0
        for size, stride in digits:
            place, number = place + number % size * stride, number // size
        return place

    flat = [[walk(lane, lane_digits) + walk(e, element_digits) for e in range(elements)] for lane in range(32)]
    return np.stack([np.array(flat) % rows, np.array(flat) // rows], axis=-1)


LAYOUTS = {  # A as [M, K], B as [N, K], D as [M, N]
    "tf32": (
        places([(4, 16), (8, 1)], [(2, 8), (2, 64)], 16, 4),
        places([(4, 8), (8, 1)], [(2, 32)], 8, 2),
        places([(4, 32), (8, 1)], [(2, 16), (2, 8)], 16, 4),
    ),
    "f16": (
        places([(4, 32), (8, 1)], [(2, 16), (2, 8), (2, 128)], 16, 8),
        places([(4, 16), (8, 1)], [(2, 8), (2, 64)], 8, 4),
        places([(4, 32), (8, 1)], [(2, 16), (2, 8)], 16, 4),
    ),
    "f64": (
        places([(4, 8), (8, 1)], [], 8, 1),
        places([(4, 8), (8, 1)], [], 8, 1),
        places([(4, 16), (8, 1)], [(2, 8)], 8, 2),
    ),
}
LAYOUTS["bf16"] = LAYOUTS["f16"]
SHAPES = {"tf32": (16, 8, 8), "f16": (16, 8, 16), "bf16": (16, 8, 16), "f64": (8, 8, 4)}  # M, N, K
INPUTS = {"tf32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16, "f64": np.float64}


def multiply(kind, a, b, d, seed=None):
    """d [M, N] + a [M, K] b [K, N] by one mma; all are put into fragments and fetched from there by LAYOUTS."""
    of_a, of_b, of_d = LAYOUTS[kind]
    register = np.float64 if kind == "f64" else np.uint32

    def fragments(matrix, of):
        return np.ascontiguousarray(matrix.astype(INPUTS[kind])[of[..., 0], of[..., 1]]).view(register)

    d = np.ascontiguousarray(d.astype(np.float64 if kind == "f64" else np.float32))
    dd = np.ascontiguousarray(d[of_d[..., 0], of_d[..., 1]])
    run(f"mma_{kind}", dd, fragments(a, of_a), fragments(b.T, of_b), block=32, seed=seed)
    result = np.full_like(d, np.nan)
    result[of_d[..., 0], of_d[..., 1]] = dd
    return result


@pytest.mark.parametrize("kind", LAYOUTS)
@pytest.mark.parametrize("seed", [None, 1])
def test_mma_multiplies_matrices_laid_out_as_cute_states_it(kind, seed):
    m, n, k = SHAPES[kind]
    random = np.random.default_rng(3)
    a, b, d = (random.integers(-8, 9, shape) / 4 for shape in ((m, k), (k, n), (m, n)))
    assert np.array_equal(multiply(kind, a, b, d, seed), d + a @ b)  # exact: few bits


@pytest.mark.parametrize("kind", ["tf32", "f16", "bf16"])
@pytest.mark.parametrize("sign", [1, -1])
def test_mma_cuts_the_sum_towards_zero(kind, sign):
    m, n, k = SHAPES[kind]
    a, b, d = np.zeros((m, k)), np.zeros((k, n)), np.full((m, n), sign * 1.0)
    a[:, 0], b[0] = sign * 1.75 * 2.0**-12, 2.0**-12  # 0.875 of the last place of 1
    assert np.array_equal(multiply(kind, a, b, d), d)
    assert np.array_equal(multiply(kind, -a, b, d), np.full((m, n), sign * (1 - 2.0**-23)))


def test_mma_of_float64_rounds_once_a_product():
    a, b, d = np.zeros((8, 4)), np.zeros((4, 8)), np.full((8, 8), -1.0)
    a[:, 0], b[0] = 1 + 2.0**-30, 1 - 2.0**-30  # the product's last bit, 2**-60, is lost without a fused sum
    assert np.array_equal(multiply("f64", a, b, d), np.full((8, 8), -(2.0**-60)))


def test_mma_ignores_the_low_13_bits_of_tf32():
    random = np.random.default_rng(4)
    a, b = (random.integers(-8, 9, shape).astype(np.float32) for shape in ((16, 8), (8, 8)))
    dirty = [(matrix.view(np.uint32) | 0x1FFF).view(np.float32) for matrix in (a, b)]
    dirty = [np.where(clean == 0, clean, one) for clean, one in zip((a, b), dirty, strict=True)]
    assert np.array_equal(multiply("tf32", *dirty, np.zeros((16, 8))), a @ b)


@pytest.mark.parametrize("kind", ["tf32", "f16", "bf16", "f64"])
def test_mma_passes_infinities_and_nan_on(kind):
    m, n, k = SHAPES[kind]
    a, b, d = np.ones((m, k)), np.ones((k, n)), np.zeros((m, n))
    a[0, 0], a[1, 1], b[2, 3] = np.inf, np.nan, -np.inf
    with np.errstate(invalid="ignore"):
        expected = a @ b
    assert np.array_equal(multiply(kind, a, b, d), expected, equal_nan=True)
    assert np.isnan(expected[0, 3]) and expected[0, 0] == np.inf and np.isnan(expected[1]).all()


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("transposed", [False, True])
def test_ldmatrix_gives_neighbours_in_a_row_or_in_a_column(count, transposed):
    rows = np.arange(32 * 8, dtype=np.uint16).reshape(4, 8, 8)  # matrix, row, column
    registers = np.zeros((32, count), np.uint32)
    run(f"ldmatrix_{count}{'t' if transposed else ''}", registers, rows, int32(0), block=32, shared=512)
    for lane, i in np.ndindex(32, count):
        matrix = rows[i].T if transposed else rows[i]
        low, high = matrix[lane // 4, lane % 4 * 2 : lane % 4 * 2 + 2]
        assert registers[lane, i] == int(low) | int(high) << 16


def test_ldmatrix_of_a_misaligned_row_and_of_one_past_the_end_are_reported():
    registers, rows = np.zeros((32, 2), np.uint32), np.zeros((32, 8), np.uint16)
    with pytest.raises(KernelError, match="ldmatrix from the misaligned address"):
        run("ldmatrix_2", registers, rows, int32(2), block=32, shared=1024)
    with pytest.raises(KernelError, match="ldmatrix 512 bytes past the begin of 512 bytes of shared memory"):
        run("ldmatrix_2", registers, rows, int32(512), block=32, shared=512)


# --- Conversions ------------------------------------------------------------------------------------------------------


def converted(x):
    tf32, f16, back = np.zeros(x.size, np.uint32), np.zeros(x.size, np.uint16), np.zeros(x.size, np.float32)
    run("convert", x, int32(x.size), tf32, f16, back, block=32)
    return tf32, f16.view(np.float16), back


def test_tf32_is_rounded_to_nearest_and_ties_go_away_from_zero():
    random = np.random.default_rng(5)
    x = random.integers(0, 2**32, 20000, dtype=np.uint32).view(np.float32)
    x = x[np.isfinite(x) & (np.abs(x) < 3.4e38) & (np.abs(x) > 1e-37)]
    ties = ((x.view(np.uint32) & 0xFFFFE000) | 0x1000).view(np.float32)
    for values in (x, ties):
        mantissa, exponent = np.frexp(values.astype(np.float64))
        units = np.abs(mantissa) * 2**11
        expected = np.copysign(np.ldexp(np.floor(units + 0.5), exponent - 11), values)
        assert np.array_equal(converted(values)[0].view(np.float32), expected)
    specials = np.array([0x7F800000, 0xFF800000, 0, 0x80000000, 0x7F800001, 0xFFC00000], np.uint32)
    canonical_nan = 0x7FFFFFFF
    assert list(converted(specials.view(np.float32))[0]) == [*specials[:4], canonical_nan, canonical_nan]


def test_float16_is_rounded_as_numpy_rounds_it():
    random = np.random.default_rng(6)
    every = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)
    finite = np.unique(every[np.isfinite(every)])
    between = np.concatenate([(finite[:-1] + finite[1:]) / 2, np.array([65519.99, 65520, 1e-8, 2.0**-25], np.float32)])
    x = np.concatenate([every, between, random.normal(size=5000).astype(np.float32) * 1e-4])
    with np.errstate(over="ignore"):
        expected = x.astype(np.float16)
    _, f16, back = converted(x)
    assert np.array_equal(f16, expected, equal_nan=True)
    assert np.array_equal(np.signbit(f16[~np.isnan(x)]), np.signbit(expected[~np.isnan(x)]))
    assert np.array_equal(back, expected.astype(np.float32), equal_nan=True)


# --- Copies in flight -------------------------------------------------------------------------------------------------

WORDS = np.arange(100, 108, dtype=np.uint32)
NAN = 0xFFFFFFFF


def test_a_copy_that_is_not_awaited_reads_as_nan_and_one_that_is_not_present_as_zero():
    seen = np.zeros(8, np.uint32)
    run("groups_all", WORDS, seen, int32(8), int32(0), shared=32)
    assert np.array_equal(seen, WORDS)
    run("groups_but_2", WORDS, seen, int32(8), int32(0), shared=32)
    assert np.array_equal(seen, [*WORDS[:6], NAN, NAN])
    run("groups_but_2", WORDS, seen, int32(8), int32(1), shared=32)
    assert np.array_equal(seen, [100, 0, 102, 0, 104, 0, NAN, NAN])


@pytest.mark.parametrize(
    "begin,to,shared,message",
    [
        (0, 0, 16, None),
        (4, 4, 32, None),
        (1, 0, 16, "from the misaligned address"),
        (0, 2, 32, "to the misaligned address"),
        (8, 0, 16, "cp.async of 16 bytes from outside every array"),
        (-4, 0, 16, "cp.async of 16 bytes from outside every array"),
        (0, 4, 16, "cp.async to 16 bytes past the begin of 16 bytes of shared memory"),
        (0, -4, 16, "cp.async to -16 bytes past the begin"),
    ],
)
def test_a_copy_of_the_wrong_place_is_reported(begin, to, shared, message):
    seen = np.zeros(4, np.uint32)
    arguments = (WORDS, seen, int32(begin), int32(to), int32(1))
    if message is None:
        run("copy_16", *arguments, shared=shared)
        assert np.array_equal(seen, WORDS[begin : begin + 4])
    else:
        with pytest.raises(KernelError, match=message):
            run("copy_16", *arguments, shared=shared)


def test_a_copy_of_a_vector_that_ends_behind_the_array_is_reported_though_it_begins_inside():
    with pytest.raises(KernelError, match="from outside every array"):
        run("copy_16", WORDS[:6], np.zeros(4, np.uint32), int32(4), int32(0), int32(1), shared=16)


def test_a_copy_that_is_not_present_reads_nothing():
    seen = np.full(4, 5, np.uint32)
    run("copy_16", WORDS[:0], seen, int32(0), int32(0), int32(0), shared=16)
    assert np.array_equal(seen, [0] * 4)


# --- Plain accesses ---------------------------------------------------------------------------------------------------


def test_arrays_end_at_a_page_that_nobody_may_touch():
    x, y = np.arange(8, dtype=np.float32), np.zeros(4, np.float32)
    run("read_at", x, y, int32(7))
    assert y[0] == 7
    with pytest.raises(
        KernelError, match=r"read_at: memory fault 0 bytes past the end of an array of 32 bytes \[block \("
    ):
        run("read_at", x, y, int32(8))
    with pytest.raises(KernelError, match="memory fault 4 bytes past the end"):
        run("write_at", y, int32(5))
    with pytest.raises(KernelError, match="memory fault"):
        run("read_at", x, y, int32(-1024))
    with pytest.raises(KernelError, match="memory fault"):
        run("read_at", x[:0], y, int32(0))
    with pytest.raises(KernelError, match="memory fault"):
        run("read_at", np.uint64(0), y, int32(0))


def test_what_is_read_just_behind_or_before_an_array_of_odd_size_is_nan_and_what_is_written_is_reported():
    y = np.zeros(1, np.float32)
    run("read_at", np.zeros(7, np.float32), y, int32(7))
    assert np.isnan(y[0])
    run("read_at", np.zeros(7, np.float32), y, int32(-1))
    assert np.isnan(y[0])
    for at in (7, -1):
        with pytest.raises(KernelError, match="wrote outside an array"):
            run("write_at", np.zeros(7, np.float32), int32(at))


def test_writing_into_a_read_only_array_is_reported():
    y = np.zeros(4, np.float32)
    y.flags.writeable = False
    with pytest.raises(KernelError, match="read-only"):
        run("write_at", y, int32(0))


def test_a_misaligned_vector_traps_and_the_alignment_is_that_of_the_array():
    memory, y = np.arange(16, dtype=np.float32), np.zeros(4, np.float32)
    run("read_vector_at", memory, y, int32(4))
    assert np.array_equal(y, [4, 5, 6, 7])
    for array, at in ((memory, 1), (memory[1:], 0), (memory[2:], 4)):
        with pytest.raises(KernelError, match="misaligned"):
            run("read_vector_at", array, y, int32(at))
    run("read_vector_at", memory[1:], y, int32(3))
    assert np.array_equal(y, [4, 5, 6, 7])


def test_an_index_outside_an_array_of_registers_traps():
    y = np.zeros(1, np.float32)
    run("read_register", y, int32(2))
    assert y[0] == 4
    for at in (4, -1):
        with pytest.raises(KernelError, match="index outside a fixed-size array"):
            run("read_register", y, int32(at))


def test_shared_memory_begins_as_nan_in_every_block_and_ends_where_it_ends():
    seen = np.zeros(3, np.uint32)
    run("read_shared", seen, int32(3), int32(1), grid=3, shared=16)
    assert np.array_equal(seen, [NAN] * 3)
    for at in (7, 8, 11):
        run("read_static_shared", seen, int32(at), int32(1), grid=3)
        assert np.array_equal(seen, [NAN] * 3)
    with pytest.raises(KernelError, match="memory fault"):
        run("read_shared", seen, int32(4), int32(0), shared=16)


def test_views_of_one_memory_stay_views_of_one_memory():
    memory = np.arange(8, dtype=np.float32)
    run("read_at", memory[4:], memory[2:], int32(-1))  # reads memory[3] and writes memory[2]
    run("write_at", memory[::2], int32(6))
    assert np.array_equal(memory, [0, 1, 3, 3, 4, 5, 1, 7])
    run("read_at", memory[2:], memory[2:4], int32(3))
    assert np.array_equal(memory, [0, 1, 5, 3, 4, 5, 1, 7])


# --- Threads together -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize(
    "kernel,block,message",
    [
        (
            "diverge",
            32,
            "divergence: lanes of one warp meet in (__syncwarp|__shfl_xor_sync) and in (__syncwarp|__shfl_xor_sync)",
        ),
        ("half_a_mask", 32, "__shfl_xor_sync: the mask 0000ffff is not the warp's live lanes, ffffffff"),
        ("half_a_mask", 8, "__shfl_xor_sync: the mask 0000ffff is not the warp's live lanes, 000000ff"),
        ("lane_stays_away", 32, "deadlock: only lanes ffffff7f of a warp whose live lanes are f{8} reached __syncwarp"),
        ("return_early", 64, "a thread returned while others wait at __syncthreads|deadlock: 63 of 63"),
        ("return_from_warp", 32, "__shfl_xor_sync"),
        ("barrier_for_some", 64, "__syncthreads"),
        ("barrier_for_some", 32, None),
        ("return_early", 32, None),
    ],
)
def test_threads_that_do_not_meet_are_reported(kernel, block, message, seed):
    y = np.zeros(block, np.float32)
    if message is None:
        run(kernel, y, block=block, seed=seed)
        assert np.array_equal(y, np.ones(block))
    else:
        with pytest.raises(KernelError, match=message):
            run(kernel, y, block=block, seed=seed)


def test_a_grid_that_does_not_end_is_reported(monkeypatch):
    monkeypatch.setattr(HostLauncher, "seconds", 1)
    with pytest.raises(KernelError, match="the grid does not end: it has computed for 1 seconds"):
        run("never_end", np.zeros(1, np.float32), block=32)


def test_a_launch_after_a_failed_one_is_sound():
    y = np.zeros(64, np.float32)
    with pytest.raises(KernelError):
        run("return_early", y, block=64)
    run("no_race", y[:32], block=64, shared=128)
    assert np.array_equal(y[:32], np.arange(32))


def test_a_random_order_finds_the_race_that_the_plain_one_hides():
    expected = np.arange(32, dtype=np.float32)

    def holds(kernel, seed):
        y = np.full(32, np.nan, np.float32)
        run(kernel, y, block=64, shared=128, seed=seed)
        return np.array_equal(y, expected)

    assert holds("race", None)
    assert not all(holds("race", seed) for seed in range(4))
    assert all(holds("no_race", seed) for seed in range(20))
    assert [holds("race", seed) for seed in range(8)] == [holds("race", seed) for seed in range(8)]


def test_a_race_within_a_warp_is_found():
    expected = np.maximum(np.arange(32, dtype=np.float32) - 1, 0)

    def holds(safe, seed):
        y = np.full(32, np.nan, np.float32)
        run("race_in_warp", y, int32(safe), block=32, shared=128, seed=seed)
        return np.array_equal(y, expected)

    assert all(holds(1, seed) for seed in (None, *range(20)))
    assert not all(holds(0, seed) for seed in range(4))


def test_a_buffer_filled_again_too_early_is_found():
    rounds, block = 4, 96
    x = np.arange(rounds * block, dtype=np.float32).reshape(rounds, block)
    expected = x[:, ::-1].sum(0)

    def holds(safe, seed):
        y = np.full(block, np.nan, np.float32)
        run("refill", x, y, int32(rounds), int32(safe), block=block, shared=4 * block, seed=seed)
        return np.array_equal(y, expected)

    assert all(holds(1, seed) for seed in (None, *range(20)))
    assert not holds(0, None) and not holds(0, 0)


@pytest.mark.parametrize("seed", [None, *range(5)])
def test_shuffles_barriers_and_votes_agree_with_sums_and_searches(seed):
    random = np.random.default_rng(7)
    x = random.integers(-20, 21, 1003).astype(np.float32)
    sums, found = np.zeros(3, np.float32), np.full(30, -1, np.int32)
    run("block_sums", x, sums, found, int32(x.size), int32(found.size), grid=3, block=160, shared=64, seed=seed)
    assert sums.sum() == x.sum() and sums[0] == x.reshape(-1)[[i for i in range(1003) if i // 160 % 3 == 0]].sum()
    assert np.array_equal(found, [int(i in x[:160]) for i in range(30)])


# --- Launches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "launch,message",
    [
        ({"block": 1025}, "a block of"),
        ({"block": 0}, "a block of"),
        ({"grid": 0}, "a grid of"),
        ({"shared": 100 * 1024, "architecture": 86}, "102400 bytes of shared memory; sm_86 has 101376"),
        ({"shared": 228 * 1024, "architecture": 90}, "sm_90 has 232448"),
    ],
)
def test_a_launch_that_a_device_would_refuse_is_refused(launch, message):
    with pytest.raises(KernelError, match=message):
        run("write_at", np.zeros(1, np.float32), int32(0), **launch)


def test_arguments_of_another_number_or_size_are_refused():
    y = np.zeros(4, np.float32)
    with pytest.raises(KernelError, match="argument 1 has 8 bytes; the kernel expects 4"):
        run("write_at", y, np.int64(0))
    with pytest.raises(KernelError, match="the kernel takes 2 arguments, not 1"):
        run("write_at", y)
    with pytest.raises(TypeError, match="not int"):
        run("write_at", y, 0)
