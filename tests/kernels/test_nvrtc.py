"""The dense CUDA kernels compiled by NVRTC, for which no GPU is needed: they compile, and no main loop spills."""

from __future__ import annotations

import itertools
import os
import re
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import cuda_on_cpu
import numpy as np
import pytest
from cuda_on_cpu import Recorder
from test_cuda_dense import KINDS, PLACES, TURNS, convolution, product

from scopeflow.kernels.cuda import dense, dispatch, launching

PROBES = Path(cuda_on_cpu.__file__).with_name("probes.cu")
ARCHITECTURES = (75, 80, 86, 89, 90, 100, 120)


# --- NVRTC without CuPy -----------------------------------------------------------------------------------------------


class NVRTCError(RuntimeError):
    """As CuPy's."""


def nvrtc_as_cupy_has_it():
    """cupy.cuda.nvrtc on top of cuda.bindings, which the extra `ptx` brings; None where there is none."""
    try:
        from cuda.bindings import nvrtc

        nvrtc.nvrtcVersion()
    except (ImportError, RuntimeError):
        return None

    def checked(result):
        error, *values = result
        if error:
            raise NVRTCError(error.name)
        return values[0] if len(values) == 1 else tuple(values)

    def text(of_size, of_text):
        def get(program):
            characters = b" " * checked(of_size(program))
            checked(of_text(program, characters))
            return characters

        return get

    def create(source, name, headers, include_names):
        return checked(nvrtc.nvrtcCreateProgram(source.encode(), name.encode(), 0, [], []))

    def compile_program(program, options):
        checked(nvrtc.nvrtcCompileProgram(program, len(options), [option.encode() for option in options]))

    log = text(nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog)
    return types.SimpleNamespace(
        NVRTCError=NVRTCError,
        createProgram=create,
        compileProgram=compile_program,
        destroyProgram=lambda program: checked(nvrtc.nvrtcDestroyProgram(program)),
        getProgramLog=lambda program: log(program).rstrip(b"\0").decode(),
        getCUBIN=text(nvrtc.nvrtcGetCUBINSize, nvrtc.nvrtcGetCUBIN),
        getPTX=text(nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX),
        getVersion=lambda: checked(nvrtc.nvrtcVersion()),
        getSupportedArchs=lambda: checked(nvrtc.nvrtcGetSupportedArchs()),
    )


@pytest.fixture(scope="module")
def nvrtc():
    """NVRTC where launching.py looks for it."""
    found = nvrtc_as_cupy_has_it()
    if found is None:
        pytest.skip("no NVRTC")
    with pytest.MonkeyPatch.context() as patch:
        cuda = types.ModuleType("cupy.cuda")
        cuda.nvrtc = found
        patch.setitem(sys.modules, "cupy", types.ModuleType("cupy"))
        patch.setitem(sys.modules, "cupy.cuda", cuda)
        yield found


# --- What is compiled -------------------------------------------------------------------------------------------------


class Specialisation(NamedTuple):
    """A source with its choices, for one architecture."""

    source: str
    defines: tuple[tuple[str, str | int], ...]
    architecture: int


# Sizes that vectors divide, and sizes that nothing divides, which take more registers.
SIZES = {"wide": (40, 72, 48), "odd": (37, 29, 43)}
PROBLEMS = (*TURNS, *KINDS)
ACTIVATIONS = tuple(dense.ACTIVATIONS)
# Sums in float64 and split operands take the most registers: with them every tile is compiled for every problem, and
# with the others one, beside the largest where two blocks must fit into a multiprocessor.
HARD = ("SplitTf32", "Mma64")


def asked_for(rule, architecture):
    """Whether the table comes to this rule for some sum of at least one term."""
    requests = (
        dispatch.Request("matmul", rule.dtype, precision, architecture, 100, 64, 64, depth, 1)
        for precision in ("highest", "high")
        for depth in (8, 64)
    )
    return any(dispatch.rule_for(request) is rule for request in requests)


def specialisation(rule, tile, problem, architecture, number):
    """What dense.py compiles for a problem of a rule's; number picks what else varies."""
    place = (("wide", "3x3"), ("odd", "3x3-odd"))[number % 2]
    common = {
        "dtype": np.dtype(rule.dtype),
        "device": (architecture, 4),
        "forced": {"arithmetic": rule.arithmetic, "tile": tile, "splits": 1 + (number % 5 == 4)},
    }
    finish = {"bias": True, "activation": ACTIVATIONS[number % len(ACTIVATIONS)]}
    if problem in KINDS:
        case = convolution(problem, PLACES[place[1]], **common, **(finish if problem == "forward" else {}))
    else:
        case = product(*SIZES[place[0]], *problem, **common, **finish)
    recorder = Recorder(*case.device)
    case.run(recorder)
    first = recorder.launches[0]
    return Specialisation(first.source, first.defines, architecture)


