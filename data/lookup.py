"""tf.lookup and tf.contrib.lookup: tables that map strings or integers to values, and words to their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..engine.build import convert_to_tensor
from ..engine.dtypes import DType, as_dtype, int64, string
from ..engine.graph import Operation, Tensor, add_to_collection, get_collection, op_scope
from ..engine.ops.arithmetic import add, not_equal, where_v2
from ..engine.ops.basic import cast, no_op, size
from ..engine.ops.effects import group
from ..engine.ops.ranges import range as range_
from ..engine.ops.strings import as_string, string_to_hash_bucket_fast, string_to_hash_bucket_strong
from ..engine.sparse_tensor import SparseTensor
from ..scopes.keys import GraphKeys
from . import table_ops


def tables_initializer(name: str = "init_all_tables") -> Operation:
    """An operation that initializes every table of the graph."""
    initializers = get_collection(GraphKeys.TABLE_INITIALIZERS)
    return group(*initializers, name=name) if initializers else no_op(name=name)


initialize_all_tables = tables_initializer


class TextFileIndex:
    """What of a line `TextFileInitializer` takes, in place of the number of a column."""

    WHOLE_LINE = table_ops.WHOLE_LINE
    LINE_NUMBER = table_ops.LINE_NUMBER


class _Initializer:
    """Gives a table its entries. A subclass says how, in `initialize`."""

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        self.key_dtype: DType = as_dtype(key_dtype)
        self.value_dtype: DType = as_dtype(value_dtype)

    def initialize(self, table: _Table) -> Operation:
        raise NotImplementedError

    def _check(self, table: _Table) -> None:
        for what in ("key", "value"):
            mine, theirs = getattr(self, f"{what}_dtype"), getattr(table, f"{what}_dtype")
            if mine is not theirs:
                raise TypeError(f"Invalid {what} dtype for table, expected {mine.name} but got {theirs.name}.")


class KeyValueTensorInitializer(_Initializer):
    """Entries from a vector of keys and one of values."""

    def __init__(
        self, keys: Any, values: Any, key_dtype: Any = None, value_dtype: Any = None, name: str | None = None
    ) -> None:
        self._keys = convert_to_tensor(keys, key_dtype, name="keys")
        self._values = convert_to_tensor(values, value_dtype, name="values")
        self._name = name
        super().__init__(self._keys.dtype, self._values.dtype)

    def initialize(self, table: _Table) -> Operation:
        """The operation that gives `table` the entries. TypeError where its dtypes are others."""
        self._check(table)
        with op_scope(self._name, "key_value_init", [table.resource_handle, self._keys, self._values]):
            return table_ops.LookupTableImportV2(table.resource_handle, self._keys, self._values)


class TextFileInitializer(_Initializer):
    """Entries from a file's lines: for key and value a column's number, or one of `TextFileIndex`.

    `vocab_size` is how many lines are read (all, if None), `delimiter` what is between columns. Raises ValueError for
    columns that do not fit the dtypes; in a run NotFoundError, and InvalidArgumentError for lines that lack a column.
    """

    def __init__(
        self,
        filename: Any,
        key_dtype: Any,
        key_index: int,
        value_dtype: Any,
        value_index: int,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str | None = None,
        value_index_offset: int = 0,
    ) -> None:
        super().__init__(key_dtype, value_dtype)
        if not isinstance(filename, Tensor) and not filename:
            raise ValueError("Filename required for text file initializer")
        if value_index_offset:
            raise NotImplementedError("value_index_offset is not there")
        for what, index, dtype in (("key", key_index, self.key_dtype), ("value", value_index, self.value_dtype)):
            _check_column(what, index, dtype)
        if vocab_size is not None and vocab_size <= 0:
            raise ValueError(f"Invalid vocab_size {vocab_size}.")
        self._filename, self._name = convert_to_tensor(filename, string, name="asset_path"), name
        add_to_collection(GraphKeys.ASSET_FILEPATHS, self._filename)
        self._how: dict[str, Any] = {
            "key_index": key_index,
            "value_index": value_index,
            "vocab_size": -1 if vocab_size is None else vocab_size,
            "delimiter": delimiter,
        }

    def initialize(self, table: _Table) -> Operation:
        """The operation that reads the file into `table`. TypeError where its dtypes are others."""
        self._check(table)
        with op_scope(self._name, "text_file_init", [table.resource_handle]):
            return table_ops.InitializeTableFromTextFileV2(table.resource_handle, self._filename, **self._how)


def _check_column(what: str, index: int, dtype: DType) -> None:
    if index < -2:
        raise ValueError(f"Invalid {what} index {index}.")
    if index == TextFileIndex.LINE_NUMBER and dtype is not int64:
        raise ValueError(f"Signature mismatch. {what.capitalize()}s must be dtype int64, got {dtype.name}.")
    if index == TextFileIndex.WHOLE_LINE and not (dtype.is_string or dtype.is_integer):
        raise ValueError(f"Signature mismatch. {what.capitalize()}s must be integer or string, got {dtype.name}.")


class TextFileStringTableInitializer(TextFileInitializer):
    """Strings by the number of their line."""

    def __init__(
        self,
        filename: Any,
        key_column_index: int = TextFileIndex.LINE_NUMBER,
        value_column_index: int = TextFileIndex.WHOLE_LINE,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str = "text_file_string_table_init",
    ) -> None:
        super().__init__(filename, int64, key_column_index, string, value_column_index, vocab_size, delimiter, name)


class TextFileIdTableInitializer(TextFileInitializer):
    """The numbers of lines by what is in them."""

    def __init__(
        self,
        filename: Any,
        key_column_index: int = TextFileIndex.WHOLE_LINE,
        value_column_index: int = TextFileIndex.LINE_NUMBER,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str = "text_file_id_table_init",
        key_dtype: Any = string,
    ) -> None:
        super().__init__(filename, key_dtype, key_column_index, int64, value_column_index, vocab_size, delimiter, name)


class _Table:
    """A table, whose entries a session keeps. Missing keys get the `default_value`."""

    def __init__(self, key_dtype: DType, value_dtype: DType, default_value: Any, name: str) -> None:
        self.key_dtype, self.value_dtype = key_dtype, value_dtype
        self.name = name
        self.resource_handle: Tensor
        self.default_value = convert_to_tensor(default_value, value_dtype)
        if self.default_value.shape.ndims not in (None, 0):
            raise NotImplementedError("A table's values are scalars here, not vectors")

    def size(self, name: str | None = None) -> Tensor:
        """int64, the number of entries."""
        with op_scope(name, f"{self.name}_Size", [self.resource_handle]):
            return table_ops.LookupTableSizeV2(self.resource_handle)

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of `keys`, a tensor or a SparseTensor, in its shape. TypeError for keys of another dtype."""
        values = keys.values if isinstance(keys, SparseTensor) else keys
        with op_scope(name, f"{self.name}_Lookup", [self.resource_handle, values]):
            values = self._checked(values)
            found = table_ops.LookupTableFindV2(self.resource_handle, values, self.default_value)
        return SparseTensor(keys.indices, found, keys.dense_shape) if isinstance(keys, SparseTensor) else found

    def _checked(self, keys: Any) -> Tensor:
        keys = convert_to_tensor(keys, dtype_hint=self.key_dtype, name="keys")
        if keys.dtype is not self.key_dtype:
            raise TypeError(f"Dtype of argument `keys` must be {self.key_dtype}, received: {keys.dtype}")
        return keys

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """All keys, and all values, in the same order."""
        with op_scope(name, f"{self.name}_export_values", [self.resource_handle]):
            types: dict[str, Any] = {"Tkeys": self.key_dtype, "Tvalues": self.value_dtype}
            keys, values = table_ops.LookupTableExportV2(self.resource_handle, **types)
            return keys, values


