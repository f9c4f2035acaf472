#include "store.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "lookalike.h"
#include "names.h"
#include "text.h"

/* Bytes. */
enum { DISPLAY_NAME_MAX = 128, EMAIL_MAX = 254 };

static bool matches_whole(const char *pattern, const char *name)
{
	regex_t compiled;
	regmatch_t match;
	if (regcomp(&compiled, pattern, REG_EXTENDED))
		return false; /* policy_parse refuses such a pattern */
	bool matched = regexec(&compiled, name, 1, &match, 0) == 0 &&
		       match.rm_so == 0 && (size_t)match.rm_eo == strlen(name);
	regfree(&compiled);
	return matched;
}

/* What speaks for somebody: a Store's name, or a label of its host. */
struct claim {
	const char *field, *what;
	const char *before; /* of the message */
	const char *name;
};

/* A name is reserved as a whole: shop-admin is nobody's. */
static void check_reserved(const struct policy *p, const struct claim *c,
			   struct violations *v)
{
	const struct strings *reserved = &p->naming.reserved;
	char how[LOOKALIKE_SIZE];
	const char *other =
		lookalike_among(reserved, c->name, LOOKALIKE_WHOLE, how);
	if (strings_contain(reserved, c->name))
		violations_add_as(v, VIOLATION_FORBIDDEN, c->field,
				  "%s\"%s\" is reserved; choose another %s",
				  c->before, c->name, c->what);
	else if (other)
		violations_add_as(v, VIOLATION_FORBIDDEN, c->field,
				  "%s\"%s\" resembles the reserved name \"%s\"%s; choose another %s",
				  c->before, c->name, other, how, c->what);
}

static void check_protected(const struct policy *p, const struct claim *c,
			    struct violations *v)
{
	char how[LOOKALIKE_SIZE];
	const char *other = lookalike_among(&p->naming.protected_names, c->name,
					    LOOKALIKE_PART, how);
	if (other)
		violations_add_as(v, VIOLATION_FORBIDDEN, c->field,
				  "%s\"%s\" resembles the protected name \"%s\"%s; choose another %s",
				  c->before, c->name, other, how, c->what);
}

void store_check_name(const struct policy *p, const char *name,
		      struct violations *v)
{
	static const char field[] = "metadata.name";
	struct violations *rules = violations_excusable(v);
	int64_t length = (int64_t)strlen(name);
	if (length < p->naming.min_length || length > p->naming.max_length) {
		violations_add(length > SG_STORE_NAME_MAX ? v : rules, field,
			       "\"%.64s\" has %lld characters; from %lld to %lld are accepted",
			       name, (long long)length,
			       (long long)p->naming.min_length,
			       (long long)p->naming.max_length);
		if (length > SG_STORE_NAME_MAX)
			return;
	}
	bool is_label = name_is_dns_label(name);
	if (!is_label || !matches_whole(p->naming.pattern, name))
		violations_add(is_label ? rules : v, field,
			       "\"%s\" does not match %s (lower-case letters, digits and \"-\")",
			       name, p->naming.pattern);
	if (length >= 4 && name[2] == '-' && name[3] == '-')
		violations_add(rules, field,
			       "\"%s\" has \"--\" as third and fourth character, which is kept for internationalised (punycode) names",
			       name);
	const struct claim claim = { field, "name", "", name };
	check_reserved(p, &claim, rules);
	check_protected(p, &claim, rules);
}

/* host is the domain or below it */
static bool in_domain(const char *host, const char *domain)
{
	size_t h = strlen(host), d = strlen(domain);
	return h >= d && strcasecmp(host + h - d, domain) == 0 &&
	       (h == d || host[h - d - 1] == '.');
}

static bool in_domains(const char *host, const struct strings *domains)
{
	for (unsigned i = 0; i < domains->count; i++)
		if (in_domain(host, domains->items[i]))
			return true;
	return false;
}

static bool has_punycode(const char *host)
{
	for (const char *label = host; label; label = strchr(label, '.')) {
		label += *label == '.';
		if (strlen(label) >= 4 && label[2] == '-' && label[3] == '-')
			return true;
	}
	return false;
}

/*
 * Below the platform's own domain a host speaks as a name does: whoever may not have a
 * Store called admin or paypa1 may not have its address either.
 */
static void check_host_labels(const struct policy *p, const char *host,
			      struct violations *v)
{
	size_t below = strlen(host) - strlen(p->hosts.base_domain) - 1;
	const char *before = sg_arena_printf(v->arena, "\"%.128s\": ", host);
	for (size_t at = 0, length; at < below; at += length + 1) {
		char label[NAME_LABEL_SIZE];
		length = strcspn(host + at, ".");
		memcpy(label, host + at, length);
		label[length] = '\0';
		const struct claim claim = { "spec.host", "host",
					     before ? before : "", label };
		if (at + length == below)
			check_reserved(p, &claim, v);
		check_protected(p, &claim, v);
	}
}

