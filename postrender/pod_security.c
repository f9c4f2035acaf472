#include "pod_security.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pod_checks.h"

/* --- one check of one pod --- */

enum { SHOWN = 4 };

struct finding {
	const struct check *check; /* NULL: not of this pod */
	const struct node *at; /* the first */
	bool given; /* whether what was looked at last is there at all */
	bool given_by_pod;
	bool of_pod;
	const struct node *last; /* whose the last name is */
	const char *names[SHOWN]; /* whose it is besides the pod's */
	unsigned name_count; /* may be more than are shown */
	const char *values[SHOWN];
	unsigned value_count;
};

static void note_value(struct finding *f, const char *value)
{
	for (unsigned i = 0; i < f->value_count && i < SHOWN; i++)
		if (strcmp(f->values[i], value) == 0)
			return;
	if (f->value_count < SHOWN)
		f->values[f->value_count] = value;
	f->value_count++;
}

/* A container's or volume's, or the key of an annotation itself. */
static const char *name_of(const struct node *n)
{
	const char *name = node_text(node_is_mapping(n) ? node_get(n, "name") : n);
	return name ? name : "without a name";
}

/* `whose` is what has the field: a container, …; NULL: the pod. */
static void note(struct finding *f, const struct node *at,
		 const struct node *whose, const char *value)
{
	if (!f->at)
		f->at = at;
	if (!whose)
		f->of_pod = true;
	else if (whose != f->last && f->name_count++ < SHOWN)
		f->names[f->name_count - 1] = name_of(whose);
	f->last = whose;
	note_value(f, value);
}

static void judge(struct finding *f, const struct node *n,
		  const struct node *at, const struct node *whose)
{
	const char *value = f->check->refusal(f->check, node_resolve(n));
	f->given = true;
	if (value)
		note(f, node_resolve(at), whose, value);
}

static void look(struct finding *f, const struct node *n, const char *field,
		 const struct node *whose);

static void look_on(struct finding *f, const struct node *n, const char *rest,
		    const struct node *whose)
{
	const struct node *below = *rest ? node_get(n, rest + 1) : n;
	if (*rest == '.')
		look(f, n, rest + 1, whose);
	else
		judge(f, below, below ? below : n, whose);
}

/* Follows the field from n on; see struct check. */
static void look(struct finding *f, const struct node *n, const char *field,
		 const struct node *whose)
{
	char key[32] = "";
	size_t length = strcspn(field, ".:[");
	memcpy(key, field, length < sizeof key ? length : sizeof key - 1);
	n = node_get(n, key);
	field += length;
	if (*field == '[') {
		n = node_is_sequence(n) ? n->first : NULL;
		for (; n; n = n->next)
			look_on(f, n, field + 2, whose);
	} else if (!node_is_null(n)) {
		look_on(f, n, field, whose);
	}
}

static bool has_any(const struct node *n, const char *const *keys)
{
	for (; *keys; keys++)
		if (!node_is_null(node_get(n, *keys)))
			return true;
	return false;
}

static void look_at_context(struct finding *f, const struct node *context,
			    const struct node *container)
{
	f->given = false;
	look(f, context, f->check->field, container);
	if (f->check->required && !f->given && !f->given_by_pod)
		note(f, container, container, "missing");
}

/* A stream may hold very many: of each, only what it has is looked at. */
static void look_at_container(struct finding *findings,
			      const struct node *container)
{
	static const char *const keys[] = { "ports",	     "livenessProbe",
					    "readinessProbe", "startupProbe",
					    "lifecycle",     NULL };
	container = node_resolve(container);
	const struct node *context = node_get(container, "securityContext");
	bool has_context = !node_is_null(context);
	bool has_others = has_any(container, keys);
	for (int i = 0; i < POD_CHECKS; i++) {
		struct finding *f = &findings[i];
		const struct check *c = f->check;
		if (!c)
			continue;
		if (c->places & OF_CONTEXTS && (has_context || c->required))
			look_at_context(f, context, container);
		if (c->places & OF_CONTAINERS && has_others)
			look(f, container, c->field, container);
	}
}

static void look_at_containers(struct finding *findings,
			       const struct node *spec)
{
	static const char *const lists[] = { "initContainers", "containers",
					     "ephemeralContainers" };
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const struct node *list = node_get(spec, lists[i]);
		const struct node *n = node_is_sequence(list) ? list->first :
								NULL;
		for (; n; n = n->next)
			look_at_container(findings, n);
	}
}

