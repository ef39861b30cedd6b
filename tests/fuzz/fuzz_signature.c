/* X-Twilio-Signature: what the provider would sign is good, and nothing else. */
#include <stdlib.h>
#include <string.h>

#include "clients/crypto.h"
#include "fuzz.h"
#include "twilio/signature.h"
#include "world.h"

#define SHARED "webhooks_sharedkey_1"

struct callback {
    const char *target, *body;
    size_t body_len;
    struct form form;
    bool has_hash; /* the query has bodySHA256: the body is signed by it, not by its fields */
};

static bool query_has_hash(const char *target)
{
    static const char NAME[] = "bodySHA256=";
    const char *query = strchr(target, '?');
    return query != NULL && (strncmp(query + 1, NAME, sizeof NAME - 1) == 0 ||
                             strstr(query, "&bodySHA256=") != NULL);
}

static enum signature_verdict ask(const struct callback *c, const char *base, const char *token,
                                  struct signature_headers headers)
{
    const struct credential credential = {.tokens = {"another", token},
                                          .shared_keys = {{SHARED, "its secret"}}};
    const struct credential nobody = {.tokens = {NULL}};
    REQUIRE(signature_check(&nobody, &headers, base, c->target, &c->form, c->body, c->body_len) !=
            SIGNATURE_GOOD);
    return signature_check(&credential, &headers, base, c->target, &c->form, c->body, c->body_len);
}

static enum signature_verdict check(const struct callback *c, const char *base, const char *header)
{
    return ask(c, base, WORLD_AUTH_TOKEN, (struct signature_headers){.signature = header});
}

static bool hash_stands(const struct callback *c)
{
    char hex[CRYPTO_SHA256_HEX];
    REQUIRE(crypto_sha256_hex(c->body, c->body_len, hex));
    return strstr(c->target, hex) != NULL;
}

static void check_signed_over(const struct callback *c, const char *url)
{
    char signature[WORLD_SIGNATURE_SIZE];
    fuzz_world_sign(url, c->target, c->has_hash ? NULL : &c->form, signature);
    enum signature_verdict verdict = check(c, WORLD_BASE, signature);
    if (!c->has_hash) {
        REQUIRE(verdict == SIGNATURE_GOOD);
    } else {
        REQUIRE(verdict == (hash_stands(c) ? verdict : SIGNATURE_BAD_BODY));
    }
    signature[0] = signature[0] == 'A' ? 'B' : 'A';
    REQUIRE(check(c, WORLD_BASE, signature) == SIGNATURE_MISMATCH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    fuzz_begin(&fuzz, data, size);
    const char *base = fuzz_line(&fuzz);
    const char *header = fuzz_line(&fuzz);
    struct callback c = {.target = fuzz_line(&fuzz)};
    c.body = fuzz_rest_bytes(&fuzz, &c.body_len);
    c.has_hash = query_has_hash(c.target);
    if (form_parse(&c.form, c.body, c.body_len) == RESULT_OK) {
        enum signature_verdict verdict = check(&c, base, header);
        REQUIRE(verdict == SIGNATURE_MISMATCH ||
                (verdict == SIGNATURE_NO_HEADER && header[0] == '\0'));
        /* Whatever it says of its key, a guess is no signature. */
        REQUIRE(ask(&c, base, "", (struct signature_headers){"x", header}) != SIGNATURE_GOOD);
        check_signed_over(&c, "https://crm.example:8443");
        check_signed_over(&c, "https://crm.example");
        check_signed_over(&c, "https://crm.example:443");
    }
    form_free(&c.form);
    fuzz_end(&fuzz);
    return 0;
}
