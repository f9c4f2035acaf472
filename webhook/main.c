/* For the time being: `review` only. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "files.h"
#include "offline.h"

enum { GROUPS = 64 };

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "policy", required_argument, NULL, 'p' },
		{ "user", required_argument, NULL, 'u' },
		{ "groups", required_argument, NULL, 'g' },
		{ "output", required_argument, NULL, 'o' },
		{ 0 }
	};
	const char *groups[GROUPS];
	struct offline o = { .groups = groups };
	standard_streams_hold();
	if (argc < 3 || strcmp(argv[1], "review") != 0)
		return SG_USAGE;
	for (int option; (option = getopt_long(argc - 1, argv + 1, "o:",
					       options, NULL)) != -1;) {
		if (option == 'p')
			o.policy_file = optarg;
		else if (option == 'u')
			o.user = optarg;
		else if (option == 'o' && strcmp(optarg, "json") == 0)
			o.json = true;
		else if (option == 'g')
			for (char *rest = optarg, *one;
			     (one = strsep(&rest, ",")) &&
			     o.group_count < GROUPS;)
				groups[o.group_count++] = one;
		else
			return SG_USAGE;
	}
	o.files = (const char *const *)argv + 1 + optind;
	o.file_count = (unsigned)(argc - 1 - optind);
	return o.file_count ? offline_review(&o) : SG_USAGE;
}
