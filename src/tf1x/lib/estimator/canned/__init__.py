"""Estimators whose model is ready to use, and the heads that they end in."""
