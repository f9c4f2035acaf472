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


@pytest.fixture(scope="module")
def make_store(node, helms):  # noqa: F811
    """Makes stores in namespaces of their own, which go with the module's tests."""
    stores = []

    def make(name, engine, major, plan="small"):
        store = Store(node, helms[major], name, engine, plan)
        stores.append(store)
        store.create_namespace()
        return store

    yield make
    if stores:
        node.must("delete", "namespace", "--ignore-not-found",
                  *(store.namespace for store in stores), timeout=180)
