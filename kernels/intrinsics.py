"""Float operations that no compiler may fuse or split, for Numba's CPU and CUDA targets; importing this imports Numba.

CUDA's compilers fuse a product and the sum that takes it wherever they like, the CPU's do not. The functions in
philox.py that must have the same bits on both say which products are fused (`fma`) and which are rounded (`mul_rn`).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

_MUL_RN = {types.float32: "llvm.nvvm.mul.rn.f", types.float64: "llvm.nvvm.mul.rn.d"}


@intrinsic
def fma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """a b + c, rounded once; all of one float type."""
    if a not in _MUL_RN or not a == b == c:
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return a(a, a, a), generate


@intrinsic
def mul_rn(typing_context: Any, a: Any, b: Any) -> Any:
    """a b, rounded before anything else is done with it; both of one float type."""
    if a not in _MUL_RN or a != b:
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if not builder.module.triple.startswith("nvptx"):
            return builder.fmul(*arguments)
        number = context.get_value_type(a)
        product = builder.module.globals.get(_MUL_RN[a])
        if product is None:
            product = ir.Function(builder.module, ir.FunctionType(number, [number, number]), _MUL_RN[a])
        return builder.call(product, arguments)

    return a(a, a), generate


LINE = 64  # bytes of a line of the CPU's cache


def _array(context: Any, builder: Any, kind: Any, data: Any, size: Any) -> Any:
    """An array of the Numba type `kind`, one-dimensional and contiguous, on memory that Numba does not own."""
    itemsize = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    array = context.make_array(kind)(context, builder)
    populate_array(array, data=data, shape=[size], strides=[itemsize], itemsize=itemsize, meminfo=None)
    return array._getvalue()


@intrinsic
def array_at(typing_context: Any, memory: Any, size: Any) -> Any:
    """The array of `size` elements at a pointer (numba.carray's own would ask for Numba's runtime)."""
    if not isinstance(memory, types.CPointer):
        return None
    kind = types.Array(memory.dtype, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _array(context, builder, kind, *arguments)

    return kind(memory, types.intp), generate


@intrinsic(prefer_literal=True)
def stack_array(typing_context: Any, size: Any, dtype: Any) -> Any:
    """An array of `size` elements (a constant) on the stack, not initialised, that begins a line; it is not returned.

    One from the heap would make the kernel call Numba's runtime, which is not there where its code is only loaded.
    """
    if not isinstance(size, types.IntegerLiteral) or not isinstance(dtype, types.DTypeSpec):
        return None
    kind = types.Array(dtype.dtype, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        element = context.get_data_type(kind.dtype)
        with builder.goto_entry_block():
            memory = builder.alloca(ir.ArrayType(element, size.literal_value))
        memory.align = LINE
        count = context.get_constant(types.intp, size.literal_value)
        return _array(context, builder, kind, builder.bitcast(memory, element.as_pointer()), count)

    return kind(size, dtype), generate


@intrinsic
def store_line(typing_context: Any, out: Any, at: Any, values: Any, begin: Any) -> Any:
    """out[at : at + n] = values[begin : begin + n], n of LINE bytes, past the cache; out[at] must begin a line.

    A store into the cache first reads the line that it replaces. `publish` must follow the last of these.
    """
    if not isinstance(out, types.Array) or not isinstance(values, types.Array) or values.dtype != out.dtype:
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        line_type = ir.VectorType(context.get_data_type(out.dtype), LINE * 8 // out.dtype.bitwidth)

        def place(kind: Any, array: Any, index: Any) -> Any:
            data = context.make_array(kind)(context, builder, value=array).data
            return builder.bitcast(builder.gep(data, [index]), line_type.as_pointer())

        line = builder.load(place(values, arguments[2], arguments[3]))
        line.align = out.dtype.bitwidth // 8
        store = builder.store(line, place(out, arguments[0], arguments[1]))
        store.align = LINE
        store.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)]))
        return context.get_dummy_value()

    return types.none(out, at, values, begin), generate


@intrinsic
def publish(typing_context: Any) -> Any:
    """Lets no other thread see what comes later before what `store_line` stored."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.none(), generate


@intrinsic
def store_group(typing_context: Any, out: Any, at: Any, values: Any) -> Any:
    """out[at : at + n] = the n values of a tuple, in one store, which must be aligned to its size."""
    if not isinstance(out, types.Array) or not isinstance(values, types.UniTuple) or values.dtype != out.dtype:
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, begin, group = arguments
        vector_type = ir.VectorType(context.get_data_type(out.dtype), values.count)
        vector = ir.Constant(vector_type, ir.Undefined)
        for i in range(values.count):
            vector = builder.insert_element(vector, builder.extract_value(group, i), ir.Constant(ir.IntType(32), i))
        data = context.make_array(out)(context, builder, value=array).data
        place = builder.bitcast(builder.gep(data, [begin]), vector_type.as_pointer())
        store = builder.store(vector, place)
        store.align = values.count * out.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.none(out, at, values), generate
