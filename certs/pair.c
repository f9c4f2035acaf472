#include "certs.h"

void certs_pair_init(struct certs_pair *p)
{
	sg_buffer_init(&p->certificate, SG_MAX_PEM);
	sg_buffer_init(&p->key, SG_MAX_PEM);
}

void certs_pair_release(struct certs_pair *p)
{
	sg_buffer_wipe(&p->key);
	sg_buffer_release(&p->certificate);
}

int certs_text_set(struct sg_buffer *text, const char *bytes, size_t length,
		   struct sg_error *e)
{
	struct sg_buffer fresh;
	sg_buffer_init(&fresh, SG_MAX_PEM);
	sg_buffer_append(&fresh, bytes, length);
	if (sg_buffer_check(&fresh, e)) {
		sg_buffer_release(&fresh);
		return -1;
	}
	sg_buffer_wipe(text);
	*text = fresh;
	return 0;
}

const char *certs_text(const struct sg_buffer *text)
{
	return text->data ? text->data : "";
}
