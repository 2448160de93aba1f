"""The dense CUDA kernels run on the CPU: every product of the family at small, odd shapes, held against naive loops."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
from collections.abc import Callable
from typing import Any
from unittest import mock

import ml_dtypes
import numpy as np
import pytest
from cuda_on_cpu import KERNELS, HostLauncher, build_all, compiler

from scopeflow.kernels import naive
from scopeflow.kernels.cuda import dense, dispatch
from scopeflow.kernels.geometry import windows

pytestmark = pytest.mark.skipif(compiler() is None, reason="no g++")

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


class Recorder:
    """A launcher that only notes what must be compiled."""

    def __init__(self, architecture, processors):
        self.architecture, self.processors, self.launches = architecture, processors, []

    def launch(self, launch):
        self.launches.append(launch)

    def empty(self, shape, dtype):
        return np.zeros(shape, dtype)


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
    expected, allowed = case.expected()
    assert out.shape == expected.shape and out.dtype == case.dtype
    wrong = ~(abs(out.astype(np.float64) - expected) <= allowed)
    places = [(tuple(map(int, at)), float(out[tuple(at)]), float(expected[tuple(at)])) for at in np.argwhere(wrong)[:4]]
    assert not wrong.any(), f"{wrong.sum()} of {wrong.size} are wrong; (place, got, expected): {places}"


@each(CASES)
def test_the_result_is_right_to_the_bit_in_any_order_of_threads(case):
    out = case.on_cpu()
    check(case, out)
    for seed in (1, 2):
        assert case.on_cpu(seed).tobytes() == out.tobytes()
