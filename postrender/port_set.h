/* TCP ports, as many as there are. */
#ifndef SG_PORT_SET_H
#define SG_PORT_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "decode.h"

struct port_set {
	uint64_t bits[1024];
};

static inline void port_set_add(struct port_set *s, uint16_t port)
{
	s->bits[port / 64] |= (uint64_t)1 << port % 64;
}

static inline bool port_set_has(const struct port_set *s, uint16_t port)
{
	return s->bits[port / 64] >> port % 64 & 1;
}

static inline void port_set_add_all(struct port_set *s, const struct ports *ports)
{
	for (unsigned i = 0; i < ports->count; i++)
		port_set_add(s, ports->items[i]);
}

static inline void port_set_join(struct port_set *s, const struct port_set *other)
{
	for (unsigned i = 0; i < 1024; i++)
		s->bits[i] |= other->bits[i];
}

#endif
