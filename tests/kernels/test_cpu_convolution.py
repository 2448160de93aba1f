"""The CPU's fast float32 convolutions: against naive sums in float64, by every way they can take, at odd shapes."""

import ctypes
import functools
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from scopeflow import kernels
from scopeflow.kernels import geometry, naive, plain
from scopeflow.kernels.cpu import calling, convolution, threads
from scopeflow.kernels.cpu.walking import Filter, Place

KINDS = ("conv2d", "conv2d_input_grad", "conv2d_filter_grad")
UNIT = 2.0**-24
GUARD, SENTINEL = 64, np.float32(-7.25)

# Settings that lead small shapes each way, in blocks so small that there are several.
SMALL_BLOCKS = {
    "FEW_PRODUCTS": 0,
    "FEW_WINDOWS": 0,
    "CHUNK": 16,
    "BAND_FLOATS": 16 * 30,
    "BLOCK_WINDOWS": 40,
    "SCATTER_FLOATS": 16 * 30,
    "SCATTER_WINDOWS": 9,
    "GRAD_WINDOWS": 40,
    "GRAD_CHANNELS": 20,
    "GRAD_FLOATS": 500,
    "TASK_PRODUCTS": 1,
    "TASK_FLOATS": 1,
}
WAYS = {
    "segments": {**SMALL_BLOCKS, "FEW_TILES": 1 << 40, "FEW_CHANNELS": 0},
    "winograd": {**SMALL_BLOCKS, "BLOCK_TILES": 14, "FEW_TILES": 1, "FEW_CHANNELS": 1},
    "scattered patches": {**SMALL_BLOCKS, "FEW_CHANNELS": 1 << 40},
}

# (N, H, W, C), (KH, KW, O), strides, padding, dilations
SHAPES = {
    "3 x 3": ((2, 9, 8, 17), (3, 3, 33), (1, 1), "SAME", (1, 1)),
    "3 x 3, whole tiles": ((2, 8, 12, 32), (3, 3, 64), (1, 1), "SAME", (1, 1)),
    "3 x 3, padded on one side": ((1, 5, 7, 16), (3, 3, 16), (1, 1), ((2, 0), (0, 3)), (1, 1)),
    "3 x 3, not padded": ((3, 6, 5, 4), (3, 3, 5), (1, 1), "VALID", (1, 1)),
    "3 x 3, all padding": ((1, 1, 1, 3), (3, 3, 3), (1, 1), ((4, 4), (3, 5)), (1, 1)),
    "3 x 3, stride 2": ((2, 9, 8, 18), (3, 3, 31), (2, 2), "SAME", (1, 1)),
    "3 x 3, strides 2 and 1": ((1, 8, 9, 5), (3, 3, 6), (2, 1), "SAME", (1, 1)),
    "3 x 3, stride 4 leaves cells unseen": ((2, 13, 11, 5), (3, 3, 4), (4, 4), "VALID", (1, 1)),
    "3 x 3, dilated": ((1, 11, 12, 6), (3, 3, 7), (1, 1), "SAME", (2, 3)),
    "3 x 3, rows dilated": ((1, 11, 12, 6), (3, 3, 7), (1, 1), "SAME", (3, 1)),
    "3 x 3, strided and dilated": ((1, 13, 12, 3), (3, 3, 2), (2, 3), "SAME", (2, 2)),
    "stride and dilation with a common factor": ((1, 15, 14, 2), (3, 2, 3), (4, 6), "SAME", (2, 4)),
    "7 x 7, stride 2, few channels": ((2, 17, 16, 3), (7, 7, 10), (2, 2), ((3, 3), (3, 3)), (1, 1)),
    "5 x 5, one channel": ((3, 10, 10, 1), (5, 5, 8), (1, 1), "SAME", (1, 1)),
    "6 x 6, stride 2": ((1, 10, 9, 16), (6, 6, 16), (2, 2), "SAME", (1, 1)),
    "1 x 1": ((2, 5, 7, 33), (1, 1, 70), (1, 1), "VALID", (1, 1)),
    "1 x 1, stride 3": ((1, 8, 7, 9), (1, 1, 5), (3, 3), "SAME", (1, 1)),
    "one number": ((1, 1, 1, 1), (1, 1, 1), (1, 1), "VALID", (1, 1)),
    "a row": ((1, 1, 40, 3), (1, 5, 2), (1, 2), "SAME", (1, 1)),
    "a column": ((1, 40, 1, 3), (5, 1, 2), (2, 1), "SAME", (1, 2)),
    "rows of several blocks": ((1, 3, 65, 17), (3, 3, 5), (1, 1), "SAME", (1, 1)),
    "rows of several blocks, not padded": ((2, 2, 97, 12), (1, 3, 4), (1, 1), "VALID", (1, 1)),
    "images of few windows": ((9, 3, 3, 4), (3, 3, 35), (1, 1), "SAME", (1, 1)),
    "window of the image's size": ((2, 6, 5, 3), (6, 5, 40), (1, 1), "VALID", (1, 1)),
}


