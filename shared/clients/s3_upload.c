/*
 * An upload, step by step: add up what is to be sent, send it, ask what the store has.
 *
 * The entity tag of an object is the MD5 of its bytes; of one that was sent in parts, the MD5 of
 * the parts' MD5s, and their number (Amazon, "Checking object integrity"). A store that encrypts
 * may have another: then the object is read back.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/magic.h"
#include "base/text.h"
#include "s3.h"
#include "s3_request.h"

enum {
    SLICE = 1 << 20, /* added up at a time: a millisecond or two */
    CHUNK = 64 * 1024,
    PARTS_MAX = 10000, /* Amazon, "Multipart upload limits" */
    ID_SIZE = 1024,
    LIST_MAX = PARTS_MAX * 256,
    LINE_SIZE = 256,
};

enum step { BEGINNING, ADDING_UP, WAITING };

struct s3_upload {
    struct magic magic;
    struct s3 *s3;
    struct http *http;
    struct s3_exchange *exchange;
    struct s3_download *download; /* not NULL: what the store has is read back */
    char key[S3_KEY_SIZE], content_type[64];
    int fd;
    int64_t size, part_size, at, part_start; /* `at`: added up to here */
    int64_t part;                            /* from 1 */
    bool in_parts;
    enum step step;
    struct crypto_digest *sha256, *md5;  /* of the part */
    struct crypto_digest *whole, *parts; /* of the file; of the parts' MD5s */
    char id[ID_SIZE];                    /* of the upload in parts, escaped */
    struct buf list;                     /* of its parts */
    char part_sha256[CRYPTO_SHA256_HEX];
    struct s3_stored stored; /* its etag: what the store's should be */
    enum s3_outcome failure; /* while the parts are given up */
    s3_uploaded *done;
    void *context;
};

static void free_upload(struct s3_upload *u)
{
    if (u->fd >= 0) {
        close(u->fd);
    }
    crypto_digest_free(u->sha256);
    crypto_digest_free(u->md5);
    crypto_digest_free(u->whole);
    crypto_digest_free(u->parts);
    buf_free(&u->list);
    free(u);
}

static void finish(struct s3_upload *u, enum s3_outcome outcome)
{
    s3_uploaded *done = u->done;
    void *context = u->context;
    struct s3_stored stored = u->stored;
    free_upload(u);
    done(context, outcome, &stored);
}

/* ---- asking ---- */

static void ask(struct s3_upload *u, struct s3_request *request,
                void (*next)(void *, const struct s3_answer *))
{
    request->key = u->key;
    request->done = next;
    request->context = u;
    u->step = WAITING;
    u->exchange = s3_begin(u->s3, u->http, request);
    if (u->exchange == NULL) {
        finish(u, S3_FAILED);
    }
}

/* What a failure leaves of the parts costs money: one try to have them removed. */
static void on_aborted(void *context, const struct s3_answer *answer)
{
    struct s3_upload *u = CHECKED(s3_upload, context);
    (void)answer;
    finish(u, u->failure);
}

static void fail(struct s3_upload *u, enum s3_outcome outcome)
{
    char query[ID_SIZE + sizeof "uploadId="];
    if (u->id[0] == '\0') {
        finish(u, outcome);
        return;
    }
    (void)snprintf(query, sizeof query, "uploadId=%s", u->id);
    struct s3_request request = {.method = HTTP_DELETE, .query = query, .sha256 = S3_EMPTY_SHA256};
    u->failure = outcome;
    ask(u, &request, on_aborted);
}

/* Nothing was found where we have just put something: the bucket is gone, or the store lies. */
static enum s3_outcome failure_of(enum s3_outcome outcome)
{
    return outcome == S3_NOT_FOUND ? S3_REFUSED : outcome;
}

/* ---- what the store has ---- */

static void on_read(void *context, enum s3_outcome outcome)
{
    struct s3_upload *u = CHECKED(s3_upload, context);
    u->download = NULL;
    finish(u, failure_of(outcome));
}

static void read_back(struct s3_upload *u)
{
    struct s3_wanted wanted = {.key = u->key, .size = u->size, .sha256 = u->stored.sha256};
    u->exchange = NULL;
    u->download = s3_download_start(u->s3, u->http, &wanted, NULL, on_read, u);
    if (u->download == NULL) {
        finish(u, S3_FAILED);
    }
}

static void on_looked(void *context, const struct s3_answer *answer)
{
    struct s3_upload *u = CHECKED(s3_upload, context);
    if (answer->outcome != S3_OK) {
        finish(u, answer->outcome == S3_NOT_FOUND ? S3_DIFFERS : answer->outcome);
        return;
    }
    if (answer->facts.size != u->size) {
        finish(u, S3_DIFFERS);
        return;
    }
    if (strcmp(answer->facts.etag, u->stored.etag) == 0) {
        finish(u, S3_OK);
        return;
    }
    memcpy(u->stored.etag, answer->facts.etag, sizeof u->stored.etag);
    read_back(u);
}

