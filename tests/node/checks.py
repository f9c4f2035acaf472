"""What holds for any store that runs on the node."""

from decimal import Decimal

SUFFIXES = {"m": Decimal("0.001"), "k": 1000, "Ki": 2 ** 10, "Mi": 2 ** 20,
            "Gi": 2 ** 30}


def amount(text):
    """A quantity's value."""
    for suffix, factor in SUFFIXES.items():
        if text.endswith(suffix):
            return Decimal(text[:-len(suffix)]) * factor
    return Decimal(text)


def events(store):
    return [f"{e['involvedObject']['name']}: {e['reason']}: {e['message']}"
            for e in store.items("events")]


def assert_inside_bounds(store):
    """Guarded, within the quota, and within Pod Security restricted."""
    quota = store.quota()
    for key, used in quota["used"].items():
        assert amount(used) <= amount(quota["hard"][key]), f"{key}: {quota}"
    assert amount(quota["used"]["pods"]) > 0, quota
    for pod in store.items("pods"):
        for container in pod["spec"]["containers"] + pod["spec"].get("initContainers", []):
            bounds = container["resources"]
            for side in ("requests", "limits"):
                assert set(bounds[side]) >= {"cpu", "memory"}, \
                    f"{pod['metadata']['name']}/{container['name']}: {bounds}"
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"], container["name"]
            assert not security["allowPrivilegeEscalation"], container["name"]
    refused = [e for e in events(store) if "FailedCreate" in e]
    assert refused == []
