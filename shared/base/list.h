/*
 * Going through a list whose elements have a `next`. The one at hand may be taken out and freed;
 * the one behind it must still be there when its turn comes.
 */
#ifndef TAPEDECK_BASE_LIST_H
#define TAPEDECK_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* NOLINTBEGIN(bugprone-macro-parentheses): a type and a name take none */
#define LIST_EACH(type, one, first)                                                                \
    for (type *one = (first), *one##_next = NULL; one != NULL && (one##_next = one->next, true);   \
         one = one##_next)
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
