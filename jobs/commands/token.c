/*
 * tapedeck token --business N [--ttl DURATION] [--sub NAME]
 *
 * Prints a session token (JWT) for a business: for a first try, for programs, for tests.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "clients/jwt.h"
#include "commands.h"
#include "options.h"

static int complain(const char *why)
{
    fprintf(stderr, "tapedeck: token: %s\n", why);
    return EXIT_USAGE;
}

static int print_token(const struct app *app, const struct jwt_claims *claims)
{
    struct buf token;
    buf_init(&token, JWT_MAX);
    enum result result = jwt_sign(claims, app->config->jwt_secret, &token);
    if (result == RESULT_OK) {
        printf("%s\n", buf_str(&token));
    } else {
        fprintf(stderr, "tapedeck: token: it could not be signed\n");
    }
    buf_free(&token);
    return result == RESULT_OK ? EXIT_DONE : EXIT_NOT_DONE;
}

int command_token(const struct app *app, int argc, char **argv)
{
    const char *business = NULL, *ttl = NULL, *subject = NULL;
    struct jwt_claims claims = {0};
    int64_t ttl_ms;
    const struct option_spec specs[] = {{"--business", &business, NULL},
                                        {"--ttl", &ttl, NULL},
                                        {"--sub", &subject, NULL},
                                        {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return EXIT_USAGE;
    }
    if (business == NULL || !text_int(business, 1, INT64_MAX, &claims.business_id)) {
        return complain("--business must be a number, 1 or more");
    }
    if (!config_duration(ttl != NULL ? ttl : "8h", &ttl_ms) || ttl_ms < 1000) {
        return complain("--ttl must be a duration, like 8h");
    }
    int n = snprintf(claims.subject, sizeof claims.subject, "%s",
                     subject != NULL ? subject : "tapedeck token");
    if (n < 0 || (size_t)n >= sizeof claims.subject) {
        return complain("--sub is too long");
    }
    claims.expires = clock_wall() + ttl_ms / 1000;
    return print_token(app, &claims);
}
