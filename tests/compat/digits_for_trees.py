"""The 8 × 8 digits of scikit-learn, as trees are tested with them: those to learn from, and those to be asked of."""

import numpy as np
from sklearn.datasets import load_digits


def digits():
    """((x, y), (x, y)): 1300 and 497 pictures, float32 [n, 64] in [0, 1], int32 [n], in one order of all."""
    data = load_digits()
    order = np.random.RandomState(0).permutation(len(data.target))
    x, y = (data.data[order] / 16).astype(np.float32), data.target[order].astype(np.int32)
    return (x[:1300], y[:1300]), (x[1300:], y[1300:])
