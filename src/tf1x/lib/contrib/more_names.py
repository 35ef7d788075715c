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

_EDITOR = "tf1x.lib.contrib.graph_editor"
for _module, _names in {
    "edit": (
        "bypass connect detach detach_control_inputs detach_control_outputs detach_inputs "
        "detach_outputs"
    ),
    "match": "OpMatcher matcher",
    "reroute": (
        "add_control_inputs remove_control_inputs reroute_inputs reroute_ios reroute_outputs "
        "reroute_ts swap_inputs swap_ios swap_outputs swap_ts"
    ),
    "select": (
        "check_cios compute_boundary_ts filter_ops filter_ops_from_regex filter_ts "
        "filter_ts_from_regex get_backward_walk_ops get_forward_walk_ops get_name_scope_ops "
        "get_ops_ios get_walks_intersection_ops get_walks_union_ops get_within_boundary_ops "
        "select_ops select_ops_and_ts select_ts"
    ),
    "subgraph": "SubGraphView make_view make_view_from_scope",
    "transform": (
        "Transformer assign_renamed_collections_handler copy copy_op_handler "
        "copy_with_input_replacements graph_replace keep_t_if_possible_handler "
        "replace_t_with_placeholder_handler transform_op_if_inside_handler transform_op_in_place"
    ),
    "util": (
        "ControlOutputs get_consuming_ops get_generating_ops get_tensors make_list_of_op "
        "make_list_of_t make_placeholder_from_dtype_and_shape make_placeholder_from_tensor "
        "placeholder_name"
    ),
}.items():
    lazy_module(f"{_EDITOR}.{_module}", f"contrib.graph_editor.{_module}")
    for _name in _names.split():
        lazy(f"{_EDITOR}.{_module}", f"contrib.graph_editor.{_name}")
lazy(f"{_EDITOR}.subgraph", "contrib.graph_editor.sgv", attribute="make_view")
lazy(f"{_EDITOR}.subgraph", "contrib.graph_editor.sgv_scope", attribute="make_view_from_scope")
lazy(
    f"{_EDITOR}.util",
    "contrib.graph_editor.ph",
    attribute="make_placeholder_from_dtype_and_shape",
)

for _name in ("copy_op_to_graph", "copy_variable_to_graph", "get_copied_op"):
    lazy("tf1x.lib.contrib.copy_graph", f"contrib.copy_graph.{_name}")

provide("tf1x.lib.contrib.memory_stats", "BytesInUse", "BytesLimit", "MaxBytesInUse")
for _name in ("BytesInUse", "BytesLimit", "MaxBytesInUse"):
    lazy("tf1x.lib.contrib.memory_stats", f"contrib.memory_stats.{_name}")

# -- forests -----------------------------------------------------------------------------------

provide(
    "tf1x.ops.forest",
    "CreateFertileStatsVariable",
    "CreateTreeVariable",
    "DecisionTreeResourceHandleOp",
    "FeatureUsageCounts",
    "FertileStatsDeserialize",
    "FertileStatsIsInitializedOp",
    "FertileStatsResourceHandleOp",
    "FertileStatsSerialize",
    "GrowTreeV4",
    "ProcessInputV4",
    "TraverseTreeV4",
    "TreeDeserialize",
    "TreeIsInitializedOp",
    "TreePredictionsV4",
    "TreeSerialize",
    "TreeSize",
    "UpdateModelV4",
)
for _module, _public in (
    ("graphs", "python.tensor_forest"),
    ("data_ops", "python.ops.data_ops"),
    ("random_forest", "client.random_forest"),
):
    lazy_module(f"tf1x.lib.contrib.tensor_forest.{_module}", f"contrib.tensor_forest.{_public}")

_GAN = "tf1x.lib.contrib.gan"
for _module, _names in {
    "models": (
        "ACGANModel CycleGANLoss CycleGANModel GANLoss GANModel GANTrainOps GANTrainSteps "
        "InfoGANModel acgan_model cyclegan_model gan_model infogan_model"
    ),
    "train": (
        "RunTrainOpsHook cyclegan_loss gan_loss gan_train gan_train_ops get_joint_train_hooks "
        "get_sequential_train_hooks"
    ),
}.items():
    for _name in _names.split():
        lazy(f"{_GAN}.{_module}", f"contrib.gan.{_name}")
lazy_module(f"{_GAN}.losses", "contrib.gan.losses")
lazy_module(f"{_GAN}.evaluation", "contrib.gan.eval")
for _name in ("GANEstimator", "SummaryType"):
    lazy(f"{_GAN}.estimator", f"contrib.gan.estimator.{_name}")

# -- boosted trees -----------------------------------------------------------------------------

provide(
    "tf1x.ops.learner",
    "BoostedLearnerCreate",
    "BoostedLearnerDeserialize",
    "BoostedLearnerHandle",
    "BoostedLearnerIsInitialized",
    "BoostedLearnerPredict",
    "BoostedLearnerSerialize",
    "BoostedLearnerStats",
    "BoostedLearnerTrain",
)
lazy_module(
    "tf1x.lib.contrib.boosted_trees.estimator", "contrib.boosted_trees.estimator_batch.estimator"
)
lazy_module("tf1x.core.learner_messages", "contrib.boosted_trees.proto.learner_pb2")
