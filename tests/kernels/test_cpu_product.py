"""The CPU's own float32 products: against float64, at odd shapes, strides and settings, and nothing else touched."""

import pathlib
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopeflow.kernels import products
from scopeflow.kernels.cpu import product, threads

SMALL = {"FEW_PRODUCTS": 0, "FEW_ROWS": 14, "CHUNK": 9, "PART_ROWS": 30, "SHARED_PRODUCTS": 1, "TASK_PRODUCTS": 1}
GUARD, SENTINEL = 64, np.float32(-7.25)
# How a matrix may lie: in rows, in columns, with gaps between, or all of it one row.
LAYOUTS = {
    "rows": lambda m: np.ascontiguousarray(m),
    "columns": lambda m: np.ascontiguousarray(m.T).T,
    "a part": lambda m: np.pad(m, ((1, 2), (3, 4)))[1:-2, 3:-4],
    "a part of columns": lambda m: np.pad(m.T, ((1, 2), (3, 4)))[1:-2, 3:-4].T,
    "every third": lambda m: np.repeat(np.repeat(m, 3, 1), 2, 0)[::2, ::3],
    "one row": lambda m: np.broadcast_to(m[:1], m.shape),
}


@pytest.fixture(autouse=True)
def plans():
    """Plans made by a test's settings are no other test's."""
    product._product.cache_clear()
    yield
    product._product.cache_clear()


@pytest.fixture
def small(monkeypatch):
    for name, value in SMALL.items():
        monkeypatch.setattr(product, name, value)


def computed(a, b):
    """The product, in memory whose surroundings must stay as they were."""
    size = len(a) * b.shape[1]
    memory = np.full(size + 2 * GUARD, SENTINEL)
    out = memory[GUARD : GUARD + size].reshape(len(a), b.shape[1])
    out.fill(np.nan)
    multiply = product.product_of(a, b, out)
    multiply(a, b, out)
    assert (memory[:GUARD] == SENTINEL).all() and (memory[GUARD + size :] == SENTINEL).all()
    return out


def assert_is_product(made, a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    bound = (a.shape[1] + 1) * 2.0**-24 * (abs(a) @ abs(b))
    assert np.all(abs(made - a @ b) <= bound)


@pytest.mark.parametrize("packing", [-1000, 1000])
@pytest.mark.parametrize("right", LAYOUTS)
@pytest.mark.parametrize("left", LAYOUTS)
@pytest.mark.parametrize("shape", [(14, 1, 16), (15, 9, 33), (64, 40, 32), (97, 19, 70), (28, 64, 128)], ids=str)
def test_a_product_is_that_of_float64(shape, left, right, packing, small, monkeypatch):
    rows, depth, width = shape
    monkeypatch.setattr(product, "PACKING", packing)
    rng = np.random.default_rng(0)
    a = LAYOUTS[left](rng.standard_normal((rows, depth), np.float32))
    b = LAYOUTS[right](rng.standard_normal((depth, width), np.float32))
    assert product.suits(a, b)
    assert_is_product(computed(a, b), a, b)


@settings(max_examples=60, deadline=None)
@given(
    *(st.integers(14, 120), st.integers(1, 60), st.integers(16, 150), st.integers(1, 70), st.integers(1, 130)),
    st.sampled_from([1, 1 << 40]),
    st.sampled_from([-1000, 8, 1000]),
    st.sampled_from([1, 2, 1 << 40]),
)
def test_any_shape_and_any_cut(rows, depth, width, chunk, part, task, packing, competing):
    """Packing either matrix, whichever is the larger one, and copying the other one's rows, or not."""
    rng = np.random.default_rng(rows * depth + width)
    a, b = rng.standard_normal((rows, depth), np.float32), rng.standard_normal((depth, width), np.float32)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "CHUNK": chunk,
            "PART_ROWS": part,
            "TASK_PRODUCTS": task,
            "FEW_PRODUCTS": 0,
            "FEW_ROWS": 14,
        }.items():
            patch.setattr(product, name, value)
        product._product.cache_clear()
        assert_is_product(computed(a, b), a, b)


def test_threads_change_no_bit(small, monkeypatch):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((101, 67), np.float32), rng.standard_normal((67, 99), np.float32)
    made = set()
    for count in (1, 2, 7):
        monkeypatch.setattr(threads, "count", lambda count=count: count)
        made.add(computed(a, b).tobytes())
    assert len(made) == 1


