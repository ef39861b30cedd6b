#include <errno.h>

#include "file_world.h"
#include "storage/disk.h"

/* ---- finished files ---- */

static void test_find(void **state)
{
    struct world *world = *state;
    struct file_facts facts;
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_NOT_FOUND); /* not even the folder */
    folder(world, "7");
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_NOT_FOUND);
    put(world, "7/" SID ".mp3", 5);
    age(world, "7/" SID ".mp3", 100);
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_OK);
    assert_int_equal(facts.kind, AUDIO_MP3);
    assert_int_equal(facts.size, 5);
    assert_in_range(facts.modified, clock_wall() - 101, clock_wall() - 100);
    assert_string_equal(facts.path, path_of(world, "7/" SID ".mp3"));
    put(world, "7/" SID ".wav", 9); /* the better one goes first */
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_OK);
    assert_int_equal(facts.kind, AUDIO_WAV);
    assert_int_equal(facts.size, 9);
    assert_string_equal(facts.path, path_of(world, "7/" SID ".wav"));
}

static void test_find_in_one_business_alone(void **state)
{
    struct world *world = *state;
    struct file_facts facts;
    static const int64_t others[] = {0, -7, 6, 8, 70, 77, INT64_MAX, INT64_MIN};
    folder(world, "7");
    put(world, "7/" SID ".wav", 9);
    put(world, SID ".wav", 9);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(find(world, others[i], &facts), RESULT_NOT_FOUND);
    }
}

static void test_find_takes_other_names_for_nothing(void **state)
{
    struct world *world = *state;
    struct file_facts facts;
    static const char *const names[] = {PART,
                                        "7/" SID,
                                        "7/" SID ".WAV",
                                        "7/" SID ".wav.part",
                                        "7/" SID ".ogg",
                                        "7/." SID ".wav",
                                        "7/" OTHER ".wav"};
    folder(world, "7");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        put(world, names[i], 9);
    }
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_NOT_FOUND);
}

static void test_find_takes_plain_files_only(void **state)
{
    struct world *world = *state;
    struct file_facts facts;
    char target[2 * SCRATCH_SIZE];
    folder(world, "7");
    put(world, "secret", 9);
    assert_int_equal(
        symlink(scratch_path(world->dir, "secret", target), path_of(world, "7/" SID ".wav")), 0);
    folder(world, "7/" SID ".mp3");
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_NOT_FOUND);
    assert_int_equal(rmdir(path_of(world, "7/" SID ".mp3")), 0);
    assert_int_equal(mkfifo(path_of(world, "7/" SID ".mp3"), 0600), 0);
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_NOT_FOUND);
    assert_int_equal(unlink(path_of(world, "7/" SID ".mp3")), 0);
    put(world, "7/" SID ".mp3", 3); /* a link in the way hides nothing */
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_OK);
    assert_int_equal(facts.kind, AUDIO_MP3);
}

static void test_no_folder_is_anothers(void **state)
{
    struct world *world = *state;
    struct file_facts facts;
    char target[2 * SCRATCH_SIZE];
    folder(world, "8");
    put(world, "8/" SID ".wav", 9);
    assert_int_equal(symlink(scratch_path(world->dir, "8", target), path_of(world, "7")), 0);
    assert_int_equal(find(world, 7, &facts), RESULT_FAILED);
    assert_int_equal(find(world, 8, &facts), RESULT_OK);
    int fd = file_open(&facts);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(rename(path_of(world, "8"), scratch_path(world->dir, "9", target)), 0);
    assert_int_equal(symlink(target, path_of(world, "8")), 0);
    assert_int_equal(file_open(&facts), -1);
    assert_int_equal(file_open_quietly(&facts), -1);
}

static void test_find_empty_file(void **state)
{
    struct world *world = *state;
    struct file_facts facts;
    folder(world, "7");
    put(world, "7/" SID ".wav", 0);
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_OK);
    assert_int_equal(facts.size, 0);
}

static char *long_folder(void)
{
    char *dir = malloc(PATH_MAX);
    assert_non_null(dir);
    memset(dir, 'd', PATH_MAX - 1);
    dir[0] = '/';
    dir[PATH_MAX - 1] = '\0';
    return dir;
}

static void test_a_path_too_long(void **state)
{
    struct world *world = *state;
    struct file_facts facts;
    struct file_part part;
    char *dir = long_folder();
    world->config.recordings_dir = dir;
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_NOT_FOUND);
    assert_int_equal(file_part_open(&world->config, BUSINESS, SID, &part), RESULT_FAILED);
    assert_int_equal(part.error, ENAMETOOLONG);
    assert_int_equal(part.fd, -1);
    free(dir);
}

