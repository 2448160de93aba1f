"""The tests of the dense CUDA kernels, tested: each of these small errors in the sources must be noticed."""

from __future__ import annotations

import shutil
from typing import NamedTuple

import pytest
from cuda_on_cpu import KERNELS, HostLauncher, KernelError, build_all, compiler
from test_cuda_dense import (
    CASES,
    FLOAT64,
    Place,
    check,
    convolution,
    dataclasses,
    launches_of,
    np,
    product,
    spoilt,
)


def with_ones(case):
    """The case with operands whose products never cancel."""
    return dataclasses.replace(case, operands=tuple(abs(operand) for operand in case.operands))


# What the errors are found by: as few kernels as will do, since each error means to compile them again.
FINDERS = {
    "product": product(36, 72, 140, bias=True),  # vectors of four, an edge everywhere, stages that come round again
    "odd": product(37, 29, 43),
    "turned": product(36, 72, 44, True, True),
    "fma": product(36, 72, 44, device=(75, 4)),
    "high": product(36, 72, 44, precision="high"),
    "float16": product(40, 72, 40, dtype=np.dtype(np.float16)),
    "float16-turned": product(40, 72, 40, True, True, np.dtype(np.float16)),
    "bfloat16": CASES["elu-bfloat16"],
    "float64": product(36, 72, 44, dtype=FLOAT64),
    "long": with_ones(product(16, 16, 4096, forced={"splits": 1})),
    "not-finite": spoilt(product(36, 72, 44), 0),
    "batch": CASES["batch(2, 1, 2)(1, 3, 1)"],
    "many-tiles": CASES["many-tiles"],
    "split": product(36, 72, 70, bias=True, activation="relu", accumulate=True, forced={"splits": 2}),
    "accumulated": CASES["accumulated-float32"],
    "forward": convolution("forward", Place((2, 9, 7, 8), (3, 2, 8, 12), (2, 1), ((2, 3), (1, 3)), (1, 2))),
    "input_grad": convolution("input_grad", Place((2, 9, 8, 8), (4, 5, 8, 12), (2, 3), ((2, 1), (0, 3)), (1, 2))),
    "filter_grad": convolution("filter_grad", Place((2, 9, 7, 8), (3, 2, 8, 12), (2, 1), ((2, 3), (1, 3)), (1, 2))),
    "groups": convolution("forward", Place((2, 6, 5, 24), (3, 3, 8, 12)), bias=True),
    "groups-input": convolution("input_grad", Place((2, 6, 5, 24), (3, 3, 8, 12))),
    "groups-filter": convolution("filter_grad", Place((2, 6, 5, 24), (3, 3, 8, 12))),
    **{name: CASES[name] for name in ("relu6", "leaky_relu", "elu", "sigmoid")},
    "depthwise": CASES["depthwise-multiplier-forward-float32"],
    "depthwise-explicit": CASES["depthwise-explicit-forward-float32"],
    "depthwise-input": CASES["depthwise-explicit-input_grad-float32"],
    "depthwise-filter": CASES["depthwise-many-pixels-filter_grad-float32"],
    "depthwise-filter-multiplier": CASES["depthwise-multiplier-filter_grad-float32"],
}


class Mutant(NamedTuple):
    """`old`, which stands once in a source, becomes `new`."""

    name: str
    source: str
    old: str
    new: str
    found_by: str  # one of FINDERS


