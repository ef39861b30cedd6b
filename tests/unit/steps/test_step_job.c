#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "steps/step_job.h"

static void test_addresses(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"https://api.openai.com/v1", "https://api.openai.com/v1/audio/transcriptions"},
        {"http://127.0.0.1:8000/v1/audio/transcriptions",
         "http://127.0.0.1:8000/v1/audio/transcriptions"},
        {"http://127.0.0.1:8080/inference", "http://127.0.0.1:8080/inference"},
        {"http://host", "http://host/audio/transcriptions"},
        {"https://a.azure.com/openai/deployments/w?api-version=1",
         "https://a.azure.com/openai/deployments/w/audio/transcriptions?api-version=1"},
        {"https://a.azure.com/openai/deployments/w/?api-version=1",
         "https://a.azure.com/openai/deployments/w/audio/transcriptions?api-version=1"},
        {"http://host/audio/transcriptions?a=/", "http://host/audio/transcriptions?a=/"},
    };
    char out[128];
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assert_string_equal(step_job_url(CASES[i][0], "/audio/transcriptions", out, sizeof out),
                            CASES[i][1]);
    }
    assert_null(step_job_url("http://host", "/audio/transcriptions", out, 32));
}

static void test_azure(void **state)
{
    (void)state;
    static const char *const AZURE[] = {
        "https://a.openai.azure.com/openai/v1",
        "https://a.openai.azure.us:443/openai/v1",
        "https://a.cognitiveservices.azure.com/openai/v1",
        "https://a.services.ai.azure.com",
        "https://gateway.example/openai/deployments/whisper",
        "http://127.0.0.1:8080/x?api-version=2024-10-21",
    };
    static const char *const OTHERS[] = {
        "https://api.openai.com/v1",
        "https://api.groq.com/openai/v1",
        "https://vm.westeurope.cloudapp.azure.com/v1",
        "https://host.example/a.openai.azure.com/v1",
        "https://app.azurecontainerapps.io/v1?version=1",
    };
    for (size_t i = 0; i < sizeof AZURE / sizeof *AZURE; i++) {
        assert_true(step_job_is_azure(AZURE[i]));
    }
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
        assert_false(step_job_is_azure(OTHERS[i]));
    }
}

static void test_ends(void **state)
{
    (void)state;
    static const struct run_reason WHY = {"code", "Text."};
    struct step_job job = {.ended = false};
    step_job_try_again(&job, &WHY, 7000);
    assert_true(job.ended && job.end.retry && job.end.status == STEP_FAILED);
    assert_int_equal(job.end.retry_after_ms, 7000);
    assert_string_equal(job.end.reason.code, "code");
    step_job_end(&job, STEP_DONE, NULL);
    assert_true(job.ended && !job.end.retry && job.end.status == STEP_DONE);
    assert_null(job.end.reason.code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_azure),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
