#include "command_line.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

const char command_line_help[] =
	"Usage: storeguard-certs init DIR --name NAMESPACE/SERVICE | --dns NAME...\n"
	"       storeguard-certs issue DIR [--name NAMESPACE/SERVICE] [--dns NAME]...\n"
	"       storeguard-certs rotate DIR [begin | leaf | finish]\n"
	"       storeguard-certs show DIR\n"
	"       storeguard-certs bundle DIR\n"
	"\n"
	"Makes and renews by hand the certificates that storeguard-webhook otherwise\n"
	"makes itself: a CA, a serving certificate, and the bundle of CAs that the API\n"
	"server is to trust. DIR holds ca.crt, ca.key, tls.crt, tls.key and\n"
	"ca-bundle.crt; pass tls.crt and tls.key to the webhook, which reloads them.\n"
	"\n"
	"  init    makes all of it\n"
	"  issue   a new serving certificate by the CA there is, for the names given,\n"
	"          or else for those of the one before\n"
	"  rotate  a new CA in three steps, without a moment in which the API server\n"
	"          refuses the webhook; alone, it tells which step is next\n"
	"            begin   a new CA; the bundle now holds the old and the new one\n"
	"                    -> put the bundle into the webhook configurations\n"
	"            leaf    a serving certificate by the new CA\n"
	"                    -> all webhooks show it\n"
	"            finish  the bundle holds the new CA alone\n"
	"                    -> put it into the webhook configurations\n"
	"          A step that has been taken is not taken again.\n"
	"  show    names, issuers, ends, and what is due; exit status 1 if something is\n"
	"  bundle  the bundle in base64, for clientConfig.caBundle\n"
	"\n"
	"  --name NAMESPACE/SERVICE  the names of a Service in the cluster\n"
	"  --dns NAME                a DNS name or IP address; may be repeated\n"
	"  --days N                  life of a serving certificate (default: 365)\n"
	"  --ca-days N               life of a CA (default: 3650)\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 done, 1 refused or something is due, 2 wrong usage, 3 a file is\n"
	"not what it should be, 4 reading or writing failed.\n";

enum { DAYS = 365, CA_DAYS = 3650, DAYS_MAX = 36500 };

enum { OPT_NAME = 256, OPT_DNS, OPT_DAYS, OPT_CA_DAYS, OPT_HELP, OPT_VERSION };

static int usage(struct sg_error *e, const char *what, const char *which)
{
	return sg_error_set(e, SG_USAGE, "%s%.200s; see storeguard-certs --help",
			    what, which);
}

/* The index of word among words that end with NULL, or -1. */
static int find(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static int add_name(struct command_line *c, const char *name,
		    struct sg_error *e)
{
	if (c->name_count == SG_MAX_CERTIFICATE_NAMES)
		return sg_error_set(e, SG_USAGE,
				    "a certificate has at most %u names",
				    SG_MAX_CERTIFICATE_NAMES);
	c->names[c->name_count++] = name;
	return 0;
}

static int add_service(struct command_line *c, const char *service,
		       struct sg_error *e)
{
	if (c->service.text[0][0])
		return usage(e, "--name is given once; add others by --dns: ",
			     service);
	if (service_names_set(&c->service, service, e)) {
		e->code = SG_USAGE;
		return sg_error_context(e, "--name");
	}
	for (int i = 0; i < SERVICE_NAMES; i++)
		if (add_name(c, c->service.text[i], e))
			return -1;
	return 0;
}

static int read_days(const char *option, const char *value, int64_t *out,
		     struct sg_error *e)
{
	char *end = NULL;
	errno = 0;
	long days = strtol(value, &end, 10);
	if (errno || end == value || *end || days < 1 || days > DAYS_MAX)
		return sg_error_set(e, SG_USAGE,
				    "%s takes a number of days from 1 to %d, not \"%.80s\"",
				    option, DAYS_MAX, value);
	*out = days;
	return 0;
}

static int take(struct command_line *c, int option, const char *value,
		struct sg_error *e)
{
	switch (option) {
	case OPT_NAME: return add_service(c, value, e);
	case OPT_DNS: return add_name(c, value, e);
	case OPT_DAYS: return read_days("--days", value, &c->days, e);
	case OPT_CA_DAYS: return read_days("--ca-days", value, &c->ca_days, e);
	default: return 0;
	}
}

static int take_step(struct command_line *c, const char *word,
		     struct sg_error *e)
{
	static const char *const steps[] = { "begin", "leaf", "finish", NULL };
	int step = find(steps, word);
	if (step < 0)
		return usage(e, "the steps of rotate are begin, leaf and finish, not ",
			     word);
	c->step = (enum rotate_step)(ROTATE_BEGIN + step);
	return 0;
}

static int take_words(struct command_line *c, int count, char **words,
		      struct sg_error *e)
{
	static const char *const commands[] = { "init", "issue", "rotate",
						"show", "bundle", NULL };
	if (count == 0)
		return usage(e, "a command is missing", "");
	int command = find(commands, words[0]);
	if (command < 0)
		return usage(e, "unknown command: ", words[0]);
	c->command = (enum certs_command)(CERTS_INIT + command);
	if (count < 2)
		return usage(e, words[0], " needs the folder of the certificates");
	c->folder = words[1];
	int most = c->command == CERTS_ROTATE ? 3 : 2;
	if (count > most)
		return usage(e, "unexpected argument: ", words[most]);
	if (c->name_count && c->command > CERTS_ISSUE)
		return usage(e, "--name and --dns are for init and issue, not for ",
			     words[0]);
	if (c->command == CERTS_INIT && !c->name_count)
		return usage(e, "init needs --name NAMESPACE/SERVICE or --dns NAME",
			     "");
	return count == 3 ? take_step(c, words[2], e) : 0;
}

int command_line_parse(int argc, char **argv, struct command_line *out,
		       struct sg_error *e)
{
	static const struct option table[] = {
		{ "name", required_argument, NULL, OPT_NAME },
		{ "dns", required_argument, NULL, OPT_DNS },
		{ "days", required_argument, NULL, OPT_DAYS },
		{ "ca-days", required_argument, NULL, OPT_CA_DAYS },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	*out = (struct command_line){ .days = DAYS, .ca_days = CA_DAYS };
	optind = 1;
	opterr = 0;
	for (;;) {
		int option = getopt_long(argc, argv, ":h", table, NULL);
		if (option == -1)
			break;
		if (option == '?')
			return usage(e, "unknown or ambiguous option: ",
				     argv[optind - 1]);
		if (option == ':')
			return usage(e, "this option needs a value: ",
				     argv[optind - 1]);
		if (option == 'h' || option == OPT_HELP ||
		    option == OPT_VERSION) {
			out->command = option == OPT_VERSION ? CERTS_VERSION :
							       CERTS_HELP;
			return 0;
		}
		if (take(out, option, optarg, e))
			return -1;
	}
	return take_words(out, argc - optind, argv + optind, e);
}