@pytest.fixture
def take(monkeypatch):
    """take(way): the convolutions go that way from now on."""
    return lambda way: [monkeypatch.setattr(convolution, *setting) for setting in WAYS[way].items()]


def operands(shape, seed=0, draw=None):
    """(x, w, dy, at) of float32."""
    x_shape, (rows, columns, width), strides, padding, dilations = shape
    at = geometry.windows(x_shape[1:3], (rows, columns), strides, padding, dilations)
    rng = np.random.default_rng(seed)
    draw = draw or (lambda size: rng.standard_normal(size, np.float32))
    return draw(x_shape), draw((rows, columns, x_shape[3], width)), draw((x_shape[0], *at.output, width)), at


def of_kind(kind, x, w, dy):
    """(the two inputs, the shape of the result) of a kind."""
    return {
        "conv2d": ((x, w), dy.shape),
        "conv2d_input_grad": ((w, dy), x.shape),
        "conv2d_filter_grad": ((x, dy), w.shape),
    }[kind]


def compute(kind, x, w, dy, at, module=convolution, **options):
    """The result, from memory whose surroundings must stay as they were; by Winograd's way where settings let it."""
    if module is convolution:
        options.setdefault("winograd", True)
    inputs, shape = of_kind(kind, x, w, dy)
    size = int(np.prod(shape))
    memory = np.full(size + 2 * GUARD, SENTINEL)
    out = memory[GUARD : GUARD + size].reshape(shape)
    out.fill(np.nan)
    getattr(module, kind)(*inputs, at, out, **options)
    assert (memory[:GUARD] == SENTINEL).all() and (memory[GUARD + size :] == SENTINEL).all()
    return out


def exact(kind, x, w, dy, at):
    """(The result, the sum of the magnitudes of its products, how many there are) in float64."""
    place = (at.strides, at.padding, at.dilations)
    a, b = (array.astype(np.float64) for array in of_kind(kind, x, w, dy)[0])
    run = {
        "conv2d": lambda a, b: naive.conv2d(a, b, *place),
        "conv2d_input_grad": lambda a, b: naive.conv2d_input_grad(x.shape, a, b, *place),
        "conv2d_filter_grad": lambda a, b: naive.conv2d_filter_grad(a, w.shape, b, *place),
    }[kind]
    return run(a, b), run(abs(a), abs(b)), run(np.ones_like(a), np.ones_like(b))


def assert_close(result, kind, x, w, dy, at):
    """Within the bound of float32 sums that kernels promise."""
    expected, magnitude, products = exact(kind, x, w, dy, at)
    assert (abs(result - expected) <= 4 * UNIT * np.sqrt(products) * magnitude).all()


# --- Values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_convolution_is_the_naive_one(shape, way, kind, take):
    take(way)
    given_ = operands(shape)
    result = compute(kind, *given_)
    if way == "winograd" and shape[1][:2] == (3, 3) and shape[2] == shape[4] == (1, 1):
        # Its rounding errors are relative to all that a tile sees, not to what a window of the tile sees.
        expected, magnitude, products = exact(kind, *given_)
        assert (abs(result - expected) <= 4 * UNIT * np.sqrt(products.max()) * magnitude.max()).all()
    else:
        assert_close(result, kind, *given_)


