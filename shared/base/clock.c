#include "clock.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

/* The first and last second that four digits of year can write. */
static const int64_t FIRST_SECOND = INT64_C(-62167219200);
static const int64_t LAST_SECOND = INT64_C(253402300799);

_Static_assert(sizeof(time_t) == sizeof(int64_t), "dates outlive 2038");
_Static_assert(CLOCK_HTTP_SIZE >= sizeof "Sun, 06 Nov 1994 08:49:37 GMT", "an HTTP-date fits");
_Static_assert(CLOCK_ISO_SIZE >= sizeof "2026-11-20T23:35:00+00:00", "an ISO 8601 date fits");

/* Our own names: strftime's follow the locale, and HTTP's do not. */
static const char *const DAYS[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const LONG_DAYS[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* A cursor over a date. After the first thing that does not fit, `ok` stays false. */
struct scan {
    const char *at;
    bool ok;
};

int64_t clock_monotonic_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_wall(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec;
}

static struct tm broken_down(int64_t seconds)
{
    if (seconds < FIRST_SECOND) {
        seconds = FIRST_SECOND;
    }
    if (seconds > LAST_SECOND) {
        seconds = LAST_SECOND;
    }
    time_t time = (time_t)seconds;
    struct tm tm = {0};
    (void)gmtime_r(&time, &tm);
    return tm;
}

const char *clock_http_date(int64_t seconds, char *out)
{
    struct tm tm = broken_down(seconds);
    int len = snprintf(out, CLOCK_HTTP_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                       DAYS[tm.tm_wday], tm.tm_mday, MONTHS[tm.tm_mon], tm.tm_year + 1900,
                       tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (len < 0 || len >= CLOCK_HTTP_SIZE) {
        out[0] = '\0';
    }
    return out;
}

const char *clock_iso(int64_t seconds, char *out)
{
    struct tm tm = broken_down(seconds);
    int len =
        snprintf(out, CLOCK_ISO_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d+00:00", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (len < 0 || len >= CLOCK_ISO_SIZE) {
        out[0] = '\0';
    }
    return out;
}

static bool scan_maybe(struct scan *s, const char *literal)
{
    size_t len = strlen(literal);
    if (!s->ok || strncmp(s->at, literal, len) != 0) {
        return false;
    }
    s->at += len;
    return true;
}

static void scan_literal(struct scan *s, const char *literal)
{
    if (!scan_maybe(s, literal)) {
        s->ok = false;
    }
}

/* One of the names; its index. */
static int scan_name(struct scan *s, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (scan_maybe(s, names[i])) {
            return i;
        }
    }
    s->ok = false;
    return 0;
}

/* `shortest` to `longest` digits, of a value up to `max`. */
static int scan_digits(struct scan *s, size_t shortest, size_t longest, int max)
{
    size_t len = 0;
    int64_t value = 0;
    while (s->ok && len < longest && s->at[len] >= '0' && s->at[len] <= '9') {
        len++;
    }
    if (!s->ok || len < shortest || !text_int_n(s->at, len, 0, max, &value)) {
        s->ok = false;
        return 0;
    }
    s->at += len;
    return (int)value;
}

static void scan_end(struct scan *s)
{
    if (s->ok && *s->at != '\0') {
        s->ok = false;
    }
}

static void scan_month(struct scan *s, struct tm *tm)
{
    tm->tm_mon = scan_name(s, MONTHS, 12);
}

static void scan_year(struct scan *s, struct tm *tm)
{
    tm->tm_year = scan_digits(s, 4, 4, 9999) - 1900;
}

/* hour:minute:second; 60 is a leap second (RFC 9110, 5.6.7). */
static void scan_time(struct scan *s, struct tm *tm)
{
    tm->tm_hour = scan_digits(s, 2, 2, 23);
    scan_literal(s, ":");
    tm->tm_min = scan_digits(s, 2, 2, 59);
    scan_literal(s, ":");
    tm->tm_sec = scan_digits(s, 2, 2, 60);
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(const struct tm *tm)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap_day = tm->tm_mon == 1 && is_leap(tm->tm_year + 1900);
    return days[tm->tm_mon] + (leap_day ? 1 : 0);
}

/* timegm would quietly turn 31 February into March. */
static bool to_seconds(const struct scan *s, struct tm *tm, int64_t *seconds)
{
    if (!s->ok || tm->tm_mday < 1 || tm->tm_mday > days_in_month(tm)) {
        return false;
    }
    *seconds = (int64_t)timegm(tm);
    return true;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool parse_imf_fixdate(const char *text, int64_t *seconds)
{
    struct scan s = {.at = text, .ok = true};
    struct tm tm = {0};
    (void)scan_name(&s, DAYS, 7);
    scan_literal(&s, ", ");
    tm.tm_mday = scan_digits(&s, 2, 2, 31);
    scan_literal(&s, " ");
    scan_month(&s, &tm);
    scan_literal(&s, " ");
    scan_year(&s, &tm);
    scan_literal(&s, " ");
    scan_time(&s, &tm);
    scan_literal(&s, " GMT");
    scan_end(&s);
    return to_seconds(&s, &tm, seconds);
}

/* More than 50 years ahead means the most recent past year with those digits (RFC 9110, 5.6.7). */
static void choose_century(struct tm *tm, int two_digits)
{
    struct tm now = broken_down(clock_wall());
    int year = now.tm_year + 1900;
    int guess = year - year % 100 + two_digits;
    if (guess > year + 50) {
        guess -= 100;
    }
    tm->tm_year = guess - 1900;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" */
static bool parse_rfc850(const char *text, int64_t *seconds)
{
    struct scan s = {.at = text, .ok = true};
    struct tm tm = {0};
    (void)scan_name(&s, LONG_DAYS, 7);
    scan_literal(&s, ", ");
    tm.tm_mday = scan_digits(&s, 2, 2, 31);
    scan_literal(&s, "-");
    scan_month(&s, &tm);
    scan_literal(&s, "-");
    choose_century(&tm, scan_digits(&s, 2, 2, 99));
    scan_literal(&s, " ");
    scan_time(&s, &tm);
    scan_literal(&s, " GMT");
    scan_end(&s);
    return to_seconds(&s, &tm, seconds);
}

/* "Sun Nov  6 08:49:37 1994" */
static bool parse_asctime(const char *text, int64_t *seconds)
{
    struct scan s = {.at = text, .ok = true};
    struct tm tm = {0};
    (void)scan_name(&s, DAYS, 7);
    scan_literal(&s, " ");
    scan_month(&s, &tm);
    scan_literal(&s, " ");
    size_t digits = scan_maybe(&s, " ") ? 1 : 2;
    tm.tm_mday = scan_digits(&s, digits, digits, 31);
    scan_literal(&s, " ");
    scan_time(&s, &tm);
    scan_literal(&s, " ");
    scan_year(&s, &tm);
    scan_end(&s);
    return to_seconds(&s, &tm, seconds);
}

bool clock_parse_http_date(const char *text, int64_t *seconds)
{
    return text != NULL && (parse_imf_fixdate(text, seconds) || parse_rfc850(text, seconds) ||
                            parse_asctime(text, seconds));
}

/* "+hhmm", "-hhmm" or "GMT", as seconds east of Greenwich (RFC 2822, 3.3 and 4.3). */
static int scan_zone(struct scan *s)
{
    if (scan_maybe(s, "GMT")) {
        return 0;
    }
    int sign = scan_maybe(s, "-") ? -1 : 1;
    if (sign > 0) {
        scan_literal(s, "+");
    }
    int hours = scan_digits(s, 2, 2, 23);
    int minutes = scan_digits(s, 2, 2, 59);
    return sign * (hours * 3600 + minutes * 60);
}

bool clock_parse_rfc2822(const char *text, int64_t *seconds)
{
    if (text == NULL) {
        return false;
    }
    struct scan s = {.at = text, .ok = true};
    struct tm tm = {0};
    if (*text < '0' || *text > '9') { /* the day's name is optional (RFC 2822, 3.3) */
        (void)scan_name(&s, DAYS, 7);
        scan_literal(&s, ", ");
    }
    tm.tm_mday = scan_digits(&s, 1, 2, 31);
    scan_literal(&s, " ");
    scan_month(&s, &tm);
    scan_literal(&s, " ");
    scan_year(&s, &tm);
    scan_literal(&s, " ");
    scan_time(&s, &tm);
    scan_literal(&s, " ");
    int east = scan_zone(&s);
    scan_end(&s);
    if (!to_seconds(&s, &tm, seconds)) {
        return false;
    }
    *seconds -= east;
    return true;
}

/* year-month-day */
static void scan_day(struct scan *s, struct tm *tm)
{
    enum { MONTHS_IN_YEAR = 12 };
    scan_year(s, tm);
    scan_literal(s, "-");
    tm->tm_mon = scan_digits(s, 2, 2, MONTHS_IN_YEAR) - 1;
    s->ok = s->ok && tm->tm_mon >= 0;
    scan_literal(s, "-");
    tm->tm_mday = scan_digits(s, 2, 2, 31);
}

bool clock_parse_day(const char *text, int64_t *seconds)
{
    struct scan s = {.at = text, .ok = text != NULL};
    struct tm tm = {0};
    if (!s.ok) {
        return false;
    }
    scan_day(&s, &tm);
    scan_end(&s);
    return to_seconds(&s, &tm, seconds);
}

/* ".25", as microseconds; further digits do not count. */
static int64_t scan_fraction(struct scan *s)
{
    int64_t micros = 0, unit = 100000;
    if (!scan_maybe(s, ".")) {
        return 0;
    }
    s->ok = s->ok && *s->at >= '0' && *s->at <= '9';
    for (; s->ok && *s->at >= '0' && *s->at <= '9'; s->at++) {
        micros += (*s->at - '0') * unit;
        unit /= 10;
    }
    return micros;
}

/* "Z", or hours and minutes east of Greenwich (RFC 3339, 5.6), in seconds. */
static int scan_offset(struct scan *s)
{
    if (scan_maybe(s, "Z")) {
        return 0;
    }
    int sign = scan_maybe(s, "-") ? -1 : 1;
    if (sign > 0 && !scan_maybe(s, " ")) {
        scan_literal(s, "+");
    }
    int hours = scan_digits(s, 2, 2, 23);
    scan_literal(s, ":");
    return sign * (hours * 3600 + scan_digits(s, 2, 2, 59) * 60);
}

bool clock_parse_instant(const char *text, int64_t *micros)
{
    enum { PER_SECOND = 1000000 };
    struct scan s = {.at = text, .ok = text != NULL};
    struct tm tm = {0};
    int64_t seconds, fraction;
    if (!s.ok) {
        return false;
    }
    if (clock_parse_day(text, &seconds)) {
        *micros = seconds * PER_SECOND;
        return true;
    }
    scan_day(&s, &tm);
    if (!scan_maybe(&s, " ")) {
        scan_literal(&s, "T");
    }
    scan_time(&s, &tm);
    fraction = scan_fraction(&s);
    int east = scan_offset(&s);
    scan_end(&s);
    if (!to_seconds(&s, &tm, &seconds)) {
        return false;
    }
    *micros = (seconds - east) * PER_SECOND + fraction;
    return true;
}

void clock_sleep_ms(int64_t ms)
{
    if (ms <= 0) {
        return;
    }
    struct timespec until = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    /* An absolute deadline: signals, however many, neither end the wait nor stretch it. */
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
}
