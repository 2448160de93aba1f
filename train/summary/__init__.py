"""`tf.summary`: what a program shows of itself on TensorBoard."""

from .messages import Event, HistogramProto, SessionLog, Summary, SummaryMetadata
from .ops import audio, histogram, image, merge, merge_all, scalar, tensor_summary, text
from .writer import FileWriter, FileWriterCache

__all__ = [
    "Event", "FileWriter", "FileWriterCache", "HistogramProto", "SessionLog", "Summary", "SummaryMetadata", "audio",
    "histogram", "image", "merge", "merge_all", "scalar", "tensor_summary", "text",
]  # fmt: skip
