/* lossy_link.c - a bad line between two network devices, in user space: latency, loss, and connections reset in the
 * middle of a stream. For kernels without netem.
 *
 *     lossy_link A B DELAY_MS LOSS_PERCENT SEED
 *
 * makes two TAP devices; what one receives comes out of the other, late or never. Prints "ready" once both are there
 * (the caller then moves and addresses them). SIGUSR1: the next TCP segment with data becomes a reset. Ends with SIGTERM,
 * and the devices with it. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX 2048
#define QUEUE_MAX 4096 /* frames on the line; more are lost, as on a real one */

struct frame {
    int64_t due_ms;
    int to;
    size_t len;
    uint8_t bytes[FRAME_MAX];
};

static struct frame queue[QUEUE_MAX]; /* a ring, in order of arrival: the delay is the same for all */
static size_t first, num;
static volatile sig_atomic_t wants_reset;

static void on_signal(int signal)
{
    (void)signal;
    wants_reset = 1;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int open_tap(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0) {
        perror(name);
        exit(1);
    }
    return fd;
}

/* ---- resets ---- */

static uint32_t sum_words(uint32_t sum, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        sum += (uint32_t)(data[i] << 8 | data[i + 1]);
    }
    return len % 2 == 0 ? sum : sum + (uint32_t)(data[len - 1] << 8);
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

/* A TCP segment with data is cut to its header and becomes a reset. False: it is none. */
static bool make_reset(uint8_t *bytes, size_t *len)
{
    struct ip ip;
    struct tcphdr tcp;
    size_t ip_at = sizeof(struct ether_header), tcp_at, tcp_len;

    if (*len < ip_at + sizeof ip || bytes[12] != 0x08 || bytes[13] != 0x00) {
        return false;
    }
    memcpy(&ip, bytes + ip_at, sizeof ip);
    tcp_at = ip_at + 4u * ip.ip_hl;
    if (ip.ip_p != IPPROTO_TCP || *len < tcp_at + sizeof tcp) {
        return false;
    }
    memcpy(&tcp, bytes + tcp_at, sizeof tcp);
    tcp_len = ntohs(ip.ip_len) - 4u * ip.ip_hl;
    if (tcp_len <= 4u * tcp.th_off + 500) { /* in the middle of something */
        return false;
    }
    ip.ip_len = htons((uint16_t)(4u * ip.ip_hl + sizeof tcp));
    ip.ip_sum = 0;
    memcpy(bytes + ip_at, &ip, sizeof ip);
    ip.ip_sum = htons(fold(sum_words(0, bytes + ip_at, 4u * ip.ip_hl)));
    memcpy(bytes + ip_at, &ip, sizeof ip);
    tcp.th_flags = TH_RST | TH_ACK;
    tcp.th_off = sizeof tcp / 4;
    tcp.th_sum = 0;
    memcpy(bytes + tcp_at, &tcp, sizeof tcp);
    tcp.th_sum = htons(fold(sum_words(sum_words(IPPROTO_TCP + sizeof tcp, (const uint8_t *)&ip.ip_src, 8),
                                      bytes + tcp_at, sizeof tcp)));
    memcpy(bytes + tcp_at, &tcp, sizeof tcp);
    *len = tcp_at + sizeof tcp;
    return true;
}

/* ---- the line ---- */

static void take_frames(const int fds[2], int from, int delay_ms, int loss_percent)
{
    for (;;) {
        struct frame *frame = &queue[(first + num) % QUEUE_MAX];
        ssize_t len = read(fds[from], frame->bytes, sizeof frame->bytes);
        if (len <= 0) {
            return;
        }
        frame->len = (size_t)len;
        if (wants_reset && make_reset(frame->bytes, &frame->len)) {
            wants_reset = 0;
        } else if (rand() % 100 < loss_percent) {
            continue;
        }
        frame->due_ms = now_ms() + delay_ms;
        frame->to = 1 - from;
        num += num < QUEUE_MAX - 1;
    }
}

static void give_frames(const int fds[2])
{
    while (num > 0 && queue[first].due_ms <= now_ms()) {
        if (write(fds[queue[first].to], queue[first].bytes, queue[first].len) < 0) {
            /* a device that is down: lost */
        }
        first = (first + 1) % QUEUE_MAX;
        num--;
    }
}

int main(int argc, char **argv)
{
    struct pollfd fds[2];
    int taps[2];

    if (argc != 6) {
        fprintf(stderr, "usage: lossy_link A B DELAY_MS LOSS_PERCENT SEED\n");
        return 2;
    }
    srand((unsigned)atoi(argv[5]));
    signal(SIGUSR1, on_signal);
    for (int i = 0; i < 2; i++) {
        taps[i] = open_tap(argv[1 + i]);
        fds[i] = (struct pollfd){.fd = taps[i], .events = POLLIN};
    }
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        int64_t rest = num == 0 ? 1000 : queue[first].due_ms - now_ms();
        poll(fds, 2, rest < 0 ? 0 : (int)rest);
        take_frames(taps, 0, atoi(argv[3]), atoi(argv[4]));
        take_frames(taps, 1, atoi(argv[3]), atoi(argv[4]));
        give_frames(taps);
    }
}
