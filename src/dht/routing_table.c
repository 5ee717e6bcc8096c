#include "dht/routing_table.h"

#include <string.h>

enum {
    PING_AGAIN_S = 10,      /* a questionable node that did not reply */
    PING_BAD_AGAIN_S = 600, /* a bad one, in case that it was our network that failed */
};

void routing_table_init(struct routing_table *table, uint8_t family,
                        const uint8_t id[static NODE_ID_LEN]) {
    memset(table, 0, sizeof *table);
    table->family = family;
    memcpy(table->id, id, NODE_ID_LEN);
}

static size_t bucket_number(const struct routing_table *table, const uint8_t *id) {
    const size_t shared = node_id_shared_bits(table->id, id);
    return shared < TABLE_BUCKETS ? shared : TABLE_BUCKETS - 1;
}

static struct bucket *bucket_of(struct routing_table *table, const uint8_t *id) {
    return &table->buckets[bucket_number(table, id)];
}

static bool is_recent(uint32_t moment_s, uint32_t now_s) {
    return moment_s != 0 && now_s - moment_s < TABLE_QUIET_S;
}

bool node_is_bad(const struct table_node *node) {
    return node->fails >= TABLE_FAILS_MAX;
}

bool node_is_good(const struct table_node *node, uint32_t now_s) {
    return !node_is_bad(node) && node->replied_s != 0 &&
           (is_recent(node->replied_s, now_s) || is_recent(node->queried_s, now_s));
}

static bool same_contact(const struct node_contact *a, const struct node_contact *b) {
    return endpoint_equal(&a->endpoint, &b->endpoint) && memcmp(a->id, b->id, NODE_ID_LEN) == 0;
}

static struct table_node *find_contact(struct table_node *nodes, size_t count,
                                       const struct node_contact *contact) {
    for (size_t i = 0; i < count; i++) {
        if (same_contact(&nodes[i].contact, contact))
            return &nodes[i];
    }
    return NULL;
}

static void remove_at(struct table_node *nodes, uint8_t *count, size_t at) {
    --*count;
    memmove(&nodes[at], &nodes[at + 1], (*count - at) * sizeof *nodes);
}

/* Whether a node keeps another one with `contact` out of the table: the same address, unless it is
 * exempt, and of course the same endpoint. */
static bool conflicts(const struct table_node *node, const struct node_contact *contact) {
    if (node_id_exempt(&contact->endpoint))
        return endpoint_equal(&node->contact.endpoint, &contact->endpoint);
    return endpoint_same_address(&node->contact.endpoint, &contact->endpoint);
}

/* Makes room for a contact that has replied: a node at its endpoint that had another id is gone,
 * and a bad one at its address, too. False if another node of the address stays. */
static bool clear_conflicts(struct table_node *nodes, uint8_t *count,
                            const struct node_contact *contact) {
    for (size_t i = 0; i < *count; i++) {
        if (!conflicts(&nodes[i], contact))
            continue;
        if (!endpoint_equal(&nodes[i].contact.endpoint, &contact->endpoint) &&
            !node_is_bad(&nodes[i]))
            return false;
        remove_at(nodes, count, i--);
    }
    return true;
}

static bool clear_table(struct routing_table *table, const struct node_contact *contact) {
    for (struct bucket *bucket = table->buckets; bucket < table->buckets + TABLE_BUCKETS;
         bucket++) {
        if (!clear_conflicts(bucket->nodes, &bucket->count, contact) ||
            !clear_conflicts(bucket->spares, &bucket->spare_count, contact))
            return false;
    }
    return true;
}

static bool may_be_in_table(const struct routing_table *table, const struct node_contact *contact) {
    return contact->endpoint.family == table->family &&
           memcmp(contact->id, table->id, NODE_ID_LEN) != 0 &&
           node_id_valid(contact->id, &contact->endpoint);
}

static void add_spare(struct bucket *bucket, const struct table_node *node) {
    if (bucket->spare_count == BUCKET_LEN)
        remove_at(bucket->spares, &bucket->spare_count, 0);
    bucket->spares[bucket->spare_count++] = *node;
}

