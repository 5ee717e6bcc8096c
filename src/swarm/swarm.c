#include "swarm/swarm.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/prefetch.h"
#include "swarm/stamp.h"

struct swarm *swarm_create(const uint8_t info_hash[static INFO_HASH_LEN],
                           const struct hash_key *key, uint32_t now_s) {
    struct swarm *swarm = calloc(1, sizeof *swarm);
    if (swarm == NULL)
        return NULL;
    memcpy(swarm->info_hash, info_hash, INFO_HASH_LEN);
    swarm->idle_since_s = now_s;
    peer_list_init(&swarm->v4, FAMILY_V4, key);
    peer_list_init(&swarm->v6, FAMILY_V6, key);
    return swarm;
}

void swarm_delete(struct swarm *swarm) {
    if (swarm == NULL)
        return;
    peer_list_clear(&swarm->v4);
    peer_list_clear(&swarm->v6);
    free(swarm);
}

struct peer_list *swarm_list(struct swarm *swarm, uint8_t family) {
    return family == FAMILY_V6 ? &swarm->v6 : &swarm->v4;
}

void swarm_prefetch(const struct swarm *swarm, const struct endpoint *client, int step) {
    const struct peer_list *list = client->family == FAMILY_V6 ? &swarm->v6 : &swarm->v4;
    if (step == 0)
        prefetch_range(swarm, sizeof *swarm);
    else
        peer_list_prefetch(list, client->wire, step - 1);
}

uint32_t swarm_seeders(const struct swarm *swarm) {
    return peer_list_seeders(&swarm->v4) + peer_list_seeders(&swarm->v6) - swarm->twin_seeders;
}

uint32_t swarm_leechers(const struct swarm *swarm) {
    return swarm_peers(swarm) - swarm->v4.twins - swarm_seeders(swarm);
}

size_t swarm_memory(const struct swarm *swarm) {
    return sizeof *swarm + peer_list_memory(&swarm->v4) + peer_list_memory(&swarm->v6);
}

/* What only records of a cluster need. */
static void describe_stamped(struct change *change, const struct peer_list *list,
                             uint32_t position) {
    const struct peer_record *record = peer_list_record(list, position);
    change->on_lan = peer_zone_is_lan(peer_list_zone(list, position));
    change->uploaded_kib = record->uploaded_kib;
    change->downloaded_kib = record->downloaded_kib;
    change->stamp = peer_list_word(list, WORD_STAMP, position);
}

struct change swarm_describe(const struct swarm *swarm, const struct peer_list *list,
                             uint32_t position, enum change_kind kind, uint32_t now_s) {
    const struct peer_record *record = peer_list_record(list, position);
    struct change change = {
        .kind = kind,
        .peer = endpoint_from_wire(list->family, peer_list_wire(list, position)),
        .key = record->key,
        .left = record->left,
        .paused = record->flags & PEER_PAUSED,
        .counted = record->flags & PEER_COMPLETED_COUNTED,
        .own_address = peer_record_owns_address(record),
        .interval_s = peer_record_interval_s(record),
        .age_s = clock_elapsed_s(record->joined_s, now_s),
        .downloaded = swarm->downloaded,
        .seeders = swarm_seeders(swarm),
        .leechers = swarm_leechers(swarm),
        .passkey_tag = peer_list_word(list, WORD_TAG, position),
    };
    if (list->has_word[WORD_STAMP])
        describe_stamped(&change, list, position);
    memcpy(change.info_hash, swarm->info_hash, INFO_HASH_LEN);
    memcpy(change.peer_id, record->peer_id, PEER_ID_LEN);
    return change;
}

struct change swarm_describe_torrent(const struct swarm *swarm, uint32_t now_s) {
    struct change change = {
        .kind = CHANGE_TORRENT,
        .age_s = swarm_idle_s(swarm, now_s),
        .downloaded = swarm->downloaded,
    };
    memcpy(change.info_hash, swarm->info_hash, INFO_HASH_LEN);
    return change;
}

uint32_t swarm_idle_s(const struct swarm *swarm, uint32_t now_s) {
    return swarm_peers(swarm) > 0 ? 0 : clock_elapsed_s(swarm->idle_since_s, now_s);
}

