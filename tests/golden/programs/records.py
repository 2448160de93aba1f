"""Files of records, examples and their parsing, tensors as messages, columns of comma-separated values."""

import os
import tempfile

import numpy as np

from ..cases import golden
from ..helpers import described, said

WAYS = {
    "plain": lambda tf: None,
    "zlib": lambda tf: tf.python_io.TFRecordOptions(tf.python_io.TFRecordCompressionType.ZLIB),
    "gzip": lambda tf: tf.python_io.TFRecordOptions("GZIP"),
    "by number": lambda tf: tf.python_io.TFRecordCompressionType.GZIP,
}
RECORDS = [b"", b"a", bytes(range(256)) * 3, "text"]


@golden(rows=WAYS)
def files(tf, row):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "records")
        with tf.python_io.TFRecordWriter(path, row(tf)) as writer:
            for record in RECORDS:
                writer.write(record)
        with open(path, "rb") as file:
            content = file.read()
        read = [record.hex() for record in tf.python_io.tf_record_iterator(path, row(tf))]
    # Deflated bytes depend on the version of zlib; those of the plain file do not.
    return {"content": content.hex() if row(tf) is None else content[:2].hex(), "read": read}


def spoilt(name, data):
    return {
        "cut": data[:-3],
        "flipped": data[:13] + b"?" + data[14:],
        "no records": b"this is a text and no file of records",
    }[name]


@golden(rows={name: name for name in ("cut", "flipped", "no records")})
def damaged_files(tf, row):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "records")
        with tf.python_io.TFRecordWriter(path) as writer:
            writer.write(b"first")
            writer.write(b"second")
        with open(path, "rb") as file:
            content = file.read()
        with open(path, "wb") as file:
            file.write(spoilt(row, content))
        words = r"(truncated|corrupted) record at \d+('| \(Is this even a TFRecord file\?\))?"
        missing = said(lambda: tf.python_io.tf_record_iterator(path + "?"), "No such file or directory")
        return {"said": said(lambda: list(tf.python_io.tf_record_iterator(path)), words), "missing": missing}


def an_example(tf, **features):
    """The bytes of an Example: lists of bytes, floats or integers by name, None for a feature of no kind."""
    example = tf.train.Example()
    for name, values in features.items():
        feature = example.features.feature[name]
        fill(tf, feature, values)
    return example.SerializeToString(deterministic=True)


def fill(tf, feature, values):
    if values is None:
        return
    if values and isinstance(values[0], bytes):
        feature.bytes_list.value.extend(values)
    elif values and isinstance(values[0], float):
        feature.float_list.CopyFrom(tf.train.FloatList(value=values))
    else:
        feature.int64_list.value[:] = values
        feature.int64_list.SetInParent()


@golden()
def bytes_of_examples(tf):
    train = tf.train
    nested = train.Example(
        features=train.Features(
            feature={
                "label": train.Feature(int64_list=train.Int64List(value=[3, -1, 2**40])),
                "image": train.Feature(bytes_list=train.BytesList(value=[b"\x00\xff", b""])),
                "weights": train.Feature(float_list=train.FloatList(value=np.linspace(-1, 1, 5))),
                "empty": train.Feature(),
            }
        )
    )
    sequence = train.SequenceExample(
        context=nested.features,
        feature_lists=train.FeatureLists(
            feature_list={"steps": train.FeatureList(feature=[nested.features.feature["label"], train.Feature()])}
        ),
    )
    again = train.Example.FromString(nested.SerializeToString())
    return {
        "example": nested.SerializeToString(deterministic=True).hex(),
        "sequence": sequence.SerializeToString(deterministic=True).hex(),
        "text": str(nested.features.feature["label"]) + str(nested.features.feature["weights"]),
        "which": [again.features.feature[name].WhichOneof("kind") for name in ("label", "image", "empty")],
        "values": list(again.features.feature["label"].int64_list.value),
        "equal": again == nested,
    }


def flat(parsed):
    """{name: tensor} with a SparseTensor as its three."""
    found = {}
    for key, tensor in parsed.items():
        if hasattr(tensor, "dense_shape"):
            found |= {f"{key} {part}": getattr(tensor, part) for part in ("indices", "values", "dense_shape")}
        else:
            found[key] = tensor
    return found


def plain(value):
    """An array, or the hexadecimals of strings (with their shape)."""
    value = np.asarray(value, object if isinstance(value, bytes) else None)
    return [list(value.shape), [item.hex() for item in value.ravel()]] if value.dtype == object else value


def answers(tf, build):
    """Names, shapes, types and values of a dict of tensors."""
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(1)
        tensors = flat(build())
        drawn = tf.random_uniform([2])  # tells how many operations came before
        values = session.run(tensors)
        told = {"tensors": [described(tensors[key]) for key in sorted(tensors)], "drawn": session.run(drawn)}
    return told | {f"value of {key}": plain(value) for key, value in values.items()}


