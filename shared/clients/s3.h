/*
 * An object store that speaks S3 (Amazon, Cloudflare R2, MinIO, Ceph): one bucket of it.
 *
 * Requests are signed by libcurl (AWS Signature Version 4); links that a browser may follow are
 * signed here (s3_link.c). Bytes go from and to files, so memory is bounded whatever their size;
 * every request has an end. An upload says what its bytes must add up to (SHA-256 in the signature,
 * Content-MD5), and counts only when the store, asked afterwards, has the same.
 *
 * Keys are made of letters, digits, "/", "." and "-", so that nothing in them needs escaping.
 */
#ifndef TAPEDECK_CLIENTS_S3_H
#define TAPEDECK_CLIENTS_S3_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "config/config.h"
#include "crypto.h"
#include "http.h"

enum { S3_KEY_SIZE = 128, S3_URL_SIZE = 2048 };

/* How a request ended. */
enum s3_outcome {
    S3_OK,
    S3_NOT_FOUND, /* the bucket is there, the object is not */
    S3_DENIED,    /* 401, 403: the keys, or what they may do */
    S3_REFUSED,   /* any other no: no such bucket, another region, a checksum that it found wrong */
    S3_DIFFERS,   /* it has other bytes than it should */
    S3_UNAVAILABLE, /* busy, failing, silent, or not reachable: later, perhaps */
    S3_FAILED,      /* ours: the disk, or memory */
};
const char *s3_outcome_name(enum s3_outcome outcome);

struct s3;

/* True when S3_ENDPOINT is set. */
bool s3_is_configured(const struct config *config);

/* For the configured bucket; the configuration must live as long. NULL without memory.
 * s3_free(NULL) is safe. */
struct s3 *s3_new(const struct config *config);
void s3_free(struct s3 *s3);

/* What the store has. */
struct s3_facts {
    int64_t size;
    char etag[HTTP_ETAG_SIZE]; /* quotes included; "" when it did not say */
};

/* Asks for an object's size and entity tag. A bucket that is not there is S3_REFUSED. With a
 * `timeout_ms` that is not 0, it takes no longer than that, and for some seconds after the store
 * was not heard in it, nothing is asked at all. */
enum s3_outcome s3_head(struct s3 *s3, const char *key, int64_t timeout_ms, struct s3_facts *out);

/* Deletes an object, and looks that it is gone. S3_OK when it was not there. */
enum s3_outcome s3_delete(struct s3 *s3, const char *key);

/* Gets bytes of an answer as they come; false stops it (S3_FAILED). */
typedef bool s3_taker(void *context, const char *bytes, size_t len);

/* Reads `length` bytes of an object from `offset` on. */
enum s3_outcome s3_get_range(struct s3 *s3, const char *key, int64_t offset, int64_t length,
                             s3_taker *take, void *context);

/* ---- what there is ---- */

/* An object as the store lists it. */
struct s3_listed {
    char key[S3_KEY_SIZE]; /* "" where it is longer, or has characters that no key of ours has */
    int64_t size;
    int64_t modified; /* seconds since 1970 */
};
typedef void s3_list_visitor(void *context, const struct s3_listed *one);

/* A place in the list, which has the order of the keys' bytes: after this key, escaped as in a
 * query. Start from {0}. A key has 1,024 bytes at most. */
enum { S3_PLACE_SIZE = 3 * 1024 + 1, S3_LIST_PAGE = 1000 };
struct s3_place {
    char after[S3_PLACE_SIZE];
    bool ended; /* nothing comes after it */
};

/* Visits at most S3_LIST_PAGE objects after `place`, which moves on (Amazon, "ListObjectsV2").
 * S3_REFUSED: the answer is not such a list; nothing was visited then. A bucket that is not there
 * is S3_REFUSED, too. */
enum s3_outcome s3_list(struct s3 *s3, struct s3_place *place, s3_list_visitor *visit,
                        void *context);

/* ---- links ---- */

/* A link to an object that anybody may follow for `ttl_s` seconds (a week at most): GET, answered
 * with this Content-Type and Content-Disposition. `out` holds S3_URL_SIZE. */
struct s3_link {
    const char *key, *content_type, *disposition;
    int64_t now, ttl_s;
};
enum result s3_link(const struct s3 *s3, const struct s3_link *link, char *out);

/* ---- downloads ---- */

/* A whole object, and what its bytes must add up to. */
struct s3_wanted {
    const char *key;
    int64_t size;
    const char *sha256; /* hex; "": not known, its size alone counts */
    int64_t timeout_ms; /* for all of it, as s3_head has it; 0: STALL_TIMEOUT, TRANSFER_TIMEOUT */
};

/* Begins to read it with the transfers of `http`. `take`, where it is not NULL, gets its bytes,
 * never more than `size`; they are worth nothing before `done` says S3_OK, and S3_DIFFERS says that
 * they are others. `done` is called exactly once, from http_poll; the download is freed then. NULL
 * when it cannot begin; `done` is not called. */
struct s3_download;
typedef void s3_downloaded(void *context, enum s3_outcome outcome);
struct s3_download *s3_download_start(struct s3 *s3, struct http *http,
                                      const struct s3_wanted *wanted, s3_taker *take,
                                      s3_downloaded *done, void *context);

/* Ends it at once, without calling `done`. s3_download_cancel(NULL) is safe. */
void s3_download_cancel(struct s3_download *download);

/* The same, waited for. */
enum s3_outcome s3_get(struct s3 *s3, const struct s3_wanted *wanted, s3_taker *take,
                       void *context);

/* ---- uploads ---- */

struct s3_order {
    const char *key, *content_type;
    int fd; /* duplicated */
};

/* What was stored, when the outcome is S3_OK. */
struct s3_stored {
    int64_t size;
    char sha256[CRYPTO_SHA256_HEX];
    char etag[HTTP_ETAG_SIZE];
};

struct s3_upload;
typedef void s3_uploaded(void *context, enum s3_outcome outcome, const struct s3_stored *stored);

/* Begins to upload a whole file with the transfers of `http`, in parts when it is larger than
 * S3_PARTS_ABOVE. `done` is called exactly once, from s3_upload_step or http_poll; the upload is
 * freed then. NULL when it cannot begin; `done` is not called. */
enum { S3_PARTS_ABOVE = 64 << 20, S3_PART_BYTES = 16 << 20 };
struct s3_upload *s3_upload_start(struct s3 *s3, struct http *http, const struct s3_order *order,
                                  s3_uploaded *done, void *context);

/* Adds up a little more of what is to be sent next. True: there is more of that to do, call again
 * soon; false: it waits for the store. */
bool s3_upload_step(struct s3_upload *upload);

/* Ends it at once, without calling `done`. Parts that were sent stay with the store, until its own
 * rule for unfinished uploads takes them. */
void s3_upload_cancel(struct s3_upload *upload);

/* The same, waited for. */
enum s3_outcome s3_put(struct s3 *s3, const struct s3_order *order, struct s3_stored *out);

#endif