def products():
    """Arithmetics, tiles and problems of the table, each for one device; with SCOPEFLOW_EVERY_BINARY=1 all."""
    every, number = os.environ.get("SCOPEFLOW_EVERY_BINARY") == "1", 0
    for rule in dispatch.TABLE:
        architectures = [each for each in ARCHITECTURES if each in rule.architectures and asked_for(rule, each)]
        for (p, problem), (t, name) in itertools.product(enumerate(PROBLEMS), enumerate(rule.tiles)):
            crowded = rule.tiles[name].blocks > 1 and name == "128x128"
            if not (every or crowded or rule.arithmetic in HARD or t == p % len(rule.tiles)):
                continue
            for architecture in architectures if every else [architectures[(p + t) % len(architectures)]]:
                number += 1
                label = problem if problem in KINDS else f"matmul{'-at' * problem[0]}{'-bt' * problem[1]}"
                identity = f"{rule.arithmetic}-{rule.dtype}-{name}-{label}-sm_{architecture}"
                yield identity, specialisation(rule, rule.tiles[name], problem, architecture, number)


def others():
    """reduce.cu and depthwise.cu with each activation and each element, and the probes that name all primitives."""
    architectures = itertools.cycle(ARCHITECTURES)
    pairs = [(element, None) for element in dense.ELEMENTS.values()]
    pairs += zip(itertools.cycle(dense.ELEMENTS.values()), ACTIVATIONS, strict=False)
    for source, (element, activation) in itertools.product(("reduce.cu", "depthwise.cu"), dict.fromkeys(pairs)):
        defines = (("ELEMENT", element), ("ACTIVATION", dense.ACTIVATIONS[activation]))
        architecture = next(architectures)
        yield f"{source}-{element}-{activation}-sm_{architecture}", Specialisation(source, defines, architecture)
    for architecture in ARCHITECTURES[1:]:
        yield f"probes-sm_{architecture}", Specialisation("probes.cu", (), architecture)


SPECIALISATIONS = {**dict(products()), **dict(others())}


# --- Compiling --------------------------------------------------------------------------------------------------------


def compiled(specialisation):
    source, defines, architecture = specialisation
    if source == "probes.cu":
        source = str(PROBES)
    try:
        return launching.compile_source(source, defines, architecture)
    except Exception as error:  # each test raises its own
        return error


@pytest.fixture(scope="module")
def binaries(request, nvrtc):
    """What the chosen tests need, compiled on as many processors as there are."""
    chosen = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    wanted = {one["specialisation"] for one in chosen if isinstance(one.get("specialisation"), Specialisation)}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(wanted, pool.map(compiled, wanted), strict=True))


RESOURCES = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")


def spills(binary):
    """[(bytes of stack, of spilt stores, of spilt loads)] of each kernel, as ptxas says."""
    return [tuple(map(int, found)) for found in RESOURCES.findall(binary.log)]


@pytest.mark.slow
@pytest.mark.parametrize("specialisation", [pytest.param(one, id=name) for name, one in SPECIALISATIONS.items()])
def test_every_specialisation_compiles_and_keeps_its_sums_in_registers(specialisation, binaries, nvrtc):
    if specialisation.architecture not in nvrtc.getSupportedArchs():
        pytest.skip(f"no NVRTC for sm_{specialisation.architecture}")
    binary = binaries[specialisation]
    if isinstance(binary, Exception):
        raise binary
    assert binary.suffix == ".cubin" and binary.code[:4] == b"\x7fELF"
    found = spills(binary)
    assert found and found == [(0, 0, 0)] * len(found), binary.log


def test_the_check_sees_a_spill(nvrtc):
    defines = dict(SPECIALISATIONS[next(name for name in SPECIALISATIONS if name.startswith("SplitTf32"))].defines)
    crowded = {**defines, "BM": 128, "BN": 128, "WM": 64, "WN": 32, "BLOCKS_PER_PROCESSOR": 4}
    binary = launching.compile_source("product.cu", tuple(crowded.items()), 90)
    assert any(stores > 0 and loads > 0 for _, stores, loads in spills(binary))


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
