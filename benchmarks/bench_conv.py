"""Float32 convolutions of ResNet-50 and VGG beside PyTorch, batch 32: speed as a ratio, the error, and extra memory.

    python benchmarks/bench_conv.py [--precision high] [--batch N] [--repeats N] [name ...]

The two are called in turn, on as many threads each, and the medians compared, as other programs slow both; before each
call the other's threads get the time to fall asleep. PyTorch gets `channels_last` tensors, its best case, over the same
memory. Memory is measured on Linux alone.
"""

import argparse
import ctypes
import os
import pathlib
import platform
import statistics
import time

import numpy as np

from scopeflow.kernels import geometry
from scopeflow.kernels.cpu import convolution, threads
from scopeflow.kernels.precision import PRECISIONS

# name: size of image, channels in and out, size of window, stride
LAYERS = {
    "64-64@56": (56, 64, 64, 3, 1),
    "128-128@28": (28, 128, 128, 3, 1),
    "256-256@14": (14, 256, 256, 3, 1),
    "512-512@7": (7, 512, 512, 3, 1),
    "256-64@56 1x1": (56, 256, 64, 1, 1),
    "64-256@56 1x1": (56, 64, 256, 1, 1),
    "3-64@224 7x7/2": (224, 3, 64, 7, 2),
    "128-128@56 /2": (56, 128, 128, 3, 2),
    "VGG 64-64@224": (224, 64, 64, 3, 1),
    "VGG 64-128@112": (112, 64, 128, 3, 1),
    "VGG 128-128@112": (112, 128, 128, 3, 1),
    "VGG 128-256@56": (56, 128, 256, 3, 1),
    "VGG 256-256@56": (56, 256, 256, 3, 1),
    "VGG 256-512@28": (28, 256, 512, 3, 1),
    "VGG 512-512@28": (28, 512, 512, 3, 1),
    "VGG 512-512@14": (14, 512, 512, 3, 1),
}
KINDS = ("conv2d", "input grad", "filter grad")
REST = 0.02  # seconds: OpenMP's threads wait for more work with all their might, though not for long
# Of the greatest value. PyTorch's filter gradient of the 7 x 7 is off by 1.4e-5 of it (ours by 4e-7, against float64);
# an error of index or sign is near 1.
TOLERANCE = 1e-4


def ours(layer, batch, precision):
    """(x, w, dy, at, the three results' arrays, the three calls that fill them)."""
    size, inputs, outputs, window, stride = layer
    rng = np.random.default_rng(7)
    at = geometry.windows((size, size), (window, window), (stride, stride), ((window // 2,) * 2,) * 2)
    x = rng.standard_normal((batch, size, size, inputs), np.float32)
    w = rng.standard_normal((window, window, inputs, outputs), np.float32)
    dy = rng.standard_normal((batch, *at.output, outputs), np.float32)
    results = [np.zeros_like(array) for array in (dy, x, w)]
    winograd = precision == "high"
    calls = [
        lambda: convolution.conv2d(x, w, at, results[0], winograd=winograd),
        lambda: convolution.conv2d_input_grad(w, dy, at, results[1], winograd=winograd),
        lambda: convolution.conv2d_filter_grad(x, dy, at, results[2], winograd=winograd),
    ]
    return x, w, dy, at, results, calls


def torchs(x, w, dy, at):
    """PyTorch's three calls on the same arrays; each returns its result in our layout."""
    import torch

    torch.set_num_threads(threads.count())
    image, grad = (torch.from_numpy(array).permute(0, 3, 1, 2) for array in (x, dy))
    weights = torch.from_numpy(np.ascontiguousarray(w.transpose(3, 0, 1, 2))).permute(0, 3, 1, 2)
    padding = [at.padding[0][0], at.padding[1][0]]

    def grads(*wanted):
        return torch.ops.aten.convolution_backward(
            grad, image, weights, None, at.strides, padding, (1, 1), False, [0, 0], 1, [*wanted, False]
        )

    return [
        lambda: torch.nn.functional.conv2d(image, weights, None, at.strides, padding).permute(0, 2, 3, 1).numpy(),
        lambda: grads(True, False)[0].permute(0, 2, 3, 1).numpy(),
        lambda: grads(False, True)[1].permute(2, 3, 1, 0).numpy(),
    ]


def in_turn(calls, repeats):
    """The median seconds of each call."""
    seconds = [[] for _ in calls]
    for _ in range(repeats):
        for call, times in zip(calls, seconds, strict=True):
            time.sleep(REST)
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in seconds]


def extra_memory(call):
    """MiB by which the process's memory rose, at most, during a call; None where the system does not tell."""
    status, reset = pathlib.Path("/proc/self/status"), pathlib.Path("/proc/self/clear_refs")
    if not os.access(reset, os.W_OK):
        return None

    def field(name):
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(name)) / 1024

    ctypes.CDLL(None).malloc_trim(0)  # what an earlier call left is not there to be taken again
    reset.write_text("5")  # the peak is what there is now
    before = field("VmRSS")
    call()
    return field("VmHWM") - before


def compare(name, layer, batch, repeats, precision):
    """Prints a line for each kind; the ratios."""
    x, w, dy, at, results, calls = ours(layer, batch, precision)
    products = dy.size * w.size // w.shape[3]
    ratios = []
    for kind, call, other, result in zip(KINDS, calls, torchs(x, w, dy, at), results, strict=True):
        call()  # compiles
        memory = extra_memory(call)
        expected = other()
        error = abs(result - expected).max() / abs(expected).max()
        if not error <= TOLERANCE:
            raise AssertionError(f"{name}, {kind}: off by {error:.1e} of the greatest value")
        del expected
        mine, theirs = in_turn([call, other], repeats)
        ratios.append(theirs / mine)
        rates = [2e-9 * products / seconds for seconds in (mine, theirs)]
        print(
            f"| {name} | {kind} | {mine * 1e3:.1f} | {theirs * 1e3:.1f} | {rates[0]:.0f} | {rates[1]:.0f} | "
            f"{ratios[-1]:.2f} | {error:.0e} | {'?' if memory is None else f'{memory:.0f}'} |",
            flush=True,
        )
    return ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", choices=PRECISIONS, default="highest")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument(
        "names", nargs="*", metavar="name", help="a part of a layer's name; all layers if none is given"
    )
    arguments = parser.parse_args()
    print(
        f"{platform.processor() or platform.machine()}, {threads.count()} threads each, batch {arguments.batch}, "
        f"precision {arguments.precision}\n"
    )
    print("| layer | | ms | PyTorch's | GFLOP/s | PyTorch's | times as fast | error | extra MiB |")
    print("|---|---|---|---|---|---|---|---|---|")
    ratios = [
        compare(name, layer, arguments.batch, arguments.repeats, arguments.precision)
        for name, layer in LAYERS.items()
        if not arguments.names or any(part in name for part in arguments.names)
    ]
    means = [*np.exp(np.log(ratios).mean(axis=0)), np.exp(np.log(ratios).mean())]
    print("\ngeometric means: " + ", ".join(f"{k} {m:.2f}" for k, m in zip((*KINDS, "all"), means, strict=True)))
    print(f"the least: {np.min(ratios):.2f}")


if __name__ == "__main__":
    main()
