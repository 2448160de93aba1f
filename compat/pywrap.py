"""What programs reach for in tensorflow.python.pywrap_tensorflow, beside checkpoints' readers."""

from ..train.summary.writer import EventsWriter

__all__ = ["EventsWriter"]
