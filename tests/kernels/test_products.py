"""Products cut among threads are those that NumPy computes, and leave its BLAS as it was."""

import threading

import numpy as np
import pytest

from scopeflow.kernels import products

BLAS = products._blas()
SHAPES = {  # (a, b, whether transposed views)
    "few": ((8, 8), (8, 8)),
    "one task": ((128, 64), (64, 128)),
    "rows": ((1000, 300), (300, 257)),
    "columns": ((65, 700), (700, 1001)),
    "a row": ((1, 150), (150, 100)),
    "a column": ((5000, 1000), (1000, 1)),
    "batch": ((7, 3, 100, 90), (7, 3, 90, 110)),
    "a batch that broadcasts": ((5, 1, 200, 90), (4, 90, 200)),
    "a batch of b's": ((150, 200), (3, 200, 150)),
    "no rows": ((0, 5000), (5000, 300)),
    "nothing to add up": ((3000, 0), (0, 3000)),
}


@pytest.fixture(autouse=True)
def two_threads_of_blas():
    """As on any machine of two processors, whatever the environment says here."""
    before = BLAS.get() if BLAS else None
    if BLAS:
        BLAS.set(2)
    yield
    if BLAS:
        assert BLAS.get() == 2
        BLAS.set(before)


def operands(shapes, dtype):
    rng = np.random.RandomState(0)
    return [rng.uniform(-1, 1, shape).astype(dtype) for shape in shapes]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shapes", SHAPES.values(), ids=list(SHAPES))
def test_the_product_is_numpys(shapes, dtype):
    a, b = operands(shapes, dtype)
    wanted = np.matmul(a.astype(np.float64), b.astype(np.float64))
    bound = 4 * np.finfo(dtype).eps * np.matmul(np.abs(a), np.abs(b)) * np.sqrt(max(a.shape[-1], 1))
    turned = np.ascontiguousarray(a.mT).mT, np.ascontiguousarray(b.mT).mT
    for x, y in ((a, b), turned):
        made = products.matmul(x, y)
        assert made.dtype == dtype and made.shape == wanted.shape and made.flags.c_contiguous
        assert np.all(np.abs(made - wanted) <= bound)
        out = np.full(wanted.shape, np.nan, dtype)
        assert products.matmul(x, y, out) is out
        assert out.tobytes() == made.tobytes() == products.matmul(x, y).tobytes()


def test_nan_and_infinity_stay_in_their_row_and_column():
    a, b = operands(SHAPES["rows"], np.float32)
    a[17, 3], b[5, 250] = np.nan, np.inf
    a[:, 5] = np.abs(a[:, 5]) + 1
    made = products.matmul(a, b)
    assert np.isnan(made[17]).all() and np.isposinf(np.delete(made[:, 250], 17)).all()
    assert np.isfinite(np.delete(np.delete(made, 17, 0), 250, 1)).all()


@pytest.mark.parametrize("shapes", [((500, 300), (301, 500)), ((5, 200, 300), (4, 300, 200))])
def test_shapes_that_do_not_fit_are_refused_as_numpy_refuses_them(shapes):
    with pytest.raises(ValueError):
        products.matmul(*operands(shapes, np.float32))


def test_each_task_has_one_thread_of_blas_and_blas_has_its_own_again_after_all(monkeypatch):
    """Also where several threads multiply at once, and where one of them fails."""
    if BLAS is None:
        return
    a, b = operands(SHAPES["rows"], np.float64)
    seen, real = [], np.matmul

    def noted(*args, **kwargs):
        seen.append(BLAS.get())
        return real(*args, **kwargs)

    monkeypatch.setattr(np, "matmul", noted)

    def work():
        for _ in range(4):
            products.matmul(a, b)
            with pytest.raises(ValueError):
                products.matmul(a, b[:-1])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) > 4 * 4 * 2 and set(seen) == {1}
    assert BLAS.get() == 2


def test_a_blas_of_one_thread_keeps_all_to_itself(monkeypatch):
    if BLAS is None:
        return
    BLAS.set(1)
    monkeypatch.setattr("scopeflow.kernels.cpu.threads.share", None)
    products.matmul(*operands(SHAPES["rows"], np.float64))
    BLAS.set(2)
