"""Symbols to vectors: `embed_sequence`, `bow_encoder`, lookups of unique ids."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.lib.contrib.framework.variables import model_variable
from tf1x.lib.contrib.layers.functions import dense_to_sparse
from tf1x.lib.variable_scope import variable_scope
from tf1x.ops import array, embedding, reduce
from tf1x.ops.array_gather import gather
from tf1x.ops.array_moves import concat
from tf1x.ops.array_select import unique as unique_values
from tf1x.ops.embedding import embedding_lookup


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
) -> Any:
    """[batch, length] ids as [batch, length, embed_dim] rows of the variable `embeddings`.

    Args:
        vocab_size, embed_dim: the variable's shape; may be left out with `reuse`.
        unique: look each different id up once.
        scope: of the variable; by default `EmbedSequence`, made unique.

    Raises:
        ValueError: no shape, and no `reuse`.
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError(
            "Must specify vocab size and embedding dimension when not reusing. Got "
            f"vocab_size={vocab_size} and embed_dim={embed_dim}"
        )
    with variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        known = vocab_size is not None and embed_dim is not None
        embeddings = model_variable(
            "embeddings", shape=[vocab_size, embed_dim] if known else None,
            initializer=initializer, regularizer=regularizer, trainable=trainable,
        )  # fmt: skip
        if unique:
            return embedding_lookup_unique(embeddings, ids)
        return embedding_lookup(embeddings, ids)


def bow_encoder(
    ids: Any,
    vocab_size: int,
    embed_dim: int,
    sparse_lookup: bool = True,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Any = None,
    reuse: Any = None,
) -> Any:
    """The mean embedding of each document: [batch, length] ids to [batch, embed_dim].

    Args:
        sparse_lookup: ids of 0 are padding and do not count; a document without others gets the
            embedding of id 0.
        scope: of the variable `embeddings`; by default `bow_encoder`, made unique.

    Raises:
        ValueError: no `vocab_size` or `embed_dim`.
        TypeError: sparse ids, and `sparse_lookup` is false.
    """
    if not vocab_size or not embed_dim:
        raise ValueError("Must specify vocab size and embedding dimension")
    with variable_scope(scope, "bow_encoder", [ids], reuse=reuse):
        embeddings = model_variable(
            "embeddings", shape=[vocab_size, embed_dim], initializer=initializer,
            regularizer=regularizer, trainable=trainable,
        )  # fmt: skip
        is_sparse = hasattr(ids, "dense_shape")
        if sparse_lookup:
            sparse_ids = ids if is_sparse else dense_to_sparse(ids)
            return embedding.safe_embedding_lookup_sparse(
                [embeddings], sparse_ids, combiner="mean", default_id=0
            )
        if is_sparse:
            raise TypeError("ids are expected to be dense Tensor, got: %s", ids)
        return reduce.reduce_mean(embedding_lookup(embeddings, ids), 1)


def embedding_lookup_unique(
    params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None
) -> Any:
    """`tf.nn.embedding_lookup`, each different id looked up once."""
    with scopes.name_scope(name, "EmbeddingLookupUnique", [params, ids]):
        ids = convert.to_tensor(ids)
        shape = array.shape(ids)
        flat = array.reshape(ids, reduce.reduce_prod(shape, keepdims=True))
        different, index = unique_values(flat)
        rows = embedding_lookup(params, different, partition_strategy)
        found = array.reshape(gather(rows, index), concat([shape, array.shape(rows)[1:]], 0))
        found.set_shape(ids.shape.concatenate(rows.shape[1:]))
        return found


def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: Any,
    sparse_weights: Any = None,
    combiner: str | None = None,
    default_id: int | None = None,
    name: str | None = None,
    partition_strategy: str = "div",
    max_norm: float | None = None,
) -> Any:
    """`tf.nn.safe_embedding_lookup_sparse`; a `combiner` of None is "mean"."""
    return embedding.safe_embedding_lookup_sparse(
        embedding_weights, sparse_ids, sparse_weights, combiner or "mean", default_id, name,
        partition_strategy, max_norm,
    )  # fmt: skip
