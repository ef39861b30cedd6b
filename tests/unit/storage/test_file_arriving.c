/*
 * A recording that is arriving, as readers see it, and waveforms: stamps, and who belongs to whom.
 */
#include "file_world.h"

#define WAV "7/" SID ".wav"
#define PEAKS "7/" SID ".peaks.json"

static int64_t stamp_of(struct world *world, const char *name)
{
    struct stat st;
    assert_int_equal(lstat(path_of(world, name), &st), 0);
    return file_modified_ns(&st);
}

static enum result open_arriving(const struct world *world, int64_t stamp, int *fd)
{
    return file_arriving_open(&world->config, BUSINESS, SID, stamp, fd);
}

static void test_the_stamp_stays(void **state)
{
    struct world *world = *state;
    struct file_part part;
    struct file_facts facts;
    open_part(world, &part);
    int64_t stamp = part.stamp_ns;
    assert_true(stamp > 0);
    for (int i = 0; i < 3; i++) {
        write_part(&part, "RIFF....WAVE");
        assert_int_equal(stamp_of(world, PART), stamp);
    }
    assert_int_equal(file_part_sync(&part), RESULT_OK);
    assert_int_equal(finish_part(&part, AUDIO_WAV), RESULT_OK);
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_OK);
    assert_int_equal(facts.modified_ns, stamp);
    assert_int_equal(facts.modified, stamp / 1000000000);
}

static void test_every_attempt_has_its_own(void **state)
{
    struct world *world = *state;
    struct file_part part;
    open_part(world, &part);
    int64_t first = part.stamp_ns;
    write_part(&part, "first");
    assert_int_equal(file_part_rewind(&part), RESULT_OK);
    int64_t second = part.stamp_ns;
    assert_int_not_equal(first, second);
    assert_int_equal(part.size, 0);
    file_part_drop(&part);
    open_part(world, &part);
    assert_int_not_equal(part.stamp_ns, first);
    assert_int_not_equal(part.stamp_ns, second);
    file_part_drop(&part);
}

/* Neither the next format nor the next runner writes into a file that somebody may be reading. */
static void test_no_byte_is_written_over(void **state)
{
    struct world *world = *state;
    struct file_part part;
    char bytes[8] = "";
    bool goes_on;
    int fd;
    open_part(world, &part);
    write_part(&part, "first");
    assert_int_equal(open_arriving(world, part.stamp_ns, &fd), RESULT_OK);
    assert_int_equal(file_part_rewind(&part), RESULT_OK);
    write_part(&part, "second");
    assert_int_equal(file_arriving_size(fd, &goes_on), 5);
    assert_false(goes_on);
    assert_int_equal(pread(fd, bytes, sizeof bytes, 0), 5);
    assert_memory_equal(bytes, "first", 5);
    close(fd);
    int64_t stamp = part.stamp_ns;
    close(part.fd); /* as a runner that dies */
    close(part.dir_fd);
    assert_int_equal(open_arriving(world, stamp, &fd), RESULT_OK);
    open_part(world, &part);
    write_part(&part, "third");
    assert_int_equal(pread(fd, bytes, sizeof bytes, 0), 6);
    assert_memory_equal(bytes, "second", 6);
    close(fd);
    assert_int_equal(open_arriving(world, stamp, &fd), RESULT_LOST);
    file_part_drop(&part);
}

static void test_sizes_while_it_grows(void **state)
{
    struct world *world = *state;
    struct file_part part;
    bool goes_on;
    int fd;
    assert_int_equal(open_arriving(world, 1, &fd), RESULT_NOT_FOUND);
    open_part(world, &part);
    assert_int_equal(open_arriving(world, part.stamp_ns + 1, &fd), RESULT_LOST);
    assert_int_equal(open_arriving(world, part.stamp_ns, &fd), RESULT_OK);
    assert_int_equal(file_arriving_size(fd, &goes_on), 0);
    assert_true(goes_on);
    write_part(&part, "123456");
    assert_int_equal(file_arriving_size(fd, &goes_on), 6);
    assert_int_equal(finish_part(&part, AUDIO_WAV), RESULT_OK);
    assert_int_equal(file_arriving_size(fd, &goes_on), 6);
    assert_true(goes_on); /* it has its final name */
    close(fd);
}

