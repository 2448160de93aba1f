"""The dense CUDA kernels run on the CPU: every product of the family at small, odd shapes, held against naive loops."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import cuda_on_cpu
import ml_dtypes
import numpy as np
import pytest
from cuda_on_cpu import KERNELS, SHARED_LIMIT, HostLauncher, Recorder, build_all, compiler

from scopeflow.kernels import naive
from scopeflow.kernels.cuda import dense, dispatch, launching
from scopeflow.kernels.geometry import windows

pytestmark = pytest.mark.skipif(compiler() is None, reason="no g++")

PROBES = Path(cuda_on_cpu.__file__).parent
FLOAT32, FLOAT64, FLOAT16, BFLOAT16 = map(np.dtype, (np.float32, np.float64, np.float16, ml_dtypes.bfloat16))
DTYPES = (FLOAT32, FLOAT64, FLOAT16, BFLOAT16)
# Half the distance from 1 to the next number: of what is stored, and of what is summed in.
STORED = {FLOAT32: 2.0**-24, FLOAT64: 2.0**-53, FLOAT16: 2.0**-11, BFLOAT16: 2.0**-8}
SUMMED = {FLOAT32: 2.0**-24, FLOAT64: 2.0**-53, FLOAT16: 2.0**-24, BFLOAT16: 2.0**-24}

ACTIVATIONS = {
    None: lambda v: v,
    "relu": lambda v: np.maximum(v, 0),
    "relu6": lambda v: np.clip(v, 0, 6),
    "leaky_relu": lambda v: np.where(v < 0, 0.2 * v, v),
    "elu": lambda v: np.where(v < 0, np.expm1(np.minimum(v, 0)), v),
    "tanh": np.tanh,
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
}


# --- Cases ------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """One call of a function of kernels/cuda/dense.py on one device, and what it must give."""

    function: str
    operands: tuple[np.ndarray, np.ndarray]
    place: tuple[Any, ...]  # the arguments between the operands and out
    multiplied: Callable[[np.ndarray, np.ndarray], np.ndarray]  # the bare sums of products, by naive loops
    shape: tuple[int, ...]  # of out
    depth: int  # terms of a sum, at most
    options: dict[str, Any]
    device: tuple[int, int] = (80, 4)  # architecture and processors
    forced: dict[str, Any] = dataclasses.field(default_factory=dict)  # what takes the place of dispatch's choice

    @property
    def dtype(self) -> np.dtype:
        return self.operands[0].dtype

    @property
    def begin(self) -> np.ndarray:
        """What stands in out before: something to accumulate on, otherwise NaN."""
        if self.options.get("accumulate"):
            return np.random.default_rng(17).standard_normal(self.shape).astype(self.dtype)
        return np.full(self.shape, np.nan, self.dtype)

    def run(self, launcher: Any) -> np.ndarray:
        out = self.begin
        operands = [read_only(operand) for operand in self.operands]
        choose = dispatch.choose
        with mock.patch.object(dispatch, "choose", lambda request: choose(request)._replace(**self.forced)):
            getattr(dense, self.function)(*operands, *self.place, out, launcher=launcher, **self.options)
        return out

    def on_cpu(self, seed: int | None = None) -> np.ndarray:
        return self.run(HostLauncher(*self.device, seed=seed))

    def expected(self) -> tuple[np.ndarray, np.ndarray]:
        """The result in float64, and how far from it each element may be."""
        with np.errstate(all="ignore"):  # operands may be anything
            return self._expected()

    def _expected(self) -> tuple[np.ndarray, np.ndarray]:
        left, right = (operand.astype(np.float64) for operand in self.operands)
        value = size = np.zeros(self.shape)
        if left.size and right.size:
            value, size = self.multiplied(left, right), self.multiplied(abs(left), abs(right))
        for term in (self.options.get("bias"), self.begin if self.options.get("accumulate") else None):
            if term is not None:
                value, size = value + term.astype(np.float64), size + abs(term.astype(np.float64))
        value = ACTIVATIONS[self.options.get("activation")](value)
        unit, narrow = 4 * SUMMED[self.dtype] * max(self.depth, 1) ** 0.5, self.dtype in (FLOAT16, BFLOAT16)
        if narrow:  # tensor cores cut their sums: eight terms at a time
            unit += 2.0**-23 * (self.depth // 8 + 1)
        elif self.options.get("precision") == "high" and self.dtype == FLOAT32 and self.device[0] >= 80:
            unit += 2.0**-10 + 2.0**-23 * (self.depth // 4 + 1)  # 11 bits of both factors
        rounded = 8 * SUMMED[self.dtype] * abs(value) + (STORED[self.dtype] * abs(value) + 2.0**-25) * narrow
        return value, unit * size + rounded


def read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


def drawn(seed: int, shape: tuple[int, ...], dtype: np.dtype = FLOAT32) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def with_bias(options: dict[str, Any], size: int, dtype: np.dtype) -> dict[str, Any]:
    return {**options, "bias": drawn(3, (size,), dtype)} if options.get("bias") else options


def product(
    m, n, k, turn_a=False, turn_b=False, dtype=FLOAT32, batch_a=(), batch_b=(), device=(80, 4), forced=None, **options
):
    """A case of matmul: [*batch_a, m, k] times [*batch_b, k, n], each stored the other way round where it is turned."""
    a = drawn(1, (*batch_a, *((k, m) if turn_a else (m, k))), dtype)
    b = drawn(2, (*batch_b, *((n, k) if turn_b else (k, n))), dtype)

    def multiplied(a, b):
        return np.matmul(a.swapaxes(-1, -2) if turn_a else a, b.swapaxes(-1, -2) if turn_b else b)

    shape = (*np.broadcast_shapes(batch_a, batch_b), m, n)
    return Case(
        "matmul", (a, b), (turn_a, turn_b), multiplied, shape, k, with_bias(options, n, dtype), device, forced or {}
    )


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a convolution happens: [N, H, W, C] images, an HWIO filter of C / groups input channels, and windows."""

    x: tuple[int, int, int, int]
    w: tuple[int, int, int, int]
    strides: tuple[int, int] = (1, 1)
    padding: Any = "SAME"
    dilations: tuple[int, int] = (1, 1)

    @property
    def at(self):
        return windows(self.x[1:3], self.w[:2], self.strides, self.padding, self.dilations)

    @property
    def groups(self) -> int:
        return self.x[3] // self.w[2] if self.w[2] else 1

    def y(self, depthwise=False) -> tuple[int, ...]:
        return (self.x[0], *self.at.output, self.w[2] * self.w[3] if depthwise else self.w[3])