MAIN_LOOP = [
    Mutant(
        "no barrier before a stage is read",
        "product.cu",
        "    __syncthreads();  // the stage",
        "    // the stage",
        "product",
    ),
    Mutant(
        "waits for one copy too few",
        "product.cu",
        "cp_async_wait<STAGES - 2>()",
        "cp_async_wait<STAGES - 1>()",
        "product",
    ),
    Mutant("writes the stage that is read", "product.cu", "writing = STAGES - 1;", "writing = STAGES - 2;", "product"),
    Mutant(
        "no empty groups at the end",
        "product.cu",
        "    }\n    cp_async_commit();  // empty",
        "      cp_async_commit();\n    }\n    // empty",
        "product",
    ),
    Mutant(
        "the right panel over the left one",
        "product.cu",
        "right.issue(shared + writing * STAGE + Left::panel::SIZE,",
        "right.issue(shared + writing * STAGE,",
        "product",
    ),
    Mutant(
        "stages overlap",
        "product.cu",
        "Left::panel::SIZE + Right::panel::SIZE;",
        "Left::panel::SIZE + Right::panel::SIZE - 16;",
        "product",
    ),
    Mutant("a warp in another's columns", "product.cu", "% (BN / WN) * WN", "/ (BN / WN) * WN", "product"),
    Mutant("a warp in another's rows", "product.cu", "/ (BN / WN) * WM", "% (BN / WN) * WM", "product"),
    Mutant(
        "sums that start where others ended",
        "product.cu",
        "sums[i][j][e] = Total(0);",
        "sums[i][j][e] = Total(j);",
        "product",
    ),
    Mutant(
        "infinities are not mended",
        "product.cu",
        "any_in_block(!all_finite<A>(sums))",
        "any_in_block(false)",
        "not-finite",
    ),
    Mutant(
        "each warp mends for itself",
        "product.cu",
        "any_in_block(!all_finite<A>(sums))",
        "!all_finite<A>(sums)",
        "not-finite",
    ),
]
RESULTS = [
    Mutant("pairs where single numbers fit", "product.cu", "if (VECTOR_OUT == 2)", "if (true)", "odd"),
    Mutant("a row too many", "product.cu", "if (row >= problem.rows)", "if (row > problem.rows)", "odd"),
    Mutant(
        "a column too many", "product.cu", "if (column < problem.columns)", "if (column <= problem.columns)", "product"
    ),
    Mutant("half of the rows twice", "product.cu", "lane_group() + 4 * h;", "lane_group() + 2 * h;", "product"),
    Mutant(
        "columns of neighbours",
        "product.cu",
        "A::COLUMNS + 2 * lane_in_group();",
        "A::COLUMNS + lane_in_group();",
        "product",
    ),
    Mutant("the bias of another column", "product.cu", "widened(bias[e])", "widened(bias[0])", "product"),
    Mutant(
        "the bias of another group", "product.cu", "bias + problem.first_channel() + column", "bias + column", "groups"
    ),
    Mutant("does not accumulate", "product.cu", "if (accumulate) value", "if (false) value", "accumulated"),
    Mutant("splits in one place", "product.cu", "out += split * schedule.split_step;", "", "split"),
    Mutant(
        "a tile that no split has",
        "product.cu",
        "min(begin + per_split, depth_tiles)",
        "min(begin + per_split - 1, depth_tiles)",
        "split",
    ),
    Mutant(
        "a last band as high as others",
        "product.cu",
        "min(TILES_DOWN, schedule.row_tiles - band * TILES_DOWN)",
        "TILES_DOWN",
        "many-tiles",
    ),
    Mutant(
        "the first split twice",
        "reduce.cu",
        "for (int s = 1; s < splits; ++s)",
        "for (int s = 0; s < splits; ++s)",
        "split",
    ),
    Mutant(
        "the last split never",
        "reduce.cu",
        "for (int s = 1; s < splits; ++s)",
        "for (int s = 1; s < splits - 1; ++s)",
        "split",
    ),
    Mutant("bias by rows", "reduce.cu", "bias[i % channels]", "bias[i / channels]", "split"),
    Mutant("accumulates nothing", "reduce.cu", "if (accumulate) value", "if (false) value", "split"),
]
PROBLEMS = [
    Mutant("batches all step as the innermost", "product.cu", "      part /= at.batch[d];\n", "", "batch"),
    Mutant(
        "right matrices step as left ones", "product.cu", "index * at.right_step[d]", "index * at.left_step[d]", "batch"
    ),
    Mutant("one group's outputs", "product.cu", "return {w + group * columns, at.O", "return {w, at.O", "groups"),
    Mutant("one group's dy", "product.cu", "return {dy + group * columns,", "return {dy,", "groups-filter"),
    Mutant(
        "one group's filter",
        "product.cu",
        "return {w + group * channels, at.by_O",
        "return {w, at.by_O",
        "groups-input",
    ),
    Mutant(
        "all taps for a residue",
        "product.cu",
        "(window - 1 - tap) / period + 1 : 0",
        "(window - 1 - tap) + 1 : 0",
        "input_grad",
    ),
    Mutant(
        "the padding's sign",
        "product.cu",
        "origin = (first + before - tap",
        "origin = (first - before - tap",
        "input_grad",
    ),
    Mutant(
        "taps in the wrong order",
        "product.cu",
        "step = -(dilation * period / stride);",
        "step = dilation * period / stride;",
        "input_grad",
    ),
    Mutant(
        "residues side by side",
        "product.cu",
        "by_height.remainder(line, n) * at.stride_h;",
        "by_height.remainder(line, n);",
        "input_grad",
    ),
    Mutant(
        "residues of rows for columns",
        "product.cu",
        "first_w(part / s.G % min(s.stride_w, s.W))",
        "first_w(part / s.G % min(s.stride_h, s.H))",
        "input_grad",
    ),
]
LOADERS = [
    Mutant(
        "k beyond the sum",
        "operands.cuh",
        "const bool present = row < rows && k < depth;\n      const long long offset = panel",
        "const bool present = row < rows;\n      const long long offset = panel",
        "odd",
    ),
    Mutant(
        "rows beyond the matrix",
        "operands.cuh",
        "const bool present = row < rows && k < depth;\n      const long long offset = panel",
        "const bool present = k < depth;\n      const long long offset = panel",
        "odd",
    ),
    Mutant(
        "the filter's channels beyond the last",
        "operands.cuh",
        "const bool present = row < rows && k < depth;\n      const long long offset = (",
        "const bool present = k < depth;\n      const long long offset = (",
        "input_grad",
    ),
    Mutant(
        "rows below the image",
        "operands.cuh",
        "k < depth && static_cast<u32>(h[i] + down) < static_cast<u32>(at.height)",
        "k < depth && h[i] + down >= 0",
        "forward",
    ),
    Mutant(
        "columns beside the image",
        "operands.cuh",
        "static_cast<u32>(w[i] + right) < static_cast<u32>(at.width)",
        "w[i] + right >= 0",
        "forward",
    ),
    Mutant(
        "columns before the image",
        "operands.cuh",
        "static_cast<u32>(w[i] + right) < static_cast<u32>(at.width)",
        "w[i] + right < at.width",
        "forward",
    ),
    Mutant("pixels beyond the last image", "operands.cuh", "exists = pixel < rows;", "exists = true;", "forward"),
    Mutant(
        "steps across as steps down", "operands.cuh", "j_tap * at.step_w, shift", "j_tap * at.step_h, shift", "forward"
    ),
    Mutant(
        "strides down as strides across",
        "operands.cuh",
        "at.pixels_h.remainder(line, n) * at.stride_h + at.origin_h :",
        "at.pixels_h.remainder(line, n) * at.stride_w + at.origin_h :",
        "forward",
    ),
    Mutant(
        "the next image",
        "operands.cuh",
        "(n * at.height + h[i]) * at.width + w[i] : 0",
        "((n ^ 1) * at.height + h[i]) * at.width + w[i] : 0",
        "forward",
    ),
    Mutant("pixels beyond the sum", "operands.cuh", "exists && pixel < depth &&", "exists &&", "filter_grad"),
    Mutant(
        "another column's tap",
        "operands.cuh",
        "at.taps_w.remainder(tap, i_tap) * at.step_w + at.origin_w;",
        "at.taps_w.remainder(tap, i_tap) * at.step_w;",
        "filter_grad",
    ),
    Mutant(
        "rows above the image",
        "operands.cuh",
        "pixel < depth && static_cast<u32>(h) < static_cast<u32>(at.height)",
        "pixel < depth && h < at.height",
        "filter_grad",
    ),
    Mutant(
        "taps without their period", "operands.cuh", "first_w + j_tap * period_w;", "first_w + j_tap;", "input_grad"
    ),
    Mutant("lines closer than they are stored", "operands.cuh", ": k * PITCH + row;", ": k * LENGTH + row;", "turned"),
    Mutant("lines that begin anywhere", "operands.cuh", "PITCH = LENGTH + PADDING,", "PITCH = LENGTH + 1,", "product"),
    Mutant(
        "a share of another thread",
        "operands.cuh",
        "line0(threadIdx.x / PER_LINE)",
        "line0(threadIdx.x % STEP)",
        "product",
    ),
]
ARITHMETIC = [
    Mutant(
        "the left operand's low half is lost",
        "arithmetic.cuh",
        "mma_tf32_16x8x8(terms[j], a.low, b[j].high);",
        ";",
        "product",
    ),
    Mutant(
        "the right operand's low half is lost",
        "arithmetic.cuh",
        "mma_tf32_16x8x8(terms[j], a.high, b[j].low);",
        ";",
        "product",
    ),
    Mutant(
        "the low half is not what is left",
        "arithmetic.cuh",
        "low = to_tf32(x - __uint_as_float(high));",
        "low = to_tf32(x);",
        "product",
    ),
    Mutant(
        "sums that stay in the tensor core",
        "arithmetic.cuh",
        "    float terms[N][VALUES] = {};\n",
        "    float terms[N][VALUES];\n    for (int j = 0; j < N; ++j)\n      for (int e = 0; e < VALUES; ++e)"
        " terms[j][e] = sums[j][e], sums[j][e] = 0;\n",
        "long",
    ),
    Mutant(
        "rows and k of the left fragment",
        "arithmetic.cuh",
        "lane_group() + 8 * (e % 2), k + lane_in_group() + 4 * (e / 2)",
        "lane_group() + 8 * (e / 2), k + lane_in_group() + 4 * (e % 2)",
        "high",
    ),
    Mutant(
        "k of the right fragment",
        "arithmetic.cuh",
        "k + lane_in_group() + 4 * e)",
        "k + lane_in_group() * 2 + e)",
        "high",
    ),
    Mutant(
        "matrices of the left fragment",
        "arithmetic.cuh",
        "down = lane / 8 % 2 * 8, along = lane / 16 * 8;",
        "down = lane / 16 * 8, along = lane / 8 % 2 * 8;",
        "float16",
    ),
    Mutant(
        "matrices of the right fragment", "arithmetic.cuh", "along = threadIdx.x % 16 / 8 * 8;", "along = 0;", "float16"
    ),
    Mutant(
        "fragments the other way round",
        "arithmetic.cuh",
        "ldmatrix<2, !P::ALONG>",
        "ldmatrix<2, P::ALONG>",
        "float16-turned",
    ),
    Mutant(
        "a plain row of another lane",
        "arithmetic.cuh",
        "row + lane_group() + 8 * e, k)",
        "row + lane_group() + 4 * e, k)",
        "fma",
    ),
    Mutant("a plain product of another column", "arithmetic.cuh", "b[j].x[e % 2], sums", "b[j].x[e / 2], sums", "fma"),
    Mutant(
        "float64's k of another lane",
        "arithmetic.cuh",
        "f.x[0] = panel[P::at(row + lane_group(), k + lane_in_group())];",
        "f.x[0] = panel[P::at(row + lane_group(), k + 3 - lane_in_group())];",
        "float64",
    ),
    Mutant("bfloat16 cut, not rounded", "elements.cuh", "bits + 0x7fffu + (bits >> 16 & 1u)", "bits", "bfloat16"),
    Mutant("a relu6 of 5", "elements.cuh", "x > S(6) ? S(6)", "x > S(5) ? S(5)", "relu6"),
    Mutant("another slope", "elements.cuh", "S(0.2) * x", "S(0.1) * x", "leaky_relu"),
    Mutant("an elu without its one", "elements.cuh", "x < 0.f ? expm1f(x)", "x < 0.f ? expf(x)", "elu"),
    Mutant("a sigmoid mirrored", "elements.cuh", "expf(-x)", "expf(x)", "sigmoid"),
    Mutant(
        "a quotient one too large", "elements.cuh", ">> (shift - 1)) : n", ">> (shift - 1)) + (n == 4) : n", "forward"
    ),
]
DEPTHWISE = [
    Mutant(
        "channels without their multiplier",
        "depthwise.cu",
        "c = at.by_M.quotient(y_cell.channel);",
        "c = y_cell.channel;",
        "depthwise",
    ),
    Mutant(
        "columns beside the image, depthwise",
        "depthwise.cu",
        "if (v < 0 || v >= at.W) continue;\n        const Element from_x",
        "if (v < 0) continue;\n        const Element from_x",
        "depthwise-explicit",
    ),
    Mutant("between two strides", "depthwise.cu", "down % at.stride_h != 0 || ", "", "depthwise-input"),
    Mutant("before the first output", "depthwise.cu", "right < 0 || ", "", "depthwise-input"),
    Mutant(
        "the first filter of a channel only",
        "depthwise.cu",
        "* channels + x_cell.channel * at.M;\n        for",
        "* channels + x_cell.channel;\n        for",
        "depthwise-input",
    ),
    Mutant("one thread's sum is lost", "depthwise.cu", "k < 8; ++k", "k < 7; ++k", "depthwise-filter"),
    Mutant(
        "no barrier before sums are read",
        "depthwise.cu",
        "  __syncthreads();\n  if (lane == 0",
        "  if (lane == 0",
        "depthwise-filter",
    ),
    Mutant(
        "splits that overlap",
        "depthwise.cu",
        "end = min(begin + per_split, pixels)",
        "end = min(begin + per_split + 1, pixels)",
        "depthwise-filter",
    ),
    Mutant("pixels taken twice", "depthwise.cu", "pixel += 8", "pixel += 7", "depthwise-filter"),
    Mutant(
        "another channel's x",
        "depthwise.cu",
        "c = at.by_M.quotient(channel);",
        "c = channel % at.C;",
        "depthwise-filter-multiplier",
    ),
]

