"""The dense CUDA kernels beside cuBLAS and cuDNN on this machine's GPU. Run: python benchmarks/bench_dense.py [--help]

Each problem is computed by our kernel and by PyTorch's, or CuPy's where there is no PyTorch, in turn, each with a cold
L2, and the medians are compared: float32 `highest` beside theirs without TF32, `high` beside theirs with it, 16 bits
beside theirs. PyTorch gets `channels_last` tensors over the same memory, and cuDNN may try its algorithms first. Rates
count the products of the direct form; the ceiling is the tensor cores' peak by the data sheet, and of `highest`, which
multiplies three times, a third of TF32's. "Error" is the greatest difference from float64, by the greatest value.
"""

import argparse
import functools
import sys

import numpy as np
from dense_problems import DTYPES, KINDS, PROBLEMS, Report, case_of, gpu_clock

# TFLOP/s of tensor cores without sparsity, by NVIDIA's data sheets: of TF32, and of 16 bits summed in float32.
PEAKS = {
    "H200": (494.7, 989.4),
    "H100 PCIe": (378.0, 756.0),
    "H100": (494.7, 989.4),
    "A100": (156.0, 312.0),
    "L40S": (183.0, 362.1),
    "L4": (60.0, 121.0),
    "RTX 4090": (82.6, 165.2),
    "RTX 3090": (35.6, 71.0),
}
# Of the greatest value. The sums have up to 100,000 terms of either sign; an error of index is near 1.
TOLERANCES = {("float32", "highest"): 1e-5, ("float32", "high"): 5e-3, ("float16", "highest"): 5e-3}
COARSE = 3e-2  # bfloat16's


def ceiling(device, dtype, precision):
    """The most TFLOP/s that a device can compute in a precision; None for one that is not in the list."""
    peaks = next((peaks for name, peaks in PEAKS.items() if name in device), None)
    if peaks is None:
        return None
    tf32, half = peaks
    return half if dtype != "float32" else tf32 / 3 if precision == "highest" else tf32


# --- The peers --------------------------------------------------------------------------------------------------------


def torch_call(case, precision):
    """PyTorch's call for a case, on the same memory; it returns its result in our layout."""
    import torch

    torch.backends.cudnn.benchmark = True

    def shared(array):
        if array.dtype == DTYPES["bfloat16"]:  # which DLPack does not carry everywhere
            return torch.from_dlpack(array.view(np.int16)).view(torch.bfloat16)
        return torch.from_dlpack(array)

    def run(function, *arguments):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "high"
        return function(*arguments)

    left, right = shared(case.left), shared(case.right)
    if case.at is None:
        return functools.partial(run, torch.matmul, left, right)
    given = {"conv2d": ("x", "w"), "conv2d_input_grad": ("w", "dy"), "conv2d_filter_grad": ("x", "dy")}[case.function]
    arrays = dict(zip(given, (left, right), strict=True))
    sought = next(name for name in ("dy", "x", "w") if name not in arrays)
    arrays[sought] = left.new_empty(case.out.shape)  # of which only the shape is looked at
    x, dy = (arrays[name].permute(0, 3, 1, 2) for name in ("x", "dy"))
    w = arrays["w"].permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    strides, padding = case.at.strides, [before for before, _ in case.at.padding]
    if sought == "dy":
        call = functools.partial(run, torch.nn.functional.conv2d, x, w, None, strides, padding)
        return lambda: call().permute(0, 2, 3, 1)
    wanted = [sought == "x", sought == "w", False]
    backward = torch.ops.aten.convolution_backward
    call = functools.partial(run, backward, dy, x, w, None, strides, padding, (1, 1), False, [0, 0], 1, wanted)
    if sought == "x":
        return lambda: call()[0].permute(0, 2, 3, 1)
    return lambda: call()[1].permute(2, 3, 1, 0)


def cupy_call(case, precision):
    """CuPy's call (cuBLAS), where there is one without TF32."""
    if case.at is None and precision == "highest" and case.out.dtype in (np.float32, np.float16):
        import cupy

        return lambda: cupy.matmul(case.left, case.right)
    return None


def peer():
    """(Its name, its function from a case and a precision to a call or None)."""
    try:
        import torch
    except ImportError:
        return "CuPy", cupy_call
    if torch.cuda.is_available():
        return f"PyTorch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}", torch_call
    return "CuPy", cupy_call