static void look(struct s3_upload *u)
{
    struct s3_request request = {.method = HTTP_HEAD, .sha256 = S3_EMPTY_SHA256};
    u->id[0] = '\0'; /* there are no parts any more */
    ask(u, &request, on_looked);
}

/* ---- the end of the file ---- */

/* A store may begin with 200 and find out later (Amazon, "CompleteMultipartUpload"). */
static void on_completed(void *context, const struct s3_answer *answer)
{
    struct s3_upload *u = CHECKED(s3_upload, context);
    if (answer->outcome != S3_OK) {
        fail(u, failure_of(answer->outcome));
    } else if (strstr(buf_str(&answer->body), "<Error>") != NULL) {
        fail(u, S3_UNAVAILABLE);
    } else {
        look(u);
    }
}

static bool end_whole(struct s3_upload *u)
{
    unsigned char sum[CRYPTO_SHA256_SIZE], md5[CRYPTO_MD5_SIZE];
    char hex[CRYPTO_MD5_HEX];
    if (!crypto_digest_end(u->whole, sum) || !crypto_digest_end(u->parts, md5)) {
        return false;
    }
    text_hex(sum, sizeof sum, u->stored.sha256);
    text_hex(md5, sizeof md5, hex);
    (void)snprintf(u->stored.etag, sizeof u->stored.etag, "\"%s-%lld\"", hex, (long long)u->part);
    return true;
}

static void complete(struct s3_upload *u)
{
    char query[ID_SIZE + sizeof "uploadId="], sha256[CRYPTO_SHA256_HEX];
    static const char *const HEADERS[] = {"Content-Type: application/xml", NULL};
    (void)snprintf(query, sizeof query, "uploadId=%s", u->id);
    buf_text(&u->list, "</CompleteMultipartUpload>");
    if (!end_whole(u) || !buf_ok(&u->list) ||
        !crypto_sha256_hex(buf_str(&u->list), u->list.len, sha256)) {
        fail(u, S3_FAILED);
        return;
    }
    struct s3_request request = {
        .query = query, .sha256 = sha256, .headers = HEADERS, .body = buf_str(&u->list)};
    ask(u, &request, on_completed);
}

/* ---- a part of it, or all ---- */

static void on_sent(void *context, const struct s3_answer *answer)
{
    struct s3_upload *u = CHECKED(s3_upload, context);
    if (answer->outcome != S3_OK) {
        fail(u, failure_of(answer->outcome));
        return;
    }
    if (!u->in_parts) {
        look(u);
        return;
    }
    buf_format(&u->list, "<Part><PartNumber>%lld</PartNumber><ETag>%s</ETag></Part>",
               (long long)u->part, answer->facts.etag);
    if (u->at == u->size) {
        complete(u);
        return;
    }
    u->part++;
    u->part_start = u->at;
    u->step = ADDING_UP;
}

/* The sums of what was added up; for a whole file, what will be compared. */
static bool end_part(struct s3_upload *u, unsigned char md5[CRYPTO_MD5_SIZE])
{
    unsigned char sum[CRYPTO_SHA256_SIZE];
    char hex[CRYPTO_MD5_HEX];
    if (!crypto_digest_end(u->sha256, sum) || !crypto_digest_end(u->md5, md5)) {
        return false;
    }
    text_hex(sum, sizeof sum, u->part_sha256);
    if (u->in_parts) {
        return crypto_digest_add(u->parts, md5, CRYPTO_MD5_SIZE);
    }
    memcpy(u->stored.sha256, u->part_sha256, sizeof u->stored.sha256);
    text_hex(md5, CRYPTO_MD5_SIZE, hex);
    (void)snprintf(u->stored.etag, sizeof u->stored.etag, "\"%s\"", hex);
    return true;
}

static void send_part(struct s3_upload *u)
{
    unsigned char md5[CRYPTO_MD5_SIZE];
    char base64[CRYPTO_MD5_BASE64], md5_line[LINE_SIZE], type_line[LINE_SIZE];
    char query[ID_SIZE + LINE_SIZE];
    if (!end_part(u, md5)) {
        fail(u, S3_FAILED);
        return;
    }
    crypto_base64(md5, sizeof md5, base64);
    (void)snprintf(md5_line, sizeof md5_line, "Content-MD5: %s", base64);
    (void)snprintf(type_line, sizeof type_line, "Content-Type: %s", u->content_type);
    (void)snprintf(query, sizeof query, "partNumber=%lld&uploadId=%s", (long long)u->part, u->id);
    const char *const headers[] = {md5_line, u->in_parts ? NULL : type_line, NULL};
    struct s3_request request = {
        .method = HTTP_PUT,
        .query = u->in_parts ? query : NULL,
        .sha256 = u->part_sha256,
        .headers = headers,
        .put = {.fd = u->fd, .offset = u->part_start, .length = u->at - u->part_start}};
    ask(u, &request, on_sent);
}

