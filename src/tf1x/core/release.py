"""Whose checks apply: those of TensorFlow 1.15, or with `TF1X_RELEASE=1.0` those of an older release.

Later releases of TensorFlow 1 refuse some programs that earlier ones ran. tf1x follows the last one;
a program that was written for an older one can ask for that.
"""

from __future__ import annotations

import os


def before(release: str) -> bool:
    """Whether the release that the program asks for is older than `release`, such as "1.13".

    Raises:
        ValueError: `TF1X_RELEASE` is not the number of a release of TensorFlow 1.
    """
    wanted = os.environ.get("TF1X_RELEASE", "1.15")
    return _minor(wanted) < _minor(release)


def _minor(release: str) -> int:
    parts = release.split(".")
    if len(parts) < 2 or parts[0] != "1" or not all(part.isdecimal() for part in parts):
        raise ValueError(
            f"TF1X_RELEASE must be a release of TensorFlow 1 such as 1.0 or 1.13, not {release!r}."
        )
    return int(parts[1])