static void add_node(struct bucket *bucket, const struct table_node *node) {
    if (bucket->count < BUCKET_LEN) {
        bucket->nodes[bucket->count++] = *node;
        return;
    }
    for (size_t i = 0; i < BUCKET_LEN; i++) {
        if (node_is_bad(&bucket->nodes[i])) {
            bucket->nodes[i] = *node;
            return;
        }
    }
    add_spare(bucket, node);
}

static void replace_bad(struct bucket *bucket, size_t at) {
    if (bucket->spare_count == 0)
        return;
    bucket->nodes[at] = bucket->spares[--bucket->spare_count];
}

void routing_table_failed(struct routing_table *table, const struct endpoint *endpoint) {
    for (struct bucket *bucket = table->buckets; bucket < table->buckets + TABLE_BUCKETS;
         bucket++) {
        for (size_t i = 0; i < bucket->count; i++) {
            struct table_node *node = &bucket->nodes[i];
            if (!endpoint_equal(&node->contact.endpoint, endpoint))
                continue;
            if (node->fails < UINT8_MAX)
                node->fails++;
            if (node_is_bad(node))
                replace_bad(bucket, i);
            return;
        }
    }
}

void routing_table_replied(struct routing_table *table, const struct node_contact *contact,
                           uint32_t now_s) {
    if (!may_be_in_table(table, contact)) {
        routing_table_failed(table, &contact->endpoint);
        return;
    }
    struct bucket *bucket = bucket_of(table, contact->id);
    struct table_node *known = find_contact(bucket->nodes, bucket->count, contact);
    if (known != NULL) {
        known->replied_s = now_s;
        known->fails = 0;
        return;
    }
    const struct table_node node = { .contact = *contact, .replied_s = now_s };
    if (clear_table(table, contact))
        add_node(bucket, &node);
}

static bool has_room(const struct bucket *bucket, uint32_t now_s) {
    if (bucket->count < BUCKET_LEN || bucket->spare_count < BUCKET_LEN)
        return true;
    for (size_t i = 0; i < BUCKET_LEN; i++) {
        if (!node_is_good(&bucket->nodes[i], now_s))
            return true;
    }
    return false;
}

bool routing_table_queried(struct routing_table *table, const struct node_contact *contact,
                           uint32_t now_s) {
    if (!may_be_in_table(table, contact))
        return false;
    struct bucket *bucket = bucket_of(table, contact->id);
    struct table_node *known = find_contact(bucket->nodes, bucket->count, contact);
    if (known != NULL) {
        known->queried_s = now_s;
        return false;
    }
    return find_contact(bucket->spares, bucket->spare_count, contact) == NULL &&
           has_room(bucket, now_s);
}

void routing_table_restore(struct routing_table *table, const struct node_contact *contact) {
    if (!may_be_in_table(table, contact))
        return;
    struct bucket *bucket = bucket_of(table, contact->id);
    const struct table_node node = { .contact = *contact };
    if (bucket->count < BUCKET_LEN && clear_table(table, contact))
        add_node(bucket, &node);
}

static bool can_be_given(const struct table_node *node, const struct endpoint *receiver) {
    if (receiver == NULL)
        return !node_is_bad(node);
    return node->replied_s != 0 && node->fails == 0 &&
           node_id_reachable(&node->contact.endpoint, receiver) &&
           !endpoint_equal(&node->contact.endpoint, receiver);
}

/* Inserts by distance; the list keeps the closest `max`. */
static size_t insert_closest(struct node_contact *nodes, size_t count, size_t max,
                             const uint8_t *target, const struct node_contact *contact) {
    size_t at = count;
    while (at > 0 && node_id_compare(target, contact->id, nodes[at - 1].id) < 0)
        at--;
    if (at == max)
        return count;
    if (count < max)
        count++;
    memmove(&nodes[at + 1], &nodes[at], (count - at - 1) * sizeof *nodes);
    nodes[at] = *contact;
    return count;
}

