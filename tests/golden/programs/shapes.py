"""TensorShape and Dimension with their algebra, dtypes, static shapes from constants, and shape errors."""

import numpy as np

from ..cases import golden
from ..helpers import said, shape_of

DIMENSIONS = {
    "of a number": lambda tf, d: [d(3).value, int(d(3)), str(d(3)), repr(d(3))],
    "unknown": lambda tf, d: [d(None).value, str(d(None)), repr(d(None))],
    "equality": lambda tf, d: [d(3) == d(3), d(3) == 3, d(3) == d(4), d(3) != 4, d(3) != d(3)],
    "equality with unknown": lambda tf, d: [d(None) == d(None), d(None) == 3, d(3) == d(None), d(None) != 3],
    "order": lambda tf, d: [d(3) < 4, d(3) <= 3, d(3) > 4, d(3) >= d(3), d(None) < 3, d(3) > d(None), d(None) >= None],
    "sums": lambda tf, d: [(d(3) + 4).value, (4 + d(3)).value, (d(3) - 1).value, (5 - d(3)).value, (d(3) + None).value],
    "products": lambda tf, d: [
        (d(3) * 4).value,
        (4 * d(3)).value,
        (d(None) * 4).value,
        (d(7) // 2).value,
        (d(7) % 4).value,
    ],
    "compatible": lambda tf, d: [d(3).is_compatible_with(3), d(3).is_compatible_with(4), d(None).is_compatible_with(4)],
    "merge": lambda tf, d: [d(3).merge_with(3).value, d(None).merge_with(3).value, d(3).merge_with(None).value],
    "as index": lambda tf, d: [[10, 20, 30, 40][d(3)], list(range(d(2))), np.zeros(d(2)).tolist()],
    "refused": lambda tf, d: [
        said(lambda: d(-1), ">= 0"),
        said(lambda: d(3).merge_with(4), r"Dimensions 3 and 4 are not compatible"),
        said(lambda: d(3).assert_is_compatible_with(4), r"Dimensions 3 and 4 are not compatible"),
        said(lambda: d("three")),
        said(lambda: int(d(None))),
    ],
}


@golden(rows=DIMENSIONS)
def dimension(tf, row):
    return {"told": [_told(v) for v in row(tf, tf.Dimension)]}


def _told(value):
    return [_told(v) for v in value] if isinstance(value, list) else value


SHAPES = {
    "of a list": lambda tf, s: [s([2, 3]).as_list(), s([2, 3]).ndims, s([2, None]).as_list(), len(s([2, 3]))],
    "of nothing": lambda tf, s: [s([]).as_list(), s([]).ndims, s([]).num_elements(), s(None).ndims, s(None).rank],
    "of others": lambda tf, s: [
        s(s([2])).as_list(),
        s(5).as_list(),
        s((2, tf.Dimension(3))).as_list(),
        s([np.int64(2)]).as_list(),
    ],
    "text": lambda tf, s: [
        str(s([2, 3])),
        str(s([None, 3])),
        str(s([4])),
        str(s([])),
        str(s(None)),
        repr(s([None, 3])),
    ],
    "items": lambda tf, s: [s([2, 3])[0].value, s([2, 3])[-1].value, s([2, 3, 4])[1:].as_list(), s([2, None])[1].value],
    "iteration": lambda tf, s: [d.value for d in s([2, None, 4])],
    "dims": lambda tf, s: [[d.value for d in s([2, None]).dims], s(None).dims],
    "unknown items": lambda tf, s: [s(None)[0].value, str(s(None)[1:]), str(s(None)[1:3])],
    "defined": lambda tf, s: [s([2]).is_fully_defined(), s([None]).is_fully_defined(), s(None).is_fully_defined()],
    "elements": lambda tf, s: [s([2, 3]).num_elements(), s([2, None]).num_elements(), s([0, 3]).num_elements()],
    "truth": lambda tf, s: [bool(s([])), bool(s([2])), bool(s(None))],
    "equality": lambda tf, s: [
        s([2, 3]) == s([2, 3]),
        s([2, 3]) == [2, 3],
        s([2]) == (3,),
        s([2]) != s([3]),
        s([2]) == s(None),
    ],
    "compatible": lambda tf, s: [
        s([2, None]).is_compatible_with([2, 3]),
        s([2, 3]).is_compatible_with([2, 4]),
        s(None).is_compatible_with([1]),
        s([2]).is_compatible_with([2, 2]),
        s([2, 3]).is_compatible_with(s([None, None])),
    ],
    "merge": lambda tf, s: [
        s([2, None]).merge_with([None, 3]).as_list(),
        s(None).merge_with([2]).as_list(),
        s([2]).merge_with(None).as_list(),
    ],
    "concatenate": lambda tf, s: [
        s([2]).concatenate([3, None]).as_list(),
        s([]).concatenate(5).as_list(),
        s(None).concatenate([2]).ndims,
    ],
    "plus": lambda tf, s: [(s([2]) + s([3])).as_list()],
    "with_rank": lambda tf, s: [
        s(None).with_rank(2).as_list(),
        s([2, 3]).with_rank(2).as_list(),
        s([2, 3]).with_rank_at_least(1).as_list(),
        s([2, 3]).with_rank_at_most(2).as_list(),
    ],
    "hash": lambda tf, s: [hash(s([2, 3])) == hash(s([2, 3])), len({s([2]), s([2]), s([3])})],
    "refused": lambda tf, s: [
        said(lambda: s([2, 3]).merge_with([2, 4]), r"Shapes \(2, 3\) and \(2, 4\) are not compatible"),
        said(lambda: s([2]).merge_with([2, 3]), r"Shapes \(2,\) and \(2, 3\) are not compatible"),
        said(lambda: s([2]).assert_is_compatible_with([3]), "are incompatible"),
        said(lambda: s([2, None]).assert_is_fully_defined(), r"is not fully defined"),
        said(lambda: s([2]).with_rank(3), r"Shape \(2,\) must have rank 3"),
        said(lambda: s([2]).with_rank_at_least(2), r"Shape \(2,\) must have rank at least 2"),
        said(lambda: s([2, 3]).with_rank_at_most(1), r"must have rank at most 1"),
        said(lambda: s([2]).assert_has_rank(3), r"must have rank 3"),
        said(lambda: s(None).as_list(), r"as_list\(\) is not defined on an unknown TensorShape"),
        said(lambda: len(s(None)), "Cannot take the length of shape with unknown rank"),
        said(lambda: list(s(None)), "Cannot iterate over a shape with unknown rank"),
        said(lambda: s([-2])),
        said(lambda: s(["a"])),
    ],
}


@golden(rows=SHAPES)
def tensor_shape(tf, row):
    return {"told": [_told(v) for v in row(tf, tf.TensorShape)]}


KINDS = (
    "float16",
    "float32",
    "float64",
    "bfloat16",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "bool",
    "string",
    "complex64",
    "complex128",
)


@golden(rows={kind: kind for kind in KINDS})
def dtype(tf, row):
    kind = getattr(tf, row)
    limits = [float(kind.min), float(kind.max)] if kind.is_floating or kind.is_integer else []
    return {
        "names": [
            kind.name,
            str(kind),
            repr(kind),
            np.dtype(kind.as_numpy_dtype).name if row != "string" else "object",
        ],
        "is": [
            kind.is_floating,
            kind.is_integer,
            kind.is_bool,
            kind.is_complex,
            kind.is_unsigned,
            kind.is_numpy_compatible,
        ],
        "numbers": [kind.size if row != "string" else 0, *limits],
        "base": [kind.base_dtype == kind, kind.base_dtype is kind, kind.real_dtype.name],
        "same": [
            kind == row,
            kind == getattr(tf, row),
            kind != (tf.int8 if row != "int8" else tf.int16),
            hash(kind) == hash(getattr(tf, row)),
        ],
        "as_dtype": [
            tf.as_dtype(row) is kind,
            tf.as_dtype(kind) is kind,
            tf.DType is type(kind) or isinstance(kind, tf.DType),
        ],
    }


@golden()
def dtypes_from_elsewhere(tf):
    found = [
        tf.as_dtype(a)
        for a in (
            np.float32,
            np.dtype("int64"),
            float,
            bool,
            "float",
            "double",
            "half",
            np.uint8,
            object,
            np.bool_,
        )
    ]
    return {
        "names": [d.name for d in found],
        "compatible": [tf.float32.is_compatible_with(tf.float32), tf.float32.is_compatible_with(tf.int32)],
        "with numpy": [tf.float32 == np.float32, tf.int32 == np.int64, np.float64 == tf.float64],
        "limits": [list(map(float, tf.uint8.limits))],
        "refused": [
            said(lambda: tf.as_dtype("nothing"), "nothing"),
            said(lambda: tf.as_dtype(object())),
        ],
    }


CONVERTED = {
    "int": lambda tf: tf.constant(1),
    "float": lambda tf: tf.constant(1.5),
    "bool": lambda tf: tf.constant(True),
    "text": lambda tf: tf.constant("abc"),
    "mixed": lambda tf: tf.constant([1, 2.5]),
    "nested": lambda tf: tf.constant([[1, 2], [3, 4]]),
    "numpy float64": lambda tf: tf.constant(np.array([1.5, 2.5])),
    "numpy float64 scalar": lambda tf: tf.constant(np.float64(1.5)),
    "numpy int": lambda tf: tf.constant(np.array([1, 2])),
    "numpy bool": lambda tf: tf.constant(np.array([True])),
    "as float": lambda tf: tf.constant([1, 2], tf.float32),
    "as half": lambda tf: tf.constant([1.1, 2.3], tf.float16),
    "as bfloat16": lambda tf: tf.constant([1.1, 2.3], tf.bfloat16),
    "as uint8": lambda tf: tf.constant([1, 255], tf.uint8),
    "filled": lambda tf: tf.constant(7, shape=[2, 2]),
    "filled last": lambda tf: tf.constant([1, 2], shape=[2, 2]),
    "empty": lambda tf: tf.constant([]),
    "empty rows": lambda tf: tf.constant([], shape=[0, 3]),
    "large int": lambda tf: tf.constant(2**40),
    "packed": lambda tf: tf.convert_to_tensor([tf.constant(1.0), 2.0]),
    "packed rows": lambda tf: tf.convert_to_tensor([[tf.constant(1.0), 2.0], [3.0, 4.0]]),
    "preferred": lambda tf: tf.convert_to_tensor(1, preferred_dtype=tf.float32),
    "number beside float64": lambda tf: tf.constant(1.0, tf.float64) + 1,
    "float32 beside python float": lambda tf: tf.constant([1, 2], tf.float32) * 0.1,
    "int beside int": lambda tf: tf.constant(3, tf.int64) + 2,
    "shape of a tensor": lambda tf: tf.zeros([2, 3]).get_shape().as_list() and tf.shape(tf.zeros([2, 3])),
}


@golden(rows=CONVERTED)
def converted(tf, row):
    with tf.Graph().as_default(), tf.Session() as session:
        tensor = row(tf)
        value = session.run(tensor)
        return {
            "is": [tensor.dtype.name, shape_of(tensor), tensor.op.type, type(value).__name__],
            "value": value.decode() if isinstance(value, bytes) else value,
        }


STATIC = {
    "reshape by shape": lambda tf, x: tf.reshape(x, [tf.shape(x)[0], 6]),
    "reshape by stack": lambda tf, x: tf.reshape(x, tf.stack([-1, 3, 2])),
    "reshape by concat": lambda tf, x: tf.reshape(x, tf.concat([tf.shape(x)[:1], [3, 2]], 0)),
    "reshape by product": lambda tf, x: tf.reshape(x, [-1, int(np.prod(x.shape.as_list()[1:]))]),
    "zeros by shape": lambda tf, x: tf.zeros([tf.shape(x)[0], 5]),
    "fill by shape": lambda tf, x: tf.fill(tf.shape(x), 1.0),
    "tile by tensor": lambda tf, x: tf.tile(x, tf.stack([tf.shape(x)[0], 1, 2])),
    "range": lambda tf, x: tf.range(tf.shape(x)[0]),
    "range known": lambda tf, x: tf.range(tf.shape(x)[1]),
    "slice": lambda tf, x: tf.slice(x, [0, 1, 0], [-1, 1, 2]),
    "slice unknown": lambda tf, x: x[: tf.shape(x)[0] - 1],
    "index": lambda tf, x: x[0],
    "transpose": lambda tf, x: tf.transpose(x, [2, 0, 1]),
    "concat": lambda tf, x: tf.concat([x, x], 1),
    "concat unknown": lambda tf, x: tf.concat([x, x], 0),
    "stack": lambda tf, x: tf.stack([x, x], 1),
    "broadcast": lambda tf, x: x + tf.zeros([5, 1, 1, 1]),
    "broadcast unknown": lambda tf, x: x + tf.placeholder(tf.float32, [None, 3, 1]),
    "where": lambda tf, x: tf.where(x > 0, x, x),
    "gather": lambda tf, x: tf.gather(x, tf.placeholder(tf.int32, [None, 2]), axis=1),
    "one_hot": lambda tf, x: tf.one_hot(tf.placeholder(tf.int32, [None]), 7),
    "expand and squeeze": lambda tf, x: tf.squeeze(tf.expand_dims(x, 1), 1),
    "squeeze all": lambda tf, x: tf.squeeze(tf.placeholder(tf.float32, [None, 1, 3])),
    "random": lambda tf, x: tf.random_normal([tf.shape(x)[0], 4]),
    "pad": lambda tf, x: tf.pad(x, [[0, 0], [1, 1], [0, 2]]),
    "matmul": lambda tf, x: tf.matmul(x, x, transpose_b=True),
    "reduce kept": lambda tf, x: tf.reduce_sum(x, [1], keepdims=True),
    "reduce by unknown": lambda tf, x: tf.reduce_sum(x, tf.placeholder(tf.int32, [])),
    "split": lambda tf, x: tf.split(x, 3, 1)[0],
    "conv": lambda tf, x: tf.nn.conv2d(tf.expand_dims(x, -1), tf.zeros([2, 2, 1, 4]), [1, 1, 1, 1], "VALID"),
    "cond": lambda tf, x: tf.cond(tf.constant(True), lambda: x[:, :2], lambda: x[:, :1]),
    "while": lambda tf, x: tf.while_loop(lambda t: True, lambda t: t * 2.0, [x], maximum_iterations=1),
    "map_fn": lambda tf, x: tf.map_fn(lambda r: tf.reduce_sum(r, 0), x),
    "scan": lambda tf, x: tf.scan(lambda a, r: a + r, x),
    "set_shape": lambda tf, x: with_shape(tf.placeholder(tf.float32), [None, 2]),
    "set_shape merges": lambda tf, x: with_shape(x, [4, None, None]),
    "py_func": lambda tf, x: tf.py_func(lambda a: a, [x], tf.float32),
    "placeholder_with_default": lambda tf, x: tf.placeholder_with_default(tf.zeros([2, 3]), [None, 3]),
    "boolean_mask": lambda tf, x: tf.boolean_mask(x, tf.placeholder(tf.bool, [None])),
    "unique": lambda tf, x: tf.unique(tf.range(5))[0],
    "embedding": lambda tf, x: tf.nn.embedding_lookup(tf.zeros([9, 4]), tf.placeholder(tf.int32, [None, 5])),
    "sequence_mask": lambda tf, x: tf.sequence_mask(tf.placeholder(tf.int32, [None]), 6),
}


def with_shape(tensor, shape):
    tensor.set_shape(shape)
    return tensor


@golden(rows=STATIC)
def static_shape(tf, row):
    with tf.Graph().as_default():
        return {"shape": shape_of(row(tf, tf.placeholder(tf.float32, [None, 3, 2], name="x")))}


def z(tf, *shape, dtype="float32"):
    return tf.zeros(shape, getattr(tf, dtype))


REFUSED = {
    "matmul": (
        lambda tf: tf.matmul(z(tf, 2, 3), z(tf, 4, 5)),
        ["Dimensions must be equal, but are 3 and 4", r"\[2,3\], \[4,5\]"],
    ),
    "matmul transposed": (
        lambda tf: tf.matmul(z(tf, 3, 2), z(tf, 4, 5), transpose_a=True),
        ["Dimensions must be equal, but are 3 and 4"],
    ),
    "matmul of vectors": (lambda tf: tf.matmul(z(tf, 3), z(tf, 3)), []),
    "matmul of batches": (lambda tf: tf.matmul(z(tf, 2, 3, 4), z(tf, 5, 4, 3)), []),
    "matmul dtypes": (lambda tf: tf.matmul(z(tf, 2, 2), z(tf, 2, 2, dtype="int32")), []),
    "add": (lambda tf: z(tf, 2, 3) + z(tf, 4), ["Dimensions must be equal, but are 3 and 4", r"\[2,3\], \[4\]"]),
    "add dtypes": (lambda tf: z(tf, 2) + z(tf, 2, dtype="int32"), []),
    "add float64": (lambda tf: tf.add(z(tf, 2), z(tf, 2, dtype="float64")), ["float64"]),
    "add float to int": (lambda tf: tf.constant(1) + 0.5, []),
    "multiply": (lambda tf: tf.multiply(z(tf, 2, 3), z(tf, 3, 3)), ["Dimensions must be equal, but are 2 and 3"]),
    "less": (lambda tf: z(tf, 2) < z(tf, 3), ["Dimensions must be equal, but are 2 and 3"]),
    "concat": (lambda tf: tf.concat([z(tf, 2, 3), z(tf, 2, 4)], 0), ["3 and 4"]),
    "concat ranks": (lambda tf: tf.concat([z(tf, 2, 3), z(tf, 2)], 0), ["rank|[Rr]ank"]),
    "concat axis": (lambda tf: tf.concat([z(tf, 2, 3), z(tf, 2, 3)], 2), []),
    "concat dtypes": (lambda tf: tf.concat([z(tf, 2), z(tf, 2, dtype="int32")], 0), []),
    "stack": (lambda tf: tf.stack([z(tf, 2), z(tf, 3)]), ["2 and 3"]),
    "reshape": (
        lambda tf: tf.reshape(z(tf, 2, 3), [4, 2]),
        ["Cannot reshape a tensor with 6 elements to shape", r"\[4,2\] \(8 elements\)"],
    ),
    "reshape -1": (lambda tf: tf.reshape(z(tf, 2, 3), [4, -1]), []),
    "transpose": (lambda tf: tf.transpose(z(tf, 2, 3), [0, 1, 2]), []),
    "reduce axis": (lambda tf: tf.reduce_sum(z(tf, 2, 3), 2), ["Invalid reduction dimension|[Ii]nvalid"]),
    "argmax axis": (lambda tf: tf.argmax(z(tf, 2, 3), 2), []),
    "split": (lambda tf: tf.split(z(tf, 2, 5), 2, 1), []),
    "index": (lambda tf: z(tf, 2, 3)[2], ["slice index 2 of dimension 0 out of bounds"]),
    "too many indices": (lambda tf: z(tf, 2, 3)[0, 0, 0], []),
    "squeeze": (
        lambda tf: tf.squeeze(z(tf, 2, 3), [0]),
        ["Can not squeeze dim\\[0\\], expected a dimension of 1, got 2"],
    ),
    "expand_dims": (lambda tf: tf.expand_dims(z(tf, 2, 3), 4), []),
    "tile": (lambda tf: tf.tile(z(tf, 2, 3), [2]), []),
    "pad": (lambda tf: tf.pad(z(tf, 2, 3), [[1, 1]]), []),
    "gather index type": (lambda tf: tf.gather(z(tf, 2, 3), [0.5]), []),
    "bias_add": (lambda tf: tf.nn.bias_add(z(tf, 2, 3), z(tf, 4)), []),
    "padding in small letters": (
        lambda tf: tf.nn.conv2d(z(tf, 1, 4, 4, 1), z(tf, 3, 3, 1, 1), [1, 1, 1, 1], "same"),
        ["Attr 'padding' of 'Conv2D' Op passed string 'same' not in: \"SAME\", \"VALID\", \"EXPLICIT\""],
    ),
    "where": (lambda tf: tf.where(z(tf, 2, dtype="bool"), z(tf, 2), z(tf, 3)), []),
    "cond of a number": (lambda tf: tf.cond(1, lambda: 1, lambda: 2), []),
    "cond of an integer": (lambda tf: tf.cond(tf.constant(1), lambda: 1, lambda: 2), ["type int32"]),
    "cond of a vector": (
        lambda tf: tf.cond(tf.constant([True, False]), lambda: 1, lambda: 2),
        ["Shape must be rank 0 but is rank 1"],
    ),
    "cond of two kinds": (lambda tf: tf.cond(tf.constant(True), lambda: tf.constant(1), lambda: tf.constant(1.0)), []),
    "cond of two structures": (
        lambda tf: tf.cond(tf.constant(True), lambda: [tf.constant(1), tf.constant(2)], lambda: [tf.constant(1)]),
        [],
    ),
    "cond not callable": (lambda tf: tf.cond(tf.constant(True), tf.constant(1), lambda: tf.constant(1)), []),
    "while that grows": (
        lambda tf: tf.while_loop(lambda t: True, lambda t: tf.concat([t, t], 0), [z(tf, 2)]),
        ["shape"],
    ),
    "while that returns more": (lambda tf: tf.while_loop(lambda t: True, lambda t: [t, t], [z(tf, 2)]), []),
    "set_shape": (lambda tf: z(tf, 2, 3).set_shape([2, 4]), ["2"]),
    "sigmoid of integers": (lambda tf: tf.sigmoid(tf.constant([1])), []),
    "logical_not of floats": (lambda tf: tf.logical_not(z(tf, 2)), []),
    "constant of None": (lambda tf: tf.constant(None), ["None values not supported"]),
    "constant of a wrong size": (lambda tf: tf.constant([1, 2, 3], shape=[2]), []),
    "constant ragged": (lambda tf: tf.constant([[1, 2], [3]]), []),
    "constant of numbers and text": (lambda tf: tf.constant([1, "a"]), ["Failed to convert"]),
    "reshape to None": (lambda tf: tf.reshape(z(tf, 4), [None, 2]), ["Failed to convert"]),
    "constant of text as number": (lambda tf: tf.constant("a", tf.float32), []),
    "constant int of a float": (lambda tf: tf.constant(1.5, tf.int32), []),
    "convert to another dtype": (
        lambda tf: tf.convert_to_tensor(z(tf, 2), tf.int32),
        ["Tensor conversion requested dtype int32 for Tensor with dtype float32"],
    ),
    "assign of another shape": (lambda tf: tf.assign(tf.Variable([1.0, 2.0]), [1.0]), []),
    "assign of another dtype": (lambda tf: tf.assign(tf.Variable([1.0, 2.0]), tf.constant([1, 2])), []),
    "sparse labels": (
        lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=z(tf, 3, dtype="int32"), logits=z(tf, 2, 4)),
        [],
    ),
    "top_k": (lambda tf: tf.nn.top_k(z(tf, 2, 3), 4), ["input must have last dimension >= k = 4 but is 3"]),
    "einsum": (lambda tf: tf.einsum("ij,jk->ik", z(tf, 2, 3), z(tf, 4, 5)), []),
    "negative size": (lambda tf: tf.zeros([-2]), []),
    "hashable": (lambda tf: {z(tf, 2): 1}[z(tf, 2)], []),
}


@golden(rows=REFUSED)
def refused(tf, row):
    """Errors at construction: their class, and the parts of their message that a reader knows."""
    call, parts = row
    with tf.Graph().as_default():
        return {"said": said(lambda: call(tf), *parts)}