/* Of twins, the IPv4 one: its client is counted as the IPv6 one. */
static bool is_second(uint8_t family, const struct peer_record *record) {
    return (record->flags & PEER_TWIN) != 0 && family == FAMILY_V4;
}

/* Sums that the swarm keeps over its clients. */
static void add_to_sums(struct swarm *swarm, uint8_t family, const struct peer_record *record) {
    if (is_second(family, record)) {
        swarm->twin_seeders += record->left == 0;
        return;
    }
    swarm->paused += (record->flags & PEER_PAUSED) != 0;
    swarm->upload_rate += record->upload_rate;
    swarm->download_rate += record->download_rate;
}

static void subtract_from_sums(struct swarm *swarm, uint8_t family,
                               const struct peer_record *record) {
    if (is_second(family, record)) {
        swarm->twin_seeders -= record->left == 0;
        return;
    }
    swarm->paused -= (record->flags & PEER_PAUSED) != 0;
    swarm->upload_rate -= record->upload_rate;
    swarm->download_rate -= record->download_rate;
}

static void push_change(const struct swarm_outputs *outputs, struct change *change) {
    change->origin = outputs->stamping.origin;
    if (change->origin == ORIGIN_SENT)
        change->stamp = outputs->stamping.stamp;
    change_feed_push(outputs->feed, change);
}

static void count_address(const struct swarm_outputs *outputs, const struct endpoint *peer,
                          bool more) {
    if (outputs->addresses == NULL)
        return;
    if (more)
        address_counts_add(outputs->addresses, peer);
    else
        address_counts_remove(outputs->addresses, peer);
}

/* The last peer has left: only the download count remains of the torrent. */
static void report_idle(const struct swarm *swarm, const struct swarm_outputs *outputs,
                        uint32_t now_s) {
    if (swarm_peers(swarm) > 0 || swarm->downloaded == 0)
        return;
    struct change change = swarm_describe_torrent(swarm, now_s);
    change.age_s = 0;
    push_change(outputs, &change);
}

/* Of peer_id and key; without a key, of peer_id and address or /64. */
static uint64_t hash_completion(const struct swarm *swarm, const struct peer_record *record,
                                const struct endpoint *peer) {
    struct completion {
        uint8_t info_hash[INFO_HASH_LEN];
        uint8_t peer_id[PEER_ID_LEN];
        uint32_t key;
        uint8_t family;
        uint8_t address[8];
    } completion;
    memset(&completion, 0, sizeof completion);
    memcpy(completion.info_hash, swarm->info_hash, INFO_HASH_LEN);
    memcpy(completion.peer_id, record->peer_id, PEER_ID_LEN);
    completion.key = record->key;
    if (record->key == 0) {
        completion.family = peer->family;
        memcpy(completion.address, peer->wire, address_scope(peer->family, 0).len);
    }
    return keyed_hash(swarm->v4.key, &completion, sizeof completion);
}

/* Called when a peer leaves or is replaced: if it completed long ago, only its record says so. */
static void remember_completion(const struct swarm *swarm, const struct swarm_outputs *outputs,
                                const struct peer_list *list, uint32_t position) {
    const struct peer_record *record = peer_list_record(list, position);
    if ((record->flags & PEER_COMPLETED_COUNTED) == 0)
        return;
    const struct endpoint peer = endpoint_from_wire(list->family, peer_list_wire(list, position));
    completion_set_add(outputs->completions, hash_completion(swarm, record, &peer));
}

static enum peer_zone zone_of(bool seeder, bool on_lan) {
    if (seeder)
        return on_lan ? ZONE_SEEDER_LAN : ZONE_SEEDER_OUTSIDE;
    return on_lan ? ZONE_LEECHER_LAN : ZONE_LEECHER_OUTSIDE;
}

/* Whether it is another client. Some use a new key in each announce, so that a changed key does not
 * count; a first one does. */
static bool is_other_client(const struct peer_record *past, const struct peer_record *record) {
    return (past->key == 0 && record->key != 0) ||
           memcmp(past->peer_id, record->peer_id, PEER_ID_LEN) != 0;
}

static bool has_other_role(const struct peer_record *past, enum peer_zone past_zone,
                           const struct peer_record *record, enum peer_zone zone) {
    const uint8_t telling = PEER_PAUSED | PEER_COMPLETED_COUNTED;
    return past_zone != zone || ((past->flags ^ record->flags) & telling) != 0;
}

