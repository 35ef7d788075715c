"""The public names under which Keras is published; it is loaded at first use."""

from tf1x.api import lazy_module

lazy_module("tf1x.lib.keras", "keras", "contrib.keras")
