"""tf.contrib.tensorboard.plugins.projector: what TensorBoard's projector is told of embeddings."""

from __future__ import annotations

import os
from typing import Any

from ...engine.message import MessageObject
from ...engine.wire import Field, Message

_FILE_NAME = "projector_config.pbtxt"
_SPRITE = Message(
    "SpriteMetadata", Field(1, "image_path", "string"), Field(2, "single_image_dim", "uint32", repeated=True)
)
_EMBEDDING = Message(
    "EmbeddingInfo",
    Field(1, "tensor_name", "string"),
    Field(2, "metadata_path", "string"),
    Field(3, "bookmarks_path", "string"),
    Field(4, "tensor_shape", "uint32", repeated=True),
    Field(5, "sprite", _SPRITE),
    Field(6, "tensor_path", "string"),
)


class SpriteMetadata(MessageObject):
    """One picture of all rows, and the width and height of each."""

    message = _SPRITE


class EmbeddingInfo(MessageObject):
    """An embedding: its tensor's name in the checkpoint, and the file of its rows' labels."""

    message = _EMBEDDING
    classes = {"sprite": SpriteMetadata}


class ProjectorConfig(MessageObject):
    """All embeddings: ``config.embeddings.add().tensor_name = "embedding:0"``."""

    message = Message(
        "ProjectorConfig",
        Field(1, "model_checkpoint_path", "string"),
        Field(2, "embeddings", _EMBEDDING, repeated=True),
        Field(3, "model_checkpoint_dir", "string"),
    )
    classes = {"embeddings": EmbeddingInfo}


def visualize_embeddings(summary_writer: Any, config: ProjectorConfig) -> None:
    """Write the configuration beside a writer's event files, where TensorBoard looks for it.

    Raises ValueError for a writer without a folder.
    """
    logdir = summary_writer.get_logdir()
    if logdir is None:
        raise ValueError("Summary writer must have a logdir")
    os.makedirs(logdir, exist_ok=True)
    with open(os.path.join(logdir, _FILE_NAME), "w", encoding="utf-8") as file:
        file.write(str(config))


__all__ = ["EmbeddingInfo", "ProjectorConfig", "SpriteMetadata", "visualize_embeddings"]
