"""Fixtures for tests on a real node. They need root."""

import os

import pytest

from cluster.client import Cluster


@pytest.fixture(scope="session")
def node():
    """A cluster with a node."""
    assert os.getuid() == 0, "a node needs root: make test-node as root"
    cluster = Cluster("cluster-node-test", node=True)
    cluster.up()
    yield cluster
    cluster.down()