static void report_peer(const struct swarm *swarm, const struct swarm_outputs *outputs,
                        const struct peer_list *list, uint32_t position, enum change_kind kind,
                        uint32_t now_s) {
    struct change change = swarm_describe(swarm, list, position, kind, now_s);
    push_change(outputs, &change);
}

/* Replaces a record, and keeps the sums. Returns its new position. */
static uint32_t store_record(struct swarm *swarm, struct peer_list *list, uint32_t position,
                             enum peer_zone zone, const struct peer_record *record,
                             uint32_t deadline_s) {
    subtract_from_sums(swarm, list->family, peer_list_record(list, position));
    add_to_sums(swarm, list->family, record);
    return peer_list_update(list, position, zone, record, deadline_s);
}

static struct peer_list *other_list(struct swarm *swarm, const struct peer_list *list) {
    return list == &swarm->v4 ? &swarm->v6 : &swarm->v4;
}

/* Marks a record that is about to be put into `list` if it has a twin. */
static void mark_twin(struct swarm *swarm, const struct peer_list *list,
                      struct peer_record *record) {
    const struct peer_list *other = other_list(swarm, list);
    const uint32_t at = peer_list_find_twin(other, record, false);
    record->flags &= (uint8_t)~PEER_TWIN;
    if (at != PEER_NOWHERE)
        record->flags |= PEER_TWIN | (peer_list_record(other, at)->flags & PEER_COMPLETED_COUNTED);
}

/* Gives the twin of `record`, which is in `list`, the same role, and reports it if it had another;
 * it is not sent, since each node does the same. `paired`: it is marked as a twin already. */
static void match_twin(struct swarm *swarm, const struct swarm_outputs *outputs,
                       const struct peer_list *list, const struct peer_record *record, bool paired,
                       uint32_t now_s) {
    const uint8_t shared = PEER_TWIN | PEER_PAUSED | PEER_COMPLETED_COUNTED;
    struct peer_list *other = other_list(swarm, list);
    const uint32_t at = peer_list_find_twin(other, record, paired);
    assert(at != PEER_NOWHERE);
    const struct peer_record past = *peer_list_record(other, at);
    const enum peer_zone past_zone = peer_list_zone(other, at);
    const enum peer_zone zone = zone_of(record->left == 0, peer_zone_is_lan(past_zone));
    struct peer_record twin = past;
    twin.left = record->left;
    twin.flags = (uint8_t)((past.flags & ~shared) | (record->flags & shared));
    const uint32_t position =
        store_record(swarm, other, at, zone, &twin, peer_list_deadline(other, at));
    if (!has_other_role(&past, past_zone, &twin, zone))
        return;
    struct swarm_outputs unsent = *outputs;
    if (unsent.stamping.origin == ORIGIN_SENT)
        unsent.stamping.origin = ORIGIN_NODE;
    report_peer(swarm, &unsent, other, position, CHANGE_PEER_UPDATED, now_s);
}

/* The twin of a peer that has left `list` remains alone. */
static void part_twin(struct swarm *swarm, const struct peer_list *list,
                      const struct peer_record *gone) {
    struct peer_list *other = other_list(swarm, list);
    const uint32_t at = peer_list_find_twin(other, gone, true);
    assert(at != PEER_NOWHERE);
    struct peer_record twin = *peer_list_record(other, at);
    twin.flags &= (uint8_t)~PEER_TWIN;
    (void)store_record(swarm, other, at, peer_list_zone(other, at), &twin,
                       peer_list_deadline(other, at));
}

/* Removes a peer and reports it, with the counts after its removal. */
static void remove_peer(struct swarm *swarm, const struct swarm_outputs *outputs,
                        struct peer_list *list, uint32_t position, enum change_kind kind,
                        uint32_t now_s) {
    struct change change = swarm_describe(swarm, list, position, kind, now_s);
    const struct peer_record gone = *peer_list_record(list, position);
    remember_completion(swarm, outputs, list, position);
    subtract_from_sums(swarm, list->family, &gone);
    peer_list_remove(list, position);
    if (gone.flags & PEER_TWIN)
        part_twin(swarm, list, &gone);
    change.seeders = swarm_seeders(swarm);
    change.leechers = swarm_leechers(swarm);
    count_address(outputs, &change.peer, false);
    push_change(outputs, &change);
    report_idle(swarm, outputs, now_s);
}

