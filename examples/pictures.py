"""The demo's pictures: what the net has learned, and how it went."""

import matplotlib
import numpy as np

matplotlib.use("Agg")  # draw into files: no display is needed
from matplotlib import pyplot as plt


def draw_filters(filters, path):
    """The kernels of conv1, [5, 5, 1, 32]: red adds to the response, blue takes from it."""
    figure, axes = plt.subplots(4, 8, figsize=(8, 4.5), layout="constrained")
    largest = np.abs(filters).max()
    for axis, kernel in zip(axes.flat, np.moveaxis(filters[:, :, 0, :], -1, 0), strict=True):
        shown = axis.imshow(kernel, cmap="RdBu_r", vmin=-largest, vmax=largest)
        axis.set_axis_off()
    figure.suptitle("The 32 filters of conv1, 5 × 5")
    figure.colorbar(shown, ax=axes, shrink=0.8, label="weight")
    figure.savefig(path, dpi=150)


def draw_training(history, test_accuracy, path):
    """Loss and accuracy of each batch, faint, and their running means."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    window = min(20, len(history))
    steps = np.arange(1, len(history) + 1)
    centres = steps[: len(steps) - window + 1] + (window - 1) / 2
    for axis, values, name, colour in zip(axes, history.T, ("loss", "accuracy"), ("#c0392b", "#2471a3"), strict=True):
        mean = np.convolve(values, np.ones(window) / window, mode="valid")
        axis.plot(steps, values, color=colour, alpha=0.25, linewidth=1)
        axis.plot(centres, mean, color=colour, linewidth=2, label=f"training, mean of {window} steps")
        axis.set(xlabel="step", title=name, xlim=(0, len(history)))
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25)
    axes[0].set_yscale("log")
    axes[1].set_ylim(0.5, 1.01)  # guessing gives 0.1, which lasts a few steps only
    axes[1].axhline(test_accuracy, color="black", linestyle="--", linewidth=1, label=f"test, {test_accuracy:.1%}")
    axes[0].legend(frameon=False, loc="upper right")
    axes[1].legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=150)
