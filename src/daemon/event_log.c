#include "daemon/event_log.h"

#include "base/bytes.h"
#include "base/log.h"
#include "wire/client_name.h"

static void write_line(const struct change *change, const char *what,
                       enum address_precision addresses) {
    const struct endpoint peer = endpoint_reduced(&change->peer, addresses);
    char name[CLIENT_NAME_LEN];
    char endpoint[ENDPOINT_TEXT_LEN];
    char torrent[2 * INFO_HASH_LEN + 1];
    client_name(change->peer_id, name);
    endpoint_reduced_text(&peer, endpoint);
    hex_encode(change->info_hash, INFO_HASH_LEN, torrent);
    log_info("%s: %s%s%s, %s, torrent %s (now seeders %u, leechers %u)", what, name,
             endpoint[0] == '\0' ? "" : " at ", endpoint, change_role_name(change), torrent,
             change->seeders, change->leechers);
}

void event_log_tick(void *context, uint64_t now_ms) {
    struct event_log *log = context;
    if (log->second == now_ms / 1000)
        return;
    if (log->suppressed > 0 && log->per_s > 0)
        log_info("%llu events suppressed (log_events_per_s = %u)",
                 (unsigned long long)log->suppressed, log->per_s);
    log->second = now_ms / 1000;
    log->left = log->per_s;
    log->suppressed = 0;
}

void event_log_read(void *context, const struct change *changes, size_t count) {
    struct event_log *log = context;
    if (!log_enabled(LOG_LEVEL_INFO))
        return;
    for (size_t i = 0; i < count; i++) {
        const char *what = change_kind_name(changes[i].kind);
        if (what == NULL || changes[i].origin == ORIGIN_MERGED)
            continue;
        if (log->left == 0) {
            log->suppressed++;
            continue;
        }
        log->left--;
        write_line(&changes[i], what, log->addresses);
    }
}