static void copy_history(struct peer_record *record, const struct peer_list *list,
                         uint32_t position, uint32_t now_s) {
    peer_record_copy_history(record, peer_list_record(list, position),
                             peer_list_silent_s(list, position, now_s));
}

static bool counted_at(const struct peer_list *list, const struct peer_record *record) {
    const uint32_t place = peer_list_find_identity(list, record->peer_id, record->key);
    return place != PEER_NOWHERE && peer_list_record(list, place)->flags & PEER_COMPLETED_COUNTED;
}

/* Counts event=completed (BEP 3) of the client at `peer` once, over both families, and also if it
 * left in between. Returns whether it counted. */
static bool count_completed(struct swarm *swarm, const struct swarm_outputs *outputs,
                            struct peer_record *record, const struct endpoint *peer,
                            enum announce_event event) {
    if (event != EVENT_COMPLETED || record->flags & PEER_COMPLETED_COUNTED)
        return false;
    const uint64_t hash = hash_completion(swarm, record, peer);
    const bool known = counted_at(&swarm->v4, record) || counted_at(&swarm->v6, record) ||
                       completion_set_contains(outputs->completions, hash);
    completion_set_add(outputs->completions, hash);
    record->flags |= PEER_COMPLETED_COUNTED;
    if (!known && swarm->downloaded == 0)
        swarm->completed_by = *peer;
    swarm->downloaded += !known;
    return !known;
}

/* Returns whether it is another one. */
static bool set_passkey_tag(struct peer_list *list, uint32_t position, uint64_t tag) {
    if (tag == 0 || peer_list_word(list, WORD_TAG, position) == tag)
        return false;
    peer_list_set_word(list, WORD_TAG, position, tag);
    return true;
}

static uint32_t deadline_of(const struct swarm_outputs *outputs, const struct peer_record *record,
                            uint32_t now_s) {
    const bool stamped = record->flags & PEER_STAMPED;
    return (stamped ? outputs->stamping.made_s : now_s) + peer_record_lifetime_s(record);
}

static void set_stamp(const struct swarm_outputs *outputs, struct peer_list *list,
                      uint32_t position) {
    if (outputs->stamping.stamp != 0)
        peer_list_set_word(list, WORD_STAMP, position, outputs->stamping.stamp);
}

/* If the twin of a merged record has a later stamp, the record takes its role. */
static void take_newer_role(struct swarm *swarm, const struct swarm_outputs *outputs,
                            const struct peer_list *list, struct peer_record *record, bool paired) {
    const struct peer_list *other = other_list(swarm, list);
    if ((record->flags & PEER_TWIN) == 0)
        return;
    const uint32_t at = peer_list_find_twin(other, record, paired);
    const struct peer_record *twin = peer_list_record(other, at);
    if (peer_list_word(other, WORD_STAMP, at) < outputs->stamping.stamp)
        return;
    record->left = twin->left;
    record->flags = (uint8_t)((record->flags & ~PEER_PAUSED) | (twin->flags & PEER_PAUSED));
}

/* Replaces the peer at `position` by `record`, which it may mark as a twin, and reports what has
 * changed. Returns its new position. */
