/*
 * Who is here, from where, and who has to go when there are too many. Each connection
 * has a place from the moment that it is accepted; libmicrohttpd, which is given it then,
 * begins it on a thread of its own, or never when it finds no memory.
 *
 * One source has at most so many places; a source is an IPv4 address, or a network of
 * 64 bits, of which each IPv6 host has as many addresses as it likes. Who comes when
 * there are too many takes the place of another: of the same source when that has too
 * many, else of the source that has most. There the longest idle goes; when none is
 * idle, the one that has been busy longest with its handshake, with asking, or with
 * taking its answer in. Nobody goes whose request is being answered.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "server_parts.h"

struct source {
	struct source *next;
	struct in6_addr address;
	unsigned places;
	unsigned connections; /* those that leave, too */
};

static struct in6_addr address_of(const struct sockaddr_storage *from)
{
	struct in6_addr a = { .s6_addr = { [10] = 0xff, [11] = 0xff } };
	const struct sockaddr_in *four = (const struct sockaddr_in *)from;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)from;
	if (from->ss_family == AF_INET)
		memcpy(&a.s6_addr[12], &four->sin_addr, 4);
	else if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		a = six->sin6_addr;
	else
		a = (struct in6_addr){ 0 };
	if (from->ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		memcpy(&a.s6_addr[0], &six->sin6_addr, 8);
	return a;
}

/* --- under the lock --- */

static struct source *find_source(struct server *s, const struct in6_addr *a)
{
	struct source *f = s->sources;
	while (f && memcmp(&f->address, a, sizeof *a) != 0)
		f = f->next;
	if (f)
		return f;
	f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	f->address = *a;
	f->next = s->sources;
	s->sources = f;
	return f;
}

static struct source *largest_source(struct server *s)
{
	struct source *most = s->sources;
	for (struct source *f = most; f; f = f->next)
		if (f->places > most->places)
			most = f;
	return most;
}

static void drop_source(struct server *s, struct source *f)
{
	if (f->connections)
		return;
	struct source **at = &s->sources;
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	free(f);
}

/* It has its place no more. */
static void give_up_place(struct connection *c)
{
	if (c->leaves)
		return;
	c->leaves = true;
	c->server->places--;
	c->source->places--;
}

static void forget(struct connection *c)
{
	struct server *s = c->server;
	*(c->next ? &c->next->previous : &s->oldest) = c->previous;
	*(c->previous ? &c->previous->next : &s->connections) = c->next;
	s->connection_count--;
	give_up_place(c);
	c->source->connections--;
	drop_source(s, c->source);
	free(c);
}

/* Since when; the others are idle or not, `phase` says so. */
static int64_t since(struct connection *c, int64_t phase)
{
	return phase < 0 ? atomic_load(&c->idle_since) :
			   phase - c->server->o.read_timeout;
}

/* Who is to go: of that source, or of all; NULL: nobody may. */
static struct connection *find_victim(struct server *s, const struct source *of,
				      int64_t *victim_phase)
{
	struct connection *victim = NULL;
	for (struct connection *c = s->oldest; c; c = c->previous) {
		int64_t phase = atomic_load(&c->phase);
		if (c->leaves || !c->mhd || phase == CONNECTION_ANSWERS ||
		    (of && c->source != of))
			continue;
		bool idles = phase < 0, other_idles = *victim_phase < 0;
		if (victim &&
		    (idles != other_idles ?
			     other_idles :
			     since(c, phase) >= since(victim, *victim_phase)))
			continue;
		if (idles && !connection_is_idle(c, phase))
			continue;
		victim = c;
		*victim_phase = phase;
	}
	return victim;
}

static bool cut_one(struct server *s, const struct source *of)
{
	int64_t phase = 0;
	struct connection *c = find_victim(s, of, &phase);
	if (!c || !connection_cut(c, phase, &s->counters.connections_pruned))
		return false;
	give_up_place(c);
	return true;
}

static bool make_room(struct server *s, const struct source *f)
{
	if (f->places >= s->o.connections_of_one)
		return cut_one(s, f);
	return s->places < s->o.connections || cut_one(s, largest_source(s)) ||
	       cut_one(s, NULL);
}

/* The place of a socket that libmicrohttpd has not begun with. */
static struct connection *find_arrival(struct server *s, int fd)
{
	struct connection *c = s->connections;
	while (c && (c->mhd || c->socket != fd))
		c = c->next;
	return c;
}

static bool take_place(struct server *s, int fd, struct source *f)
{
	struct connection *c = make_room(s, f) ? calloc(1, sizeof *c) : NULL;
	if (!c)
		return false;
	c->server = s;
	c->socket = fd;
	c->source = f;
	sg_buffer_init(&c->body, s->o.max_body);
	sg_buffer_init(&c->answer.body, s->o.max_answer);
	atomic_store(&c->phase, clock_now() + s->o.read_timeout);
	c->next = s->connections;
	*(c->next ? &c->next->previous : &s->oldest) = c;
	s->connections = c;
	s->connection_count++;
	s->places++;
	f->places++;
	f->connections++;
	return true;
}

void room_forget_lost(struct server *s, int64_t now)
{
	for (struct connection *c = s->connections, *next; c; c = next) {
		next = c->next;
		if (!c->mhd && atomic_load(&c->phase) < now)
			forget(c);
	}
}

/* --- */

bool room_is_full(struct server *s)
{
	int64_t phase = 0;
	pthread_mutex_lock(&s->connections_lock);
	bool full = s->connection_count - s->places >= SERVER_LEAVING_MAX ||
		    (s->places >= s->o.connections &&
		     !find_victim(s, NULL, &phase));
	pthread_mutex_unlock(&s->connections_lock);
	return full;
}

bool room_arrive(struct server *s, int fd, const struct sockaddr_storage *from)
{
	const struct in6_addr address = address_of(from);
	pthread_mutex_lock(&s->connections_lock);
	struct connection *lost = find_arrival(s, fd);
	if (lost) /* it never began, and its socket is this one by now */
		forget(lost);
	struct source *f = find_source(s, &address);
	bool here = f && take_place(s, fd, f);
	if (f)
		drop_source(s, f);
	pthread_mutex_unlock(&s->connections_lock);
	if (!here)
		atomic_fetch_add(&s->counters.connections_refused, 1);
	return here;
}

struct connection *room_enter(struct server *s, struct MHD_Connection *mhd,
			      int fd)
{
	pthread_mutex_lock(&s->connections_lock);
	struct connection *c = find_arrival(s, fd);
	if (c)
		c->mhd = mhd;
	pthread_mutex_unlock(&s->connections_lock);
	return c;
}

void room_leave(struct connection *c)
{
	struct server *s = c->server;
	pthread_mutex_lock(&s->connections_lock);
	forget(c);
	pthread_mutex_unlock(&s->connections_lock);
}
