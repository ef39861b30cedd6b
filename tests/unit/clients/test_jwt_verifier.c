#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "clients/jwt_verifier.h"

#define SECRET "an example secret of 40 bytes, for tests"
#define PREVIOUS "the one before, also longer than 32 bytes"
#define NOW INT64_C(1800000000)

static void sign(int64_t business, int64_t expires, const char *secret, struct buf *out)
{
    struct jwt_claims claims = {.business_id = business, .expires = expires, .subject = "somebody"};
    buf_init(out, JWT_MAX);
    assert_int_equal(jwt_sign(&claims, secret, out), RESULT_OK);
}

static enum result check(struct jwt_verifier *verifier, const char *token, int64_t now,
                         int64_t *business)
{
    struct jwt_claims claims = {0};
    enum result result = jwt_verifier_check(verifier, token, now, &claims);
    *business = claims.business_id;
    if (result == RESULT_OK) {
        assert_string_equal(claims.subject, "somebody");
    }
    return result;
}

static void test_the_second_time_is_like_the_first(void **state)
{
    (void)state;
    struct buf token;
    int64_t business;
    struct jwt_verifier *verifier = jwt_verifier_new(SECRET, "");
    sign(7, NOW + 100, SECRET, &token);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(check(verifier, buf_str(&token), NOW + i, &business), RESULT_OK);
        assert_int_equal(business, 7);
    }
    assert_int_equal(check(verifier, buf_str(&token), NOW + 99, &business), RESULT_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(check(verifier, buf_str(&token), NOW + 100, &business), RESULT_DENIED);
    }
    buf_free(&token);
    jwt_verifier_free(verifier);
}

/* Nothing but the very token: not one with a letter changed, longer or shorter. */
static void test_a_known_token_opens_nothing_for_others(void **state)
{
    (void)state;
    struct buf token;
    int64_t business;
    char other[JWT_MAX + 8];
    struct jwt_verifier *verifier = jwt_verifier_new(SECRET, "");
    sign(7, NOW + 100, SECRET, &token);
    assert_int_equal(check(verifier, buf_str(&token), NOW, &business), RESULT_OK);
    for (size_t i = 0; i < token.len; i++) {
        memcpy(other, token.data, token.len + 1);
        other[i] = other[i] == 'A' ? 'B' : 'A';
        if (i + 1 < token.len || strcmp(other + i, "A") != 0) {
            bool lasts = i + 1 == token.len; /* two bits of the last letter count for nothing */
            enum result result = check(verifier, other, NOW, &business);
            assert_true(result == RESULT_DENIED || lasts);
        }
    }
    (void)snprintf(other, sizeof other, "%sA", buf_str(&token));
    assert_int_equal(check(verifier, other, NOW, &business), RESULT_DENIED);
    memcpy(other, token.data, token.len + 1);
    other[token.len - 1] = '\0';
    assert_int_equal(check(verifier, other, NOW, &business), RESULT_DENIED);
    assert_int_equal(check(verifier, "", NOW, &business), RESULT_DENIED);
    memset(other, 'a', sizeof other);
    other[sizeof other - 1] = '\0';
    assert_int_equal(check(verifier, other, NOW, &business), RESULT_DENIED);
    buf_free(&token);
    jwt_verifier_free(verifier);
}

/* Put together here, as jwt_sign writes no `nbf`: good from NOW on. */
#define LATER_TOKEN                                                                                \
    "eyJhbGciOiJIUzI1NiJ9."                                                                        \
    "eyJidXNpbmVzc19pZCI6Nywic3ViIjoic29tZWJvZHkiLCJuYmYiOjE4MDAwMDAwMDAsImV4cCI6MTgwMDAwMDEwMH0." \
    "xqYYd03pXpMxU6Z3x9fpXqn0HGD-ixYOZLWNeNhLiGk"

/* The clock may be set back; what is not good yet is no better for having been seen. */
static void test_not_before_holds_when_the_clock_goes_back(void **state)
{
    (void)state;
    int64_t business;
    struct jwt_verifier *verifier = jwt_verifier_new(SECRET, "");
    assert_int_equal(check(verifier, LATER_TOKEN, NOW - 1, &business), RESULT_DENIED);
    assert_int_equal(check(verifier, LATER_TOKEN, NOW, &business), RESULT_OK);
    assert_int_equal(check(verifier, LATER_TOKEN, NOW + 1, &business), RESULT_OK);
    assert_int_equal(check(verifier, LATER_TOKEN, NOW - 1, &business), RESULT_DENIED);
    assert_int_equal(check(verifier, LATER_TOKEN, NOW + 1, &business), RESULT_OK);
    jwt_verifier_free(verifier);
}

/* More than there are places for: each gives its own business, before and after it was displaced.
 */
static void test_many(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    int64_t business;
    struct jwt_verifier *verifier = jwt_verifier_new(SECRET, "");
    for (int round = 0; round < 2; round++) {
        for (int i = 1; i <= MANY; i++) {
            struct buf token;
            sign(i, NOW + 100, SECRET, &token);
            assert_int_equal(check(verifier, buf_str(&token), NOW, &business), RESULT_OK);
            assert_int_equal(business, i);
            assert_int_equal(check(verifier, buf_str(&token), NOW, &business), RESULT_OK);
            assert_int_equal(business, i);
            buf_free(&token);
        }
    }
    jwt_verifier_free(verifier);
}

static void test_two_secrets(void **state)
{
    (void)state;
    struct buf old, strange;
    int64_t business;
    sign(8, NOW + 100, PREVIOUS, &old);
    sign(9, NOW + 100, "a secret that nobody has configured here", &strange);
    struct jwt_verifier *both = jwt_verifier_new(SECRET, PREVIOUS);
    struct jwt_verifier *one = jwt_verifier_new(SECRET, "");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(check(both, buf_str(&old), NOW, &business), RESULT_OK);
        assert_int_equal(business, 8);
        assert_int_equal(check(one, buf_str(&old), NOW, &business), RESULT_DENIED);
        assert_int_equal(check(both, buf_str(&strange), NOW, &business), RESULT_DENIED);
    }
    buf_free(&old);
    buf_free(&strange);
    jwt_verifier_free(both);
    jwt_verifier_free(one);
    jwt_verifier_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_second_time_is_like_the_first),
        cmocka_unit_test(test_a_known_token_opens_nothing_for_others),
        cmocka_unit_test(test_not_before_holds_when_the_clock_goes_back),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_two_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
