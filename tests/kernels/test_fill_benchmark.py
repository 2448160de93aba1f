"""The benchmark of the GPU's random fills, run without a GPU: on NumPy's arrays, by a clock that is told the time."""

import sys

import bench_fills as bench
import numpy as np
import pytest

from scopeflow import kernels


def clock(calls):
    """Ours takes 2 ms, a copy 3 ms, the peers 4 and 6 ms."""
    for call in calls:
        call()
    return [0.002, 0.003, 0.004, 0.006][: len(calls)]


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(bench, "SIZES", {"1 MiB": 1 << 20})
    monkeypatch.setattr(bench, "SIDES", (32,))


def test_every_fill_has_a_line_and_float32_its_peers():
    filled, lines = [], []
    peers = {kind: lambda out, kind=kind: filled.append((kind, out.size)) for kind in bench.FILLS}
    bench.measure(np, clock, (peers, peers), lines.append)
    table = [cells(line) for line in lines]
    assert all(len(line) == len(cells(bench.HEADER[0])) for line in table)
    assert [line[:3] for line in table[:4]] == [
        ["uniform", "float32", "1 MiB"], ["uniform", "float16", "1 MiB"], ["uniform", "bfloat16", "1 MiB"],
        ["normal", "float32", "1 MiB"],
    ]  # fmt: skip
    rate = (1 << 20) / 0.002 / 1e9
    assert table[0][3:] == [f"{rate:.0f}", f"{0.003 / 2 / 0.002:.0%}", "2.00", "3.00"]
    assert table[1][5:] == ["", ""]
    assert filled == [(kind, 1 << 18) for kind in bench.FILLS for _ in peers.keys() & {"normal", "uniform"}]
    assert table[-1][:3] == ["orthogonal", "float32", "32 × 32"] and table[-1][-1] == ""


def test_what_is_not_the_distribution_is_not_worth_timing(monkeypatch):
    for name, spoil in (("normal", lambda out: 1.02 * out), ("uniform", lambda out: out + 0.02)):
        fill = getattr(kernels, name)

        def spoilt(out, seed, fill=fill, spoil=spoil):
            fill(out, seed=seed)
            out[...] = spoil(out)

        monkeypatch.setattr(kernels, name, spoilt)
        with pytest.raises(AssertionError, match=name):
            bench.fill_line(name, "float32", "1 MiB", np, clock, ({}, {}))
    monkeypatch.setattr(kernels, "orthogonal", lambda out, seed: out.fill(1))
    with pytest.raises(AssertionError, match="orthogonal 32: off by"):
        bench.orthogonal_line(32, np, clock, ({}, {}))


def test_without_a_device_nothing_is_measured(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert bench.main() == 2
    assert "no CUDA device answers" in capsys.readouterr().err
