#include "report.h"

#include <stdio.h>
#include <time.h>

#include "cleanup.h"

enum { DAY = 24 * 60 * 60 };

static const char *date(int64_t seconds, char text[32])
{
	struct tm utc;
	time_t t = seconds;
	if (!gmtime_r(&t, &utc) ||
	    !strftime(text, 32, "%Y-%m-%d %H:%M UTC", &utc))
		(void)snprintf(text, 32, "?");
	return text;
}

static void write_end(const struct certs_facts *f, int64_t now,
		      struct sg_buffer *out)
{
	char when[32];
	int64_t due = f->not_before + (f->not_after - f->not_before) / 3 * 2;
	sg_buffer_printf(out, "  not after    %s", date(f->not_after, when));
	if (now >= f->not_after)
		sg_buffer_puts(out, ", EXPIRED\n");
	else if (certs_is_due(f, now))
		sg_buffer_printf(out, ", %lld days left, renewal DUE\n",
				 (long long)((f->not_after - now) / DAY));
	else
		sg_buffer_printf(out, ", renewal due %s\n", date(due, when));
}

static void write_one(const char *what, const char *text, unsigned at,
		      int64_t now, struct sg_buffer *out)
{
	struct certs_facts f;
	struct sg_error e = { 0 };
	sg_buffer_printf(out, "%s\n", what);
	if (certs_read(text, at, &f, &e)) {
		sg_buffer_printf(out, "  %s\n", e.message);
		return;
	}
	if (*f.names)
		sg_buffer_printf(out, "  names        %s\n", f.names);
	else
		sg_buffer_printf(out, "  subject      %s\n", f.subject);
	sg_buffer_printf(out, "  issuer       %s\n", f.issuer);
	write_end(&f, now, out);
	sg_buffer_printf(out, "  SHA-256      %s\n", f.fingerprint);
}

void report_rotation(const struct keyring_view *v, struct sg_buffer *out)
{
	if (!v->ca_holds || !v->leaf_holds)
		sg_buffer_printf(out, "broken: %s\n", v->why);
	else if (!v->leaf_by_ca)
		sg_buffer_puts(out, "a rotation has begun: put the bundle into the webhook configurations,\n"
				    "then run: storeguard-certs rotate DIR leaf\n");
	else if (v->has_others)
		sg_buffer_puts(out, "the serving certificate is the new CA's: when all webhooks show it,\n"
				    "run: storeguard-certs rotate DIR finish\n");
	else
		sg_buffer_puts(out, "no rotation is under way; storeguard-certs rotate DIR begin starts one\n");
}

bool report_write(const struct keyring *k, int64_t now, struct sg_buffer *out)
{
	const struct keyring_terms no_names = { 0 };
	const char *bundle = certs_text(&k->bundle);
	struct keyring_view v;
	char what[64];
	keyring_look(k, &no_names, now, &v);
	write_one("serving certificate (tls.crt)",
		  certs_text(&k->leaf.certificate), 0, now, out);
	write_one("CA (ca.crt)", certs_text(&k->ca.certificate), 0, now, out);
	unsigned count = certs_count(bundle);
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(what, sizeof what,
			       "bundle (ca-bundle.crt), %u of %u", i + 1, count);
		write_one(what, bundle, i, now, out);
	}
	report_rotation(&v, out);
	return !v.ca_holds || !v.leaf_holds || v.ca_is_due || v.leaf_is_due;
}
