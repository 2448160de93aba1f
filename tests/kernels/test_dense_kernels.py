"""Products, convolutions and pools: against TensorFlow's results, the naive loops, and one another's adjoints."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kernel_golden import ABOUT, BFLOAT16, DTYPES, close, golden, same_bits

from scopeflow import kernels
from scopeflow.kernels import geometry, naive, plain

CONVOLUTIONS = [
    (kind, number, case)
    for kind, (number, case) in itertools.product(("conv2d", "depthwise_conv2d"), enumerate(ABOUT["convolutions"]))
    if kind == "conv2d" or case[0][0] == case[0][1]  # TensorFlow's depthwise convolution has one stride only
]
POOLS = list(enumerate(ABOUT["pools"]))


def explicit(padding, size, window, strides, dilations=(1, 1)):
    """The padding as ((top, bottom), (left, right)), by the rule of TensorFlow's documentation."""
    if padding == "VALID":
        return ((0, 0), (0, 0))
    if padding != "SAME":
        return tuple(map(tuple, padding))
    pads = []
    for n, w, s, d in zip(size, window, strides, dilations, strict=True):
        span = (w - 1) * d + 1
        total = max(span - s, 0) if n % s == 0 else max(span - n % s, 0)
        pads.append((total // 2, total - total // 2))
    return tuple(pads)


def convolution_parts(kind, number):
    return {part: golden(f"{kind}/{number}/{part}") for part in ("x", "w", "dy", "y", "dx", "dw")}


def pool_parts(number):
    names = ("x", "dy", "ddx", "max_pool", "max_pool_grad", "max_pool_grad_grad", "avg_pool", "avg_pool_grad")
    return {name: golden(f"pool/{number}/{name}") for name in names}


# --- TensorFlow's results ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind,number,case", CONVOLUTIONS)
def test_a_convolution_and_its_gradients_are_tensorflows(kind, number, case):
    strides, padding, dilations, _, _ = case
    place = (tuple(strides), padding, tuple(dilations))
    t = convolution_parts(kind, number)
    forward, input_grad, filter_grad = (getattr(kernels, kind + part) for part in ("", "_input_grad", "_filter_grad"))
    close(forward(t["x"], t["w"], *place), t["y"], 1e-6)
    close(input_grad(t["x"].shape, t["w"], t["dy"], *place), t["dx"], 1e-6)
    close(filter_grad(t["x"], t["w"].shape, t["dy"], *place), t["dw"], 2e-6)


@pytest.mark.parametrize("kind,number,case", CONVOLUTIONS)
def test_the_naive_convolutions_are_tensorflows_too(kind, number, case):
    strides, padding, dilations, size, window = case
    place = (strides, explicit(padding, size, window, strides, dilations), dilations)
    t = {name: part.astype(np.float64) for name, part in convolution_parts(kind, number).items()}
    close(getattr(naive, kind)(t["x"], t["w"], *place), t["y"], 1e-6)
    close(getattr(naive, kind + "_input_grad")(t["x"].shape, t["w"], t["dy"], *place), t["dx"], 1e-6)
    close(getattr(naive, kind + "_filter_grad")(t["x"], t["w"].shape, t["dy"], *place), t["dw"], 2e-6)


@pytest.mark.parametrize("number,case", POOLS)
def test_a_pool_and_its_gradients_are_tensorflows(number, case):
    strides, padding, _, window = case
    place = (tuple(window), tuple(strides), padding)
    t = pool_parts(number)
    x, y = t["x"], t["max_pool"]
    same_bits(kernels.max_pool(x, *place), y)
    close(kernels.max_pool_grad(x, y, t["dy"], *place), t["max_pool_grad"], 1e-6)
    same_bits(kernels.max_pool_grad_grad(x, y, t["ddx"], *place), t["max_pool_grad_grad"])
    close(kernels.avg_pool(x, *place), t["avg_pool"], 1e-6)
    close(kernels.avg_pool_grad(x.shape, t["dy"], *place), t["avg_pool_grad"], 1e-6)


@pytest.mark.parametrize("number,case", POOLS)
def test_the_naive_pools_are_tensorflows_too(number, case):
    strides, padding, size, window = case
    place = (window, strides, explicit(padding, size, window, strides))
    t = {name: part.astype(np.float64) for name, part in pool_parts(number).items()}
    close(naive.max_pool(t["x"], *place), t["max_pool"], 0)
    close(naive.max_pool_grad(t["x"], t["dy"], *place), t["max_pool_grad"], 1e-6)
    close(naive.max_pool_grad_grad(t["x"], t["ddx"], *place), t["max_pool_grad_grad"], 0)
    close(naive.avg_pool(t["x"], *place), t["avg_pool"], 1e-6)
    close(naive.avg_pool_grad(t["x"], t["dy"], *place), t["avg_pool_grad"], 1e-6)


def test_products_in_float16_are_tensorflows():
    a, b, y = (golden(f"matmul/float16/{name}") for name in "aby")
    same_bits(kernels.matmul(a, b), y)


def test_products_in_bfloat16_are_tensorflows_but_for_the_rounding_which_there_is_a_cut():
    a, b, y = (golden(f"matmul/bfloat16/{name}") for name in "aby")
    exact = kernels.matmul(a.astype(np.float32), b.astype(np.float32))
    same_bits((exact.view(np.uint32) >> 16).astype(np.uint16), y.view(np.uint16))
    same_bits(kernels.matmul(a, b), exact.astype(BFLOAT16))


# --- The naive loops, at any geometry ---------------------------------------------------------------------------------


@st.composite
def places(draw):
    """(input size, window, strides, padding, dilations) with a window that fits."""
    size = draw(st.tuples(*[st.integers(1, 7)] * 2))
    window = draw(st.tuples(*[st.integers(1, 4)] * 2))
    strides = draw(st.tuples(*[st.integers(1, 4)] * 2))
    dilations = draw(st.tuples(*[st.integers(1, 3)] * 2))
    pads = st.tuples(st.integers(0, 4), st.integers(0, 4))
    padding = draw(st.one_of(st.sampled_from(("SAME", "VALID")), st.tuples(pads, pads)))
    before_after = explicit(padding, size, window, strides, dilations)
    assume(all((w - 1) * d + 1 <= n + sum(p) for n, w, d, p in zip(size, window, dilations, before_after, strict=True)))
    return size, window, strides, padding, dilations


def normals(rng, *shape):
    return rng.standard_normal(shape)


@settings(max_examples=150, deadline=None)
@given(
    places(), st.integers(0, 3), st.integers(1, 3), st.integers(1, 3), st.sampled_from(("conv2d", "depthwise_conv2d"))
)
def test_a_convolution_and_its_gradients_are_the_naive_loops_and_adjoint(place, batch, channels, last, kind):
    size, window, strides, padding, dilations = place
    rng = np.random.default_rng(0)
    x, w = normals(rng, batch, *size, channels), normals(rng, *window, channels, last)
    forward, input_grad, filter_grad = (getattr(kernels, kind + part) for part in ("", "_input_grad", "_filter_grad"))
    at = (strides, padding, dilations)
    naive_at = (strides, explicit(padding, size, window, strides, dilations), dilations)
    y = forward(x, w, *at)
    close(y, getattr(naive, kind)(x, w, *naive_at), 1e-13)
    dy = normals(rng, *y.shape)
    dx, dw = input_grad(x.shape, w, dy, *at), filter_grad(x, w.shape, dy, *at)
    close(dx, getattr(naive, kind + "_input_grad")(x.shape, w, dy, *naive_at), 1e-13)
    close(dw, getattr(naive, kind + "_filter_grad")(x, w.shape, dy, *naive_at), 1e-13)
    inner, size_of_it = np.vdot(y, dy), np.linalg.norm(y) * np.linalg.norm(dy)
    assert abs(inner - np.vdot(x, dx)) <= 1e-12 * size_of_it
    assert abs(inner - np.vdot(w, dw)) <= 1e-12 * size_of_it


@settings(max_examples=100, deadline=None)
@given(places(), st.integers(0, 2), st.integers(1, 2))
def test_a_pool_and_its_gradients_are_the_naive_loops(place, batch, channels):
    size, window, strides, padding, _ = place
    before_after = explicit(padding, size, window, strides)
    assume(all(w <= n + sum(p) for n, w, p in zip(size, window, before_after, strict=True)))
    assume(all(max(p) < w for w, p in zip(window, before_after, strict=True)))  # no window lies outside altogether
    at, naive_at = (window, strides, padding), (window, strides, before_after)
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 2, (batch, *size, channels)).astype(np.float64)
    y = kernels.max_pool(x, *at)
    assume(y.size or batch == 0)
    last = [(n - 1) * s - p[0] for n, s, p in zip(y.shape[1:3], strides, before_after, strict=True)]
    assume(all(begin < n for begin, n in zip(last, size, strict=True)))
    close(y, naive.max_pool(x, *naive_at), 0)
    dy, ddx = normals(rng, *y.shape), normals(rng, *x.shape)
    dx = kernels.max_pool_grad(x, y, dy, *at)
    ddy = kernels.max_pool_grad_grad(x, y, ddx, *at)
    close(dx, naive.max_pool_grad(x, dy, *naive_at), 1e-14)
    close(ddy, naive.max_pool_grad_grad(x, ddx, *naive_at), 0)
    assert abs(np.vdot(dx, ddx) - np.vdot(dy, ddy)) <= 1e-12 * (1 + np.linalg.norm(dx) * np.linalg.norm(ddx))
    close(kernels.avg_pool(x, *at), naive.avg_pool(x, *naive_at), 1e-14)
    close(kernels.avg_pool_grad(x.shape, dy, *at), naive.avg_pool_grad(x, dy, *naive_at), 1e-14)


def test_the_adjoint_test_sees_a_gradient_with_the_filter_turned_or_one_cell_missing():
    rng = np.random.default_rng(0)
    x, w = normals(rng, 2, 5, 5, 2), normals(rng, 3, 3, 2, 3)
    y = kernels.conv2d(x, w)
    dy = normals(rng, *y.shape)
    inner, bound = np.vdot(y, dy), 1e-12 * np.linalg.norm(y) * np.linalg.norm(dy)
    turned = kernels.conv2d_input_grad(x.shape, w[::-1, ::-1], dy)
    missing = kernels.conv2d_input_grad(x.shape, w, dy)
    missing[0, 2, 2, 0] = 0
    assert not abs(inner - np.vdot(x, turned)) <= bound
    assert not abs(inner - np.vdot(x, missing)) <= bound


def test_the_gradients_of_the_gradients_are_made_of_the_same_three_functions():
    """d/ddy <input_grad(w, dy), v> = conv2d(v, w) and d/dw of it = filter_grad(v, dy): by central differences."""
    rng = np.random.default_rng(0)
    x_shape, at = (2, 6, 5, 2), ((2, 1), ((1, 0), (0, 2)), (1, 2))
    w, v = normals(rng, 3, 2, 2, 3), normals(rng, *x_shape)
    dy = normals(rng, *kernels.conv2d(v, w, *at).shape)
    step = 1e-5
    for value, gradient, bent in (
        (dy, kernels.conv2d(v, w, *at), lambda d: kernels.conv2d_input_grad(x_shape, w, dy + d, *at)),
        (
            w,
            kernels.conv2d_filter_grad(v, w.shape, dy, *at),
            lambda d: kernels.conv2d_input_grad(x_shape, w + d, dy, *at),
        ),
    ):
        way = normals(rng, *value.shape)
        slope = (np.vdot(bent(step * way), v) - np.vdot(bent(-step * way), v)) / (2 * step)
        assert abs(slope - np.vdot(gradient, way)) <= 1e-8 * abs(slope)


# --- Blocks, layouts, dtypes, empty arrays ----------------------------------------------------------------------------


@pytest.mark.parametrize("patch_bytes", (1, 1300, 1900, 3000, 20_000))  # rows by 1, 2 and 3; images by 1 and 8
def test_the_size_of_the_blocks_changes_nothing(patch_bytes, monkeypatch):
    rng = np.random.default_rng(0)
    x, w = normals(rng, 5, 7, 6, 2), normals(rng, 3, 2, 2, 3)
    at = ((2, 1), "SAME", (1, 2))
    y = kernels.conv2d(x, w, *at)
    dw = kernels.conv2d_filter_grad(x, w.shape, y, *at)
    monkeypatch.setattr(plain, "PATCH_BYTES", patch_bytes)
    close(kernels.conv2d(x, w, *at), y, 1e-14)
    close(kernels.conv2d_filter_grad(x, w.shape, y, *at), dw, 1e-14)


@pytest.mark.parametrize("x_shape", [(64, 16, 16, 16), (1, 128, 128, 16)])  # many images, one of many rows
def test_extra_memory_of_the_plain_way_is_the_padded_input_and_a_block_not_all_patches(x_shape):
    import tracemalloc

    x, w = np.ones(x_shape, np.float32), np.ones((5, 5, 16, 8), np.float32)
    y = np.empty((*x_shape[:3], 8), np.float32)
    tracemalloc.start()
    plain.conv2d(x, w, geometry.windows(x_shape[1:3], (5, 5), (1, 1), "SAME"), y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    allowed = 1.6 * x.nbytes + 1.5 * plain.PATCH_BYTES
    all_patches = 25 * x.nbytes
    assert peak <= allowed < all_patches / 2


VIEWS = {
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "reversed": lambda a: np.ascontiguousarray(a[::-1, ..., ::-1])[::-1, ..., ::-1],
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "strided": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
}


@pytest.mark.parametrize("view", VIEWS)
def test_any_layout_gives_the_same_and_is_left_as_it_was(view):
    rng = np.random.default_rng(0)
    x, w, depthwise_w = normals(rng, 2, 5, 6, 3), normals(rng, 3, 3, 3, 4), normals(rng, 3, 3, 3, 2)
    y = kernels.conv2d(x, w)
    pooled = kernels.max_pool(x, (2, 2))
    calls = [
        (kernels.conv2d, (x, w)),
        (kernels.conv2d_input_grad, (x.shape, w, y)),
        (kernels.conv2d_filter_grad, (x, w.shape, y)),
        (kernels.depthwise_conv2d, (x, depthwise_w)),
        (kernels.depthwise_conv2d_input_grad, (x.shape, depthwise_w, normals(rng, 2, 5, 6, 6))),
        (kernels.depthwise_conv2d_filter_grad, (x, depthwise_w.shape, normals(rng, 2, 5, 6, 6))),
        (kernels.max_pool, (x, (2, 2))),
        (kernels.max_pool_grad, (x, pooled, pooled, (2, 2))),
        (kernels.max_pool_grad_grad, (x, pooled, x, (2, 2))),
        (kernels.avg_pool, (x, (2, 2))),
        (kernels.avg_pool_grad, (x.shape, pooled, (2, 2))),
        (kernels.matmul, (x[0], np.swapaxes(x[1], 1, 2))),
    ]
    for kernel, arguments in calls:
        seen = [VIEWS[view](part) if isinstance(part, np.ndarray) else part for part in arguments]
        kept = [np.array(part) for part in seen]
        close(kernel(*seen), kernel(*arguments), 1e-14)
        for part, before in zip(seen, kept, strict=True):
            np.testing.assert_array_equal(part, before)


def test_results_never_share_memory_with_an_input():
    x, one = np.ones((1, 2, 2, 1)), np.ones((1, 1, 1, 1))
    for result in (
        kernels.conv2d(x, one),
        kernels.conv2d_input_grad(x.shape, one, x),
        kernels.max_pool(x, (1, 1)),
        kernels.max_pool_grad(x, x, x, (1, 1)),
        kernels.avg_pool(x, (1, 1)),
    ):
        assert not np.shares_memory(result, x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_16_bits_are_summed_in_32_and_rounded_once(dtype):
    rng = np.random.default_rng(0)
    narrow = DTYPES[dtype]
    x, w = (normals(rng, *shape).astype(narrow) for shape in ((2, 9, 9, 40), (3, 3, 40, 5)))
    wide = [part.astype(np.float32 if narrow.itemsize == 2 else narrow) for part in (x, w)]
    same_bits(kernels.conv2d(x, w), kernels.conv2d(*wide).astype(narrow))
    a, b = x[0, 0], np.ascontiguousarray(w[0, 0])
    same_bits(kernels.matmul(a, b), kernels.matmul(a.astype(wide[0].dtype), b.astype(wide[0].dtype)).astype(narrow))
    y = kernels.conv2d(x, w)
    assert kernels.conv2d_input_grad(x.shape, w, y).dtype == narrow
    assert kernels.conv2d_filter_grad(x, w.shape, y).dtype == narrow
    ones = np.ones((1, 64, 64, 1), narrow)
    same_bits(kernels.avg_pool(ones, (64, 64)), np.ones((1, 1, 1, 1), narrow))
    assert kernels.max_pool_grad(ones, ones, ones, (1, 1)).dtype == narrow


def test_max_pool_of_integers_and_of_nothing_but_the_lowest():
    x = np.full((1, 3, 3, 1), np.iinfo(np.int32).min, np.int32)
    x[0, 1, 1, 0] = -7
    assert kernels.max_pool(x, (3, 3), (3, 3), "SAME").item() == -7
    low = np.full((1, 2, 2, 1), -np.inf, np.float32)
    assert kernels.max_pool(low, (2, 2)).item() == -np.inf
    close(kernels.max_pool_grad(low, low[:, :1, :1], np.ones((1, 1, 1, 1), np.float32), (2, 2)).sum(), np.float32(1), 0)


def test_a_nan_is_the_greatest_of_its_window():
    x = np.zeros((1, 2, 4, 1), np.float32)
    x[0, 0, 1, 0] = np.nan
    y = kernels.max_pool(x, (2, 2), (2, 2))
    assert np.isnan(y[0, 0, 0, 0])
    assert y[0, 0, 1, 0] == 0


EMPTY_SOMEWHERE = [
    ((0, 5, 5, 2), (3, 3, 2, 4)),
    ((2, 5, 5, 0), (3, 3, 0, 4)),
    ((2, 5, 5, 2), (3, 3, 2, 0)),
    ((2, 0, 5, 2), (3, 3, 2, 4)),
]


@pytest.mark.parametrize("x_shape,w_shape", EMPTY_SOMEWHERE)
def test_empty_dimensions_give_empty_results_and_zero_gradients(x_shape, w_shape):
    x, w = np.ones(x_shape), np.ones(w_shape)
    y = kernels.conv2d(x, w)
    assert y.shape == (*x_shape[:3], w_shape[3])
    assert not np.any(y)
    assert not np.any(kernels.conv2d_filter_grad(x, w_shape, y))
    assert kernels.conv2d_input_grad(x_shape, w, y).shape == x_shape


# --- Products ---------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(*[st.integers(0, 5)] * 3),
    st.sampled_from([((), ()), ((2,), (2,)), ((3, 1), (2,)), ((), (2, 2)), ((1, 0), (4, 1))]),
    st.booleans(),
    st.booleans(),
    st.sampled_from((np.float32, np.float64, np.int32, BFLOAT16)),
)
def test_matmul_is_the_sum_of_products_with_any_transposition_and_batch(
    sizes, batches, transpose_a, transpose_b, dtype
):
    m, k, n = sizes
    rng = np.random.default_rng(0)
    a = rng.integers(-8, 8, (*batches[0], m, k)).astype(dtype)  # small integers: every dtype is exact
    b = rng.integers(-8, 8, (*batches[1], k, n)).astype(dtype)
    expected = (a.astype(np.int64)[..., None] * b.astype(np.int64)[..., None, :, :]).sum(axis=-2)
    seen_a, seen_b = (part.swapaxes(-1, -2) if turn else part for part, turn in ((a, transpose_a), (b, transpose_b)))
    got = kernels.matmul(seen_a, seen_b, transpose_a, transpose_b)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got.astype(np.int64), expected)


def test_matmul_is_the_naive_sum():
    rng = np.random.default_rng(0)
    a, b = normals(rng, 4, 9).astype(np.float32), normals(rng, 9, 3).astype(np.float32)
    close(kernels.matmul(a, b).astype(np.float64), naive.matmul(a.astype(np.float64), b.astype(np.float64)), 1e-6)


# --- Geometry ---------------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 30), st.integers(1, 6), st.integers(1, 5), st.integers(1, 4), st.integers(0, 4), st.integers(0, 4)
)
def test_output_sizes_count_the_windows_that_fit(size, window, stride, dilation, before, after):
    span = (window - 1) * dilation + 1
    for padding, cells in (("VALID", size), ((before, after), size + before + after)):
        if span > cells:
            with pytest.raises(ValueError, match=f"Negative dimension size caused by subtracting {span} from {cells}"):
                geometry.conv_output_size(size, window, stride, dilation, padding)
        else:
            fitting = sum(1 for begin in range(0, cells, stride) if begin + span <= cells)
            assert geometry.conv_output_size(size, window, stride, dilation, padding) == fitting
    output = geometry.conv_output_size(size, window, stride, dilation, "SAME")
    assert output == len(range(0, size, stride))
    top, bottom = geometry.conv_padding(size, window, stride, dilation, "SAME")
    assert 0 <= bottom - top <= 1
    if output:
        assert (output - 1) * stride + span <= size + top + bottom
        assert top + bottom == 0 or size + top + bottom == (output - 1) * stride + span