def convolution(kind, place, dtype=FLOAT32, device=(80, 4), depthwise=False, forced=None, **options):
    """A case of conv2d ("forward"), its "input_grad" or its "filter_grad", or of depthwise_conv2d's."""
    at, y_shape, window = place.at, place.y(depthwise), place.w[0] * place.w[1]
    rule = (at.strides, at.padding, at.dilations)
    x, w, dy = drawn(1, place.x, dtype), drawn(2, place.w, dtype), drawn(3, y_shape, dtype)
    name = ("depthwise_" if depthwise else "") + ("conv2d" if kind == "forward" else f"conv2d_{kind}")
    naively = getattr(naive, name)
    operands, shape, depth, multiplied = {
        "forward": (
            (x, w),
            y_shape,
            window * (1 if depthwise else place.w[2]),
            lambda x, w: naively(x, w, *rule),
        ),
        "input_grad": (
            (w, dy),
            place.x,
            window * (place.w[3] if depthwise else place.w[3] // place.groups),
            lambda w, dy: naively(place.x, w, dy, *rule),
        ),
        "filter_grad": (
            (x, dy),
            place.w,
            math.prod(y_shape[:3]),
            lambda x, dy: naively(x, place.w, dy, *rule),
        ),
    }[kind]
    at_and_groups = (at,) if depthwise else (at, place.groups)
    options = with_bias(options, y_shape[3], dtype)
    return Case(name, operands, at_and_groups, multiplied, shape, depth, options, device, forced or {})


KINDS = ("forward", "input_grad", "filter_grad")
TURNS = tuple(itertools.product((False, True), repeat=2))


def products():
    sizes = [(1, 1, 1), (1, 5, 3), (5, 7, 1), (33, 72, 40), (64, 64, 64), (129, 65, 37), (130, 136, 100), (3, 200, 17)]
    sizes += [(200, 3, 130), (16, 1, 300), (1, 300, 64), (257, 8, 9), (2, 2, 2), (66, 130, 34)]
    for m, n, k in sizes:
        yield f"{m}x{n}x{k}", product(m, n, k)
    for turn_a, turn_b in TURNS:
        turns = f"{'at' if turn_a else 'a'}_{'bt' if turn_b else 'b'}"
        for dtype in DTYPES:
            yield f"{turns}-{dtype}", product(36, 72, 40, turn_a, turn_b, dtype)
        yield f"{turns}-odd-float32", product(37, 29, 43, turn_a, turn_b)
        yield f"{turns}-odd-float16", product(37, 29, 43, turn_a, turn_b, FLOAT16)
        yield f"{turns}-high", product(68, 36, 52, turn_a, turn_b, precision="high")
    for name, (m, n, k) in {"m": (0, 5, 3), "n": (5, 0, 3), "k": (5, 3, 0)}.items():
        yield f"no-{name}", product(m, n, k)
        yield f"no-{name}-finished", product(m, n, k, bias=True, activation="sigmoid")
    yield "no-k-accumulated", product(5, 3, 0, accumulate=True)
    batches = [((3,), ()), ((), (3,)), ((2, 1), (3,)), ((2, 1, 2), (1, 3, 1)), ((2, 1, 2, 1), (1, 2, 1, 3)), ((0,), ())]
    for batch_a, batch_b in batches:
        yield f"batch{batch_a}{batch_b}", product(9, 11, 13, batch_a=batch_a, batch_b=batch_b)
    yield "batch-turned", product(8, 12, 16, True, True, FLOAT16, batch_a=(3,), batch_b=(2, 1), bias=True)
    yield "batch-split", product(8, 12, 70, batch_a=(3,), batch_b=(2, 1), bias=True, forced={"splits": 2})
    for activation in ACTIVATIONS:
        yield f"{activation}", product(19, 21, 10, bias=True, activation=activation)
    yield "elu-bfloat16", product(19, 21, 10, dtype=BFLOAT16, bias=True, activation="elu")
    yield "tanh-float64", product(19, 22, 10, dtype=FLOAT64, bias=True, activation="tanh")
    for dtype in DTYPES:
        yield f"accumulated-{dtype}", product(20, 21, 22, dtype=dtype, accumulate=True, bias=True)
        yield f"deep-{dtype}", product(24, 8, 2056, dtype=dtype, bias=True, activation="relu")
        yield f"deep-accumulated-{dtype}", product(36, 72, 1032, dtype=dtype, accumulate=True)
        yield f"many-processors-{dtype}", product(36, 72, 700, dtype=dtype, device=(90, 132))
    yield "many-tiles", product(150, 140, 40, forced={"tile": dispatch.TILES["16x128"]})  # ten down, two across
    yield "split-finely", product(36, 72, 40, bias=True, forced={"splits": 7})  # more blocks than tiles of k
    for architecture in (70, 75, 86, 89, 90, 100, 120):
        for dtype in DTYPES if architecture in (75, 86) else (FLOAT32,):
            yield f"sm_{architecture}-{dtype}", product(36, 72, 40, dtype=dtype, device=(architecture, 4))
    yield "high-odd", product(67, 35, 51, precision="high")
    yield "high-sm_75", product(36, 72, 40, precision="high", device=(75, 4))


PLACES = {
    "3x3": Place((2, 8, 8, 16), (3, 3, 16, 24)),
    "3x3-odd": Place((2, 7, 9, 5), (3, 3, 5, 7)),
    "3x3-stride-2": Place((2, 9, 7, 8), (3, 3, 8, 12), (2, 2)),
    "3x3-stride-2-valid": Place((2, 9, 10, 8), (3, 3, 8, 12), (2, 2), "VALID"),
    "1x1": Place((2, 5, 6, 16), (1, 1, 16, 40), (1, 1), "VALID"),
    "1x1-stride-2": Place((2, 5, 6, 12), (1, 1, 12, 9), (2, 2)),
    "7x7-rgb": Place((1, 16, 16, 3), (7, 7, 3, 64), (2, 2)),
    "one-channel": Place((3, 7, 7, 1), (5, 5, 1, 1), (3, 3)),
    "uneven-window": Place((1, 11, 13, 3), (5, 2, 3, 7), (2, 1)),
    "dilated": Place((2, 12, 10, 5), (3, 3, 5, 9), (1, 1), "SAME", (2, 2)),
    "dilated-unevenly": Place((1, 12, 10, 4), (3, 3, 4, 132), (1, 1), "VALID", (2, 3)),
    "dilated-strided": Place((2, 13, 12, 4), (3, 4, 4, 6), (2, 3), "SAME", (3, 2)),
    "stride-and-dilation-share-a-factor": Place((1, 17, 15, 4), (3, 3, 4, 8), (4, 6), "SAME", (2, 4)),
    "explicit": Place((2, 6, 7, 4), (3, 3, 4, 8), (2, 1), ((2, 1), (0, 3))),
    "explicit-beyond-the-window": Place((1, 4, 4, 4), (2, 2, 4, 4), (1, 2), ((3, 4), (5, 3))),
    "stride-beyond-the-window": Place((2, 10, 11, 4), (2, 1, 4, 8), (3, 4), "VALID"),
    "window-beyond-the-image": Place((2, 2, 3, 4), (5, 7, 4, 4)),
    "one-pixel": Place((1, 1, 1, 8), (3, 3, 8, 4)),
    "groups": Place((2, 6, 5, 24), (3, 3, 8, 12)),
    "groups-odd": Place((2, 6, 5, 9), (3, 2, 3, 15), (2, 1)),
    "groups-of-one": Place((2, 5, 5, 6), (3, 3, 1, 12)),
    "no-images": Place((0, 5, 5, 3), (3, 3, 3, 4)),
    "no-channels": Place((2, 5, 5, 0), (3, 3, 0, 4)),
    "no-filters": Place((2, 5, 5, 3), (3, 3, 3, 0)),
    "no-rows": Place((2, 0, 5, 3), (3, 3, 3, 4)),
}
DEPTHWISE_PLACES = {
    "3x3": Place((2, 8, 7, 40), (3, 3, 40, 1)),
    "multiplier": Place((2, 7, 9, 5), (3, 2, 5, 3), (2, 1)),
    "dilated": Place((1, 9, 8, 3), (3, 3, 3, 2), (1, 1), "VALID", (2, 3)),
    "explicit": Place((2, 6, 7, 4), (3, 3, 4, 2), (3, 2), ((2, 1), (0, 3))),
    "many-pixels": Place((3, 30, 31, 2), (3, 3, 2, 1)),
    "one": Place((1, 1, 1, 1), (1, 1, 1, 1)),
    "no-images": Place((0, 5, 5, 3), (3, 3, 3, 2)),
    "no-channels": Place((2, 5, 5, 0), (3, 3, 0, 2)),
}


def convolutions():
    for kind, (name, place) in itertools.product(KINDS, PLACES.items()):
        yield f"{name}-{kind}", convolution(kind, place)
    for kind, dtype in itertools.product(KINDS, DTYPES[1:]):
        for name in ("3x3", "groups-odd") if dtype != BFLOAT16 else ("3x3",):
            yield f"{name}-{kind}-{dtype}", convolution(kind, PLACES[name], dtype)
    for kind in KINDS:
        yield f"high-{kind}", convolution(kind, PLACES["3x3-stride-2"], precision="high")
        yield f"sm_75-{kind}", convolution(kind, PLACES["3x3"], device=(75, 4))
        yield f"many-processors-{kind}", convolution(kind, Place((3, 12, 13, 16), (3, 3, 16, 24)), device=(90, 132))
        for name in ("3x3-stride-2", "groups", "stride-beyond-the-window"):
            yield f"split-{name}-{kind}", convolution(kind, PLACES[name], forced={"splits": 3})
    for name in ("3x3", "groups-odd"):
        yield f"{name}-finished", convolution("forward", PLACES[name], bias=True, activation="relu6")
    yield "split-groups-finished", convolution("forward", PLACES["groups"], bias=True, forced={"splits": 2})
    yield "no-channels-finished", convolution("forward", PLACES["no-channels"], bias=True, activation="sigmoid")
    for number in range(20):
        for kind, place in zip(KINDS, itertools.repeat(random_place(number)), strict=False):
            yield f"random-{number}-{kind}", convolution(kind, place)


def random_place(number):
    """Any window anywhere; channels and filters that vectors divide, or nothing does."""
    random = np.random.default_rng(1000 + number)

    def pair(low, high):
        return tuple(map(int, random.integers(low, high, 2, endpoint=True)))

    groups, channels, filters = random.choice([1, 1, 2]), *random.choice([[16, 24], [5, 7]])
    window, dilations, padding = pair(1, 4), pair(1, 3), (pair(0, 3), pair(0, 3))
    spans = [(w - 1) * d + 1 for w, d in zip(window, dilations, strict=True)]
    size = [max(span - sum(pads), 1) + int(random.integers(0, 6)) for span, pads in zip(spans, padding, strict=True)]
    x, w = (2, *size, int(groups * channels)), (*window, int(channels), int(groups * filters))
    return Place(x, w, pair(1, 4), padding if number % 3 else "SAME", dilations)


def depthwise_convolutions():
    for kind, (name, place), dtype in itertools.product(KINDS, DEPTHWISE_PLACES.items(), DTYPES):
        yield f"depthwise-{name}-{kind}-{dtype}", convolution(kind, place, dtype, depthwise=True)
    for activation in ("relu6", "elu", "sigmoid"):
        options = {"bias": True, "activation": activation}
        yield (
            f"depthwise-{activation}",
            convolution("forward", DEPTHWISE_PLACES["multiplier"], depthwise=True, **options),
        )


def tiles():
    """Every tile of the table with every arithmetic, on a product that has more than one tile and an edge."""
    rules = {(rule.dtype, rule.arithmetic): rule for rule in dispatch.TABLE}
    turns = itertools.cycle(TURNS)
    for (dtype, arithmetic), rule in rules.items():
        if dtype == "bfloat16" or (dtype == "float16" and arithmetic.startswith("Fma")):
            continue  # as float16 and float32 here
        for name, tile in rule.tiles.items():
            forced = {"arithmetic": arithmetic, "tile": tile}
            if arithmetic == "Tf32":
                continue
            turn_a, turn_b = next(turns)
            m, n = tile.rows + 12, tile.columns + 4
            yield f"{name}-{arithmetic}-{dtype}", product(m, n, 44, turn_a, turn_b, np.dtype(dtype), forced=forced)
    for kind, (name, tile) in zip(itertools.cycle(KINDS), dispatch.TILES.items(), strict=False):
        place = Place((2, 10, 9, 16), (3, 3, 16, 24), (2, 1))
        yield f"{name}-{kind}", convolution(kind, place, forced={"tile": tile})


CASES = {
    name: case for group in (products(), convolutions(), depthwise_convolutions(), tiles()) for name, case in group
}


# --- Running them -----------------------------------------------------------------------------------------------------


def launches_of(case):
    recorder = Recorder(*case.device)
    case.run(recorder)
    return recorder.launches


@pytest.fixture(scope="module", autouse=True)
def kernels(request):
    """All that the chosen tests need, built on as many processors as there are."""
    chosen = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    cases = {params["case"] for params in chosen if isinstance(params.get("case"), Case)}
    wanted = set()
    for case in cases:
        with contextlib.suppress(Exception):  # what is wrong with a case is its own test's to say
            wanted |= {(KERNELS / launch.source, launch.defines) for launch in launches_of(case)}
    build_all(wanted)


def each(cases):
    return pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in cases.items()])


