"""Ops on strings and files: results, shapes, names, errors."""

import os
import tempfile

import numpy as np

from ..cases import golden
from ..helpers import described, said


def plain(value):
    """An array, or the hexadecimals of strings (with their shape)."""
    value = np.asarray(value, object if isinstance(value, bytes) else None)
    return [list(value.shape), [item.hex() for item in value.ravel()]] if value.dtype == object else value


def answer(tf, build):
    """Names, shapes and values of a tensor, or of the parts of a sparse one."""
    with tf.Graph().as_default(), tf.Session() as session:
        result = build(tf)
        parts = [result] if hasattr(result, "value_index") else [result.indices, result.values, result.dense_shape]
        values = session.run(parts)
        return {"tensors": described(parts)} | {str(i): plain(value) for i, value in enumerate(values)}


def refusal(tf, row):
    build, words = row
    with tf.Graph().as_default(), tf.Session() as session:
        return {"said": said(lambda: session.run(build(tf)), words)}


def unknown(tf, value, shape=None):
    return tf.placeholder_with_default(value, shape)


JOINED = {
    "a scalar with a vector": lambda tf: tf.string_join(["a", ["b", "c"]], "-"),
    "scalars": lambda tf: tf.string_join([tf.constant("a"), "b"], name="joined"),
    "an unknown shape": lambda tf: tf.string_join([unknown(tf, "a"), ["b"]], separator=", "),
    "nothing": lambda tf: tf.string_join([]),
    "the later name": lambda tf: tf.strings.join([["a"], ["b"]], "ü"),
    "all of a matrix": lambda tf: tf.reduce_join([["a", "b"], ["c", "d"]]),
    "columns": lambda tf: tf.reduce_join([["a", "b"], ["c", "d"]], 0),
    "rows": lambda tf: tf.reduce_join([["a", "b"], ["c", "d"]], axis=-1, keep_dims=True, separator="."),
    "both": lambda tf: tf.reduce_join([["a", "b"], ["c", "d"]], [0, 1]),
    "both the other way": lambda tf: tf.reduce_join([["a", "b"], ["c", "d"]], [1, 0], keepdims=True),
    "three axes": lambda tf: tf.reduce_join(np.array(list("abcdefgh")).reshape(2, 2, 2), [2, 0], name="r"),
    "by the older name": lambda tf: tf.reduce_join([["a", "b"]], reduction_indices=[0]),
    "no axis": lambda tf: tf.reduce_join([["a", "b"]], []),
    "a scalar": lambda tf: tf.reduce_join("a"),
    "no strings": lambda tf: tf.reduce_join(np.zeros((0, 2), "S"), 0),
    "of unknown rank": lambda tf: tf.reduce_join(unknown(tf, [["a", "b"]])),
    "of unknown sizes": lambda tf: tf.strings.reduce_join(unknown(tf, [["a", "b"]], [None, 2]), 1),
}
SPLIT = {
    "at spaces": lambda tf: tf.string_split(["a b  c", "d", ""]),
    "at any of two": lambda tf: tf.string_split(["a,b;;c", "d"], ",;"),
    "with empty pieces": lambda tf: tf.string_split(["a,b,,c", "", "d,"], ",", skip_empty=False),
    "into bytes": lambda tf: tf.string_split(["abc", "d"], ""),
    "nothing": lambda tf: tf.string_split(["", " "]),
    "by keyword": lambda tf: tf.string_split(source=["a<>b"], delimiter="<>", name="pieces"),
    "a tensor": lambda tf: tf.string_split(unknown(tf, ["a b"], [None]), tf.constant(" ")),
    "later, at white space": lambda tf: tf.strings.split([" a\t b\n ", "c", ""]),
    "later, at a word": lambda tf: tf.strings.split(["a--b--", "d"], sep="--"),
    "later, once": lambda tf: tf.strings.split(["a b c d"], maxsplit=1),
    "later, a scalar": lambda tf: tf.strings.split("a b"),
}
CUT = {
    "one": lambda tf: tf.substr("hello", 1, 3),
    "each": lambda tf: tf.substr(["hello", "wor"], [1, 0], [2, 2]),
    "from the end": lambda tf: tf.substr("hello", -3, 2),
    "beyond the end": lambda tf: tf.substr("hello", 3, 20),
    "at the end": lambda tf: tf.substr("hello", 5, 2),
    "a length below zero": lambda tf: tf.substr("hello", 1, -2),
    "many alike": lambda tf: tf.substr(["hello", "world"], 1, 2),
    "broadcast": lambda tf: tf.substr([["hello", "world"], ["abcde", "fghij"]], [1, 2], [3, 2]),
    "one in two ways": lambda tf: tf.substr("hello", [1, 2], [2, 2], name="cut"),
    "int64": lambda tf: tf.substr("hello", np.int64(1), np.int64(2)),
    "letters": lambda tf: tf.strings.substr("hällo", 1, 2, unit="UTF8_CHAR"),
    "bytes": lambda tf: tf.strings.substr("hällo", 1, 2),
    "stripped": lambda tf: tf.string_strip(["  a b \n", "\t", "c\v\f"]),
    "stripped later": lambda tf: tf.strings.strip(" a "),  # noqa: B005
    "length": lambda tf: tf.strings.length([["a", ""], ["héé", "\xff"]]),
    "length in letters": lambda tf: tf.strings.length("héé", unit="UTF8_CHAR"),
    "lower": lambda tf: tf.strings.lower("ABCé É"),
    "lower of all": lambda tf: tf.strings.lower("ABCé É", encoding="utf-8"),
    "upper": lambda tf: tf.strings.upper(["abcé"], name="up"),
    "upper of all": lambda tf: tf.strings.upper("abcéß", encoding="utf-8"),
}
NUMBERS = {
    "int32": [1, -2],
    "int64": np.int64(2**40),
    "uint8": np.uint8(200),
    "int8": np.int8(-3),
    "uint64": np.uint64(2**64 - 1),
    "float32": np.float32([2.5, 1e10, -1e-10, 0.1, np.inf, -np.inf, np.nan]),
    "float64": np.float64([2.5, 1 / 3]),
    "float16": np.float16(1.5),
    "bool": [True, False],
    "complex64": np.complex64(1 + 2j),
    "string": "abc",
}
FORMATS = {
    "precision": {"precision": 2},
    "scientific": {"scientific": True},
    "shortest": {"shortest": True},
    "wide": {"width": 12},
    "zeros": {"width": 12, "fill": "0"},
    "to the left": {"width": 12, "fill": "-"},
    "a space": {"fill": " "},
    "a sign": {"fill": "+", "precision": 1},
    "scientific, precise": {"precision": 3, "scientific": True},
    "shortest, precise": {"precision": 3, "shortest": True},
    "no width": {"width": -3},
}
REAL = ["1", "2.5", " 3 ", "-4e2", "inf", "nan", "0x1F", ".5", "5.", "+1", "-INF", "1e400", "infinity", "0.1"]
FROM_STRINGS = {
    "float32": lambda tf: tf.string_to_number(REAL),
    "float64": lambda tf: tf.string_to_number(REAL, tf.float64, name="n"),
    "int32": lambda tf: tf.string_to_number(["12", " -3", "+7 ", "-2147483648"], out_type=tf.int32),
    "int64": lambda tf: tf.strings.to_number([["9223372036854775807"]], tf.int64),
}
SEARCHED = {
    "groups": lambda tf: tf.regex_replace(["abc abc", "xyz"], "b(c)", r"<\1\0>"),
    "once": lambda tf: tf.regex_replace("aaa", "a", "b", replace_global=False),
    "tensors": lambda tf: tf.regex_replace("aaa", tf.constant("a+"), tf.constant("b")),
    "nothing": lambda tf: tf.strings.regex_replace("abc", "", "-"),
    "empty ones": lambda tf: tf.strings.regex_replace("baac", "a*", "-"),
    "a group that is not there": lambda tf: tf.strings.regex_replace("abc", "a", r"\2"),
    "any letter": lambda tf: tf.strings.regex_replace("aé\nb", ".", "x"),
    "the end": lambda tf: tf.strings.regex_replace("a\nb\n", "$", "x"),
    "the end of a line in a class": lambda tf: tf.strings.regex_replace("a$b]", "[$]", "x"),
    "a bracket in a class": lambda tf: tf.strings.regex_replace("a[b]", r"[][]", "x"),
    "letters of ASCII": lambda tf: tf.strings.regex_replace("héllo wörld", r"\w+", "W"),
    "a class by name": lambda tf: tf.strings.regex_replace("a1 b2", "[[:alpha:][:space:]]+", "_"),
    "not a class by name": lambda tf: tf.strings.regex_replace("a1 b2", "[^[:digit:]]", "_"),
    "a named group": lambda tf: tf.strings.regex_replace("ab", "(?P<x>a)", r"\1\1"),
    "any case": lambda tf: tf.strings.regex_replace("aBAb", "(?i)ab", "x"),
    "no group": lambda tf: tf.strings.regex_replace("abab", "(?:ab)+", "x"),
    "as it is": lambda tf: tf.strings.regex_replace("a.b", r"\Qa.b\E", r"\\$1"),
    "fewest": lambda tf: tf.strings.regex_replace("<a><b>", "<.+?>", "x"),
    "edges of words": lambda tf: tf.strings.regex_replace("word words", r"\bword\b", "x"),
    "the whole": lambda tf: tf.strings.regex_full_match(["abc", "xabc", "abcx", "abc\n"], "abc"),
    "one of two": lambda tf: tf.strings.regex_full_match("ab", "a|ab", name="m"),
    "by a tensor": lambda tf: tf.strings.regex_full_match(["abc"], tf.constant("a.*")),
}
WORDS = ["a", "b", "hello world", "", "é" * 9, "x" * 40, "y" * 100]
HASHED = {
    "plain": lambda tf: tf.string_to_hash_bucket(WORDS, 2**40),
    "by keyword": lambda tf: tf.string_to_hash_bucket(input=["a"], num_buckets=7, name="h"),
    "fast": lambda tf: tf.string_to_hash_bucket_fast(WORDS, 2**40),
    "strong": lambda tf: tf.string_to_hash_bucket_strong(WORDS, 2**40, [1, -2]),
    "later": lambda tf: tf.strings.to_hash_bucket(WORDS, 10),
    "later, fast": lambda tf: tf.strings.to_hash_bucket_fast("a", 10),
    "later, strong": lambda tf: tf.strings.to_hash_bucket_strong("a", 10, [3, 4]),
}
ENCODED = {
    "encoded": lambda tf: tf.encode_base64(["a", "ab", "abc", "\xff\xfe?>", ""]),
    "ended": lambda tf: tf.encode_base64(["a", "ab", "abc"], pad=True, name="e"),
    "decoded": lambda tf: tf.decode_base64(["YQ", "YQ==", "YWI=", "YWJj", "w7_Dvj8-", ""]),
}
PROGRAMS = {
    **{f"joined: {name}": build for name, build in JOINED.items()},
    **{f"split: {name}": build for name, build in SPLIT.items()},
    **{f"cut: {name}": build for name, build in CUT.items()},
    **{f"number: {name}": build for name, build in FROM_STRINGS.items()},
    **{f"searched: {name}": build for name, build in SEARCHED.items()},
    **{f"hashed: {name}": build for name, build in HASHED.items()},
    **{f"base64: {name}": build for name, build in ENCODED.items()},
}


