"""A storm on three replicas while they are killed, stopped and cut off: no owner ever
has more Stores than the limit, and no place is lost for good. The recorder that says so
catches a peer that counts, then allows."""

import secrets

import pytest

from helm import helms  # noqa: F401
from storm import storm
from storm.arena import Arena


@pytest.fixture(scope="module")
def arena(helms):  # noqa: F811
    with Arena(helms[4], "cluster-storm-test") as arena:
        yield arena


@pytest.fixture
def at(arena):
    def strike(**shape):
        return storm.at(arena, storm.Shape(secrets.token_hex(4), **shape))

    yield strike
    arena.clear()


def test_a_peer_that_counts_then_allows_is_caught(at):
    outcome = at(peer="naive", seconds=6, faults=())
    assert outcome.highest > outcome.shape.limit, str(outcome)
    assert outcome.recorder.counts["past the limit"] > 0, str(outcome)
    # nothing but that
    assert len(outcome.problems) == 1, str(outcome)


def test_no_owner_ever_exceeds_the_quota(at):
    outcome = at(seconds=20)
    assert not outcome.problems, str(outcome)
