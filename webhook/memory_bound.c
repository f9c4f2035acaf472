#include "memory_bound.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "files.h"
#include "limits.h"

size_t memory_bound_sum(const struct memory_bound *b)
{
	return b->server + b->plain + b->generator + SG_MAX_FOLLOWED;
}

static size_t read_limit(const char *path)
{
	cleanup_buffer struct sg_buffer text;
	struct sg_error ignored;
	sg_buffer_init(&text, 64);
	/* "max" is none */
	return file_read(path, &text, &ignored) || !text.length ?
		       0 :
		       strtoull(text.data, NULL, 10);
}

size_t memory_limit(void)
{
	size_t limit = read_limit("/sys/fs/cgroup/memory.max");
	return limit ? limit :
		       read_limit("/sys/fs/cgroup/memory/memory.limit_in_bytes");
}

static double read_sum(const void *bound)
{
	return (double)memory_bound_sum(bound);
}

int memory_bound_tell(const struct memory_bound *b, const struct log *log,
		      struct metrics *m)
{
	const struct metric metric = {
		.name = "storeguard_memory_bound_bytes",
		.help = "What the process may take at most, as all its bounds add up.",
		.type = METRIC_GAUGE,
		.read = read_sum,
		.context = b,
	};
	size_t limit = memory_limit(), sum = memory_bound_sum(b);
	if (limit && limit < sum)
		log_event(log, LOG_LEVEL_WARNING,
			  "the memory limit is less than what may be needed at worst",
			  log_number("limit_mib", (int64_t)(limit / SG_MIB)),
			  log_number("bound_mib", (int64_t)(sum / SG_MIB) + 1));
	return metrics_add(m, &metric);
}