/* A slice of the part. False when the file cannot be read, or is shorter than it was. */
static bool add_slice(struct s3_upload *u, int64_t part_end)
{
    char chunk[CHUNK];
    for (int64_t added = 0; added < SLICE && u->at < part_end;) {
        int64_t left = part_end - u->at;
        size_t room = left < CHUNK ? (size_t)left : CHUNK;
        ssize_t n = pread(u->fd, chunk, room, u->at);
        if (n <= 0 || !crypto_digest_add(u->sha256, chunk, (size_t)n) ||
            !crypto_digest_add(u->md5, chunk, (size_t)n) ||
            (u->in_parts && !crypto_digest_add(u->whole, chunk, (size_t)n))) {
            return false;
        }
        u->at += n;
        added += n;
    }
    return true;
}

/* ---- the beginning ---- */

static void on_opened(void *context, const struct s3_answer *answer)
{
    struct s3_upload *u = CHECKED(s3_upload, context);
    if (answer->outcome != S3_OK) {
        finish(u, failure_of(answer->outcome));
    } else if (!s3_read_upload_id(buf_str(&answer->body), u->id, sizeof u->id)) {
        u->id[0] = '\0';
        finish(u, S3_UNAVAILABLE);
    } else {
        u->step = ADDING_UP;
    }
}

static void open_parts(struct s3_upload *u)
{
    char type_line[LINE_SIZE];
    (void)snprintf(type_line, sizeof type_line, "Content-Type: %s", u->content_type);
    const char *const headers[] = {type_line, NULL};
    struct s3_request request = {
        .query = "uploads=", .sha256 = S3_EMPTY_SHA256, .headers = headers, .body = ""};
    ask(u, &request, on_opened);
}

bool s3_upload_step(struct s3_upload *u)
{
    if (u->step == BEGINNING && u->in_parts) {
        open_parts(u);
        return false;
    }
    if (u->step == WAITING) {
        return false;
    }
    int64_t end = u->part_start + u->part_size;
    if (end > u->size) {
        end = u->size;
    }
    if (!add_slice(u, end)) {
        fail(u, S3_FAILED);
        return false;
    }
    if (u->at < end) {
        return true;
    }
    send_part(u);
    return false;
}

static bool prepare(struct s3_upload *u, const struct s3_order *order)
{
    struct stat st;
    u->fd = fcntl(order->fd, F_DUPFD_CLOEXEC, 0);
    u->sha256 = crypto_digest_new(CRYPTO_SHA256);
    u->md5 = crypto_digest_new(CRYPTO_MD5);
    u->whole = crypto_digest_new(CRYPTO_SHA256);
    u->parts = crypto_digest_new(CRYPTO_MD5);
    int n = snprintf(u->key, sizeof u->key, "%s", order->key);
    int m = snprintf(u->content_type, sizeof u->content_type, "%s", order->content_type);
    if (u->fd < 0 || fstat(u->fd, &st) != 0 || u->sha256 == NULL || u->md5 == NULL ||
        u->whole == NULL || u->parts == NULL || n < 0 || (size_t)n >= sizeof u->key || m < 0 ||
        (size_t)m >= sizeof u->content_type) {
        return false;
    }
    u->size = u->stored.size = st.st_size;
    u->in_parts = u->size > S3_PARTS_ABOVE;
    u->part_size = u->in_parts ? S3_PART_BYTES : u->size;
    if (u->in_parts && u->size / PARTS_MAX >= u->part_size) {
        u->part_size = u->size / PARTS_MAX + 1;
    }
    return true;
}

struct s3_upload *s3_upload_start(struct s3 *s3, struct http *http, const struct s3_order *order,
                                  s3_uploaded *done, void *context)
{
    struct s3_upload *u = calloc(1, sizeof *u);
    if (u == NULL) {
        return NULL;
    }
    *u = (struct s3_upload){.magic = MAGIC(s3_upload),
                            .s3 = s3,
                            .http = http,
                            .fd = -1,
                            .part = 1,
                            .done = done,
                            .context = context};
    buf_init(&u->list, LIST_MAX);
    buf_text(&u->list, "<CompleteMultipartUpload>");
    if (!prepare(u, order)) {
        free_upload(u);
        return NULL;
    }
    return u;
}

void s3_upload_cancel(struct s3_upload *u)
{
    s3_download_cancel(u->download);
    if (u->exchange != NULL && u->step == WAITING) {
        s3_forget(u->exchange);
    }
    free_upload(u);
}
