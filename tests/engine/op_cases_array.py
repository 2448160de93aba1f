"""Cases of the family of engine/ops/array.py: joining, splitting, rearranging, slicing, padding, indexing, ordering."""

import numpy as np
from op_cases import Case, distinct, normal

from scopeflow.engine.ops.indexing import top_k
from scopeflow.engine.registry import get_op

X23 = normal(2, 3)
IMAGE = normal(2, 4, 4, 3, seed=1)


def op(type, *arguments, **attrs):
    """The same op applied to the case's tensor, then `arguments`."""
    return lambda tf, x, *more: get_op(type)(x, *more, *arguments, **attrs)


def written(tf):
    """A slice of a variable after it was assigned to."""
    v = tf.Variable(np.arange(6.0).reshape(2, 3))
    with tf.control_dependencies([v.initialized_value()]):
        change = v[:, ::2].assign([[7.0, 8.0], [9.0, 10.0]])
    return tf.identity(change)


JOINING = [
    Case("concat_on_the_last_axis", ("ConcatV2",), lambda tf, a, b: tf.concat([a, b], -1), (X23, normal(2, 2, seed=1))),
    Case("concat_of_three", ("ConcatV2",), lambda tf, a, b: tf.concat([a, b, a], 0), (X23, normal(1, 3, seed=1))),
    Case(
        "concat_along_a_fed_axis", ("ConcatV2",), lambda tf, a, b, i: tf.concat([a, b], i), (X23, X23 * 2, np.int32(-1))
    ),
    Case("stack_in_the_middle", ("Pack",), lambda tf, a, b: tf.stack([a, b], axis=1), (X23, normal(2, 3, seed=1))),
    Case("parallel_stack", ("ConcatV2",), lambda tf, a, b: tf.parallel_stack([a, b]), (X23, normal(2, 3, seed=1))),
    Case("split_in_equal_pieces", ("Split",), lambda tf, x: tf.split(x, 3, axis=-1), (normal(2, 6),)),
    Case("split_with_a_piece_unused", ("Split",), lambda tf, x: tf.split(x, 2)[1], (normal(4, 3),)),
    Case("split_by_sizes", ("SplitV",), lambda tf, x: tf.split(x, [1, -1, 2], 1), (normal(2, 6),)),
    Case("unstack", ("Unpack",), lambda tf, x: tf.unstack(x, axis=1), (X23,)),
]
REARRANGING = [
    Case("transpose_reversed", ("Transpose",), lambda tf, x: tf.transpose(x), (normal(2, 3, 4),)),
    Case("transpose_by_perm", ("Transpose",), lambda tf, x: tf.transpose(x, [2, 0, 1]), (normal(2, 3, 4),)),
    Case(
        "transpose_by_a_fed_perm",
        ("Transpose", "InvertPermutation"),
        lambda tf, x, p: tf.transpose(x, p),
        (normal(2, 3, 4), np.array([1, 2, 0], np.int32)),
    ),
    Case("transpose_by_negative_axes", ("Transpose",), lambda tf, x: tf.transpose(x, [-1, 0, -2]), (normal(2, 3, 4),)),
    Case("conjugate_transpose", ("ConjugateTranspose",), op("ConjugateTranspose", [1, 0]), (X23,)),
    Case(
        "conjugate_transpose_of_complex",
        ("ConjugateTranspose",),
        lambda tf, x: tf.transpose(x, conjugate=True),
        (X23 + 1j * X23[::-1],),
        differentiable=False,
    ),
    Case(
        "invert_permutation",
        ("InvertPermutation",),
        lambda tf, p: tf.invert_permutation(p),
        (np.array([2, 0, 3, 1]),),
        differentiable=False,
    ),
    Case("tile", ("Tile",), lambda tf, x: tf.tile(x, [2, 3]), (X23,)),
    Case("tile_a_single_row", ("Tile",), lambda tf, x: tf.tile(x, [3, 1, 2]), (normal(1, 3, 1),)),
    Case("tile_by_fed_multiples", ("Tile",), lambda tf, x, m: tf.tile(x, m), (X23, np.array([2, 2], np.int64))),
    Case("reverse", ("ReverseV2",), lambda tf, x: tf.reverse(x, [0, -1]), (normal(2, 3, 4),)),
    Case(
        "reverse_sequence",
        ("ReverseSequence",),
        lambda tf, x, n: tf.reverse_sequence(x, n, seq_axis=1, batch_axis=0),
        (normal(3, 4, 2), np.array([4, 0, 3], np.int64)),
    ),
    Case(
        "reverse_sequence_across",
        ("ReverseSequence",),
        lambda tf, x, n: tf.reverse_sequence(x, n, seq_dim=0, batch_dim=2),
        (normal(4, 2, 3), np.array([2, 1, 4], np.int32)),
    ),
    Case("roll", ("Roll",), lambda tf, x: tf.roll(x, [1, -2, 1], [0, 1, 0]), (normal(3, 4),)),
    Case("space_to_depth", ("SpaceToDepth",), lambda tf, x: tf.space_to_depth(x, 2), (IMAGE,)),
    Case("depth_to_space", ("DepthToSpace",), lambda tf, x: tf.depth_to_space(x, 2), (normal(2, 1, 3, 8),)),
    Case(
        "space_to_depth_channels_first",
        ("SpaceToDepth",),
        lambda tf, x: tf.space_to_depth(x, 2, data_format="NCHW"),
        (normal(2, 3, 4, 2),),
    ),
    Case(
        "depth_to_space_channels_first",
        ("DepthToSpace",),
        lambda tf, x: tf.depth_to_space(x, 2, data_format="NCHW"),
        (normal(2, 8, 1, 3),),
    ),
    Case(
        "space_to_batch", ("SpaceToBatchND",), lambda tf, x: tf.space_to_batch_nd(x, [2, 3], [[1, 1], [0, 2]]), (IMAGE,)
    ),
    Case(
        "batch_to_space",
        ("BatchToSpaceND",),
        lambda tf, x: tf.batch_to_space_nd(x, [2, 2], [[1, 0], [0, 1]]),
        (normal(8, 2, 3, 1),),
    ),
    Case(
        "image_patches",
        ("ExtractImagePatches", "ExtractImagePatchesGrad"),
        lambda tf, x: tf.extract_image_patches(x, [1, 2, 3, 1], [1, 2, 1, 1], [1, 2, 1, 1], "SAME"),
        (normal(2, 5, 4, 2),),
    ),
    Case("repeat", ("GatherV2",), lambda tf, x: tf.repeat(x, [2, 0, 1], axis=1), (X23,)),
    Case("meshgrid", ("Mul",), lambda tf, a, b: tf.meshgrid(a, b), (normal(2), normal(3, seed=1))),
    Case("range", ("Range",), lambda tf, n: tf.range(n, 9, 2), (np.int32(2),), differentiable=False),
    Case(
        "range_of_floats",
        ("Range",),
        lambda tf, start, delta: tf.range(start, tf.constant(3.0, tf.float64), delta),
        (np.float64(0.3), np.float64(0.5)),
    ),
    Case("linspace", ("LinSpace",), lambda tf, a, b: tf.linspace(a, b, 5), (np.float64(-1.5), np.float64(2.25))),
    Case(
        "linspace_of_one",
        ("LinSpace",),
        lambda tf, a, b: tf.linspace(a, b, 1) + 0 * b,
        (np.float64(-1.5), np.float64(2.25)),
    ),
    Case(
        "broadcast_dynamic_shape",
        ("BroadcastArgs",),
        lambda tf, a, b: tf.broadcast_dynamic_shape(a, b),
        (np.array([3, 1, 2], np.int32), np.array([4, 1], np.int32)),
        differentiable=False,
    ),
]
SLICING = [
    Case("slice", ("Slice",), lambda tf, x: tf.slice(x, [1, 0, 2], [-1, 2, 1]), (normal(3, 2, 4),)),
    Case(
        "slice_by_fed_bounds",
        ("Slice",),
        lambda tf, x, b, n: tf.slice(x, b, n),
        (X23, np.array([1, 1], np.int64), np.array([1, -1], np.int64)),
    ),
    Case(
        "strided_slice", ("StridedSlice", "StridedSliceGrad"), lambda tf, x: x[1:, ::-2, None, -1], (normal(3, 4, 2),)
    ),
    Case("strided_slice_of_all", ("StridedSlice",), lambda tf, x: x[...], (X23,)),
    Case("strided_slice_by_tensors", ("StridedSlice",), lambda tf, x, i: x[..., i:, i], (normal(2, 3, 4), np.int64(1))),
    Case("one_element", ("StridedSlice",), lambda tf, x: x[1, -1], (X23,)),
    Case("strided_slice_assign", ("StridedSliceAssign",), written, differentiable=False),
    Case("pad_with_zeros", ("Pad",), lambda tf, x: tf.pad(x, [[1, 0], [2, 3]]), (X23,)),
    Case(
        "pad_with_a_value",
        ("PadV2",),
        lambda tf, x, c: tf.pad(x, [[1, 0], [0, 2]], constant_values=c),
        (X23, np.float64(0.7)),
    ),
    Case("pad_by_fed_paddings", ("Pad",), lambda tf, x, p: tf.pad(x, p), (X23, np.array([[1, 0], [0, 2]], np.int32))),
    Case(
        "pad_reflected",
        ("MirrorPad", "MirrorPadGrad"),
        lambda tf, x: tf.pad(x, [[2, 1], [0, 3]], "REFLECT"),
        (normal(3, 4),),
    ),
    Case(
        "pad_symmetric",
        ("MirrorPad", "MirrorPadGrad"),
        lambda tf, x: tf.pad(x, [[3, 1], [0, 4]], "SYMMETRIC"),
        (normal(3, 4),),
    ),
]
INDEXING = [
    Case("gather", ("GatherV2",), lambda tf, x, i: tf.gather(x, i), (normal(4, 3), np.array([[0, 3], [3, 1]]))),
    Case("gather_one_row", ("GatherV2",), lambda tf, x, i: tf.gather(x, i), (normal(4, 3), np.int32(2))),
    Case(
        "gather_columns",
        ("GatherV2", "GatherV2Grad"),
        lambda tf, x, i: tf.gather(x, i, axis=-1),
        (normal(2, 3, 4), np.array([[0, 3], [3, 1]], np.int32)),
    ),
    Case(
        "gather_in_batches",
        ("GatherV2", "GatherV2Grad"),
        lambda tf, x, i: tf.gather(x, i, axis=2, batch_dims=1),
        (normal(2, 3, 4, 2), np.array([[0, 3, 0], [2, 1, 1]])),
    ),
    Case(
        "gather_along_a_fed_axis",
        ("GatherV2", "GatherV2Grad"),
        lambda tf, x, a: tf.gather(x, [1, 1, 0], axis=a),
        (X23, np.int32(1)),
    ),
    Case(
        "batch_gather",
        ("GatherV2", "GatherV2Grad"),
        lambda tf, x, i: tf.batch_gather(x, i),
        (normal(2, 3), np.array([[0, 2, 0, 0], [1, 1, 2, 0]])),
    ),
    Case(
        "gather_nd",
        ("GatherNd",),
        lambda tf, x, i: tf.gather_nd(x, i),
        (normal(2, 3, 4), np.array([[[0, 1], [1, 2]], [[0, 1], [0, 0]]])),
    ),
    Case(
        "gather_nd_in_batches",
        ("GatherNd",),
        lambda tf, x, i: tf.gather_nd(x, i, batch_dims=1),
        (normal(2, 3, 4), np.array([[[1]], [[2]]])),
    ),
    Case(
        "scatter_nd",
        ("ScatterNd",),
        lambda tf, u, i: tf.scatter_nd(i, u, [4, 3]),
        (normal(3, 3), np.array([[1], [3], [1]], np.int32)),
    ),
    Case(
        "scatter_nd_elements",
        ("ScatterNd",),
        lambda tf, u, i: tf.scatter_nd(i, u, np.array([4, 2])),
        (normal(3), np.array([[1, 1], [3, 0], [1, 1]])),
    ),
    Case(
        "tensor_scatter_update",
        ("TensorScatterUpdate",),
        lambda tf, x, u, i: tf.tensor_scatter_update(x, i, u),
        (normal(4, 3), normal(2, 3, seed=1), np.array([[3], [0]])),
    ),
    Case(
        "tensor_scatter_add",
        ("TensorScatterAdd",),
        lambda tf, x, u, i: tf.tensor_scatter_add(x, i, u),
        (normal(4, 3), normal(2, 3, seed=1), np.array([[3], [3]])),
    ),
    Case(
        "tensor_scatter_sub",
        ("TensorScatterSub",),
        lambda tf, x, u, i: tf.tensor_scatter_sub(x, i, u),
        (normal(4, 3), normal(2, seed=1), np.array([[3, 1], [3, 1]])),
    ),
    Case(
        "dynamic_partition",
        ("DynamicPartition", "DynamicStitch"),
        lambda tf, x, p: tf.dynamic_partition(x, p, 3),
        (normal(4, 2), np.array([2, 0, 2, 0], np.int32)),
    ),
    Case(
        "dynamic_partition_by_a_matrix",
        ("DynamicPartition", "DynamicStitch"),
        lambda tf, x, p: tf.dynamic_partition(x, p, 2),
        (normal(2, 3, 2), np.array([[1, 0, 1], [0, 0, 1]], np.int32)),
    ),
    Case(
        "dynamic_stitch",
        ("DynamicStitch",),
        lambda tf, a, b, i: tf.dynamic_stitch([i, [0, 2]], [a, b]),
        (normal(2, 2, 3), normal(2, 3, seed=1), np.array([[1, 3], [5, 4]], np.int32)),
    ),
    Case(
        "boolean_mask",
        ("GatherV2",),
        lambda tf, x, m: x[m],
        (X23, np.array([[True, False, True], [False, True, True]])),
    ),
    Case(
        "boolean_mask_on_an_axis",
        ("GatherV2",),
        lambda tf, x, m: tf.boolean_mask(x, m, axis=1),
        (normal(2, 3, 2), np.array([True, False, True])),
    ),
    Case(
        "sequence_mask",
        ("Less",),
        lambda tf, n: tf.sequence_mask(n),
        (np.array([[1, 3], [0, 2]]),),
        differentiable=False,
    ),
    Case(
        "one_hot",
        ("OneHot",),
        lambda tf, on, off, i: tf.one_hot(i, 4, on, off, axis=1),
        (np.float64(2.5), np.float64(-0.5), np.array([[0, 3], [9, -1]], np.int32)),
    ),
    Case("unique", ("Unique",), lambda tf, x: list(tf.unique(x)), (np.array([5, 3, 5, 9, 3]),), differentiable=False),
    Case(
        "unique_with_counts",
        ("UniqueWithCounts",),
        lambda tf, x: list(tf.unique_with_counts(x, tf.int64)),
        (np.array([5, 3, 5, 9, 3]),),
        differentiable=False,
    ),
    Case(
        "setdiff1d",
        ("ListDiff",),
        lambda tf, x, y: list(tf.setdiff1d(x, y)),
        (np.array([5, 3, 5, 9, 3]), np.array([3, 4])),
        differentiable=False,
    ),
    Case("top_k", ("TopKV2",), lambda tf, x: top_k(x, 2).values, (distinct(2, 3, 4),)),
    Case("top_k_of_a_vector_with_fed_k", ("TopKV2",), lambda tf, x, k: top_k(x, k).values, (distinct(5), np.int32(3))),
    Case(
        "top_k_places",
        ("TopKV2",),
        lambda tf, x: top_k(x, 2).indices,
        (np.array([[1, 2, 2], [3, 3, 3]], np.uint8),),
        differentiable=False,
    ),
    Case("sort", ("TopKV2",), lambda tf, x: tf.sort(x, axis=0), (distinct(3, 2),)),
    Case(
        "argsort_descending",
        ("TopKV2",),
        lambda tf, x: tf.argsort(x, axis=1, direction="DESCENDING"),
        (distinct(2, 3, 2),),
        differentiable=False,
    ),
    Case(
        "lower_bound",
        ("LowerBound",),
        lambda tf, x, v: tf.searchsorted(x, v),
        (np.array([[1.0, 2.0, 2.0], [0.0, 5.0, 7.0]]), np.array([[2.0, 9.0], [5.0, -1.0]])),
        differentiable=False,
    ),
    Case(
        "upper_bound",
        ("UpperBound",),
        lambda tf, x, v: tf.searchsorted(x, v, side="right"),
        (np.array([1.0, 2.0, 2.0]), np.array([2.0, 9.0])),
        differentiable=False,
    ),
]