MUTANTS = {mutant.name: mutant for mutant in (*MAIN_LOOP, *RESULTS, *PROBLEMS, *LOADERS, *ARITHMETIC, *DEPTHWISE)}


def mutated(mutant):
    text = (KERNELS / mutant.source).read_text()
    assert text.count(mutant.old) == 1, f"{mutant.old!r} stands {text.count(mutant.old)} times in {mutant.source}"
    return text.replace(mutant.old, mutant.new)


@pytest.mark.parametrize("mutant", [pytest.param(mutant, id=name) for name, mutant in MUTANTS.items()])
def test_the_mutant_still_applies(mutant):
    assert mutated(mutant) != (KERNELS / mutant.source).read_text()


@pytest.fixture(scope="module")
def folders(request, tmp_path_factory):
    """Of each chosen mutant, the folder of its sources, with what finds it built."""
    if compiler() is None:
        pytest.skip("no g++")
    chosen = [item.callspec.params.get("mutant") for item in request.session.items if hasattr(item, "callspec")]
    found = {}
    for mutant in dict.fromkeys(mutant for mutant in chosen if isinstance(mutant, Mutant)):
        folder = found[mutant.name] = tmp_path_factory.mktemp("mutant")
        for source in (*KERNELS.glob("*.cu"), *KERNELS.glob("*.cuh")):
            shutil.copy(source, folder)
        (folder / mutant.source).write_text(mutated(mutant))
    finders = {name: launches_of(FINDERS[MUTANTS[name].found_by]) for name in found}
    build_all(
        (found[name] / launch.source, launch.defines) for name, launches in finders.items() for launch in launches
    )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("mutant", [pytest.param(mutant, id=name) for name, mutant in MUTANTS.items()])
def test_the_mutant_is_found(mutant, folders):
    case = FINDERS[mutant.found_by]
    for seed in (None, 1, 2, 3):
        try:
            check(case, case.run(HostLauncher(*case.device, seed=seed, sources=folders[mutant.name])))
        except (KernelError, AssertionError):
            return
    pytest.fail("all tests pass with it")


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in FINDERS.items()])
def test_what_finds_mutants_passes_without_them(case):
    if compiler() is None:
        pytest.skip("no g++")
    for seed in (None, 1, 2, 3):
        check(case, case.on_cpu(seed))