def test_an_unknown_size_stays_unknown_but_its_arguments_are_checked():
    for padding in ("SAME", "VALID", (1, 2)):
        assert geometry.conv_output_size(None, 3, 2, 1, padding) is None
    with pytest.raises(ValueError, match="'same'"):
        geometry.conv_output_size(None, 3, 2, 1, "same")


# --- Bad arguments ----------------------------------------------------------------------------------------------------

X, W = np.zeros((2, 5, 5, 3), np.float32), np.zeros((3, 3, 3, 4), np.float32)


@pytest.mark.parametrize(
    "call,error,says",
    [
        (lambda: kernels.conv2d(X, W[:, :, :2]), ValueError, r"x has 3 channels, .* of the 2 of w \(3, 3, 2, 4\)"),
        (lambda: kernels.conv2d(X[0], W), ValueError, r"x must have 4 dimensions, but its shape is \(5, 5, 3\)"),
        (lambda: kernels.conv2d(X, W.astype(np.float64)), TypeError, "conv2d: dtypes differ: x float32, w float64"),
        (lambda: kernels.conv2d(X, W, padding="FULL"), ValueError, "'SAME', 'VALID' or explicit, not 'FULL'"),
        (lambda: kernels.conv2d(X, W, padding=((-1, 0), (0, 0))), ValueError, r"negative, but is \(-1, 0\)"),
        (lambda: kernels.conv2d(X, W, strides=(0, 1)), ValueError, "stride=0"),
        (lambda: kernels.conv2d(X, W, dilations=(1, 0)), ValueError, "dilation=0"),
        (lambda: kernels.conv2d(X, W, padding="VALID", dilations=(3, 1)), ValueError, "subtracting 7 from 5"),
        (lambda: kernels.conv2d(X, [1.0]), TypeError, "conv2d: w must be a NumPy or CuPy array, not list"),
        (lambda: kernels.conv2d_input_grad(X.shape, W, X), ValueError, r"dy has shape .*3\), expected .*4\)"),
        (lambda: kernels.conv2d_filter_grad(X, (3, 3, 2, 4), X), ValueError, r"x has 3 channels, .* of the 2"),
        (lambda: kernels.depthwise_conv2d(X, W[:, :, :1]), ValueError, r"depthwise_conv2d: w has shape .*1, 4\)"),
        (lambda: kernels.max_pool(X, (6, 2)), ValueError, "subtracting 6 from 5"),
        (lambda: kernels.max_pool_grad(X, X, X, (2, 2)), ValueError, r"max_pool_grad: y has shape"),
        (lambda: kernels.avg_pool_grad(X.shape, X, (2, 2)), ValueError, r"avg_pool_grad: dy has shape"),
        (lambda: kernels.matmul(X[0, 0], X[0, 0]), ValueError, r"differ: a \(5, 3\) has 3, b \(5, 3\) has 5"),
        (lambda: kernels.matmul(X[0, 0], X[0, 0], True, True), ValueError, r"3\) transposed has 5, .* has 3"),
        (lambda: kernels.matmul(X[0, 0, 0], X[0, 0]), ValueError, r"a must have at least 2 dimensions, .*\(3,\)"),
        (lambda: kernels.matmul(np.zeros((2, 3, 4)), np.zeros((3, 4, 5))), ValueError, "batch dimensions"),
        (lambda: kernels.matmul(X[0, 0], W[0, 0].astype(np.int32)), TypeError, "a float32, b int32"),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused_by_name_shape_and_expectation(call, error, says):
    with pytest.raises(error, match=says):
        call()


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int32])
def test_the_gradient_of_a_large_batchs_maxima_is_each_images_own(monkeypatch, dtype):
    """The images are shared out among threads; many values tie, and infinities of both signs meet in one cell."""
    from scopeflow.kernels import pools

    rng = np.random.RandomState(0)
    x = rng.randint(-2, 3, (9, 7, 6, 3)).astype(dtype)
    place = ((3, 2), (2, 1), "SAME")
    y = kernels.max_pool(x, *place)
    dy = rng.randint(-100, 100, y.shape).astype(dtype)
    if dtype is not np.int32:
        dy[rng.rand(*y.shape) < 0.1] = np.inf
        dy[rng.rand(*y.shape) < 0.1] = -np.inf
        dy[rng.rand(*y.shape) < 0.1] = -0.0
    with np.errstate(invalid="ignore"):  # of this thread
        alone = [kernels.max_pool_grad(x[i : i + 1], y[i : i + 1], dy[i : i + 1], *place) for i in range(len(x))]
        for task in (1, 300, 1 << 20):
            monkeypatch.setattr(pools, "_TASK", task)
            same_bits(kernels.max_pool_grad(x, y, dy, *place), np.concatenate(alone))
