/*
 * Accepting is ours, not libmicrohttpd's: its workers share the socket by epoll, which
 * spreads connections by chance, and MHD_quiesce_daemon aborts the process when it
 * meets a worker that takes the socket out of its set at the same moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cleanup.h"
#include "server_parts.h"

enum { BACKLOG = 1024, PAUSE_MS = 20 };

static socklen_t address_length(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
					  sizeof(struct sockaddr_in);
}

int server_listen(struct server *s, struct sg_error *e)
{
	int on = 1, off = 0;
	cleanup_close int fd = socket(s->o.address.ss_family,
				      SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				      0);
	socklen_t length = sizeof s->address;
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
	    /* "::" is both, as Go's ":8443" is */
	    (s->o.address.ss_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off)) ||
	    bind(fd, (const struct sockaddr *)&s->o.address,
		 address_length(&s->o.address)) ||
	    listen(fd, BACKLOG) ||
	    getsockname(fd, (struct sockaddr *)&s->address, &length))
		return sg_error_set(e, SG_IO, "cannot listen: %s",
				    strerror(errno));
	s->stop_listening = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->stop_listening < 0)
		return sg_error_set(e, SG_IO, "cannot listen: %s",
				    strerror(errno));
	s->listener = fd;
	fd = -1;
	return 0;
}

/* false when there was none. */
static bool accept_one(struct server *s)
{
	struct sockaddr_storage from;
	socklen_t length = sizeof from;
	int fd = accept4(s->listener, (struct sockaddr *)&from, &length,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return errno == EINTR || errno == ECONNABORTED;
	atomic_fetch_add(&s->counters.connections_total, 1);
	if (room_arrive(s, fd, &from))
		(void)MHD_add_connection(s->daemon, fd,
					 (struct sockaddr *)&from, length);
	else
		(void)close(fd);
	return true;
}

static void *run_acceptor(void *context)
{
	struct server *s = context;
	struct pollfd fds[] = { { .fd = s->stop_listening, .events = POLLIN },
				{ .fd = s->listener, .events = POLLIN } };
	for (;;) {
		/* nobody may go: the others stay in the kernel's queue */
		bool full = room_is_full(s);
		fds[1].revents = 0;
		if (poll(fds, full ? 1 : 2, full ? PAUSE_MS : -1) < 0 &&
		    errno != EINTR)
			return NULL;
		if (fds[0].revents)
			return NULL;
		if (!full && fds[1].revents && !accept_one(s))
			/* no descriptors left, or another's turn */
			(void)poll(fds, 1, PAUSE_MS);
	}
}

int server_accept_start(struct server *s, struct sg_error *e)
{
	int failed = pthread_create(&s->acceptor, NULL, run_acceptor, s);
	if (failed)
		return sg_error_set(e, SG_IO, "cannot start a thread: %s",
				    strerror(failed));
	return 0;
}

void server_accept_stop(struct server *s)
{
	uint64_t one = 1;
	(void)!write(s->stop_listening, &one, sizeof one);
	(void)pthread_join(s->acceptor, NULL);
	/* who was told that he is connected gets his answer */
	while (!room_is_full(s) && accept_one(s))
		;
	(void)shutdown(s->listener, SHUT_RDWR);
}
