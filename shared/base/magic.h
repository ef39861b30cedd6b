/*
 * What a `void *context` points to. A struct that travels so begins with its name; whoever gets it
 * says which one it takes it for:
 *
 *     struct page {
 *         struct magic magic;
 *         …
 *     };
 *     struct page page = {.magic = MAGIC(page), …};
 *     struct page *page = CHECKED(page, context);
 *
 * Sanitized builds stop where it is another one. In the others a name takes no room, and CHECKED is
 * a cast and no more. tests/check/test_contexts.py holds that there is no other way.
 */
#ifndef TAPEDECK_BASE_MAGIC_H
#define TAPEDECK_BASE_MAGIC_H

#ifdef CHECK_CONTEXTS

struct magic {
    char name[24];
};

/* Gives the context back. Aborts, and says why, when it does not begin with this name. */
void *magic_checked(void *context, const char *name);

#define MAGIC(type) ((struct magic){#type})
#define CHECKED(type, context) ((struct type *)magic_checked((context), #type))

#else

struct magic {
};

#define MAGIC(type) ((struct magic){})
#define CHECKED(type, context) ((struct type *)(context))

#endif
#endif
