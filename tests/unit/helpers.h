/* What several unit tests share. Include it first. */
#ifndef SG_TEST_HELPERS_H
#define SG_TEST_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "buffer.h"
#include "cleanup.h"
#include "documents.h"
#include "object.h"
#include "tree.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* The whole text is one document of a stream. */
static inline struct document document_of(const char *text)
{
	return (struct document){ .bytes = text, .length = (uint32_t)strlen(text),
				  .line = 1, .number = 1 };
}

static inline struct node *must_parse(struct sg_arena *a, const char *text)
{
	struct sg_error e = { 0 };
	struct node *root = NULL;
	if (yaml_parse(text, strlen(text), 1, a, &root, &e))
		fail_msg("%s\ndoes not parse: %s", text, e.message);
	return root;
}

static inline struct object must_read(struct sg_arena *a, const char *text)
{
	struct document *d = sg_arena_alloc(a, sizeof *d);
	struct sg_error e = { 0 };
	struct object o = { 0 };
	assert_non_null(d);
	*d = document_of(text);
	if (object_read(a, d, must_parse(a, text), NULL, &o, &e))
		fail_msg("%s\nis no object: %s", text, e.message);
	return o;
}

static inline void expect_text(const char *seen, const char *wanted,
			       const char *what)
{
	if (!seen || strcmp(seen, wanted) != 0)
		fail_msg("%s: saw\n%s\ninstead of\n%s", what,
			 seen ? seen : "(nothing)", wanted);
}

/* It failed, with that code, and the message says so much. */
static inline void expect_error(int result, const struct sg_error *e,
				enum sg_code code, const char *says,
				const char *what)
{
	if (result != -1)
		fail_msg("%s: was accepted (%d)", what, result);
	if (e->code != code)
		fail_msg("%s: code %d instead of %d: %s", what, (int)e->code,
			 (int)code, e->message);
	if (!strstr(e->message, says))
		fail_msg("%s: the message lacks \"%s\":\n%s", what, says,
			 e->message);
}

/*
 * A copy whose last byte is the last of readable memory: whoever reads on gets
 * a signal. Give it back with guarded_free.
 */
struct guarded {
	char *bytes;
	void *pages;
	size_t mapped;
};

static inline struct guarded guarded_copy(const char *bytes, size_t length)
{
	const size_t page = 4096;
	size_t readable = (length + page) / page * page;
	struct guarded g = { .mapped = readable + page };
	g.pages = mmap(NULL, g.mapped, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(g.pages != MAP_FAILED);
	assert_int_equal(mprotect((char *)g.pages + readable, page, PROT_NONE),
			 0);
	g.bytes = (char *)g.pages + readable - length;
	if (length)
		memcpy(g.bytes, bytes, length);
	return g;
}

static inline void guarded_free(struct guarded *g)
{
	assert_int_equal(munmap(g->pages, g->mapped), 0);
}

/* Appends a code point in UTF-8. */
static inline void put_code_point(struct sg_buffer *b, uint32_t code)
{
	static const unsigned char leads[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
	unsigned length = code < 0x80 ? 1 : code < 0x800 ? 2 :
			  code < 0x10000 ? 3 : 4;
	unsigned shift = 6 * (length - 1);
	sg_buffer_putc(b, (char)(leads[length] | code >> shift));
	while (shift) {
		shift -= 6;
		sg_buffer_putc(b, (char)(0x80 | (code >> shift & 0x3F)));
	}
}

/*
 * The next one of all that are no surrogates: each where they differ, some where they are
 * alike. 0 behind the last.
 */
static inline uint32_t next_code_point(uint32_t code)
{
	bool alike = code >= 0x3100 && code < 0xD700;
	code += alike ? 61 : code < 0x10000 ? 1 : 0x3FF;
	if (code >= 0xD800 && code < 0xE000)
		code = 0xE000;
	return code <= 0x10FFFF ? code : 0;
}

/*
 * What tells one value from another: kinds, texts, and whether a plain scalar
 * may be read as something else than a string (test_emit.c checks that notion).
 * Aliases are followed.
 */
static inline bool same_tree(const struct node *a, const struct node *b)
{
	a = node_resolve(a);
	b = node_resolve(b);
	if (!a || !b || a->kind != b->kind || a->tagged != b->tagged)
		return a == b;
	if (node_is_null(a) || node_is_null(b))
		return node_is_null(a) && node_is_null(b);
	if (a->kind == NODE_SCALAR) {
		bool plain_a = a->style == STYLE_PLAIN;
		bool plain_b = b->style == STYLE_PLAIN;
		return strcmp(a->text, b->text) == 0 &&
		       (plain_a == plain_b || !yaml_plain_is_typed(a->text));
	}
	const struct node *x = a->first, *y = b->first;
	for (; x && y; x = x->next, y = y->next)
		if (!same_tree(x, y))
			return false;
	return x == y;
}

#endif
