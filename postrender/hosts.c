#include "hosts.h"

#include <ctype.h>
#include <string.h>

#include "names.h"

enum { PORT_DIGITS = 5 };

/* A word and where it stands. */
struct word {
	const char *begin;
	const char *end;
};

struct scan {
	const struct host_text *text;
	const char *end;
	host_found *found;
	void *context;
	struct word last[2]; /* of this line, the nearest first; or empty */
	bool awaits;	     /* a command that takes a host has been named */
	bool listed;	     /* the nearest was a host of a list */
	bool heads_hosts;    /* "hosts:" ended a line; its items follow */
	bool is_item;	     /* this line is one of them */
	bool blanks_separate; /* the items of a value: that of MEMCACHED_SERVERS */
};

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '-' || c == '_';
}

static bool in_host(char c)
{
	return islower((unsigned char)c) || isdigit((unsigned char)c) ||
	       c == '.' || c == '-';
}

static bool word_is_one_of(struct word w, const char *const *list)
{
	size_t length = (size_t)(w.end - w.begin);
	for (; *list; list++)
		if (strlen(*list) == length &&
		    strncmp(*list, w.begin, length) == 0)
			return true;
	return false;
}

static struct word trim(struct word w)
{
	while (w.end > w.begin && (w.end[-1] == '.' || w.end[-1] == '-'))
		w.end--;
	return w;
}

/* Of the form of a Service's DNS name: some letter, nothing empty. */
static bool is_host(struct word w)
{
	bool letter = false;
	char before = '.';
	if (w.end - w.begin > 253 || w.begin == w.end)
		return false;
	for (const char *at = w.begin; at < w.end; before = *at++) {
		if (!in_host(*at) || (before == '.' && (*at == '.' || *at == '-')))
			return false;
		letter |= islower((unsigned char)*at) != 0;
	}
	return letter;
}

/* "3306" and then no more of a word: the port, or 0. */
static uint16_t port_at(const char *at, const char *end)
{
	unsigned port = 0, digits = 0;
	for (; at < end && isdigit((unsigned char)*at) && digits <= PORT_DIGITS;
	     at++, digits++)
		port = port * 10 + (unsigned)(*at - '0');
	bool whole = at == end || !in_word(*at) ||
		     (*at == '.' && (at + 1 == end || !in_word(at[1])));
	return whole && digits && digits <= PORT_DIGITS && port <= 65535 ?
		       (uint16_t)port :
		       0;
}

static uint16_t port_behind(const struct scan *s, const char *at)
{
	return at < s->end && *at == ':' ? port_at(at + 1, s->end) : 0;
}

static int report(const struct scan *s, struct word w, uint16_t port,
		  bool implied, enum host_form form)
{
	struct host host = { w.begin, (size_t)(w.end - w.begin), port, implied,
			     form };
	return s->found(s->context, &host);
}

/* --- URLs --- */