def check(case, out):
    """Every element is within its bound, or not finite in the same way."""
    expected, allowed = case.expected()
    assert out.shape == expected.shape and out.dtype == case.dtype
    finite, got = np.isfinite(expected), out.astype(np.float64)
    with np.errstate(invalid="ignore"):
        wrong = np.where(
            finite, ~(abs(got - expected) <= allowed), ~((got == expected) | np.isnan(got) & np.isnan(expected))
        )
    places = [(tuple(map(int, at)), float(got[tuple(at)]), float(expected[tuple(at)])) for at in np.argwhere(wrong)[:4]]
    assert not wrong.any(), f"{wrong.sum()} of {wrong.size} are wrong; (place, got, expected): {places}"


@each(CASES)
def test_the_result_is_right_to_the_bit_in_any_order_of_threads(case):
    out = case.on_cpu()
    check(case, out)
    for seed in (1, 2):
        assert case.on_cpu(seed).tobytes() == out.tobytes()


def test_what_a_case_forces_is_what_is_launched():
    for case in (case for case in CASES.values() if case.forced):
        chosen = dict(launches_of(case)[0].defines)
        tile = case.forced.get("tile")
        assert tile is None or (chosen["BM"], chosen["BN"]) == (tile.rows, tile.columns)
        assert chosen["ARITHMETIC"] == case.forced.get("arithmetic", chosen["ARITHMETIC"])
        assert chosen["SPLIT"] == (case.forced.get("splits", 1) > 1)


