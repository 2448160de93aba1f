"""Floor 4, `tf.data`: what programs read their examples from."""

from . import experimental
from .dataset import AUTOTUNE, Dataset
from .files import FixedLengthRecordDataset, TextLineDataset, TFRecordDataset
from .iterators import (
    Iterator,
    get_output_classes,
    get_output_shapes,
    get_output_types,
    make_initializable_iterator,
    make_one_shot_iterator,
)
from .options import Options

__all__ = [
    "AUTOTUNE", "Dataset", "FixedLengthRecordDataset", "Iterator", "Options", "TFRecordDataset", "TextLineDataset",
    "experimental", "get_output_classes", "get_output_shapes", "get_output_types", "make_initializable_iterator",
    "make_one_shot_iterator",
]  # fmt: skip