void store_check_host(const struct policy *p, const char *host,
		      struct violations *v)
{
	static const char field[] = "spec.host";
	struct violations *rules = violations_excusable(v);
	if (!name_is_dns_subdomain(host) || !strchr(host, '.')) {
		violations_add(v, field,
			       "\"%.128s\" is not a host name (like fashion.%s)",
			       host, p->hosts.base_domain);
		return;
	}
	if (has_punycode(host))
		violations_add(rules, field,
			       "\"%.128s\" has an internationalised (punycode) label; plain ones are accepted",
			       host);
	bool is_base = strcmp(host, p->hosts.base_domain) == 0;
	if (is_base || (!in_domain(host, p->hosts.base_domain) &&
			!in_domains(host, &p->hosts.allowed_domains)))
		violations_add_as(rules, VIOLATION_FORBIDDEN, field,
				  "\"%.128s\" is not below a domain that is allowed: %s%s%s",
				  host, p->hosts.base_domain,
				  p->hosts.allowed_domains.count ? ", " : "",
				  p->hosts.allowed_domains.count ?
					  strings_join(v->arena,
						       &p->hosts.allowed_domains) :
					  "");
	if (in_domains(host, &p->hosts.denied_domains))
		violations_add_as(rules, VIOLATION_FORBIDDEN, field,
				  "\"%.128s\" is in a denied domain; denied: %s",
				  host,
				  strings_join(v->arena,
					       &p->hosts.denied_domains));
	if (!is_base && in_domain(host, p->hosts.base_domain))
		check_host_labels(p, host, rules);
}

static void check_engine(const struct policy *p, const struct store *s,
			 struct violations *v)
{
	if (!s->engine)
		violations_add_as(v, VIOLATION_REQUIRED, "spec.engine",
				  "is missing; one of: %s",
				  policy_engine_names(v->arena, p));
	else if (!policy_engine(p, s->engine))
		violations_add_as(v, VIOLATION_NOT_SUPPORTED, "spec.engine",
				  "there is no engine \"%.64s\"; one of: %s",
				  s->engine, policy_engine_names(v->arena, p));
}

static void check_plan(const struct policy *p, const struct store *s,
		       struct violations *v)
{
	const struct engine *engine =
		s->engine ? policy_engine(p, s->engine) : NULL;
	if (!policy_plan(p, s->plan))
		violations_add_as(v, VIOLATION_NOT_SUPPORTED, "spec.plan",
				  "there is no plan \"%.64s\"; one of: %s", s->plan,
				  policy_plan_names(v->arena, p));
	else if (engine && !strings_contain(&engine->plans, s->plan))
		violations_add_as(violations_excusable(v),
				  VIOLATION_NOT_SUPPORTED, "spec.plan",
				  "plan \"%s\" is not offered for %s; one of: %s",
				  s->plan, engine->name,
				  strings_join(v->arena, &engine->plans));
}

void store_check_engine(const struct policy *p, const struct store *s,
			struct violations *v)
{
	check_engine(p, s, v);
	if (s->plan)
		check_plan(p, s, v);
}

static void check_delivery(const struct store *s, struct violations *v)
{
	if (s->delivery && strcmp(s->delivery, "gitops") != 0 &&
	    strcmp(s->delivery, "helm") != 0)
		violations_add_as(v, VIOLATION_NOT_SUPPORTED, "spec.delivery",
				  "\"%.64s\" is not gitops or helm", s->delivery);
}

static bool is_news(const char *text, const char *before)
{
	return text && !(before && strcmp(text, before) == 0);
}

static bool is_email(const char *text)
{
	const char *at = strchr(text, '@');
	return at && at != text && at[1] && !strchr(at + 1, '@') &&
	       !strpbrk(text, " <>,;") && text_is_line(text) &&
	       strlen(text) <= EMAIL_MAX;
}

static void check_texts(const struct store *s, const struct store *old,
			struct violations *v)
{
	struct violations *rules = violations_excusable(v);
	if (is_news(s->admin_email, old ? old->admin_email : NULL) &&
	    !is_email(s->admin_email))
		violations_add(v, "spec.adminEmail",
			       "\"%.128s\" is not an e-mail address (like a@example.com)",
			       s->admin_email);
	if (is_news(s->owner, old ? old->owner : NULL) &&
	    !store_is_owner(s->owner))
		violations_add(rules, "spec.owner",
			       "\"%.128s\" is no owner's name; " STORE_OWNER_RULE,
			       s->owner);
	if (is_news(s->display_name, old ? old->display_name : NULL) &&
	    (strlen(s->display_name) > DISPLAY_NAME_MAX ||
	     !text_is_line(s->display_name)))
		violations_add(rules, "spec.displayName",
			       "must be one line of at most %d bytes of UTF-8, without control characters",
			       DISPLAY_NAME_MAX);
}

static bool is_default_host(const struct policy *p, const struct store *s)
{
	size_t length = strlen(s->name);
	return strncmp(s->host, s->name, length) == 0 &&
	       s->host[length] == '.' &&
	       strcmp(s->host + length + 1, p->hosts.base_domain) == 0;
}

void store_check(const struct policy *p, const struct store *s,
		 struct violations *v)
{
	store_check_name(p, s->name, v);
	bool bad_name = v->count > 0 || violations_excusable(v)->count > 0;
	store_check_engine(p, s, v);
	/* a bad name makes a bad default host, which is no news */
	if (s->host && !(bad_name && is_default_host(p, s)))
		store_check_host(p, s->host, v);
	check_delivery(s, v);
	check_texts(s, NULL, v);
	store_check_values(p, s, NULL, v);
}

static void check_immutable(const char *field, const char *now,
			    const char *before, struct violations *v)
{
	if (!now || !before || strcmp(now, before) != 0)
		violations_add(v, field,
			       "can't be changed: keep %s%s%s, or make another Store",
			       before ? "\"" : "", before ? before : "it absent",
			       before ? "\"" : "");
}

void store_check_change(const struct policy *p, const struct store *s,
			const struct store *old, struct violations *v)
{
	check_immutable("spec.engine", s->engine, old->engine, v);
	check_immutable("spec.delivery", s->delivery, old->delivery, v);
	if (is_news(s->plan, old->plan))
		check_plan(p, s, v);
	if (is_news(s->host, old->host))
		store_check_host(p, s->host, v);
	check_texts(s, old, v);
	store_check_values(p, s, old->values, v);
}