static void test_etag(void **state)
{
    (void)state;
    static const struct {
        int64_t size, modified;
        const char *etag;
    } cases[] = {
        {0, 0, "\"0-0\""},
        {44, 1800000000, "\"2c-6b49d200\""},
        {45, 1800000000, "\"2d-6b49d200\""},
        {44, 1800000001, "\"2c-6b49d201\""},
        {INT64_MAX, INT64_MAX, "\"7fffffffffffffff-7fffffffffffffff\""},
        {-1, -1, "\"ffffffffffffffff-ffffffffffffffff\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct file_facts facts = {.size = cases[i].size, .modified_ns = cases[i].modified};
        char etag[FILE_ETAG_SIZE];
        assert_ptr_equal(file_etag(&facts, etag), etag);
        assert_string_equal(etag, cases[i].etag);
    }
}

static bool is_whole(struct world *world, const char *name, const char *bytes, size_t len,
                     int64_t stored)
{
    struct file_facts facts;
    assert_true(scratch_file(world->dir, name, bytes, len));
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_OK);
    bool whole = file_is_whole(&facts, stored);
    assert_int_equal(unlink(path_of(world, name)), 0);
    return whole;
}

/* A RIFF header says how many bytes come after its first 8; streams write 0 or all ones. */
static void test_whole(void **state)
{
    static const char claims_40[] = "RIFF\x20\0\0\0WAVEabcdefghijklmnopqrstuvwxyz..";
    struct world *world = *state;
    folder(world, "7");
    assert_true(is_whole(world, "7/" SID ".wav", claims_40, 40, 0));
    assert_true(is_whole(world, "7/" SID ".wav", claims_40, 41, -1));
    assert_true(is_whole(world, "7/" SID ".wav", claims_40, 24, 0)); /* so wrong many are */
    assert_false(is_whole(world, "7/" SID ".wav", claims_40, 23, 0));
    assert_false(is_whole(world, "7/" SID ".wav", claims_40, 12, 0));
    assert_true(is_whole(world, "7/" SID ".wav", claims_40, 11, 0)); /* says nothing any more */
    assert_false(is_whole(world, "7/" SID ".wav", "", 0, 0));
    assert_true(is_whole(world, "7/" SID ".wav", "RIFF\0\0\0\0WAVE", 12, 0));
    assert_true(is_whole(world, "7/" SID ".wav", "RIFF\xff\xff\xff\xffWAVE", 12, 0));
    assert_true(is_whole(world, "7/" SID ".wav", "RIFF\x99\0\0\0AVI ", 12, 0));
    assert_true(is_whole(world, "7/" SID ".mp3", claims_40, 12, 0));
    assert_false(is_whole(world, "7/" SID ".mp3", claims_40, 0, 0));
}

static void test_whole_as_stored(void **state)
{
    struct world *world = *state;
    folder(world, "7");
    assert_true(is_whole(world, "7/" SID ".mp3", "12345", 5, 5));
    assert_false(is_whole(world, "7/" SID ".mp3", "12345", 4, 5));
    assert_false(is_whole(world, "7/" SID ".wav", "12345", 5, 4));
    assert_false(is_whole(world, "7/" SID ".wav", "", 0, 5));
}

static void test_whole_while_it_goes(void **state)
{
    struct world *world = *state;
    struct file_facts facts;
    folder(world, "7");
    put(world, "7/" SID ".wav", 20);
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_OK);
    assert_int_equal(unlink(path_of(world, "7/" SID ".wav")), 0);
    assert_true(file_is_whole(&facts, 0)); /* who opens it will see */
}

/* ---- housekeeping ---- */

static void old_part(struct world *world, const char *name, int64_t seconds)
{
    put(world, name, 1);
    age(world, name, seconds);
}

static void test_sweep_by_age(void **state)
{
    struct world *world = *state;
    folder(world, "7");
    old_part(world, PART, 60);
    old_part(world, OTHER_PART, 50);
    assert_int_equal(file_sweep_parts(&world->config, 70 * 1000), 0);
    assert_int_equal(file_sweep_parts(&world->config, MINUTE), 1);
    assert_false(is_there(world, PART));
    assert_true(is_there(world, OTHER_PART));
    old_part(world, OTHER_PART, -3600); /* a clock was wrong: it is not old */
    assert_int_equal(file_sweep_parts(&world->config, MINUTE), 0);
    assert_true(is_there(world, OTHER_PART));
}

static void test_sweep_leaves_what_is_held(void **state)
{
    struct world *world = *state;
    struct file_part part;
    open_part(world, &part);
    age(world, PART, 3600);
    old_part(world, OTHER_PART, 3600);
    assert_int_equal(file_sweep_parts(&world->config, MINUTE), 1);
    assert_true(is_there(world, PART));
    write_part(&part, "still ours");
    assert_int_equal(finish_part(&part, AUDIO_WAV), RESULT_OK);
    assert_content(world, "7/" SID ".wav", "still ours");
}

