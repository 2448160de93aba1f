"""What every public function calls its result, with its static shape and dtype: plain, again, in a scope, and named."""

from types import SimpleNamespace

from ..cases import golden
from ..helpers import described


def inputs(tf):
    """Named placeholders of the usual shapes."""
    shapes = {
        "x": ("float32", [2, 3]),
        "y": ("float32", [2, 3]),
        "m": ("float32", [3, 4]),
        "v": ("float32", [3]),
        "s": ("float32", []),
        "batch": ("float32", [5, 2, 3]),
        "unknown": ("float32", [None, 3]),
        "free": ("float32", None),
        "d": ("float64", [2, 3]),
        "n": ("int32", [2, 3]),
        "k": ("int32", [2]),
        "long": ("int64", [2, 3]),
        "b": ("bool", [2, 3]),
        "c": ("bool", []),
        "img": ("float32", [1, 6, 6, 2]),
        "images": ("float32", [None, 7, 6, 2]),
        "kernel": ("float32", [3, 3, 2, 4]),
        "seq": ("float32", [2, 9, 2]),
    }
    return SimpleNamespace(**{name: tf.placeholder(kind, shape, name=name) for name, (kind, shape) in shapes.items()})


# Functions that take a `name`: called with none, a second time, inside a name scope, and with name="given".
NAMED = {
    # arithmetic
    "add": lambda tf, i, **n: tf.add(i.x, i.v, **n),
    "subtract": lambda tf, i, **n: tf.subtract(i.x, i.s, **n),
    "multiply": lambda tf, i, **n: tf.multiply(i.unknown, i.v, **n),
    "divide": lambda tf, i, **n: tf.divide(i.x, i.y, **n),
    "div": lambda tf, i, **n: tf.div(i.n, i.n, **n),
    "truediv": lambda tf, i, **n: tf.truediv(i.x, i.y, **n),
    "truediv of integers": lambda tf, i, **n: tf.truediv(i.n, i.n, **n),
    "floordiv": lambda tf, i, **n: tf.floordiv(i.n, i.n, **n),
    "floor_div": lambda tf, i, **n: tf.floor_div(i.n, i.n, **n),
    "truncatediv": lambda tf, i, **n: tf.truncatediv(i.n, i.n, **n),
    "realdiv": lambda tf, i, **n: tf.realdiv(i.x, i.y, **n),
    "mod": lambda tf, i, **n: tf.mod(i.n, i.n, **n),
    "floormod": lambda tf, i, **n: tf.floormod(i.n, i.n, **n),
    "truncatemod": lambda tf, i, **n: tf.truncatemod(i.n, i.n, **n),
    "negative": lambda tf, i, **n: tf.negative(i.x, **n),
    "reciprocal": lambda tf, i, **n: tf.reciprocal(i.x, **n),
    "add_n": lambda tf, i, **n: tf.add_n([i.x, i.y, i.x], **n),
    "add_n of one": lambda tf, i, **n: tf.add_n([i.x], **n),
    "pow": lambda tf, i, **n: tf.pow(i.x, i.y, **n),
    "squared_difference": lambda tf, i, **n: tf.squared_difference(i.x, i.y, **n),
    "scalar_mul": lambda tf, i, **n: tf.scalar_mul(i.s, i.x, **n),
    "maximum": lambda tf, i, **n: tf.maximum(i.x, i.y, **n),
    "minimum": lambda tf, i, **n: tf.minimum(i.x, 1.0, **n),
    # comparison and logic
    "equal": lambda tf, i, **n: tf.equal(i.x, i.y, **n),
    "not_equal": lambda tf, i, **n: tf.not_equal(i.n, i.n, **n),
    "less": lambda tf, i, **n: tf.less(i.x, i.y, **n),
    "less_equal": lambda tf, i, **n: tf.less_equal(i.x, i.v, **n),
    "greater": lambda tf, i, **n: tf.greater(i.x, i.s, **n),
    "greater_equal": lambda tf, i, **n: tf.greater_equal(i.x, i.y, **n),
    "logical_and": lambda tf, i, **n: tf.logical_and(i.b, i.c, **n),
    "logical_or": lambda tf, i, **n: tf.logical_or(i.b, i.b, **n),
    "logical_not": lambda tf, i, **n: tf.logical_not(i.b, **n),
    "logical_xor": lambda tf, i, **n: tf.logical_xor(i.b, i.b, **n),
    "is_finite": lambda tf, i, **n: tf.is_finite(i.x, **n),
    "is_nan": lambda tf, i, **n: tf.is_nan(i.x, **n),
    "is_inf": lambda tf, i, **n: tf.is_inf(i.x, **n),
    # element by element
    "abs": lambda tf, i, **n: tf.abs(i.x, **n),
    "sign": lambda tf, i, **n: tf.sign(i.x, **n),
    "floor": lambda tf, i, **n: tf.floor(i.x, **n),
    "ceil": lambda tf, i, **n: tf.ceil(i.x, **n),
    "round": lambda tf, i, **n: tf.round(i.x, **n),
    "rint": lambda tf, i, **n: tf.rint(i.x, **n),
    "square": lambda tf, i, **n: tf.square(i.x, **n),
    "sqrt": lambda tf, i, **n: tf.sqrt(i.x, **n),
    "rsqrt": lambda tf, i, **n: tf.rsqrt(i.x, **n),
    "exp": lambda tf, i, **n: tf.exp(i.x, **n),
    "expm1": lambda tf, i, **n: tf.expm1(i.x, **n),
    "log": lambda tf, i, **n: tf.log(i.x, **n),
    "log1p": lambda tf, i, **n: tf.log1p(i.x, **n),
    "sin": lambda tf, i, **n: tf.sin(i.x, **n),
    "cos": lambda tf, i, **n: tf.cos(i.x, **n),
    "tanh": lambda tf, i, **n: tf.tanh(i.x, **n),
    "sigmoid": lambda tf, i, **n: tf.sigmoid(i.x, **n),
    "nn.sigmoid": lambda tf, i, **n: tf.nn.sigmoid(i.x, **n),
    "nn.tanh": lambda tf, i, **n: tf.nn.tanh(i.x, **n),
    "log_sigmoid": lambda tf, i, **n: tf.log_sigmoid(i.x, **n),
    "nn.softplus": lambda tf, i, **n: tf.nn.softplus(i.x, **n),
    "nn.softsign": lambda tf, i, **n: tf.nn.softsign(i.x, **n),
    "nn.relu": lambda tf, i, **n: tf.nn.relu(i.x, **n),
    "nn.relu6": lambda tf, i, **n: tf.nn.relu6(i.x, **n),
    "nn.elu": lambda tf, i, **n: tf.nn.elu(i.x, **n),
    "nn.selu": lambda tf, i, **n: tf.nn.selu(i.x, **n),
    "nn.leaky_relu": lambda tf, i, **n: tf.nn.leaky_relu(i.x, **n),
    "erf": lambda tf, i, **n: tf.erf(i.x, **n),
    "clip_by_value": lambda tf, i, **n: tf.clip_by_value(i.x, -1.0, 1.0, **n),
    "cast": lambda tf, i, **n: tf.cast(i.x, tf.int32, **n),
    "to_float": lambda tf, i, **n: tf.to_float(i.n, **n),
    "to_int32": lambda tf, i, **n: tf.to_int32(i.x, **n),
    "to_int64": lambda tf, i, **n: tf.to_int64(i.x, **n),
    "to_double": lambda tf, i, **n: tf.to_double(i.x, **n),
    "saturate_cast": lambda tf, i, **n: tf.saturate_cast(i.x, tf.uint8, **n),
    "where": lambda tf, i, **n: tf.where(i.b, i.x, i.y, **n),
    "where alone": lambda tf, i, **n: tf.where(i.b, **n),
    # products
    "matmul": lambda tf, i, **n: tf.matmul(i.x, i.m, **n),
    "matmul transposed": lambda tf, i, **n: tf.matmul(i.x, i.unknown, transpose_b=True, **n),
    "matmul of batches": lambda tf, i, **n: tf.matmul(i.batch, i.batch, transpose_a=True, **n),
    "tensordot": lambda tf, i, **n: tf.tensordot(i.batch, i.m, [[2], [0]], **n),
    "tensordot 1": lambda tf, i, **n: tf.tensordot(i.x, i.m, 1, **n),
    "einsum": lambda tf, i, **n: tf.einsum("bij,jk->bik", i.batch, i.m, **n),
    # reductions
    "reduce_sum": lambda tf, i, **n: tf.reduce_sum(i.x, **n),
    "reduce_sum axis": lambda tf, i, **n: tf.reduce_sum(i.unknown, axis=1, **n),
    "reduce_sum keepdims": lambda tf, i, **n: tf.reduce_sum(i.batch, axis=[0, -1], keepdims=True, **n),
    "reduce_sum of unknown rank": lambda tf, i, **n: tf.reduce_sum(i.free, axis=1, **n),
    "reduce_mean": lambda tf, i, **n: tf.reduce_mean(i.x, 0, **n),
    "reduce_max": lambda tf, i, **n: tf.reduce_max(i.x, reduction_indices=[1], **n),
    "reduce_min": lambda tf, i, **n: tf.reduce_min(i.n, axis=-1, **n),
    "reduce_prod": lambda tf, i, **n: tf.reduce_prod(i.x, keep_dims=True, **n),
    "reduce_any": lambda tf, i, **n: tf.reduce_any(i.b, **n),
    "reduce_all": lambda tf, i, **n: tf.reduce_all(i.b, axis=1, **n),
    "reduce_logsumexp": lambda tf, i, **n: tf.reduce_logsumexp(i.x, axis=1, **n),
    "argmax": lambda tf, i, **n: tf.argmax(i.x, 1, **n),
    "argmin": lambda tf, i, **n: tf.argmin(i.unknown, axis=0, output_type=tf.int32, **n),
    "nn.top_k": lambda tf, i, **n: tf.nn.top_k(i.x, 2, **n),
    "nn.in_top_k": lambda tf, i, **n: tf.nn.in_top_k(i.x, i.k, 2, **n),
    "cumsum": lambda tf, i, **n: tf.cumsum(i.x, axis=1, **n),
    "cumprod": lambda tf, i, **n: tf.cumprod(i.x, axis=0, **n),
    "count_nonzero": lambda tf, i, **n: tf.count_nonzero(i.x, **n),
    "nn.zero_fraction": lambda tf, i, **n: tf.nn.zero_fraction(i.x, **n),
    "norm": lambda tf, i, **n: tf.norm(i.x, axis=1, **n),
    # shapes and pieces
    "reshape": lambda tf, i, **n: tf.reshape(i.x, [3, 2], **n),
    "reshape -1": lambda tf, i, **n: tf.reshape(i.x, [-1], **n),
    "reshape of unknown": lambda tf, i, **n: tf.reshape(i.unknown, [-1, 1, 3], **n),
    "transpose": lambda tf, i, **n: tf.transpose(i.x, **n),
    "transpose perm": lambda tf, i, **n: tf.transpose(i.batch, [2, 0, 1], **n),
    "matrix_transpose": lambda tf, i, **n: tf.matrix_transpose(i.batch, **n),
    "concat": lambda tf, i, **n: tf.concat([i.x, i.unknown], 0, **n),
    "concat last": lambda tf, i, **n: tf.concat([i.x, i.y], -1, **n),
    "concat of one": lambda tf, i, **n: tf.concat([i.x], 0, **n),
    "split": lambda tf, i, **n: tf.split(i.x, 3, axis=1, **n),
    "split sizes": lambda tf, i, **n: tf.split(i.x, [1, 2], 1, **n),
    "stack": lambda tf, i, **n: tf.stack([i.x, i.y], axis=1, **n),
    "stack of values": lambda tf, i, **n: tf.stack([1, 2, 3], **n),
    "unstack": lambda tf, i, **n: tf.unstack(i.x, axis=1, **n),
    "slice": lambda tf, i, **n: tf.slice(i.x, [0, 1], [2, -1], **n),
    "strided_slice": lambda tf, i, **n: tf.strided_slice(i.x, [0, 0], [2, 3], [1, 2], **n),
    "squeeze": lambda tf, i, **n: tf.squeeze(i.img, [0], **n),
    "expand_dims": lambda tf, i, **n: tf.expand_dims(i.x, -1, **n),
    "tile": lambda tf, i, **n: tf.tile(i.x, [2, 3], **n),
    "pad": lambda tf, i, **n: tf.pad(i.x, [[1, 1], [0, 2]], **n),
    "pad reflect": lambda tf, i, **n: tf.pad(i.x, [[1, 1], [2, 2]], "REFLECT", **n),
    "pad constant": lambda tf, i, **n: tf.pad(i.x, [[1, 1], [2, 2]], constant_values=7.0, **n),
    "reverse": lambda tf, i, **n: tf.reverse(i.x, [1], **n),
    "gather": lambda tf, i, **n: tf.gather(i.x, i.k, **n),
    "gather axis": lambda tf, i, **n: tf.gather(i.batch, i.k, axis=1, **n),
    "gather_nd": lambda tf, i, **n: tf.gather_nd(i.x, [[0, 1], [1, 2]], **n),
    "scatter_nd": lambda tf, i, **n: tf.scatter_nd([[1], [3]], [5, 6], [8], **n),
    "one_hot": lambda tf, i, **n: tf.one_hot(i.k, 4, **n),
    "one_hot in front": lambda tf, i, **n: tf.one_hot(i.k, 4, on_value=2.0, off_value=1.0, axis=0, **n),
    "range": lambda tf, i, **n: tf.range(5, **n),
    "range step": lambda tf, i, **n: tf.range(1.0, 4.0, 0.5, **n),
    "linspace": lambda tf, i, **n: tf.linspace(0.0, 1.0, 5, **n),
    "lin_space": lambda tf, i, **n: tf.lin_space(0.0, 1.0, 5, **n),
    "fill": lambda tf, i, **n: tf.fill([2, 3], 7.0, **n),
    "zeros": lambda tf, i, **n: tf.zeros([2, 3], **n),
    "zeros of a tensor's shape": lambda tf, i, **n: tf.zeros(tf.shape(i.unknown, name="its_shape"), **n),
    "zeros large": lambda tf, i, **n: tf.zeros([100, 100], **n),
    "ones": lambda tf, i, **n: tf.ones([2], tf.int32, **n),
    "zeros_like": lambda tf, i, **n: tf.zeros_like(i.x, **n),
    "zeros_like of unknown": lambda tf, i, **n: tf.zeros_like(i.unknown, **n),
    "ones_like": lambda tf, i, **n: tf.ones_like(i.n, **n),
    "ones_like of unknown": lambda tf, i, **n: tf.ones_like(i.unknown, **n),
    "eye": lambda tf, i, **n: tf.eye(3, **n),
    "shape": lambda tf, i, **n: tf.shape(i.unknown, **n),
    "shape known": lambda tf, i, **n: tf.shape(i.x, **n),
    "size": lambda tf, i, **n: tf.size(i.x, **n),
    "size of unknown": lambda tf, i, **n: tf.size(i.unknown, **n),
    "rank": lambda tf, i, **n: tf.rank(i.x, **n),
    "identity": lambda tf, i, **n: tf.identity(i.unknown, **n),
    "stop_gradient": lambda tf, i, **n: tf.stop_gradient(i.x, **n),
    "boolean_mask": lambda tf, i, **n: tf.boolean_mask(i.x, i.b, **n),
    "sequence_mask": lambda tf, i, **n: tf.sequence_mask(i.k, 5, **n),
    "sequence_mask free": lambda tf, i, **n: tf.sequence_mask(i.k, **n),
    "matrix_band_part": lambda tf, i, **n: tf.matrix_band_part(i.x, -1, 0, **n),
    "diag": lambda tf, i, **n: tf.diag(i.v, **n),
    "diag_part": lambda tf, i, **n: tf.diag_part(tf.eye(3, name="eye3"), **n),
    "matrix_diag": lambda tf, i, **n: tf.matrix_diag(i.x, **n),
    "broadcast_to": lambda tf, i, **n: tf.broadcast_to(i.v, [2, 3], **n),
    "constant": lambda tf, i, **n: tf.constant([[1.0, 2.0]], **n),
    "constant shape": lambda tf, i, **n: tf.constant(3, shape=[2, 2], dtype=tf.int64, **n),
    "placeholder": lambda tf, i, **n: tf.placeholder(tf.float32, [None, 4], **n),
    "placeholder free": lambda tf, i, **n: tf.placeholder(tf.int32, **n),
    "placeholder_with_default": lambda tf, i, **n: tf.placeholder_with_default(1.0, [], **n),
    "convert_to_tensor": lambda tf, i, **n: tf.convert_to_tensor([1, 2], **n),
    "unique": lambda tf, i, **n: tf.unique(i.k, **n),
    "space_to_depth": lambda tf, i, **n: tf.space_to_depth(i.img, 2, **n),
    "depth_to_space": lambda tf, i, **n: tf.depth_to_space(tf.zeros([1, 2, 2, 8], name="z"), 2, **n),
    # nn
    "nn.conv2d": lambda tf, i, **n: tf.nn.conv2d(i.images, i.kernel, [1, 1, 1, 1], "SAME", **n),
    "nn.conv2d strides": lambda tf, i, **n: tf.nn.conv2d(i.images, i.kernel, [1, 2, 2, 1], "VALID", **n),
    "nn.conv2d_backprop_input": lambda tf, i, **n: tf.nn.conv2d_backprop_input(
        [1, 6, 6, 2], i.kernel, tf.zeros([1, 6, 6, 4], name="z"), strides=[1, 1, 1, 1], padding="SAME", **n
    ),
    "nn.conv2d_backprop_filter": lambda tf, i, **n: tf.nn.conv2d_backprop_filter(
        i.img, [3, 3, 2, 4], tf.zeros([1, 6, 6, 4], name="z"), strides=[1, 1, 1, 1], padding="SAME", **n
    ),
    "nn.conv2d_transpose": lambda tf, i, **n: tf.nn.conv2d_transpose(
        i.img, tf.transpose(i.kernel, [0, 1, 3, 2], name="t"), [1, 12, 12, 4], [1, 2, 2, 1], **n
    ),
    "nn.convolution": lambda tf, i, **n: tf.nn.convolution(i.img, i.kernel, "SAME", **n),
    "nn.atrous_conv2d": lambda tf, i, **n: tf.nn.atrous_conv2d(i.img, i.kernel, 2, "SAME", **n),
    "nn.depthwise_conv2d": lambda tf, i, **n: tf.nn.depthwise_conv2d(i.img, i.kernel, [1, 1, 1, 1], "SAME", **n),
    "nn.separable_conv2d": lambda tf, i, **n: tf.nn.separable_conv2d(
        i.img, i.kernel, tf.zeros([1, 1, 8, 5], name="p"), [1, 1, 1, 1], "SAME", **n
    ),
    "nn.conv1d": lambda tf, i, **n: tf.nn.conv1d(i.seq, tf.zeros([3, 2, 4], name="f"), 2, "SAME", **n),
    "nn.max_pool": lambda tf, i, **n: tf.nn.max_pool(i.images, [1, 2, 2, 1], [1, 2, 2, 1], "SAME", **n),
    "nn.avg_pool": lambda tf, i, **n: tf.nn.avg_pool(i.images, [1, 3, 3, 1], [1, 2, 2, 1], "VALID", **n),
    "nn.bias_add": lambda tf, i, **n: tf.nn.bias_add(i.unknown, i.v, **n),
    "nn.xw_plus_b": lambda tf, i, **n: tf.nn.xw_plus_b(i.x, i.m, tf.zeros([4], name="b4"), **n),
    "nn.softmax": lambda tf, i, **n: tf.nn.softmax(i.x, **n),
    "nn.softmax axis": lambda tf, i, **n: tf.nn.softmax(i.batch, axis=1, **n),
    "nn.log_softmax": lambda tf, i, **n: tf.nn.log_softmax(i.x, **n),
    "nn.softmax_cross_entropy_with_logits": lambda tf, i, **n: tf.nn.softmax_cross_entropy_with_logits(
        labels=i.x, logits=i.y, **n
    ),
    "nn.softmax_cross_entropy_with_logits_v2": lambda tf, i, **n: tf.nn.softmax_cross_entropy_with_logits_v2(
        labels=i.x, logits=i.y, **n
    ),
    "nn.sparse_softmax_cross_entropy_with_logits": lambda tf, i, **n: tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=i.k, logits=i.y, **n
    ),
    "nn.sigmoid_cross_entropy_with_logits": lambda tf, i, **n: tf.nn.sigmoid_cross_entropy_with_logits(
        labels=i.x, logits=i.y, **n
    ),
    "nn.weighted_cross_entropy_with_logits": lambda tf, i, **n: tf.nn.weighted_cross_entropy_with_logits(
        labels=i.x, logits=i.y, pos_weight=2.0, **n
    ),
    "nn.l2_loss": lambda tf, i, **n: tf.nn.l2_loss(i.x, **n),
    "nn.l2_normalize": lambda tf, i, **n: tf.nn.l2_normalize(i.x, 1, **n),
    "nn.moments": lambda tf, i, **n: tf.nn.moments(i.images, [0, 1, 2], **n),
    "nn.moments keep": lambda tf, i, **n: tf.nn.moments(i.x, [1], keep_dims=True, **n),
    "nn.batch_normalization": lambda tf, i, **n: tf.nn.batch_normalization(i.x, i.v, i.v, i.v, i.v, 1e-3, **n),
    "nn.fused_batch_norm": lambda tf, i, **n: tf.nn.fused_batch_norm(i.img, [1.0, 1.0], [0.0, 0.0], **n),
    "nn.dropout": lambda tf, i, **n: tf.nn.dropout(i.x, 0.5, **n),
    "nn.dropout rate": lambda tf, i, **n: tf.nn.dropout(i.unknown, rate=0.25, **n),
    "nn.embedding_lookup": lambda tf, i, **n: tf.nn.embedding_lookup(i.m, i.k, **n),
    "nn.local_response_normalization": lambda tf, i, **n: tf.nn.local_response_normalization(i.img, **n),
    "nn.lrn": lambda tf, i, **n: tf.nn.lrn(i.img, **n),
    # random
    "random_uniform": lambda tf, i, **n: tf.random_uniform([2, 3], **n),
    "random_uniform of integers": lambda tf, i, **n: tf.random_uniform([2], 0, 10, tf.int32, **n),
    "random_normal": lambda tf, i, **n: tf.random_normal([2, 3], **n),
    "truncated_normal": lambda tf, i, **n: tf.truncated_normal([2, 3], **n),
    "random_shuffle": lambda tf, i, **n: tf.random_shuffle(i.unknown, **n),
    "multinomial": lambda tf, i, **n: tf.multinomial(i.x, 4, **n),
    # control
    "group": lambda tf, i, **n: tf.group(i.x, i.y, **n),
    "group of nothing": lambda tf, i, **n: tf.group(**n),
    "no_op": lambda tf, i, **n: tf.no_op(**n),
    "tuple": lambda tf, i, **n: tf.tuple([i.x, i.y], **n),
    "Print": lambda tf, i, **n: tf.Print(i.x, [i.y], **n),
    "py_func": lambda tf, i, **n: tf.py_func(lambda a: a, [i.x], tf.float32, **n),
    "Assert": lambda tf, i, **n: tf.Assert(i.c, [i.x], **n),
    "check_numerics": lambda tf, i, **n: tf.check_numerics(i.x, "bad", **n),
    "verify_tensor_all_finite": lambda tf, i, **n: tf.verify_tensor_all_finite(i.x, "bad", **n),
    "cond": lambda tf, i, **n: tf.cond(i.c, lambda: i.x + 1.0, lambda: i.y * 2.0, **n),
    "cond of two": lambda tf, i, **n: tf.cond(i.c, lambda: (i.x, i.v), lambda: (i.y, i.v), **n),
    "while_loop": lambda tf, i, **n: tf.while_loop(lambda k: k < 3, lambda k: k + 1, [0], **n),
    "while_loop of two": lambda tf, i, **n: tf.while_loop(
        lambda k, t: k < 3, lambda k, t: (k + 1, t * 2.0), [tf.constant(0, name="zero"), i.x], **n
    ),
    "map_fn": lambda tf, i, **n: tf.map_fn(lambda r: r * 2.0, i.x, **n),
    "scan": lambda tf, i, **n: tf.scan(lambda a, r: a + r, i.x, **n),
    "foldl": lambda tf, i, **n: tf.foldl(lambda a, r: a + r, i.x, **n),
    # training
    "clip_by_norm": lambda tf, i, **n: tf.clip_by_norm(i.x, 2.0, **n),
    "clip_by_average_norm": lambda tf, i, **n: tf.clip_by_average_norm(i.x, 2.0, **n),
    "clip_by_global_norm": lambda tf, i, **n: list(tf.clip_by_global_norm([i.x, i.m], 2.0, **n)),
    "global_norm": lambda tf, i, **n: tf.global_norm([i.x, i.m], **n),
    "train.exponential_decay": lambda tf, i, **n: tf.train.exponential_decay(0.1, tf.constant(3), 10, 0.9, **n),
    "train.piecewise_constant": lambda tf, i, **n: tf.train.piecewise_constant(
        tf.constant(3), [2, 4], [1.0, 0.5, 0.1], **n
    ),
    "train.polynomial_decay": lambda tf, i, **n: tf.train.polynomial_decay(0.1, tf.constant(3), 10, **n),
    "train.natural_exp_decay": lambda tf, i, **n: tf.train.natural_exp_decay(0.1, tf.constant(3), 10, 0.9, **n),
    "train.inverse_time_decay": lambda tf, i, **n: tf.train.inverse_time_decay(0.1, tf.constant(3), 10, 0.9, **n),
    "train.cosine_decay": lambda tf, i, **n: tf.train.cosine_decay(0.1, tf.constant(3), 10, **n),
}

