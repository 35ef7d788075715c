"""How `data2vis serve` does under load: clients at once, for some seconds, on this machine alone.

    python tools/data2vis_load.py                          8 clients for 60 seconds
    python tools/data2vis_load.py --clients 2 --seconds 5

Starts a server on a free port of the loopback device, lets each client send one request after the
other (the sample tables, 15 charts each, the answer read to its end), and prints requests, failures
(another status than 200, fewer charts than one, no answer), and the median and 95th percentile of
the times. The exit status is 1 if anything failed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "src" / "data2vis" / "web" / "samples"


@dataclass
class Figures:
    """What the clients met."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def client(port: int, number: int, until: float, figures: Figures) -> None:
    """Sends requests until the time is up; the last one is waited for."""
    tables = [path.read_text() for path in sorted(SAMPLES.glob("*.csv"))]
    turn = number
    while time.monotonic() < until:
        began = time.monotonic()
        problem = request(port, tables[turn % len(tables)])
        figures.seconds.append(time.monotonic() - began)
        if problem is not None:
            figures.failures.append(problem)
        turn += 1


def request(port: int, table: str) -> str | None:
    """What went wrong with one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        body = json.dumps({"table": table, "data": "shared"})
        connection.request("POST", "/api/suggest", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            return f"status {response.status}: {content[:200]!r}"
        return None if json.loads(content)["charts"] else "no charts"
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()


def start() -> tuple[subprocess.Popen[str], int]:
    """A server and its port."""
    command = [sys.executable, "-m", "data2vis", "serve", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    line = server.stdout.readline()
    found = re.search(r":(\d+) \(ready", line)
    if found is None:
        server.terminate()
        raise SystemExit(f"the server did not start: {line}")
    print(line.strip())
    return server, int(found[1])


def main() -> None:
    """Runs the clients and prints the figures."""
    parser = argparse.ArgumentParser(description="How `data2vis serve` does under load.")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    server, port = start()
    figures = Figures()
    try:
        until = time.monotonic() + arguments.seconds
        threads = [
            threading.Thread(target=client, args=(port, number, until, figures))
            for number in range(arguments.clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        server.terminate()
        server.wait()
    times = sorted(figures.seconds)
    print(f"{arguments.clients} clients, {arguments.seconds:g} s")
    print(f"requests  {len(times):>6}")
    print(f"failures  {len(figures.failures):>6}")
    print(f"median    {statistics.median(times):>6.2f} s")
    print(f"p95       {times[int(0.95 * (len(times) - 1))]:>6.2f} s")
    for problem in figures.failures[:10]:
        print(f"  {problem}", file=sys.stderr)
    sys.exit(bool(figures.failures))


if __name__ == "__main__":
    main()
