#include "clients/redis_address.h"

#include <string.h>

#include "base/text.h"

enum { DEFAULT_PORT = 6379 };

static bool copy_part(char *out, const char *from, size_t len)
{
    size_t decoded;
    return len < REDIS_PART_SIZE && text_percent_decode(from, len, false, out, &decoded);
}

static bool parse_unix(struct redis_address *a, const char *rest)
{
    size_t path = strcspn(rest, "?");
    if (rest[0] != '/' || !copy_part(a->host, rest, path)) {
        return false;
    }
    rest += path;
    return rest[0] == '\0' ||
           (strncmp(rest, "?db=", 4) == 0 && text_int(rest + 4, 0, 65535, &a->db));
}

static bool parse_userinfo(struct redis_address *a, const char *info, size_t len)
{
    const char *colon = memchr(info, ':', len);
    if (colon == NULL) {
        return copy_part(a->user, info, len);
    }
    size_t user = (size_t)(colon - info);
    return copy_part(a->user, info, user) && copy_part(a->password, colon + 1, len - user - 1);
}

static bool parse_host(struct redis_address *a, const char *host, size_t len)
{
    a->port = DEFAULT_PORT;
    const char *colon = memchr(host, ':', len);
    size_t name = colon != NULL ? (size_t)(colon - host) : len;
    if (colon != NULL && !text_int_n(colon + 1, len - name - 1, 1, 65535, &a->port)) {
        return false;
    }
    return name > 0 && copy_part(a->host, host, name);
}

static bool parse_tcp(struct redis_address *a, const char *rest)
{
    size_t authority = strcspn(rest, "/?");
    const char *at = memchr(rest, '@', authority);
    size_t info = at != NULL ? (size_t)(at - rest) : 0;
    size_t skip = at != NULL ? info + 1 : 0;
    if (!parse_userinfo(a, rest, info) || !parse_host(a, rest + skip, authority - skip)) {
        return false;
    }
    rest += authority;
    return rest[0] == '\0' || strcmp(rest, "/") == 0 ||
           (rest[0] == '/' && text_int(rest + 1, 0, 65535, &a->db));
}

bool redis_address_parse(const char *url, struct redis_address *a)
{
    *a = (struct redis_address){0};
    if (strncmp(url, "unix://", 7) == 0) {
        return parse_unix(a, url + 7);
    }
    return strncmp(url, "redis://", 8) == 0 && parse_tcp(a, url + 8);
}
