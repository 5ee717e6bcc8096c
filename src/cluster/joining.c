#include "cluster/joining.h"

struct joining joining_begin(uint64_t now_ms) {
    return (struct joining){
        .has_room = true,
        .needed_for = SNAPSHOT_STARTED,
        .waiting_ms = now_ms,
        .contact_ms = now_ms,
        .patience_ms = SNAPSHOT_PATIENCE_MS,
    };
}

static bool is_late(const struct joining *joining, uint64_t now_ms) {
    return now_ms >= joining->waiting_ms + joining->patience_ms;
}

/* One interval later every client has announced again. */
static bool is_whole_by_now(struct joining *joining, uint32_t interval_s, uint64_t now_ms) {
    if (joining->whole_ms == 0)
        joining->whole_ms = now_ms + UINT64_C(1000) * interval_s;
    if (now_ms < joining->whole_ms)
        return false;
    joining->whole = true;
    joining->by_time = true;
    joining->needed_for = SNAPSHOT_BY_TIME;
    joining->empty = false;
    joining->whole_ms = 0;
    joining->request = 0;
    return true;
}

/* Others without a whole node are whole after an interval. What they have lost since may still be
 * in the stream, so that is read first. */
static void note_contact(struct joining *joining, uint32_t interval_s, uint64_t now_ms) {
    if (now_ms >= joining->contact_ms + UINT64_C(500) * interval_s) {
        joining->sent_lasting = false;
        joining->returned_ms = now_ms;
    }
    joining->contact_ms = now_ms;
}

enum joining_step joining_tick(struct joining *joining, bool connected, uint64_t id,
                               uint32_t interval_s, uint64_t now_ms) {
    if (connected)
        note_contact(joining, interval_s, now_ms);
    if (!joining->joined && (joining->served || is_late(joining, now_ms))) {
        joining->joined = true;
        return JOINING_GAVE_UP;
    }
    if (joining->joined && connected && !joining->sent_lasting &&
        joining->read_ms >= joining->returned_ms) {
        joining->sent_lasting = true;
        return JOINING_SEND_LASTING;
    }
    if ((joining->whole && !joining->by_time) || !joining->has_room || !connected)
        return JOINING_WAIT;
    if (joining->joined && !joining->whole && is_whole_by_now(joining, interval_s, now_ms))
        return JOINING_WHOLE;
    if (now_ms < joining->paused_until_ms || (joining->request != 0 && !is_late(joining, now_ms)))
        return JOINING_WAIT;
    if (joining->joined)
        joining->waiting_ms = now_ms;
    joining->request = id;
    joining->requested_for = joining->needed_for;
    joining->next_chunk = 0;
    joining->lost = false;
    return JOINING_REQUEST;
}

const char *snapshot_reason_name(enum snapshot_reason reason) {
    static const char *const names[] = {
        [SNAPSHOT_STARTED] = "started",
        [SNAPSHOT_MISSING] = "missing",
        [SNAPSHOT_NO_ROOM] = "no_room",
        [SNAPSHOT_BY_TIME] = "by_time",
    };
    return names[reason];
}

static void lose(struct joining *joining, enum snapshot_reason reason) {
    joining->lost = true;
    joining->whole = false;
    joining->whole_ms = 0;
    joining->needed_for = reason;
}

void joining_lost(struct joining *joining) {
    lose(joining, SNAPSHOT_MISSING);
}

/* A running snapshot lacks the peers that had no room. */
void joining_set_room(struct joining *joining, bool has_room) {
    joining->has_room = has_room;
    if (!has_room)
        lose(joining, SNAPSHOT_NO_ROOM);
}

enum joining_chunk joining_note_chunk(struct joining *joining, const struct chunk_header *chunk,
                                      uint64_t now_ms) {
    if (joining->request == 0 || chunk->request != joining->request ||
        chunk->index != joining->next_chunk)
        return CHUNK_IGNORED;
    joining->next_chunk++;
    joining->waiting_ms = now_ms;
    if (!chunk->last)
        return CHUNK_MERGED;
    joining->request = 0;
    joining->served = joining->served || (joining->empty && !chunk->whole);
    joining->empty = false;
    const bool complete = chunk->whole && !joining->lost && joining->has_room;
    if (!complete)
        joining->paused_until_ms = now_ms + SNAPSHOT_PAUSE_MS;
    if (!chunk->whole)
        return CHUNK_PARTIAL;
    const bool first = !joining->confirmed;
    joining->joined = joining->confirmed = true;
    joining->whole = complete;
    joining->by_time = false;
    joining->whole_ms = 0;
    return first ? CHUNK_FIRST_SNAPSHOT : CHUNK_LAST;
}