class StaticHashTable(_Table):
    """A table that its `initializer` fills and nothing changes after that; `tables_initializer` runs them all.

    Looking up before that raises FailedPreconditionError in a run. In place of the `initializer` given, the attribute
    is the operation that it made.
    """

    def __init__(
        self,
        initializer: _Initializer,
        default_value: Any,
        name: str | None = None,
        experimental_is_anonymous: bool = False,
        shared_name: str | None = None,
    ) -> None:
        super().__init__(initializer.key_dtype, initializer.value_dtype, default_value, name or "hash_table")
        self.resource_handle = table_ops.HashTableV2(
            key_dtype=self.key_dtype,
            value_dtype=self.value_dtype,
            container="",
            shared_name=shared_name or "",
            use_node_name_sharing=False,
            name=self.name,
        )
        self.initializer = self.init = initializer.initialize(self)
        add_to_collection(GraphKeys.TABLE_INITIALIZERS, self.initializer)


class HashTable(StaticHashTable):
    """`StaticHashTable` with the arguments that it had in `tf.contrib.lookup`."""

    def __init__(
        self, initializer: _Initializer, default_value: Any, shared_name: str | None = None, name: str | None = None
    ) -> None:
        super().__init__(initializer, default_value, name, shared_name=shared_name)


class MutableHashTable(_Table):
    """A table that a run may change: `insert` and `remove` give operations. It begins empty in every session.

    Savers do not save it (`checkpoint` changes nothing).
    """

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        name: str = "MutableHashTable",
        checkpoint: bool = True,
        shared_name: str | None = None,
    ) -> None:
        super().__init__(as_dtype(key_dtype), as_dtype(value_dtype), default_value, name)
        self.resource_handle = table_ops.MutableHashTableV2(
            key_dtype=self.key_dtype,
            value_dtype=self.value_dtype,
            container="",
            shared_name=shared_name or "",
            use_node_name_sharing=False,
            name=name,
        )

    def insert(self, keys: Any, values: Any, name: str | None = None) -> Operation:
        """The operation that gives `keys` these values. TypeError for keys of another dtype."""
        with op_scope(name, f"{self.name}_lookup_table_insert", [self.resource_handle, keys, values]):
            values = convert_to_tensor(values, self.value_dtype, name="values")
            return table_ops.LookupTableInsertV2(self.resource_handle, self._checked(keys), values)

    def remove(self, keys: Any, name: str | None = None) -> Operation:
        """The operation after which `keys` have no values. TypeError for keys of another dtype."""
        with op_scope(name, f"{self.name}_lookup_table_remove", [self.resource_handle, keys]):
            return table_ops.LookupTableRemoveV2(self.resource_handle, self._checked(keys))