# --- Precision --------------------------------------------------------------------------------------------------------


def errors(case, out):
    """Of each element, relative to the sum of its products' sizes."""
    left, right = (operand.astype(np.float64) for operand in case.operands)
    return abs(out - case.multiplied(left, right)) / case.multiplied(abs(left), abs(right))


def sequential_sum(a, b):
    """a b in float32, one product after the other."""
    total = np.zeros((a.shape[0], b.shape[1]), np.float32)
    for k in range(a.shape[1]):
        total += np.outer(a[:, k], b[k])
    return total


LONG = {  # signs that cancel, and none that do: then what is cut off always has the same sign
    "normal": lambda random, shape: random.standard_normal(shape),
    "uniform": lambda random, shape: random.random(shape),
    "wide": lambda random, shape: random.standard_normal(shape) * 2.0 ** random.integers(-12, 13, shape),
}


@pytest.mark.parametrize("splits", [1, 4])
@pytest.mark.parametrize("drawn_from", LONG)
def test_long_sums_of_float32_are_no_worse_than_twice_a_sequential_one(drawn_from, splits):
    random = np.random.default_rng(5)
    case = product(64, 64, 4096, forced={"splits": splits})
    operands = tuple(LONG[drawn_from](random, operand.shape).astype(np.float32) for operand in case.operands)
    case = dataclasses.replace(case, operands=operands)
    assert {dict(launch.defines).get("ARITHMETIC") for launch in launches_of(case)} <= {"SplitTf32", None}
    out = case.on_cpu()
    check(case, out)
    ours, sequential = errors(case, out), errors(case, sequential_sum(*operands))
    assert ours.max() <= 2 * sequential.max()
    assert np.sqrt((ours**2).mean()) <= 2 * np.sqrt((sequential**2).mean())