@golden(rows=PROGRAMS)
def strings(tf, row):
    return answer(tf, row)


@golden(rows=NUMBERS)
def written_numbers(tf, row):
    return answer(tf, lambda tf: tf.as_string(row))


@golden(rows=FORMATS)
def formats(tf, row):
    return answer(tf, lambda tf: tf.strings.as_string([3.14159, -2e-7, 1e20, -0.0], **row, name="formatted"))


@golden(rows={name: how for name, how in FORMATS.items() if not {"precision", "scientific", "shortest"} & set(how)})
def formats_of_integers(tf, row):
    return answer(tf, lambda tf: tf.as_string([42, -7], **row))


REFUSED = {
    "shapes to join": (lambda tf: tf.string_join([["a"], ["b", "c"]]), "Dimension 0 in both shapes must be equal"),
    "shapes to join, in a run": (
        lambda tf: tf.string_join([unknown(tf, ["a"]), ["b", "c"]]),
        r"Input shapes do not match: \[1\] vs\. \[2\]",
    ),
    "numbers to join": (lambda tf: tf.string_join([1, 2]), ""),
    "an axis too many": (lambda tf: tf.reduce_join([["a"]], 2), "Invalid reduction dimension 2 for input with 2 dim"),
    "an axis twice": (lambda tf: tf.reduce_join([["a", "b"]], [0, 0]), "Duplicate reduction dimension 0"),
    "a matrix to split": (lambda tf: tf.string_split([["a b"]]), "Shape must be rank 1 but is rank 2"),
    "a scalar to split": (lambda tf: tf.string_split("a b"), "Shape must be rank 1 but is rank 0"),
    "a place beyond": (lambda tf: tf.substr("hello", 6, 2), "pos 6 out of range for string b'hello' at index 0"),
    "a place before": (lambda tf: tf.substr(["hello"], -6, 2), "pos -6 out of range for string b'hello' at index 0"),
    "a place and two lengths": (lambda tf: tf.substr("hello", [1, 2], 2), "Shape must be rank 0 but is rank 1"),
    "an unknown unit": (lambda tf: tf.strings.length("h", unit="x"), 'string \'x\' not in: "BYTE", "UTF8_CHAR"'),
    "an unknown encoding": (lambda tf: tf.strings.upper("a", encoding="latin"), "only utf-8 or '' .* received latin"),
    "no number": (lambda tf: tf.string_to_number("x"), "StringToNumberOp could not correctly convert string: x"),
    "an empty string": (lambda tf: tf.string_to_number(""), "could not correctly convert string: "),
    "an underscore": (lambda tf: tf.string_to_number("1_0"), "could not correctly convert string: 1_0"),
    "a fraction": (lambda tf: tf.string_to_number("1.5", tf.int32), "could not correctly convert string: 1.5"),
    "too large": (lambda tf: tf.string_to_number("3000000000", tf.int32), "convert string: 3000000000"),
    "int8": (lambda tf: tf.string_to_number("1", tf.int8), "DataType int8 not in list of allowed values: float32"),
    "a precise integer": (lambda tf: tf.as_string(1, precision=2), "precision not supported for datatype int32"),
    "a scientific integer": (lambda tf: tf.as_string(1, scientific=True), "not supported for datatype int32"),
    "two formats": (
        lambda tf: tf.as_string(1.0, scientific=True, shortest=True),
        "Cannot select both scientific and shortest notation",
    ),
    "two letters to fill": (lambda tf: tf.as_string(1.0, fill="ab"), "Fill string must be one or fewer characters"),
    "a letter to fill": (lambda tf: tf.as_string(1.0, fill="x"), 'Fill argument not supported: "x"'),
    "no pattern": (lambda tf: tf.regex_replace("aaa", "(a", "b"), r"Invalid pattern: \(a, error: missing \)"),
    "a pattern that looks ahead": (
        lambda tf: tf.regex_replace("ab", "a(?=b)", "x"),
        r"Invalid pattern: a\(\?=b\), error: invalid perl operator: \(\?=",
    ),
    "a group again": (lambda tf: tf.regex_replace("aa", r"(a)\1", "x"), r"error: invalid escape sequence: \\1"),
    "no buckets": (lambda tf: tf.string_to_hash_bucket(["a"], 0), "'num_buckets' of 'StringToHashBucket' Op passed 0"),
    "half a key": (lambda tf: tf.string_to_hash_bucket_strong("a", 10, [3]), "Key must have 2 elements"),
    "numbers to hash": (lambda tf: tf.string_to_hash_bucket([1], 7), ""),
    "a letter of base64": (lambda tf: tf.decode_base64("Y"), "Base64 string length cannot be 1 modulo 4"),
    "half an end": (lambda tf: tf.decode_base64("YQ="), "Invalid character found in base64"),
    "another alphabet": (lambda tf: tf.decode_base64("Y+Q/"), "Invalid character found in base64"),
}


