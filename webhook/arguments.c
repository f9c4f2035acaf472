#include "arguments.h"

#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "text.h"

enum {
	OPT_LISTEN = 256,
	OPT_HTTP,
	OPT_GENERATOR,
	OPT_GENERATOR_TOKEN_FILE,
	OPT_KUBECONFIG,
	OPT_TLS_CERT,
	OPT_TLS_KEY,
	OPT_CERT_SECRET,
	OPT_PATH_SECRET,
	OPT_PATH_SECRET_FILE,
	OPT_SERVICE,
	OPT_CONFIGURATIONS,
	OPT_SETTLE,
	OPT_CLIENT_CA,
	OPT_POLICY,
	OPT_STANDALONE,
	OPT_RESERVATION_TTL,
	OPT_LEASE,
	OPT_DRAIN,
	OPT_LOG_FORMAT,
	OPT_USER,
	OPT_GROUPS,
	OPT_OUTPUT,
	OPT_HELP,
	OPT_VERSION,
};

enum { SECONDS_MAX = 3600 };

static int usage(struct sg_error *e, const char *what, const char *which)
{
	return sg_error_set(e, SG_USAGE, "%s%.200s; see storeguard-webhook --help",
			    what, which);
}

static int take_address(const char *option, const char *value,
			struct sockaddr_storage *out, struct sg_error *e)
{
	if (address_parse(value, out) == 0)
		return 0;
	return sg_error_set(
		e, SG_USAGE,
		"%s takes ADDRESS:PORT, like 127.0.0.1:8443, [::1]:8443 or :8443, not \"%.80s\"",
		option, value);
}

static int take_seconds(const char *option, const char *value, int *out,
			struct sg_error *e)
{
	size_t length = strlen(value);
	long n = strtol(value, NULL, 10);
	if (length > 4 || strspn(value, "0123456789") != length ||
	    n > SECONDS_MAX)
		return sg_error_set(e, SG_USAGE,
				    "%s takes seconds from 0 to %d, not \"%.80s\"",
				    option, SECONDS_MAX, value);
	*out = (int)n;
	return 0;
}

static int take_ttl(const char *value, int *out, struct sg_error *e)
{
	if (take_seconds("--reservation-ttl", value, out, e))
		return -1;
	if (*out == 0)
		return usage(e, "--reservation-ttl takes at least 1 second, and more than the API server's --request-timeout", "");
	return 0;
}

static int take_log_format(const char *value, enum log_format *out,
			   struct sg_error *e)
{
	if (strcmp(value, "json") == 0)
		*out = LOG_FORMAT_JSON;
	else if (strcmp(value, "text") == 0)
		*out = LOG_FORMAT_TEXT;
	else
		return sg_error_set(e, SG_USAGE,
				    "--log-format takes json or text, not \"%.80s\"",
				    value);
	return 0;
}

/* NAMESPACE/NAME: names of the API server have no further slash. */
static int take_object(const char *option, const char *value,
		       const char **out, struct sg_error *e)
{
	const char *slash = strchr(value, '/');
	if (!slash || slash == value || !slash[1] || strchr(slash + 1, '/'))
		return sg_error_set(
			e, SG_USAGE,
			"%s takes NAMESPACE/NAME, like storeguard/storeguard-tls, not \"%.80s\"",
			option, value);
	*out = value;
	return 0;
}

static int take_groups(char *value, struct arguments *o, struct sg_error *e)
{
	o->group_count = 0;
	for (char *rest = value, *one; (one = strsep(&rest, ","));) {
		if (!*one)
			return usage(e, "--groups takes names with commas between: ",
				     value);
		if (o->group_count == ARGUMENTS_MAX)
			return usage(e, "too many groups in ", "--groups");
		o->groups[o->group_count++] = one;
	}
	return 0;
}

static int take_output(const char *value, struct arguments *o,
		       struct sg_error *e)
{
	if (strcmp(value, "json") != 0)
		return usage(e, "-o takes json, not ", value);
	o->json = true;
	return 0;
}

