#include "daemon/systemd.h"

#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <time.h>

enum { NOTIFY_PERIOD_MAX_MS = 10000, NOTIFY_PERIOD_MIN_MS = 100, STOP_MAX_S = 90 };

bool systemd_inherit_sockets(struct listen_sockets *tcp, struct listen_sockets *udp,
                             char error[static ERROR_LEN]) {
    const int count = sd_listen_fds(true);
    if (count < 0)
        return error_set(error, "invalid LISTEN_FDS in the environment");
    for (int i = 0; i < count; i++) {
        if (!listen_inherit(SD_LISTEN_FDS_START + i, tcp, udp, error))
            return false;
    }
    return true;
}

void systemd_notify_ready(void) {
    (void)sd_notify(false, "READY=1");
}

/* Type=notify-reload of newer systemd requires the time of the reload (sd_notify(3)). */
void systemd_notify_reloading(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    (void)sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%lld",
                     (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void systemd_notify_stopping(uint32_t delay_s) {
    (void)sd_notify(false, "STOPPING=1");
    if (delay_s > 0)
        (void)sd_notifyf(false, "EXTEND_TIMEOUT_USEC=%llu",
                         ((unsigned long long)delay_s + STOP_MAX_S) * 1000000);
}

void systemd_notify_status(struct tracker_stats stats) {
    (void)sd_notifyf(false, "STATUS=%u torrents, %u peers", stats.torrents, stats.peers);
}

void systemd_notify_alive(void) {
    (void)sd_notify(false, "WATCHDOG=1");
}

uint32_t systemd_notify_period_ms(void) {
    uint64_t watchdog_us = 0;
    if (getenv("NOTIFY_SOCKET") == NULL)
        return 0;
    if (sd_watchdog_enabled(false, &watchdog_us) <= 0 || watchdog_us / 2000 > NOTIFY_PERIOD_MAX_MS)
        return NOTIFY_PERIOD_MAX_MS;
    const uint32_t half_ms = (uint32_t)(watchdog_us / 2000);
    return half_ms > NOTIFY_PERIOD_MIN_MS ? half_ms : NOTIFY_PERIOD_MIN_MS;
}