SPARSE = [
    Case(
        "sparse_to_dense",
        ("SparseToDense",),
        lambda tf, values, default: tf.sparse_to_dense([[0, 1], [2, 0], [2, 1]], [3, 2], values, default),
        (np.array([1.0, -2.0, 3.0]), np.float64(0.5)),
    ),
    Case(
        "sparse_to_dense_of_one_value",
        ("SparseToDense",),
        lambda tf, value: tf.sparse_to_dense([1, 3], [5], value, 0.25),
        (np.float64(2.0),),
    ),
    Case(
        "sparse_tensor_dense_matmul",
        ("CheckedIndices", "UnsortedSegmentSum"),
        lambda tf, values, b: tf.sparse_tensor_dense_matmul(
            tf.SparseTensor([[0, 1], [2, 0], [2, 1]], values, [3, 2]), b
        ),
        (np.array([1.0, -2.0, 3.0]), np.array([[0.5, 1.0, 2.0], [-1.0, 0.25, 4.0]])),
    ),
]


def _sparse(tf, values):
    return tf.SparseTensor([[0, 1], [2, 0], [2, 1]], values, [3, 2])


SPARSE += [
    Case(
        "sparse_add",
        ("GroupedRows",),
        lambda tf, a, b: tf.sparse_add(_sparse(tf, a), tf.SparseTensor([[0, 0], [2, 0]], b, [3, 2])).values,
        (np.array([1.0, -2.0, 3.0]), np.array([0.5, 4.0])),
    ),
    Case(
        "sparse_softmax",
        ("GroupedRows",),
        lambda tf, a: tf.sparse_softmax(_sparse(tf, a)).values,
        (np.array([1.0, -0.2, 0.3]),),
    ),
    Case(
        "sparse_reshape",
        ("SparseReshape",),
        lambda tf, a: tf.sparse_reshape(_sparse(tf, a), [-1, 3]).indices,
        (np.array([1.0, -2.0, 3.0]),),
        differentiable=False,
    ),
    Case(
        "sparse_fill_empty_rows",
        ("FilledRows",),
        lambda tf, a, default: tf.sparse_fill_empty_rows(_sparse(tf, a), default)[0].values,
        (np.array([1.0, -2.0, 3.0]), np.float64(7)),
    ),
]

CASES = JOINING + REARRANGING + SLICING + INDEXING + SPARSE
