#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

const char options_help[] =
	"Usage: storeguard-postrender [OPTION]... < manifests > guarded-manifests\n"
	"       storeguard-postrender values [--policy FILE] [--seed-key-file FILE]\n"
	"                             [--admitted] [--store-uid UID] [--field NAME]\n"
	"                             STORE-FILE | --store-env NAME\n"
	"\n"
	"A Helm post-renderer: adds ResourceQuota, LimitRange, NetworkPolicies and\n"
	"store labels to the rendered manifests of one store, changes nothing else,\n"
	"and proves that the release fits its quota. The second form prints the chart\n"
	"values of a Store (STORE-FILE - is stdin).\n"
	"\n"
	"Which store (flags win over the file, the file over a Store in the stream):\n"
	"  --store-file FILE    a Store (urumi.io/v1), as for kubectl apply\n"
	"  --store-env NAME     the same, as the text of an environment variable\n"
	"  --admitted           that Store was admitted: only warn of a name, host, value\n"
	"                       or plan that the policy has forbidden since\n"
	"  --store-uid UID      refuse it unless this is its metadata.uid: the one that\n"
	"                       the cluster's Store has\n"
	"  --store NAME         its name\n"
	"  --engine NAME        woocommerce, medusa, or another of the policy\n"
	"  --plan NAME          small, medium, large, or another of the policy\n"
	"  --owner NAME         who owns it\n"
	"  --namespace NAME     where it lives (default: store-NAME)\n"
	"\n"
	"What is done:\n"
	"  --policy FILE        a StorePolicy instead of the built-in one\n"
	"  --only WHAT          all (default), labels or guards\n"
	"  --with-namespace     also emit the Namespace, with Pod Security labels, and\n"
	"                       refuse pods that it would refuse\n"
	"  --deployer WHO       helm (default; also of Flux and kubectl): the Namespace\n"
	"                       outlives the release. argocd: no sync deletes it, the\n"
	"                       Application's end does\n"
	"  --fit MODE           a release over its quota: error (default), warn, off\n"
	"  --chart-policies DO  the chart's own NetworkPolicies, LimitRanges and\n"
	"                       ResourceQuotas: drop (default, with a warning), keep,\n"
	"                       fail\n"
	"  --allow-cluster-scoped\n"
	"                       let objects through that live outside namespaces, and\n"
	"                       Roles by which guards could be changed\n"
	"\n"
	"Of values:\n"
	"  --seed-key-file FILE also credentials.seed, from a secret key and the Store's\n"
	"                       metadata.uid: the same at each render, another for each\n"
	"                       Store. At least 32 bytes\n"
	"  --field NAME         only that field of the Store, as it is read, on a line:\n"
	"                       name, engine, plan, host, displayName, adminEmail, owner,\n"
	"                       delivery, deletionProtection; empty where it says nothing\n"
	"\n"
	"What is said:\n"
	"  --explain            on stderr, what was added and how full the quota is\n"
	"  --log-file FILE      append warnings and errors to a file, too\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 done, 1 refused by policy, 2 wrong usage, 3 input is not\n"
	"usable YAML, 4 reading or writing failed. Unless it is 0, nothing is printed.\n";

enum {
	OPT_POLICY = 256,
	OPT_STORE_FILE,
	OPT_STORE_ENV,
	OPT_STORE_UID,
	OPT_ADMITTED,
	OPT_SEED_KEY_FILE,
	OPT_FIELD,
	OPT_STORE,
	OPT_ENGINE,
	OPT_PLAN,
	OPT_OWNER,
	OPT_NAMESPACE,
	OPT_ONLY,
	OPT_WITH_NAMESPACE,
	OPT_FIT,
	OPT_CHART_POLICIES,
	OPT_DEPLOYER,
	OPT_ALLOW_CLUSTER_SCOPED,
	OPT_EXPLAIN,
	OPT_LOG_FILE,
	OPT_HELP,
	OPT_VERSION,
};

static int usage(struct sg_error *e, const char *what, const char *which)
{
	return sg_error_set(e, SG_USAGE,
			    "%s%.200s; see storeguard-postrender --help", what,
			    which);
}

/* The index of value among two or three words that end with NULL. */
static int choose(const char *option, const char *value,
		  const char *const *words, int *out, struct sg_error *e)
{
	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], value) == 0) {
			*out = i;
			return 0;
		}
	}
	bool three = words[2] != NULL;
	return sg_error_set(e, SG_USAGE,
			    "%s takes %s%s%s or %s, not \"%.80s\"", option,
			    words[0], three ? ", " : "", three ? words[1] : "",
			    words[three ? 2 : 1], value);
}

