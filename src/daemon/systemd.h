/* The service manager, systemd: what it is told and what it hands down. The only module that knows
 * libsystemd. Where nobody listens ($NOTIFY_SOCKET is not set) telling does nothing. Any thread,
 * but for systemd_inherit. */
#ifndef SKEP_DAEMON_SYSTEMD_H
#define SKEP_DAEMON_SYSTEMD_H

#include "base/error.h"
#include "server/listen.h"
#include "swarm/tracker.h"

/* Adds the sockets that were opened for us ($LISTEN_FDS), if any, to `tcp` and `udp`. False and one
 * line in `error` if one of them is of no use. Once, before other threads start. */
bool systemd_inherit(struct listen_sockets *tcp, struct listen_sockets *udp,
                     char error[static ERROR_LEN]);

/* That we serve, at the start and after each reload; that we read the settings again; that we stop.
 */
void systemd_notify_ready(void);
void systemd_notify_reloading(void);
void systemd_notify_stopping(void);

/* How much there is, as `systemctl status` shows it. */
void systemd_notify_status(struct tracker_stats stats);

/* That we are alive. It is the caller who makes sure of that. */
void systemd_notify_alive(void);

/* How often the two above are to be called; 0: nobody listens. At least twice in the time after
 * which the manager's watchdog would take us for dead. */
uint32_t systemd_period_ms(void);

#endif
