"""The benchmark of the dense CUDA kernels, run without a GPU: on plain functions, by a clock that is told the time."""

import sys

import bench_dense as bench
import dense_problems
import numpy as np
import pytest
from dense_problems import KINDS, PROBLEMS, Problem, case_of

from scopeflow.kernels import plain


class PlainDense:
    """kernels/cuda/dense.py's functions by way of plain.py, each result times `factor`."""

    def __init__(self, factor=1.0):
        self.factor, self.asked = factor, []

    def __getattr__(self, function):
        def run(left, right, *place_and_out, launcher, precision="highest", **finish):
            *place, out = place_and_out
            self.asked.append((function, str(out.dtype), precision, finish.get("activation")))
            place = place if function == "matmul" else place[:1]  # without the groups
            wide = np.float64 if out.dtype == np.float64 else np.float32
            result = np.empty(out.shape, wide)
            getattr(plain, function)(left.astype(wide), right.astype(wide), *place, result, **finish)
            out[...] = result * self.factor

        return run


def clock(calls):
    """Ours takes 2 ms, with bias and activation 2.1 ms, the peer 5 ms."""
    for call in calls:
        call()
    return [0.002, 0.0021, 0.005][: len(calls)]


def numpys(case, precision):
    return (lambda: case.left @ case.right) if case.at is None else None


def lines_of(monkeypatch, problems, kinds, device="NVIDIA H200", dense=None, peer=numpys):
    monkeypatch.setattr(dense_problems, "dense", dense or PlainDense())
    lines = []
    ratios = bench.measure(problems, kinds, device, None, np, clock, peer, lines.append)
    assert all(line.count("|") == bench.HEADER[0].count("|") for line in lines)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines], ratios


def test_rates_shares_and_ratios_follow_from_the_seconds(monkeypatch):
    problem = Problem("matmul", (100, 40, 50))
    (highest, half), ratios = lines_of(
        monkeypatch, [problem], [("float32", "highest"), ("float16", "highest")], device="NVIDIA H200"
    )
    rate = 2 * 100 * 40 * 50 / 0.002 / 1e12
    assert highest[:2] == ["matmul 100×40×50", "float32 highest"] and half[1] == "float16"
    assert highest[2] == "2000.0" and highest[3] == f"{rate:.1f}" and highest[5:8] == ["5000.0", "2.50", "+5.0%"]
    assert highest[4] == f"{rate / (494.7 / 3):.0%}" and half[4] == f"{rate / 989.4:.0%}"
    assert ratios == {("matmul", "float32", "highest"): [2.5], ("matmul", "float16", "highest"): [2.5]}
    first, _ = bench.summary(ratios)
    assert first == "matmul float32 highest: 2.50 times as fast as the peer, the least 2.50"


@pytest.mark.parametrize(
    "device,dtype,precision,expected",
    [
        ("NVIDIA H100 PCIe", "float32", "high", 378.0),
        ("NVIDIA H100 80GB HBM3", "float32", "high", 494.7),
        ("NVIDIA A100-SXM4-80GB", "bfloat16", "highest", 312.0),
        ("NVIDIA A100-SXM4-80GB", "float32", "highest", 52.0),
        ("Another", "float32", "highest", None),
    ],
)
def test_the_ceiling_is_the_data_sheets(device, dtype, precision, expected):
    assert bench.ceiling(device, dtype, precision) == expected


def test_every_function_is_measured_with_and_without_a_peer(monkeypatch):
    functions = ("conv2d", "conv2d_input_grad", "conv2d_filter_grad")
    dense = PlainDense()
    problems = [Problem(function, (8, 3, 4, 3, 2)) for function in functions]
    lines, ratios = lines_of(monkeypatch, problems, KINDS, device="Another", dense=dense)
    assert len(lines) == 12 and not ratios
    assert all(line[4:7] == ["?", "", ""] for line in lines)
    assert [bool(line[7]) for line in lines] == [True] * 4 + [False] * 8
    wanted = {(f, dtype, precision, None) for f in functions for dtype, precision in KINDS}
    assert wanted <= set(dense.asked) and ("conv2d", "float16", "highest", "relu") in dense.asked
    assert ("conv2d", "float64", "highest", None) in dense.asked  # what the others are held against


@pytest.mark.parametrize("dtype,precision", [("float32", "highest"), ("float32", "high"), ("bfloat16", "highest")])
def test_a_wrong_result_is_not_worth_timing(monkeypatch, dtype, precision):
    off = bench.TOLERANCES.get((dtype, precision), bench.COARSE)
    problem = Problem("matmul", (30, 20, 10))
    for factor in (1 + 3 * off, np.nan):
        with pytest.raises(AssertionError, match=rf"{dtype} {precision}: off by"):
            lines_of(monkeypatch, [problem], [(dtype, precision)], dense=PlainDense(factor))


def test_the_problems_are_those_of_the_networks():
    assert {Problem("matmul", (8192, 8192, 8192)), Problem("conv2d_filter_grad", (224, 3, 64, 7, 2))} <= set(PROBLEMS)
    small = case_of(Problem("conv2d", (8, 3, 4, 7, 2)), np.float32, np, batch=2)
    assert small.left.shape == (2, 8, 8, 3) and small.right.shape == (7, 7, 3, 4) and small.out.shape == (2, 4, 4, 4)
    assert small.products == 2 * 4 * 4 * 4 * 7 * 7 * 3


def test_without_a_device_nothing_is_measured(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench_dense.py"])
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert bench.main() == 2
    assert "no CUDA device answers" in capsys.readouterr().err
