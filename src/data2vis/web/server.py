"""`data2vis serve`: waitress around the application."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any, Final

from data2vis.config import ConfigError
from data2vis.recommend import COUNT, Recommender
from data2vis.web import samples
from data2vis.web.app import MAX_REQUEST, create_app
from data2vis.web.gate import RUNNING, WAITING
from data2vis.web.model import Model

# All that the gate lets wait, and some for the page's files and for saying no.
_THREADS: Final = RUNNING + WAITING + 6


def make_server(model: Model, host: str, port: int) -> Any:
    """A server that listens; `run()` serves until `close()`."""
    import waitress

    try:
        return waitress.create_server(
            create_app(model), host=host, port=port, threads=_THREADS, ident=None,
            # Up to here it is the application that refuses, which names the limit.
            max_request_body_size=10 * MAX_REQUEST,
        )  # fmt: skip
    except OSError as error:
        raise ConfigError(
            f"{host}:{port} cannot be listened on: {error.strerror or error}; try another --port"
        ) from None


def port_of(server: Any) -> int:
    """The port that a server listens on."""
    if hasattr(server, "effective_port"):
        return int(server.effective_port)
    return int(server.effective_listen[0][1])  # of several sockets


def serve(host: str, port: int, model_dir: Path | None, beam_width: int = COUNT) -> None:
    """Serves until it is interrupted."""
    began = time.perf_counter()
    model = Model(Recommender(model_dir), beam_width)
    server = make_server(model, host, port)
    model.recommender.recommend(samples.some(), 1)  # its programs are compiled, or read, before
    logging.getLogger("waitress").setLevel(logging.ERROR)  # not each time that requests queue
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{port_of(server)}"
    seconds = time.perf_counter() - began
    print(f"Data2Vis: {address} (ready in {seconds:.1f} s; Ctrl+C ends it)", flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
