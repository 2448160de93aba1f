"""What the dense CUDA kernels are compiled to, for which no GPU is needed: `make binaries`.

That compiles all specialisations for all architectures (some 1,600, a quarter of an hour on two processors), fails
where one does not compile or spills registers, and then writes binaries.json: the digest of what was compiled. The
tests hold the sources against it, and compile a part themselves.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import sys
import types
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import cuda_on_cpu
import numpy as np
from cuda_on_cpu import Recorder
from test_cuda_dense import KINDS, PLACES, TURNS, convolution, product

from scopeflow.kernels.cuda import dense, dispatch, launching

PROBES = Path(cuda_on_cpu.__file__).with_name("probes.cu")
ARCHITECTURES = (75, 80, 86, 89, 90, 100, 120)
RECORD = Path(__file__).with_name("binaries.json")


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
            size = checked(of_size(program))
            characters = bytes(size + 2)  # written in place, so a new object: Python shares those of up to one byte
            checked(of_text(program, characters))
            return characters[:size]

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


def as_cupy(nvrtc: Any) -> dict[str, types.ModuleType]:
    """The modules where launching.py looks for NVRTC."""
    cuda = types.ModuleType("cupy.cuda")
    cuda.nvrtc = nvrtc  # type: ignore[attr-defined]
    return {"cupy": types.ModuleType("cupy"), "cupy.cuda": cuda}


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


def products() -> Iterator[tuple[str, Specialisation, bool]]:
    """(Identity, specialisation, whether CI compiles it) for each rule, tile, problem and architecture."""
    number = 0
    for rule in dispatch.TABLE:
        architectures = [each for each in ARCHITECTURES if each in rule.architectures and asked_for(rule, each)]
        for (p, problem), (t, name) in itertools.product(enumerate(PROBLEMS), enumerate(rule.tiles)):
            crowded = rule.tiles[name].blocks > 1 and name == "128x128"
            sampled = crowded or rule.arithmetic in HARD or t == p % len(rule.tiles)
            for a, architecture in enumerate(architectures):
                number += 1
                label = problem if problem in KINDS else f"matmul{'-at' * problem[0]}{'-bt' * problem[1]}"
                identity = f"{rule.arithmetic}-{rule.dtype}-{name}-{label}-sm_{architecture}"
                one = specialisation(rule, rule.tiles[name], problem, architecture, number)
                yield identity, one, sampled and a == (p + t) % len(architectures)


def others() -> Iterator[tuple[str, Specialisation, bool]]:
    """reduce.cu and depthwise.cu with each activation and each element, and the probes that name all primitives."""
    architectures = itertools.cycle(ARCHITECTURES)
    pairs = [(element, None) for element in dense.ELEMENTS.values()]
    pairs += zip(itertools.cycle(dense.ELEMENTS.values()), ACTIVATIONS, strict=False)
    for source, (element, activation) in itertools.product(("reduce.cu", "depthwise.cu"), dict.fromkeys(pairs)):
        defines = (("ELEMENT", element), ("ACTIVATION", dense.ACTIVATIONS[activation]))
        sampled = next(architectures)
        for architecture in ARCHITECTURES:
            one = Specialisation(source, defines, architecture)
            yield f"{source}-{element}-{activation}-sm_{architecture}", one, architecture == sampled
    for architecture in ARCHITECTURES[1:]:
        yield f"probes-sm_{architecture}", Specialisation("probes.cu", (), architecture), True


ALL = [*products(), *others()]
SPECIALISATIONS = {identity: one for identity, one, _ in ALL}
SAMPLE = {identity: one for identity, one, sampled in ALL if sampled}


def digest() -> str:
    """Of all that is compiled: the sources, the options and the specialisations."""
    found = hashlib.sha256(repr((launching.OPTIONS, sorted(SPECIALISATIONS.items()))).encode())
    for path in sorted([*launching.HERE.glob("*.cu*"), PROBES]):
        found.update(path.read_bytes())
    return found.hexdigest()


# --- Compiling --------------------------------------------------------------------------------------------------------


def compiled(specialisation: Specialisation) -> launching.Binary:
    source, defines, architecture = specialisation
    return launching.compile_source(str(PROBES) if source == "probes.cu" else source, defines, architecture)


RESOURCES = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
REGISTERS = re.compile(r"Used (\d+) registers")


def spills(binary: launching.Binary) -> list[tuple[int, ...]]:
    """[(bytes of stack, of spilt stores, of spilt loads)] of each kernel, as ptxas says."""
    return [tuple(map(int, found)) for found in RESOURCES.findall(binary.log)]


def check(binary: launching.Binary) -> None:
    """Raises AssertionError if it is no cubin or a kernel of it spills."""
    assert binary.suffix == ".cubin" and binary.code[:4] == b"\x7fELF"
    found = spills(binary)
    assert found and found == [(0, 0, 0)] * len(found), binary.log


def main() -> None:
    nvrtc = nvrtc_as_cupy_has_it()
    if nvrtc is None:
        sys.exit("no NVRTC: the extra ptx brings it")
    sys.modules.update(as_cupy(nvrtc))
    most: dict[str, int] = {}

    def compile_one(item: tuple[str, Specialisation]) -> tuple[str, str, int]:
        identity, one = item
        binary = compiled(one)
        try:
            check(binary)
        except AssertionError as error:
            raise SystemExit(f"{identity}: {error}") from error
        family = f"{dict(one.defines).get('ARITHMETIC', one.source)}, {dict(one.defines).get('ELEMENT', 'all')}"
        return identity, family, max(map(int, REGISTERS.findall(binary.log)))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, (identity, family, registers) in enumerate(pool.map(compile_one, SPECIALISATIONS.items()), 1):
            most[family] = max(most.get(family, 0), registers)
            print(f"{done} of {len(SPECIALISATIONS)}: {identity}: {registers} registers", flush=True)
    record = {
        "digest": digest(),
        "specialisations": len(SPECIALISATIONS),
        "nvrtc": ".".join(map(str, nvrtc.getVersion())),
        "most registers": most,
    }
    RECORD.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
