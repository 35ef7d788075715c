"""Families of ops that few programs use: each is imported when one of its names is first used."""

from __future__ import annotations

from tf1x.api import lazy
from tf1x.core.opdef import provide

# -- candidate sampling ------------------------------------------------------------------------

_SAMPLING = "tf1x.ops.candidate_sampling"
provide(
    _SAMPLING,
    "AllCandidateSampler",
    "ComputeAccidentalHits",
    "FixedUnigramCandidateSampler",
    "LearnedUnigramCandidateSampler",
    "LogUniformCandidateSampler",
    "ThreadUnsafeUnigramCandidateSampler",
    "UniformCandidateSampler",
)
for _kind in ("all", "fixed_unigram", "learned_unigram", "log_uniform", "uniform"):
    lazy(_SAMPLING, f"nn.{_kind}_candidate_sampler", f"random.{_kind}_candidate_sampler")
lazy(_SAMPLING, "nn.compute_accidental_hits")
lazy("tf1x.ops.sampling_functions", "nn.nce_loss", "nn.sampled_softmax_loss")

# -- connectionist temporal classification -----------------------------------------------------

provide("tf1x.ops.ctc", "CTCBeamSearchDecoder", "CTCGreedyDecoder", "CTCLoss")
for _public in (
    "collapse_repeated",
    "ctc_beam_search_decoder",
    "ctc_beam_search_decoder_v2",
    "ctc_greedy_decoder",
    "ctc_loss",
    "ctc_loss_v2",
    "ctc_unique_labels",
):
    lazy("tf1x.ops.ctc_functions", f"nn.{_public}")

# -- dilation and erosion of images -------------------------------------------------------------

_MORPHOLOGY = "tf1x.ops.morphology"
provide(_MORPHOLOGY, "Dilation2D", "Dilation2DBackpropFilter", "Dilation2DBackpropInput")
lazy(_MORPHOLOGY, "nn.dilation2d", "nn.erosion2d")

# -- Fourier transforms ------------------------------------------------------------------------

_FFT = "tf1x.ops.fft"
for _rank in ("", "2D", "3D"):
    provide(_FFT, f"RFFT{_rank}", f"IRFFT{_rank}")
    for _kind in ("FFT", "IFFT"):
        _op = f"{_kind}{_rank}"
        _public = _op.lower()
        provide(_FFT, _op)
        lazy(_FFT, _public, f"spectral.{_public}", f"signal.{_public}", attribute=_op)
for _public in ("rfft", "rfft2d", "rfft3d", "irfft", "irfft2d", "irfft3d", "dct", "idct"):
    lazy("tf1x.ops.spectral", f"spectral.{_public}", f"signal.{_public}")
lazy("tf1x.ops.spectral", "signal.fftshift", "signal.ifftshift")

# -- signals -----------------------------------------------------------------------------------

for _public in (
    "frame",
    "hamming_window",
    "hann_window",
    "inverse_stft",
    "inverse_stft_window_fn",
    "linear_to_mel_weight_matrix",
    "mfccs_from_log_mel_spectrograms",
    "overlap_and_add",
    "stft",
):
    lazy("tf1x.ops.signal", f"signal.{_public}", f"contrib.signal.{_public}")
for _public in (
    "inverse_mdct",
    "kaiser_bessel_derived_window",
    "kaiser_window",
    "mdct",
    "vorbis_window",
):
    lazy("tf1x.ops.signal", f"signal.{_public}")

# -- linear algebra ----------------------------------------------------------------------------

provide("tf1x.ops.matrix_functions", "Lu", "MatrixLogarithm", "MatrixSquareRoot")
lazy("tf1x.ops.matrix_functions", "linalg.logm", attribute="MatrixLogarithm")
lazy(
    "tf1x.ops.matrix_functions", "linalg.sqrtm", "matrix_square_root", attribute="MatrixSquareRoot"
)
for _public in (
    "expm",
    "lu",
    "lu_matrix_inverse",
    "lu_reconstruct",
    "lu_solve",
    "matrix_rank",
    "matvec",
    "normalize",
    "pinv",
):
    lazy("tf1x.ops.matrix_functions", f"linalg.{_public}")
