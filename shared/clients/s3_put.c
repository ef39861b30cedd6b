/* An upload that is waited for. */
#include "base/magic.h"
#include "s3.h"
#include "s3_request.h"

struct putting {
    struct magic magic;
    bool done;
    enum s3_outcome outcome;
    struct s3_stored *stored;
};

static void note_put(void *context, enum s3_outcome outcome, const struct s3_stored *stored)
{
    struct putting *putting = CHECKED(putting, context);
    putting->done = true;
    putting->outcome = outcome;
    *putting->stored = *stored;
}

enum s3_outcome s3_put(struct s3 *s3, const struct s3_order *order, struct s3_stored *out)
{
    enum { POLL_MS = 1000 };
    struct putting putting = {.magic = MAGIC(putting), .stored = out};
    struct http *http = s3_http(s3);
    struct s3_upload *upload =
        http != NULL ? s3_upload_start(s3, http, order, note_put, &putting) : NULL;
    if (upload == NULL) {
        return S3_FAILED;
    }
    while (!putting.done) {
        bool busy = s3_upload_step(upload);
        if (putting.done) {
            break;
        }
        if (http_poll(http, NULL, 0, busy ? 0 : POLL_MS) != RESULT_OK && !putting.done) {
            s3_upload_cancel(upload);
            putting.outcome = S3_FAILED;
            break;
        }
    }
    return putting.outcome;
}