# Operators and functions without a `name`.
UNNAMED = {
    "x + y": lambda tf, i: i.x + i.y,
    "1 + x": lambda tf, i: 1.0 + i.x,
    "x - y": lambda tf, i: i.x - i.y,
    "1 - x": lambda tf, i: 1.0 - i.x,
    "x * y": lambda tf, i: i.x * i.y,
    "x / y": lambda tf, i: i.x / i.y,
    "1 / x": lambda tf, i: 1.0 / i.x,
    "n / n": lambda tf, i: i.n / i.n,
    "n // n": lambda tf, i: i.n // i.n,
    "x // y": lambda tf, i: i.x // i.y,
    "n % n": lambda tf, i: i.n % i.n,
    "x % 2": lambda tf, i: i.x % 2.0,
    "x ** 2": lambda tf, i: i.x**2,
    "2 ** x": lambda tf, i: 2.0**i.x,
    "x @ m": lambda tf, i: i.x @ i.m,
    "-x": lambda tf, i: -i.x,
    "abs(x)": lambda tf, i: abs(i.x),
    "x < y": lambda tf, i: i.x < i.y,
    "x <= y": lambda tf, i: i.x <= i.y,
    "x > 0": lambda tf, i: i.x > 0,
    "x >= y": lambda tf, i: i.x >= i.y,
    "b & c": lambda tf, i: i.b & i.c,
    "b | c": lambda tf, i: i.b | i.c,
    "b ^ c": lambda tf, i: i.b ^ i.c,
    "~b": lambda tf, i: ~i.b,
    "x[0]": lambda tf, i: i.x[0],
    "x[:, 1:]": lambda tf, i: i.x[:, 1:],
    "x[..., None]": lambda tf, i: i.x[..., None],
    "x[tf.newaxis, ::-1]": lambda tf, i: i.x[tf.newaxis, ::-1],
    "batch[1, ..., 0]": lambda tf, i: i.batch[1, ..., 0],
    "x[k0, 1]": lambda tf, i: i.x[i.k[0], 1],
    "iter by unstack": lambda tf, i: tf.unstack(i.v),
    "set_shape": lambda tf, i: (i.free.set_shape([None, 2]), i.free)[1],
    "constant_initializer()": lambda tf, i: tf.constant_initializer(2.0)([2, 2]),
    "zeros_initializer()": lambda tf, i: tf.zeros_initializer()([2, 2]),
    "random_normal_initializer()": lambda tf, i: tf.random_normal_initializer()([2, 2]),
    "glorot_uniform_initializer()": lambda tf, i: tf.glorot_uniform_initializer()([2, 2]),
    "orthogonal_initializer()": lambda tf, i: tf.orthogonal_initializer()([2, 2]),
    "case": lambda tf, i: tf.case([(i.c, lambda: i.x)], default=lambda: i.y),
    "layers.dense": lambda tf, i: tf.layers.dense(i.unknown, 5),
    "layers.dense relu": lambda tf, i: tf.layers.dense(i.x, 5, tf.nn.relu),
    "layers.dense of batches": lambda tf, i: tf.layers.dense(i.batch, 5),
    "layers.conv2d": lambda tf, i: tf.layers.conv2d(i.images, 4, 3),
    "layers.conv2d relu": lambda tf, i: tf.layers.conv2d(i.images, 4, [3, 2], (2, 1), "same", activation=tf.nn.relu),
    "layers.conv2d_transpose": lambda tf, i: tf.layers.conv2d_transpose(i.images, 4, 3, 2),
    "layers.conv2d_transpose same": lambda tf, i: tf.layers.conv2d_transpose(i.images, 4, 3, 2, "same"),
    "layers.separable_conv2d": lambda tf, i: tf.layers.separable_conv2d(i.images, 4, 3),
    "layers.conv1d": lambda tf, i: tf.layers.conv1d(i.seq, 4, 3),
    "layers.max_pooling2d": lambda tf, i: tf.layers.max_pooling2d(i.images, 2, 2),
    "layers.average_pooling2d": lambda tf, i: tf.layers.average_pooling2d(i.images, 3, 2, "same"),
    "layers.flatten": lambda tf, i: tf.layers.flatten(i.images),
    "layers.dropout": lambda tf, i: tf.layers.dropout(i.x, 0.3),
    "layers.dropout training": lambda tf, i: tf.layers.dropout(i.x, 0.3, training=True),
    "layers.batch_normalization": lambda tf, i: tf.layers.batch_normalization(i.images),
    "layers.batch_normalization training": lambda tf, i: tf.layers.batch_normalization(i.images, training=True),
    "layers.batch_normalization flat": lambda tf, i: tf.layers.batch_normalization(i.unknown, training=True),
    "losses.mean_squared_error": lambda tf, i: tf.losses.mean_squared_error(i.x, i.y),
    "losses.absolute_difference": lambda tf, i: tf.losses.absolute_difference(i.x, i.y),
    "losses.huber_loss": lambda tf, i: tf.losses.huber_loss(i.x, i.y),
    "losses.hinge_loss": lambda tf, i: tf.losses.hinge_loss(i.x, i.y),
    "losses.log_loss": lambda tf, i: tf.losses.log_loss(i.x, i.y),
    "losses.cosine_distance": lambda tf, i: tf.losses.cosine_distance(i.x, i.y, axis=1),
    "losses.softmax_cross_entropy": lambda tf, i: tf.losses.softmax_cross_entropy(i.x, i.y),
    "losses.sigmoid_cross_entropy": lambda tf, i: tf.losses.sigmoid_cross_entropy(i.x, i.y),
    "losses.sparse_softmax_cross_entropy": lambda tf, i: tf.losses.sparse_softmax_cross_entropy(i.k, i.y),
    "losses.compute_weighted_loss": lambda tf, i: tf.losses.compute_weighted_loss(i.x, 0.5),
    "metrics.mean": lambda tf, i: tf.metrics.mean(i.x),
    "metrics.accuracy": lambda tf, i: tf.metrics.accuracy(i.n, i.long),
    "train.create_global_step": lambda tf, i: tf.train.create_global_step(),
    "train.get_or_create_global_step": lambda tf, i: tf.train.get_or_create_global_step(),
    "Variable": lambda tf, i: tf.Variable([1.0, 2.0]),
    "get_variable": lambda tf, i: tf.get_variable("w", [2, 3]),
    "variable reads": lambda tf, i: [
        tf.Variable(1.0).value(),
        tf.Variable(1.0).read_value(),
        tf.Variable(2.0).initialized_value(),
    ],
    "assign": lambda tf, i: [
        tf.Variable(1.0).assign(2.0),
        tf.assign_add(tf.Variable(1.0), 2.0),
        tf.Variable(1.0).assign_sub(2.0),
    ],
    "assign named": lambda tf, i: tf.assign(tf.Variable([1.0], name="v"), [2.0], name="set"),
    "scatter updates": lambda tf, i: [
        f(tf.Variable([1.0, 2.0, 3.0]), [0, 2], [5.0, 6.0]) for f in (tf.scatter_update, tf.scatter_add, tf.scatter_sub)
    ],
    "variable operators": lambda tf, i: [tf.Variable(1.0, name="v") + 1.0, tf.Variable([1.0, 2.0], name="w")[1:]],
    "variables_initializer": lambda tf, i: [
        tf.Variable(1.0),
        tf.global_variables_initializer(),
        tf.local_variables_initializer(),
    ],
    "initialize_all_variables": lambda tf, i: [tf.Variable(1.0), tf.initialize_all_variables()],
    "report_uninitialized_variables": lambda tf, i: [tf.Variable(1.0), tf.report_uninitialized_variables()],
    "is_variable_initialized": lambda tf, i: tf.is_variable_initialized(tf.Variable(1.0)),
}


