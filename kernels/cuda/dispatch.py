"""Which kernel a product gets: one table, and the tile and splits that were measured, or else estimated, to be best.

To add an architecture's own path, say Hopper's `wgmma` (bf16x6 on planes split beforehand, brought by TMA): write its
source, name that in its rule, above the general one, and give it tiles of its own. launching.py compiles for sm_90a
already. No such path is here, as none could be measured; nor has cuBLAS been, so nothing chooses it yet.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Container
from pathlib import Path
from typing import NamedTuple

ALGORITHMS = ("scopeflow", "cublas")


class Tile(NamedTuple):
    """The part of a product that a block computes, and a warp of it; the names of the macros of product.cu."""

    rows: int
    columns: int
    warp_rows: int
    warp_columns: int
    blocks: int  # of a multiprocessor at once, at least
    rate: float  # products per second on a busy multiprocessor, beside the largest tile; estimated

    @property
    def threads(self) -> int:
        return self.rows // self.warp_rows * (self.columns // self.warp_columns) * 32


# Larger tiles read less per product, smaller ones leave fewer multiprocessors idle and less of a tile empty.
TILES = {
    "128x128": Tile(128, 128, 64, 32, 1, 1.0),
    "128x64": Tile(128, 64, 32, 32, 1, 0.85),
    "64x128": Tile(64, 128, 32, 32, 1, 0.85),
    "64x64": Tile(64, 64, 32, 32, 2, 0.7),
    "128x16": Tile(128, 16, 32, 16, 2, 0.3),
    "16x128": Tile(16, 128, 16, 32, 2, 0.3),
}
TILES_LIGHT = {**TILES, "128x128": TILES["128x128"]._replace(blocks=2)}  # of fragments that take few registers
TILES_64 = {  # of float64, whose sums take twice the registers
    "128x64": Tile(128, 64, 32, 32, 1, 1.0),
    "64x64": Tile(64, 64, 32, 32, 1, 0.8),
    "128x16": Tile(128, 16, 32, 16, 2, 0.35),
    "16x128": Tile(16, 128, 16, 32, 2, 0.35),
}


class Rule(NamedTuple):
    """A row of the table: to which products it applies, and what multiplies them."""

    dtype: str
    precision: str  # "any" where it makes no difference
    architectures: Container[int]
    least_depth: int  # sums of fewer terms go on to the next rule
    arithmetic: str  # a struct of arithmetic.cuh
    tiles: dict[str, Tile]
    source: str = "product.cu"


_ALL = range(70, 1000)
_MMA = range(80, 1000)
_MMA_64 = frozenset((80, 90, 100))  # the others have hardly any float64 units, and those are not in their tensor cores

# The first rule that fits is taken. A product of 3xTF32 may be off by 2**-21, which only a sum of many terms makes
# small beside its own rounding; shorter sums are bound by memory anyway.
TABLE = (
    Rule("float32", "highest", _MMA, 32, "SplitTf32", TILES),
    Rule("float32", "high", _MMA, 1, "Tf32", TILES_LIGHT),
    Rule("float32", "any", _ALL, 0, "Fma<Element>", TILES),
    Rule("float16", "any", _MMA, 1, "Half<Element>", TILES_LIGHT),
    Rule("float16", "any", _ALL, 0, "Fma<Element>", TILES),
    Rule("bfloat16", "any", _MMA, 1, "Half<Element>", TILES_LIGHT),
    Rule("bfloat16", "any", _ALL, 0, "Fma<Element>", TILES),
    Rule("float64", "any", _MMA_64, 1, "Mma64", TILES_64),
    Rule("float64", "any", _ALL, 0, "Fma<Element>", TILES_64),
)


class Request(NamedTuple):
    """A product to be computed: `parts` products (of a batch, of groups, ..) of these sizes, on such a device."""

    function: str  # "matmul", "conv2d", "conv2d_input_grad", "conv2d_filter_grad"
    dtype: str
    precision: str
    architecture: int
    processors: int
    rows: int
    columns: int
    depth: int
    parts: int


class Choice(NamedTuple):
    """How it is computed."""

    algorithm: str  # one of ALGORITHMS
    source: str
    arithmetic: str
    tile: Tile
    splits: int  # blocks that share a sum


class ShapeClass(NamedTuple):
    """Sizes to the nearest power of two, as exponents; what is measured for one shape holds for its class."""

    rows: int
    columns: int
    depth: int

    @classmethod
    def of(cls, rows: int, columns: int, depth: int) -> ShapeClass:
        return cls(*(round(math.log2(max(size, 1))) for size in (rows, columns, depth)))

    def distance(self, other: ShapeClass) -> int:
        """Powers of two between them."""
        return sum(abs(a - b) for a, b in zip(self, other, strict=True))


class Measurement(NamedTuple):
    """What was fastest on a device; a record of tiles.json, which `make tune` writes."""

    function: str
    dtype: str
    precision: str
    architecture: int
    shape_class: ShapeClass
    algorithm: str
    tile: str
    splits: int


MEASUREMENTS = Path(__file__).with_name("tiles.json")


@functools.cache
def measurements() -> tuple[Measurement, ...]:
    """The records of tiles.json, checked. Raises ValueError for one that names no algorithm or tile."""
    return parsed(json.loads(MEASUREMENTS.read_text()))


def parsed(content: dict) -> tuple[Measurement, ...]:
    """Measurements from the JSON content {"measured": [{"function": .., "shape": [rows, columns, depth], ..}, ..]}."""
    found = []
    for record in content["measured"]:
        if record["algorithm"] not in ALGORITHMS or record["tile"] not in {*TILES, *TILES_64} or record["splits"] < 1:
            raise ValueError(f"{MEASUREMENTS.name} has a record that names no known algorithm and tile: {record}")
        fields = {name: record[name] for name in Measurement._fields if name != "shape_class"}
        found.append(Measurement(**fields, shape_class=ShapeClass.of(*record["shape"])))
    return tuple(found)


NEAR = 4  # powers of two within which a measurement still says more than the estimate


def rule_for(request: Request) -> Rule:
    """The first rule of the table that fits; ValueError if none does."""
    for rule in TABLE:
        if (
            rule.dtype == request.dtype
            and rule.precision in ("any", request.precision)
            and request.architecture in rule.architectures
            and request.depth >= rule.least_depth
        ):
            return rule
    raise ValueError(f"no kernel computes {request.dtype} on sm_{request.architecture}")


@functools.lru_cache(maxsize=4096)
def choose(request: Request) -> Choice:
    """The kernel, tile and splits of a product: as measured for the nearest shape class, or as estimated."""
    rule = rule_for(request)
    near = _nearest(request, rule)
    if near is not None:
        tile = rule.tiles[near.tile]
        return Choice(near.algorithm, rule.source, rule.arithmetic, tile, min(near.splits, _most_splits(request)))
    return estimated(request)


def estimated(request: Request) -> Choice:
    """The choice of least estimated cost."""
    rule = rule_for(request)
    choices = (
        Choice("scopeflow", rule.source, rule.arithmetic, tile, splits)
        for tile in rule.tiles.values()
        for splits in possible_splits(request)
    )
    return min(choices, key=lambda choice: cost(request, choice))


def _nearest(request: Request, rule: Rule) -> Measurement | None:
    here = ShapeClass.of(request.rows, request.columns, request.depth)
    same = [
        found
        for found in measurements()
        if found[:4] == (request.function, request.dtype, request.precision, request.architecture)
        and found.tile in rule.tiles
        and here.distance(found.shape_class) <= NEAR
    ]
    return min(same, key=lambda found: here.distance(found.shape_class), default=None)


# --- The estimate -----------------------------------------------------------------------------------------------------

WORKSPACE_BYTES = 64 << 20  # at most, for the partial sums of a product
SPLIT_DEPTH = 64  # terms of a sum, at least, that a block computes
# In products that a multiprocessor of an H200 could compute meanwhile (0.3 per picosecond), from its data sheet:
START = 4096  # until a block's first tile has come, per element of its tile and thread: the way to DRAM and back
REDUCTION = 1 << 20  # for one more launch
TRAFFIC = 64  # to write and read again a partial sum


def _most_splits(request: Request) -> int:
    wide = 8 if request.dtype == "float64" else 4
    results = max(request.rows * request.columns * request.parts * wide, 1)
    return max(min(request.depth // SPLIT_DEPTH, WORKSPACE_BYTES // results), 1)


def possible_splits(request: Request) -> list[int]:
    """Into how many parts a sum may be split: powers of two, as far as that leaves each enough terms."""
    return [1 << i for i in range(min(_most_splits(request), 64).bit_length())]


def cost(request: Request, choice: Choice) -> float:
    """Roughly the time that a product takes: the busiest multiprocessor's blocks, and the reduction of the splits."""
    tile, splits = choice.tile, choice.splits
    tiles = -(-request.rows // tile.rows) * -(-request.columns // tile.columns)
    blocks_here = -(-tiles * request.parts * splits // request.processors)
    depth = -(-request.depth // splits) + START / tile.threads
    products = blocks_here * tile.rows * tile.columns * depth / tile.rate
    if splits == 1:
        return products
    results = request.rows * request.columns * request.parts
    return products + REDUCTION + TRAFFIC * splits * results / request.processors