FIRST = {"i": [3], "f": [1.0, 2.0], "s": [b"a", b"b"], "none": None, "no": []}
SECOND = {"i": [-4], "f": [5.0, 6.0], "s": [b"c"]}
LONGER = {"f": [1.0, 2.0, 3.0, 4.0], "x": [3, 1], "y": [0, 1], "v": [0.5, 0.25]}

FEATURES = {
    "fixed": lambda tf: {"i": tf.FixedLenFeature([], tf.int64), "f": tf.FixedLenFeature([2], tf.float32)},
    "a matrix": lambda tf: {"f": tf.FixedLenFeature([2, 1], tf.float32)},
    "variable": lambda tf: {"s": tf.VarLenFeature(tf.string), "zz": tf.VarLenFeature(tf.float32)},
    "both": lambda tf: {"s": tf.VarLenFeature(tf.string), "i": tf.FixedLenFeature((), tf.int64)},
    "defaults": lambda tf: {
        "q": tf.FixedLenFeature([], tf.int64, 7),
        "w": tf.FixedLenFeature([2], tf.float32, [1, 2]),
        "a b/c?": tf.FixedLenFeature([], tf.string, default_value="x"),
    },
    "sequences": lambda tf: {"s": tf.FixedLenSequenceFeature([], tf.string, allow_missing=True)},
    "filled up": lambda tf: {"s": tf.FixedLenSequenceFeature([], tf.string, True, default_value="?")},
}


@golden(rows=FEATURES)
def batches(tf, row):
    serialized = [an_example(tf, **FIRST), an_example(tf, **SECOND)]
    return answers(tf, lambda: tf.parse_example(serialized, row(tf)))


@golden(rows=FEATURES)
def single_examples(tf, row):
    serialized = an_example(tf, **FIRST)
    return answers(tf, lambda: tf.parse_single_example(serialized, row(tf), name="parsed"))


@golden()
def steps_of_different_lengths(tf):
    serialized = [an_example(tf, **features) for features in (FIRST, LONGER, {})]
    steps = tf.FixedLenSequenceFeature([2], tf.float32, allow_missing=True)
    with tf.Graph().as_default(), tf.Session() as session:
        batch = tf.placeholder_with_default(serialized, [None])
        parsed = tf.parse_example(batch, {"f": steps, "i": tf.FixedLenFeature([], tf.int64, -1)})
        values, alone = session.run([parsed, tf.parse_single_example(serialized[1], {"f": steps})])
    return {"f": values["f"], "i": values["i"], "alone": alone["f"], "shapes": described([parsed["f"], parsed["i"]])}


SPARSE = {
    "one axis": (False, lambda tf: tf.SparseFeature("x", "v", tf.float32, 5)),
    "two axes": (False, lambda tf: tf.SparseFeature(["x", "y"], "v", tf.float32, [5, 2])),
    "alone": (True, lambda tf: tf.SparseFeature("x", "v", tf.float32, 5)),
    "sorted already": (True, lambda tf: tf.SparseFeature("x", "v", tf.float32, 5, already_sorted=True)),
}


@golden(rows=SPARSE)
def sparse_features(tf, row):
    single, feature = row
    data = an_example(tf, **LONGER)
    parse = tf.parse_single_example if single else tf.parse_example
    parsed = parse(data if single else [data, an_example(tf, x=[2], y=[0], v=[9.0])], {"sp": feature(tf)})
    with tf.Session() as session:
        value = session.run(parsed["sp"])
    return {"keys": sorted(parsed), "indices": value.indices, "values": value.values, "shape": value.dense_shape}


REFUSED = {
    "missing": {"q": ([], "int64")},
    "another type": {"i": ([], "float32")},
    "too few": {"f": ([3], "float32")},
    "too many": {"f": ([], "float32")},
    "of no kind": {"none": ([], "int64")},
}
WORDS = {
    "missing": r"Feature: q \(data type: int64\) is required but could not be found\.",
    "another type": r"Data types don't match\. Data type: int64 but expected type: float",
    "too few": r"Key: f",
    "too many": r"Key: f",
    "of no kind": r"Feature: none \(data type: int64\) is required but could not be found\.",
}


@golden(rows=REFUSED)
def refused_by_a_run(tf, row):
    features = {key: tf.FixedLenFeature(shape, getattr(tf, dtype)) for key, (shape, dtype) in row.items()}
    name = next(name for name, asked in REFUSED.items() if asked == row)
    data = an_example(tf, **FIRST)
    with tf.Session() as session:
        batch = tf.parse_example([data], features, example_names=["called"])
        single = tf.parse_single_example(data, features)
        return {
            "batch": said(lambda: session.run(batch), WORDS[name], "Name: called"),
            "single": said(lambda: session.run(single), WORDS[name].replace(", Index: 0", "")),
        }


