"""Ops on strings: joined, split, cut, converted to numbers and from them, searched, hashed, encoded.

Strings are bytes; where an op can be told that they are UTF-8, it says so. All of them run on the host.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from .. import dtypes
from ..build import convert_to_tensor
from ..dtypes import DType, as_dtype, string
from ..errors import InvalidArgumentError, OpError
from ..graph import Tensor, op_scope
from ..registry import brackets, define, not_differentiable, same_shape
from ..shapes import TensorShape, broadcast_sizes
from ..sparse_tensor import SparseTensor
from ..static import constant_value
from .basic import expand_dims, rank
from .hashes import farm64, murmur64, siphash
from .numerals import number_from
from .ranges import range as range_
from .regex import compiled, replaced

Strings = Any  # an array of objects, each bytes; a part of one may be such an object itself


def _invalid(message: str) -> OpError:
    return InvalidArgumentError(None, None, message)


def _each(function: Callable[[bytes], Any], strings: Strings, dtype: Any = object) -> np.ndarray:
    """An array of `dtype` with the function of each string."""
    array = np.asarray(strings, object)
    found = np.empty(array.shape, dtype)
    found.ravel()[:] = [function(item) for item in array.ravel().tolist()]
    return found


def _per_string(type: str, signature: str, function: Callable[..., Any], dtype: Any = object) -> Any:
    """An op of a function from each string and the attributes."""
    return define(
        type,
        signature,
        shape=same_shape,
        kernel=lambda k, strings, **attrs: _each(partial(function, **attrs), strings, dtype),
        grad=not_differentiable,
    )


def _text(octets: bytes) -> str:
    return octets.decode(errors="backslashreplace")


def _one_of(op: str, attribute: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        names = ", ".join(f'"{name}"' for name in allowed)
        raise ValueError(f"Attr '{attribute}' of '{op}' Op passed string '{value}' not in: {names}.")
    return value


# -- joined and split -----------------------------------------------------------------------------------------------


def _joined(k: Any, *inputs: Strings, separator: str) -> np.ndarray:
    arrays = [np.asarray(item, object) for item in inputs]
    shapes = {array.shape for array in arrays if array.ndim}
    if len(shapes) > 1:
        first, other = [array.shape for array in arrays if array.ndim and array.shape in shapes][:2]
        other = next(array.shape for array in arrays if array.ndim and array.shape != first)
        raise _invalid(f"Input shapes do not match: {brackets(first)} vs. {brackets(other)}")
    found = np.empty(shapes.pop() if shapes else (), object)
    columns = [np.broadcast_to(array, found.shape).ravel().tolist() for array in arrays]
    between = separator.encode()
    found.ravel()[:] = [between.join(items) for items in zip(*columns, strict=True)] if arrays else b""
    return found


def _joined_shape(*inputs: Tensor, separator: str) -> TensorShape:
    merged = TensorShape([])
    for tensor in inputs:
        if tensor.shape.ndims and merged.ndims:
            if tensor.shape.ndims != merged.ndims:
                raise ValueError(f"Shapes must be equal rank, but are {merged.ndims} and {tensor.shape.ndims}")
            merged = TensorShape([_same(merged, tensor.shape, axis) for axis in range(merged.ndims)])
        elif tensor.shape.ndims:
            merged = tensor.shape
    return TensorShape(None) if not merged.ndims and any(t.shape.ndims is None for t in inputs) else merged


def _same(first: TensorShape, second: TensorShape, axis: int) -> int | None:
    a, b = (first.sizes or ())[axis], (second.sizes or ())[axis]
    if None not in (a, b) and a != b:
        shapes = f"{brackets(first)} and {brackets(second)}"
        raise ValueError(f"Dimension {axis} in both shapes must be equal, but are {a} and {b}. Shapes are {shapes}.")
    return b if a is None else a


StringJoin = define(
    "StringJoin", "inputs:string* -> output:string", shape=_joined_shape, kernel=_joined, grad=not_differentiable
)


def string_join(inputs: Sequence[Any], separator: str = "", name: str | None = None) -> Tensor:
    """The strings of several tensors joined, element by element; scalars go with every element.

    Raises ValueError (in a run InvalidArgumentError) where shapes differ.
    """
    return StringJoin(*inputs, separator=separator, name=name)


def _rows(pieces: Sequence[Sequence[bytes]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices, values and shape of the sparse matrix with these rows."""
    indices = [(row, column) for row, items in enumerate(pieces) for column in range(len(items))]
    values = np.empty(len(indices), object)
    values[:] = [item for items in pieces for item in items]
    shape = np.array([len(pieces), max(map(len, pieces), default=0)], np.int64)
    return np.array(indices, np.int64).reshape(-1, 2), values, shape