# -- words and their numbers ----------------------------------------------------------------------------------------


class HasherSpec(NamedTuple):
    """By which function words that are not in a table get one of its extra numbers."""

    hasher: str
    key: Any


FastHashSpec = HasherSpec("fasthash", None)


class StrongHashSpec(HasherSpec):
    """SipHash, with a key of two integers."""

    def __new__(cls, key: Sequence[int]) -> StrongHashSpec:
        if len(key) != 2:
            raise ValueError(f"`key` must have size 2, received: {key}")
        return super().__new__(cls, "stronghash", list(key))


class IdTableWithHashBuckets:
    """The numbers of words: those of a table, and for others one of `num_oov_buckets` numbers above them.

    Without a table there are only the latter. Keys are strings or integers.
    """

    def __init__(
        self,
        table: _Table | None,
        num_oov_buckets: int,
        hasher_spec: HasherSpec = FastHashSpec,
        name: str | None = None,
        key_dtype: Any = None,
    ) -> None:
        if table is None and num_oov_buckets <= 0:
            raise ValueError("If `table` is None, then `num_oov_buckets` must be > 0.")
        self._table, self._count, self._hasher = table, num_oov_buckets, hasher_spec
        self.key_dtype = as_dtype(key_dtype) if key_dtype is not None else string if table is None else table.key_dtype
        self.value_dtype = int64
        self.name = name or ("hash_bucket" if table is None else table.name)

    @property
    def initializer(self) -> Operation:
        return no_op() if self._table is None else self._table.initializer  # type: ignore[attr-defined]

    init = initializer

    @property
    def resource_handle(self) -> Tensor | None:
        return None if self._table is None else self._table.resource_handle

    def size(self, name: str | None = None) -> Tensor:
        """int64, how many numbers there are."""
        with op_scope(name, f"{self.name}_Size"):
            return convert_to_tensor(self._count, int64) if self._table is None else self._table.size() + self._count

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """int64, the numbers of `keys`, a tensor or a SparseTensor. TypeError for keys of another dtype."""
        values = keys.values if isinstance(keys, SparseTensor) else convert_to_tensor(keys, dtype_hint=self.key_dtype)
        if values.dtype is not self.key_dtype and not (values.dtype.is_integer and self.key_dtype.is_integer):
            raise TypeError(f"Dtype of argument `keys` must be {self.key_dtype}, received: {values.dtype}")
        with op_scope(name, f"{self.name}_Lookup", [values]):
            if self._table is not None and self._table.key_dtype is int64:
                values = cast(values, int64)
            found = self._number(values)
        return SparseTensor(keys.indices, found, keys.dense_shape) if isinstance(keys, SparseTensor) else found

    def _number(self, values: Tensor) -> Tensor:
        if self._count == 0 and self._table is not None:
            return self._table.lookup(values)
        words = values if values.dtype.is_string else as_string(values)
        buckets = self._bucket(words)
        if self._table is None:
            return buckets
        numbers = self._table.lookup(values)
        buckets = add(buckets, self._table.size(), name="Add")
        return where_v2(not_equal(numbers, self._table.default_value), numbers, buckets)

    def _bucket(self, words: Tensor) -> Tensor:
        if self._hasher.hasher == "stronghash":
            return string_to_hash_bucket_strong(words, self._count, self._hasher.key, name="hash_bucket")
        if self._hasher.hasher != "fasthash":
            raise ValueError(f"Unknown hasher {self._hasher.hasher}")
        return string_to_hash_bucket_fast(words, self._count, name="hash_bucket")


