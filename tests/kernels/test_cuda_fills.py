"""The CUDA kernels of the random fills without a GPU: their bits in Numba's simulator, and the PTX they compile to."""

import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import fake_cupy
import numpy as np
import pytest

from scopeflow import kernels
from scopeflow.kernels import fills, philox, scaling

FLOATS = ("float32", "float64", "float16", "bfloat16")
EVERY_FILL = [(kind, dtype) for kind in ("uniform", "normal", "truncated_normal", "bernoulli") for dtype in FLOATS]
EVERY_FILL += [("uniform_int", dtype) for dtype in ("int32", "int64")]

# --- In the simulator -------------------------------------------------------------------------------------------------

SIMULATED = """
import json, sys
import ml_dtypes, numpy as np
from scopeflow.kernels import philox
from scopeflow.kernels.cpu import drawing
from scopeflow.kernels.cuda import compiled

WORDS = philox.seed_words((2**40 + 3, 11))
CASES = [  # blocks, threads, size, start, aligned
    (1, 1, 13, 0, True), (1, 32, 257, 0, True), (2, 8, 67, 3, False), (3, 5, 100, 2, False), (1, 4, 1, 7, False),
    (2, 3, 40, 2**40, True), (1, 7, 2, 1, True), (9, 2, 9, 0, False), (1, 2, 0, 0, True), (2, 5, 90, 6, True),
]
assert compiled.SIMULATED
wrong = []
for kind, dtype in json.loads(sys.argv[1]):
    recipe, kernel = philox.recipe(kind, dtype), compiled.cuda.jit(compiled.plain_fill(kind, dtype))
    for case, (blocks, threads, size, start, aligned) in enumerate(CASES):
        scale, shift = (1000, 2**31) if kind == "uniform_int" else ((0.7, 0.3), (1, 0), (1e-6, 0))[case % 3]
        scale, shift = recipe.sample(scale), recipe.sample(shift)
        expected, got = np.zeros(size, dtype), np.zeros(size + 2, dtype)
        if size:
            drawing.draw(kind, expected, start, WORDS, scale, shift)
        # The place in the stream as a number, and in three ways shared between that and a counter.
        for counter in ([], [start], [start - 1], [0])[: 4 if case < 3 else 1]:
            got[...] = 0
            out, counter = got[1:-1].view(recipe.bits), np.array(counter, np.int64)
            begin = np.int64(start - counter.sum())
            kernel[blocks, threads](out, begin, counter, aligned, *WORDS, scale, shift)
            if got[1:-1].tobytes() != expected.tobytes() or got[0] != 0 or got[-1] != 0:
                wrong.append((kind, dtype, float(scale), blocks, threads, size, start))
print(json.dumps(wrong))
"""


def in_the_simulator(program, *arguments):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *arguments],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_kernel_has_the_cpus_bits_at_any_launch_shape():
    assert in_the_simulator(SIMULATED, json.dumps(EVERY_FILL)) == []


def test_the_simulated_comparison_sees_a_kernel_that_begins_one_group_too_late():
    broken = SIMULATED.replace("begin, counter, aligned", "begin + recipe.samples, counter, aligned")
    assert {tuple(case[:2]) for case in in_the_simulator(broken, json.dumps(EVERY_FILL[:2]))} == set(EVERY_FILL[:2])


# --- As PTX -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ptx_of():
    """A function that compiles a fill's kernel for a compute capability."""
    if importlib.util.find_spec("numba_cuda") is None:
        pytest.skip("no numba-cuda")
    from numba.cuda import dispatcher

    from scopeflow.kernels.cuda import compiled

    with pytest.MonkeyPatch.context() as patch:

        def compile_ptx(kind, dtype, cc):
            # numba-cuda asks the current device, of which there is none here, what to compile functions for.
            patch.setattr(dispatcher, "get_current_device", lambda: SimpleNamespace(compute_capability=cc))
            return compiled.ptx(kind, dtype, cc)

        yield compile_ptx


