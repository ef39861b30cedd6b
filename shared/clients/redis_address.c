#include "redis_address.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"

enum { SERVER_PORT = 6379, SENTINEL_PORT = 26379, DB_MAX = 65535 };

static bool copy_part(char *out, const char *from, size_t len)
{
    size_t decoded;
    return len < REDIS_PART_SIZE && text_percent_decode(from, len, false, out, &decoded);
}

static bool parse_unix(struct redis_address *a, const char *rest)
{
    size_t path = strcspn(rest, "?");
    if (rest[0] != '/' || !copy_part(a->host.name, rest, path)) {
        return false;
    }
    rest += path;
    return rest[0] == '\0' ||
           (strncmp(rest, "?db=", 4) == 0 && text_int(rest + 4, 0, DB_MAX, &a->db));
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

/* An address of IPv6 stands in brackets (RFC 3986, 3.2.2); `len` is what is left behind them. */
static bool parse_bracketed(struct redis_host *out, const char **host, size_t *len)
{
    struct in6_addr ignored;
    const char *end = memchr(*host, ']', *len);
    size_t name = end != NULL ? (size_t)(end - *host) - 1 : 0;
    if (name == 0 || name >= sizeof out->name) {
        return false;
    }
    memcpy(out->name, *host + 1, name);
    out->name[name] = '\0';
    *len -= name + 2;
    *host = end + 1;
    return inet_pton(AF_INET6, out->name, &ignored) == 1 && (*len == 0 || **host == ':');
}

static bool parse_host(struct redis_host *out, const char *host, size_t len, int64_t preset)
{
    bool bracketed = len > 0 && host[0] == '[';
    out->port = preset;
    if (bracketed && !parse_bracketed(out, &host, &len)) {
        return false;
    }
    const char *colon = memchr(host, ':', len);
    size_t name = colon != NULL ? (size_t)(colon - host) : len;
    if (colon != NULL && !text_int_n(colon + 1, len - name - 1, 1, 65535, &out->port)) {
        return false;
    }
    return bracketed || (name > 0 && copy_part(out->name, host, name));
}

/* Takes what is before the hosts, if anything is; tells where they begin and what follows them. */
static bool parse_authority(struct redis_address *a, const char *rest, const char **hosts,
                            const char **end)
{
    size_t authority = strcspn(rest, "/?");
    const char *at = memchr(rest, '@', authority);
    *hosts = at != NULL ? at + 1 : rest;
    *end = rest + authority;
    return parse_userinfo(a, rest, at != NULL ? (size_t)(at - rest) : 0);
}

/* "?name=value[&name=value]": what may be there of the two, each once. Where there can be but one,
 * an & is a part of it. */
static bool parse_query(struct redis_address *a, const char *query)
{
    struct {
        const char *name;
        char *out;
        bool may;
    } keys[] = {{"sentinel_password=", a->sentinel_password, a->sentinel_count > 0},
                {"ssl_ca_certs=", a->ca_file, a->tls}};
    while (*query != '\0') {
        size_t which = 0, name, value;
        while (which < 2 && strncmp(query + 1, keys[which].name, strlen(keys[which].name)) != 0) {
            which++;
        }
        if (which == 2 || !keys[which].may) {
            return false;
        }
        name = 1 + strlen(keys[which].name);
        value = strcspn(query + name, a->tls ? "&" : "");
        if (!copy_part(keys[which].out, query + name, value)) {
            return false;
        }
        keys[which].may = false;
        query += name + value;
    }
    return true;
}

static bool parse_tcp(struct redis_address *a, const char *rest)
{
    const char *host, *end;
    if (!parse_authority(a, rest, &host, &end) ||
        !parse_host(&a->host, host, (size_t)(end - host), SERVER_PORT)) {
        return false;
    }
    size_t path = strcspn(end, "?");
    return (path < 2 || text_int_n(end + 1, path - 1, 0, DB_MAX, &a->db)) &&
           parse_query(a, end + path);
}

static bool parse_sentinels(struct redis_address *a, const char *hosts, const char *end)
{
    for (const char *next = hosts; next <= end; next++) {
        const char *comma = memchr(next, ',', (size_t)(end - next));
        const char *stop = comma != NULL ? comma : end;
        if (a->sentinel_count == REDIS_SENTINELS_MAX ||
            !parse_host(&a->sentinels[a->sentinel_count++], next, (size_t)(stop - next),
                        SENTINEL_PORT)) {
            return false;
        }
        next = stop;
    }
    return true;
}

/* "/master[/db][?…]" */
static bool parse_master(struct redis_address *a, const char *path)
{
    size_t name = path[0] == '/' ? strcspn(path + 1, "/?") : 0;
    if (name == 0 || !copy_part(a->master, path + 1, name)) {
        return false;
    }
    const char *rest = path + 1 + name;
    if (rest[0] == '/') {
        size_t db = strcspn(rest + 1, "?");
        if (!text_int_n(rest + 1, db, 0, DB_MAX, &a->db)) {
            return false;
        }
        rest += 1 + db;
    }
    return parse_query(a, rest);
}

static bool parse_watched(struct redis_address *a, const char *rest)
{
    const char *hosts, *end;
    return parse_authority(a, rest, &hosts, &end) && parse_sentinels(a, hosts, end) &&
           parse_master(a, end);
}

bool redis_address_parse(const char *url, struct redis_address *a)
{
    *a = (struct redis_address){0};
    if (strncmp(url, "unix://", 7) == 0) {
        return parse_unix(a, url + 7);
    }
    if (strncmp(url, "redis", 5) != 0) {
        return false;
    }
    a->tls = url[5] == 's';
    url += a->tls ? 6 : 5;
    if (strncmp(url, "+sentinel://", 12) == 0) {
        return parse_watched(a, url + 12);
    }
    return strncmp(url, "://", 3) == 0 && parse_tcp(a, url + 3);
}
