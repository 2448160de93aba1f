"""Products of a few rows and columns held in the processor's registers, as LLVM code; importing this imports Numba.

LLVM vectorises a loop, but keeps no block of sums in registers over it. So the block is spelled out: ROWS x WIDTH sums
in vectors of LANES floats, and in each step one row of b, as vectors, times ROWS elements of a, each in all lanes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from .vectors import (
    INT64,
    VECTOR,
    are_floats,
    constant,
    in_all_lanes,
    intrinsic,
    load,
    place_of,
    product_and_sum,
    store,
)
from .walking import LANES, LINE, ROWS, SEGMENTS, VECTORS, WIDTH


def _table(context: Any, builder: Any, kind: Any, table: Any, count: int) -> list[Any]:
    """The first numbers of an array of int64."""
    begin = place_of(context, builder, kind, table, constant(0))
    return [builder.load(builder.gep(begin, [constant(i)])) for i in range(count)]


class _Tile:
    """The code of c = (c if add) + a b for one tile, whose rows lie in segments: `rows` in each, equally far apart."""

    def __init__(self, builder: Any, segments: int, rows: int):
        self._builder = builder
        self._segments, self._rows = range(segments), range(rows)
        self._cells = [(s, r, j) for s in self._segments for r in self._rows for j in range(VECTORS)]
        self._sums = {cell: cgutils.alloca_once_value(builder, ir.Constant(VECTOR, None)) for cell in self._cells}

    def add_products(
        self,
        begins: list[Any],
        a_row: Any,
        a_step: Any,
        steps: Any,
        next_b: Any,
        beside: Callable[[Any], None] = lambda step: None,
    ) -> None:
        """Adds the products of `steps` columns of a, in which segments begin so, and rows of b, and moves next_b on.

        `beside` writes what else is done in a step.
        """
        builder = self._builder
        with cgutils.for_range(builder, steps) as loop:
            beside(loop.index)
            row_of_b = builder.load(next_b)
            vectors = [load(builder, builder.gep(row_of_b, [constant(j * LANES)])) for j in range(VECTORS)]
            along = builder.mul(loop.index, a_step)
            for s in self._segments:
                column_of_a = builder.gep(begins[s], [along])
                for r in self._rows:
                    place = builder.gep(column_of_a, [builder.mul(constant(r), a_row)])
                    element = in_all_lanes(builder, builder.load(place))
                    for j in range(VECTORS):
                        total = self._sums[s, r, j]
                        builder.store(product_and_sum(builder, element, vectors[j], builder.load(total)), total)
            builder.store(builder.gep(row_of_b, [constant(WIDTH)]), next_b)

    def put(self, lines: list[Any], c_row: Any, add: Any) -> None:
        """Stores the tile where segments begin so in c."""
        builder = self._builder
        for cell in self._cells:
            s, r, j = cell
            along = builder.add(builder.mul(constant(r), c_row), constant(j * LANES))
            place, total = builder.gep(lines[s], [along]), self._sums[cell]
            with builder.if_then(add):
                builder.store(builder.fadd(load(builder, place), builder.load(total)), total)
            store(builder, builder.load(total), place)


@intrinsic
def multiply_tile(
    typing_context: Any,
    a: Any,
    a_at: Any,
    a_row: Any,
    a_step: Any,
    b: Any,
    b_at: Any,
    steps: Any,
    c: Any,
    c_at: Any,
    c_row: Any,
    add: Any,
) -> Any:
    """c[i, j] = (c[i, j] if add) + sum over k < steps of a[i, k] b[k, j] for i < ROWS, j < WIDTH, of float32 arrays.

    a[i, k] is a[a_at + i * a_row + k * a_step], b[k, j] is b[b_at + k * WIDTH + j], c[i, j] is c[c_at + i * c_row + j].
    """
    if not are_floats(a, b, c):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, a_at, a_row, a_step, b, b_at, steps, c, c_at, c_row, add = arguments
        kinds = signature.args
        tile = _Tile(builder, 1, ROWS)
        next_b = cgutils.alloca_once_value(builder, place_of(context, builder, kinds[4], b, b_at))
        tile.add_products([place_of(context, builder, kinds[0], a, a_at)], a_row, a_step, steps, next_b)
        tile.put([place_of(context, builder, kinds[7], c, c_at)], c_row, add)
        return context.get_dummy_value()

    whole, flag = types.int64, types.boolean
    return types.none(a, whole, whole, whole, b, whole, whole, c, whole, whole, flag), generate


def _fetch(builder: Any, place: Any) -> None:
    """Lets the processor bring what lies there into the second cache, if there is such a place."""
    number, anything = ir.IntType(32), ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [anything, number, number, number])
    told = [ir.Constant(number, n) for n in (0, 2, 1)]  # to be read, from the second cache on, data
    fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(fetch, [builder.bitcast(place, anything), *told])


def _multiply_rows(segments: int, rows: int) -> Any:
    @intrinsic
    def multiply(
        typing_context: Any,
        a: Any,
        a_at: Any,
        starts: Any,
        a_row: Any,
        a_step: Any,
        steps: Any,
        b: Any,
        c: Any,
        c_at: Any,
        targets: Any,
        c_row: Any,
        add: Any,
        ahead: Any,
        ahead_at: Any,
        mask: Any,
        across: Any,
        down: Any,
    ) -> Any:
        """As `_multiply_segments`' with one run from the row's begin, and all of b; and what comes next is fetched.

        In step k that is ahead[ahead_at + (k & mask) * across + (k // LINE) * down].
        """
        if not are_floats(a, b, c, ahead):
            return None

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            a, a_at, starts, a_row, a_step, steps, b, c, c_at, targets, c_row, add, *following = arguments
            ahead, ahead_at, mask, across, down = following
            kinds = signature.args
            tile = _Tile(builder, segments, rows)
            first_a = place_of(context, builder, kinds[0], a, a_at)
            begins = [builder.gep(first_a, [n]) for n in _table(context, builder, kinds[2], starts, segments)]
            next_b = cgutils.alloca_once_value(builder, place_of(context, builder, kinds[6], b, constant(0)))
            first = place_of(context, builder, kinds[12], ahead, ahead_at)

            def fetch(step: Any) -> None:
                further = builder.mul(builder.and_(step, mask), across)
                lower = builder.mul(builder.udiv(step, constant(LINE)), down)
                _fetch(builder, builder.gep(first, [builder.add(further, lower)]))

            tile.add_products(begins, a_row, a_step, steps, next_b, fetch)
            first_c = place_of(context, builder, kinds[7], c, c_at)
            lines = [builder.gep(first_c, [n]) for n in _table(context, builder, kinds[9], targets, segments)]
            tile.put(lines, c_row, add)
            return context.get_dummy_value()

        whole, flag = types.int64, types.boolean
        left = (a, whole, starts, whole, whole, whole)
        return types.none(*left, b, c, whole, targets, whole, flag, ahead, *[whole] * 4), generate

    return multiply


multiply_few_rows, multiply_more_rows = (_multiply_rows(*shape) for shape in SEGMENTS)


def _multiply_segments(segments: int, rows: int) -> Any:
    @intrinsic
    def multiply(
        typing_context: Any,
        a: Any,
        a_at: Any,
        starts: Any,
        a_row: Any,
        runs: Any,
        a_step: Any,
        steps: Any,
        b: Any,
        b_at: Any,
        c: Any,
        c_at: Any,
        targets: Any,
        c_row: Any,
        add: Any,
    ) -> Any:
        """c[i, j] = (c[i, j] if add) + sum over k of a[i, k] b[k, j] for the rows i of a few segments, j < WIDTH.

        Row r of segment s begins at a[a_at + starts[s] + r * a_row] and goes to c[c_at + targets[s] + r * c_row + j].
        Its elements k are runs of so many steps: the first of run u is runs[u] from the row's begin, the others are
        a_step apart. b[k, j] is b[b_at + k * WIDTH + j]. The tables are arrays of int64, the others of float32.
        """
        if not are_floats(a, b, c):
            return None

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            a, a_at, starts, a_row, runs, a_step, steps, b, b_at, c, c_at, targets, c_row, add = arguments
            kinds = signature.args
            tile = _Tile(builder, segments, rows)
            first_a = place_of(context, builder, kinds[0], a, a_at)
            begins = [builder.gep(first_a, [n]) for n in _table(context, builder, kinds[2], starts, segments)]
            next_b = cgutils.alloca_once_value(builder, place_of(context, builder, kinds[7], b, b_at))
            first_run = place_of(context, builder, kinds[4], runs, constant(0))
            count = builder.extract_value(context.make_array(kinds[4])(context, builder, value=runs).shape, 0)
            with cgutils.for_range(builder, count) as loop:
                further = builder.load(builder.gep(first_run, [loop.index]))
                tile.add_products([builder.gep(begin, [further]) for begin in begins], a_row, a_step, steps, next_b)
            first_c = place_of(context, builder, kinds[9], c, c_at)
            lines = [builder.gep(first_c, [n]) for n in _table(context, builder, kinds[11], targets, segments)]
            tile.put(lines, c_row, add)
            return context.get_dummy_value()

        whole, flag = types.int64, types.boolean
        left = (a, whole, starts, whole, runs, whole, whole)
        return types.none(*left, b, whole, c, whole, targets, whole, flag), generate

    return multiply


multiply_few_segments, multiply_more_segments = (_multiply_segments(*shape) for shape in SEGMENTS)


# --- Winograd's transforms --------------------------------------------------------------------------------------------


def _combined(builder: Any, factors: tuple[float, ...], vectors: list[Any]) -> Any:
    """The sum of factor * vector; factors of one magnitude share a product."""
    total = None
    for magnitude in {abs(factor): None for factor in factors if factor}:
        terms = [(f, v) for f, v in zip(factors, vectors, strict=True) if abs(f) == magnitude]
        (first, part), *rest = sorted(terms, key=lambda term: term[0] < 0)
        for factor, vector in rest:
            part = (builder.fadd if factor == first else builder.fsub)(part, vector)
        if first != 1:
            part = builder.fmul(part, ir.Constant(VECTOR, [first] * LANES))
        total = part if total is None else builder.fadd(total, part)
    return total


def _transform(matrix: tuple[tuple[float, ...], ...]) -> Any:
    """The intrinsic that computes matrix * tile * transposed matrix, for the tiles in LANES channels at once."""

    @intrinsic
    def transform(
        typing_context: Any,
        values: Any,
        at: Any,
        row: Any,
        column: Any,
        out: Any,
        out_at: Any,
        out_row: Any,
        out_column: Any,
    ) -> Any:
        """Transforms values[at + i * row + j * column + lane]; whether all that went into out is finite."""
        if not are_floats(values, out):
            return None

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values, at, row, column, out, out_at, out_row, out_column = arguments

            def cell(begin: Any, i: int, j: int, row: Any, column: Any) -> Any:
                down = builder.mul(ir.Constant(INT64, i), row)
                return builder.gep(begin, [builder.add(down, builder.mul(ir.Constant(INT64, j), column))])

            source = place_of(context, builder, signature.args[0], values, at)
            target = place_of(context, builder, signature.args[4], out, out_at)
            size = len(matrix[0])
            tile = [[load(builder, cell(source, i, j, row, column)) for j in range(size)] for i in range(size)]
            left = [[_combined(builder, factors, list(line)) for line in zip(*tile, strict=True)] for factors in matrix]
            done = [[_combined(builder, factors, line) for factors in matrix] for line in left]
            total = ir.Constant(VECTOR, None)
            for i, line in enumerate(done):
                for j, vector in enumerate(line):
                    store(builder, vector, cell(target, i, j, out_row, out_column))
                    total = builder.fadd(total, vector)
            difference = builder.fsub(total, total)  # zero, or NaN
            unordered = builder.fcmp_unordered("uno", difference, difference)
            lanes = builder.bitcast(unordered, ir.IntType(LANES))
            return builder.icmp_unsigned("==", lanes, ir.Constant(ir.IntType(LANES), 0))

        whole = types.int64
        return types.boolean(values, whole, whole, whole, out, whole, whole, whole), generate

    return transform


def _transposed(matrix: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    return tuple(zip(*matrix, strict=True))


# F(2x2, 3x3) of A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks" (2016): a tile of outputs is
# A^T ((G g G^T) * (B^T d B)) A with a filter g and a tile d of inputs. The gradient of g is the adjoint of that.
_INPUT = ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1))  # B^T
_FILTER = ((1, 0, 0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0, 0, 1))  # G
_OUTPUT = ((1, 1, 1, 0), (0, 1, -1, -1))  # A^T

transform_input = _transform(_INPUT)
transform_filter = _transform(_FILTER)
transform_output = _transform(_OUTPUT)
transform_output_grad = _transform(_transposed(_OUTPUT))
transform_filter_grad = _transform(_transposed(_FILTER))