/* What status counts is what cleanup removes once it is old: the same files, by the same rule. */
static void assert_parts(const struct world *world, int64_t files, int64_t bytes)
{
    struct disk_parts parts;
    disk_count_parts(&world->config, &parts);
    assert_int_equal(parts.files, files);
    assert_int_equal(parts.bytes, bytes);
    assert_true(parts.all);
}

static void test_parts_are_counted_as_they_are_swept(void **state)
{
    struct world *world = *state;
    folder(world, "7");
    put(world, PART, 5);
    put(world, "7/." OTHER ".peaks", 3);
    assert_parts(world, 2, 8);
    age(world, PART, 3600);
    age(world, "7/." OTHER ".peaks", 3600);
    assert_int_equal(file_sweep_parts(&world->config, MINUTE), 2);
    assert_parts(world, 0, 0);
}

static void test_sweep_takes_only_part_files(void **state)
{
    struct world *world = *state;
    static const char *const names[] = {
        "7/" SID ".wav",
        "7/" SID ".mp3",
        "7/." SID ".partx",
        "7/." SID ".par",
        "7/." SID ".PART",
        "7/" SID ".part",
        "7/x" SID ".part",
        "7/.CF0123456789abcdef0123456789abcdef.part",
        "7/.CA0123456789abcdef0123456789abcdeg.part",
        "7/.CA0123456789abcdef0123456789abcde.part",
        "7/notes",
        "." SID ".part",
        "x7/." SID ".part",
        "0/." SID ".part",
        "-7/." SID ".part",
    };
    folder(world, "7");
    folder(world, "x7");
    folder(world, "0");
    folder(world, "-7");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        old_part(world, names[i], 3600);
    }
    folder(world, PART); /* not even a file */
    assert_parts(world, 0, 0);
    assert_int_equal(file_sweep_parts(&world->config, MINUTE), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(is_there(world, names[i]));
    }
    assert_true(is_there(world, PART));
}

static void test_sweep_visits_every_business(void **state)
{
    struct world *world = *state;
    static const char *const names[] = {"1/." SID ".part", "22/." SID ".part", "22/." OTHER ".part",
                                        "9223372036854775807/." SID ".part"};
    folder(world, "1");
    folder(world, "22");
    folder(world, "9223372036854775807");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        old_part(world, names[i], 3600);
    }
    put(world, "33", 1); /* a file, not a folder */
    assert_int_equal(file_sweep_parts(&world->config, MINUTE), 4);
}

static void test_sweep_follows_no_links(void **state)
{
    struct world *world = *state;
    char target[2 * SCRATCH_SIZE];
    folder(world, "outside");
    old_part(world, "outside/." SID ".part", 3600);
    old_part(world, "outside/file", 3600);
    assert_int_equal(symlink(scratch_path(world->dir, "outside", target), path_of(world, "7")), 0);
    folder(world, "8");
    scratch_path(world->dir, "outside/file", target);
    assert_int_equal(symlink(target, path_of(world, "8/." SID ".part")), 0);
    age(world, "8/." SID ".part", 3600);
    assert_int_equal(file_sweep_parts(&world->config, MINUTE), 0);
    assert_true(is_there(world, "outside/." SID ".part"));
    assert_true(is_there(world, "8/." SID ".part"));
}

static void test_sweep_of_nothing(void **state)
{
    struct world *world = *state;
    assert_int_equal(file_sweep_parts(&world->config, 0), 0);
    world->config.recordings_dir = "/nonexistent";
    assert_int_equal(file_sweep_parts(&world->config, 0), 0);
}

static void test_dir_check(void **state)
{
    struct world *world = *state;
    assert_int_equal(file_dir_check(&world->config, false), RESULT_OK);
    assert_int_equal(file_dir_check(&world->config, true), RESULT_OK);
    world->config.recordings_dir = "/nonexistent";
    assert_int_equal(file_dir_check(&world->config, true), RESULT_FAILED);
    world->config.recordings_dir = "";
    assert_int_equal(file_dir_check(&world->config, true), RESULT_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_find),
        world_test(test_find_in_one_business_alone),
        world_test(test_find_takes_other_names_for_nothing),
        world_test(test_find_takes_plain_files_only),
        world_test(test_no_folder_is_anothers),
        world_test(test_find_empty_file),
        world_test(test_whole),
        world_test(test_whole_as_stored),
        world_test(test_whole_while_it_goes),
        world_test(test_a_path_too_long),
        cmocka_unit_test(test_etag),
        world_test(test_sweep_by_age),
        world_test(test_sweep_leaves_what_is_held),
        world_test(test_parts_are_counted_as_they_are_swept),
        world_test(test_sweep_takes_only_part_files),
        world_test(test_sweep_visits_every_business),
        world_test(test_sweep_follows_no_links),
        world_test(test_sweep_of_nothing),
        world_test(test_dir_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
