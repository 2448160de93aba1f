"""Embeddings of contrib.layers: sequences of ids, and lookups that gather each id once."""

from __future__ import annotations

from typing import Any

from ...engine.build import convert_to_tensor
from ...engine.graph import Tensor, op_scope
from ...engine.ops import basic
from ...engine.ops.indexing import gather
from ...engine.ops.indexing import unique as unique_of
from ...engine.ops.joining import concat
from ...engine.sparse_tensor import SparseTensor
from ...nn import embedding as nn
from ...nn.embedding import embedding_lookup
from ...scopes.scope import variable_scope
from .variables import model_variable


def embedding_lookup_unique(params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None) -> Tensor:
    """`nn.embedding_lookup` that gathers each id once, however often it comes."""
    with op_scope(name, "EmbeddingLookupUnique", [params, ids]):
        ids = convert_to_tensor(ids)
        found, places = unique_of(basic.reshape(ids, [-1]))
        rows = gather(embedding_lookup(params, found, partition_strategy), places)
        result = basic.reshape(rows, concat([basic.shape(ids), basic.shape(rows)[1:]], 0))
        result.set_shape(ids.shape.concatenate(rows.shape[1:]))
        return result


def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: SparseTensor,
    sparse_weights: SparseTensor | None = None,
    combiner: str | None = None,
    default_id: int | None = None,
    name: str | None = None,
    partition_strategy: str = "div",
    max_norm: float | None = None,
) -> Tensor:
    """`nn.safe_embedding_lookup_sparse`, by "mean" where no combiner is given."""
    how = combiner or "mean", default_id, name, partition_strategy, max_norm
    return nn.safe_embedding_lookup_sparse(embedding_weights, sparse_ids, sparse_weights, *how)


def embed_sequence(
    ids: Any,
    vocab_size: int | None = None,
    embed_dim: int | None = None,
    unique: bool = False,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Any = None,
    reuse: Any = None,
) -> Tensor:
    """[batch, length] ids as [batch, length, embed_dim] rows of the variable `embeddings` [vocab_size, embed_dim].

    The variable stands in `scope` or "EmbedSequence". Raises ValueError where its sizes are not given and it is not to
    be shared.
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError(
            "Must specify vocab size and embedding dimension when not reusing. "
            f"Got vocab_size={vocab_size} and embed_dim={embed_dim}"
        )
    with variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        shape = None if vocab_size is None or embed_dim is None else [vocab_size, embed_dim]
        table = model_variable(
            "embeddings", shape=shape, initializer=initializer, regularizer=regularizer, trainable=trainable
        )
        return embedding_lookup_unique(table, ids) if unique else embedding_lookup(table, ids)


__all__ = ["embed_sequence", "embedding_lookup_unique", "safe_embedding_lookup_sparse"]