# --- Measuring --------------------------------------------------------------------------------------------------------


def reference(problem, xp, launcher, call_of_peer):
    """A problem's result in float64: the peer's, or else that of our kernel of float64, which is another one."""
    case = case_of(problem, np.float64, xp)
    call = call_of_peer(case, "highest")
    if call is not None:
        return xp.asarray(call())
    case.call(launcher)
    return case.out


def check(problem, case, expected, xp, dtype, precision):
    """The greatest difference from float64, by the greatest value. Raises AssertionError where it is too great."""
    error = float(xp.abs(case.out.astype(np.float64) - expected).max() / xp.abs(expected).max())
    if not error <= TOLERANCES.get((dtype, precision), COARSE):
        raise AssertionError(f"{problem} {dtype} {precision}: off by {error:.1e} of the greatest value")
    return error


HEADER = (
    "| problem | dtype, precision | µs | TFLOP/s | of the ceiling | peer's µs | times as fast | bias + relu | error |",
    "|---|---|---|---|---|---|---|---|---|",
)


def measured(problem, dtype, precision, expected, device, launcher, xp, clock, call_of_peer):
    """(A line of the table, how many times as fast as the peer or None)."""
    case = case_of(problem, DTYPES[dtype], xp)
    ours = functools.partial(case.call, launcher, precision=precision)
    calls = [ours]
    finished = problem.function in ("matmul", "conv2d")
    if finished:
        bias = xp.zeros(case.out.shape[-1], DTYPES[dtype])
        calls.append(functools.partial(ours, bias=bias, activation="relu"))
    theirs = call_of_peer(case, precision)
    if theirs is not None:
        calls.append(theirs)
    seconds = clock(calls)
    case.out.fill(np.nan)
    ours()
    error = check(problem, case, expected, xp, dtype, precision)
    rate, most = 2e-12 * case.products / seconds[0], ceiling(device, dtype, precision)
    ratio = None if theirs is None else seconds[-1] / seconds[0]
    cells = (
        f"{problem.function} {'×'.join(map(str, problem.sizes))}",
        f"{dtype} {precision}" if dtype == "float32" else dtype,
        f"{seconds[0] * 1e6:.1f}",
        f"{rate:.1f}",
        "?" if most is None else f"{rate / most:.0%}",
        "" if ratio is None else f"{seconds[-1] * 1e6:.1f}",
        "" if ratio is None else f"{ratio:.2f}",
        f"{seconds[1] / seconds[0] - 1:+.1%}" if finished else "",
        f"{error:.0e}",
    )
    return f"| {' | '.join(cells)} |", ratio


def measure(problems, kinds, device, launcher, xp, clock, call_of_peer, report=print):
    """Reports a line for each problem and kind; returns {(function, dtype, precision): the ratios}."""
    ratios = {}
    for problem in problems:
        expected = reference(problem, xp, launcher, call_of_peer)
        for dtype, precision in kinds:
            line, ratio = measured(
                problem, dtype, precision, expected, device, launcher, xp, clock, call_of_peer
            )  # fmt: skip
            report(line)
            if ratio is not None:
                ratios.setdefault((problem.function, dtype, precision), []).append(ratio)
    return ratios


def summary(ratios):
    """Lines with the geometric mean and the least ratio of each function and precision."""
    for (function, dtype, precision), found in ratios.items():
        mean = np.exp(np.log(found).mean())
        yield f"{function} {dtype} {precision}: {mean:.2f} times as fast as the peer, the least {min(found):.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help="a function, such as conv2d; all if none is given")
    arguments = parser.parse_args()
    try:
        import cupy

        from scopeflow.kernels.cuda.launching import default_launcher

        launcher = default_launcher()
        device = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    except Exception as error:  # whatever CuPy raises without a device
        print(f"bench_dense: no CUDA device answers ({type(error).__name__}: {error})", file=sys.stderr)
        return 2
    name, call_of_peer = peer()
    report = Report("Dense kernels", device, f", beside {name}")
    for line in HEADER:
        report(line)
    problems = [problem for problem in PROBLEMS if not arguments.names or problem.function in arguments.names]
    ratios = measure(problems, KINDS, device, launcher, cupy, gpu_clock(cupy), call_of_peer, report)
    report("")
    for line in summary(ratios):
        report(f"- {line}")
    report.write("dense")
    return 0


if __name__ == "__main__":
    sys.exit(main())