provide("tf1x.ops.tridiagonal", "TridiagonalMatMul", "TridiagonalSolve")
lazy("tf1x.ops.tridiagonal", "linalg.tridiagonal_matmul", "linalg.tridiagonal_solve")
for _kind in (
    "",
    "BlockDiag",
    "Diag",
    "FullMatrix",
    "Identity",
    "LowRankUpdate",
    "LowerTriangular",
    "ScaledIdentity",
):
    _public = f"linalg.LinearOperator{_kind}"
    lazy("tf1x.ops.linear_operator", _public, f"contrib.{_public}")

# -- gradients of imported graphs ----------------------------------------------------------------

provide(
    "tf1x.ops.gradient_ops",
    "BiasAddGrad",
    "ControlTrigger",
    "EluGrad",
    "LeakyReluGrad",
    "MirrorPadGrad",
    "Relu6Grad",
    "ReluGrad",
    "SeluGrad",
    "SoftplusGrad",
    "SoftsignGrad",
    "SparseSegmentMeanGrad",
    "SparseSegmentSqrtNGrad",
    "SparseSegmentSumGrad",
    "StridedSliceGrad",
)

# -- recurrent cells ---------------------------------------------------------------------------

provide("tf1x.ops.rnn", "BlockLSTM", "BlockLSTMV2", "GRUBlockCell", "LSTMBlockCell")

# -- beam search -------------------------------------------------------------------------------

provide("tf1x.ops.gather_tree", "GatherTree")

# -- summaries ---------------------------------------------------------------------------------

provide(
    "tf1x.ops.summary",
    "AudioSummary",
    "AudioSummaryV2",
    "HistogramSummary",
    "ImageSummary",
    "MergeSummary",
    "ScalarSummary",
    "TensorSummary",
    "TensorSummaryV2",
)
for _public in (
    "audio",
    "get_summary_description",
    "histogram",
    "image",
    "merge",
    "merge_all",
    "scalar",
    "tensor_summary",
    "text",
):
    lazy("tf1x.ops.summary_functions", f"summary.{_public}")
for _public in (
    "audio_summary",
    "histogram_summary",
    "image_summary",
    "merge_all_summaries",
    "merge_summary",
    "scalar_summary",
):
    lazy("tf1x.ops.summary_functions", _public, f"contrib.deprecated.{_public}")

# -- images ------------------------------------------------------------------------------------

provide(
    "tf1x.ops.image_codecs",
    "DecodeAndCropJpeg",
    "DecodeBmp",
    "DecodeGif",
    "DecodeImage",
    "DecodeJpeg",
    "DecodePng",
    "EncodeJpeg",
    "EncodeJpegVariableQuality",
    "EncodePng",
    "ExtractJpegShape",
)
for _op, _public in (
    ("DecodeAndCropJpeg", "decode_and_crop_jpeg"),
    ("DecodeBmp", "decode_bmp"),
    ("DecodeGif", "decode_gif"),
    ("DecodeJpeg", "decode_jpeg"),
    ("DecodePng", "decode_png"),
    ("EncodeJpeg", "encode_jpeg"),
    ("ExtractJpegShape", "extract_jpeg_shape"),
):
    lazy("tf1x.ops.image_codecs", f"image.{_public}", f"io.{_public}", attribute=_op)

# -- queues ------------------------------------------------------------------------------------

_QUEUES = "tf1x.ops.queues"
for _version in ("", "V2"):
    for _kind in ("FIFO", "PaddingFIFO", "Priority", "RandomShuffle"):
        provide(_QUEUES, f"{_kind}Queue{_version}")
    for _verb in ("Enqueue", "EnqueueMany", "Dequeue", "DequeueMany", "DequeueUpTo"):
        provide(_QUEUES, f"Queue{_verb}{_version}")
    provide(_QUEUES, *(f"Queue{_verb}{_version}" for _verb in ("Close", "Size", "IsClosed")))
