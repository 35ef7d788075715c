"""Where the public names of contrib's smaller packages are defined; imported at first use."""

from __future__ import annotations

from tf1x.api import lazy, lazy_module
from tf1x.core.opdef import provide

_SLIM = "tf1x.lib.contrib.slim"

provide("tf1x.ops.inplace", "InplaceAdd", "InplaceSub", "InplaceUpdate")

for _name in ("make_ndarray", "make_tensor_proto"):
    lazy("tf1x.core.graphdef", f"contrib.util.{_name}")

for _name in ("EmbeddingInfo", "ProjectorConfig", "SpriteMetadata", "visualize_embeddings"):
    lazy("tf1x.lib.contrib.projector", f"contrib.tensorboard.plugins.projector.{_name}")

lazy("tf1x.ops.nn", "contrib.nn.nth_element", "nn.nth_element", attribute="NthElement")

for _module in ("data_decoder", "dataset", "tfexample_decoder"):
    lazy_module(f"{_SLIM}.{_module}", f"contrib.slim.{_module}")
lazy(f"{_SLIM}.training_loop", "contrib.slim.learning.train")
for _name in ("checkpoints_iterator", "evaluate_once", "evaluation_loop"):
    lazy(f"{_SLIM}.evaluation", f"contrib.slim.evaluation.{_name}")
lazy(f"{_SLIM}.data_provider", "contrib.slim.data_provider.DataProvider")
lazy(f"{_SLIM}.data_provider", "contrib.slim.dataset_data_provider.DatasetDataProvider")

provide(
    "tf1x.lib.contrib.summary_ops",
    "CloseSummaryWriter",
    "CreateSummaryFileWriter",
    "FlushSummaryWriter",
    "ImportEvent",
    "SummaryWriter",
    "WriteAudioSummary",
    "WriteGraphSummary",
    "WriteHistogramSummary",
    "WriteImageSummary",
    "WriteScalarSummary",
    "WriteSummary",
)
for _name in (
    "SummaryWriter",
    "all_summary_ops",
    "always_record_summaries",
    "audio",
    "create_file_writer",
    "create_summary_file_writer",
    "eval_dir",
    "flush",
    "generic",
    "graph",
    "histogram",
    "image",
    "import_event",
    "initialize",
    "never_record_summaries",
    "record_summaries_every_n_global_steps",
    "scalar",
    "should_record_summaries",
    "summary_writer_initializer_op",
):
    lazy("tf1x.lib.contrib.summary", f"contrib.summary.{_name}")

for _module, _names in {
    "adam_variants": "LazyAdamOptimizer NadamOptimizer",
    "averaging": "MovingAverageOptimizer",
    "external": "ExternalOptimizerInterface ScipyOptimizerInterface",
    "sign": (
        "AddSignOptimizer PowerSignOptimizer get_cosine_decay_fn get_linear_decay_fn "
        "get_restart_decay_fn"
    ),
    "weight_decay": (
        "AdamWOptimizer DecoupledWeightDecayExtension MomentumWOptimizer "
        "extend_with_decoupled_weight_decay"
    ),
}.items():
    for _name in _names.split():
        lazy(f"tf1x.lib.contrib.opt.{_module}", f"contrib.opt.{_name}")

lazy("tf1x.lib.profiler.options", "profiler.ProfileOptionBuilder")
lazy("tf1x.lib.profiler.model", "profiler.profile")
lazy_module("tf1x.lib.profiler.model", "contrib.tfprof.model_analyzer")

for _name in (
    "CrfDecodeBackwardRnnCell",
    "CrfDecodeForwardRnnCell",
    "CrfForwardRnnCell",
    "crf_binary_score",
    "crf_decode",
    "crf_log_likelihood",
    "crf_log_norm",
    "crf_multitag_sequence_score",
    "crf_sequence_score",
    "crf_unary_score",
    "viterbi_decode",
):
    lazy("tf1x.lib.contrib.crf", f"contrib.crf.{_name}")
for _name in ("OpLog", "OpLogProto", "merge_default_op_log", "write_op_log"):
    lazy("tf1x.lib.profiler.op_log", f"contrib.tfprof.tfprof_logger.{_name}")

lazy_module("tf1x.lib.profiler.op_log", "tools.tfprof.tfprof_log_pb2")

for _kind in ("sigmoid", "softmax", "sparse_softmax"):
    _name = f"deprecated_flipped_{_kind}_cross_entropy_with_logits"
    lazy("tf1x.lib.contrib.nn", f"contrib.nn.{_name}")

lazy("tf1x.lib.contrib.factorization.clustering", "contrib.factorization.KMeans")
for _name in (
    "COSINE_DISTANCE",
    "KMC2_INIT",
    "KMEANS_PLUS_PLUS_INIT",
    "RANDOM_INIT",
    "SQUARED_EUCLIDEAN_DISTANCE",
):
    lazy("tf1x.lib.contrib.factorization.clustering", f"contrib.factorization.{_name}")
