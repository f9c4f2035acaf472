/* The command line. */
#ifndef SG_OPTIONS_H
#define SG_OPTIONS_H

#include <stdbool.h>

#include "error.h"

enum only { ONLY_ALL, ONLY_LABELS, ONLY_GUARDS };
enum fit_mode { FIT_ERROR, FIT_WARN, FIT_OFF };
enum chart_policies { CHART_POLICIES_DROP, CHART_POLICIES_KEEP,
		      CHART_POLICIES_FAIL };
/* Who applies the release, and has a say in what is deleted. */
enum deployer { DEPLOYER_HELM, DEPLOYER_ARGOCD };
enum command { COMMAND_FILTER, COMMAND_VALUES, COMMAND_HELP, COMMAND_VERSION };

struct options {
	enum command command;
	const char *policy_file; /* NULL: the embedded policy */
	const char *store_file; /* of values, "-" is standard input */
	const char *store_env;	/* an environment variable that holds the Store */
	const char *store_uid; /* of the Store that the cluster has */
	const char *seed_key_file;
	const char *field; /* of values: the one that is printed, or NULL */
	const char *store;
	const char *engine;
	const char *plan;
	const char *owner;
	const char *namespace;
	const char *log_file;
	enum only only;
	enum fit_mode fit;
	enum chart_policies chart_policies;
	enum deployer deployer;
	bool admitted; /* the caller says so of the Store that is given */
	bool with_namespace;
	bool allow_cluster_scoped;
	bool explain;
};

/* Strings are borrowed from argv. SG_USAGE with a hint at --help. */
int options_parse(int argc, char **argv, struct options *out,
		  struct sg_error *e);

/* What messages call the Store that is given; NULL when none is. */
const char *options_store_source(const struct options *o);

extern const char options_help[];

#endif
