"""`tf.summary.scalar` and its like: ops whose results are serialized Summary messages."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...engine.build import convert_to_tensor, is_tensor_like
from ...engine.dtypes import INTEGERS, bfloat16, float16, float32, float64, uint8
from ...engine.graph import Tensor, add_to_collections, get_collection
from ...engine.protos import tensor_values
from ...engine.registry import brackets, define, not_differentiable, scalar_shape
from ...scopes.keys import GraphKeys
from ...scopes.names import name_scope
from .histogram import histogram as histogram_fields
from .messages import SUMMARY, SummaryMetadata
from .pictures import audio_fields, image_fields, to_bytes

_log = logging.getLogger("scopeflow")
_REALS = (float32, float64, *INTEGERS, bfloat16, float16)
BAD_COLOR = (255, 0, 0, 255)  # red


def _text(tag: Any) -> str:
    tag = tag[()] if isinstance(tag, np.ndarray) else tag
    return tag.decode() if isinstance(tag, bytes) else tag


def _result(*values: dict[str, Any]) -> np.ndarray:
    return _bytes(SUMMARY.encode({"value": values}))


def _bytes(serialized: bytes) -> np.ndarray:
    array = np.empty((), object)
    array[()] = serialized
    return array


# -- the ops ----------------------------------------------------------------------------------------------------------


def _scalar_kernel(k: Any, tags: np.ndarray, values: np.ndarray, **_: Any) -> np.ndarray:
    if tags.shape != values.shape:
        of_one = f" (tag '{_text(tags)}')" if tags.ndim == 0 else ""
        raise ValueError(
            f"tags and values are not the same shape: {brackets(tags.shape)} != {brackets(values.shape)}{of_one}"
        )
    with np.errstate(over="ignore"):
        numbers = values.astype(np.float32).ravel().tolist()
    return _result(*({"tag": _text(t), "simple_value": v} for t, v in zip(tags.ravel(), numbers, strict=True)))


ScalarSummary = define(
    "ScalarSummary",
    "tags:string, values:T -> summary:string",
    shape=scalar_shape,
    kernel=_scalar_kernel,
    grad=not_differentiable,
    types={"T": _REALS},
    host=["tags", "values"],
)


def _histogram_kernel(k: Any, tag: np.ndarray, values: np.ndarray, **_: Any) -> np.ndarray:
    if tag.ndim:
        raise ValueError("tag must be scalar")
    try:
        fields = histogram_fields(values)
    except ValueError as error:
        raise ValueError(f"{error} for: {_text(tag)}") from None
    return _result({"tag": _text(tag), "histo": fields})


HistogramSummary = define(
    "HistogramSummary",
    "tag:string, values:T -> summary:string",
    shape=scalar_shape,
    kernel=_histogram_kernel,
    grad=not_differentiable,
    types={"T": _REALS},
    host=["tag", "values"],
)


def _numbered(tag: str, kind: str, count: int, most: int) -> list[str]:
    """The tags of the images (or sounds) of a batch."""
    return [f"{tag}/{kind}"] if most == 1 else [f"{tag}/{kind}/{i}" for i in range(count)]


def _image_kernel(k: Any, tag: np.ndarray, tensor: np.ndarray, max_images: int, bad_color: Any, **_: Any) -> np.ndarray:
    if tensor.ndim != 4 or tensor.shape[-1] not in (1, 3, 4):
        raise ValueError(f"Tensor must be 4-D with last dim 1, 3, or 4, not {brackets(tensor.shape)}")
    if 0 in tensor.shape[1:]:
        raise ValueError(f"input tensor must have non-zero dims. Found: {brackets(tensor.shape)}.")
    images = list(tensor[:max_images])
    if tensor.dtype != np.uint8:
        color = np.asarray(bad_color, np.uint8)
        if color.ndim != 1 or color.size < tensor.shape[-1]:
            raise ValueError(f"expected depth <= bad_color.size, got depth = {tensor.shape[-1]}, size = {color.size}")
        images = [to_bytes(image, color) for image in images]
    tags = _numbered(_text(tag), "image", len(images), max_images)
    return _result(*({"tag": t, "image": image_fields(image)} for t, image in zip(tags, images, strict=False)))


ImageSummary = define(
    "ImageSummary",
    "tag:string, tensor:T -> summary:string",
    shape=scalar_shape,
    kernel=_image_kernel,
    grad=not_differentiable,
    types={"T": (uint8, float32, float16, float64)},
    host=["tag", "tensor"],
)


def _audio_kernel(
    k: Any, tag: np.ndarray, tensor: np.ndarray, sample_rate: np.ndarray, max_outputs: int, **_: Any
) -> np.ndarray:
    if tensor.ndim not in (2, 3):
        raise ValueError("Tensor must be 3-D or 2-D, got: " + brackets(tensor.shape))
    if sample_rate <= 0:
        raise ValueError("sample_rate must be > 0")
    sounds = tensor[:max_outputs] if tensor.ndim == 3 else tensor[:max_outputs, :, np.newaxis]
    tags = _numbered(_text(tag), "audio", len(sounds), max_outputs)
    return _result(
        *({"tag": t, "audio": audio_fields(s, float(sample_rate))} for t, s in zip(tags, sounds, strict=False))
    )


AudioSummaryV2 = define(
    "AudioSummaryV2",
    "tag:string, tensor:float32, sample_rate:float32 -> summary:string",
    shape=scalar_shape,
    kernel=_audio_kernel,
    grad=not_differentiable,
    host=["tag", "tensor", "sample_rate"],
)


def _tensor_kernel(k: Any, tag: np.ndarray, tensor: np.ndarray, metadata: np.ndarray) -> np.ndarray:
    described = SummaryMetadata.message.decode(metadata[()])
    return _result({"tag": _text(tag), "tensor": tensor_values(tensor), "metadata": described})


TensorSummaryV2 = define(
    "TensorSummaryV2",
    "tag:string, tensor:T, serialized_summary_metadata:string -> summary:string",
    shape=scalar_shape,
    kernel=_tensor_kernel,
    grad=not_differentiable,
    host=["tag", "tensor", "serialized_summary_metadata"],
)


def _merge_kernel(k: Any, *inputs: np.ndarray) -> np.ndarray:
    merged = [one for array in inputs for one in array.ravel().tolist()]
    seen: set[str] = set()
    for serialized in merged:
        for value in SUMMARY.decode(serialized)["value"]:
            if value["tag"] in seen:
                raise ValueError(f"Duplicate tag {value['tag']} found in summary inputs")
            seen.add(value["tag"])
    return _bytes(b"".join(merged))  # their bytes one after the other are the merged message's


MergeSummary = define(
    "MergeSummary",
    "inputs:string* -> summary:string",
    shape=scalar_shape,
    kernel=_merge_kernel,
    grad=not_differentiable,
    host=["inputs"],
)


# -- names and tags ---------------------------------------------------------------------------------------------------

_NOT_IN_A_TAG = re.compile(r"[^-/\w\.]", re.ASCII)


def _clean(name: str | None) -> str | None:
    """A name as a scope may have it: what cannot stand there is an underscore, and no slash begins it."""
    if name is None:
        return None
    clean = _NOT_IN_A_TAG.sub("_", name).lstrip("/")
    if clean != name:
        _log.info("Summary name %s is illegal; using %s instead.", name, clean)
    return clean


@contextmanager
def _summary_scope(
    name: str | None, family: str | None, values: Sequence[Any], default_name: str | None = None
) -> Iterator[tuple[str, str]]:
    """(The tag, the scope) of a summary: the tag is the op's full name, after the family's where there is one."""
    name, family = _clean(name), _clean(family)
    with name_scope(name if family is None else f"{family}/{name}", default_name, values) as scope:
        tag = scope.rstrip("/")
        yield (tag if family is None else f"{family}/{tag}"), scope


def collected(summary: Tensor, collections: Sequence[str] | None) -> Tensor:
    """The summary, once it is in its collections (by default GraphKeys.SUMMARIES)."""
    add_to_collections([GraphKeys.SUMMARIES] if collections is None else collections, summary)
    return summary


# -- tf.summary -------------------------------------------------------------------------------------------------------


def scalar(name: str, tensor: Any, collections: Sequence[str] | None = None, family: str | None = None) -> Tensor:
    """A summary of one real number (a scalar string tensor). Its tag is the op's name, scopes included.

    `collections` defaults to GraphKeys.SUMMARIES, which `merge_all` merges. Summaries of a `family` stand together on
    TensorBoard. A run raises InvalidArgumentError where the value is no scalar.
    """
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        return collected(ScalarSummary(tag, tensor, name=scope), collections)


def histogram(name: str, values: Any, collections: Sequence[str] | None = None, family: str | None = None) -> Tensor:
    """A summary of how real numbers of any shape are distributed, in TensorFlow's buckets.

    A run raises InvalidArgumentError for NaN and infinity.
    """
    with _summary_scope(name, family, [values], "HistogramSummary") as (tag, scope):
        return collected(HistogramSummary(tag, values, name=scope), collections)


def image(
    name: str,
    tensor: Any,
    max_outputs: int = 3,
    collections: Sequence[str] | None = None,
    family: str | None = None,
) -> Tensor:
    """A summary of up to `max_outputs` images of a batch [N, H, W, C], C of 1, 3 or 4, as PNGs (through Pillow).

    uint8 is shown as it is. Each image of floats is scaled to it on its own: without negative values so that its
    largest is 255, else so that zero is 128; pixels with NaN or infinity are red.
    """
    if max_outputs < 1:
        raise ValueError(f"Attr 'max_images' of 'ImageSummary' Op passed {max_outputs} less than minimum 1.")
    if not is_tensor_like(tensor) and np.asarray(tensor).dtype not in (np.uint8, np.float16, np.float64):
        tensor = np.asarray(tensor, np.float32)
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        summary = ImageSummary(tag, tensor, max_images=max_outputs, bad_color=BAD_COLOR, name=scope)
        return collected(summary, collections)


def audio(
    name: str,
    tensor: Any,
    sample_rate: Any,
    max_outputs: int = 3,
    collections: Sequence[str] | None = None,
    family: str | None = None,
) -> Tensor:
    """A summary of up to `max_outputs` sounds, float32 in [-1, 1]: [N, frames] or [N, frames, channels], as WAVs."""
    if max_outputs < 1:
        raise ValueError(f"Attr 'max_outputs' of 'AudioSummaryV2' Op passed {max_outputs} less than minimum 1.")
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        sample_rate = convert_to_tensor(sample_rate, float32, name="sample_rate")
        summary = AudioSummaryV2(tag, tensor, sample_rate, max_outputs=max_outputs, name=scope)
        return collected(summary, collections)


def tensor_summary(
    name: str,
    tensor: Any,
    summary_description: str | None = None,
    collections: Sequence[str] | None = None,
    summary_metadata: SummaryMetadata | None = None,
    family: str | None = None,
    display_name: str | None = None,
) -> Tensor:
    """A summary of a whole tensor; `summary_metadata` tells a plugin of TensorBoard's what to make of it."""
    metadata = SummaryMetadata()
    if summary_metadata is not None:
        metadata.CopyFrom(summary_metadata)
    if summary_description:
        metadata.summary_description = summary_description
    if display_name:
        metadata.display_name = display_name
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        return collected(TensorSummaryV2(tag, tensor, metadata.SerializeToString(), name=scope), collections)


