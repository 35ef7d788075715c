"""What a network is and how it is trained: a YAML or JSON file with the option names of 2018.

    model: AttentionSeq2Seq
    model_params:
      encoder.class: BidirectionalRNNEncoder
      encoder.params:
        rnn_cell: {cell_class: LSTMCell, cell_params: {num_units: 512}, num_layers: 2}
      ...

Options are known by their dotted names, whether a file nests them or not; `OPTIONS` has all of
them with their defaults. Class names may carry the paths that they had (`seq2seq.encoders.X`).
What the files of 2018 say of corpus files, vocabularies and output folders is read past: here the
command line says it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final

MODELS: Final = ("AttentionSeq2Seq", "BasicSeq2Seq")
LEVELS: Final = ("token", "character")


class ConfigError(ValueError):
    """A configuration that cannot be used; the message says what is wrong with which option."""


def _rnn_cell(part: str) -> dict[str, Any]:
    prefix = f"{part}.params.rnn_cell."
    return {
        f"{prefix}cell_class": "LSTMCell",
        f"{prefix}cell_params.num_units": 128,
        f"{prefix}num_layers": 1,
        f"{prefix}dropout_input_keep_prob": 1.0,
        f"{prefix}dropout_output_keep_prob": 1.0,
    }


# The options of a model, by their dotted names, and their defaults.
OPTIONS: Final[Mapping[str, Any]] = {
    "encoder.class": "BidirectionalRNNEncoder",
    **_rnn_cell("encoder"),
    "decoder.class": "AttentionDecoder",
    **_rnn_cell("decoder"),
    "attention.class": "AttentionLayerBahdanau",
    "attention.params.num_units": 128,
    "bridge.class": "ZeroBridge",
    "bridge.params.activation_fn": "",
    "embedding.dim": 100,
    "embedding.init_scale": 0.04,
    "embedding.share": False,
    "source.max_seq_len": 50,
    "source.reverse": True,
    "target.max_seq_len": 50,
    "inference.beam_search.beam_width": 0,
    "inference.beam_search.length_penalty_weight": 0.0,
    "inference.beam_search.choose_successors_fn": "choose_top_k",
    "optimizer.name": "Adam",
    "optimizer.params": {},
    "optimizer.learning_rate": 1e-4,
    "optimizer.clip_gradients": 5.0,
    "optimizer.lr_decay_type": "",
    "optimizer.lr_decay_steps": 100,
    "optimizer.lr_decay_rate": 0.99,
    "optimizer.lr_start_decay_at": 0,
    "optimizer.lr_stop_decay_at": 2**31 - 1,
    "optimizer.lr_min_learning_rate": 1e-12,
    "optimizer.lr_staircase": False,
}
_CELLS: Final = ("LSTMCell", "BasicLSTMCell", "GRUCell")
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "encoder.class": ("BidirectionalRNNEncoder", "UnidirectionalRNNEncoder"),
    "encoder.params.rnn_cell.cell_class": _CELLS,
    "decoder.class": ("AttentionDecoder", "BasicDecoder"),
    "decoder.params.rnn_cell.cell_class": _CELLS,
    "attention.class": ("AttentionLayerDot", "AttentionLayerBahdanau"),
    "bridge.class": ("ZeroBridge", "InitialStateBridge", "PassThroughBridge"),
    "bridge.params.activation_fn": ("", "tanh", "relu", "sigmoid"),
    "inference.beam_search.choose_successors_fn": ("choose_top_k",),
    "optimizer.name": ("Adam", "Adagrad", "Adadelta", "Ftrl", "Momentum", "RMSProp", "SGD"),
    "optimizer.lr_decay_type": ("", "exponential_decay", "inverse_time_decay", "natural_exp_decay"),
}
# What an attention-free model has in their place.
_BASIC: Final = {
    "decoder.class": "BasicDecoder",
    "encoder.class": "UnidirectionalRNNEncoder",
    "bridge.class": "InitialStateBridge",
}
# Said on the command line here, or made from the corpus.
_ELSEWHERE: Final = frozenset(
    ("vocab_source", "vocab_target", "input_pipeline_dev", "input_pipeline_train", "output_dir",
     "hooks", "metrics", "schedule")
)  # fmt: skip


@dataclass(frozen=True)
class Config:
    """A network and its training. `config["embedding.dim"]` is an option of the network."""

    model: str = "AttentionSeq2Seq"
    model_params: Mapping[str, Any] = field(default_factory=lambda: dict(OPTIONS))
    level: str = "token"  # of the texts: token or character
    batch_size: int = 32  # pairs
    targets_per_source: int = 1  # of a batch: a source read once serves so many targets
    permute_columns: bool = False  # other numbers for the columns each time a table is read
    buckets: str = ""  # lengths that sources are padded to, beside the longest: "24, 48"
    target_buckets: str = ""
    train_steps: int = 20_000
    eval_every_n_steps: int = 1000
    seed: int = 0

    def __getitem__(self, option: str) -> Any:
        return self.model_params[option]

    def to_json(self) -> dict[str, Any]:
        """The whole configuration; `from_mapping` reads it back."""
        return {**self.__dict__, "model_params": dict(self.model_params)}


_TRAINING: Final = tuple(name for name in Config.__dataclass_fields__ if name != "model_params")


def load(path: str | Path) -> Config:
    """The configuration in a YAML or JSON file, or one that ships: `token`, `char_bi`."""
    import yaml

    shipped = resources.files("data2vis") / "configs" / f"{path}.yml"
    file = shipped if shipped.is_file() else Path(path)
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        names = sorted(f.name[:-4] for f in (resources.files("data2vis") / "configs").iterdir())
        raise ConfigError(f"{error}; configurations that ship: {', '.join(names)}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is neither YAML nor JSON: {error}") from None
    return from_mapping(content, str(path))


def from_mapping(given: Any, name: str = "the configuration") -> Config:
    """A configuration with what is given in place of the defaults.

    Raises:
        ConfigError: unknown options (all are named), or values of a wrong type or out of range.
    """
    if not isinstance(given, Mapping):
        raise ConfigError(f"{name} must be a mapping with `model` and `model_params`")
    given = dict(given)
    params = given.pop("model_params", {})
    if not isinstance(params, Mapping):
        raise ConfigError(f"{name}: model_params must be a mapping")
    flat = _flattened(params)
    unknown = sorted(f"model_params.{k}" for k in set(flat) - set(OPTIONS) - _ELSEWHERE)
    unknown += sorted(str(k) for k in set(given) - set(_TRAINING) - _ELSEWHERE)
    if unknown:
        raise ConfigError(f"{name}: unknown options {', '.join(unknown)}; {_known()}")
    if "level" not in given and "source_delimiter" in str(given.get("input_pipeline_train", "")):
        given["level"] = _level(given["input_pipeline_train"])
    training = {k: v for k, v in given.items() if k in _TRAINING}
    if "model" in training:
        training["model"] = _class_name(training["model"])
    defaults = {**OPTIONS, **(_BASIC if training.get("model") == "BasicSeq2Seq" else {})}
    options = {k: _checked(k, flat.get(k, default), default) for k, default in defaults.items()}
    for key, value in training.items():
        _checked(key, value, Config.__dataclass_fields__[key].default)
    config = Config(**training, model_params=options)
    _check_together(config)
    return config


def _known() -> str:
    return f"known are model, model_params, {', '.join(_TRAINING[1:])}; model_params has {', '.join(OPTIONS)}"


def _level(pipeline: Any) -> str:
    params = pipeline.get("params", {}) if isinstance(pipeline, Mapping) else {}
    return "token" if params.get("source_delimiter", " ") else "character"


def _flattened(params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Options by their dotted names."""
    found: dict[str, Any] = {}
    for key, value in params.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and name not in OPTIONS and name not in _ELSEWHERE:
            found.update(_flattened(value, f"{name}."))
        else:
            found[name] = value
    return found