static void test_only_plain_files_are_read(void **state)
{
    struct world *world = *state;
    char target[2 * SCRATCH_SIZE];
    int fd;
    folder(world, "7");
    put(world, "secret", 5);
    assert_non_null(scratch_path(world->dir, "secret", target));
    int64_t stamp = stamp_of(world, "secret");
    assert_int_equal(symlink(target, path_of(world, PART)), 0);
    assert_int_equal(open_arriving(world, stamp, &fd), RESULT_NOT_FOUND);
    assert_int_equal(unlink(path_of(world, PART)), 0);
    folder(world, PART);
    assert_int_equal(open_arriving(world, stamp_of(world, PART), &fd), RESULT_LOST);
}

/* ---- waveforms ---- */

static void put_peaks(struct world *world, int64_t recording, const char *text)
{
    struct file_part part;
    assert_int_equal(file_peaks_open(&world->config, BUSINESS, SID, &part), RESULT_OK);
    assert_true(is_there(world, "7/." SID ".peaks"));
    assert_int_equal(write(part.fd, text, strlen(text)), strlen(text));
    assert_int_equal(file_peaks_finish(&part, recording), RESULT_OK);
    assert_closed(&part);
}

static void test_a_waveform_is_one_recordings(void **state)
{
    struct world *world = *state;
    struct file_facts recording, peaks;
    struct stat st;
    folder(world, "7");
    put(world, WAV, 9);
    assert_int_equal(find(world, BUSINESS, &recording), RESULT_OK);
    assert_int_equal(file_peaks_find(&world->config, BUSINESS, SID, &recording, &peaks),
                     RESULT_NOT_FOUND);
    put_peaks(world, recording.modified_ns, "{}");
    assert_int_equal(file_peaks_find(&world->config, BUSINESS, SID, &recording, &peaks), RESULT_OK);
    assert_int_equal(peaks.size, 2);
    assert_int_equal(lstat(path_of(world, PEAKS), &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0640);
    recording.modified_ns++;
    assert_int_equal(file_peaks_find(&world->config, BUSINESS, SID, &recording, &peaks),
                     RESULT_NOT_FOUND);
    put_peaks(world, recording.modified_ns, "");
    assert_int_equal(file_peaks_find(&world->config, BUSINESS, SID, &recording, &peaks),
                     RESULT_INVALID);
}

static void test_one_maker_a_waveform(void **state)
{
    struct world *world = *state;
    struct file_part one, other;
    assert_int_equal(file_peaks_open(&world->config, BUSINESS, SID, &one), RESULT_OK);
    assert_int_equal(file_peaks_open(&world->config, BUSINESS, SID, &other), RESULT_LOST);
    open_part(world, &other); /* the recording's own part is another matter */
    file_part_drop(&other);
    file_part_drop(&one);
    assert_false(is_there(world, "7/." SID ".peaks"));
}

static void test_stray_waveforms_go(void **state)
{
    struct world *world = *state;
    folder(world, "7");
    put(world, "7/." SID ".peaks", 1);
    put(world, PEAKS, 1);
    put(world, "7/." SID ".peaks.json", 1);
    age(world, "7/." SID ".peaks", 3600);
    age(world, PEAKS, 3600);
    age(world, "7/." SID ".peaks.json", 3600);
    assert_int_equal(file_sweep_parts(&world->config, MINUTE), 1);
    assert_false(is_there(world, "7/." SID ".peaks"));
    assert_true(is_there(world, PEAKS));
    assert_true(is_there(world, "7/." SID ".peaks.json"));
}

/* Anybody can set a time that no clock of ours reaches. */
static void test_times_far_off(void **state)
{
    struct world *world = *state;
    struct file_facts facts;
    const struct timespec far[2] = {{.tv_sec = INT64_C(14000000000), .tv_nsec = 5},
                                    {.tv_sec = INT64_C(14000000000), .tv_nsec = 5}};
    folder(world, "7");
    put(world, WAV, 9);
    assert_int_equal(utimensat(AT_FDCWD, path_of(world, WAV), far, 0), 0);
    assert_int_equal(find(world, BUSINESS, &facts), RESULT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_the_stamp_stays),
        world_test(test_every_attempt_has_its_own),
        world_test(test_no_byte_is_written_over),
        world_test(test_sizes_while_it_grows),
        world_test(test_only_plain_files_are_read),
        world_test(test_a_waveform_is_one_recordings),
        world_test(test_one_maker_a_waveform),
        world_test(test_stray_waveforms_go),
        world_test(test_times_far_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
