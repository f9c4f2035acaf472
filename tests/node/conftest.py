"""Fixtures for tests on a real node. They need root."""

import os

import pytest

from cluster.client import Cluster
from helm import helms  # noqa: F401
from node.stores import Store


@pytest.fixture(scope="session")
def node():
    """A cluster with a node."""
    assert os.getuid() == 0, "a node needs root: make test-node as root"
    cluster = Cluster("cluster-node-test", node=True)
    cluster.up()
    yield cluster
    cluster.down()


@pytest.fixture(scope="session")
def make_store(node, helms):  # noqa: F811
    """Stores by name, engine and Helm; each in a namespace of its own."""
    def make(name, engine, major=4, **kwargs):
        store = Store(node, helms[major], name, engine, **kwargs)
        store.create_namespace()
        return store
    return make