@pytest.mark.parametrize(
    "down,up", [(2.0**-90, 2.0**90), (2.0**60, 2.0**60), (2.0**-50, 2.0**-50), (2.0**100, 2.0**-100)]
)
@pytest.mark.parametrize("depth", [8, 100])
def test_very_large_and_very_small_float32_operands_are_within_the_bound(down, up, depth):
    case = product(20, 24, depth)
    a, b = case.operands
    case = dataclasses.replace(case, operands=(a * np.float32(down), b * np.float32(up)))
    check(case, case.on_cpu())


def test_high_precision_takes_eleven_bits_and_the_highest_all_of_them():
    case = product(64, 64, 128)
    highest, high = errors(case, case.on_cpu()), errors(case, product(64, 64, 128, precision="high").on_cpu())
    assert highest.max() < 2.0**-21 and 2.0**-16 < high.max() < 2.0**-10
    old = product(64, 64, 128, precision="high", device=(75, 4))
    assert errors(old, old.on_cpu()).max() < 2.0**-20  # a device without TF32 computes in float32


# --- What is not finite -----------------------------------------------------------------------------------------------


def spoilt(case, which):
    """The case with some elements of an operand (0 left, 1 right) that are not finite."""
    operands = [operand.copy() for operand in case.operands]
    flat = operands[which].reshape(-1)
    flat[np.linspace(0, flat.size - 1, 6).astype(int)] = [np.inf, -np.inf, np.nan, np.inf, np.inf, -np.inf]
    return dataclasses.replace(case, operands=tuple(operands))