static int take(struct arguments *o, int option, char *value, const char *word,
		struct sg_error *e)
{
	if (value && !*value)
		return usage(e, "this option was given an empty value: ", word);
	switch (option) {
	case OPT_LISTEN: return take_address("--listen", value, &o->listen, e);
	case OPT_HTTP: return take_address("--http", value, &o->http, e);
	case OPT_GENERATOR:
		return take_address("--generator", value, &o->generator, e);
	case OPT_CERT_SECRET:
		return take_object("--cert-secret", value, &o->cert_secret, e);
	case OPT_PATH_SECRET:
		return take_object("--path-secret", value, &o->path_secret, e);
	case OPT_SERVICE:
		return take_object("--service", value, &o->service, e);
	case OPT_LEASE: return take_object("--lease", value, &o->lease, e);
	case OPT_RESERVATION_TTL:
		return take_ttl(value, &o->reservation_ttl, e);
	case OPT_DRAIN: return take_seconds("--drain", value, &o->drain, e);
	case OPT_SETTLE: return take_seconds("--settle", value, &o->settle, e);
	case OPT_OUTPUT: return take_output(value, o, e);
	case OPT_LOG_FORMAT: return take_log_format(value, &o->log_format, e);
	case OPT_GROUPS: return take_groups(value, o, e);
	case OPT_GENERATOR_TOKEN_FILE: o->generator_token_file = value; break;
	case OPT_KUBECONFIG: o->kubeconfig = value; break;
	case OPT_TLS_CERT: o->tls_cert = value; break;
	case OPT_TLS_KEY: o->tls_key = value; break;
	case OPT_CONFIGURATIONS: o->configurations = value; break;
	case OPT_PATH_SECRET_FILE: o->path_secret_file = value; break;
	case OPT_CLIENT_CA: o->client_ca = value; break;
	case OPT_POLICY: o->policy_file = value; break;
	case OPT_USER: o->user = value; break;
	case OPT_STANDALONE: o->standalone = true; break;
	case OPT_HELP: o->command = ARGUMENTS_HELP; break;
	case OPT_VERSION: o->command = ARGUMENTS_VERSION; break;
	default: break;
	}
	return 0;
}

static bool asks_to_review(const struct arguments *o)
{
	return o->policy_file || o->user || o->group_count || o->json;
}

static int check_review(const struct arguments *o, unsigned served,
			struct sg_error *e)
{
	if (served)
		return usage(e, "review takes --policy, --user, --groups and -o, and no other option",
			     "");
	if (!o->file_count)
		return usage(e, "review takes a FILE, or - for stdin", "");
	return 0;
}

static int check_certificate(const struct arguments *o, struct sg_error *e)
{
	if (!o->tls_cert != !o->tls_key)
		return usage(e, "--tls-cert and --tls-key belong together", "");
	if (o->tls_cert && o->cert_secret)
		return usage(e, "either --tls-cert and --tls-key, or --cert-secret, not both",
			     "");
	if (!o->cert_secret && o->service)
		return usage(e, "--service belongs to --cert-secret", "");
	if (!o->cert_secret && !o->path_secret && (o->configurations || o->settle))
		return usage(e, "--configurations and --settle belong to --cert-secret and --path-secret",
			     "");
	if (o->path_secret && o->path_secret_file)
		return usage(e, "either --path-secret or --path-secret-file, not both",
			     "");
	if (o->cert_secret && !o->service)
		return usage(e, "--cert-secret needs --service NAMESPACE/NAME, whose names the certificate gets",
			     "");
	if (!o->tls_cert && !o->cert_secret && !o->standalone)
		return usage(e, "a certificate is needed: --tls-cert and --tls-key, --cert-secret, or --standalone, which makes one",
			     "");
	return 0;
}

/* As kubectl has it; in a pod, the service account comes first. */
static int find_cluster(struct arguments *o, const char *or_else,
			struct sg_error *e)
{
	const char *from_environment = getenv("KUBECONFIG");
	if (o->kubeconfig || getenv("KUBERNETES_SERVICE_HOST"))
		return 0;
	if (!from_environment || !*from_environment)
		return usage(e, "not in a pod: pass --kubeconfig", or_else);
	o->kubeconfig = from_environment;
	return 0;
}

static int check_generator(const struct arguments *o, struct sg_error *e)
{
	bool has_address = o->generator.ss_family != AF_UNSPEC;
	if (has_address != (o->generator_token_file != NULL))
		return usage(e, "--generator and --generator-token-file belong together",
			     "");
	if (has_address && o->standalone)
		return usage(e, "--standalone goes without a cluster: there are no Stores for --generator to list",
			     "");
	return 0;
}

static int check_serve(struct arguments *o, struct sg_error *e)
{
	if (o->user || o->group_count || o->json)
		return usage(e, "--user, --groups and -o belong to review", "");
	if (o->standalone &&
	    (o->kubeconfig || o->cert_secret || o->path_secret || o->lease))
		return usage(e, "--standalone goes without a cluster: no --kubeconfig, no --cert-secret, no --path-secret, no --lease",
			     "");
	if (check_certificate(o, e) || check_generator(o, e))
		return -1;
	if (!o->configurations)
		o->configurations = "storeguard";
	return o->standalone ?
		       0 :
		       find_cluster(o, ", or --standalone to go without a cluster",
				    e);
}

static int check_remove_finalizers(struct arguments *o, int words,
				   unsigned options, struct sg_error *e)
{
	o->command = ARGUMENTS_REMOVE_FINALIZERS;
	if (words || options > (o->kubeconfig ? 1 : 0) || asks_to_review(o))
		return usage(e, "remove-finalizers takes --kubeconfig, and nothing else",
			     "");
	return find_cluster(o, "", e);
}

/* Up to what no terminal should show. */
static size_t printable_length(const char *text)
{
	size_t length = 0, more;
	while ((more = text_printable(text + length)))
		length += more;
	return length;
}