size_t routing_table_closest(const struct routing_table *table,
                             const uint8_t target[static NODE_ID_LEN],
                             const struct endpoint *receiver, struct node_contact *nodes,
                             size_t max) {
    const size_t own = bucket_number(table, target);
    size_t count = 0;
    for (size_t number = TABLE_BUCKETS; number-- > 0;) {
        const struct bucket *bucket = &table->buckets[number];
        /* All nodes of lower buckets are farther away than all of this and the higher ones. */
        if (number < own && count == max)
            break;
        for (size_t i = 0; i < bucket->count; i++) {
            if (can_be_given(&bucket->nodes[i], receiver))
                count = insert_closest(nodes, count, max, target, &bucket->nodes[i].contact);
        }
    }
    return count;
}

/* Seconds since a ping was due; 0: it is not. */
static uint32_t ping_overdue_s(const struct table_node *node, uint32_t now_s) {
    const uint32_t pause_s = node_is_bad(node) ? PING_BAD_AGAIN_S : PING_AGAIN_S;
    const uint32_t waited_s = node->asked_s == 0 ? now_s : now_s - node->asked_s;
    if (node_is_good(node, now_s) || waited_s < pause_s)
        return 0;
    return waited_s - pause_s + 1;
}

struct table_node *routing_table_to_ping(struct routing_table *table, uint32_t now_s) {
    struct table_node *next = NULL;
    uint32_t longest_s = 0;
    for (struct bucket *bucket = table->buckets; bucket < table->buckets + TABLE_BUCKETS;
         bucket++) {
        for (size_t i = 0; i < bucket->count; i++) {
            const uint32_t overdue_s = ping_overdue_s(&bucket->nodes[i], now_s);
            if (overdue_s > longest_s) {
                longest_s = overdue_s;
                next = &bucket->nodes[i];
            }
        }
    }
    if (next != NULL)
        next->asked_s = now_s;
    return next;
}

static void copy_bits(uint8_t *to, const uint8_t *from, size_t bits) {
    for (size_t bit = 0; bit < bits; bit++) {
        const uint8_t mask = (uint8_t)(0x80 >> bit % 8);
        to[bit / 8] = (uint8_t)((to[bit / 8] & ~mask) | (from[bit / 8] & mask));
    }
}

/* Beyond the last bucket with nodes, a refresh finds none. */
static size_t used_buckets(const struct routing_table *table) {
    size_t count = TABLE_BUCKETS;
    while (count > 0 && table->buckets[count - 1].count == 0)
        count--;
    return count;
}

bool routing_table_to_refresh(struct routing_table *table, uint8_t id[static NODE_ID_LEN],
                              uint32_t now_s) {
    const size_t used = used_buckets(table);
    for (size_t number = 0; number < used; number++) {
        struct bucket *bucket = &table->buckets[number];
        if (is_recent(bucket->refreshed_s, now_s))
            continue;
        bucket->refreshed_s = now_s;
        copy_bits(id, table->id, number);
        id[number / 8] = (uint8_t)(id[number / 8] & ~(0x80 >> number % 8));
        id[number / 8] |= (uint8_t)(~table->id[number / 8] & (0x80 >> number % 8));
        return true;
    }
    return false;
}

size_t routing_table_good(const struct routing_table *table, uint32_t now_s) {
    size_t good = 0;
    for (size_t number = 0; number < TABLE_BUCKETS; number++) {
        const struct bucket *bucket = &table->buckets[number];
        for (size_t i = 0; i < bucket->count; i++)
            good += node_is_good(&bucket->nodes[i], now_s);
    }
    return good;
}

void routing_table_set_id(struct routing_table *table, const uint8_t id[static NODE_ID_LEN]) {
    struct table_node nodes[TABLE_BUCKETS * BUCKET_LEN];
    size_t count = 0;
    for (size_t number = 0; number < TABLE_BUCKETS; number++) {
        const struct bucket *bucket = &table->buckets[number];
        memcpy(&nodes[count], bucket->nodes, bucket->count * sizeof *nodes);
        count += bucket->count;
    }
    routing_table_init(table, table->family, id);
    for (size_t i = 0; i < count; i++) {
        struct bucket *bucket = bucket_of(table, nodes[i].contact.id);
        if (may_be_in_table(table, &nodes[i].contact))
            add_node(bucket, &nodes[i]);
    }
}