def not_finite():
    place = Place((2, 7, 8, 16), (3, 3, 16, 24), (1, 1), "VALID")
    for which, operand in enumerate(("left", "right")):
        for dtype in DTYPES:
            yield f"{operand}-{dtype}", product(36, 72, 40, dtype=dtype), which
        yield f"{operand}-high", product(36, 72, 40, precision="high"), which
        yield f"{operand}-sm_75", product(36, 72, 40, device=(75, 4)), which
        yield f"{operand}-split", product(36, 72, 40, forced={"splits": 2}), which
        for kind in KINDS:
            # A tap that is infinite meets zeros outside dy, which is NaN, unless it is the only one.
            only_tap = Place((2, 7, 8, 16), (1, 1, 16, 24))
            yield (
                f"{operand}-{kind}",
                convolution(kind, only_tap if kind == "input_grad" and not which else place),
                which,
            )


@pytest.mark.parametrize("case,which", [pytest.param(case, which, id=name) for name, case, which in not_finite()])
def test_infinities_and_nan_come_out_where_ieee_arithmetic_has_them(case, which):
    case = spoilt(case, which)
    expected, _ = case.expected()
    assert np.isnan(expected).any() and np.isinf(expected).any() and np.isfinite(expected).any()
    check(case, case.on_cpu(1))