class StaticVocabularyTable(IdTableWithHashBuckets):
    """The numbers of words by an `initializer` (None: by hashes alone), and for others `num_oov_buckets` more."""

    def __init__(
        self,
        initializer: _Initializer | None,
        num_oov_buckets: int,
        lookup_key_dtype: Any = None,
        name: str | None = None,
        experimental_is_anonymous: bool = False,
    ) -> None:
        if num_oov_buckets <= 0:
            raise ValueError(f"`num_oov_buckets` must be > 0; use StaticHashTable. Received {num_oov_buckets}")
        if initializer is not None and initializer.value_dtype is not int64:
            raise TypeError(f"Invalid `value_dtype`, expected {int64!r} but got {initializer.value_dtype!r}.")
        table = None if initializer is None else StaticHashTable(initializer, -1, name=name)
        super().__init__(table, num_oov_buckets, name=name, key_dtype=lookup_key_dtype)


def _numbered(initializer: _Initializer, default_value: int, buckets: int, hasher: HasherSpec, dtype: DType) -> Any:
    table = StaticHashTable(initializer, default_value)
    return IdTableWithHashBuckets(table, buckets, hasher, key_dtype=dtype) if buckets else table


def _check_buckets(num_oov_buckets: int, dtype: DType) -> None:
    if num_oov_buckets < 0:
        raise ValueError(f"num_oov_buckets must be greater or equal than 0, got {num_oov_buckets}.")
    if not (dtype.is_integer or dtype.is_string):
        raise TypeError(f"Dtype for `keys` should be one of `tf.int32`, `tf.int64` or `tf.string`, got {dtype.name}.")