static void look_at_volumes(struct finding *f, const struct node *spec)
{
	const char *field = f->check->field;
	const struct node *list = node_get(spec, "volumes");
	const struct node *n = node_is_sequence(list) ? list->first : NULL;
	for (; n; n = n->next) {
		if (*field)
			look(f, n, field, node_resolve(n));
		else
			judge(f, n, n, node_resolve(n));
	}
}

/* Merged ones, too. */
static void look_at_annotations(struct finding *f, const struct node *n)
{
	static const char prefix[] =
		"container.apparmor.security.beta.kubernetes.io/";
	n = node_resolve(n);
	const struct node *k = node_is_mapping(n) || node_is_sequence(n) ?
				       n->first :
				       NULL;
	if (node_is_sequence(n)) {
		for (; k; k = k->next)
			look_at_annotations(f, k);
		return;
	}
	for (; k; k = k->next->next) {
		const char *key = node_text(k);
		if (key && strncmp(key, prefix, sizeof prefix - 1) == 0)
			judge(f, k->next, k, k);
		else if (key && strcmp(key, "<<") == 0)
			look_at_annotations(f, k->next);
	}
}

/* --- what is said of it --- */

/* Appends what fits; all that is put together here does. */
__attribute__((format(printf, 3, 4))) static void
append(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text + used, size - used, format, args);
	va_end(args);
}

static void append_list(char *text, size_t size, const char *const *items,
			unsigned count, int width)
{
	for (unsigned i = 0; i < count && i < SHOWN; i++)
		append(text, size, "%s%.*s%s", i ? ", " : "", width, items[i],
		       strlen(items[i]) > (size_t)width ? "..." : "");
	if (count > SHOWN)
		append(text, size, " and %u more", count - SHOWN);
}

static void append_field(char *text, size_t size, const char *field)
{
	size_t used = strlen(text);
	for (; *field && used + 1 < size; field++)
		if (*field != '[' && *field != ']')
			text[used++] = *field == ':' ? '.' : *field;
	text[used] = '\0';
}

static const char *noun_for(const struct check *c)
{
	return c->places & OF_VOLUMES	  ? "volume" :
	       c->places & OF_ANNOTATIONS ? "annotation" :
					    "container";
}

/* `path` is where it was found, "" for what has but one place. */
static void tell_finding(const struct finding *f, const char *path,
			 pod_fault_fn *tell, void *context)
{
	char text[1536] = "";
	const struct check *c = f->check;
	const char *noun = noun_for(c);
	bool in_context = c->places & OF_ALL_CONTEXTS;
	append(text, sizeof text, "%s%s", path,
	       *path && f->name_count ? ", " : "");
	if (f->of_pod && !*path)
		append(text, sizeof text, "pod%s", f->name_count ? " and " : "");
	if (f->name_count)
		append(text, sizeof text, "%s%s", noun,
		       f->name_count > 1 ? "s " : " ");
	append_list(text, sizeof text, f->names, f->name_count,
		    c->places & OF_ANNOTATIONS ? 128 : 63);
	append(text, sizeof text, *c->field ? ": %s" : "",
	       in_context ? "securityContext." : "");
	append_field(text, sizeof text, c->field);
	size_t length = strlen(c->field);
	append(text, sizeof text,
	       length && c->field[length - 1] == ']' ? " has " : " is ");
	append_list(text, sizeof text, f->values, f->value_count, 40);
	append(text, sizeof text, "; %s", c->must);
	tell(context, &(struct pod_fault){ c->name, c->level, text, f->at });
}

static bool is_relieved(const struct check *c, const struct node *spec)
{
	switch (c->relief) {
	case USER_NAMESPACES:
		return pod_check_is_false(node_get(spec, "hostUsers"));
	case WINDOWS:
		return node_is(node_path(spec, "os", "name", NULL), "windows");
	case NOBODY:
		break;
	}
	return false;
}

static void look_at_pod(struct finding *f, const struct node *metadata,
			const struct node *spec)
{
	const struct check *c = f->check;
	if (c->places & OF_POD)
		look(f, spec, c->field, NULL);
	if (c->places & OF_POD_CONTEXT)
		look(f, node_get(spec, "securityContext"), c->field, NULL);
	f->given_by_pod = f->given;
	if (c->places & OF_VOLUMES)
		look_at_volumes(f, spec);
	if (c->places & OF_ANNOTATIONS)
		look_at_annotations(f, node_get(metadata, "annotations"));
}