def test_what_overflows_does_so_in_the_sum_and_not_when_an_operand_is_rounded():
    huge = np.float32(3.4e38)  # to 11 bits this would be infinite
    case = product(16, 8, 40)
    a, b = (np.zeros_like(operand) for operand in case.operands)
    a[:, 3] = a[:, 20] = huge
    b[3] = [0.5, 1, -1, 2, 1, -1, 1, 0]
    b[20] = [0, 0, 0, 0, 1, -1, -1, 0]
    out = dataclasses.replace(case, operands=(a, b)).on_cpu()
    assert np.array_equal(
        out, np.tile([huge / 2, huge, -huge, np.inf, np.inf, -np.inf, 0, 0], (16, 1)).astype(np.float32)
    )


# --- Memory -----------------------------------------------------------------------------------------------------------


def views():
    """Operands of matmul that are views of other memory, as names and functions of a fresh matrix."""
    yield "turned", lambda m: np.ascontiguousarray(m.T).T
    yield "wider-lines", lambda m: np.pad(m, ((0, 0), (0, 5)))[:, : m.shape[1]]
    yield "aligned-wider-lines", lambda m: np.pad(m, ((0, 0), (0, 8)))[:, : m.shape[1]]
    yield "upside-down", lambda m: np.ascontiguousarray(m[::-1])[::-1]
    yield "every-second-line", lambda m: np.repeat(m, 2, axis=0)[::2]
    yield "every-second-column", lambda m: np.repeat(m, 2, axis=1)[:, ::2]
    yield "mirrored", lambda m: np.ascontiguousarray(m[:, ::-1])[:, ::-1]
    yield "one-element-on", lambda m: np.concatenate([m.reshape(-1)[:1], m.reshape(-1)])[1:].reshape(m.shape)
    yield "one-line-for-all", lambda m: np.broadcast_to(m[:1], m.shape)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT16], ids=str)
@pytest.mark.parametrize("view", [pytest.param(view, id=name) for name, view in views()])
def test_matrices_may_lie_in_memory_in_any_way(view, dtype, which):
    case = product(36, 40, 44, dtype=dtype)
    operands = list(case.operands)
    operands[which] = view(operands[which])
    assert not (operands[which].flags.c_contiguous and operands[which].ctypes.data % 16 == 0)
    case = dataclasses.replace(case, operands=tuple(operands))
    check(case, case.on_cpu(1))


def test_batches_may_lie_in_memory_in_any_way():
    case = product(9, 11, 13, batch_a=(2, 3, 2), batch_b=(1, 3, 1))
    a, b = case.operands
    shuffled = np.ascontiguousarray(a.transpose(2, 0, 3, 1, 4)).transpose(1, 3, 0, 2, 4)
    case = dataclasses.replace(case, operands=(shuffled, np.repeat(b, 2, axis=1)[:, ::-2]))
    check(case, case.on_cpu(1))


SHAPES_OF_NETWORKS = {  # ResNet-50 and VGG at batch 32, BERT: recorded only, never run
    "3x3-64": Place((32, 56, 56, 64), (3, 3, 64, 64)),
    "3x3-512": Place((32, 7, 7, 512), (3, 3, 512, 512)),
    "1x1-256": Place((32, 56, 56, 256), (1, 1, 256, 64)),
    "7x7-3": Place((32, 224, 224, 3), (7, 7, 3, 64), (2, 2)),
    "3x3-128-stride-2": Place((32, 56, 56, 128), (3, 3, 128, 128), (2, 2)),
    "vgg": Place((32, 224, 224, 64), (3, 3, 64, 64)),
}


def unwritten(*shape, dtype=FLOAT32):
    return np.empty(shape, dtype)  # memory that is never touched is never there


def of_networks(kind, place, launcher):
    x, w, y = unwritten(*place.x), unwritten(*place.w), unwritten(*place.y())
    if kind == "forward":
        dense.conv2d(x, w, place.at, 1, y, launcher=launcher)
    elif kind == "input_grad":
        dense.conv2d_input_grad(w, y, place.at, 1, x, launcher=launcher)
    else:
        dense.conv2d_filter_grad(x, y, place.at, 1, w, launcher=launcher)