# Results whose names tell how TensorFlow builds conditions and loops of smaller ops (switches, merges, tensor arrays):
# no program can rely on them, and a plan that runs them otherwise has no such ops. Dtype and shape still hold.
BUILT_OTHERWISE = {
    "Assert",
    "cond of two",
    "map_fn",
    "scan",
    "foldl",
    "case",
    "train.piecewise_constant",
}


def told(made, row_name):
    """As `described`, without the names that tell how TensorFlow builds it."""
    found = described(made)
    if row_name not in BUILT_OTHERWISE:
        return found
    return [text.partition(" ")[2] for text in (found if isinstance(found, list) else [found])]


@golden(rows={name: name for name in NAMED})
def named(tf, row):
    make = NAMED[row]
    with tf.Graph().as_default():
        given = inputs(tf)
        answers = {"plain": told(make(tf, given), row), "again": told(make(tf, given), row)}
        with tf.name_scope("outer"):
            answers["in a scope"] = told(make(tf, given), row)
        answers["named"] = told(make(tf, given, name="given"), row)
    return answers


ONCE = {"get_variable", "train.create_global_step"}  # a second call is refused


@golden(rows={name: name for name in UNNAMED})
def unnamed(tf, row):
    make = UNNAMED[row]
    with tf.Graph().as_default():
        given = inputs(tf)
        answers = {"plain": told(make(tf, given), row)}
        if row not in ONCE:
            answers["again"] = told(make(tf, given), row)
        with tf.Graph().as_default(), tf.name_scope("outer"):
            answers["in a scope"] = told(make(tf, inputs(tf)), row)
    return answers