def _class_name(value: Any) -> Any:
    return value.rpartition(".")[2] if isinstance(value, str) else value


def _checked(name: str, value: Any, default: Any) -> Any:
    """A value of the type that the default has, of those that are possible."""
    if name in _CHOICES:
        value = _class_name(value)
        if value not in _CHOICES[name]:
            raise ConfigError(f"{name}: {value!r} is none of {', '.join(_CHOICES[name])}")
        return value
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if isinstance(default, float) and isinstance(value, str):  # YAML 1.1 reads 1e-4 as a text
        with suppress(ValueError):
            value = float(value)
    if type(value) is not type(default):
        raise ConfigError(f"{name}: {value!r} should be of type {type(default).__name__}")
    is_size = isinstance(value, int) and not isinstance(value, bool)
    if is_size and value < (0 if name.startswith(("optimizer", "inference", "seed")) else 1):
        raise ConfigError(f"{name}: {value} is too small")
    if name.endswith("keep_prob") and not 0.0 < value <= 1.0:
        raise ConfigError(f"{name}: {value} is no probability above 0")
    return value


def _check_together(config: Config) -> None:
    if config.model not in MODELS:
        raise ConfigError(f"model: {config.model!r} is none of {', '.join(MODELS)}")
    if config.level not in LEVELS:
        raise ConfigError(f"level: {config.level!r} is none of {', '.join(LEVELS)}")
    attends = config["decoder.class"] == "AttentionDecoder"
    if attends != (config.model == "AttentionSeq2Seq"):
        raise ConfigError(f"{config.model} does not go with a {config['decoder.class']}")
    if config["bridge.class"] == "PassThroughBridge":
        cells = [
            tuple(config[f"{part}.params.rnn_cell.{option}"] for part in ("encoder", "decoder"))
            for option in ("cell_class", "cell_params.num_units", "num_layers")
        ]
        if "Bi" in config["encoder.class"] or any(a != b for a, b in cells):
            raise ConfigError(
                "PassThroughBridge needs a UnidirectionalRNNEncoder with the cells of the decoder"
            )
    if config["embedding.share"] and config.level == "token":
        raise ConfigError("embedding.share: sources and targets have different tokens")
    for name in ("buckets", "target_buckets"):
        if not re.fullmatch(r"\s*|\s*[1-9]\d*(\s*,\s*[1-9]\d*)*\s*", getattr(config, name)):
            raise ConfigError(f'{name}: {getattr(config, name)!r}; write lengths: "24, 48"')
    if config.batch_size % config.targets_per_source:
        raise ConfigError("batch_size must be a multiple of targets_per_source")