def _split_at_any(k: Any, strings: Strings, delimiter: Strings, skip_empty: bool) -> Any:
    marks = np.asarray(delimiter, object).item()
    pattern = re.compile(b"[" + re.escape(marks) + b"]") if marks else None

    def pieces(text: bytes) -> list[bytes]:
        if not text:
            return []
        parts = pattern.split(text) if pattern else [text[i : i + 1] for i in range(len(text))]
        return [part for part in parts if part] if skip_empty else parts

    return _rows([pieces(text) for text in np.asarray(strings, object).tolist()])


def _matrix_of_strings(strings: Tensor, separator: Tensor, **_: Any) -> list[TensorShape]:
    for tensor, wanted in ((strings, 1), (separator, 0)):
        if tensor.shape.ndims not in (None, wanted):
            raise ValueError(f"Shape must be rank {wanted} but is rank {tensor.shape.ndims}")
    return [TensorShape([None, 2]), TensorShape([None]), TensorShape([2])]


StringSplit = define(
    "StringSplit",
    "input:string, delimiter:string -> indices:int64, values:string, shape:int64",
    shape=_matrix_of_strings,
    kernel=_split_at_any,
    grad=not_differentiable,
)


def string_split(
    source: Any,
    sep: Any = None,
    skip_empty: bool = True,
    delimiter: Any = None,
    result_type: str = "SparseTensor",
    name: str | None = None,
) -> SparseTensor:
    """The pieces of each string of a vector, a row of a SparseTensor each.

    A string is split at every byte that is in `sep` (`delimiter` is its older name; a space by default), or, if that
    is empty, into its bytes. Empty pieces are left out unless `skip_empty` is false.
    """
    _only_sparse(result_type)
    delimiter = sep if delimiter is None else delimiter
    with op_scope(name, "StringSplit", [source]):
        delimiter = convert_to_tensor(" " if delimiter is None else delimiter, string)
        return SparseTensor(*StringSplit(convert_to_tensor(source, string), delimiter, skip_empty=skip_empty))


def _only_sparse(result_type: str) -> None:
    if result_type == "RaggedTensor":
        raise NotImplementedError("scopeflow has no RaggedTensor; result_type='SparseTensor' gives the same pieces")
    if result_type != "SparseTensor":
        raise ValueError("result_type must be 'RaggedTensor' or 'SparseTensor'.")


def _split_at(k: Any, strings: Strings, separator: Strings, maxsplit: int) -> Any:
    mark = np.asarray(separator, object).item() or None  # None: at white space
    return _rows([text.split(mark, maxsplit) for text in np.asarray(strings, object).tolist()])


StringSplitV2 = define(
    "StringSplitV2",
    "input:string, sep:string -> indices:int64, values:string, shape:int64",
    shape=_matrix_of_strings,
    kernel=_split_at,
    grad=not_differentiable,
)


def split(
    input: Any = None,
    sep: Any = None,
    maxsplit: int = -1,
    result_type: str = "SparseTensor",
    source: Any = None,
    name: str | None = None,
) -> SparseTensor:
    """The pieces of each string of a vector, a row of a SparseTensor each, as Python's `bytes.split` has them.

    `source` is an older name of `input`. A scalar is one row. Raises NotImplementedError for other ranks.
    """
    _only_sparse(result_type)
    with op_scope(name, "StringSplit", [input, source]):
        strings = convert_to_tensor(source if input is None else input, string, name="input")
        if strings.shape.ndims == 0:
            strings = expand_dims(strings, 0)
        if strings.shape.ndims not in (None, 1):
            raise NotImplementedError(f"strings.split takes a scalar or a vector, not rank {strings.shape.ndims}")
        sep = convert_to_tensor("" if sep is None else sep, string, name="sep")
        return SparseTensor(*StringSplitV2(strings, sep, maxsplit=maxsplit))


