"""What NetworkPolicies let through between pods of one namespace, from their text.

Small enough to be asked thousands of questions; test_reach.py holds it against
cyclonus. Of peers only podSelectors count: pods in one namespace are not reached by
namespaceSelectors of others, nor by ipBlocks of the Internet.
"""


def selects(selector, labels):
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for e in selector.get("matchExpressions") or []:
        value, operator = labels.get(e["key"]), e["operator"]
        holds = {"Exists": value is not None, "DoesNotExist": value is None,
                 "In": value in (e.get("values") or []),
                 "NotIn": value not in (e.get("values") or [])}[operator]
        if not holds:
            return False
    return True


def _lets(rules, side, labels, port):
    for rule in rules or []:
        peers = [p for p in rule[side] if set(p) == {"podSelector"}]
        if any(selects(p["podSelector"], labels) for p in peers) and \
                any(p["protocol"] == "TCP" and p["port"] == port
                    for p in rule["ports"]):
            return True
    return False


def of(objects):
    return [o for o in objects if o["kind"] == "NetworkPolicy"]


def open_between(policies, caller, called, port):
    """Whether pods with these labels may call pods with those, by TCP."""
    out = [p["spec"] for p in policies
           if selects(p["spec"]["podSelector"], caller)]
    into = [p["spec"] for p in policies
            if selects(p["spec"]["podSelector"], called)]
    return any(_lets(s.get("egress"), "to", called, port) for s in out) and \
        any(_lets(s.get("ingress"), "from", caller, port) for s in into)


def open_from_ingress(policies, called):
    """Ports on which the ingress controllers reach such pods."""
    ports = set()
    for p in policies:
        if selects(p["spec"]["podSelector"], called) and \
                not p["metadata"]["name"].endswith("-acme"):
            for rule in p["spec"].get("ingress") or []:
                if any("namespaceSelector" in peer for peer in rule["from"]):
                    ports |= {entry["port"] for entry in rule["ports"]}
    return ports
