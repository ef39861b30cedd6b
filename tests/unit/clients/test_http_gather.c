/* Pieces of several bodies, joined: each owner gets its own bytes, all of them, in their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "clients/http_gather.h"

enum { PIECE = 16 * 1024, OWNER_MAX = 3 * HTTP_GATHER_MAX };

struct owner {
    size_t deliveries, length;
    char bytes[OWNER_MAX];
};

static void deliver(void *context, const char *bytes, size_t len)
{
    struct owner *owner = context;
    assert_true(len > 0 && len <= OWNER_MAX - owner->length);
    memcpy(owner->bytes + owner->length, bytes, len);
    owner->length += len;
    owner->deliveries++;
}

struct world {
    struct http_gather gather;
    struct owner one, other;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->gather.deliver = deliver;
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void add(struct world *world, struct owner *owner, char byte, size_t len)
{
    char piece[PIECE];
    memset(piece, byte, sizeof piece);
    http_gather_add(&world->gather, owner, piece, len);
}

static void test_pieces_of_one_are_joined(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < HTTP_GATHER_MAX / PIECE; i++) {
        add(world, &world->one, (char)('a' + i), PIECE);
    }
    assert_int_equal(world->one.deliveries, 0);
    http_gather_flush(&world->gather);
    assert_int_equal(world->one.deliveries, 1);
    assert_int_equal(world->one.length, HTTP_GATHER_MAX);
    for (size_t i = 0; i < world->one.length; i++) {
        assert_int_equal(world->one.bytes[i], 'a' + (int)(i / PIECE));
    }
}

static void test_another_owner_sends_off_the_first(void **state)
{
    struct world *world = *state;
    add(world, &world->one, 'a', 3);
    add(world, &world->other, 'b', 5);
    assert_int_equal(world->one.length, 3);
    add(world, &world->one, 'c', 2);
    http_gather_flush(&world->gather);
    assert_memory_equal(world->one.bytes, "aaacc", 5);
    assert_int_equal(world->one.length, 5);
    assert_memory_equal(world->other.bytes, "bbbbb", 5);
    assert_int_equal(world->other.length, 5);
}

static void test_what_has_no_room_sends_off_what_is_there(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < HTTP_GATHER_MAX / PIECE; i++) {
        add(world, &world->one, 'a', PIECE);
    }
    add(world, &world->one, 'b', 1);
    assert_int_equal(world->one.length, HTTP_GATHER_MAX);
    http_gather_flush(&world->gather);
    assert_int_equal(world->one.length, HTTP_GATHER_MAX + 1);
    assert_int_equal(world->one.bytes[HTTP_GATHER_MAX], 'b');
}

static void test_nothing_is_delivered_twice(void **state)
{
    struct world *world = *state;
    http_gather_flush(&world->gather);
    add(world, &world->one, 'a', 1);
    http_gather_flush(&world->gather);
    http_gather_flush(&world->gather);
    add(world, &world->one, 'b', 1);
    http_gather_flush(&world->gather);
    assert_int_equal(world->one.deliveries, 2);
    assert_memory_equal(world->one.bytes, "ab", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pieces_of_one_are_joined, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_owner_sends_off_the_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_has_no_room_sends_off_what_is_there, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_is_delivered_twice, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
