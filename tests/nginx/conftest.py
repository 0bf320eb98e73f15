"""A rendered configuration and an application without servers behind them."""

from __future__ import annotations

import pytest

from control import bootstrap
from control.app import create_app
from control.cli.edge_certificates import ensure_door
from control.cli.init import initialise
from control.settings import load
from control.settings.sections import Edge, Mount, Protected, Vault
from nginx.render import text


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    (data / "sluice.toml").write_text("")
    initialise(load(data))
    return load(data).model_copy(
        update={
            "mounts": [Mount(name="demo", path="/srv/demo")],
            "protected": [Protected(name="forum", url="/gate/forum/", path="/srv/forum")],
        }
    )


@pytest.fixture(scope="session")
def rendered(settings):
    return text(settings)


@pytest.fixture(scope="session")
def door_rendered(settings):
    """Of a control host that edges ask."""
    ensure_door(settings.paths.keys)
    return text(settings.model_copy(update={"edge": Edge(door=8443)}))


@pytest.fixture(scope="session")
def edge_rendered(settings):
    """Of an edge that has the keys of these settings."""
    return text(settings.model_copy(update={"edge": Edge(origins=["10.0.0.1:8443", "origin.example:8443"])}))


@pytest.fixture(scope="session")
def store_rendered(settings):
    """Of a control host whose vault is a bucket."""
    vault = Vault(store="s3", endpoint="https://store.example", bucket="films", prefix="sluice/")
    return text(settings.model_copy(update={"vault": vault, "edge": Edge(door=8443)}))


@pytest.fixture(scope="session")
def app(settings):
    return create_app(bootstrap.services(settings))