def text(name: str, tensor: Any, collections: Sequence[str] | None = None) -> Tensor:
    """A summary of text (Markdown): a string tensor of any shape. Raises ValueError for another dtype."""
    tensor = convert_to_tensor(tensor)
    if not tensor.dtype.is_string:
        raise ValueError(f"Expected tensor {tensor.name} to have dtype string, got {tensor.dtype}")
    metadata = SummaryMetadata(plugin_data={"plugin_name": "text"})
    return tensor_summary(name, tensor, collections=collections, summary_metadata=metadata)


def merge(inputs: Sequence[Any], collections: Sequence[str] | None = None, name: str | None = None) -> Tensor:
    """One summary of several. Raises ValueError for none; a run refuses two of the same tag."""
    if not inputs:
        raise ValueError("List argument 'inputs' to 'MergeSummary' Op with length 0 shorter than minimum length 1.")
    cleaned = _clean(name)
    with name_scope(cleaned, "Merge", inputs):
        merged = MergeSummary(*inputs, name=cleaned)
    add_to_collections(collections or [], merged)
    return merged


def merge_all(key: Any = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None) -> Tensor | None:
    """One summary of all that are collected under `key` (with `scope`, of those whose names it matches), or None."""
    summaries = get_collection(key, scope)
    return merge(summaries, name=name) if summaries else None