def float_ops(ptx):
    """How often each float operation that rounds stands in the PTX."""
    return Counter(re.findall(r"\b(?:add|sub|mul|fma|div|sqrt)\.[a-z.]*f(?:32|64)\b", ptx))


def named_ops(kind, dtype):
    """How many fused and unfused products the source names for one block of samples, counted by running it."""
    counts = Counter()

    def counting(function):
        def counted(*arguments):
            counts[function.__name__] += 1
            return function(*arguments)

        return counted

    plain = philox.compiled_with(lambda f: f, fma=counting(philox.fma), mul_rn=counting(philox.mul_rn))
    recipe = philox.recipe(kind, dtype)
    words = (np.uint32(0x12345678), np.uint32(0x9ABCDEF), np.uint32(0xFEDCBA98), np.uint32(0x76543210))
    samples = getattr(plain, recipe.block)(*words)
    for sample in samples:
        getattr(plain, recipe.stored)(recipe.sample(sample), recipe.sample(0.5), recipe.sample(0.25))
    return counts


@pytest.mark.parametrize("cc", [(8, 0), (9, 0), (10, 0)])
@pytest.mark.parametrize("kind,dtype", EVERY_FILL)
def test_ptx_has_the_fused_and_unfused_products_that_the_source_names_and_no_other(kind, dtype, cc, ptx_of):
    ptx = ptx_of(kind, dtype, cc)
    assert f".target sm_{cc[0]}{cc[1]}" in ptx
    ops, wide = float_ops(ptx), "f64" if dtype == "float64" else "f32"
    if wide == "f32":
        assert ".f64" not in ptx
    assert ops[f"mul.{wide}"] == 0  # this one ptxas may fuse with a sum
    assert not {op for op in ops if op.startswith("fma") and op != f"fma.rn.{wide}"}
    assert not {op for op in ops if ".approx" in op or ".ftz" in op or ".full" in op}
    if kind != "uniform_int" and dtype in ("float32", "float64"):
        named = named_ops(kind, dtype)
        # The compiler may make two loops of one, for aligned arrays and others.
        assert (ops[f"fma.rn.{wide}"], ops[f"mul.rn.{wide}"]) in [
            (copies * named["fma"], copies * named["mul_rn"]) for copies in (1, 2)
        ]


@pytest.mark.parametrize("kind,dtype", EVERY_FILL)
def test_ptx_keeps_samples_in_registers_and_stores_a_group_at_once(kind, dtype, ptx_of):
    ptx = ptx_of(kind, dtype, (9, 0))
    assert not re.search(r"\b(?:st|ld)\.local|\bcall\b", ptx)
    assert re.search(rf"\bst\.global\.v{philox.recipe(kind, dtype).samples}\.", ptx)


def test_the_search_of_ptx_sees_a_product_that_the_compiler_fused(ptx_of, monkeypatch):
    from scopeflow.kernels.cuda import compiled

    loose = compiled.cuda.jit(device=True)(lambda value, scale, shift: value * scale + shift)
    monkeypatch.setattr(compiled.scalar, "stored_float32", loose)
    ops, named = float_ops(ptx_of("uniform", "float32", (9, 0))), named_ops("uniform", "float32")
    assert named["fma"] == 0
    assert ops["fma.rn.f32"] + ops["mul.f32"] > 0