static uint32_t replace_peer(struct swarm *swarm, const struct swarm_outputs *outputs,
                             struct peer_list *list, uint32_t position, struct peer_record *record,
                             bool on_lan, uint64_t passkey_tag, bool completed, uint32_t now_s) {
    const struct peer_record past = *peer_list_record(list, position);
    const enum peer_zone past_zone = peer_list_zone(list, position);
    const bool same_identity = peer_record_same_identity(&past, record);
    if (past.flags & PEER_COMPLETED_COUNTED &&
        memcmp(past.peer_id, record->peer_id, PEER_ID_LEN) != 0)
        remember_completion(swarm, outputs, list, position);
    if (same_identity)
        record->flags |= past.flags & PEER_TWIN;
    else
        mark_twin(swarm, list, record);
    if (outputs->stamping.origin == ORIGIN_MERGED)
        take_newer_role(swarm, outputs, list, record, same_identity);
    const enum peer_zone zone = zone_of(record->left == 0, on_lan);
    const bool other_role = has_other_role(&past, past_zone, record, zone);
    const bool other_client = !same_identity && is_other_client(&past, record);
    position =
        store_record(swarm, list, position, zone, record, deadline_of(outputs, record, now_s));
    set_stamp(outputs, list, position);
    if ((past.flags & PEER_TWIN) != 0 && !same_identity)
        part_twin(swarm, list, &past);
    if ((record->flags & PEER_TWIN) != 0 && (other_role || !same_identity))
        match_twin(swarm, outputs, list, record, same_identity, now_s);
    const bool other_passkey = set_passkey_tag(list, position, passkey_tag);
    if (completed)
        report_peer(swarm, outputs, list, position, CHANGE_PEER_COMPLETED, now_s);
    else if (other_passkey || other_role || other_client)
        report_peer(swarm, outputs, list, position, CHANGE_PEER_UPDATED, now_s);
    else if (outputs->stamping.origin == ORIGIN_SENT)
        report_peer(swarm, outputs, list, position, CHANGE_PEER_REFRESHED, now_s);
    if (!peer_record_owns_address(&past) && peer_record_owns_address(record))
        report_peer(swarm, outputs, list, position, CHANGE_PEER_CONFIRMED, now_s);
    return position;
}

/* Returns the peer's new position. */
static uint32_t update_peer(struct swarm *swarm, const struct swarm_outputs *outputs,
                            const struct peer_put *put, struct peer_record record,
                            struct peer_list *list, uint32_t position) {
    copy_history(&record, list, position, put->now_s);
    const bool completed =
        count_completed(swarm, outputs, &record, &put->peer, put->request->event);
    return replace_peer(swarm, outputs, list, position, &record, put->on_lan, put->passkey_tag,
                        completed, put->now_s);
}

/* False if out of memory. */
static bool make_words(const struct swarm_outputs *outputs, struct peer_list *list,
                       uint64_t passkey_tag) {
    return (passkey_tag == 0 || peer_list_make_words(list, WORD_TAG)) &&
           (outputs->stamping.stamp == 0 || peer_list_make_words(list, WORD_STAMP));
}

/* Adds a peer without reporting it, and may mark `record` as a twin. Returns its position, or
 * PEER_NOWHERE if out of memory. */
static uint32_t insert_peer(struct swarm *swarm, const struct swarm_outputs *outputs,
                            const struct endpoint *peer, struct peer_record *record, bool on_lan,
                            uint64_t passkey_tag, uint32_t deadline_s, uint32_t now_s) {
    struct peer_list *list = swarm_list(swarm, peer->family);
    if (!make_words(outputs, list, passkey_tag))
        return PEER_NOWHERE;
    mark_twin(swarm, list, record);
    if (outputs->stamping.origin == ORIGIN_MERGED)
        take_newer_role(swarm, outputs, list, record, false);
    const uint32_t position =
        peer_list_add(list, zone_of(record->left == 0, on_lan), peer->wire, record, deadline_s);
    if (position == PEER_NOWHERE)
        return PEER_NOWHERE;
    (void)set_passkey_tag(list, position, passkey_tag);
    set_stamp(outputs, list, position);
    add_to_sums(swarm, list->family, record);
    if (record->flags & PEER_TWIN)
        match_twin(swarm, outputs, list, record, false, now_s);
    count_address(outputs, peer, true);
    return position;
}

static uint32_t add_peer(struct swarm *swarm, const struct swarm_outputs *outputs,
                         const struct peer_put *put, struct peer_record record,
                         struct peer_list *list) {
    const bool completed =
        count_completed(swarm, outputs, &record, &put->peer, put->request->event);
    const uint32_t position =
        insert_peer(swarm, outputs, &put->peer, &record, put->on_lan, put->passkey_tag,
                    deadline_of(outputs, &record, put->now_s), put->now_s);
    if (position != PEER_NOWHERE)
        report_peer(swarm, outputs, list, position,
                    completed ? CHANGE_PEER_COMPLETED : CHANGE_PEER_JOINED, put->now_s);
    return position;
}