def index_table_from_tensor(
    vocabulary_list: Any = None,
    num_oov_buckets: int = 0,
    default_value: int = -1,
    hasher_spec: HasherSpec = FastHashSpec,
    dtype: Any = string,
    name: str | None = None,
    mapping: Any = None,
) -> Any:
    """A table from each word (string or integer) of a vector to its place in it.

    Others get the `default_value`, or with `num_oov_buckets` one of so many numbers above. `mapping` is an older name
    of `vocabulary_list`. Raises ValueError without one, TypeError for words of another dtype.
    """
    words = vocabulary_list if mapping is None else mapping
    if words is None:
        raise ValueError("`vocabulary_list` must be specified.")
    dtype = as_dtype(dtype)
    _check_buckets(num_oov_buckets, dtype)
    with op_scope(name, "string_to_index"):
        keys = convert_to_tensor(words)
        if keys.dtype.is_integer != dtype.is_integer:
            wanted = "integer" if dtype.is_integer else dtype.name
            raise ValueError(f"Invalid `dtype`: Expected {wanted}, got {keys.dtype!r}")
        values = cast(range_(size(keys)), int64)
        with op_scope(None, "hash_table"):
            keys = cast(keys, int64) if keys.dtype.is_integer else keys
            initializer = KeyValueTensorInitializer(keys, values, keys.dtype, int64, name="table_init")
            return _numbered(initializer, default_value, num_oov_buckets, hasher_spec, dtype)


def index_table_from_file(
    vocabulary_file: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: int | None = None,
    default_value: int = -1,
    hasher_spec: HasherSpec = FastHashSpec,
    key_dtype: Any = string,
    name: str | None = None,
    key_column_index: int = TextFileIndex.WHOLE_LINE,
    value_column_index: int = TextFileIndex.LINE_NUMBER,
    delimiter: str = "\t",
) -> Any:
    """A table from each line of a file to its number; else as `index_table_from_tensor`."""
    if vocabulary_file is None or (isinstance(vocabulary_file, (str, bytes)) and not vocabulary_file):
        raise ValueError("`vocabulary_file` must be specified and must not be empty.")
    key_dtype = as_dtype(key_dtype)
    _check_buckets(num_oov_buckets, key_dtype)
    with op_scope(name, "string_to_index"):
        with op_scope(None, "hash_table"):
            initializer = TextFileIdTableInitializer(
                vocabulary_file,
                key_column_index,
                value_column_index,
                vocab_size,
                delimiter,
                "table_init",
                int64 if key_dtype.is_integer else key_dtype,
            )
            return _numbered(initializer, default_value, num_oov_buckets, hasher_spec, key_dtype)


def index_to_string_table_from_tensor(
    vocabulary_list: Any = None, default_value: Any = "UNK", name: str | None = None, mapping: Any = None
) -> StaticHashTable:
    """A table from numbers (int64) to the strings of a vector; `mapping` is an older name of it."""
    words = vocabulary_list if mapping is None else mapping
    if words is None:
        raise ValueError("`vocabulary_list` must be specified.")
    with op_scope(name, "index_to_string"):
        values = convert_to_tensor(words, string)
        keys = cast(range_(size(values)), int64)
        initializer = KeyValueTensorInitializer(keys, values, int64, string, name="table_init")
        return StaticHashTable(initializer, default_value)


def index_to_string_table_from_file(
    vocabulary_file: Any,
    vocab_size: int | None = None,
    default_value: Any = "UNK",
    name: str | None = None,
    key_column_index: int = TextFileIndex.LINE_NUMBER,
    value_column_index: int = TextFileIndex.WHOLE_LINE,
    delimiter: str = "\t",
) -> StaticHashTable:
    """A table from numbers (int64) to the lines of a file."""
    if isinstance(vocabulary_file, (str, bytes)) and not vocabulary_file:
        raise ValueError("`vocabulary_file` must be specified and must not be empty.")
    with op_scope(name, "index_to_string"):
        columns = key_column_index, value_column_index
        initializer = TextFileStringTableInitializer(vocabulary_file, *columns, vocab_size, delimiter, "table_init")
        return StaticHashTable(initializer, default_value)


__all__ = [
    "KeyValueTensorInitializer", "StaticHashTable", "StaticVocabularyTable", "TextFileIndex", "TextFileInitializer",
]  # fmt: skip
