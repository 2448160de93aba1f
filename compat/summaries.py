"""The summaries of TensorFlow before 1.0: their tags are given, and are not the names of the ops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..engine.graph import Tensor
from ..scopes.keys import GraphKeys
from ..scopes.names import name_scope
from ..train.summary.ops import (
    BAD_COLOR,
    AudioSummaryV2,
    HistogramSummary,
    ImageSummary,
    ScalarSummary,
    collected,
    merge,
    merge_all,
)


def scalar_summary(tags: Any, values: Any, collections: Sequence[str] | None = None, name: str | None = None) -> Tensor:
    """A summary of real numbers, each under its tag: `tags` and `values` have one shape."""
    with name_scope(name, "ScalarSummary", [tags, values]) as scope:
        return collected(ScalarSummary(tags, values, name=scope), collections)


def histogram_summary(
    tag: Any, values: Any, collections: Sequence[str] | None = None, name: str | None = None
) -> Tensor:
    """A summary of how real numbers are distributed; see `tf.summary.histogram`."""
    with name_scope(name, "HistogramSummary", [tag, values]) as scope:
        return collected(HistogramSummary(tag, values, name=scope), collections)


def image_summary(
    tag: Any, tensor: Any, max_images: int = 3, collections: Sequence[str] | None = None, name: str | None = None
) -> Tensor:
    """A summary of up to `max_images` images of a batch; see `tf.summary.image`."""
    with name_scope(name, "ImageSummary", [tag, tensor]) as scope:
        summary = ImageSummary(tag, tensor, max_images=max_images, bad_color=BAD_COLOR, name=scope)
        return collected(summary, collections)


def audio_summary(
    tag: Any,
    tensor: Any,
    sample_rate: Any,
    max_outputs: int = 3,
    collections: Sequence[str] | None = None,
    name: str | None = None,
) -> Tensor:
    """A summary of up to `max_outputs` sounds of a batch; see `tf.summary.audio`."""
    with name_scope(name, "AudioSummary", [tag, tensor]) as scope:
        summary = AudioSummaryV2(tag, tensor, sample_rate, max_outputs=max_outputs, name=scope)
        return collected(summary, collections)


merge_summary = merge


def merge_all_summaries(key: Any = GraphKeys.SUMMARIES) -> Tensor | None:
    """One summary of all that are collected under `key`, or None."""
    return merge_all(key)


__all__ = [
    "audio_summary", "histogram_summary", "image_summary", "merge_all_summaries", "merge_summary", "scalar_summary",
]  # fmt: skip
