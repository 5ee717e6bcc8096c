#include "cluster/blob_queue.h"

#include <stdlib.h>

/* Before each one: its time and its length. */
enum { PREFIX_LEN = 8 + 4 };

bool blob_queue_create(struct blob_queue *queue, size_t capacity) {
    *queue = (struct blob_queue){ .data = malloc(capacity), .capacity = capacity };
    return queue->data != NULL;
}

void blob_queue_free(struct blob_queue *queue) {
    free(queue->data);
    *queue = (struct blob_queue){ 0 };
}

/* Where `len` bytes can be added, without a break; SIZE_MAX: nowhere. */
static size_t find_room(const struct blob_queue *queue, size_t len) {
    if (queue->count == 0)
        return len <= queue->capacity ? 0 : SIZE_MAX;
    const bool wrapped = queue->tail <= queue->head;
    const size_t limit = wrapped ? queue->head : queue->capacity;
    if (len <= limit - queue->tail)
        return queue->tail;
    return !wrapped && len <= queue->head ? 0 : SIZE_MAX;
}

bool blob_queue_has_room(const struct blob_queue *queue, size_t len) {
    return find_room(queue, PREFIX_LEN + len) != SIZE_MAX;
}

bool blob_queue_push(struct blob_queue *queue, struct bytes bytes, uint64_t time) {
    const size_t at = find_room(queue, PREFIX_LEN + bytes.len);
    if (at == SIZE_MAX)
        return false;
    if (queue->count == 0)
        queue->head = queue->end = 0;
    else if (at != queue->tail)
        queue->end = queue->tail;
    uint8_t *place = queue->data + at;
    store_u64(place, time);
    store_u32(place + 8, (uint32_t)bytes.len);
    if (bytes.len > 0)
        memcpy(place + PREFIX_LEN, bytes.data, bytes.len);
    queue->tail = at + PREFIX_LEN + bytes.len;
    queue->count++;
    return true;
}

static struct blob blob_at(const struct blob_queue *queue, size_t at) {
    const uint8_t *place = queue->data + at;
    return (struct blob){
        .time = load_u64(place),
        .bytes = { .data = place + PREFIX_LEN, .len = load_u32(place + 8) },
    };
}

/* Offset behind the one at `at`. */
static size_t offset_after(const struct blob_queue *queue, size_t at) {
    const size_t after = at + PREFIX_LEN + load_u32(queue->data + at + 8);
    return after != queue->tail && after == queue->end ? 0 : after;
}

bool blob_queue_first(const struct blob_queue *queue, struct blob *blob) {
    if (queue->count == 0)
        return false;
    *blob = blob_at(queue, queue->head);
    return true;
}

void blob_queue_pop(struct blob_queue *queue) {
    const size_t after = offset_after(queue, queue->head);
    if (after < queue->head)
        queue->end = 0;
    queue->head = after;
    queue->count--;
}

bool blob_queue_next(const struct blob_queue *queue, struct blob_cursor *cursor,
                     struct blob *blob) {
    if (cursor->number == queue->count)
        return false;
    const size_t at = cursor->number == 0 ? queue->head : cursor->at;
    *blob = blob_at(queue, at);
    cursor->number++;
    cursor->at = offset_after(queue, at);
    return true;
}
