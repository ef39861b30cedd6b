/*
 * The verbs of clients/s3.h, one a process, for tests against a real store. No test by itself.
 *
 *   verbs put KEY FILE | get KEY FILE SIZE SHA256 | head KEY | delete KEY | link KEY TTL
 *         list AFTER
 *
 * Prints the outcome's name, then what came with it; a link alone.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "clients/s3.h"

static bool write_all(void *context, const char *bytes, size_t len)
{
    return write(*(const int *)context, bytes, len) == (ssize_t)len;
}

static enum s3_outcome put(struct s3 *s3, char **words)
{
    struct s3_stored stored = {.size = 0};
    struct s3_order order = {
        .key = words[0], .content_type = "audio/x-wav", .fd = open(words[1], O_RDONLY)};
    enum s3_outcome outcome = s3_put(s3, &order, &stored);
    close(order.fd);
    printf("%lld %s %s\n", (long long)stored.size, stored.etag, stored.sha256);
    return outcome;
}

static enum s3_outcome get(struct s3 *s3, char **words)
{
    struct s3_wanted wanted = {.key = words[0], .sha256 = words[3]};
    if (!text_int(words[2], 0, INT64_MAX, &wanted.size)) {
        return S3_FAILED;
    }
    int fd = open(words[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    enum s3_outcome outcome = s3_get(s3, &wanted, write_all, &fd);
    close(fd);
    return outcome;
}

static enum s3_outcome head(struct s3 *s3, char **words)
{
    struct s3_facts facts;
    enum s3_outcome outcome = s3_head(s3, words[0], 2000, &facts);
    printf("%lld %s\n", (long long)facts.size, facts.etag);
    return outcome;
}

static void print_one(void *context, const struct s3_listed *one)
{
    (void)context;
    printf("%s %lld %lld\n", one->key[0] != '\0' ? one->key : "-", (long long)one->size,
           (long long)one->modified);
}

/* A page, then the place and whether it is the last. */
static enum s3_outcome list(struct s3 *s3, char **words)
{
    struct s3_place place = {.ended = false};
    (void)snprintf(place.after, sizeof place.after, "%s", words[0]);
    enum s3_outcome outcome = s3_list(s3, &place, print_one, NULL);
    printf("=%s %d\n", place.after, place.ended);
    return outcome;
}

static enum s3_outcome print_link(struct s3 *s3, char **words)
{
    char url[S3_URL_SIZE];
    struct s3_link link = {.key = words[0],
                           .content_type = "audio/x-wav",
                           .disposition = "attachment; filename=\"a b.wav\"",
                           .now = clock_wall()};
    if (!text_int(words[1], -1000, 1000000, &link.ttl_s)) {
        return S3_FAILED;
    }
    if (link.ttl_s < 0) { /* it was over so long ago */
        link.now += link.ttl_s - 10;
        link.ttl_s = 10;
    }
    if (s3_link(s3, &link, url) != RESULT_OK) {
        return S3_FAILED;
    }
    printf("%s\n", url);
    return S3_OK;
}

static enum s3_outcome run(struct s3 *s3, int argc, char **argv)
{
    bool two = argc == 4;
    if (two && strcmp(argv[1], "put") == 0) {
        return put(s3, argv + 2);
    }
    if (argc == 6 && strcmp(argv[1], "get") == 0) {
        return get(s3, argv + 2);
    }
    if (two && strcmp(argv[1], "link") == 0) {
        return print_link(s3, argv + 2);
    }
    if (argc != 3) {
        return S3_FAILED;
    }
    if (strcmp(argv[1], "list") == 0) {
        return list(s3, argv + 2);
    }
    return strcmp(argv[1], "head") == 0 ? head(s3, argv + 2) : s3_delete(s3, argv[2]);
}

int main(int argc, char **argv)
{
    struct config config;
    char error[CONFIG_ERROR_SIZE];
    if (argc < 3 || config_load(&config, ".", error) != RESULT_OK) {
        fprintf(stderr, "%s\n", argc < 3 ? "no verb" : error);
        return 2;
    }
    struct s3 *s3 = s3_new(&config);
    printf("%s\n", s3_outcome_name(run(s3, argc, argv)));
    s3_free(s3);
    config_free(&config);
    return 0;
}