def _joined_over(k: Any, strings: Strings, axes: np.ndarray, keep_dims: bool, separator: str) -> np.ndarray:
    array, listed = np.asarray(strings, object), [int(axis) for axis in axes.ravel()]
    for axis in listed:
        if not -array.ndim <= axis < array.ndim:
            raise _invalid(f"Invalid reduction dimension {axis} for input with {array.ndim} dimension(s)")
    positive = [axis % array.ndim for axis in listed]
    for axis in positive:
        if positive.count(axis) > 1:
            raise _invalid(f"Duplicate reduction dimension {axis}")
    kept = [axis for axis in range(array.ndim) if axis not in positive]
    count = int(np.prod([array.shape[axis] for axis in positive], dtype=np.int64))
    rows = array.transpose(kept + positive[::-1]).reshape([*(array.shape[axis] for axis in kept), count])
    found = np.empty(rows.shape[:-1], object)
    found.ravel()[:] = [separator.encode().join(row) for row in rows.reshape(found.size, count).tolist()]
    return found.reshape([1 if axis in positive else d for axis, d in enumerate(array.shape)]) if keep_dims else found


def _joined_over_shape(inputs: Tensor, axes: Tensor, keep_dims: bool, separator: str) -> TensorShape:
    sizes, listed = inputs.shape.sizes, constant_value(axes)
    if sizes is None or listed is None:
        return TensorShape([None] * len(sizes)) if keep_dims and sizes is not None else TensorShape(None)
    for axis in listed.ravel().tolist():
        if not -len(sizes) <= axis < len(sizes):
            raise ValueError(f"Invalid reduction dimension {axis} for input with {len(sizes)} dimensions.")
    gone = {axis % len(sizes) for axis in listed.ravel().tolist()}
    if keep_dims:
        return TensorShape([1 if axis in gone else size for axis, size in enumerate(sizes)])
    return TensorShape([size for axis, size in enumerate(sizes) if axis not in gone])


ReduceJoin = define(
    "ReduceJoin",
    "inputs:string, reduction_indices:int32 -> output:string",
    shape=_joined_over_shape,
    kernel=_joined_over,
    grad=not_differentiable,
    host=["reduction_indices"],
)


