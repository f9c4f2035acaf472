"""Who may call whom in a guarded store, as cyclonus computes it."""

import ipaddress

import pytest

from network import model


@pytest.mark.parametrize("name", model.cases())
def test_connectivity(name, tmp_path):
    case = model.Case(name)
    objects = model.guarded(case, tmp_path)
    inside = model.insiders(case, objects)
    want = model.intended(case, inside)
    got = model.computed(objects, inside, tmp_path)
    wrong = model.differences(want, got)
    assert not wrong, f"{name}: " + "\n".join(["", *wrong])


@pytest.mark.parametrize("name", ["woocommerce", "overlapping-labels",
                                  "jobs-sharing-a-key"])
def test_plain_jobs_are_selected_by_their_own_labels(name, tmp_path):
    """Without the Job controller's labels, by which hooks are selected."""
    case = model.Case(name)
    objects = model.guarded(case, tmp_path)
    inside = model.insiders(case, objects)
    jobs = {pod for pod, of in case.pods.items() if of.startswith("Job/")}
    bare = [pod._replace(labels=model.without_job_labels(pod.labels))
            if pod.name in jobs else pod for pod in inside]
    got = model.computed(objects, bare, tmp_path)
    want = {pair: ports for pair, ports in model.intended(case, inside).items()
            if jobs & set(pair)}
    wrong = model.differences(want, got)
    assert not wrong, f"{name}: " + "\n".join(["", *wrong])


def test_kept_policies_of_the_chart_open_the_store(tmp_path):
    """What --chart-policies keep does; and that test_connectivity can fail."""
    case = model.Case("own-policies")
    objects = model.guarded(case, tmp_path, "--chart-policies", "keep")
    inside = model.insiders(case, objects)
    want = model.intended(case, inside)
    got = model.computed(objects, inside, tmp_path)
    assert "3306" in got["other-web", "database"], \
        "the chart's own NetworkPolicies were kept, but opened nothing"
    assert model.differences(want, got), \
        "an open store and a closed one look the same"


# Outside of what shops may call, and just beside it.
EDGES = [
    ("10.0.0.0/8", "9.255.255.255", "11.0.0.0"),
    ("100.64.0.0/10", "100.63.255.255", "100.128.0.0"),
    ("168.63.129.16/32", "168.63.129.15", "168.63.129.17"),
    ("169.254.0.0/16", "169.253.255.255", "169.255.0.0"),
    ("172.16.0.0/12", "172.15.255.255", "172.32.0.0"),
    ("192.0.0.0/24", "191.255.255.255", "192.0.1.0"),
    ("192.168.0.0/16", "192.167.255.255", "192.169.0.0"),
    ("fc00::/7", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::"),
    ("fe80::/10", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fec0::"),
    # the same behind NAT64
    ("64:ff9b::10.0.0.0/104", "64:ff9b::9.255.255.255", "64:ff9b::11.0.0.0"),
    ("64:ff9b::100.64.0.0/106", "64:ff9b::100.63.255.255",
     "64:ff9b::100.128.0.0"),
    ("64:ff9b::168.63.129.16/128", "64:ff9b::168.63.129.15",
     "64:ff9b::168.63.129.17"),
    ("64:ff9b::169.254.0.0/112", "64:ff9b::169.253.255.255",
     "64:ff9b::169.255.0.0"),
    ("64:ff9b::172.16.0.0/108", "64:ff9b::172.15.255.255",
     "64:ff9b::172.32.0.0"),
    ("64:ff9b::192.168.0.0/112", "64:ff9b::192.167.255.255",
     "64:ff9b::192.169.0.0"),
]
RESOLVER = ipaddress.ip_network("169.254.20.10/32")


def reaches(rule, address):
    """Whether one of the rule's ipBlocks lets this address in."""
    for peer in rule.get("to", []):
        block = peer.get("ipBlock")
        if block and address in ipaddress.ip_network(block["cidr"]) and \
                not any(address in ipaddress.ip_network(cut)
                        for cut in block.get("except", [])):
            return True
    return False


@pytest.mark.parametrize("name", ["woocommerce", "medusa"])
def test_internet_rules_stop_at_private_ranges(name, tmp_path):
    case = model.Case(name)
    rules = [(o["metadata"]["name"], rule)
             for o in model.guarded(case, tmp_path)
             if o["kind"] == "NetworkPolicy"
             for rule in o["spec"].get("egress", [])
             if any("ipBlock" in peer for peer in rule.get("to", []))]
    internet = [(policy, rule) for policy, rule in rules
                if policy != "storeguard-dns"]
    assert internet, "no policy lets anybody call the Internet"
    for policy, rule in internet:
        assert rule.get("ports"), f"{policy}: all ports of the Internet"
        for block, below, above in EDGES:
            network = ipaddress.ip_network(block)
            for address in (network[0], network[-1]):
                assert not reaches(rule, address), f"{policy} opens {address}"
            for address in (below, above):
                assert reaches(rule, ipaddress.ip_address(address)), \
                    f"{policy} closes {address}, which is public"
    resolvers = [peer["ipBlock"] for policy, rule in rules
                 if policy == "storeguard-dns"
                 for peer in rule["to"] if "ipBlock" in peer]
    assert [ipaddress.ip_network(b["cidr"]) for b in resolvers] == [RESOLVER], \
        f"DNS goes to {resolvers}"


def test_no_rule_is_open_by_omission(tmp_path):
    """A rule without peers or without ports would mean all of them."""
    for name in model.cases():
        case = model.Case(name)
        for o in model.guarded(case, tmp_path):
            if o["kind"] != "NetworkPolicy":
                continue
            where = f"{name}: {o['metadata']['name']}"
            for side, peers in (("ingress", "from"), ("egress", "to")):
                for rule in o["spec"].get(side, []):
                    assert rule.get(peers), f"{where}: {side} of all peers"
                    assert rule.get("ports"), f"{where}: {side} on all ports"
