"""`decode_csv`: columns from lines of comma-separated values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..engine.build import is_tensor_like, to_array
from ..engine.dtypes import DType, as_dtype, float32, float64, int32, int64, string
from ..engine.errors import InvalidArgumentError, OpError
from ..engine.graph import Tensor
from ..engine.ops.numerals import number_from
from ..engine.registry import define, not_differentiable
from ..engine.shapes import TensorShape

_TYPES = (float32, float64, int32, int64, string)
_NAMES = {float32: "float", float64: "double"}


def _invalid(message: str) -> OpError:
    return InvalidArgumentError(None, None, message)


def _fields(record: bytes, delimiter: bytes, quotes: bool) -> list[bytes]:
    """The fields of a line (RFC 4180: one in quotes may hold delimiters, ends of lines, and quotes doubled)."""
    fields: list[bytes] = []
    position, end = 0, len(record)
    while position < end or (fields and record[end - 1 : end] == delimiter and position == end):
        if quotes and record[position : position + 1] == b'"':
            field, position = _quoted(record, position + 1, delimiter)
        else:
            stop = record.find(delimiter, position)
            stop = end if stop < 0 else stop
            field, position = record[position:stop], stop + 1
            if quotes and any(octet in field for octet in b'"\r\n'):
                raise _invalid("Unquoted fields cannot have quotes/CRLFs inside")
        fields.append(field)
    return fields


def _quoted(record: bytes, position: int, delimiter: bytes) -> tuple[bytes, int]:
    """A field whose opening quote is behind, and where the next begins."""
    parts = []
    while True:
        stop = record.find(b'"', position)
        if stop < 0:
            raise _invalid("Quoted field has to end with quote followed by delim or end")
        parts.append(record[position:stop])
        after = record[stop + 1 : stop + 2]
        if after != b'"':
            if after not in (delimiter, b""):
                raise _invalid("Quote inside a string has to be escaped by another quote")
            return b'"'.join(parts), stop + 2
        position = stop + 2


def _decoded(
    k: Any,
    records: np.ndarray,
    *defaults: np.ndarray,
    field_delim: str,
    use_quote_delim: bool,
    na_value: str,
    select_cols: Sequence[int],
    OUT_TYPE: Sequence[DType],
) -> list[np.ndarray]:
    if len(field_delim) != 1:
        raise _invalid("field_delim should be only 1 char")
    columns: list[list[Any]] = [[] for _ in OUT_TYPE]
    records = np.asarray(records, object)
    for number, record in enumerate(records.ravel().tolist()):
        fields = _fields(record, field_delim.encode(), use_quote_delim)
        found = [fields[column] for column in select_cols if column < len(fields)] if select_cols else fields
        if len(found) != len(OUT_TYPE):
            raise _invalid(f"Expect {len(OUT_TYPE)} fields but have {len(found)} in record {number}")
        for position, (field, column) in enumerate(zip(found, columns, strict=True)):
            column.append(_value(field, na_value, defaults[position], OUT_TYPE[position], (position, number)))
    return [_as_array(column, dtype).reshape(records.shape) for column, dtype in zip(columns, OUT_TYPE, strict=True)]


def _value(field: bytes, na_value: str, default: np.ndarray, dtype: DType, place: tuple[int, int]) -> Any:
    if not field or field == na_value.encode():
        if not default.size:
            raise _invalid(f"Field {place[0]} is required but missing in record {place[1]}!")
        return default.ravel()[0]
    if dtype is string:
        return field
    try:
        return number_from(field, dtype)
    except ValueError:
        text = field.decode(errors="backslashreplace")
        name = _NAMES.get(dtype, dtype.name)
        raise _invalid(f"Field {place[0]} in record {place[1]} is not a valid {name}: {text}") from None


def _as_array(values: list[Any], dtype: DType) -> np.ndarray:
    array = np.empty(len(values), dtype.numpy)
    array[:] = values
    return array


def _shapes(records: Tensor, *defaults: Tensor, OUT_TYPE: Sequence[DType], **_: Any) -> list[TensorShape]:
    for default in defaults:
        sizes = default.shape.sizes
        if sizes is not None and (len(sizes) > 1 or (sizes and sizes[0] not in (None, 0, 1))):
            raise ValueError("Shape of a default must be a length-0 or length-1 vector, or a scalar.")
    return [records.shape] * len(OUT_TYPE)


DecodeCSV = define(
    "DecodeCSV",
    "records:string, record_defaults:any* -> output:OUT_TYPE*",
    shape=_shapes,
    kernel=_decoded,
    grad=not_differentiable,
)


def decode_csv(
    records: Any,
    record_defaults: Sequence[Any],
    field_delim: str = ",",
    use_quote_delim: bool = True,
    name: str | None = None,
    na_value: str = "",
    select_cols: Sequence[int] | None = None,
) -> list[Tensor]:
    """A tensor for each column, of the shape of `records`, whose strings are lines of comma-separated values.

    `record_defaults` has for each column its value where the field is empty or `na_value` (an empty tensor: it must
    not be), and its dtype: float32, float64, int32, int64 or string. `select_cols` are the columns wanted, ascending.
    Raises TypeError for another dtype, ValueError for columns out of order; in a run InvalidArgumentError for lines of
    another number of fields, and for a field that is no number of its column's dtype.
    """
    if select_cols is not None and any(a >= b for a, b in pairwise(select_cols)):
        raise ValueError("select_cols is not strictly increasing.")
    if select_cols is not None and any(column < 0 for column in select_cols):
        raise ValueError("select_cols contains negative values.")
    if select_cols is not None and len(select_cols) != len(record_defaults):
        raise ValueError("Length of select_cols and record_defaults do not match.")
    types = [_type_of(default) for default in record_defaults]
    return DecodeCSV(
        records,
        *record_defaults,
        field_delim=field_delim,
        use_quote_delim=use_quote_delim,
        na_value=na_value,
        select_cols=list(select_cols or ()),
        OUT_TYPE=types,
        name=name,
    )


def _type_of(default: Any) -> DType:
    dtype = default.dtype if is_tensor_like(default) else as_dtype(to_array(default).dtype)
    if dtype not in _TYPES:
        raise TypeError(
            f"Value passed to parameter 'record_defaults' has DataType {dtype.name} not in list of allowed values: "
            "float32, float64, int32, int64, string"
        )
    return dtype


__all__ = ["decode_csv"]
