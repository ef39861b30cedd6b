#include "grant.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

enum { GRANT_CEILING = 128 };

void grant_give(const struct app *app, const struct request *request, const struct file_facts *file,
                struct response *response)
{
    if (app->config->sendfile != SENDFILE_X_SENDFILE ||
        request_header(request, "TAPEDECK_GRANTS") == NULL) {
        return;
    }
    int64_t expires = clock_wall() + GRANT_S;
    if (expires > request->caller.expires) {
        expires = request->caller.expires;
    }
    struct buf text;
    buf_init(&text, GRANT_CEILING);
    buf_format(&text, "%lld %s", (long long)expires,
               file->path + strlen(app->config->recordings_dir) + sizeof "/" - 1);
    if (buf_ok(&text)) {
        response_header(response, "X-Tapedeck-Grant", buf_str(&text));
    }
    buf_free(&text);
}
