"""Vectors of LANES floats in the CPU's kernels, as LLVM code; importing this imports Numba."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from .compiling import intrinsic
from .walking import LANES

FLOAT, INT64 = ir.FloatType(), ir.IntType(64)
VECTOR = ir.VectorType(FLOAT, LANES)
FIRST_LANE = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)


def place_of(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """The address of element `index` of an array."""
    return builder.gep(context.make_array(kind)(context, builder, value=array).data, [index])


def load(builder: Any, place: Any) -> Any:
    vector = builder.load(builder.bitcast(place, VECTOR.as_pointer()))
    vector.align = 4
    return vector


def store(builder: Any, vector: Any, place: Any) -> None:
    builder.store(vector, builder.bitcast(place, VECTOR.as_pointer())).align = 4


def in_all_lanes(builder: Any, number: Any) -> Any:
    undefined = ir.Constant(VECTOR, ir.Undefined)
    return builder.shuffle_vector(
        builder.insert_element(undefined, number, ir.Constant(INT64, 0)), undefined, FIRST_LANE
    )


def product_and_sum(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """a b + c of vectors, rounded once where the processor can."""
    fused = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(VECTOR, [VECTOR] * 3), f"llvm.fmuladd.v{LANES}f32"
    )
    return builder.call(fused, [a, b, c])


def are_floats(*arrays: Any) -> bool:
    return all(isinstance(array, types.Array) and array.dtype == types.float32 for array in arrays)


def constant(number: int) -> Any:
    return ir.Constant(INT64, number)


@intrinsic
def copy_lanes(typing_context: Any, out: Any, out_at: Any, values: Any, at: Any) -> Any:
    """out[out_at : out_at + LANES] = values[at : at + LANES], of float32 arrays."""
    if not are_floats(out, values):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, out_at, values, at = arguments
        vector = load(builder, place_of(context, builder, signature.args[2], values, at))
        store(builder, vector, place_of(context, builder, signature.args[0], out, out_at))
        return context.get_dummy_value()

    return types.none(out, types.int64, values, types.int64), generate


@intrinsic
def finish_lanes(typing_context: Any, out: Any, at: Any, added: Any, added_at: Any, least: Any) -> Any:
    """out[at + lane] += added[added_at + lane] for LANES lanes, and what is less than `least` becomes that."""
    if not are_floats(out, added):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, at, added, added_at, least = arguments
        place = place_of(context, builder, signature.args[0], out, at)
        more = load(builder, place_of(context, builder, signature.args[2], added, added_at))
        total, bound = builder.fadd(load(builder, place), more), in_all_lanes(builder, least)
        store(builder, builder.select(builder.fcmp_ordered("<=", total, bound), bound, total), place)  # NaN stays
        return context.get_dummy_value()

    return types.none(out, types.int64, added, types.int64, types.float32), generate


@intrinsic
def transpose_lanes(typing_context: Any, out: Any, out_at: Any, out_row: Any, values: Any, at: Any, row: Any) -> Any:
    """out[out_at + i * out_row + j] = values[at + j * row + i] for i, j < LANES, of float32 arrays.

    In steps: each exchanges blocks of half the size between neighbours.
    """
    if not are_floats(out, values):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, out_at, out_row, values, at, row = arguments
        source = place_of(context, builder, signature.args[3], values, at)
        target = place_of(context, builder, signature.args[0], out, out_at)
        lines = [load(builder, builder.gep(source, [builder.mul(constant(j), row)])) for j in range(LANES)]
        distance = LANES // 2
        while distance:
            for i in (i for i in range(LANES) if not i & distance):
                low, high = lines[i], lines[i + distance]  # lanes of high count from LANES on
                kept = [lane + (LANES - distance if lane & distance else 0) for lane in range(LANES)]
                moved = [lane + (LANES if lane & distance else distance) for lane in range(LANES)]
                lines[i], lines[i + distance] = (
                    builder.shuffle_vector(low, high, ir.Constant(ir.VectorType(ir.IntType(32), LANES), lanes))
                    for lanes in (kept, moved)
                )
            distance //= 2
        for i, line in enumerate(lines):
            store(builder, line, builder.gep(target, [builder.mul(constant(i), out_row)]))
        return context.get_dummy_value()

    whole = types.int64
    return types.none(out, whole, whole, values, whole, whole), generate


@intrinsic
def store_greatest(
    typing_context: Any, out: Any, out_at: Any, values: Any, at: Any, rows: Any, row: Any, columns: Any, column: Any
) -> Any:
    """out[out_at + lane] = the greatest of values[at + a * row + b * column + lane] for a < rows and b < columns.

    That is NaN where there is one, and minus infinity where there is nothing.
    """
    if not are_floats(out, values):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, out_at, values, at, rows, row, columns, column = arguments
        first = place_of(context, builder, signature.args[2], values, at)
        most = cgutils.alloca_once_value(builder, ir.Constant(VECTOR, [float("-inf")] * LANES))
        with cgutils.for_range(builder, rows) as a:
            line = builder.gep(first, [builder.mul(a.index, row)])
            with cgutils.for_range(builder, columns) as b:
                value = load(builder, builder.gep(line, [builder.mul(b.index, column)]))
                before = builder.load(most)
                greater = builder.fcmp_unordered("ugt", value, before)  # or one of them is NaN
                stays = builder.fcmp_unordered("uno", before, before)
                builder.store(builder.select(stays, before, builder.select(greater, value, before)), most)
        store(builder, builder.load(most), place_of(context, builder, signature.args[0], out, out_at))
        return context.get_dummy_value()

    whole = types.int64
    return types.none(out, whole, values, *[whole] * 5), generate


def _to_first(add: bool) -> Any:
    """The intrinsic that adds, or else stores, numbers where values are first equal to those sought.

    out[at + a * row + b * column + lane] += numbers[sought_at + lane] at the first (a, b) whose value is sought's, for
    a < rows and b < columns, of values at the same places as out; or all these become that, or else 0.
    """

    @intrinsic
    def to_first(
        typing_context: Any,
        out: Any,
        values: Any,
        at: Any,
        rows: Any,
        row: Any,
        columns: Any,
        column: Any,
        sought: Any,
        numbers: Any,
        sought_at: Any,
    ) -> Any:
        if not are_floats(out, values, sought, numbers):
            return None

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            out, values, at, rows, row, columns, column, sought, numbers, sought_at = arguments
            kinds = signature.args
            first = place_of(context, builder, kinds[1], values, at)
            first_out = place_of(context, builder, kinds[0], out, at)
            wanted = load(builder, place_of(context, builder, kinds[7], sought, sought_at))
            given = load(builder, place_of(context, builder, kinds[8], numbers, sought_at))
            left = cgutils.alloca_once_value(builder, given)
            zero = ir.Constant(VECTOR, None)
            with cgutils.for_range(builder, rows) as a:
                down = builder.mul(a.index, row)
                with cgutils.for_range(builder, columns) as b:
                    place = builder.add(down, builder.mul(b.index, column))
                    here = builder.fcmp_ordered("==", load(builder, builder.gep(first, [place])), wanted)
                    waiting, target = builder.load(left), builder.gep(first_out, [place])
                    taken = builder.select(here, waiting, zero)
                    store(builder, builder.fadd(load(builder, target), taken) if add else taken, target)
                    builder.store(builder.select(here, zero, waiting), left)
            return context.get_dummy_value()

        whole = types.int64
        return types.none(out, values, *[whole] * 5, sought, numbers, whole), generate

    return to_first


add_to_first, put_to_first = _to_first(True), _to_first(False)


def _sums_of(windows: int) -> Any:
    """The intrinsic of so many windows k, `step` apart in `values`, that are multiplied by the same factors.

    out[out_at + k * apart + lane] = the sum of values[at + k * step + a * row + b * column + lane] times
    factors[factors_at + a * factors_row + b * factors_column + lane] for a < rows and b < columns.
    """

    @intrinsic
    def store_sums(
        typing_context: Any,
        out: Any,
        out_at: Any,
        apart: Any,
        values: Any,
        at: Any,
        step: Any,
        rows: Any,
        row: Any,
        columns: Any,
        column: Any,
        factors: Any,
        factors_at: Any,
        factors_row: Any,
        factors_column: Any,
    ) -> Any:
        if not are_floats(out, values, factors):
            return None

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            out, out_at, apart, values, at, step, rows, row, columns, column, *filter = arguments
            factors, factors_at, factors_row, factors_column = filter
            kinds = signature.args
            first = place_of(context, builder, kinds[3], values, at)
            first_factor = place_of(context, builder, kinds[10], factors, factors_at)
            sums = [cgutils.alloca_once_value(builder, ir.Constant(VECTOR, None)) for _ in range(windows)]
            with cgutils.for_range(builder, rows) as a:
                line = builder.gep(first, [builder.mul(a.index, row)])
                factor_line = builder.gep(first_factor, [builder.mul(a.index, factors_row)])
                with cgutils.for_range(builder, columns) as b:
                    place = builder.gep(line, [builder.mul(b.index, column)])
                    factor = load(builder, builder.gep(factor_line, [builder.mul(b.index, factors_column)]))
                    for window, total in enumerate(sums):
                        value = load(builder, builder.gep(place, [builder.mul(constant(window), step)]))
                        builder.store(product_and_sum(builder, value, factor, builder.load(total)), total)
            target = place_of(context, builder, kinds[0], out, out_at)
            for window, total in enumerate(sums):
                store(builder, builder.load(total), builder.gep(target, [builder.mul(constant(window), apart)]))
            return context.get_dummy_value()

        whole = types.int64
        places = [whole] * 6
        return types.none(out, whole, whole, values, *places, factors, whole, whole, whole), generate

    return store_sums


FEW, MANY = 4, 12  # windows at a time, of which no more than 14 would leave registers for what they see
store_sum, store_few_sums, store_many_sums = _sums_of(1), _sums_of(FEW), _sums_of(MANY)


@intrinsic
def add_products(
    typing_context: Any,
    out: Any,
    out_at: Any,
    values: Any,
    at: Any,
    step: Any,
    factors: Any,
    factors_at: Any,
    factors_step: Any,
    count: Any,
) -> Any:
    """out[out_at + lane] += the sum of values[at + k * step + lane] * factors[factors_at + k * factors_step + lane].

    That is for k < count. Every fourth product goes to a sum of its own, so that none waits for the one before.
    """
    if not are_floats(out, values, factors):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, out_at, values, at, step, factors, factors_at, factors_step, count = arguments
        kinds = signature.args
        first = place_of(context, builder, kinds[2], values, at)
        first_factor = place_of(context, builder, kinds[5], factors, factors_at)
        sums = [cgutils.alloca_once_value(builder, ir.Constant(VECTOR, None)) for _ in range(4)]

        def add(index: Any, total: Any) -> None:
            value = load(builder, builder.gep(first, [builder.mul(index, step)]))
            factor = load(builder, builder.gep(first_factor, [builder.mul(index, factors_step)]))
            builder.store(product_and_sum(builder, value, factor, builder.load(total)), total)

        rounds = builder.sdiv(count, constant(len(sums)))
        with cgutils.for_range(builder, rounds) as part:
            for lane, total in enumerate(sums):
                add(builder.add(builder.mul(part.index, constant(len(sums))), constant(lane)), total)
        with cgutils.for_range(builder, builder.srem(count, constant(len(sums)))) as rest:
            add(builder.add(builder.mul(rounds, constant(len(sums))), rest.index), sums[0])
        a, b, c, d = map(builder.load, sums)
        target = place_of(context, builder, kinds[0], out, out_at)
        total = builder.fadd(builder.fadd(a, b), builder.fadd(c, d))
        store(builder, builder.fadd(load(builder, target), total), target)
        return context.get_dummy_value()

    whole = types.int64
    return types.none(out, whole, values, whole, whole, factors, whole, whole, whole), generate


@intrinsic
def store_sum_of_rows(typing_context: Any, out: Any, out_at: Any, values: Any, at: Any, row: Any, count: Any) -> Any:
    """out[out_at + lane] = the sum of values[at + k * row + lane] for k < count.

    Every eighth number goes to a sum of its own, so that errors grow less, and none waits for the one before.
    """
    if not are_floats(out, values):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        out, out_at, values, at, row, count = arguments
        first = place_of(context, builder, signature.args[2], values, at)
        sums = [cgutils.alloca_once_value(builder, ir.Constant(VECTOR, None)) for _ in range(8)]

        def add(number: Any, total: Any) -> None:
            value = load(builder, builder.gep(first, [builder.mul(number, row)]))
            builder.store(builder.fadd(builder.load(total), value), total)

        rounds = builder.sdiv(count, constant(len(sums)))
        with cgutils.for_range(builder, rounds) as part:
            for k, total in enumerate(sums):
                add(builder.add(builder.mul(part.index, constant(len(sums))), constant(k)), total)
        with cgutils.for_range(builder, builder.srem(count, constant(len(sums)))) as rest:
            add(builder.add(builder.mul(rounds, constant(len(sums))), rest.index), sums[0])
        totals = list(map(builder.load, sums))
        while len(totals) > 1:
            totals = [builder.fadd(a, b) for a, b in zip(totals[::2], totals[1::2], strict=True)]
        store(builder, totals[0], place_of(context, builder, signature.args[0], out, out_at))
        return context.get_dummy_value()

    whole = types.int64
    return types.none(out, whole, values, whole, whole, whole), generate