BAD = {
    "no features": lambda tf, data: tf.parse_example([data], {}),
    "a number": lambda tf, data: tf.parse_example([data], {"a": 3}),
    "no dtype": lambda tf, data: tf.parse_example([data], {"a": tf.FixedLenFeature([], None)}),
    "no shape": lambda tf, data: tf.parse_example([data], {"a": tf.FixedLenFeature(None, tf.int64)}),
    "an unknown shape": lambda tf, data: tf.parse_example([data], {"a": tf.FixedLenFeature([None], tf.int64)}),
    "int32": lambda tf, data: tf.parse_example([data], {"a": tf.FixedLenFeature([], tf.int32)}),
    "a sparse float64": lambda tf, data: tf.parse_example([data], {"a": tf.VarLenFeature(tf.float64)}),
    "a default of another shape": lambda tf, data: tf.parse_example(
        [data], {"a": tf.FixedLenFeature([3], tf.float32, [1.0, 2.0])}
    ),
    "a sequence that must be there": lambda tf, data: tf.parse_example(
        [data], {"a": tf.FixedLenSequenceFeature([], tf.int64)}
    ),
    "a matrix of examples": lambda tf, data: tf.parse_example([[data]], {"i": tf.FixedLenFeature([], tf.int64)}),
    "a vector for one": lambda tf, data: tf.parse_single_example([data], {"i": tf.FixedLenFeature([], tf.int64)}),
}
MESSAGES = (
    "Argument `features` cannot be None or falsy|Unsupported int 3 for key 'a'|Missing type for feature a|"
    "Missing shape for feature a|First dimension of shape for feature a unknown|"
    "DataType (int32|float64) not in list of allowed values: float32, int64, string|"
    "Cannot reshape a tensor with 2 elements to shape|FixedLenSequenceFeature requires allow_missing to be True|"
    "Shape must be at most rank 1 but is rank 2|Input serialized must be a scalar"
)


@golden(rows=BAD)
def refused_when_built(tf, row):
    return {"said": said(lambda: row(tf, an_example(tf, **FIRST)), MESSAGES)}


def a_sequence(tf):
    example = tf.train.SequenceExample()
    fill(tf, example.context.feature["length"], [3])
    fill(tf, example.context.feature["w"], [0.5, 1.5])
    for name, steps in {
        "tokens": [[1], [2], [300]],
        "vectors": [[1.0, 2.0], [3.0, 4.0]],
        "texts": [[b"a"], [b"b", b"c"], []],
    }.items():
        for values in steps:
            fill(tf, example.feature_lists.feature_list[name].feature.add(), values or None)
    return example.SerializeToString(deterministic=True)


SEQUENCES = {
    "both": lambda tf: (
        {"length": tf.FixedLenFeature([], tf.int64), "w": tf.VarLenFeature(tf.float32)},
        {
            "tokens": tf.FixedLenSequenceFeature([], tf.int64),
            "vectors": tf.FixedLenSequenceFeature([2], tf.float32),
            "texts": tf.VarLenFeature(tf.string),
        },
    ),
    "steps": lambda tf: (None, {"tokens": tf.FixedLenSequenceFeature([], dtype=tf.int64)}),
    "context": lambda tf: (
        {"length": tf.FixedLenFeature([], tf.int64), "q": tf.FixedLenFeature([], tf.int64, 5)},
        None,
    ),
    "what is not there": lambda tf: (
        None,
        {
            "q": tf.FixedLenSequenceFeature([2], tf.int64, allow_missing=True),
            "r": tf.VarLenFeature(tf.string),
        },
    ),
}


@golden(rows=SEQUENCES)
def sequences(tf, row):
    context, lists = row(tf)

    def parsed():
        first, second = tf.parse_single_sequence_example(a_sequence(tf), context, lists)
        return first | second

    return answers(tf, parsed)


BAD_SEQUENCES = {
    "nothing": (None, None),
    "missing": (None, {"q": ("FixedLenSequenceFeature", [], "int64")}),
    "another type": (None, {"tokens": ("FixedLenSequenceFeature", [], "float32")}),
    "too many": (None, {"texts": ("FixedLenSequenceFeature", [], "string")}),
    "a fixed feature": (None, {"tokens": ("FixedLenFeature", [], "int64")}),
    "a sequence in the context": ({"length": ("FixedLenSequenceFeature", [], "int64")}, None),
}


