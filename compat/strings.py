"""tf.strings: ops on strings under their later names."""

from ..engine.ops.strings import (
    as_string,
    length,
    lower,
    reduce_join,
    regex_full_match,
    regex_replace,
    split,
    substr,
    upper,
)
from ..engine.ops.strings import string_join as join
from ..engine.ops.strings import string_strip as strip
from ..engine.ops.strings import string_to_hash_bucket as to_hash_bucket
from ..engine.ops.strings import string_to_hash_bucket_fast as to_hash_bucket_fast
from ..engine.ops.strings import string_to_hash_bucket_strong as to_hash_bucket_strong
from ..engine.ops.strings import string_to_number as to_number

__all__ = [
    "as_string", "join", "length", "lower", "reduce_join", "regex_full_match", "regex_replace", "split", "strip",
    "substr", "to_hash_bucket", "to_hash_bucket_fast", "to_hash_bucket_strong", "to_number", "upper",
]  # fmt: skip
