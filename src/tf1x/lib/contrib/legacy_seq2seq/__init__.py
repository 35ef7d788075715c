"""`tf.contrib.legacy_seq2seq`, and its older names under `tf.nn.seq2seq`. Loaded at first use."""

from __future__ import annotations

from tf1x.api import lazy

_NAMES = {
    "decoders": ("attention_decoder embedding_attention_decoder embedding_rnn_decoder rnn_decoder"),
    "losses": "model_with_buckets sequence_loss sequence_loss_by_example",
    "models": (
        "basic_rnn_seq2seq embedding_attention_seq2seq embedding_rnn_seq2seq "
        "embedding_tied_rnn_seq2seq one2many_rnn_seq2seq tied_rnn_seq2seq"
    ),
}

for _module, _names in _NAMES.items():
    for _name in _names.split():
        lazy(
            f"tf1x.lib.contrib.legacy_seq2seq.{_module}",
            f"contrib.legacy_seq2seq.{_name}",
            f"nn.seq2seq.{_name}",
        )
