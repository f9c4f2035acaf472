/*
 * storeguard-postrender: rendered manifests of one store in, the same bytes
 * with guards and labels out. The way of the data is the order of run_filter():
 * read, index, resolve the store, label (splice and verify each document), work out
 * who reaches whom, derive guards, check the fit, write.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "documents.h"
#include "explain.h"
#include "files.h"
#include "fit.h"
#include "guards.h"
#include "identity.h"
#include "options.h"
#include "reach_report.h"
#include "rewrite.h"
#include "values.h"

static int load_policy(const struct options *o, struct policy **out,
		       struct sg_error *e)
{
	if (!o->policy_file)
		return policy_parse_default(out, e);
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_FILE);
	if (file_read(o->policy_file, &text, e))
		return -1;
	return policy_parse(o->policy_file, text.data ? text.data : "",
			    text.length, out, e);
}

static int check_fit(const struct options *o, const struct policy *policy,
		     struct survey *s, struct sg_arena *a, struct fit *fit,
		     struct diagnostics *d, struct sg_error *e)
{
	if (o->fit == FIT_OFF && !o->explain)
		return 0;
	if (survey_finish(s, e) || fit_compute(a, s, fit, e))
		return -1;
	if (fit_holds(fit) || o->fit == FIT_OFF)
		return 0;
	cleanup_buffer struct sg_buffer table;
	sg_buffer_init(&table, SG_MAX_REPORT);
	fit_describe(a, fit, policy, &table);
	if (sg_buffer_check(&table, e))
		return -1;
	sg_error_set(e, SG_REFUSED, "the release of store \"%s\" does not fit plan \"%s\"",
		     s->who->store.name, s->who->plan->name);
	if (o->fit == FIT_WARN) {
		diagnostics_warn(d, "%s", e->message);
		diagnostics_report(d, table.data);
		return 0;
	}
	diagnostics_error(d, e);
	diagnostics_report(d, table.data);
	e->message[0] = '\0'; /* said already */
	return -1;
}

/* Both are said at once. */
static int check_release(const struct options *o, const struct policy *policy,
			 struct room *room, struct survey *s,
			 struct sg_arena *a, struct fit *fit,
			 struct diagnostics *d, struct sg_error *e)
{
	int out_of_room = room_finish(room, d, e);
	int unfit = check_fit(o, policy, s, a, fit, d, e);
	return out_of_room || unfit ? -1 : 0;
}

/*
 * Guards before the body, which is opened by "---" where it does not open itself. All
 * of it ends up in the body: a copy would be as large as the release.
 */
static int assemble(const struct options *o, const struct documents *docs,
		    const struct guards *guards, struct sg_buffer *body,
		    struct sg_error *e)
{
	cleanup_buffer struct sg_buffer head;
	sg_buffer_init(&head, SG_MAX_OUTPUT);
	if (docs->has_bom)
		sg_buffer_puts(&head, "\xEF\xBB\xBF");
	if (o->only != ONLY_LABELS && guards_write(guards, &head, e))
		return -1;
	if (o->only == ONLY_GUARDS)
		sg_buffer_clear(body);
	else if (o->only == ONLY_ALL && body->length &&
		 !yaml_is_document_start(body->data, body->length))
		sg_buffer_puts(&head, "---\n");
	if (sg_buffer_check(&head, e))
		return -1;
	sg_buffer_prepend(body, head.data, head.length);
	if (body->length == 0) /* Helm would delete the whole release */
		return sg_error_set(e, SG_INVALID,
				    "nothing is left of the release");
	return sg_buffer_check(body, e);
}

static int explain(const struct explain *x, const struct identity *who,
		   const struct survey *s, const struct options *o,
		   const struct guards *guards, const struct fit *fit,
		   struct diagnostics *d, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_REPORT);
	if (!x->wanted)
		return 0;
	explain_write(x, who, s, o->only == ONLY_LABELS ? NULL : guards, fit,
		      &text);
	if (sg_buffer_check(&text, e))
		return -1;
	diagnostics_report(d, text.data);
	return 0;
}

static bool speaks_helm4(const struct sg_buffer *input)
{
	return memmem(input->data, input->length, HELM4_FILENAME,
		      strlen(HELM4_FILENAME)) != NULL;
}

