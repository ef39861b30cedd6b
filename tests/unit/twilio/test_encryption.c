#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "twilio/encryption.h"

static void test_either_names(void **state)
{
    (void)state;
    static const char *const cases[] = {"{\"encryption_public_key_sid\":\"CR1\",\"encryption_cek\":"
                                        "\"Zm9v\",\"encryption_iv\":\"YmFy\"}",
                                        "{\"type\":\"rsa-aes\",\"public_key_sid\":\"CR1\","
                                        "\"encrypted_cek\":\"Zm9v\",\"iv\":\"YmFy\"}"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct encryption_details got;
        assert_int_equal(encryption_read(cases[i], &got), RESULT_OK);
        assert_int_equal(got.cek_len, 3);
        assert_memory_equal(got.cek, "foo", 3);
        assert_int_equal(got.iv_len, 3);
        assert_memory_equal(got.iv, "bar", 3);
        assert_ptr_equal(encryption_kept(cases[i]), cases[i]);
    }
}

static void test_what_says_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "{}",
                                      "[]",
                                      "null",
                                      "nonsense",
                                      "{\"iv\":\"YmFy\"}",
                                      "{\"encrypted_cek\":\"Zm9v\"}",
                                      "{\"encrypted_cek\":\"\",\"iv\":\"YmFy\"}",
                                      "{\"encrypted_cek\":\"Zm9v\",\"iv\":\"\"}",
                                      "{\"encrypted_cek\":\"Zm9v\",\"iv\":12}",
                                      "{\"encrypted_cek\":\"Zm9\",\"iv\":\"YmFy\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct encryption_details got;
        assert_int_equal(encryption_read(bad[i], &got), RESULT_INVALID);
    }
}

/* That it is encrypted is known, whatever else is not. */
static void test_what_is_kept(void **state)
{
    (void)state;
    char *text = malloc(ENCRYPTION_TEXT_SIZE + 1);
    assert_non_null(text);
    memset(text, 'x', ENCRYPTION_TEXT_SIZE);
    text[ENCRYPTION_TEXT_SIZE] = '\0';
    assert_string_equal(encryption_kept(text), "{}");
    text[ENCRYPTION_TEXT_SIZE - 1] = '\0';
    assert_ptr_equal(encryption_kept(text), text);
    assert_string_equal(encryption_kept("\xff"), "{}");
    assert_null(encryption_kept(NULL));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_either_names),
        cmocka_unit_test(test_what_says_nothing),
        cmocka_unit_test(test_what_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
