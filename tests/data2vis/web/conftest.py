"""One network for all tests of the page."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from data2vis.recommend import Recommender
from data2vis.web.app import create_app
from data2vis.web.model import Model


@pytest.fixture(scope="session")
def recommender() -> Recommender:
    return Recommender()


@pytest.fixture(scope="session")
def app(recommender: Recommender) -> Flask:
    return create_app(Model(recommender))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