def test_a_launch_has_a_thread_for_each_group_but_no_more_blocks_than_run_at_once():
    from scopeflow.kernels.cuda.drawing import BLOCKS_PER_SM, THREADS, blocks_for

    for size in (1, 4 * THREADS - 4, 4 * THREADS, 4 * THREADS + 1, 10**6):
        groups = max((begin + size + 3) // 4 for begin in range(4))
        assert groups <= blocks_for(size, 4, 10**6) * THREADS < groups + 2 * THREADS
    assert blocks_for(1, 4, 100) == 1
    assert blocks_for(2**40, 4, 132) == BLOCKS_PER_SM * 132


# --- Compiled once ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cc", [(8, 0), (9, 0), (10, 0)])
def test_a_kernel_is_assembled_for_its_architecture(cc, ptx_of):
    from scopeflow.kernels.cuda import compiled

    ptx = ptx_of("uniform", "float32", cc)
    cubin = compiled._assembled(ptx.encode(), cc)
    (symbol,) = re.findall(r"\.entry (\w+)", ptx)
    assert cubin.startswith(b"\x7fELF")
    assert b".text." + symbol.encode() in cubin
    with pytest.raises(Exception, match="PTX_COMPILE"):
        compiled._assembled(ptx.replace("mul.rn.f32", "mul.no.f32").encode(), cc)


def test_code_of_a_kernel_names_its_entry(ptx_of, monkeypatch):
    from scopeflow.kernels.cuda import compiled

    ptx = ptx_of("normal", "float64", (9, 0))
    monkeypatch.setattr(compiled, "ptx", lambda *_: ptx)
    monkeypatch.setattr(compiled, "_assembled", lambda text, architecture: text)
    code = compiled.code("normal", "float64", (9, 0))
    assert f".visible .entry {code.symbol}(" in code.object_file.decode()


@pytest.fixture
def modules(stand_in_cupy, monkeypatch, tmp_path):
    """Stand-ins for a device of compute capability `modules.capability` and for what is loaded there."""
    from scopeflow.kernels.cuda import drawing

    loaded = SimpleNamespace(capability="90", code=[])

    class Module:
        def load(self, cubin):
            loaded.code.append(cubin)

        def get_function(self, name):
            return name

    stand_in_cupy.cuda.Module = Module
    monkeypatch.setattr(stand_in_cupy.cuda.Device, "compute_capability", property(lambda _: loaded.capability), False)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.0")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    drawing._kernel.cache_clear()
    yield loaded
    drawing._kernel.cache_clear()


def test_another_process_loads_what_one_compiled_for_this_architecture(modules, monkeypatch):
    from scopeflow.kernels.code_on_disk import Code
    from scopeflow.kernels.cuda import drawing

    compiled = []

    def code(kind, dtype, architecture):
        compiled.append((kind, dtype, architecture))
        return Code(f"entry_{kind}", f"{kind} {dtype} {architecture}".encode(), True)

    monkeypatch.setitem(sys.modules, "scopeflow.kernels.cuda.compiled", SimpleNamespace(code=code))
    monkeypatch.setattr(sys.modules["scopeflow.kernels.cuda"], "compiled", SimpleNamespace(code=code), raising=False)
    for capability in ("90", "100", "90"):
        modules.capability = capability
        for kind in ("uniform", "normal"):
            assert drawing._kernel(kind, "float32", 0) == f"entry_{kind}"
        drawing._kernel.cache_clear()  # as a new process begins
    assert compiled == [(kind, "float32", cc) for cc in ((9, 0), (10, 0)) for kind in ("uniform", "normal")]
    assert modules.code[4:] == modules.code[:2] == [b"uniform float32 (9, 0)", b"normal float32 (9, 0)"]


# --- What is launched -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ("variance_scaling", *scaling.FAMILIES))
def test_an_initializer_is_one_launch_and_nothing_else(name, launches, monkeypatch):
    cupy = sys.modules["cupy"]
    for dtype in FLOATS:
        weights, expected = cupy.empty((3, 3, 5, 7), np.dtype(dtype)), np.empty((3, 3, 5, 7), np.dtype(dtype))
        getattr(kernels, name)(weights, 7)  # the first on a device is checked
        launches.clear()
        monkeypatch.setattr(fake_cupy, "USED", {})
        weights.fill(0)
        getattr(kernels, name)(weights, 7)
        assert len(launches) == 1
        assert fake_cupy.USED == {}
        getattr(kernels, name)(expected, 7)
        assert weights.get().tobytes() == expected.tobytes()


def test_the_draw_of_an_orthogonal_matrix_is_one_launch(launches, monkeypatch):
    cupy = sys.modules["cupy"]
    monkeypatch.setattr(fills, "_factor_for", lambda out: (cupy, lambda draw, xp: draw))
    weights = cupy.empty((40, 30), np.dtype(np.float32))
    kernels.normal(weights, 7)
    launches.clear()
    kernels.orthogonal(weights, 7)
    assert [launch.kind for launch in launches] == ["normal"]


@pytest.mark.parametrize("begin", range(5))
def test_groups_are_stored_at_once_only_where_memory_allows(begin, launches):
    base = sys.modules["cupy"].zeros(64, np.dtype(np.float32))
    lead = -base.data.ptr // 4 % 4  # elements before the first that lies at a multiple of 16 bytes
    kernels.uniform(base[lead + begin :], 7)
    assert launches[-1].aligned == (begin % 4 == 0)


# --- On a GPU ---------------------------------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize("kind,dtype", EVERY_FILL)
def test_on_a_gpu_a_fill_has_the_cpus_bits(kind, dtype):
    import cupy

    from scopeflow.kernels.cpu import drawing as on_cpu
    from scopeflow.kernels.cuda import drawing as on_gpu

    recipe, words = philox.recipe(kind, dtype), philox.seed_words((2**40 + 3, 11))
    scale, shift = (recipe.sample(part) for part in ((1000, 2**31) if kind == "uniform_int" else (0.7, 0.3)))
    for size in (1, 3, 4, 5, 1023, 1_000_003):
        for offset in (0, 3, 2**40):
            expected, out = np.empty(size, np.dtype(dtype)), cupy.empty(size, np.dtype(dtype))
            on_cpu.draw(kind, expected, offset, words, scale, shift)
            on_gpu.draw(kind, out, offset, words, scale, shift)
            np.testing.assert_array_equal(cupy.asnumpy(out.view(recipe.bits)), expected.view(recipe.bits))
    assert on_gpu.usable(kind, dtype, out.device.id)  # and it was not the host that drew


@pytest.mark.gpu
def test_on_a_gpu_a_fill_is_captured_in_a_graph_on_the_current_stream():
    import cupy

    out, expected = cupy.empty(10_007, np.float32), np.empty(10_007, np.float32)
    kernels.normal(expected, 7)
    kernels.normal(out, 7)  # compiles and checks
    out.fill(0)
    stream = cupy.cuda.Stream(non_blocking=True)
    cupy.cuda.Device().synchronize()
    with stream:
        stream.begin_capture()
        kernels.normal(out, 7)
        graph = stream.end_capture()
    stream.synchronize()
    assert not cupy.any(out)
    graph.launch(stream)
    stream.synchronize()
    np.testing.assert_array_equal(cupy.asnumpy(out), expected)


@pytest.mark.gpu
def test_on_a_gpu_a_captured_fill_with_a_counter_draws_anew_at_each_replay():
    import cupy

    out, counter = cupy.empty(10_007, np.float32), cupy.zeros(1, np.int64)
    kernels.truncated_normal(out, 7)  # compiles and checks
    stream = cupy.cuda.Stream(non_blocking=True)
    cupy.cuda.Device().synchronize()
    with stream:
        stream.begin_capture()
        kernels.truncated_normal(out, 7, offset=counter)
        graph = stream.end_capture()
    reserved = philox.reserved(out.size, out.dtype, "truncated_normal")
    expected = np.empty(out.size, np.float32)
    for run in range(3):
        graph.launch(stream)
        stream.synchronize()
        kernels.truncated_normal(expected, 7, offset=run * reserved)
        np.testing.assert_array_equal(cupy.asnumpy(out), expected)
        assert int(counter[0]) == (run + 1) * reserved