@golden(rows=REFUSED)
def refused(tf, row):
    return refusal(tf, row)


@golden()
def files(tf):
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, "new", name) for name in ("b.txt", "a.txt", "c.bin")]
        with tf.Graph().as_default(), tf.Session() as session:
            filename, contents = tf.placeholder(tf.string, []), tf.placeholder(tf.string, [])
            write, read = tf.write_file(filename, contents), tf.read_file(filename, name="what")
            found = tf.matching_files(os.path.join(folder, "new", "*.txt"))
            several = tf.matching_files([os.path.join(folder, "n*", "[bc].*"), os.path.join(folder, "new", "a.txt")])
            none = tf.matching_files(os.path.join(folder, "nothing*"))
            before = session.run(tf.matching_files(os.path.join(folder, "new", "*")))
            for number, name in enumerate(names):
                session.run(write, {filename: name, contents: bytes([number]) * 3})
            session.run(write, {filename: names[0], contents: b""})  # in place of what was there
            listed = [[os.path.basename(path).decode() for path in session.run(t)] for t in (found, several, none)]
            return {
                "read": [session.run(read, {filename: name}).hex() for name in names],
                "before": before.size,
                "listed": listed,
                "described": [read.name, str(read.shape), str(found.shape), write.type],
                "missing": said(lambda: session.run(read, {filename: names[0] + "?"}), "No such file or directory"),
                "folder": said(lambda: session.run(read, {filename: folder}), "Is a directory"),
                "a vector": said(lambda: tf.read_file(names), "Shape must be rank 0 but is rank 1"),
            }
