/* Service manager: socket activation, readiness, status and watchdog (sd_listen_fds(3),
 * sd_notify(3)). The only module that uses libsystemd. Notifications do nothing if $NOTIFY_SOCKET
 * is not set. Any thread, except for systemd_inherit_sockets. */
#ifndef SKEP_DAEMON_SYSTEMD_H
#define SKEP_DAEMON_SYSTEMD_H

#include "base/error.h"
#include "server/listen.h"
#include "swarm/tracker.h"

/* Adds the sockets that the service manager opened ($LISTEN_FDS) to `tcp` and `udp`. Returns false,
 * with one line in `error`, if one of them cannot be used. Call once, before other threads start.
 */
bool systemd_inherit_sockets(struct listen_sockets *tcp, struct listen_sockets *udp,
                             char error[static ERROR_LEN]);

/* READY=1 after the start and after each reload, RELOADING=1 before a reload, STOPPING=1. skepd
 * serves requests for `delay_s` more seconds before it stops. */
void systemd_notify_ready(void);
void systemd_notify_reloading(void);
void systemd_notify_stopping(uint32_t delay_s);

/* Sets the line of text that `systemctl status` shows. */
void systemd_notify_status(struct tracker_stats stats);

/* Resets the service manager's watchdog timer. */
void systemd_notify_alive(void);

/* How often to call the two functions above: at least twice per watchdog interval (WatchdogSec=).
 * 0: no service manager listens. */
uint32_t systemd_notify_period_ms(void);

#endif
