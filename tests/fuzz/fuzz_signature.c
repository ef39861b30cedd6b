/* X-Twilio-Signature: what the provider would sign is good, and nothing else. */
#include <stdlib.h>
#include <string.h>

#include "clients/crypto.h"
#include "fuzz.h"
#include "twilio/signature.h"
#include "world.h"

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

static enum signature_verdict check(const struct callback *c, const char *base, const char *header)
{
    return signature_check(WORLD_AUTH_TOKEN, header, base, c->target, &c->form, c->body,
                           c->body_len);
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
        REQUIRE(signature_check("", "x", base, c.target, &c.form, c.body, c.body_len) ==
                SIGNATURE_NO_TOKEN);
        check_signed_over(&c, "https://crm.example:8443");
        check_signed_over(&c, "https://crm.example");
        check_signed_over(&c, "https://crm.example:443");
    }
    form_free(&c.form);
    fuzz_end(&fuzz);
    return 0;
}