static int take(struct options *o, int option, const char *value,
		const char *word, struct sg_error *e)
{
	static const char *const only[] = { "all", "labels", "guards", NULL };
	static const char *const fit[] = { "error", "warn", "off", NULL };
	static const char *const policies[] = { "drop", "keep", "fail", NULL };
	static const char *const deployers[] = { "helm", "argocd", NULL };
	int choice = 0;
	if (value && !*value)
		return usage(e, "this option was given an empty value: ", word);
	if (value && (strstr(value, ",--") || strstr(value, " --")))
		return sg_error_set(e, SG_USAGE,
				    "\"%.120s\" holds several options; pass one --post-renderer-args for each",
				    value);
	switch (option) {
	case OPT_POLICY: o->policy_file = value; break;
	case OPT_STORE_FILE: o->store_file = value; break;
	case OPT_STORE_ENV: o->store_env = value; break;
	case OPT_STORE_UID: o->store_uid = value; break;
	case OPT_SEED_KEY_FILE: o->seed_key_file = value; break;
	case OPT_FIELD: o->field = value; break;
	case OPT_STORE: o->store = value; break;
	case OPT_ENGINE: o->engine = value; break;
	case OPT_PLAN: o->plan = value; break;
	case OPT_OWNER: o->owner = value; break;
	case OPT_NAMESPACE: o->namespace = value; break;
	case OPT_LOG_FILE: o->log_file = value; break;
	case OPT_ADMITTED: o->admitted = true; break;
	case OPT_WITH_NAMESPACE: o->with_namespace = true; break;
	case OPT_ALLOW_CLUSTER_SCOPED: o->allow_cluster_scoped = true; break;
	case OPT_EXPLAIN: o->explain = true; break;
	case OPT_HELP: o->command = COMMAND_HELP; break;
	case OPT_VERSION: o->command = COMMAND_VERSION; break;
	case OPT_ONLY:
		if (choose("--only", value, only, &choice, e))
			return -1;
		o->only = (enum only)choice;
		break;
	case OPT_FIT:
		if (choose("--fit", value, fit, &choice, e))
			return -1;
		o->fit = (enum fit_mode)choice;
		break;
	case OPT_CHART_POLICIES:
		if (choose("--chart-policies", value, policies, &choice, e))
			return -1;
		o->chart_policies = (enum chart_policies)choice;
		break;
	case OPT_DEPLOYER:
		if (choose("--deployer", value, deployers, &choice, e))
			return -1;
		o->deployer = (enum deployer)choice;
		break;
	default:
		break;
	}
	return 0;
}

static int check_filter(const struct options *o, struct sg_error *e)
{
	if (o->seed_key_file || o->field)
		return usage(e, "--seed-key-file and --field belong to values",
			     "");
	if (o->store_file && o->store_env)
		return usage(e, "either --store-file or --store-env, not both", "");
	if ((o->admitted || o->store_uid) && !o->store_file && !o->store_env)
		return usage(e, "--admitted and --store-uid speak of a Store from --store-file or --store-env",
			     "");
	return 0;
}

static int take_words(struct options *o, int argc, char **argv,
		      struct sg_error *e)
{
	if (optind == argc)
		return check_filter(o, e);
	if (strcmp(argv[optind], "values") != 0)
		return usage(e, "unexpected argument: ", argv[optind]);
	bool others = o->store_file || o->store || o->engine || o->plan ||
		      o->owner || o->namespace || o->log_file || o->only ||
		      o->fit || o->chart_policies || o->deployer ||
		      o->with_namespace ||
		      o->allow_cluster_scoped || o->explain;
	if (argc - optind - 1 != (o->store_env ? 0 : 1) || others)
		return usage(e, "values takes one STORE-FILE or --store-env, and --policy, --admitted, --store-uid, --seed-key-file, --field",
			     "");
	if (o->field && o->seed_key_file)
		return usage(e, "either --field or --seed-key-file, not both",
			     "");
	o->command = COMMAND_VALUES;
	o->store_file = argv[optind + 1]; /* NULL with --store-env */
	return 0;
}

const char *options_store_source(const struct options *o)
{
	bool is_stdin = o->command == COMMAND_VALUES && o->store_file &&
			strcmp(o->store_file, "-") == 0;
	return is_stdin ? "standard input" :
	       o->store_file ? o->store_file :
			       o->store_env;
}

int options_parse(int argc, char **argv, struct options *out,
		  struct sg_error *e)
{
	static const struct option table[] = {
		{ "policy", required_argument, NULL, OPT_POLICY },
		{ "store-file", required_argument, NULL, OPT_STORE_FILE },
		{ "store-env", required_argument, NULL, OPT_STORE_ENV },
		{ "store-uid", required_argument, NULL, OPT_STORE_UID },
		{ "admitted", no_argument, NULL, OPT_ADMITTED },
		{ "seed-key-file", required_argument, NULL, OPT_SEED_KEY_FILE },
		{ "field", required_argument, NULL, OPT_FIELD },
		{ "store", required_argument, NULL, OPT_STORE },
		{ "engine", required_argument, NULL, OPT_ENGINE },
		{ "plan", required_argument, NULL, OPT_PLAN },
		{ "owner", required_argument, NULL, OPT_OWNER },
		{ "namespace", required_argument, NULL, OPT_NAMESPACE },
		{ "only", required_argument, NULL, OPT_ONLY },
		{ "with-namespace", no_argument, NULL, OPT_WITH_NAMESPACE },
		{ "fit", required_argument, NULL, OPT_FIT },
		{ "chart-policies", required_argument, NULL,
		  OPT_CHART_POLICIES },
		{ "deployer", required_argument, NULL, OPT_DEPLOYER },
		{ "allow-cluster-scoped", no_argument, NULL,
		  OPT_ALLOW_CLUSTER_SCOPED },
		{ "explain", no_argument, NULL, OPT_EXPLAIN },
		{ "log-file", required_argument, NULL, OPT_LOG_FILE },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	*out = (struct options){ 0 };
	optind = 1;
	opterr = 0;
	for (;;) {
		int word = optind;
		int option = getopt_long(argc, argv, ":h", table, NULL);
		if (option == -1)
			break;
		if (option == '?')
			return usage(e,
				     strchr(argv[word], ' ') ?
					     "one option in each --post-renderer-args, please, not: " :
					     "unknown or ambiguous option: ",
				     argv[word]);
		if (option == ':')
			return usage(e, "this option needs a value: ",
				     argv[word]);
		if (take(out, option == 'h' ? OPT_HELP : option, optarg,
			 argv[word], e))
			return -1;
		if (out->command != COMMAND_FILTER)
			return 0;
	}
	return take_words(out, argc, argv, e);
}
