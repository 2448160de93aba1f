"""The dense CUDA kernels compiled by NVRTC, for which no GPU is needed: they compile, and no main loop spills."""

from __future__ import annotations

import json
import sys

import binaries
import pytest

from scopeflow.kernels.cuda import launching


@pytest.fixture(scope="module")
def nvrtc():
    """NVRTC where launching.py looks for it."""
    found = binaries.nvrtc_as_cupy_has_it()
    if found is None:
        pytest.skip("no NVRTC")
    with pytest.MonkeyPatch.context() as patch:
        for name, module in binaries.as_cupy(found).items():
            patch.setitem(sys.modules, name, module)
        yield found


def test_all_specialisations_were_compiled_as_they_stand():
    """All of them take a quarter of an hour, so who changes what is compiled does it and keeps a record."""
    record = json.loads(binaries.RECORD.read_text())
    renew = "what is compiled has changed: make binaries"
    assert record["digest"] == binaries.digest(), renew
    assert record["specialisations"] == len(binaries.SPECIALISATIONS), renew


@pytest.mark.slow
@pytest.mark.parametrize("specialisation", [pytest.param(one, id=name) for name, one in binaries.SAMPLE.items()])
def test_a_specialisation_compiles_and_keeps_its_sums_in_registers(specialisation, nvrtc):
    if specialisation.architecture not in nvrtc.getSupportedArchs():
        pytest.skip(f"no NVRTC for sm_{specialisation.architecture}")
    binaries.check(binaries.compiled(specialisation))


def test_the_check_sees_a_spill(nvrtc):
    defines = dict(binaries.SAMPLE[next(name for name in binaries.SAMPLE if name.startswith("SplitTf32"))].defines)
    crowded = {**defines, "BM": 128, "BN": 128, "WM": 64, "WN": 32, "BLOCKS_PER_PROCESSOR": 4}
    binary = launching.compile_source("product.cu", tuple(crowded.items()), 90)
    assert any(stores > 0 and loads > 0 for _, stores, loads in binaries.spills(binary))


def test_a_source_that_does_not_compile_raises_with_kernel_architecture_and_log(nvrtc):
    with pytest.raises(launching.KernelError, match=r"(?s)reduce\.cu does not compile for sm_90a .*NoSuchType"):
        launching.compile_source("reduce.cu", (("ELEMENT", "NoSuchType"), ("ACTIVATION", "Relu")), 90)


def test_each_architecture_is_compiled_for_by_its_name(nvrtc):
    known = tuple(nvrtc.getSupportedArchs())
    assert launching.target(80, known) == ("sm_80", ".cubin")
    assert launching.target(90, known) == ("sm_90a", ".cubin")
    assert launching.target(max(known) + 7, known) == (f"compute_{max(known)}", ".ptx")
    ptx = launching.compile_source("reduce.cu", (("ELEMENT", "float"), ("ACTIVATION", "Relu")), max(known) + 7)
    assert ptx.suffix == ".ptx" and f".target sm_{max(known)}".encode() in ptx.code
