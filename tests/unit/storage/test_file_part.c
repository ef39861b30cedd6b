#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "file_world.h"

static void test_from_part_to_file(void **state)
{
    struct world *world = *state;
    struct file_facts facts;
    struct file_part part;
    struct stat st;
    open_part(world, &part);
    assert_true(is_there(world, PART));
    write_part(&part, "RIFF....WAVE");
    write_part(&part, "0123456789");
    assert_int_equal(part.size, 22);
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_NOT_FOUND); /* not yet */
    assert_int_equal(file_part_sync(&part), RESULT_OK);
    assert_int_equal(finish_part(&part, AUDIO_WAV), RESULT_OK);
    assert_closed(&part);
    assert_false(is_there(world, PART));
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_OK);
    assert_int_equal(facts.kind, AUDIO_WAV);
    assert_int_equal(facts.size, 22);
    assert_content(world, "7/" SID ".wav", "RIFF....WAVE0123456789");
    assert_int_equal(lstat(path_of(world, "7/" SID ".wav"), &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0640);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(lstat(path_of(world, "7"), &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0750);
}

static void test_names_say_what_the_bytes_are(void **state)
{
    struct world *world = *state;
    struct file_part part;
    open_part(world, &part);
    assert_int_equal(finish_part(&part, AUDIO_MP3), RESULT_OK);
    assert_true(is_there(world, "7/" SID ".mp3"));
    assert_false(is_there(world, "7/" SID ".wav"));
}

static void test_finish_replaces(void **state)
{
    struct world *world = *state;
    struct file_part part;
    folder(world, "7");
    put(world, "7/" SID ".wav", 9);
    open_part(world, &part);
    write_part(&part, "new");
    assert_int_equal(finish_part(&part, AUDIO_WAV), RESULT_OK);
    assert_content(world, "7/" SID ".wav", "new");
}

static void test_finish_that_fails_leaves_nothing(void **state)
{
    struct world *world = *state;
    struct file_part part;
    open_part(world, &part);
    folder(world, "7/" SID ".wav"); /* in the way */
    assert_int_equal(finish_part(&part, AUDIO_WAV), RESULT_FAILED);
    assert_int_equal(part.error, EISDIR);
    assert_closed(&part);
    assert_false(is_there(world, PART));
}

static void test_drop(void **state)
{
    struct world *world = *state;
    struct file_part part;
    open_part(world, &part);
    write_part(&part, "x");
    file_part_drop(&part);
    assert_closed(&part);
    assert_false(is_there(world, PART));
    put(world, PART, 1); /* somebody else's by now */
    file_part_drop(&part);
    assert_true(is_there(world, PART));
}

static void test_one_writer(void **state)
{
    struct world *world = *state;
    struct file_part first, second;
    open_part(world, &first);
    write_part(&first, "kept");
    assert_int_equal(file_part_open(&world->config, BUSINESS, SID, &second), RESULT_LOST);
    assert_closed(&second);
    file_part_drop(&second); /* safe, and takes nothing away */
    assert_content(world, PART, "kept");
    assert_int_equal(file_part_open(&world->config, BUSINESS, OTHER, &second), RESULT_OK);
    file_part_drop(&second);
    assert_int_equal(file_part_open(&world->config, 8, SID, &second), RESULT_OK);
    file_part_drop(&second);
    file_part_drop(&first);
    open_part(world, &second); /* free again */
    file_part_drop(&second);
}

/* Takes the part and gives it up again, as fast as it can; true if it ever held one whose name was
 * not its own: removed, or another's. */
static bool ever_nameless(struct world *world, int times)
{
    bool nameless = false;
    for (int i = 0; i < times; i++) {
        struct file_part part;
        struct stat held, named;
        if (file_part_open(&world->config, BUSINESS, SID, &part) != RESULT_OK) {
            continue;
        }
        nameless = nameless || fstat(part.fd, &held) != 0 ||
                   lstat(path_of(world, PART), &named) != 0 || held.st_ino != named.st_ino;
        file_part_drop(&part);
    }
    return nameless;
}

/* Between open and lock another may remove the file: then nobody would ever find what is written.
 */
static void test_what_is_held_has_its_name(void **state)
{
    enum { TIMES = 4000 };
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(ever_nameless(*state, TIMES) ? 1 : 0);
    }
    bool nameless = ever_nameless(*state, TIMES);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(nameless);
    assert_int_equal(status, 0);
}

