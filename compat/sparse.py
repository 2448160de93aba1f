"""tf.sparse: sparse tensors and what is done with them, under their later names."""

from ..engine.ops.sparse import (
    sparse_placeholder,
    sparse_reduce_sum,
    sparse_reorder,
    sparse_retain,
    sparse_tensor_dense_matmul,
    sparse_tensor_to_dense,
)
from ..engine.ops.sparse_parts import (
    from_dense,
    sparse_add,
    sparse_concat,
    sparse_expand_dims,
    sparse_eye,
    sparse_fill_empty_rows,
    sparse_mask,
    sparse_maximum,
    sparse_merge,
    sparse_minimum,
    sparse_reduce_max,
    sparse_reduce_max_sparse,
    sparse_reduce_sum_sparse,
    sparse_reset_shape,
    sparse_reshape,
    sparse_segment_mean,
    sparse_segment_sqrt_n,
    sparse_segment_sum,
    sparse_slice,
    sparse_softmax,
    sparse_split,
    sparse_to_indicator,
    sparse_transpose,
)
from ..engine.sparse_tensor import SparseTensor

placeholder, retain, reorder, reduce_sum = sparse_placeholder, sparse_retain, sparse_reorder, sparse_reduce_sum
matmul = sparse_dense_matmul = sparse_tensor_dense_matmul
to_dense, to_indicator = sparse_tensor_to_dense, sparse_to_indicator
add, concat, merge, mask = sparse_add, sparse_concat, sparse_merge, sparse_mask
maximum, minimum, softmax = sparse_maximum, sparse_minimum, sparse_softmax
expand_dims, eye, fill_empty_rows = sparse_expand_dims, sparse_eye, sparse_fill_empty_rows
reduce_max, reduce_max_sparse, reduce_sum_sparse = sparse_reduce_max, sparse_reduce_max_sparse, sparse_reduce_sum_sparse
reset_shape, reshape, slice, split = sparse_reset_shape, sparse_reshape, sparse_slice, sparse_split
segment_mean, segment_sqrt_n, segment_sum = sparse_segment_mean, sparse_segment_sqrt_n, sparse_segment_sum
transpose = sparse_transpose

__all__ = [
    "SparseTensor", "add", "concat", "expand_dims", "eye", "fill_empty_rows", "from_dense", "mask", "matmul",
    "maximum", "merge", "minimum", "placeholder", "reduce_max", "reduce_max_sparse", "reduce_sum",
    "reduce_sum_sparse", "reorder", "reset_shape", "reshape", "retain", "segment_mean", "segment_sqrt_n",
    "segment_sum", "slice", "softmax", "sparse_dense_matmul", "split", "to_dense", "to_indicator", "transpose",
]  # fmt: skip