provide(_QUEUES, "FakeQueue")
provide("tf1x.ops.clustering", "NearestNeighbors")
_CROSSES = "tf1x.ops.feature_crosses"
provide(_CROSSES, "Bucketize", "SparseCross", "SparseCrossV2")
lazy(_CROSSES, "sparse.cross", "sparse.cross_hashed")
provide(
    "tf1x.ops.sparse_map",
    "AddManySparseToTensorsMap",
    "AddSparseToTensorsMap",
    "TakeManySparseFromTensorsMap",
)
provide(
    "tf1x.ops.image_resize",
    "ResizeArea",
    "ResizeBicubic",
    "ResizeBicubicGrad",
    "ResizeBilinear",
    "ResizeBilinearGrad",
    "ResizeNearestNeighbor",
    "ResizeNearestNeighborGrad",
)
provide("tf1x.ops.image_crop", "CropAndResize", "CropAndResizeGradBoxes", "CropAndResizeGradImage")
provide(
    "tf1x.ops.image_color",
    "AdjustContrastv2",
    "AdjustHue",
    "AdjustSaturation",
    "HSVToRGB",
    "RGBToHSV",
)
lazy("tf1x.ops.image_color", "image.rgb_to_hsv", attribute="RGBToHSV")
lazy("tf1x.ops.image_color", "image.hsv_to_rgb", attribute="HSVToRGB")
provide(
    "tf1x.ops.image_boxes",
    "DrawBoundingBoxes",
    "DrawBoundingBoxesV2",
    "NonMaxSuppression",
    "NonMaxSuppressionV2",
    "NonMaxSuppressionV3",
    "NonMaxSuppressionV4",
    "NonMaxSuppressionV5",
    "NonMaxSuppressionWithOverlaps",
    "SampleDistortedBoundingBox",
    "SampleDistortedBoundingBoxV2",
)

# -- readers -----------------------------------------------------------------------------------

_READERS = "tf1x.ops.readers"
for _version in ("", "V2"):
    for _kind in ("FixedLengthRecord", "Identity", "TFRecord", "TextLine", "WholeFile"):
        provide(_READERS, f"{_kind}Reader{_version}")
    for _verb in (
        "NumRecordsProduced",
        "NumWorkUnitsCompleted",
        "Read",
        "ReadUpTo",
        "Reset",
        "RestoreState",
        "SerializeState",
    ):
        provide(_READERS, f"Reader{_verb}{_version}")
provide(_READERS, "LMDBReader")

# -- parsing of records ------------------------------------------------------------------------

provide("tf1x.ops.parsing", "ParseExample", "ParseExampleV2", "ParseSingleExample")
provide(
    "tf1x.ops.parsing_sequence",
    "ParseSequenceExample",
    "ParseSequenceExampleV2",
    "ParseSingleSequenceExample",
)
for _public in (
    "FixedLenFeature",
    "FixedLenSequenceFeature",
    "SparseFeature",
    "VarLenFeature",
    "parse_example",
    "parse_single_example",
    "parse_single_sequence_example",
):
    lazy("tf1x.ops.parsing_functions", _public, f"io.{_public}")
lazy("tf1x.ops.parsing_functions", "io.parse_sequence_example")

_BYTES = "tf1x.ops.parsing_bytes"
provide(
    _BYTES, "DecodeCompressed", "DecodePaddedRaw", "DecodeRaw", "ParseTensor", "SerializeTensor"
)
lazy(_BYTES, "decode_raw", "io.decode_raw", "parse_tensor", "io.parse_tensor")
lazy(_BYTES, "serialize_tensor", "io.serialize_tensor")
lazy(_BYTES, "decode_compressed", "io.decode_compressed")
_TEXT = "tf1x.ops.parsing_text"
provide(_TEXT, "DecodeCSV", "DecodeJSONExample")
lazy(_TEXT, "decode_csv", "io.decode_csv", "decode_json_example", "io.decode_json_example")

# -- whole files -------------------------------------------------------------------------------

provide("tf1x.ops.file_io", "MatchingFiles", "ReadFile", "WriteFile")
for _public in ("matching_files", "read_file", "write_file"):
    lazy("tf1x.ops.file_io", _public, f"io.{_public}")