struct peer_place swarm_find(struct swarm *swarm, const struct announce_request *request,
                             const struct endpoint *client) {
    struct peer_list *list = swarm_list(swarm, client->family);
    struct peer_place place = { .list = list, .here = peer_list_find(list, client->wire) };
    if (place.here != PEER_NOWHERE) {
        const struct peer_record *here = peer_list_record(list, place.here);
        place.own = place.here;
        if (here->key == request->key && memcmp(here->peer_id, request->peer_id, PEER_ID_LEN) == 0)
            return place;
    }
    place.own = peer_list_find_identity(list, request->peer_id, request->key);
    return place;
}

bool swarm_is_uncounted(const struct peer_place *place, const uint8_t peer_id[static PEER_ID_LEN]) {
    const uint32_t position = place->own != PEER_NOWHERE ? place->own : place->here;
    if (position == PEER_NOWHERE)
        return false;
    const struct peer_record *record = peer_list_record(place->list, position);
    return (record->flags & PEER_COMPLETED_COUNTED) == 0 &&
           memcmp(record->peer_id, peer_id, PEER_ID_LEN) == 0;
}

bool swarm_put_changes(const struct peer_put *put, const struct peer_list *list,
                       uint32_t position) {
    const struct peer_record *past = peer_list_record(list, position);
    const enum peer_zone past_zone = peer_list_zone(list, position);
    struct peer_record record =
        peer_record_announced(put->request, &put->peer, put->now_s, put->ttl_s);
    const bool completes = put->request->event == EVENT_COMPLETED;
    if (memcmp(past->peer_id, record.peer_id, PEER_ID_LEN) == 0)
        record.flags |= past->flags & PEER_COMPLETED_COUNTED;
    return is_other_client(past, &record) ||
           (completes && (record.flags & PEER_COMPLETED_COUNTED) == 0) ||
           has_other_role(past, past_zone, &record, zone_of(record.left == 0, put->on_lan)) ||
           peer_list_word(list, WORD_TAG, position) != put->passkey_tag;
}

/* An identity has one endpoint per family: otherwise an attacker could fill an index's chain with
 * one identity. In a cluster it may have several, announced at several nodes at once, until it
 * announces again. */
uint32_t swarm_put(struct swarm *swarm, const struct swarm_outputs *outputs,
                   const struct peer_put *put, const struct peer_place *place) {
    struct peer_list *list = place->list;
    if (!make_words(outputs, list, put->passkey_tag))
        return PEER_NOWHERE;
    struct peer_record record =
        peer_record_announced(put->request, &put->peer, put->now_s, put->ttl_s);
    if (outputs->stamping.stamp != 0)
        record.flags |= PEER_STAMPED;
    uint32_t position = place->here;
    uint32_t own = place->own;
    while (own != PEER_NOWHERE && own != position) {
        copy_history(&record, list, own, put->now_s);
        remove_peer(swarm, outputs, list, own, CHANGE_PEER_MOVED, put->now_s);
        position = peer_list_find(list, put->peer.wire);
        own = peer_list_find_identity(list, put->request->peer_id, put->request->key);
    }
    if (position == PEER_NOWHERE)
        return add_peer(swarm, outputs, put, record, list);
    return update_peer(swarm, outputs, put, record, list, position);
}

/* Some clients stop when they are complete and send only event=stopped with left=0. */
static void count_late_completion(struct swarm *swarm, const struct swarm_outputs *outputs,
                                  struct peer_list *list, uint32_t *position, uint32_t now_s) {
    struct peer_record record = *peer_list_record(list, *position);
    const enum peer_zone zone = peer_list_zone(list, *position);
    const struct endpoint peer = endpoint_from_wire(list->family, peer_list_wire(list, *position));
    if (peer_zone_is_seeder(zone) ||
        !count_completed(swarm, outputs, &record, &peer, EVENT_COMPLETED))
        return;
    record.left = 0;
    record.flags &= (uint8_t)~PEER_PAUSED;
    *position = store_record(swarm, list, *position, zone_of(true, peer_zone_is_lan(zone)), &record,
                             peer_list_deadline(list, *position));
    if (record.flags & PEER_TWIN)
        match_twin(swarm, outputs, list, &record, true, now_s);
    report_peer(swarm, outputs, list, *position, CHANGE_PEER_COMPLETED, now_s);
}

