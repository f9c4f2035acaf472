#include "fit.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "names.h"
#include "table.h"
#include "text.h"

enum { SHOWN_ASKERS = 5, KEY_WIDTH = 24, SHARE_INDENT = 4 };

/* What an asker asks for at its largest, under a key; 0 for nothing. */
static int asked_by(const struct asker *asker, const char *key,
		    struct quantity *out, struct sg_error *e)
{
	const struct quantity *each = resources_get(&asker->each, key);
	*out = each ? *each : quantity_from_int(0);
	if (quantity_multiply(out, asker_times(asker), e))
		return sg_error_context(e, "%s/%s: %s", asker->kind,
					asker->name, key);
	return 0;
}

/* A hook's pods in one of the turns that they have; see hooks.h. */
struct turn {
	const struct asker *asker;
	unsigned phase; /* a bit of its phases; 0: alone */
};

struct turns {
	struct turn *items;
	unsigned count;
};

/* A Job or pod that a hook starts ends; other hooks' pods stay. */
static bool has_turns(const struct asker *asker)
{
	return asker->hook.is_one &&
	       (asker->workload == JOB || asker->workload == POD);
}

static unsigned turns_of(const struct asker *asker)
{
	unsigned phases = asker->hook.phases;
	return !has_turns(asker) ? 0 :
	       phases		 ? (unsigned)__builtin_popcount(phases) :
				   1;
}

static int compare_turns(const void *left, const void *right)
{
	const struct turn *a = left, *b = right;
	if (a->phase != b->phase)
		return a->phase < b->phase ? -1 : 1;
	const int64_t x = a->asker->hook.wave, y = b->asker->hook.wave;
	if (a->phase && x != y)
		return x < y ? -1 : 1;
	return (a->asker > b->asker) - (a->asker < b->asker);
}

static bool same_turn(const struct turn *a, const struct turn *b)
{
	return a->phase && a->phase == b->phase &&
	       a->asker->hook.wave == b->asker->hook.wave;
}

/* All hooks' turns, those that come together side by side. */
static int find_turns(struct sg_arena *a, const struct survey *s,
		      struct turns *out, struct sg_error *e)
{
	size_t count = 0;
	for (unsigned i = 0; i < s->askers.count; i++)
		count += turns_of(&s->askers.items[i]);
	*out = (struct turns){ .items = sg_arena_alloc(
				       a, (count + 1) * sizeof *out->items) };
	if (!out->items)
		return sg_error_memory(e);
	for (unsigned i = 0; i < s->askers.count; i++) {
		const struct asker *asker = &s->askers.items[i];
		unsigned left = asker->hook.phases;
		for (unsigned t = turns_of(asker); t > 0; t--) {
			unsigned phase = left & (~left + 1); /* its lowest bit */
			out->items[out->count++] =
				(struct turn){ asker, phase };
			left &= ~phase;
		}
	}
	qsort(out->items, out->count, sizeof *out->items, compare_turns);
	return 0;
}

/* What the largest turn asks for. */
static int add_turns(const struct turns *turns, struct fit_row *row,
		     struct sg_error *e)
{
	struct quantity largest = quantity_from_int(0), now = largest;
	for (unsigned i = 0; i < turns->count; i++) {
		const struct turn *turn = &turns->items[i];
		struct quantity amount;
		if (i == 0 || !same_turn(turn - 1, turn))
			now = quantity_from_int(0);
		if (asked_by(turn->asker, row->key, &amount, e))
			return -1;
		if (quantity_add(&now, amount, e))
			return sg_error_context(e, "%s", row->key);
		if (quantity_compare(now, largest) > 0)
			largest = now;
	}
	return quantity_add(&row->asked, largest, e);
}

static int add_askers(const struct survey *s, struct fit_row *row,
		      struct sg_error *e)
{
	for (unsigned i = 0; i < s->askers.count; i++) {
		const struct asker *asker = &s->askers.items[i];
		struct quantity amount;
		if (has_turns(asker))
			continue;
		if (asked_by(asker, row->key, &amount, e))
			return -1;
		if (quantity_add(&row->asked, amount, e))
			return sg_error_context(e, "%s", row->key);
	}
	return 0;
}

