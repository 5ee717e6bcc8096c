#include "cluster/members.h"

#include <stdio.h>

#include "base/utf8.h"
#include "swarm/stamp.h"

enum entry_origin entry_origin(const struct entry_header *entry, uint64_t node,
                               uint64_t incarnation) {
    if (entry->node == node && entry->incarnation <= incarnation)
        return entry->incarnation == incarnation ? ENTRY_OWN : ENTRY_OF_OTHER;
    return stamp_is_of(entry->node, node) ? ENTRY_OF_COPY : ENTRY_OF_OTHER;
}

static struct member *place_of(struct members *members, uint64_t node) {
    struct member *oldest = &members->list[0];
    for (size_t i = 0; i < members->count; i++) {
        struct member *member = &members->list[i];
        if (member->node == node)
            return member;
        if (member->heard_ms < oldest->heard_ms)
            oldest = member;
    }
    if (members->count < NODES_MAX)
        oldest = &members->list[members->count++];
    *oldest = (struct member){ 0 };
    return oldest;
}

void members_note(struct members *members, const struct entry_header *entry,
                  const struct heartbeat *heartbeat, uint64_t now_ms) {
    struct member *member = place_of(members, entry->node);
    if (entry->incarnation < member->incarnation)
        return;
    *member = (struct member){
        .node = entry->node,
        .incarnation = entry->incarnation,
        .heard_ms = now_ms,
        .joined = heartbeat->joined,
        .whole = heartbeat->whole,
        .empty = heartbeat->empty,
        .interval_max_s = heartbeat->interval_max_s,
        .budget_per_s = heartbeat->budget_per_s,
        .announces_per_s = heartbeat->announces_per_s,
        .clock_offset_ms = heartbeat->clock_offset_ms,
        .has_lag = heartbeat->has_lag,
        .behind_entries = heartbeat->behind_entries,
        .behind_ms = heartbeat->behind_ms,
    };
    (void)utf8_copy_line(heartbeat->name, member->name, sizeof member->name);
    (void)utf8_copy_line(heartbeat->version, member->version, sizeof member->version);
}

bool members_share_bits(const struct members *members, uint64_t node) {
    for (size_t i = 0; i < members->count; i++) {
        if (stamp_is_of(members->list[i].node, node))
            return true;
    }
    return false;
}

bool member_is_alive(const struct member *member, uint64_t now_ms) {
    return now_ms <= member->heard_ms + MEMBER_ALIVE_MS;
}

bool members_has_joined(const struct members *members, const struct entry_header *entry) {
    for (size_t i = 0; i < members->count; i++) {
        const struct member *member = &members->list[i];
        if (member->node == entry->node)
            return member->joined && member->incarnation == entry->incarnation;
    }
    return false;
}

/* Of two nodes that have joined. */
static bool is_fuller(const struct member *a, const struct member *b) {
    if (a->empty != b->empty)
        return b->empty;
    return a->incarnation != b->incarnation ? a->incarnation < b->incarnation : a->node < b->node;
}

bool members_may_serve(const struct members *members, uint64_t requester, const struct member *own,
                       uint64_t now_ms) {
    bool requester_is_empty = false;
    for (size_t i = 0; i < members->count; i++) {
        const struct member *member = &members->list[i];
        if (member->node == requester)
            requester_is_empty = member->empty;
        else if (member_is_alive(member, now_ms) &&
                 (member->whole || (member->joined && is_fuller(member, own))))
            return false;
    }
    return requester_is_empty;
}

uint32_t members_interval_max_s(const struct members *members, uint32_t own_s, uint64_t now_ms) {
    uint32_t longest_s = own_s;
    for (size_t i = 0; i < members->count; i++) {
        const struct member *member = &members->list[i];
        const uint64_t lifetime_ms = UINT64_C(1000) * peer_lifetime_s(member->interval_max_s);
        if (now_ms <= member->heard_ms + lifetime_ms && member->interval_max_s > longest_s)
            longest_s = member->interval_max_s;
    }
    return longest_s;
}

uint64_t members_budget_per_s(const struct members *members, uint32_t own_per_s, uint64_t now_ms) {
    uint64_t budget_per_s = own_per_s;
    for (size_t i = 0; i < members->count; i++) {
        if (member_is_alive(&members->list[i], now_ms))
            budget_per_s += members->list[i].budget_per_s;
    }
    return budget_per_s;
}
