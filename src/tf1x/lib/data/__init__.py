"""`tf.data`: input pipelines. Everything is imported when it is first used."""

from __future__ import annotations