def reduce_join(
    inputs: Any,
    axis: Any = None,
    keep_dims: bool | None = None,
    separator: str = "",
    name: str | None = None,
    reduction_indices: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """The strings along `axis` joined, those of the axis listed first next to each other; all of them if it is None.

    `reduction_indices` and `keep_dims` are older names of `axis` and `keepdims`.
    """
    axis = reduction_indices if axis is None else axis
    keep = bool(keep_dims if keepdims is None else keepdims)
    with op_scope(None, "ReduceJoin", [inputs, axis]):
        inputs = convert_to_tensor(inputs, string)
        if axis is None:
            ndims = inputs.shape.ndims
            axis = range_(rank(inputs) - 1, -1, -1) if ndims is None else np.arange(ndims - 1, -1, -1, dtype=np.int32)
        return ReduceJoin(inputs, axis, keep_dims=keep, separator=separator, name=name)


# -- cut and measured -----------------------------------------------------------------------------------------------

_UNITS = ("BYTE", "UTF8_CHAR")


def _in_unit(text: bytes, unit: str) -> Any:
    return text if unit == "BYTE" else text.decode(errors="surrogateescape")


def _cut(k: Any, strings: Strings, pos: np.ndarray, len: np.ndarray, unit: str) -> np.ndarray:
    array = np.asarray(strings, object)
    found = np.empty(np.broadcast_shapes(array.shape, pos.shape), object)
    each = (np.broadcast_to(item, found.shape).ravel().tolist() for item in (array, pos, len))
    triples = enumerate(zip(*each, strict=True))
    found.ravel()[:] = [_part(text, start, length, unit, at) for at, (text, start, length) in triples]
    return found


def _part(text: bytes, start: int, length: int, unit: str, at: int) -> bytes:
    units = _in_unit(text, unit)
    count = len(units)
    if not -count <= start <= count:
        raise _invalid(f"pos {start} out of range for string b'{_text(text)}' at index {at}")
    begin = start + count if start < 0 else start
    part = units[begin:] if length < 0 else units[begin : begin + length]
    return part if isinstance(part, bytes) else part.encode(errors="surrogateescape")


def _cut_shape(strings: Tensor, pos: Tensor, len: Tensor, unit: str) -> TensorShape:
    ranks = pos.shape.ndims, len.shape.ndims
    if None not in ranks and ranks[0] != ranks[1]:
        raise ValueError(f"Shape must be rank {ranks[1]} but is rank {ranks[0]}")
    return broadcast_sizes(strings.shape, pos.shape)


Substr = define(
    "Substr",
    "input:string, pos:I, len:I -> output:string",
    shape=_cut_shape,
    kernel=_cut,
    grad=not_differentiable,
    host=["pos", "len"],
)


def substr(input: Any, pos: Any, len: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """The part of each string from `pos` on (from its end if negative), of at most `len` bytes or UTF-8 characters.

    `pos` and `len` are of one shape, which is broadcast with the input's. Raises InvalidArgumentError in a run for a
    `pos` beyond the string.
    """
    return Substr(input, pos, len, unit=_one_of("Substr", "unit", unit, _UNITS), name=name)


def _length(text: bytes, unit: str) -> int:
    return len(text) if unit == "BYTE" else sum(octet & 0xC0 != 0x80 for octet in text)


StringLength = _per_string("StringLength", "input:string -> output:int32", _length, np.int32)


def length(input: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """int32, how many bytes (or UTF-8 characters) each string has."""
    return StringLength(input, unit=_one_of("StringLength", "unit", unit, _UNITS), name=name)


StringStrip = _per_string("StringStrip", "input:string -> output:string", lambda text: text.strip())


def string_strip(input: Any, name: str | None = None) -> Tensor:
    """The strings without white space at their ends."""
    return StringStrip(input, name=name)


def _in_case(text: bytes, change: str, encoding: str) -> bytes:
    if encoding not in ("", "utf-8"):
        raise _invalid(f"only utf-8 or '' (no encoding) is supported, received {encoding}")
    if not encoding:
        return getattr(text, change)()  # of ASCII alone
    return getattr(text.decode(errors="surrogateescape"), change)().encode(errors="surrogateescape")


StringLower = _per_string("StringLower", "input:string -> output:string", partial(_in_case, change="lower"))
StringUpper = _per_string("StringUpper", "input:string -> output:string", partial(_in_case, change="upper"))


def lower(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """The strings in lower case: of ASCII letters, or of all with ``encoding="utf-8"``."""
    return StringLower(input, encoding=encoding, name=name)


def upper(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """The strings in upper case: of ASCII letters, or of all with ``encoding="utf-8"``."""
    return StringUpper(input, encoding=encoding, name=name)


# -- numbers --------------------------------------------------------------------------------------------------------


def _format(dtype: DType, precision: int, scientific: bool, shortest: bool, width: int, fill: str) -> str:
    """The format, in C's language, by which elements are written. Raises InvalidArgumentError as TensorFlow."""
    if len(fill) > 1:
        raise _invalid("Fill string must be one or fewer characters")
    if dtype.is_integer or dtype.is_bool:
        if scientific or shortest:
            raise _invalid(f"scientific and shortest format not supported for datatype {dtype.name}")
        if precision >= 0:
            raise _invalid(f"precision not supported for datatype {dtype.name}")
    if scientific and shortest:
        raise _invalid("Cannot select both scientific and shortest notation")
    if fill not in ("", " ", "+", "-", "0"):
        raise _invalid(f'Fill argument not supported: "{fill}"')
    letter = "d" if dtype.is_integer else "e" if scientific else "g" if shortest else "f"
    return f"%{fill}{width if width > -1 else ''}{f'.{precision}' if precision > -1 else ''}{letter}"


def _written(
    k: Any, numbers: np.ndarray, precision: int, scientific: bool, shortest: bool, width: int, fill: str
) -> np.ndarray:
    T = as_dtype(numbers.dtype)
    how = _format(T, precision, scientific, shortest, width, fill)
    found = np.empty(numbers.shape, object)
    items = numbers.astype(np.float64).ravel().tolist() if T.is_floating else np.asarray(numbers).ravel().tolist()
    if T.is_string:
        found.ravel()[:] = items
    elif T.is_bool:
        found.ravel()[:] = [b"true" if item else b"false" for item in items]
    elif T.is_complex:
        found.ravel()[:] = [f"({how % item.real},{how % item.imag})".encode() for item in items]
    else:
        found.ravel()[:] = [(how % item).encode() for item in items]
    return found


AsString = define(
    "AsString",
    "input:T -> output:string",
    shape=same_shape,
    kernel=_written,
    grad=not_differentiable,
    host=["input"],
)


def as_string(
    input: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Tensor:
    """Numbers as C's printf writes them: ``%d`` for integers, ``%f`` (or %e, %g) for others; true and false.

    Raises InvalidArgumentError in a run for formats that the dtype has not.
    """
    input = convert_to_tensor(input, name="input")
    how = {"precision": precision, "scientific": scientific, "shortest": shortest, "width": width, "fill": fill}
    return AsString(input, **how, name=name)


_FROM_STRINGS = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64, dtypes.uint32, dtypes.uint64)


def _number(text: bytes, out_type: DType) -> float | int:
    try:
        return number_from(text, out_type)
    except ValueError:
        raise _invalid(f"StringToNumberOp could not correctly convert string: {_text(text)}") from None


StringToNumber = define(
    "StringToNumber",
    "string_tensor:string -> output:out_type",
    shape=same_shape,
    kernel=lambda k, strings, out_type: _each(partial(_number, out_type=out_type), strings, out_type.numpy),
    grad=not_differentiable,
)


def string_to_number(
    string_tensor: Any = None, out_type: Any = dtypes.float32, name: str | None = None, input: Any = None
) -> Tensor:
    """The numbers that strings are. Raises InvalidArgumentError in a run for one that is none of `out_type`."""
    out_type = as_dtype(out_type)
    if out_type not in _FROM_STRINGS:
        names = ", ".join(dtype.name for dtype in _FROM_STRINGS)
        raise TypeError(
            f"Value passed to parameter 'out_type' has DataType {out_type.name} not in list of allowed values: {names}"
        )
    return StringToNumber(input if string_tensor is None else string_tensor, out_type=out_type, name=name)


# -- searched -------------------------------------------------------------------------------------------------------


def _static_replaced(text: bytes, pattern: str, rewrite: str, replace_global: bool) -> bytes:
    return replaced(compiled(_octets(pattern)), _octets(rewrite), text, replace_global)


def _octets(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _replaced(k: Any, strings: Strings, pattern: Strings, rewrite: Strings, replace_global: bool) -> np.ndarray:
    found, by = (np.asarray(item, object).item() for item in (pattern, rewrite))
    return _each(lambda text: replaced(compiled(found), by, text, replace_global), strings)


StaticRegexReplace = _per_string("StaticRegexReplace", "input:string -> output:string", _static_replaced)
RegexReplace = define(
    "RegexReplace",
    "input:string, pattern:string, rewrite:string -> output:string",
    shape=same_shape,
    kernel=_replaced,
    grad=not_differentiable,
)


def regex_replace(
    input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None
) -> Tensor:
    r"""The strings with what an RE2 pattern matches replaced by `rewrite`, in which \1 to \9 are groups, \0 all.

    Raises InvalidArgumentError in a run for what is no pattern, UnimplementedError for classes of Unicode (\p).
    """
    if isinstance(pattern, (str, bytes)) and isinstance(rewrite, (str, bytes)):
        how = {"pattern": pattern, "rewrite": rewrite, "replace_global": replace_global}
        return StaticRegexReplace(input, **how, name=name)
    return RegexReplace(input, pattern, rewrite, replace_global=replace_global, name=name)


def _matches(text: bytes, pattern: str | bytes) -> bool:
    return compiled(_octets(pattern)).fullmatch(text.decode(errors="surrogateescape")) is not None


StaticRegexFullMatch = _per_string("StaticRegexFullMatch", "input:string -> output:bool", _matches, bool)
RegexFullMatch = define(
    "RegexFullMatch",
    "input:string, pattern:string -> output:bool",
    shape=same_shape,
    kernel=lambda k, strings, pattern: _each(
        partial(_matches, pattern=np.asarray(pattern, object).item()), strings, bool
    ),
    grad=not_differentiable,
)


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Tensor:
    """bool, whether an RE2 pattern matches the whole of each string. Raises as `regex_replace`."""
    if isinstance(pattern, (str, bytes)):
        return StaticRegexFullMatch(input, pattern=pattern, name=name)
    return RegexFullMatch(input, pattern, name=name)


# -- hashed ---------------------------------------------------------------------------------------------------------


def _strong(text: bytes, num_buckets: int, key: Sequence[int]) -> int:
    if len(key) != 2:
        raise _invalid("Key must have 2 elements")
    return siphash(text, (key[0], key[1])) % num_buckets


_HASHED = "string_tensor:string -> output:int64"
StringToHashBucket = _per_string(
    "StringToHashBucket", _HASHED, lambda text, num_buckets: murmur64(text) % num_buckets, np.int64
)
StringToHashBucketFast = _per_string(
    "StringToHashBucketFast",
    _HASHED.replace("string_tensor", "input"),
    lambda text, num_buckets: farm64(text) % num_buckets,
    np.int64,
)
StringToHashBucketStrong = _per_string(
    "StringToHashBucketStrong", _HASHED.replace("string_tensor", "input"), _strong, np.int64
)


def _buckets(op: str, count: int) -> int:
    if count < 1:
        raise ValueError(f"Attr 'num_buckets' of '{op}' Op passed {count} less than minimum 1.")
    return count


def string_to_hash_bucket(
    string_tensor: Any = None, num_buckets: Any = None, name: str | None = None, input: Any = None
) -> Tensor:
    """int64, a number below `num_buckets` for each string, always the same for the same."""
    strings = input if string_tensor is None else string_tensor
    return StringToHashBucket(strings, num_buckets=_buckets("StringToHashBucket", num_buckets), name=name)


def string_to_hash_bucket_fast(input: Any, num_buckets: int, name: str | None = None) -> Tensor:
    """As `string_to_hash_bucket`, by another function (FarmHash), which newer programs use."""
    return StringToHashBucketFast(input, num_buckets=_buckets("StringToHashBucketFast", num_buckets), name=name)


def string_to_hash_bucket_strong(input: Any, num_buckets: int, key: Sequence[int], name: str | None = None) -> Tensor:
    """As `string_to_hash_bucket`, by a function (SipHash) that nobody foresees who has not the `key`, two integers."""
    count = _buckets("StringToHashBucketStrong", num_buckets)
    return StringToHashBucketStrong(input, num_buckets=count, key=list(key), name=name)


# -- encoded --------------------------------------------------------------------------------------------------------


def _encoded(text: bytes, pad: bool) -> bytes:
    found = base64.urlsafe_b64encode(text)
    return found if pad else found.rstrip(b"=")


def _decoded(text: bytes) -> bytes:
    bare = text.removesuffix(b"==") if len(text) % 4 == 0 else text
    bare = bare.removesuffix(b"=") if len(text) % 4 == 0 and bare is text else bare
    if len(bare) % 4 == 1:
        raise _invalid("Base64 string length cannot be 1 modulo 4.")
    if not re.fullmatch(rb"[A-Za-z0-9_-]*", bare):
        raise _invalid("Invalid character found in base64.")
    return base64.urlsafe_b64decode(bare + b"=" * (-len(bare) % 4))


EncodeBase64 = _per_string("EncodeBase64", "input:string -> output:string", _encoded)
DecodeBase64 = _per_string("DecodeBase64", "input:string -> output:string", _decoded)


def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Tensor:
    """The strings in base64, in the alphabet for the web (RFC 4648, section 5); ended by = with `pad`."""
    return EncodeBase64(input, pad=pad, name=name)


def decode_base64(input: Any, name: str | None = None) -> Tensor:
    """The strings that `encode_base64` encoded. Raises InvalidArgumentError in a run for what is none of them."""
    return DecodeBase64(input, name=name)


__all__ = [
    "as_string", "decode_base64", "encode_base64", "reduce_join", "regex_replace", "string_join", "string_split",
    "string_strip", "string_to_hash_bucket", "string_to_hash_bucket_fast", "string_to_hash_bucket_strong",
    "string_to_number", "substr",
]  # fmt: skip
