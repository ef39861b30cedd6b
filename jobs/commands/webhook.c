/*
 * tapedeck webhook --business N --url URL [--off]
 *
 * Has a business told of its complete calls, and prints the secret that signs what is sent; or
 * tells it no more. Adding a webhook again gives it a new secret.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "clients/crypto.h"
#include "commands.h"
#include "followups/delivery.h"
#include "options.h"

enum { URL_MAX = 2000 };

static int complain(const char *why, int status)
{
    fprintf(stderr, "tapedeck: webhook: %s\n", why);
    return status;
}

/* Whether it may be connected to is found out when it is. */
static bool is_web_address(const char *url)
{
    bool good = text_starts(url, "https://") || text_starts(url, "http://");
    for (const char *c = url; *c != '\0' && good; c++) {
        good = (unsigned char)*c > ' ' && *c != 0x7f;
    }
    return good && strlen(url) <= URL_MAX;
}

static int add(const struct app *app, int64_t business_id, const char *url)
{
    char secret[CRYPTO_TOKEN_SIZE];
    if (!crypto_token(secret) || delivery_add_webhook(app, business_id, url, secret) != RESULT_OK) {
        return complain("it could not be saved", EXIT_NOT_DONE);
    }
    printf("%s\n", secret);
    return EXIT_DONE;
}

int command_webhook(const struct app *app, int argc, char **argv)
{
    const char *business = NULL, *url = NULL;
    bool off = false;
    int64_t business_id = 0;
    const struct option_spec specs[] = {{"--business", &business, NULL},
                                        {"--url", &url, NULL},
                                        {"--off", NULL, &off},
                                        {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return EXIT_USAGE;
    }
    if (business == NULL || !text_int(business, 1, INT64_MAX, &business_id)) {
        return complain("--business must be a number, 1 or more", EXIT_USAGE);
    }
    if (url == NULL || !is_web_address(url)) {
        return complain("--url must be an address, http or https", EXIT_USAGE);
    }
    if (!off) {
        return add(app, business_id, url);
    }
    switch (delivery_stop_webhook(app, business_id, url)) {
    case RESULT_OK: return EXIT_DONE;
    case RESULT_NOT_FOUND: return complain("there is no such webhook", EXIT_NOT_DONE);
    default: return complain("PostgreSQL did not answer", EXIT_NOT_DONE);
    }
}