static uint16_t port_of_scheme(struct word scheme)
{
	static const struct {
		const char *names[3];
		uint16_t port;
	} known[] = {
		{ { "http", "ws" }, 80 },
		{ { "https", "wss" }, 443 },
		{ { "mysql", "mariadb" }, 3306 },
		{ { "postgres", "postgresql" }, 5432 },
		{ { "redis", "rediss" }, 6379 },
		{ { "amqp" }, 5672 },
		{ { "mongodb" }, 27017 },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (word_is_one_of(scheme, known[i].names))
			return known[i].port;
	return 0;
}

/* "user:word@db-0:3306,db-1" behind "://"; *at moves behind it. */
static int find_in_authority(struct scan *s, const char **at)
{
	uint16_t usual = port_of_scheme(s->last[0]);
	const char *begin = *at, *end = begin;
	while (end < s->end && !isspace((unsigned char)*end) &&
	       !strchr("/?#\\\"'`<>|", *end))
		if (*end++ == '@')
			begin = end;
	*at = end;
	while (begin < end) {
		struct word w = { begin, begin };
		while (w.end < end && in_host(*w.end))
			w.end++;
		uint16_t port = port_behind(s, w.end);
		struct word host = trim(w);
		if (is_host(host)) {
			int result = report(s, host, port ? port : usual,
					    !port && usual, HOST_SURE);
			if (result)
				return result;
		}
		const char *comma = memchr(begin, ',', (size_t)(end - begin));
		begin = comma ? comma + 1 : end;
	}
	return 0;
}

/* --- what stands before a word --- */

static bool gap_has_only(const struct scan *s, const char *to, const char *set)
{
	for (const char *at = s->last[0].end; at < to; at++)
		if (!strchr(set, *at))
			return false;
	return true;
}

static bool gap_has(const struct scan *s, const char *to, const char *set)
{
	for (const char *at = s->last[0].end; at < to; at++)
		if (strchr(set, *at))
			return true;
	return false;
}

/* Behind `--db-host`, `-h`, `host =`, `"host": `, `define('DB_HOST', `. */
static bool is_hinted(const struct scan *s, struct word w)
{
	struct word key = s->last[0];
	if (!key.begin)
		return s->is_item;
	if (s->listed && gap_has(s, w.begin, ",") &&
	    gap_has_only(s, w.begin, ", \t\"'"))
		return true;
	bool is_option = *key.begin == '-';
	while (key.begin < key.end && *key.begin == '-')
		key.begin++;
	size_t length = (size_t)(key.end - key.begin);
	if (is_option && s->text->is_command && length == 1 &&
	    tolower((unsigned char)*key.begin) == 'h')
		return gap_has_only(s, w.begin, " \t\"'=");
	bool fits = is_option ?
			    gap_has_only(s, w.begin, " \t\"'=") :
			    gap_has_only(s, w.begin, " \t\"'=:,>()[]{") &&
				    (gap_has(s, w.begin, "=:>") ||
				     (gap_has(s, w.begin, ",") &&
				      gap_has(s, w.begin, "'\"")));
	return fits && host_key(key.begin, length) == KEY_OF_HOST;
}

static bool ends_with(const struct scan *s, const char *at, const char *text)
{
	size_t length = strlen(text);
	return (size_t)(at - s->text->bytes) >= length &&
	       memcmp(at - length, text, length) == 0;
}

static char before(const struct scan *s, const char *at)
{
	return at > s->text->bytes ? at[-1] : '\0';
}

/* --- what stands behind one --- */

/* The port of `nc -z db 3306`, `replicaof db 6379`. */
static uint16_t port_beside(const struct scan *s, const char *at)
{
	static const char *const followers[] = { "replicaof", "slaveof", NULL };
	static const char *const watchers[] = { "monitor", NULL };
	if (!s->text->is_command && !word_is_one_of(s->last[0], followers) &&
	    !word_is_one_of(s->last[1], watchers))
		return 0;
	const char *from = at;
	while (at < s->end && (*at == ' ' || *at == '\t' || *at == '"' ||
			       *at == '\''))
		at++;
	return at > from ? port_at(at, s->end) : 0;
}

static bool is_in_namespace(const struct scan *s, struct word w)
{
	size_t length = (size_t)(w.end - w.begin);
	if (!memchr(w.begin, '.', length))
		return false;
	return host_service(w.begin, length, s->text->namespace, false).length ||
	       (host_service(w.begin, length, s->text->namespace, true).length &&
		memmem(w.begin, length, ".svc", strlen(".svc")));
}

/* `"port": 80`, `name=db`: the word is a key itself. */
static bool is_key(const struct scan *s, const char *at)
{
	while (at < s->end && (*at == '"' || *at == '\'' || *at == ' '))
		at++;
	return at < s->end && (*at == ':' || *at == '=');
}

/* nginx: `server shop;`, `set $backend shop;` */
static bool is_operand(const struct scan *s, struct word w, char right)
{
	static const char *const setters[] = { "set", NULL };
	struct word key = s->last[0];
	return right == ';' && key.begin && gap_has_only(s, w.begin, " \t\"'") &&
	       (word_is_one_of(s->last[1], setters) ||
		host_key(key.begin, (size_t)(key.end - key.begin)) ==
			KEY_OF_HOST);
}

/* Behind the "_mysql._tcp." of a SRV record's name. */
static struct word without_srv(struct word w)
{
	static const char protocol[] = "._tcp.";
	const char *found = *w.begin != '_' ? NULL :
					      memmem(w.begin,
						     (size_t)(w.end - w.begin),
						     protocol, strlen(protocol));
	return found ? (struct word){ found + strlen(protocol), w.end } : w;
}

/* The Service of `$(POD_NAME).db-headless`, whose pod's name is a variable. */
static int consider_pods_service(struct scan *s, struct word whole)
{
	struct word w = trim((struct word){ whole.begin + 1, whole.end });
	char left = before(s, whole.begin);
	const char *at = whole.begin - 1;
	if ((left != ')' && left != '}') || !is_host(w))
		return 0;
	while (at > s->text->bytes && in_word(at[-1]))
		at--;
	if (at - s->text->bytes < 2 || at[-2] != '$' ||
	    at[-1] != (left == ')' ? '(' : '{'))
		return 0;
	return report(s, w, port_behind(s, whole.end), false, HOST_ALONE);
}

/* One word that may be a host. */
static int consider(struct scan *s, struct word whole)
{
	struct word w = without_srv(trim(whole));
	if (*whole.begin == '.')
		return consider_pods_service(s, whole);
	if (!is_host(w))
		return 0;
	char left = before(s, whole.begin);
	char right = whole.end < s->end ? *whole.end : '\0';
	if (ends_with(s, w.begin, "/dev/tcp/"))
		return report(s, w, right == '/' ? port_at(whole.end + 1, s->end) : 0,
			      false, HOST_SURE);
	if (left == '\\' || (left == '/' && !ends_with(s, w.begin, "//")))
		return 0; /* of a path */
	uint16_t port = port_behind(s, whole.end);
	bool credentials = left == '@' && right == '/';
	bool sure = credentials || s->awaits || is_in_namespace(s, w);
	bool hinted = (is_hinted(s, w) && (port || !is_key(s, whole.end))) ||
		      is_operand(s, w, right);
	if (!port)
		port = port_beside(s, whole.end);
	s->listed = hinted;
	if (sure || hinted)
		return report(s, w, port, false, HOST_SURE);
	return port ? report(s, w, port, false, HOST_WITH_PORT) : 0;
}

/* The name of $SHOP_DB_SERVICE_HOST, which Kubernetes sets in every container. */
static int consider_variable(struct scan *s, struct word w)
{
	static const char suffix[] = "_SERVICE_HOST";
	char name[64];
	size_t length = (size_t)(w.end - w.begin);
	if (!strchr("$({", before(s, w.begin)) || !before(s, w.begin) ||
	    length <= strlen(suffix) || length - strlen(suffix) >= sizeof name ||
	    memcmp(w.end - strlen(suffix), suffix, strlen(suffix)) != 0)
		return 0;
	length -= strlen(suffix);
	for (size_t i = 0; i < length; i++)
		name[i] = w.begin[i] == '_' ?
				  '-' :
				  (char)tolower((unsigned char)w.begin[i]);
	return report(s, (struct word){ name, name + length }, 0, false,
		      HOST_SURE);
}

/* --- commands --- */

/* Whether the word keeps a command waiting for its host, or is such a command. */
static bool keeps_waiting(const struct scan *s, struct word w)
{
	static const char *const commands[] = {
		"nslookup", "ping", "ping6", "dig", "hosts", "nc", "ncat",
		"telnet", "curl", "wget", "wait-for", "wait-for-it",
		"wait-for-it.sh", NULL,
	};
	if (!s->text->is_command)
		return false;
	bool operand = *w.begin != '-' && !isdigit((unsigned char)*w.begin);
	return word_is_one_of(w, commands) || (s->awaits && !operand);
}

/* -hdb: the host right behind the option. */
static int consider_option(struct scan *s, struct word w)
{
	struct word host = { w.begin + 2, w.end };
	if (!s->text->is_command || w.end - w.begin < 3 || w.begin[1] != 'h' ||
	    !is_host(host))
		return 0;
	return report(s, host, port_behind(s, w.end), false, HOST_SURE);
}

static int take_word(struct scan *s, struct word w)
{
	int result = *w.begin == '-' ? consider_option(s, w) :
				       consider_variable(s, w);
	if (!result)
		result = consider(s, w);
	s->awaits = keeps_waiting(s, w);
	s->last[1] = s->last[0];
	s->last[0] = w;
	return result;
}

static void forget_words(struct scan *s)
{
	s->last[0] = s->last[1] = (struct word){ 0 };
	s->awaits = s->listed = s->is_item = false;
}

static void end_line(struct scan *s, const char *at)
{
	struct word key = s->last[0];
	if (key.begin && gap_has_only(s, at, ":=[\"'> \t\r") &&
	    gap_has(s, at, ":=["))
		s->heads_hosts = host_key(key.begin,
					  (size_t)(key.end - key.begin)) ==
				 KEY_OF_HOST;
	else if (!s->is_item)
		s->heads_hosts = false;
	forget_words(s);
}

/* Behind the "- " of an item of hosts, or before its quote. */
static const char *begin_item(struct scan *s, const char *line)
{
	const char *at = line;
	while (at < s->end && (*at == ' ' || *at == '\t'))
		at++;
	bool has_bullet = s->end - at > 1 && at[0] == '-' && at[1] == ' ';
	s->is_item = at < s->end && (has_bullet || *at == '"' || *at == '\'');
	return has_bullet ? at + 2 : line;
}

/* Behind a comment that is all of its line, or where `at` was. */
static const char *skip_comment(const struct scan *s, const char *at)
{
	const char *first = at;
	while (first < s->end && (*first == ' ' || *first == '\t'))
		first++;
	if (first == s->end || !(*first == '#' || *first == ';' ||
				 (s->end - first > 1 && !memcmp(first, "//", 2))))
		return at;
	const char *line_end = memchr(first, '\n', (size_t)(s->end - first));
	return line_end ? line_end : s->end;
}

static int find_words(struct scan *s)
{
	const char *at = skip_comment(s, s->text->bytes);
	while (at < s->end) {
		int result = 0;
		if (in_word(*at)) {
			struct word w = { at, at };
			while (w.end < s->end && in_word(*w.end))
				w.end++;
			at = w.end;
			result = take_word(s, w);
		} else if (s->end - at > 3 && memcmp(at, "://", 3) == 0) {
			at += 3;
			result = find_in_authority(s, &at);
			forget_words(s);
		} else if (*at == '\n') {
			end_line(s, at);
			at = skip_comment(s, at + 1);
			if (s->heads_hosts)
				at = begin_item(s, at);
		} else {
			s->awaits &= !strchr(";|&", *at);
			at++;
		}
		if (result)
			return result;
	}
	return 0;
}

/* --- values --- */

/* Behind what separates the items of a list; NULL where nothing does. */
static const char *next_item(const struct scan *s, const char *at)
{
	bool separated = at == s->text->bytes;
	const char *gap = at;
	for (; at < s->end && strchr(",; \t\n", *at); at++)
		separated |= *at == ',' || *at == ';';
	if (at == s->end || (at > gap && (separated || s->blanks_separate)))
		return at;
	return NULL;
}

/*
 * "db", "db-0.db,db-1.db:3306": hosts and commas from end to end. Those with ports
 * are found as words.
 */
static int find_alone(struct scan *s, bool report_them, bool *all)
{
	const char *at = s->text->bytes;
	*all = false;
	if (at < s->end && !in_word(*at))
		at = next_item(s, at);
	while (at && at < s->end) {
		struct word w = { at, at };
		while (w.end < s->end && in_word(*w.end))
			w.end++;
		if (!is_host(w))
			return 0;
		uint16_t port = port_behind(s, w.end);
		int result = report_them && !port ?
				     report(s, w, 0, false, HOST_ALONE) :
				     0;
		if (result)
			return result;
		at = w.end;
		while (port && at < s->end && !strchr(",; \t\n", *at))
			at++;
		at = next_item(s, at);
	}
	*all = at != NULL;
	return 0;
}

int hosts_find(const struct host_text *text, host_found *found, void *context)
{
	struct scan s = { .text = text, .end = text->bytes + text->length,
			  .found = found, .context = context };
	bool all = false;
	int result = 0;
	s.blanks_separate = text->key && host_key(text->key, strlen(text->key)) ==
						 KEY_OF_HOST;
	if (!text->is_command)
		result = find_alone(&s, false, &all);
	if (!result && all)
		result = find_alone(&s, true, &all);
	return result ? result : find_words(&s);
}

/* --- names --- */

static bool is_text(struct word w, const char *text)
{
	size_t length = strlen(text);
	return (size_t)(w.end - w.begin) == length &&
	       memcmp(w.begin, text, length) == 0;
}

/* The label that begins at `at`. */
static struct word label_at(const char *at, const char *end)
{
	struct word label = { at, at };
	while (label.end < end && *label.end != '.')
		label.end++;
	return label;
}

struct host_service host_service(const char *name, size_t length,
				 const char *namespace, bool of_pod)
{
	const char *end = name + length;
	struct word service = label_at(name, end);
	struct host_service none = { name, 0 };
	if (of_pod) {
		if (service.end == end)
			return none;
		service = label_at(service.end + 1, end);
	}
	struct host_service found = { service.begin,
				      (size_t)(service.end - service.begin) };
	if (service.end == end)
		return found;
	struct word next = label_at(service.end + 1, end);
	if (!is_text(next, namespace))
		return none;
	if (next.end == end || is_text(label_at(next.end + 1, end), "svc"))
		return found;
	return none;
}
