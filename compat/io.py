"""tf.io: files, records, examples and pictures under their later names."""

from ..data.csv import decode_csv
from ..data.parsing import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    SparseFeature,
    VarLenFeature,
    parse_example,
    parse_single_example,
    parse_single_sequence_example,
    parse_tensor,
    serialize_tensor,
)
from ..data.queues import PaddingFIFOQueue, PriorityQueue, QueueBase, RandomShuffleQueue
from ..data.records import TFRecordCompressionType, TFRecordOptions, TFRecordWriter, tf_record_iterator
from ..engine.ops.codecs import (
    decode_bmp,
    decode_gif,
    decode_image,
    decode_jpeg,
    decode_png,
    decode_raw,
    encode_jpeg,
    encode_png,
)
from ..engine.ops.files import matching_files, read_file, write_file
from ..engine.ops.strings import decode_base64, encode_base64
from ..train.input import match_filenames_once
from . import io_gfile as gfile

__all__ = [
    "FixedLenFeature", "FixedLenSequenceFeature", "PaddingFIFOQueue", "PriorityQueue", "QueueBase",
    "RandomShuffleQueue", "SparseFeature", "TFRecordCompressionType", "TFRecordOptions", "TFRecordWriter",
    "VarLenFeature", "decode_base64", "decode_bmp", "decode_csv", "decode_gif", "decode_image",
    "decode_jpeg", "decode_png", "decode_raw", "encode_base64", "encode_jpeg", "encode_png", "gfile",
    "match_filenames_once",
    "matching_files",
    "parse_example", "parse_single_example", "parse_single_sequence_example", "parse_tensor", "read_file",
    "serialize_tensor", "tf_record_iterator", "write_file",
]  # fmt: skip
