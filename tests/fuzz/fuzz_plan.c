/* A child's plan: what is read can be printed and read again, its pieces stay in their streams, and
 * its times in the recording. */
#include "fuzz.h"
#include "speech/plan.h"

static void check_pieces(const struct plan *plan, int64_t most)
{
    struct plan_piece piece = {0}, last = {0};
    for (int i = 0; i < 100 && plan_next_piece(plan, most, &piece); i++) {
        REQUIRE(piece.frames > 0 && piece.frames <= most && piece.at >= 0);
        REQUIRE(piece.at + piece.frames <= plan_stream_frames(plan, piece.channel));
        REQUIRE(i == 0 || piece.channel > last.channel || piece.at >= last.at + last.frames);
        int64_t start = plan_time_ms(plan, piece.channel, piece.at, false);
        int64_t end = plan_time_ms(plan, piece.channel, piece.at + piece.frames, true);
        REQUIRE(start >= 0 && start <= end && end <= plan->frames * 1000 / plan->rate);
        (void)plan_is_silent(plan, piece.channel, piece.at, piece.at + piece.frames);
        last = piece;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    struct plan plan, again;
    struct buf text;
    size_t len, used = 0;
    fuzz_begin(&fuzz, data, size);
    unsigned most = fuzz_byte(&fuzz);
    const char *bytes = fuzz_rest_bytes(&fuzz, &len);
    if (plan_read(bytes, len, &plan, &used) == RESULT_OK) {
        REQUIRE(used <= len);
        buf_init(&text, PLAN_TEXT_MAX);
        plan_print(&plan, &text);
        REQUIRE(buf_ok(&text));
        REQUIRE(plan_read(buf_str(&text), text.len, &again, &used) == RESULT_OK);
        REQUIRE(again.count == plan.count && used == text.len);
        check_pieces(&plan, 1 + (int64_t)most * 1000);
        REQUIRE(plan_voiced_ms(&plan) >= 0);
        buf_free(&text);
        plan_free(&again);
        plan_free(&plan);
    }
    fuzz_end(&fuzz);
    return 0;
}
