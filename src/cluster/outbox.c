#include "cluster/outbox.h"

#include "swarm/stamp.h"

bool outbox_create(struct outbox *outbox, const struct outbox_options *options) {
    *outbox = (struct outbox){ 0 };
    if (blob_queue_create(&outbox->puts, options->puts_max) &&
        blob_queue_create(&outbox->other, options->other_max) &&
        blob_queue_create(&outbox->sent, options->sent_max))
        return true;
    outbox_free(outbox);
    return false;
}

void outbox_free(struct outbox *outbox) {
    blob_queue_free(&outbox->puts);
    blob_queue_free(&outbox->other);
    blob_queue_free(&outbox->sent);
}

void outbox_note_dropped(struct outbox *outbox, uint64_t stamp) {
    if (outbox->oldest_dropped == 0 || stamp < outbox->oldest_dropped)
        outbox->oldest_dropped = stamp;
}

/* Whether it has a completion, a count or an entry of the registry. */
static bool lasts(const struct record *record) {
    if (record->kind == RECORD_PUT)
        return record->count.node != 0;
    return record->kind >= RECORD_COMPLETION && record->kind <= RECORD_REGISTRY;
}

static bool queue_record(struct outbox *outbox, const struct record *record) {
    uint8_t data[RECORD_MAX + 2];
    struct writer w = writer_on(data, sizeof data);
    record_write(&w, record);
    const struct bytes bytes = { .data = data, .len = w.len };
    const bool put = record->kind == RECORD_PUT;
    return (put && blob_queue_push(&outbox->puts, bytes, record->stamp)) ||
           ((!put || lasts(record)) && blob_queue_push(&outbox->other, bytes, record->stamp));
}

void outbox_add(struct outbox *outbox, const struct record *record) {
    const bool put = record->kind == RECORD_PUT;
    if (queue_record(outbox, record))
        return;
    if (put)
        outbox_note_dropped(outbox, record->stamp);
    if (put && !lasts(record))
        return;
    outbox->lost++;
    outbox->lost_lasting = outbox->lost_lasting || lasts(record);
}

static bool is_old(struct bytes bytes, uint64_t before_ms) {
    struct record record;
    switch (record_read(&bytes, &record)) {
    case RECORD_HEARTBEAT:
    case RECORD_REQUEST:
        return true;
    case RECORD_REMOVE:
        return stamp_ms(record.stamp) < before_ms;
    default:
        return false;
    }
}

/* The others go to the end: the order of records does not matter. */
void outbox_drop_old(struct outbox *outbox, uint64_t before_ms) {
    struct blob_queue *queue = &outbox->other;
    uint8_t data[RECORD_MAX + 2];
    struct blob blob;
    if (blob_queue_has_room(queue, queue->capacity / 8))
        return;
    for (size_t count = queue->count; count > 0 && blob_queue_first(queue, &blob); count--) {
        const bool old = is_old(blob.bytes, before_ms);
        const struct bytes kept = { .data = data, .len = blob.bytes.len };
        memcpy(data, blob.bytes.data, blob.bytes.len);
        blob_queue_pop(queue);
        if (!old && !blob_queue_push(queue, kept, blob.time))
            outbox->lost++;
    }
}

bool outbox_is_empty(const struct outbox *outbox) {
    return outbox->puts.count == 0 && outbox->other.count == 0;
}

static void move_records(struct blob_queue *queue, struct writer *entry) {
    struct blob blob;
    while (blob_queue_first(queue, &blob) && blob.bytes.len <= entry->capacity - entry->len) {
        writer_put(entry, blob.bytes.data, blob.bytes.len);
        blob_queue_pop(queue);
    }
}

void outbox_take(struct outbox *outbox, struct writer *entry) {
    move_records(&outbox->other, entry);
    if (outbox->other.count == 0)
        move_records(&outbox->puts, entry);
}

void outbox_keep(struct outbox *outbox, struct bytes entry, uint64_t now_ms) {
    struct blob oldest;
    while (blob_queue_first(&outbox->sent, &oldest) && oldest.time + SENT_KEPT_MS < now_ms)
        blob_queue_pop(&outbox->sent);
    while (!blob_queue_push(&outbox->sent, entry, now_ms) && outbox->sent.count > 0)
        blob_queue_pop(&outbox->sent);
}

bool outbox_take_lost(struct outbox *outbox) {
    const bool lost = outbox_is_empty(outbox) && outbox->lost_lasting;
    outbox->lost_lasting = outbox->lost_lasting && !lost;
    return lost;
}

uint64_t outbox_take_dropped(struct outbox *outbox) {
    if (!outbox_is_empty(outbox))
        return 0;
    const uint64_t stamp = outbox->oldest_dropped;
    outbox->oldest_dropped = 0;
    return stamp;
}
