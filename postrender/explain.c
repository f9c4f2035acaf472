#include "explain.h"

#include <string.h>

#include "labels.h"
#include "names.h"
#include "reach_report.h"
#include "text.h"

enum { SHOWN_OBJECTS = 60, BAR_WIDTH = 20, NAME_WIDTH = 50, KEY_WIDTH = 26,
       GUARD_COLUMN = 15 };

void explain_init(struct explain *x, bool wanted, bool colour)
{
	*x = (struct explain){ .wanted = wanted, .colour = colour };
	sg_buffer_init(&x->objects, SG_MAX_REPORT);
}

void explain_release(struct explain *x)
{
	sg_buffer_release(&x->objects);
}

static const char *labelled_where(const struct object *o)
{
	if (!labels_reach_pods(o) || o->workload == POD)
		return o->workload == JOB ? "object only" : "object";
	return "object, pods";
}

void explain_object(struct explain *x, const struct object *o,
		    const struct component *component, bool dropped)
{
	char name[256];
	if (!x->wanted)
		return;
	unsigned shown = 0;
	for (size_t i = 0; i < x->objects.length; i++)
		shown += x->objects.data[i] == '\n';
	if (shown >= SHOWN_OBJECTS) {
		x->left_out++;
		return;
	}
	(void)snprintf(name, sizeof name, "%.63s/%.128s", o->kind, o->name);
	text_keep_end(text_make_printable(name), NAME_WIDTH);
	sg_buffer_printf(&x->objects, "  %-*s  %-9s %s\n", NAME_WIDTH, name,
			 component ? component->name : "-",
			 dropped ? "dropped" : labelled_where(o));
}

static void heading(const struct explain *x, struct sg_buffer *out,
		    const char *text)
{
	sg_buffer_printf(out, x->colour ? "\n\033[1m%s\033[0m\n" : "\n%s\n",
			 text);
}

static void write_guard(const struct node *object, size_t *column,
			struct sg_buffer *out)
{
	const char *name = node_text(node_path(object, "metadata", "name",
					       NULL));
	size_t width = name ? strlen(name) + 2 : 0;
	if (*column + width > 80) {
		sg_buffer_putc(out, '\n');
		sg_buffer_pad(out, ' ', GUARD_COLUMN);
		*column = GUARD_COLUMN;
	}
	sg_buffer_printf(out, "  %s", name ? name : "");
	*column += width;
}

static void write_guards(const struct explain *x, const struct guards *g,
			 struct sg_buffer *out)
{
	size_t column = GUARD_COLUMN;
	heading(x, out, "Guards added");
	if (g->namespace)
		sg_buffer_printf(out, "  Namespace      %s\n",
				 node_text(node_path(g->namespace, "metadata",
						     "name", NULL)));
	sg_buffer_puts(out, "  NetworkPolicy");
	for (unsigned i = 0; i < g->policy_count; i++)
		write_guard(g->policies[i], &column, out);
	sg_buffer_puts(out, "\n  ResourceQuota  " GUARD_PREFIX
			    "\n  LimitRange     " GUARD_PREFIX "\n");
}

static void write_calls(const struct explain *x, const struct survey *s,
			struct sg_buffer *out)
{
	if (!s->reach.list.count)
		return;
	heading(x, out, reach_table_title);
	reach_table(&s->reach, out);
}

static void write_bar(const struct explain *x, const struct fit_row *row,
		      struct sg_buffer *out)
{
	unsigned percent = quantity_percent(row->asked, row->allowed);
	unsigned full = percent >= 100 ? BAR_WIDTH : percent * BAR_WIDTH / 100;
	const char *colour = row->over	   ? "\033[31m" :
			     percent >= 80 ? "\033[33m" :
					     "\033[32m";
	sg_buffer_printf(out, "  %3u%%  %s", percent, x->colour ? colour : "");
	sg_buffer_pad(out, '#', full);
	sg_buffer_puts(out, x->colour ? "\033[0m" : "");
	sg_buffer_pad(out, '.', BAR_WIDTH - full);
	sg_buffer_puts(out, row->over ? "  over\n" : "\n");
}

static void write_fit(const struct explain *x, const struct fit *fit,
		      struct sg_buffer *out)
{
	char title[128], asked[QUANTITY_TEXT_SIZE], allowed[QUANTITY_TEXT_SIZE];
	(void)snprintf(title, sizeof title, "%-*s %9s %9s  %4s",
		       KEY_WIDTH, "Quota, at the release's peak", "asked", "allowed",
		       "full");
	heading(x, out, title);
	for (unsigned i = 0; i < fit->count; i++) {
		const struct fit_row *row = &fit->rows[i];
		const char *key = row->key;
		if (strlen(key) > KEY_WIDTH) { /* a line of its own */
			sg_buffer_printf(out, "  %s\n", key);
			key = "";
		}
		sg_buffer_printf(out, "  %-*s %9s %9s", KEY_WIDTH, key,
				 quantity_print(row->asked, asked),
				 quantity_print(row->allowed, allowed));
		write_bar(x, row, out);
	}
}

void explain_write(const struct explain *x, const struct identity *who,
		   const struct survey *s, const struct guards *guards,
		   const struct fit *fit, struct sg_buffer *out)
{
	char owner[128];
	(void)snprintf(owner, sizeof owner, "%s",
		       who->store.owner ? who->store.owner : "unknown");
	sg_buffer_printf(out,
			 "\nStore %s, in namespace %s\nengine %s, plan %s, owner %s\n",
			 who->store.name, who->namespace, who->engine->name,
			 who->plan->name, text_make_printable(owner));
	char title[128];
	(void)snprintf(title, sizeof title, "%-*s    %-9s %s", NAME_WIDTH,
		       "Object", "component", "labels on");
	heading(x, out, title);
	if (x->objects.length)
		sg_buffer_append(out, x->objects.data, x->objects.length);
	if (x->left_out)
		sg_buffer_printf(out, "  and %u more\n", x->left_out);
	if (s->plain_jobs.count)
		sg_buffer_puts(out,
			       "  (\"object only\": a Job's template can't change; its pods are found by\n"
			       "  their own labels)\n");
	write_calls(x, s, out);
	if (guards)
		write_guards(x, guards, out);
	if (fit)
		write_fit(x, fit, out);
	sg_buffer_putc(out, '\n');
}
