/* A queue of byte strings in a buffer of constant size, each with a time. Not locked. */
#ifndef SKEP_CLUSTER_BLOB_QUEUE_H
#define SKEP_CLUSTER_BLOB_QUEUE_H

#include "base/bytes.h"

struct blob_queue {
    uint8_t *data;
    size_t capacity;
    size_t head; /* offset of the oldest one */
    size_t tail; /* offset behind the newest one */
    size_t end;  /* of the data before the queue continues at offset 0, if tail <= head */
    size_t count;
};

struct blob {
    uint64_t time;
    struct bytes bytes; /* in the queue: valid until it changes */
};

/* An empty queue; allocates its buffer. False if out of memory. */
bool blob_queue_create(struct blob_queue *queue, size_t capacity);
void blob_queue_free(struct blob_queue *queue);

/* Whether a string of `len` bytes fits. */
bool blob_queue_has_room(const struct blob_queue *queue, size_t len);

/* Adds a copy. False if there is no room. */
bool blob_queue_push(struct blob_queue *queue, struct bytes bytes, uint64_t time);

/* The oldest one; false if the queue is empty. */
bool blob_queue_first(const struct blob_queue *queue, struct blob *blob);
void blob_queue_pop(struct blob_queue *queue);

/* All, the oldest first: `*cursor` is 0 at first. False at the end. */
struct blob_cursor {
    size_t number;
    size_t at;
};
bool blob_queue_next(const struct blob_queue *queue, struct blob_cursor *cursor, struct blob *blob);

#endif
