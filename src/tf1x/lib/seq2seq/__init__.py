"""Sequence to sequence networks: `tf.contrib.seq2seq`. Loaded at first use."""

from __future__ import annotations

from tf1x.api import lazy

_NAMES = {
    "attention": "AttentionMechanism BahdanauAttention LuongAttention hardmax",
    "attention_wrapper": "AttentionWrapper AttentionWrapperState",
    "basic_decoder": "BasicDecoder BasicDecoderOutput",
    "beam_search": (
        "BeamSearchDecoder BeamSearchDecoderOutput BeamSearchDecoderState "
        "FinalBeamSearchDecoderOutput"
    ),
    "beam_tensors": "gather_tree_from_array tile_batch",
    "decoder": "Decoder dynamic_decode",
    "decoder_functions": (
        "attention_decoder_fn_inference attention_decoder_fn_train dynamic_rnn_decoder "
        "prepare_attention simple_decoder_fn_inference simple_decoder_fn_train"
    ),
    "helpers": (
        "CustomHelper GreedyEmbeddingHelper Helper InferenceHelper SampleEmbeddingHelper "
        "ScheduledEmbeddingTrainingHelper ScheduledOutputTrainingHelper TrainingHelper"
    ),
    "loss": "sequence_loss",
    "monotonic_attention": (
        "BahdanauMonotonicAttention LuongMonotonicAttention monotonic_attention safe_cumprod"
    ),
}

for _module, _names in _NAMES.items():
    for _name in _names.split():
        lazy(f"tf1x.lib.seq2seq.{_module}", f"contrib.seq2seq.{_name}")
lazy("tf1x.ops.gather_tree", "contrib.seq2seq.gather_tree", attribute="GatherTree")