for _module, _publics in (
    ("image_geometry", "central_crop crop_to_bounding_box flip_left_right flip_up_down"),
    ("image_geometry", "pad_to_bounding_box random_flip_left_right random_flip_up_down rot90"),
    ("image_geometry", "resize_image_with_crop_or_pad"),
    ("image_resizing", "ResizeMethod crop_and_resize resize_area resize_bicubic resize_bilinear"),
    ("image_resizing", "resize_image_with_pad resize_images resize_nearest_neighbor"),
    ("image_adjust", "adjust_brightness adjust_contrast adjust_gamma adjust_hue"),
    ("image_adjust", "adjust_saturation convert_image_dtype grayscale_to_rgb"),
    ("image_adjust", "per_image_standardization random_brightness random_contrast random_hue"),
    ("image_adjust", "random_saturation rgb_to_grayscale rgb_to_yiq rgb_to_yuv"),
    ("image_adjust", "yiq_to_rgb yuv_to_rgb"),
    ("image_box_functions", "draw_bounding_boxes non_max_suppression non_max_suppression_padded"),
    ("image_box_functions", "non_max_suppression_with_scores sample_distorted_bounding_box"),
    ("image_files", "adjust_jpeg_quality decode_image encode_png is_jpeg random_jpeg_quality"),
    ("image_quality", "image_gradients psnr sobel_edges ssim total_variation"),
):
    for _public in _publics.split():
        lazy(f"tf1x.ops.{_module}", f"image.{_public}")
for _module, _public, _attribute in (
    ("image_adjust", "image.per_image_whitening", "per_image_standardization"),
    (
        "image_box_functions",
        "image.non_max_suppression_overlaps",
        "non_max_suppression_with_overlaps",
    ),
    ("image_files", "io.decode_image", "decode_image"),
    ("image_files", "io.encode_png", "encode_png"),
    ("image_files", "io.is_jpeg", "is_jpeg"),
    ("image_geometry", "image.resize_with_crop_or_pad", "resize_image_with_crop_or_pad"),
    ("image_geometry", "image.transpose", "transpose"),
    ("image_geometry", "image.transpose_image", "transpose"),
    ("image_resizing", "image.resize", "resize_images"),
):
    lazy(f"tf1x.ops.{_module}", _public, attribute=_attribute)

provide("tf1x.ops.image_transform", "ImageProjectiveTransformV2")

# -- strings -----------------------------------------------------------------------------------

provide(
    "tf1x.ops.strings",
    "DecodeBase64",
    "EncodeBase64",
    "ReduceJoin",
    "StringJoin",
    "StringLength",
    "StringLower",
    "StringSplit",
    "StringSplitV2",
    "StringStrip",
    "StringUpper",
    "Substr",
    "UnsortedSegmentJoin",
)
provide("tf1x.ops.strings_numbers", "AsString", "StringToNumber", "UnicodeTranscode")
provide(
    "tf1x.ops.strings_regex",
    "RegexFullMatch",
    "RegexReplace",
    "StaticRegexFullMatch",
    "StaticRegexReplace",
)
provide(
    "tf1x.ops.strings_hash",
    "StringToHashBucket",
    "StringToHashBucketFast",
    "StringToHashBucketStrong",
)
for _module, _op, _names in (
    ("strings", "DecodeBase64", "decode_base64 io.decode_base64"),
    ("strings", "EncodeBase64", "encode_base64 io.encode_base64"),
    ("strings", "StringLower", "strings.lower"),
    ("strings", "StringStrip", "string_strip strings.strip"),
    ("strings", "StringUpper", "strings.upper"),
    ("strings_numbers", "AsString", "as_string strings.as_string dtypes.as_string"),
    ("strings_numbers", "UnicodeTranscode", "strings.unicode_transcode"),
    ("strings_hash", "StringToHashBucketFast", "string_to_hash_bucket_fast"),
    ("strings_hash", "StringToHashBucketFast", "strings.to_hash_bucket_fast"),
    ("strings_hash", "StringToHashBucketStrong", "string_to_hash_bucket_strong"),
    ("strings_hash", "StringToHashBucketStrong", "strings.to_hash_bucket_strong"),
):
    lazy(f"tf1x.ops.{_module}", *_names.split(), attribute=_op)