void pod_security_check(const struct node *metadata, const struct node *spec,
			enum pod_security level, pod_fault_fn *tell,
			void *context)
{
	struct finding findings[POD_CHECKS] = { 0 };
	bool restricted = level == POD_SECURITY_RESTRICTED;
	for (int i = 0; i < POD_CHECKS; i++) {
		const struct check *c = &pod_checks[i];
		if (c->level > level || (restricted && c->overridden) ||
		    is_relieved(c, spec))
			continue;
		findings[i].check = c;
		look_at_pod(&findings[i], metadata, spec);
	}
	look_at_containers(findings, spec);
	for (int i = 0; i < POD_CHECKS; i++)
		if (findings[i].value_count)
			tell_finding(&findings[i], "", tell, context);
}

/* --- pods within other objects --- */

struct search {
	pod_fault_fn *tell;
	void *context;
	char path[256]; /* to where it is, as far as it fits */
};

static void tell_found(const struct search *s, const struct finding *f)
{
	if (f->value_count)
		tell_finding(f, *s->path ? s->path : "it", s->tell, s->context);
}

static void search_mapping(const struct search *s, const struct node *mapping)
{
	for (int i = 0; i < POD_CHECKS; i++) {
		const struct check *c = &pod_checks[i];
		struct finding f = { .check = c };
		if (c->level != POD_SECURITY_BASELINE)
			continue;
		if (c->places & (OF_POD | OF_CONTAINERS))
			look(&f, mapping, c->field, NULL);
		/* a volume, whatever the operator calls the list of its kind */
		if (c->places & OF_VOLUMES &&
		    node_is_mapping(node_get(mapping, c->field)))
			look(&f, mapping, c->field, node_resolve(mapping));
		if (c->places & OF_ANNOTATIONS)
			look_at_annotations(&f, node_path(mapping, "metadata",
							  "annotations", NULL));
		tell_found(s, &f);
	}
}

/* podSecurityContext and containerSecurityContext are two of an operator's names. */
static bool is_context(const struct node *key)
{
	static const char end[] = "ecurityContext";
	const char *text = node_text(key);
	size_t length = text ? strlen(text) : 0;
	return length >= sizeof end - 1 &&
	       strcmp(text + length - (sizeof end - 1), end) == 0;
}

static void search_context(const struct search *s, const struct node *context)
{
	for (int i = 0; i < POD_CHECKS; i++) {
		const struct check *c = &pod_checks[i];
		struct finding f = { .check = c };
		if (c->level != POD_SECURITY_BASELINE ||
		    !(c->places & OF_ALL_CONTEXTS))
			continue;
		look(&f, context, c->field, NULL);
		tell_found(s, &f);
	}
}

static void search(struct search *s, const struct node *n)
{
	/* few mappings have any that a check looks for */
	static const char *const keys[] = {
		"hostNetwork",	  "hostPID",	   "hostIPC",
		"hostPath",	  "ports",	   "livenessProbe",
		"readinessProbe", "startupProbe",  "lifecycle",
		"metadata",	  NULL,
	};
	size_t length = strlen(s->path);
	unsigned index = 0;
	n = node_resolve(n);
	if (node_is_mapping(n) && has_any(n, keys))
		search_mapping(s, n);
	if (node_is_mapping(n))
		for (const struct node *k = n->first; k; k = k->next->next) {
			if (is_context(k))
				search_context(s, k->next);
			append(s->path, sizeof s->path, "%s%s",
			       length ? "." : "", pod_check_value(k));
			search(s, k->next);
			s->path[length] = '\0';
		}
	else if (node_is_sequence(n))
		for (n = n->first; n; n = n->next) {
			append(s->path, sizeof s->path, "[%u]", index++);
			search(s, n);
			s->path[length] = '\0';
		}
}

void pod_security_search(const struct node *object, pod_fault_fn *tell,
			 void *context)
{
	struct search s = { .tell = tell, .context = context };
	search(&s, object);
}

/* --- levels --- */

static const char *const levels[] = {
	[POD_SECURITY_PRIVILEGED] = "privileged",
	[POD_SECURITY_BASELINE] = "baseline",
	[POD_SECURITY_RESTRICTED] = "restricted",
};

bool pod_security_level(const char *name, enum pod_security *out)
{
	for (unsigned i = 0; i < sizeof levels / sizeof *levels; i++)
		if (strcmp(levels[i], name) == 0) {
			*out = (enum pod_security)i;
			return true;
		}
	return false;
}

const char *pod_security_name(enum pod_security level)
{
	return levels[level];
}
