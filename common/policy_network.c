#include "policy_read.h"

#include "names.h"

static int check_selector(struct policy_reader *r, const struct node *n,
			  const char *path)
{
	static const char *const fields[] = { "matchLabels", NULL };
	if (node_is_null(n))
		return 0;
	if (decode_mapping(n, path, fields, r->e))
		return -1;
	const struct node *labels = node_get(n, "matchLabels");
	if (node_is_null(labels))
		return 0;
	path = policy_child(r, path, "matchLabels");
	if (decode_any_mapping(labels, path, r->e))
		return -1;
	for (const struct node *k = labels->first; k; k = k->next->next) {
		const char *value = NULL;
		if (!node_text(k))
			return policy_no_label_key(r, path);
		if (decode_string(r->arena, labels, path, node_text(k),
				  REQUIRED, &value, r->e))
			return -1;
	}
	return 0;
}

static int check_ip_block(struct policy_reader *r, const struct node *n,
			  const char *path)
{
	static const char *const fields[] = { "cidr", "except", NULL };
	const char *cidr = NULL;
	struct strings except;
	if (decode_mapping(n, path, fields, r->e) ||
	    decode_string(r->arena, n, path, "cidr", REQUIRED, &cidr, r->e) ||
	    decode_strings(r->arena, n, path, "except", &except, r->e))
		return -1;
	if (!name_is_cidr(cidr))
		return sg_error_set(r->e, SG_INVALID,
				    "%s.cidr: \"%.80s\" is not a CIDR (like 10.0.0.0/8)",
				    path, cidr);
	for (unsigned i = 0; i < except.count; i++)
		if (!name_is_cidr_within(except.items[i], cidr))
			return sg_error_set(r->e, SG_INVALID,
					    "%s.except: \"%.80s\" is not a CIDR within %s",
					    path, except.items[i], cidr);
	return 0;
}

static int check_peer(struct policy_reader *r, const struct node *n, const char *path)
{
	static const char *const fields[] = { "namespaceSelector",
					      "podSelector", "ipBlock", NULL };
	if (decode_mapping(n, path, fields, r->e))
		return -1;
	const struct node *block = node_get(n, "ipBlock");
	const struct node *namespaces = node_get(n, "namespaceSelector");
	const struct node *pods = node_get(n, "podSelector");
	bool by_label = !node_is_null(namespaces) || !node_is_null(pods);
	if (node_is_null(block) != by_label)
		return sg_error_set(r->e, SG_INVALID,
				    "%s must have either ipBlock or selectors",
				    path);
	if (!by_label)
		return check_ip_block(r, block, policy_child(r, path, "ipBlock"));
	return check_selector(r, namespaces,
			      policy_child(r, path, "namespaceSelector")) ||
			       check_selector(r, pods,
					      policy_child(r, path, "podSelector")) ?
		       -1 :
		       0;
}

static int read_peers(struct policy_reader *r, const struct node *n, const char *path,
		      const struct node **out)
{
	if (policy_required(r, n, path) || decode_sequence(n, path, r->e))
		return -1;
	unsigned index = 0;
	for (const struct node *peer = n->first; peer; peer = peer->next)
		if (check_peer(r, peer, policy_item(r, path, index++)))
			return -1;
	*out = n;
	return 0;
}

int policy_read_network(struct policy_reader *r, const struct node *n, const char *path)
{
	static const char *const fields[] = { "dns", "ingress", "internet",
					      NULL };
	static const char *const ingress_fields[] = { "ports", "peers", NULL };
	struct policy *p = r->policy;
	if (policy_required(r, n, path) || decode_mapping(n, path, fields, r->e) ||
	    read_peers(r, node_get(n, "dns"), policy_child(r, path, "dns"),
		       &p->network.dns) ||
	    read_peers(r, node_get(n, "internet"), policy_child(r, path, "internet"),
		       &p->network.internet))
		return -1;
	const struct node *ingress = node_get(n, "ingress");
	path = policy_child(r, path, "ingress");
	if (policy_required(r, ingress, path) ||
	    decode_mapping(ingress, path, ingress_fields, r->e) ||
	    decode_ports(r->arena, ingress, path, "ports",
			 &p->network.ingress_ports, r->e) ||
	    read_peers(r, node_get(ingress, "peers"), policy_child(r, path, "peers"),
		       &p->network.ingress))
		return -1;
	return 0;
}