static void test_a_leftover_is_taken_over_empty(void **state)
{
    struct world *world = *state;
    struct file_part part;
    folder(world, "7");
    put(world, PART, 60);
    open_part(world, &part);
    assert_int_equal(part.size, 0);
    write_part(&part, "new");
    assert_int_equal(finish_part(&part, AUDIO_WAV), RESULT_OK);
    assert_content(world, "7/" SID ".wav", "new");
}

static void test_rewind(void **state)
{
    struct world *world = *state;
    struct file_part part;
    open_part(world, &part);
    write_part(&part, "the first format, and a long one");
    assert_int_equal(file_part_rewind(&part), RESULT_OK);
    assert_int_equal(part.size, 0);
    assert_content(world, PART, "");
    write_part(&part, "the second");
    assert_int_equal(part.size, 10);
    assert_int_equal(finish_part(&part, AUDIO_MP3), RESULT_OK);
    assert_content(world, "7/" SID ".mp3", "the second");
}

/* A full disk, or what the kernel calls one here. */
static void test_a_write_that_fails(void **state)
{
    struct world *world = *state;
    struct rlimit was, small;
    struct file_part part;
    open_part(world, &part);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    small = was;
    small.rlim_cur = 4;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum result result = file_part_write(&part, "0123456789", 10);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(result, RESULT_FAILED);
    assert_int_equal(part.error, EFBIG);
    assert_int_equal(part.size, 4); /* what is really there */
    file_part_drop(&part);
    assert_false(is_there(world, PART));
}

static void test_links_are_not_followed(void **state)
{
    struct world *world = *state;
    char target[2 * SCRATCH_SIZE];
    struct file_part part;
    folder(world, "7");
    put(world, "secret", 9);
    assert_int_equal(symlink(scratch_path(world->dir, "secret", target), path_of(world, PART)), 0);
    assert_int_equal(file_part_open(&world->config, BUSINESS, SID, &part), RESULT_FAILED);
    assert_int_equal(part.error, ELOOP);
    assert_closed(&part);
    struct stat st;
    assert_int_equal(stat(path_of(world, "secret"), &st), 0);
    assert_int_equal(st.st_size, 9);
    assert_int_equal(symlink(scratch_path(world->dir, "7", target), path_of(world, "8")), 0);
    assert_int_equal(file_part_open(&world->config, 8, OTHER, &part), RESULT_FAILED);
    assert_false(is_there(world, OTHER_PART));
}

static void test_no_folder_to_work_in(void **state)
{
    struct world *world = *state;
    struct file_part part;
    put(world, "7", 1); /* a file where the folder should be */
    assert_int_equal(file_part_open(&world->config, BUSINESS, SID, &part), RESULT_FAILED);
    assert_int_equal(part.error, ENOTDIR);
    world->config.recordings_dir = "/nonexistent";
    assert_int_equal(file_part_open(&world->config, BUSINESS, SID, &part), RESULT_FAILED);
    assert_int_equal(part.error, ENOENT);
    assert_closed(&part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_from_part_to_file),
        world_test(test_names_say_what_the_bytes_are),
        world_test(test_finish_replaces),
        world_test(test_finish_that_fails_leaves_nothing),
        world_test(test_drop),
        world_test(test_one_writer),
        world_test(test_what_is_held_has_its_name),
        world_test(test_a_leftover_is_taken_over_empty),
        world_test(test_rewind),
        world_test(test_a_write_that_fails),
        world_test(test_links_are_not_followed),
        world_test(test_no_folder_to_work_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
