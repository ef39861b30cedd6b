/*
 * Joins the pieces in which bodies arrive. libcurl reads 64 KiB at once and hands over 16 KiB at a
 * time; one write to a file costs less than four. Only http.c uses it.
 *
 * One buffer serves all transfers: it holds the bytes of one of them at a time.
 */
#ifndef TAPEDECK_CLIENTS_HTTP_GATHER_H
#define TAPEDECK_CLIENTS_HTTP_GATHER_H

#include <stddef.h>

enum { HTTP_GATHER_MAX = 64 * 1024 };

/* Start from {0}, with `deliver`. */
struct http_gather {
    void (*deliver)(void *owner, const char *bytes, size_t len);
    void *owner; /* whose bytes are here; NULL: nobody's */
    size_t length;
    char bytes[HTTP_GATHER_MAX];
};

/* Adds bytes of `owner`, HTTP_GATHER_MAX at most. What is here goes to its owner first, where that
 * is another one, or there is no room. */
void http_gather_add(struct http_gather *gather, void *owner, const char *bytes, size_t len);

/* What is here goes to its owner. */
void http_gather_flush(struct http_gather *gather);

#endif