static int take_quota(struct arguments *o, int count, char **words,
		      unsigned served, struct sg_error *e)
{
	if (served || asks_to_review(o))
		return usage(e, "quota takes no options", "");
	if (count != 2)
		return usage(e, "quota takes OWNER and STORES, like quota alice@example.com 10", "");
	const char *stores = words[1];
	size_t length = strlen(stores);
	long number = strtol(stores, NULL, 10);
	if (!length || length > 4 || strspn(stores, "0123456789") != length ||
	    number > ARGUMENTS_STORES_MAX)
		return sg_error_set(e, SG_USAGE,
				    "an owner can have from 0 to %d Stores, not \"%.80s\"",
				    ARGUMENTS_STORES_MAX, stores);
	if (!*words[0] || strlen(words[0]) > ARGUMENTS_OWNER_MAX ||
	    printable_length(words[0]) != strlen(words[0]))
		return sg_error_set(e, SG_USAGE,
				    "an owner is a user's name: one line of 1 to %d bytes in UTF-8",
				    ARGUMENTS_OWNER_MAX);
	o->command = ARGUMENTS_QUOTA;
	o->owner = words[0];
	o->stores = (int)number;
	return 0;
}

static int take_words(struct arguments *o, int argc, char **argv,
		      unsigned served, struct sg_error *e)
{
	int word = optind;
	if (word < argc && strcmp(argv[word], "review") == 0) {
		o->command = ARGUMENTS_REVIEW;
		for (word++; word < argc; word++) {
			if (o->file_count == ARGUMENTS_MAX)
				return usage(e, "too many files, from ",
					     argv[word]);
			o->files[o->file_count++] = argv[word];
		}
		return check_review(o, served, e);
	}
	if (word < argc && strcmp(argv[word], "quota") == 0)
		return take_quota(o, argc - word - 1, argv + word + 1, served, e);
	if (word < argc && strcmp(argv[word], "remove-finalizers") == 0)
		return check_remove_finalizers(o, argc - word - 1, served, e);
	if (word < argc && strcmp(argv[word], "serve") == 0)
		word++;
	if (word < argc)
		return usage(e, "unexpected argument (serve, review, quota and remove-finalizers are known): ",
			     argv[word]);
	return check_serve(o, e);
}

int arguments_parse(int argc, char **argv, struct arguments *out,
		    struct sg_error *e)
{
	static const struct option table[] = {
		{ "listen", required_argument, NULL, OPT_LISTEN },
		{ "http", required_argument, NULL, OPT_HTTP },
		{ "generator", required_argument, NULL, OPT_GENERATOR },
		{ "generator-token-file", required_argument, NULL,
		  OPT_GENERATOR_TOKEN_FILE },
		{ "kubeconfig", required_argument, NULL, OPT_KUBECONFIG },
		{ "tls-cert", required_argument, NULL, OPT_TLS_CERT },
		{ "tls-key", required_argument, NULL, OPT_TLS_KEY },
		{ "cert-secret", required_argument, NULL, OPT_CERT_SECRET },
		{ "path-secret", required_argument, NULL, OPT_PATH_SECRET },
		{ "path-secret-file", required_argument, NULL,
		  OPT_PATH_SECRET_FILE },
		{ "service", required_argument, NULL, OPT_SERVICE },
		{ "configurations", required_argument, NULL,
		  OPT_CONFIGURATIONS },
		{ "settle", required_argument, NULL, OPT_SETTLE },
		{ "client-ca", required_argument, NULL, OPT_CLIENT_CA },
		{ "policy", required_argument, NULL, OPT_POLICY },
		{ "standalone", no_argument, NULL, OPT_STANDALONE },
		{ "reservation-ttl", required_argument, NULL,
		  OPT_RESERVATION_TTL },
		{ "lease", required_argument, NULL, OPT_LEASE },
		{ "drain", required_argument, NULL, OPT_DRAIN },
		{ "log-format", required_argument, NULL, OPT_LOG_FORMAT },
		{ "user", required_argument, NULL, OPT_USER },
		{ "groups", required_argument, NULL, OPT_GROUPS },
		{ "output", required_argument, NULL, OPT_OUTPUT },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	unsigned served = 0; /* options of serve alone */
	*out = (struct arguments){ .reservation_ttl = 120, .drain = 25,
				    .log_format = LOG_FORMAT_JSON };
	(void)address_parse(":8443", &out->listen);
	(void)address_parse(":8080", &out->http);
	optind = 1;
	opterr = 0;
	for (;;) {
		int word = optind;
		int option = getopt_long(argc, argv, ":ho:", table, NULL);
		if (option == -1)
			break;
		if (option == '?')
			return usage(e, "unknown or ambiguous option: ",
				     argv[word]);
		if (option == ':')
			return usage(e, "this option needs a value: ",
				     argv[word]);
		option = option == 'h' ? OPT_HELP :
			 option == 'o' ? OPT_OUTPUT :
					 option;
		if (take(out, option, optarg, argv[word], e))
			return -1;
		if (out->command != ARGUMENTS_SERVE)
			return 0;
		served += option != OPT_POLICY && option != OPT_USER &&
			  option != OPT_GROUPS && option != OPT_OUTPUT;
	}
	return take_words(out, argc, argv, served, e);
}
