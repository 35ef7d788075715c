"""`tf.contrib.training`; imported at first use."""

from __future__ import annotations

from tf1x.api import lazy

lazy("tf1x.lib.contrib.training.hparam", "contrib.training.HParams")