static int run_filter(const struct options *o, const struct policy *policy,
		      struct diagnostics *d, struct sg_error *e)
{
	cleanup_arena struct sg_arena arena;
	cleanup_buffer struct sg_buffer input, body;
	cleanup_with(room_release) struct room room = { 0 };
	cleanup_with(survey_release) struct survey survey = { 0 };
	cleanup_with(explain_release) struct explain x;
	struct documents docs;
	struct identity who;
	struct guards guards;
	struct fit fit = { 0 };
	sg_arena_init(&arena);
	sg_buffer_init(&input, SG_MAX_STREAM);
	sg_buffer_init(&body, SG_MAX_OUTPUT);
	explain_init(&x, o->explain, diagnostics_has_colour());

	if (stdin_read(&input, e) ||
	    documents_index(&arena, input.data, input.length, &docs, e) ||
	    identity_resolve(&arena, o, policy, &docs, &who, d, e))
		return -1;
	if (!who.owner_label)
		diagnostics_warn(d, "the owner of store \"%s\" is unknown, so no owner label is set; pass --owner",
				 who.store.name);

	const struct rewrite rewrite = { o, &who, &room, &survey, &x, d };
	room_init(&room, &who, o);
	if (survey_init(&survey, &who, o->fit != FIT_OFF || o->explain, e) ||
	    rewrite_release(&rewrite, &docs, &body, e) ||
	    reach_work_out(&survey.reach, &survey.calls, e))
		return -1;
	survey_report(&survey, d);
	reach_warn(&survey.reach, d);
	if (guards_build(&arena, policy, &who, &survey, o,
			 speaks_helm4(&input), &guards, e) ||
	    check_release(o, policy, &room, &survey, &arena, &fit, d, e) ||
	    assemble(o, &docs, &guards, &body, e))
		return -1;
	return explain(&x, &who, &survey, o, &guards, &fit, d, e) ||
			       stdout_write(body.data, body.length, e) ?
		       -1 :
		       0;
}

static int run_values(const struct options *o, const struct policy *policy,
		      struct diagnostics *d, struct sg_error *e)
{
	cleanup_arena struct sg_arena arena;
	cleanup_buffer struct sg_buffer output;
	struct store store;
	struct values_seed seed;
	sg_arena_init(&arena);
	sg_buffer_init(&output, SG_MAX_FILE);
	if (identity_read_store(&arena, o, &store, e) ||
	    store_default(&arena, policy, &store, e) ||
	    identity_check(&arena, policy, &store, o->admitted,
			   options_store_source(o), d, e) ||
	    (o->seed_key_file &&
	     values_read_seed(o->seed_key_file, &store, &seed, e)))
		return -1;
	if (o->field ? values_write_field(&store, o->field, &output, e) :
		       values_write(&arena, &store,
				    o->seed_key_file ? &seed : NULL, &output,
				    e))
		return -1;
	return stdout_write(output.data, output.length, e);
}

static int run(const struct options *o, struct diagnostics *d,
	       struct sg_error *e)
{
	cleanup_policy struct policy *policy = NULL;
	if (o->command == COMMAND_HELP)
		return stdout_write(options_help, strlen(options_help), e);
	if (o->command == COMMAND_VERSION) {
		static const char version[] =
			"storeguard-postrender " SG_VERSION "\n";
		return stdout_write(version, sizeof version - 1, e);
	}
	if (load_policy(o, &policy, e))
		return -1;
	return o->command == COMMAND_VALUES ? run_values(o, policy, d, e) :
					      run_filter(o, policy, d, e);
}

int main(int argc, char **argv)
{
	struct sg_error e = { 0 };
	struct options options;
	struct diagnostics diagnostics;
	standard_streams_hold();
	(void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is exit 4 */
	int usage = options_parse(argc, argv, &options, &e);
	struct sg_error log_error = { 0 };
	bool no_log = diagnostics_open(&diagnostics,
				       usage ? NULL : options.log_file,
				       &log_error) != 0;
	if (no_log && !usage)
		e = log_error;
	int failed = usage || no_log || run(&options, &diagnostics, &e);
	if (failed && e.message[0])
		diagnostics_error(&diagnostics, &e);
	diagnostics_finish(&diagnostics);
	diagnostics_close(&diagnostics);
	/* Helm takes exit 0 with no output as "delete every resource" */
	return !failed ? 0 : e.code != SG_OK ? (int)e.code : SG_IO;
}