void swarm_stop(struct swarm *swarm, const struct swarm_outputs *outputs,
                const struct peer_place *place, uint64_t left, uint32_t now_s) {
    uint32_t position = place->here != PEER_NOWHERE ? place->here : place->own;
    if (position == PEER_NOWHERE)
        return;
    if (left == 0)
        count_late_completion(swarm, outputs, place->list, &position, now_s);
    remove_peer(swarm, outputs, place->list, position, CHANGE_PEER_LEFT, now_s);
    swarm->idle_since_s = now_s;
}

void swarm_reject(struct swarm *swarm, const struct swarm_outputs *outputs,
                  const struct peer_place *place, uint32_t now_s) {
    if (place->own == PEER_NOWHERE)
        return;
    remove_peer(swarm, outputs, place->list, place->own, CHANGE_PEER_LEFT, now_s);
    swarm->idle_since_s = now_s;
}

/* Positions are of the IPv4 list, then of the IPv6 list. */
static struct peer_list *list_at(struct swarm *swarm, uint32_t at, uint32_t *position) {
    const uint32_t v4 = peer_list_count(&swarm->v4);
    *position = at < v4 ? at : at - v4;
    return at < v4 ? &swarm->v4 : &swarm->v6;
}

static uint32_t next_expired(const struct swarm *swarm, uint32_t at, uint32_t now_s) {
    const uint32_t v4 = peer_list_count(&swarm->v4);
    uint32_t position = peer_list_next_expired(&swarm->v4, at, now_s);
    if (position != PEER_NOWHERE)
        return position;
    position = peer_list_next_expired(&swarm->v6, at > v4 ? at - v4 : 0, now_s);
    return position == PEER_NOWHERE ? PEER_NOWHERE : v4 + position;
}

/* A removed peer's position is filled from behind, so it is visited again. */
uint32_t swarm_expire(struct swarm *swarm, const struct swarm_outputs *outputs, uint32_t now_s,
                      uint32_t limit, uint32_t *at) {
    uint32_t expired = 0;
    while (expired < limit && (*at = next_expired(swarm, *at, now_s)) != PEER_NOWHERE) {
        uint32_t position;
        struct peer_list *list = list_at(swarm, *at, &position);
        remove_peer(swarm, outputs, list, position, CHANGE_PEER_EXPIRED, now_s);
        expired++;
    }
    if (expired > 0)
        swarm->idle_since_s = now_s;
    return expired;
}

/* As above, a removed peer's position is visited again. */
uint32_t swarm_filter(struct swarm *swarm, const struct swarm_outputs *outputs,
                      const struct swarm_filter *filter, uint32_t now_s, uint32_t *at,
                      uint32_t visits) {
    uint32_t removed = 0;
    for (; visits > 0; visits--) {
        if (*at >= swarm_peers(swarm)) {
            *at = UINT32_MAX;
            break;
        }
        uint32_t position;
        struct peer_list *list = list_at(swarm, *at, &position);
        struct endpoint peer = { .family = list->family };
        memcpy(peer.wire, peer_list_wire(list, position), endpoint_len(list->family));
        if (filter->stays(filter->context, &peer, peer_list_record(list, position),
                          peer_list_word(list, WORD_TAG, position))) {
            ++*at;
            continue;
        }
        remove_peer(swarm, outputs, list, position, CHANGE_PEER_LEFT, now_s);
        removed++;
    }
    if (removed > 0)
        swarm->idle_since_s = now_s;
    return removed;
}

struct swarm_walk swarm_begin_walk(struct swarm *swarm) {
    peer_list_begin_walk(&swarm->v4);
    peer_list_begin_walk(&swarm->v6);
    return (struct swarm_walk){ .family = FAMILY_V4 };
}

/* A peer may have moved to a position behind, so that a pass follows until one has found nothing.
 */
static void begin_pass(struct swarm_walk *walk) {
    if (!walk->found)
        walk->family = walk->family == FAMILY_V4 ? FAMILY_V6 : FAMILY_NONE;
    walk->at = 0;
    walk->found = false;
}

/* Returns the position of the next peer, in `*list`; PEER_NOWHERE: the walk is finished, or no
 * visit is left. */