for _public, _attribute in (
    ("reduce_join", "reduce_join"),
    ("regex_replace", "regex_replace"),
    ("string_join", "string_join"),
    ("string_split", "string_split"),
    ("string_to_hash_bucket", "string_to_hash_bucket"),
    ("string_to_number", "string_to_number"),
    ("strings.join", "string_join"),
    ("strings.length", "string_length"),
    ("strings.reduce_join", "reduce_join"),
    ("strings.regex_full_match", "regex_full_match"),
    ("strings.regex_replace", "regex_replace"),
    ("strings.split", "string_split_v2"),
    ("strings.substr", "substr"),
    ("strings.to_hash_bucket", "string_to_hash_bucket"),
    ("strings.to_number", "string_to_number"),
    ("strings.unsorted_segment_join", "unsorted_segment_join"),
    ("substr", "substr"),
):
    lazy("tf1x.ops.strings_functions", _public, attribute=_attribute)

# -- lookup tables -----------------------------------------------------------------------------

provide(
    "tf1x.ops.lookup",
    "HashTableV2",
    "InitializeTableFromTextFileV2",
    "InitializeTableV2",
    "LookupTableExportV2",
    "LookupTableFindV2",
    "LookupTableImportV2",
    "LookupTableInsertV2",
    "LookupTableRemoveV2",
    "LookupTableSizeV2",
    "MutableDenseHashTableV2",
    "MutableHashTableOfTensorsV2",
    "MutableHashTableV2",
)

# -- staging areas -----------------------------------------------------------------------------

provide("tf1x.ops.staging", "Stage", "StageClear", "StagePeek", "StageSize", "Unstage")

# -- accumulators ------------------------------------------------------------------------------

provide(
    "tf1x.ops.accumulators",
    "ResourceAccumulatorApplyGradient",
    "ResourceAccumulatorNumAccumulated",
    "ResourceAccumulatorSetGlobalStep",
    "ResourceAccumulatorTakeGradient",
    "ResourceConditionalAccumulator",
)
lazy("tf1x.lib.accumulators", "ConditionalAccumulator", "ConditionalAccumulatorBase")

# -- boosted trees -----------------------------------------------------------------------------

_TREES = "tf1x.ops.boosted_trees"
provide(
    _TREES,
    "BoostedTreesCenterBias",
    "BoostedTreesCreateEnsemble",
    "BoostedTreesDeserializeEnsemble",
    "BoostedTreesEnsembleResourceHandleOp",
    "BoostedTreesExampleDebugOutputs",
    "BoostedTreesGetEnsembleStates",
    "BoostedTreesPredict",
    "BoostedTreesSerializeEnsemble",
    "BoostedTreesTrainingPredict",
    "BoostedTreesUpdateEnsemble",
    "BoostedTreesUpdateEnsembleV2",
    "IsBoostedTreesEnsembleInitialized",
)
provide(
    f"{_TREES}_stats",
    "BoostedTreesAggregateStats",
    "BoostedTreesCalculateBestFeatureSplit",
    "BoostedTreesCalculateBestFeatureSplitV2",
    "BoostedTreesCalculateBestGainsPerFeature",
    "BoostedTreesMakeStatsSummary",
)
provide(
    f"{_TREES}_quantiles",
    "BoostedTreesBucketize",
    "BoostedTreesCreateQuantileStreamResource",
    "BoostedTreesFlushQuantileSummaries",
    "BoostedTreesMakeQuantileSummaries",
    "BoostedTreesQuantileStreamResourceAddSummaries",
    "BoostedTreesQuantileStreamResourceDeserialize",
    "BoostedTreesQuantileStreamResourceFlush",
    "BoostedTreesQuantileStreamResourceGetBucketBoundaries",
    "BoostedTreesQuantileStreamResourceHandleOp",
    "IsBoostedTreesQuantileStreamResourceInitialized",
)