@pytest.mark.parametrize("shape", [(64, 2048, 128), (128, 1024, 64), (100, 1024, 1024)], ids=str)
def test_rows_that_compete_for_places_in_the_cache_are_multiplied_from_a_copy(shape):
    rows, depth, width = shape
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((rows, depth), np.float32), rng.standard_normal((depth, width), np.float32)
    for left, right in ((a, b), (np.ascontiguousarray(a.T).T, b), (a, np.ascontiguousarray(b.T).T)):
        assert_is_product(computed(left, right), left, right)


def test_nan_and_infinity_stay_in_their_row_and_column(small):
    rng = np.random.default_rng(0)
    a, b = abs(rng.standard_normal((40, 31), np.float32)), rng.standard_normal((31, 75), np.float32)
    a[17, 3], b[5, 70] = np.nan, np.inf
    made = computed(a, b)
    assert np.isnan(made[17]).all() and np.isposinf(np.delete(made[:, 70], 17)).all()
    assert np.isfinite(np.delete(np.delete(made, 17, 0), 70, 1)).all()


def test_what_does_not_suit_goes_to_numpy():
    a, wide = np.zeros((128, 128), np.float32), np.zeros((128, 4096), np.float32)
    refused = [
        (a.astype(np.float64), a.astype(np.float64)),
        (a.astype(">f4"), a.astype(">f4")),
        (a[::-1], a),
        (a, a[:, ::-1]),
        (a[:27], wide),
        (wide.T, a[:, :8]),
        (np.zeros((2, 128, 128), np.float32), a),
        (a, wide.T),
        (a[:31], a),
    ]
    for left, right in refused:
        assert product.product_of(left, right) is None
    assert product.product_of(a, a, np.zeros((256, 128), np.float32)[::2]) is None
    assert product.product_of(a, a) is not None


def test_what_suits_is_multiplied_so(monkeypatch):
    taken = []
    monkeypatch.setattr(product, "product_of", lambda a, b, out: lambda *arrays: taken.append(arrays[2].shape))
    a = np.zeros((128, 128), np.float32)
    products.matmul(a, a)
    assert taken == [(128, 128)]


def test_products_of_one_shape_at_once_share_no_memory(small, monkeypatch):
    monkeypatch.setattr(product, "SHARED_PRODUCTS", 1 << 40)
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((60, 150), np.float32), rng.standard_normal((150, 200), np.float32)
    expected, wrong, began = computed(a, b).tobytes(), [], threading.Barrier(4, timeout=60)

    def multiply():
        began.wait()
        wrong.extend(None for _ in range(200) if computed(a, b).tobytes() != expected)

    callers = [threading.Thread(target=multiply) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not wrong


@pytest.mark.parametrize("layout", LAYOUTS)
def test_matrices_that_must_not_be_written_are_read(layout, small):
    rng = np.random.default_rng(0)
    a, b = (LAYOUTS[layout](rng.standard_normal((40, 40), np.float32)) for _ in range(2))
    a.flags.writeable = b.flags.writeable = False
    assert_is_product(computed(a, b), a, b)


def test_an_operand_that_is_also_the_result_is_read_before_it_is_written(monkeypatch):
    monkeypatch.setattr(product, "FEW_PRODUCTS", 1 << 19)
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 128, 128), np.float32)
    expected = products.matmul(a, b)
    assert products.matmul(a, b, out=a) is a
    np.testing.assert_allclose(a, expected, rtol=1e-5, atol=1e-5)


GUARDED = """
import pytest
import test_cpu_convolution
import test_cpu_product as tests
exec(test_cpu_convolution.EDGES)
with pytest.MonkeyPatch.context() as patch:
    for setting in tests.SMALL.items():
        patch.setattr(tests.product, *setting)
    for rows, depth, width in ((14, 1, 16), (15, 9, 33), (64, 40, 32), (97, 19, 70)):
        for end in (False, True):
            a = at_the_edge(np.ones((rows, depth), np.float32), end)
            b = at_the_edge(np.ones((depth, width), np.float32), end)
            out = at_the_edge(np.zeros((rows, width), np.float32), end)
            turned_a, turned_b = (at_the_edge(np.ascontiguousarray(m.T), end).T for m in (a, b))
            for left in (a, turned_a):
                for right in (b, turned_b):
                    tests.product.product_of(left, right)(left, right, out)
                    assert (out == depth).all()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="pages are guarded by mprotect")
def test_nothing_is_touched_before_or_beyond_the_matrices():
    subprocess.run([sys.executable, "-c", GUARDED], check=True, cwd=pathlib.Path(__file__).parent)