static uint32_t next_in_walk(struct swarm *swarm, struct swarm_walk *walk, uint32_t *visits,
                             struct peer_list **list) {
    while (walk->family != FAMILY_NONE && *visits > 0) {
        *list = swarm_list(swarm, walk->family);
        const uint32_t position = walk->at++;
        if (position >= peer_list_count(*list)) {
            begin_pass(walk);
            continue;
        }
        --*visits;
        if (!peer_list_walk(*list, position))
            continue;
        walk->found = true;
        return position;
    }
    return PEER_NOWHERE;
}

size_t swarm_walk(struct swarm *swarm, struct swarm_walk *walk, uint32_t now_s,
                  struct change *changes, size_t max, uint32_t *visits) {
    struct peer_list *list;
    uint32_t position;
    size_t count = 0;
    while (count < max && (position = next_in_walk(swarm, walk, visits, &list)) != PEER_NOWHERE)
        changes[count++] = swarm_describe(swarm, list, position, CHANGE_PEER_JOINED, now_s);
    return count;
}

void swarm_extend_deadlines(struct swarm *swarm, struct swarm_walk *walk, uint32_t now_s,
                            uint32_t interval_s, uint32_t *visits) {
    struct peer_list *list;
    uint32_t position;
    while ((position = next_in_walk(swarm, walk, visits, &list)) != PEER_NOWHERE)
        peer_list_extend_deadline(list, position, now_s, interval_s);
}

void swarm_expect(struct swarm *swarm, const struct change *changes, size_t count) {
    uint32_t v4 = 0;
    uint32_t v6 = 0;
    for (size_t i = 0; i < count; i++) {
        v4 += changes[i].peer.family == FAMILY_V4;
        v6 += changes[i].peer.family == FAMILY_V6;
    }
    peer_list_expect(&swarm->v4, v4);
    peer_list_expect(&swarm->v6, v6);
}

bool swarm_restore(struct swarm *swarm, const struct swarm_outputs *outputs,
                   const struct change *change, bool on_lan, bool lasting, uint32_t now_s,
                   uint16_t ttl_s) {
    struct peer_list *list = swarm_list(swarm, change->peer.family);
    if (peer_list_find(list, change->peer.wire) != PEER_NOWHERE ||
        peer_list_find_identity(list, change->peer_id, change->key) != PEER_NOWHERE)
        return true;
    struct peer_record record = peer_record_restored(change, now_s, ttl_s);
    const uint32_t deadline_s = lasting ? PEER_DEADLINE_NEVER : now_s + record.ttl_s;
    return insert_peer(swarm, outputs, &change->peer, &record, on_lan, change->passkey_tag,
                       deadline_s, now_s) != PEER_NOWHERE;
}

bool swarm_merge(struct swarm *swarm, const struct swarm_outputs *outputs,
                 const struct endpoint *peer, uint32_t position, const struct peer_state *state,
                 bool on_lan, bool completed, uint32_t now_s) {
    struct peer_list *list = swarm_list(swarm, peer->family);
    struct peer_record record = peer_record_merged(state, outputs->stamping.made_s);
    if (position != PEER_NOWHERE) {
        if (!make_words(outputs, list, state->passkey_tag))
            return false;
        peer_record_copy_history(&record, peer_list_record(list, position),
                                 peer_list_silent_s(list, position, outputs->stamping.made_s));
        (void)replace_peer(swarm, outputs, list, position, &record, on_lan, state->passkey_tag,
                           completed, now_s);
        return true;
    }
    position = insert_peer(swarm, outputs, peer, &record, on_lan, state->passkey_tag,
                           deadline_of(outputs, &record, now_s), now_s);
    if (position == PEER_NOWHERE)
        return false;
    if (stamp_is_guessed(outputs->stamping.stamp))
        peer_list_take_stamp(list, position);
    report_peer(swarm, outputs, list, position,
                completed ? CHANGE_PEER_COMPLETED : CHANGE_PEER_JOINED, now_s);
    return true;
}

void swarm_merge_removal(struct swarm *swarm, const struct swarm_outputs *outputs,
                         struct peer_list *list, uint32_t position, uint32_t now_s) {
    remove_peer(swarm, outputs, list, position, CHANGE_PEER_LEFT, now_s);
    swarm->idle_since_s = now_s;
}
