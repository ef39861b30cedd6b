#include "arrivals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/stop.h"

static bool add(int watch, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(watch, EPOLL_CTL_ADD, fd, &event) == 0;
}

enum result arrivals_open(int socket, struct arrivals *out)
{
    int flags = fcntl(socket, F_GETFL);
    *out =
        (struct arrivals){.signals = stop_listen(SIGUSR1), .watch = epoll_create1(EPOLL_CLOEXEC)};
    if (flags < 0 || fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0 || out->signals < 0 ||
        out->watch < 0 || !add(out->watch, out->signals, EPOLLIN) ||
        !add(out->watch, socket, EPOLLIN | EPOLLEXCLUSIVE)) {
        arrivals_close(out);
        return RESULT_FAILED;
    }
    return RESULT_OK;
}

void arrivals_close(struct arrivals *arrivals)
{
    if (arrivals->signals >= 0) {
        close(arrivals->signals);
    }
    if (arrivals->watch >= 0) {
        close(arrivals->watch);
    }
}

static enum arrival on_connection(const struct arrivals *arrivals, int connection, int ms)
{
    struct pollfd fds[2] = {{.fd = arrivals->signals, .events = POLLIN},
                            {.fd = connection, .events = POLLIN}};
    int n = poll(fds, 2, ms);
    if (n == 0) {
        return ARRIVAL_NONE;
    }
    return n > 0 && fds[0].revents != 0 ? ARRIVAL_STOP : ARRIVAL_REQUEST;
}

enum arrival arrivals_wait(const struct arrivals *arrivals, int connection, int ms)
{
    struct epoll_event events[2];
    if (connection >= 0) {
        return on_connection(arrivals, connection, ms);
    }
    int n;
    do {
        n = epoll_wait(arrivals->watch, events, 2, ms);
    } while (n < 0 && errno == EINTR);
    for (int i = 0; i < n; i++) {
        if (events[i].data.fd == arrivals->signals) {
            return ARRIVAL_STOP;
        }
    }
    return n == 0 ? ARRIVAL_NONE : n > 0 ? ARRIVAL_REQUEST : ARRIVAL_STOP;
}