int fit_compute(struct sg_arena *a, const struct survey *s, struct fit *out,
		struct sg_error *e)
{
	const struct resources *quota = &s->who->plan->quota;
	struct turns turns;
	*out = (struct fit){ .survey = s };
	out->rows = sg_arena_alloc(a, (quota->count + 1) * sizeof *out->rows);
	if (!out->rows)
		return sg_error_memory(e);
	if (find_turns(a, s, &turns, e))
		return -1;
	for (unsigned i = 0; i < quota->count; i++) {
		struct fit_row *row = &out->rows[i];
		*row = (struct fit_row){
			.key = quota->items[i].name,
			.asked = quantity_from_int(0),
			.allowed = quota->items[i].amount,
		};
		if (add_askers(s, row, e) || add_turns(&turns, row, e))
			return -1;
		row->over = quantity_compare(row->asked, row->allowed) > 0;
		out->over += row->over;
		out->count++;
	}
	return 0;
}

bool fit_holds(const struct fit *f)
{
	return f->over == 0 && f->survey->violations.count == 0;
}

/* --- the table --- */

struct share {
	const struct asker *asker;
	struct quantity amount;
};

static int compare_shares(const void *left, const void *right)
{
	const struct share *a = left, *b = right;
	int order = quantity_compare(b->amount, a->amount);
	return order ? order : a->asker < b->asker ? -1 : 1;
}

static unsigned collect_shares(const struct survey *s, const char *key,
			       struct share *shares)
{
	unsigned count = 0;
	for (unsigned i = 0; i < s->askers.count; i++) {
		struct share *share = &shares[count];
		struct sg_error ignored;
		share->asker = &s->askers.items[i];
		if (asked_by(share->asker, key, &share->amount, &ignored) == 0 &&
		    !quantity_is_zero(share->amount))
			count++;
	}
	qsort(shares, count, sizeof *shares, compare_shares);
	return count;
}

/* "Deployment/web: 7 x 300m (2 in an update)" */
static void describe_asker(const struct asker *asker, const char *key,
			   struct sg_buffer *out)
{
	char each[QUANTITY_TEXT_SIZE];
	int64_t pods = asker_pods(asker);
	const struct quantity *one = resources_get(&asker->each, key);
	table_append_name(out, asker->kind, asker->name);
	if (pods > 1 && one) {
		sg_buffer_printf(out, ": %lld x %s", (long long)pods,
				 quantity_print(*one, each));
		if (pods > asker->replicas)
			sg_buffer_printf(out, " (%lld in an update)",
					 (long long)(pods - asker->replicas));
	}
	if (asker->hook.is_one)
		sg_buffer_puts(out, " (hook)");
	if (asker->has_ended)
		sg_buffer_puts(out, " (pods that ended, kept by their Jobs)");
}

static void describe_share(const struct share *share, const char *key,
			   struct sg_buffer *out)
{
	const size_t indent = SHARE_INDENT + TABLE_AMOUNT_WIDTH + 1;
	char amount[QUANTITY_TEXT_SIZE];
	cleanup_buffer struct sg_buffer asker;
	sg_buffer_init(&asker, SG_MAX_REPORT);
	describe_asker(share->asker, key, &asker);
	quantity_print(share->amount, amount);
	sg_buffer_pad(out, ' ', SHARE_INDENT);
	sg_buffer_printf(out, "%-*s ", TABLE_AMOUNT_WIDTH, amount);
	size_t column = SHARE_INDENT + strlen(amount) + 1;
	text_wrap(out, column > indent ? column : indent, indent,
		  asker.data ? asker.data : "");
}

static void describe_row(const struct survey *s, const struct fit_row *row,
			 struct share *shares, struct sg_buffer *out)
{
	struct quantity excess = row->asked;
	struct sg_error ignored;
	(void)quantity_subtract(&excess, row->allowed, &ignored);
	const struct table_amount amounts[] = { { "asked", row->asked },
						{ "allowed", row->allowed },
						{ "over by", excess } };
	if (table_amounts(out, KEY_WIDTH, row->key, amounts, 3))
		sg_buffer_putc(out, '\n');
	unsigned count = shares ? collect_shares(s, row->key, shares) : 0;
	for (unsigned i = 0; i < count && i < SHOWN_ASKERS; i++)
		describe_share(&shares[i], row->key, out);
	if (count > SHOWN_ASKERS)
		sg_buffer_printf(out, "    and %u more\n", count - SHOWN_ASKERS);
}

