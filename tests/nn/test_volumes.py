"""What TensorFlow's CPU does not do to volumes: dilations in the op itself."""

import numpy as np
import pytest

import scopeflow as tf


def by_hand(x, w, rates):
    """A VALID convolution of stride 1, cell by cell of the window."""
    spans = [(size - 1) * rate for size, rate in zip(w.shape[:3], rates, strict=True)]
    sizes = [size - span for size, span in zip(x.shape[1:4], spans, strict=True)]
    y = np.zeros((len(x), *sizes, w.shape[4]))
    for cell in np.ndindex(*w.shape[:3]):
        seen = tuple(slice(c * r, c * r + s) for c, r, s in zip(cell, rates, sizes, strict=True))
        y += x[(slice(None), *seen)] @ w[cell]
    return y


@pytest.mark.parametrize("rates", [(2, 1, 1), (1, 2, 3), (3, 2, 2)])
def test_dilated_windows_see_cells_that_far_apart(rates):
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal((2, 6, 6, 7, 2)), rng.standard_normal((2, 3, 2, 2, 3))
    with tf.Graph().as_default(), tf.Session() as session:
        y = session.run(tf.nn.conv3d(x, w, [1] * 5, "VALID", dilations=[1, *rates, 1]))
    np.testing.assert_allclose(y, by_hand(x, w, rates), rtol=1e-12, atol=1e-12)