@golden(rows=BAD_SEQUENCES)
def refused_sequences(tf, row):
    asked = [
        part and {key: getattr(tf, kind)(shape, getattr(tf, dtype)) for key, (kind, shape, dtype) in part.items()}
        for part in row
    ]
    words = (
        "Both context_features and sequence_features are None|Feature list 'q' is required but could not be found|"
        r"Feature list: tokens, Index: 0\.  Data types don't match\. Expected type: float|"
        r"Index: 1\.  Number of values != expected\.  values size: 2 but output shape: |"
        "Unsupported FixedLen(Sequence)?Feature"
    )
    with tf.Session() as session:
        return {"said": said(lambda: session.run(tf.parse_single_sequence_example(a_sequence(tf), *asked)), words)}


ARRAYS = {
    "float64": np.arange(3.0),
    "strings": np.array([b"a", b""], object),
    "a bool": np.array(True),
    "no elements": np.zeros((2, 0), np.int32),
    "complex64": np.array([1 + 2j], np.complex64),
    "float16": np.array([[1, -2]], np.float16),
    "uint8": np.array([1, 255], np.uint8),
}


@golden(rows=ARRAYS)
def tensors_as_messages(tf, row):
    dtype = tf.string if row.dtype == object else tf.as_dtype(row.dtype)
    with tf.Graph().as_default(), tf.Session() as session:
        tensor = tf.serialize_tensor(row)
        message = session.run(tensor)
        back = tf.parse_tensor(message, dtype)
        wrong = tf.parse_tensor(message, tf.int8)
        return {
            "message": message.hex(),
            "back": plain(session.run(back)),
            "described": described([tensor, back]),
            "wrong": said(
                lambda: session.run(wrong), r"Type mismatch between parsed tensor \(\w+\) and dtype \(int8\)"
            ),
        }


LINES = {
    "types": (["1,2.5,abc", '3,,"x,""y"""'], [[0], [1.5], [""]], {}),
    "one line": ("1,2", [[0], [0]], {}),
    "a matrix": ([["1,2"], ["3,4"]], [[0], [0]], {}),
    "another delimiter": ("1|2", [[0], [0]], {"field_delim": "|"}),
    "no quotes": ('"a,2', [[""], [0]], {"use_quote_delim": False}),
    "na": ("NA,2", [[7], [0]], {"na_value": "NA", "name": "columns"}),
    "selected": ("1,2,3", [[0], [0]], {"select_cols": [0, 2]}),
    "spaces": (" 1 , 2.5 ", [[5], [6.0]], {}),
    "an end of line in quotes": ('"a\nb",2', [["5"], [6]], {}),
    "numbers": ("inf,nan,1e5,-.5,0x10", [[0.0]] * 5, {}),
    "the last is empty": ("1,", [0, 5], {}),
    "int64": ("3000000000", [np.array([0], np.int64)], {}),
}
BAD_LINES = {
    "too many": ("1,2,3", [[0], [0]], {}),
    "too few": ("1", [[0], [0]], {}),
    "empty": ("", [[0]], {}),
    "required": ("1,", [[0], np.array([], np.float32)], {}),
    "no integer": ("x,2", [[0], [0]], {}),
    "no float": ("x", [[0.0]], {}),
    "out of range": ("3000000000", [[0]], {}),
    "a quote inside": ('a"b,2', [[""], [0]], {}),
    "text after quotes": ('"ab"c,2', [[""], [0]], {}),
    "quotes that do not end": ('"ab,2', [[""], [0]], {}),
    "a delimiter of two": ("1|2", [[0], [0]], {"field_delim": "||"}),
    "columns out of order": ("1,2", [[0], [0]], {"select_cols": [2, 0]}),
    "a bool": ("1", [[True]], {}),
    "two defaults": ("1", [[0, 5]], {}),
}


@golden(rows=LINES)
def columns(tf, row):
    lines, defaults, how = row
    with tf.Graph().as_default(), tf.Session() as session:
        tensors = tf.decode_csv(lines, defaults, **how)
        values = session.run(tensors)
    return {"tensors": described(tensors), **{str(i): plain(value) for i, value in enumerate(values)}}


@golden(rows=BAD_LINES)
def refused_lines(tf, row):
    lines, defaults, how = row
    words = (
        r"Expect \d fields but have \d in record 0|Field 1 is required but missing in record 0!|"
        r"Field 0 in record 0 is not a valid (int32|float): \w+|Unquoted fields cannot have quotes/CRLFs inside|"
        "Quote inside a string has to be escaped by another quote|field_delim should be only 1 char|"
        "Quoted field has to end with quote followed by delim or end|select_cols is not strictly increasing|"
        "DataType bool not in list of allowed values|Shape of a default must be a length-0 or length-1 vector"
    )
    with tf.Session() as session:
        return {"said": said(lambda: session.run(tf.decode_csv(lines, defaults, **how)), words)}
