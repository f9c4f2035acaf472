#include "metrics_process.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void put(struct sg_buffer *out, const char *name, const char *type,
		const char *help, double value)
{
	sg_buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name,
			 help, name, type, name, value);
}

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static void put_usage(struct sg_buffer *out)
{
	struct rusage u;
	struct rlimit files;
	if (getrusage(RUSAGE_SELF, &u) == 0)
		put(out, "process_cpu_seconds_total", "counter",
		    "User and system CPU time spent in seconds.",
		    seconds(&u.ru_utime) + seconds(&u.ru_stime));
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		put(out, "process_max_fds", "gauge",
		    "Largest number of open file descriptors.",
		    (double)files.rlim_cur);
}

static void put_memory(struct sg_buffer *out)
{
	unsigned long virtual_pages, resident_pages;
	double page = (double)sysconf(_SC_PAGESIZE);
	FILE *file = fopen("/proc/self/statm", "re");
	if (!file)
		return;
	int found = fscanf(file, "%lu %lu", &virtual_pages, &resident_pages);
	(void)fclose(file);
	if (found != 2)
		return;
	put(out, "process_virtual_memory_bytes", "gauge",
	    "Virtual memory size in bytes.", (double)virtual_pages * page);
	put(out, "process_resident_memory_bytes", "gauge",
	    "Resident memory size in bytes.", (double)resident_pages * page);
}

static void put_files(struct sg_buffer *out)
{
	DIR *folder = opendir("/proc/self/fd");
	double count = -3; /* ".", "..", and the folder itself */
	if (!folder)
		return;
	while (readdir(folder))
		count++;
	(void)closedir(folder);
	put(out, "process_open_fds", "gauge",
	    "Number of open file descriptors.", count);
}

/* Field 22 of /proc/self/stat, in ticks since the machine started. */
static void put_start(struct sg_buffer *out)
{
	struct timespec now, up;
	unsigned long long ticks;
	FILE *file = fopen("/proc/self/stat", "re");
	if (!file)
		return;
	int found = fscanf(file,
			   "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
			   "%*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			   &ticks);
	(void)fclose(file);
	if (found != 1 || clock_gettime(CLOCK_REALTIME, &now) ||
	    clock_gettime(CLOCK_BOOTTIME, &up))
		return;
	put(out, "process_start_time_seconds", "gauge",
	    "Start time of the process since 1970 in seconds.",
	    (double)(now.tv_sec - up.tv_sec) +
		    (double)ticks / (double)sysconf(_SC_CLK_TCK));
}

void metrics_write_process(struct sg_buffer *out)
{
	put_usage(out);
	put_memory(out);
	put_files(out);
	put_start(out);
}