@pytest.mark.parametrize("architecture,processors", [(75, 40), (80, 108), (86, 82), (90, 132), (100, 148), (120, 170)])
def test_large_products_fit_their_device_and_take_no_more_memory_than_is_promised(architecture, processors):
    for kind, place in itertools.product(KINDS, SHAPES_OF_NETWORKS.values()):
        launcher = Recorder(architecture, processors)
        of_networks(kind, place, launcher)
        blocks = math.prod(launcher.launches[0].grid)
        assert launcher.bytes_of_workspaces <= dispatch.WORKSPACE_BYTES
        assert (len(launcher.launches) == 2) == (launcher.bytes_of_workspaces > 0)
        assert blocks >= processors / 2  # split where the tiles alone would leave most of the device idle
    for dtype in DTYPES:
        for m, n, k in ((8192, 8192, 8192), (4096, 3072, 768), (4096, 768, 3072), (1, 4096, 4096), (64, 64, 2**20)):
            launcher = Recorder(architecture, processors)
            a, b, out = unwritten(m, k, dtype=dtype), unwritten(k, n, dtype=dtype), unwritten(m, n, dtype=dtype)
            dense.matmul(a, b, False, False, out, launcher=launcher)
            assert launcher.bytes_of_workspaces <= dispatch.WORKSPACE_BYTES


@pytest.mark.parametrize("rule", dispatch.TABLE, ids=lambda rule: f"{rule.dtype}-{rule.precision}-{rule.arithmetic}")
def test_every_tile_of_the_table_fits_every_device_that_it_is_meant_for(rule):
    for (name, tile), architecture in itertools.product(rule.tiles.items(), rule.architectures & SHARED_LIMIT.keys()):
        forced = {"arithmetic": rule.arithmetic, "tile": tile}
        for turn_a, turn_b in TURNS:
            case = product(36, 72, 40, turn_a, turn_b, np.dtype(rule.dtype), device=(architecture, 4), forced=forced)
            assert launches_of(case), name  # raises where the device has less than a launch takes
        for kind in KINDS:
            launches_of(convolution(kind, PLACES["3x3"], np.dtype(rule.dtype), (architecture, 4), forced=forced))


# --- What all kernels share -------------------------------------------------------------------------------------------


def probe(kernel, *arguments):
    launch = launching.Launch("probes.cu", kernel, (), (1, 1, 1), (32, 1, 1), 0, arguments)
    HostLauncher(sources=PROBES).launch(launch)


def test_numbers_are_narrowed_as_numpy_narrows_them():
    random = np.random.default_rng(8)
    bits = np.concatenate(
        [random.integers(0, 2**32, 20000, np.uint32), np.arange(2**16, dtype=np.uint32) << 16 | 0x8000]
    )
    x = np.concatenate([bits, bits | 0x7F800000, bits & 0x807FFFFF]).view(np.float32)
    halves, brains, back = np.zeros(x.size, FLOAT16), np.zeros(x.size, BFLOAT16), np.zeros(x.size, FLOAT32)
    probe("narrow", x, np.int32(x.size), halves, brains, back)
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.array_equal(halves, x.astype(FLOAT16), equal_nan=True)
        expected = x.astype(BFLOAT16).astype(np.float32)
    assert np.array_equal(brains.astype(np.float32), expected, equal_nan=True)
    assert np.array_equal(back, expected, equal_nan=True)


def test_division_by_multiplication_is_exact_up_to_the_largest_number():
    random = np.random.default_rng(9)
    d = np.concatenate([np.arange(1, 300), 2 ** np.arange(31), 2 ** np.arange(2, 31) - 1, 2 ** np.arange(1, 31) + 1])
    d = np.concatenate([d, random.integers(1, 2**31, 200)]).astype(np.int64)
    quotients = random.integers(0, 2**31, (8, d.size)) // d
    n = np.concatenate(
        [quotients * d, quotients * d - 1, quotients * d + d - 1, np.tile([[0], [1], [2**31 - 1]], d.size)]
    )
    n, d = n.clip(0, 2**31 - 1).reshape(-1), np.tile(d, len(n))
    got = [np.zeros(n.size, np.int32) for _ in range(2)]
    by = np.zeros((n.size, 3), np.uint32)
    probe("divide", n.astype(np.int32), d.astype(np.int32), np.int32(n.size), *got, by)
    assert np.array_equal(got[0], n // d) and np.array_equal(got[1], n % d)
    for divisor in np.unique(d):  # and the host prepares the same for kernels that get theirs as an argument
        assert tuple(by[d == divisor][0]) == dense._divisor(int(divisor))
