#include "explain.h"

#include <string.h>

#include "cleanup.h"
#include "labels.h"
#include "names.h"
#include "reach_report.h"
#include "table.h"
#include "text.h"

enum { SHOWN_OBJECTS = 60, BAR_WIDTH = 20, NAME_WIDTH = 50, KEY_WIDTH = 26,
       COMPONENT_WIDTH = 9, GUARD_COLUMN = 15,
       BAR_COLUMN = TABLE_INDENT + KEY_WIDTH + 2 * (1 + TABLE_AMOUNT_WIDTH) };

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
	const char *name = component ? component->name : "-";
	const char *where = dropped ? "dropped" : labelled_where(o);
	if (!x->wanted)
		return;
	if (x->shown == SHOWN_OBJECTS) {
		x->left_out++;
		return;
	}
	x->shown++;
	size_t column = table_name(&x->objects, NAME_WIDTH, o->kind, o->name);
	size_t wanted = TABLE_INDENT + NAME_WIDTH;
	if (strlen(name) > COMPONENT_WIDTH) { /* beside it there is no room */
		if (column)
			sg_buffer_putc(&x->objects, '\n');
		column = 0;
		wanted = TABLE_INDENT;
	}
	sg_buffer_pad(&x->objects, ' ', wanted - column);
	sg_buffer_printf(&x->objects, "  %-*s %s\n", COMPONENT_WIDTH, name,
			 where);
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
	if (*column + width > TEXT_COLUMNS) {
		*column = GUARD_COLUMN + width > TEXT_COLUMNS ? TABLE_INDENT :
								GUARD_COLUMN;
		sg_buffer_putc(out, '\n');
		sg_buffer_pad(out, ' ', *column);
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
	unsigned full = row->over ? BAR_WIDTH : percent * BAR_WIDTH / 100;
	const char *colour = row->over	   ? "\033[31m" :
			     percent >= 80 ? "\033[33m" :
					     "\033[32m";
	if (row->over)
		sg_buffer_puts(out, "  over  ");
	else
		sg_buffer_printf(out, "  %3u%%  ", percent);
	sg_buffer_puts(out, x->colour ? colour : "");
	sg_buffer_pad(out, '#', full);
	sg_buffer_puts(out, x->colour ? "\033[0m" : "");
	sg_buffer_pad(out, '.', BAR_WIDTH - full);
	sg_buffer_putc(out, '\n');
}

static void write_fit(const struct explain *x, const struct fit *fit,
		      struct sg_buffer *out)
{
	char title[128];
	(void)snprintf(title, sizeof title, "%-*s %9s %9s  %4s",
		       KEY_WIDTH, "Quota, at the release's peak", "asked", "allowed",
		       "full");
	heading(x, out, title);
	for (unsigned i = 0; i < fit->count; i++) {
		const struct fit_row *row = &fit->rows[i];
		const struct table_amount amounts[] = {
			{ "asked", row->asked }, { "allowed", row->allowed }
		};
		size_t column =
			table_amounts(out, KEY_WIDTH, row->key, amounts, 2);
		sg_buffer_pad(out, ' ', BAR_COLUMN - column);
		write_bar(x, row, out);
	}
}

/* "Store fashion, in namespace store-fashion" and what else it is */
static void write_store(const struct identity *who, struct sg_buffer *out)
{
	cleanup_buffer struct sg_buffer line;
	sg_buffer_init(&line, SG_MAX_REPORT);
	sg_buffer_printf(&line, "Store %s, in namespace %s", who->store.name,
			 who->namespace);
	sg_buffer_putc(out, '\n');
	text_wrap(out, 0, TABLE_INDENT, line.data ? line.data : "");
	sg_buffer_clear(&line);
	sg_buffer_printf(&line, "engine %s, plan %s, owner %s",
			 who->engine->name, who->plan->name,
			 who->store.owner ? who->store.owner : "unknown");
	text_wrap(out, 0, TABLE_INDENT,
		  line.data ? text_make_printable(line.data) : "");
}

void explain_write(const struct explain *x, const struct identity *who,
		   const struct survey *s, const struct guards *guards,
		   const struct fit *fit, struct sg_buffer *out)
{
	write_store(who, out);
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
