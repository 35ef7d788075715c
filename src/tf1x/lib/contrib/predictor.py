"""`tf.contrib.predictor`: a SavedModel as a function."""

from __future__ import annotations

from typing import Any

from tf1x.core.graph import Graph
from tf1x.lib.saved_model import loader, signature_constants, signatures, tag_constants
from tf1x.runtime.session import Session


class SavedModelPredictor:
    """Call it with a dictionary of inputs by name; it returns one of outputs.

    Attributes:
        graph, session: what runs the model.
        feed_tensors, fetch_tensors: the model's tensors by the names of its signature.
    """

    def __init__(
        self,
        export_dir: Any,
        signature_def_key: str | None = None,
        signature_def: Any = None,
        input_names: dict[str, str] | None = None,
        output_names: dict[str, str] | None = None,
        tags: str | None = None,
        graph: Graph | None = None,
        config: Any = None,
    ) -> None:
        given = [signature_def_key, signature_def, input_names or output_names]
        if sum(item is not None for item in given) > 1:
            raise ValueError(
                "You must specify at most one of signature_def_key, signature_def, and input_names "
                "with output_names."
            )
        self._graph = graph or Graph()
        with self._graph.as_default():
            self._session = Session(graph=self._graph, config=config)
            meta = loader.load(
                self._session, (tags or tag_constants.SERVING).split(","), export_dir
            )
            if input_names is not None and output_names is not None:
                tensor = self._graph.get_tensor_by_name
                self._feeds = {key: tensor(name) for key, name in input_names.items()}
                self._fetches = {key: tensor(name) for key, name in output_names.items()}
                return
            key = signature_def_key or signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY
            if signature_def is None and key not in meta.signature_def:
                raise ValueError(
                    f"Got signature_def_key {key!r}. Available signatures are "
                    f"{sorted(meta.signature_def)}."
                )
            signature = meta.signature_def[key] if signature_def is None else signature_def
            found = signatures.get_tensor_from_tensor_info
            self._feeds = {k: found(info) for k, info in signature.inputs.items()}
            self._fetches = {k: found(info) for k, info in signature.outputs.items()}

    def __call__(self, input_dict: dict[str, Any]) -> dict[str, Any]:
        unknown = set(input_dict) - set(self._feeds)
        if unknown:
            raise ValueError(
                f"Got unexpected keys in input_dict: {unknown}; expected: {set(self._feeds)}"
            )
        feeds = {self._feeds[key]: value for key, value in input_dict.items()}
        result: dict[str, Any] = self._session.run(self._fetches, feeds)
        return result

    @property
    def graph(self) -> Graph:
        return self._graph

    @property
    def session(self) -> Any:
        return self._session

    @property
    def feed_tensors(self) -> dict[str, Any]:
        return self._feeds

    @property
    def fetch_tensors(self) -> dict[str, Any]:
        return self._fetches


def from_saved_model(
    export_dir: Any,
    signature_def_key: str | None = None,
    signature_def: Any = None,
    input_names: dict[str, str] | None = None,
    output_names: dict[str, str] | None = None,
    tags: str | None = None,
    graph: Graph | None = None,
    config: Any = None,
) -> SavedModelPredictor:
    """A SavedModel as a function of a dictionary of inputs.

    Args:
        signature_def_key: which of its signatures, by default "serving_default".
        signature_def: a `SignatureDef` in place of one of those.
        input_names, output_names: names of tensors by key, in place of a signature.
        tags: tags of the graph, with commas between them; by default "serve".

    Raises:
        ValueError: there is no such signature, or more than one of the above is given.
    """
    return SavedModelPredictor(
        export_dir, signature_def_key, signature_def, input_names, output_names, tags, graph, config
    )
