/* What Kubernetes' objects have in common, read from trees that may lack any of it. */
#ifndef SG_OBJECT_READ_H
#define SG_OBJECT_READ_H

#include "tree.h"

/* The text of a key, or "". */
const char *object_text(const struct node *mapping, const char *key);
/* The number of a key, or what it is where it is absent. */
int64_t object_number(const struct node *mapping, const char *key,
		      int64_t absent);
/* The entry of status.conditions of that type, or NULL. */
const struct node *object_condition(const struct node *object,
				    const char *type);
/* Whether that condition has that status: True, False, Unknown. */
bool object_condition_is(const struct node *object, const char *type,
			 const char *status);
/*
 * What is behind "pods "x-7d9-abcde" is forbidden: " in a message, since that name is
 * another each time; or all of it.
 */
const char *object_refusal(const char *message);
/* A metav1.Time, in seconds since 1970; 0 where it is none. */
int64_t object_time(const struct node *mapping, const char *key);
/* The same the other way round. */
enum { OBJECT_TIME_SIZE = 32 };
const char *object_time_print(int64_t seconds, char text[OBJECT_TIME_SIZE]);

#endif