@st.composite
def shapes(draw):
    sides = st.integers(1, 12)
    return (
        (draw(st.integers(1, 3)), draw(sides), draw(sides), draw(st.integers(1, 40))),
        (draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.integers(1, 70))),
        (draw(st.integers(1, 4)), draw(st.integers(1, 4))),
        draw(
            st.sampled_from(["SAME", "VALID"])
            | st.tuples(*[st.tuples(st.integers(0, 4), st.integers(0, 4)) for _ in range(2)])
        ),
        (draw(st.integers(1, 3)), draw(st.integers(1, 3))),
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["segments", "scattered patches"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shape=shapes())
def test_any_geometry_is_the_naive_one(shape, way, kind, take):
    take(way)
    try:
        given_ = operands(shape)
    except ValueError:
        assume(False)
    assert_close(compute(kind, *given_), kind, *given_)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shape=shapes(), numbers=st.integers(0, 2**32))
def test_winograd_on_small_whole_numbers_is_exact(shape, numbers, kind, take):
    take("winograd")
    (images, height, width, channels), (_, _, outputs), _, padding, _ = shape
    rng = np.random.default_rng(numbers)
    try:
        given_ = operands(
            ((images, height, width, channels), (3, 3, outputs), (1, 1), padding, (1, 1)),
            draw=lambda size: rng.integers(-4, 5, size).astype(np.float32),
        )
    except ValueError:
        assume(False)
    np.testing.assert_array_equal(compute(kind, *given_), exact(kind, *given_)[0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [(64, 64), (3, 64), (1, 32)])
def test_shapes_of_real_layers_are_plains(kind, channels):
    inputs, outputs = channels
    given_ = operands(((4, 30, 28, inputs), (3, 3, outputs), (1, 1), "SAME", (1, 1)))
    expected = compute(kind, *given_, module=plain)
    x, w, dy, at = given_
    products = np.sqrt({"conv2d": 9 * inputs, "conv2d_input_grad": 9 * outputs}.get(kind, dy.size // outputs))
    magnitude = compute(kind, abs(x), abs(w), abs(dy), at, module=plain)
    assert (abs(compute(kind, *given_) - expected) <= 8 * UNIT * products * magnitude).all()


@pytest.fixture
def nan_in_scratch(monkeypatch):
    """Memory that kernels write by the way holds NaN, as memory of an earlier use may."""
    aligned = calling.aligned

    def full_of_nan(size):
        memory = aligned(size)
        memory.fill(np.nan)
        return memory

    for module in (calling, convolution):
        monkeypatch.setattr(module, "aligned", full_of_nan)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_what_memory_held_before_changes_nothing(shape, way, kind, take, request):
    take(way)
    given_ = operands(shape)
    expected = compute(kind, *given_)
    request.getfixturevalue("nan_in_scratch")
    np.testing.assert_array_equal(compute(kind, *given_), expected)


@pytest.mark.parametrize("channels", [(1, 1), (17, 33), (40, 15), (64, 64)])
def test_winograd_is_not_given_up_where_all_is_finite(channels, take, nan_in_scratch):
    take("winograd")
    inputs, outputs = channels
    x, w, dy, at = operands(((2, 9, 7, inputs), (3, 3, outputs), (1, 1), "SAME", (1, 1)))
    walk = convolution._walk(at, inputs)
    whole = (0, 3 * inputs * outputs, inputs * outputs, outputs, 1, *w.shape)
    place = Place(0, dy[0].size, dy[0, 0].size, outputs)
    assert convolution._by_winograd(x, walk, w, Filter(*whole), np.empty_like(dy), place)
    assert convolution._correlate_by_winograd(x, walk, dy, np.empty_like(w))


def sequential(kind, x, w, dy, at):
    """Sums in float32, product by product."""
    rows, columns, cells, width = w.shape
    padded = plain.with_border(np, x, at)
    if kind == "conv2d":
        y = np.zeros(dy.shape, np.float32)
        for i, j, seen in at.cells():
            for c in range(cells):
                y += padded[seen][..., c, None] * w[i, j, c]
        return y
    if kind == "conv2d_filter_grad":
        dw = np.zeros(w.shape, np.float32)
        for n, p, q in np.ndindex(dy.shape[:3]):
            window = padded[n, p : p + rows, q : q + columns]
            dw += window[..., None] * dy[n, p, q]
        return dw
    dx = np.zeros(padded.shape, np.float32)
    for i, j, seen in at.cells():
        for o in range(width):
            dx[seen] += dy[..., o, None] * w[i, j, :, o]
    return plain.without_border(dx, at)


DATA = {
    "normal": lambda rng, size: rng.standard_normal(size, np.float32),
    "positive": lambda rng, size: rng.random(size, np.float32),
    "of many magnitudes": lambda rng, size: np.exp(4 * rng.standard_normal(size, np.float32)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "way,data",
    # Winograd's errors are relative to all that a tile sees: it does not keep the bound where magnitudes differ much.
    [(way, data) for way in WAYS for data in DATA if (way, data) != ("winograd", "of many magnitudes")],
)
def test_no_error_is_twice_that_of_a_sequential_sum(way, data, kind, take):
    take(way)
    rng = np.random.default_rng(1)
    given_ = operands(((2, 14, 14, 64), (3, 3, 48), (1, 1), "SAME", (1, 1)), draw=functools.partial(DATA[data], rng))
    expected, magnitude, products = exact(kind, *given_)

    def error(result):
        return abs(result - expected) / magnitude

    result = error(compute(kind, *given_))
    assert result.max() <= 2 * error(sequential(kind, *given_)).max()
    assert (result <= 4 * UNIT * np.sqrt(products)).all()


def mostly_zeros(rng, size):
    return rng.standard_normal(size, np.float32) * (rng.random(size) < 0.02)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [*DATA, "mostly zeros"])
def test_the_highest_precision_keeps_its_bound_on_all_data(data, kind):
    rng = np.random.default_rng(3)
    draw = functools.partial({**DATA, "mostly zeros": mostly_zeros}[data], rng)
    given_ = operands(((2, 28, 28, 32), (3, 3, 32), (1, 1), "SAME", (1, 1)), draw=draw)
    assert_close(public(kind, "highest", *given_), kind, *given_)


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_lower_precision_goes_winograds_way(kind):
    given_ = operands(((2, 28, 28, 32), (3, 3, 32), (1, 1), "SAME", (1, 1)))
    highest, high = (public(kind, precision, *given_) for precision in ("highest", "high"))
    np.testing.assert_array_equal(highest, compute(kind, *given_, winograd=False))
    np.testing.assert_array_equal(high, compute(kind, *given_, winograd=True))
    assert (highest != high).any()


def public(kind, precision, x, w, dy, at):
    """The result by the function that users call."""
    inputs = {
        "conv2d": (x, w),
        "conv2d_input_grad": (x.shape, w, dy),
        "conv2d_filter_grad": (x, w.shape, dy),
    }[kind]
    return getattr(kernels, kind)(*inputs, at.strides, at.padding, at.dilations, precision=precision)


# --- What is not finite -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.float32(3e38)])
def test_what_is_not_finite_goes_where_plain_sums_take_it(value, way, kind, take):
    take(way)
    x, w, dy, at = operands(((2, 9, 9, 5), (3, 3, 6), (1, 1), "SAME", (1, 1)))
    for array, place in ((x, (0, 4, 5, 2)), (dy, (1, 3, 3, 4)), (w, (0, 1, 2, 3)), (w, (1, 1, 0, 0))):
        changed = [array.copy() if array is part else part for part in (x, w, dy)]
        next(part for part, was in zip(changed, (x, w, dy), strict=True) if was is array)[place] = value
        with np.errstate(all="ignore"):
            expected = compute(kind, *changed, at, module=plain)
            result = compute(kind, *changed, at)
        np.testing.assert_array_equal(np.isfinite(result), np.isfinite(expected))
        odd = ~np.isfinite(expected)
        np.testing.assert_array_equal(result[odd], expected[odd])
        calm = ~odd & (abs(expected) < 1e3)
        assert (abs(result[calm] - expected[calm]) <= 1e-4).all()


# --- The same bits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_threads_change_no_bit(way, kind, take, monkeypatch):
    take(way)
    given_ = operands(((3, 15, 13, 37), (3, 3, 40), (1, 1), "SAME", (1, 1)))
    results = []
    for count in (1, 2, 7):
        monkeypatch.setattr(threads, "count", functools.partial(int, count))
        results.append(compute(kind, *given_).tobytes())
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("kind", KINDS[:2])
@pytest.mark.parametrize("way", ["segments", "winograd"])
def test_a_filter_packed_in_slabs_gives_the_same_bits(way, kind, take, monkeypatch):
    take(way)
    given_ = operands(((1, 9, 8, 70), (3, 3, 101), (1, 1), "SAME", (1, 1)))
    whole = compute(kind, *given_)
    monkeypatch.setattr(convolution, "FILTER_FLOATS", 1)
    np.testing.assert_array_equal(compute(kind, *given_), whole)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_inputs_may_be_read_only_and_of_any_alignment(way, kind, take):
    take(way)
    given_ = operands(((2, 9, 8, 17), (3, 3, 33), (1, 1), "SAME", (1, 1)))
    expected = compute(kind, *given_)
    odd = []
    for array in given_[:3]:
        memory = np.zeros(array.nbytes + 1, np.uint8)
        unaligned = memory[1:].view(np.float32).reshape(array.shape)
        unaligned[...] = array
        unaligned.flags.writeable = False
        odd.append(unaligned)
    np.testing.assert_array_equal(compute(kind, *odd, given_[3]), expected)


# --- Bias, activation, emptiness --------------------------------------------------------------------------------------


@pytest.mark.parametrize("slabs", [False, True], ids=["packed at once", "in slabs"])
@pytest.mark.parametrize("activation", [None, *plain.ACTIVATIONS])
@pytest.mark.parametrize("way", WAYS)
def test_bias_and_activation_follow_the_sum(way, activation, slabs, take, monkeypatch):
    take(way)
    if slabs:
        monkeypatch.setattr(convolution, "FILTER_FLOATS", 1)
    given_ = operands(((2, 9, 8, 17), (3, 3, 33), (1, 1), "SAME", (1, 1)))
    bias = np.random.default_rng(2).standard_normal(33, np.float32)
    expected = compute("conv2d", *given_)
    plain.finish(expected, bias, activation)
    np.testing.assert_array_equal(compute("conv2d", *given_, bias=bias, activation=activation), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("empty", ["images", "height", "channels", "outputs"])
def test_what_is_empty_gives_zeros_or_nothing(empty, kind):
    x_shape = [2, 4, 4, 3]
    x_shape[{"images": 0, "height": 1, "channels": 3}.get(empty, 0)] *= empty == "outputs"
    given_ = operands((tuple(x_shape), (3, 3, 5 * (empty != "outputs")), (1, 1), "SAME", (1, 1)))
    result = compute(kind, *given_)
    np.testing.assert_array_equal(result, np.zeros_like(result))


# --- Small work, memory, threads --------------------------------------------------------------------------------------

PROGRAM = """
import sys
import numpy as np
from scopeflow import kernels
x, w = np.ones((1, 12, 12, 3), np.float32), np.ones((3, 3, 3, 8), np.float32)
y = kernels.conv2d(x, w)
kernels.conv2d_input_grad(x.shape, w, y)
kernels.conv2d_filter_grad(x, w.shape, y)
assert "numba" not in sys.modules
"""


def test_a_small_convolution_does_not_wait_for_a_compiler():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


def peak_beyond_now(call):
    """Bytes by which the process's memory rose above what it was, at most, during the call."""

    def field(name):
        lines = pathlib.Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024

    ctypes.CDLL(None).malloc_trim(0)  # what an earlier call left is not there to be taken again
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak is what there is now
    before = field("VmRSS")
    call()
    return field("VmHWM") - before


@pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="the peak of memory is Linux's to tell")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "shape",
    [
        ((8, 14, 14, 512), (3, 3, 512), (1, 1), "SAME", (1, 1)),
        ((2, 112, 112, 64), (3, 3, 64), (1, 1), "SAME", (1, 1)),
        ((8, 112, 112, 3), (7, 7, 64), (2, 2), "SAME", (1, 1)),
    ],
)
@pytest.mark.parametrize("winograd", [False, True])
def test_memory_beyond_input_and_output_stays_under_64_mib(winograd, shape, kind):
    x, w, dy, at = operands(shape)
    inputs, size = of_kind(kind, x, w, dy)
    out = np.zeros(size, np.float32)
    call = functools.partial(getattr(convolution, kind), *inputs, at, out, winograd=winograd)
    call()  # the compiler's own memory
    assert 0 < peak_beyond_now(call) <= 64 << 20


# --- What lies around inputs ------------------------------------------------------------------------------------------

EDGES = """
import ctypes
import mmap
import numpy as np

libc = ctypes.CDLL(None, use_errno=True)
kept = []

def at_the_edge(array, end):
    # A copy that ends, or begins, where a page does that may not be touched.
    pages = -(-array.nbytes // mmap.PAGESIZE)
    memory = mmap.mmap(-1, (pages + 2) * mmap.PAGESIZE)
    kept.append(memory)
    first = np.frombuffer(memory, np.uint8).ctypes.data
    for page in (0, pages + 1):
        assert libc.mprotect(ctypes.c_void_p(first + page * mmap.PAGESIZE), mmap.PAGESIZE, 0) == 0
    begin = mmap.PAGESIZE * (pages + 1) - array.nbytes if end else mmap.PAGESIZE
    copy = np.frombuffer(memory, array.dtype, array.size, begin).reshape(array.shape)
    copy[...] = array
    return copy
"""
GUARDED = f"""
import pytest
import test_cpu_convolution as tests
from scopeflow.kernels.cpu.walking import LINE
{EDGES}
def scratch_at_the_edge(size):
    # What kernels are lent is followed by one line of the cache.
    return at_the_edge(np.zeros(size + LINE, np.float32), True)[:size]

for module in (tests.calling, tests.convolution):
    module.aligned = scratch_at_the_edge
with pytest.MonkeyPatch.context() as monkeypatch:
    for way, settings in tests.WAYS.items():
        for setting in settings.items():
            monkeypatch.setattr(tests.convolution, *setting)
        for shape in tests.SHAPES.values():
            x, w, dy, at = tests.operands(shape)
            for end in (False, True):
                x, w, dy = (at_the_edge(array, end) for array in (x, w, dy))
                for kind in tests.KINDS:
                    inputs, size = tests.of_kind(kind, x, w, dy)
                    out = at_the_edge(np.zeros(size, np.float32), end)
                    getattr(tests.convolution, kind)(*inputs, at, out, winograd=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="pages are guarded by mprotect")
def test_nothing_is_touched_before_or_beyond_the_arrays():
    subprocess.run([sys.executable, "-c", GUARDED], check=True, cwd=pathlib.Path(__file__).parent)


# --- Processors with narrower vectors ---------------------------------------------------------------------------------

NARROW = """
import sys
from llvmlite import binding
import numba
import numpy as np
features = binding.FeatureMap({"avx2": sys.argv[1] == "8"})
binding.get_host_cpu_features = lambda: features
from scopeflow.kernels.cpu import tiles
assert tiles.LANES == int(sys.argv[1])
import test_cpu_convolution as tests
import pytest
with pytest.MonkeyPatch.context() as monkeypatch:
    for way, settings in tests.WAYS.items():
        for setting in settings.items():
            monkeypatch.setattr(tests.convolution, *setting)
        for name in ("3 x 3", "3 x 3, whole tiles", "7 x 7, stride 2, few channels", "1 x 1"):
            for kind in tests.KINDS:
                given = tests.operands(tests.SHAPES[name])
                expected = tests.exact(kind, *given)[0]
                assert abs(tests.compute(kind, *given) - expected).max() <= 1e-4, (way, name, kind)
"""


@pytest.mark.slow
@pytest.mark.parametrize("lanes", [4, 8])
def test_narrower_vectors_compute_the_same(lanes, tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", NARROW, str(lanes)]
    subprocess.run(command, check=True, env=environment, cwd=pathlib.Path(__file__).parent)