/* The first plan of the engine's that would hold it as it was measured. */
static const char *plan_that_holds(const struct fit *f,
				   const struct policy *policy)
{
	const struct strings *plans = &f->survey->who->engine->plans;
	for (unsigned i = 0; i < plans->count; i++) {
		const struct plan *plan = policy_plan(policy, plans->items[i]);
		bool holds = plan && plan->quota.count <= f->count;
		for (unsigned r = 0; holds && r < f->count; r++) {
			const struct quantity *allowed =
				resources_get(&plan->quota, f->rows[r].key);
			holds = allowed && quantity_compare(f->rows[r].asked,
							    *allowed) <= 0;
		}
		if (holds)
			return plan->name;
	}
	return NULL;
}

static void describe_violations(const struct violations *v,
				struct sg_buffer *out)
{
	if (v->count)
		sg_buffer_puts(out, "\n  Refused by the plan's limits:\n");
	for (unsigned i = 0; i < v->count; i++) {
		cleanup_buffer struct sg_buffer field;
		sg_buffer_init(&field, SG_MAX_REPORT);
		sg_buffer_printf(&field, "%s:", v->items[i].field);
		sg_buffer_puts(out, "  - ");
		text_wrap(out, SHARE_INDENT, SHARE_INDENT,
			  field.data ? field.data : "");
		sg_buffer_pad(out, ' ', SHARE_INDENT);
		text_wrap(out, SHARE_INDENT, SHARE_INDENT,
			  v->items[i].message);
	}
	if (v->count == SG_MAX_VIOLATIONS)
		sg_buffer_puts(out, "  - and maybe more\n");
}

/* What may be done about it. */
static void advise(const struct fit *f, const struct policy *policy,
		   struct sg_buffer *out)
{
	static const char larger[] = "Ask for less, or choose a plan that holds it: ";
	/* measured under this plan's limits: with those broken, who knows */
	const bool broken = f->survey->violations.count > 0;
	const char *plan = broken ? NULL : plan_that_holds(f, policy);
	char text[sizeof larger + NAME_LABEL_SIZE];
	if (plan)
		(void)snprintf(text, sizeof text, "%s%s", larger, plan);
	sg_buffer_puts(out, "\n  ");
	text_wrap(out, TABLE_INDENT, TABLE_INDENT,
		  plan	 ? text :
		  broken ? "Ask for what the plan allows, or choose a larger plan." :
			   "Ask for less; no plan of this engine holds it.");
}

/* What a Service may be that asks for none of these. */
static void describe_services(const struct fit *f, struct sg_buffer *out)
{
	for (unsigned i = 0; i < f->count; i++)
		if (f->rows[i].over &&
		    (strcmp(f->rows[i].key, "services.loadbalancers") == 0 ||
		     strcmp(f->rows[i].key, "services.nodeports") == 0)) {
			sg_buffer_puts(
				out,
				"\n  A Service of type ClusterIP needs neither load balancer nor node port:\n"
				"  an Ingress or an HTTPRoute brings the shop's visitors to it.\n");
			return;
		}
}

void fit_describe(struct sg_arena *a, const struct fit *f,
		  const struct policy *policy, struct sg_buffer *out)
{
	const struct survey *s = f->survey;
	struct share *shares = sg_arena_alloc(
		a, (s->askers.count + 1) * sizeof *shares);
	if (f->over)
		sg_buffer_printf(out, "\n  %-*s %9s %9s %9s\n",
				 KEY_WIDTH, "QUOTA",
				 "ASKED", "ALLOWED", "OVER BY");
	for (unsigned i = 0; i < f->count; i++)
		if (f->rows[i].over)
			describe_row(s, &f->rows[i], shares, out);
	describe_services(f, out);
	describe_violations(&s->violations, out);
	advise(f, policy, out);
}
