#include "dht/lookup.h"

#include <string.h>

void lookup_init(struct lookup *lookup, uint32_t number, uint8_t family,
                 const uint8_t target[static NODE_ID_LEN], uint64_t now_ms) {
    memset(lookup, 0, sizeof *lookup);
    lookup->number = number;
    lookup->family = family;
    lookup->start_ms = now_ms;
    memcpy(lookup->target, target, NODE_ID_LEN);
}

static bool is_same_node(const struct candidate *candidate, const struct endpoint *endpoint) {
    if (node_id_exempt(endpoint))
        return endpoint_equal(&candidate->contact.endpoint, endpoint);
    return endpoint_same_address(&candidate->contact.endpoint, endpoint);
}

static struct candidate *find_node(struct lookup *lookup, const struct endpoint *endpoint) {
    for (uint32_t i = 0; i < lookup->count; i++) {
        if (is_same_node(&lookup->candidates[i], endpoint))
            return &lookup->candidates[i];
    }
    return NULL;
}

static void remove_at(struct lookup *lookup, uint32_t at) {
    struct candidate *candidate = &lookup->candidates[at];
    lookup->sources[candidate->source].candidates[candidate->state]--;
    lookup->count--;
    memmove(candidate, candidate + 1, (lookup->count - at) * sizeof *candidate);
}

static void insert(struct lookup *lookup, const struct candidate *candidate) {
    uint32_t at = lookup->count;
    while (at > 0 && node_id_compare(lookup->target, candidate->contact.id,
                                     lookup->candidates[at - 1].contact.id) < 0)
        at--;
    if (at == LOOKUP_CANDIDATES)
        return;
    if (lookup->count == LOOKUP_CANDIDATES)
        remove_at(lookup, LOOKUP_CANDIDATES - 1);
    memmove(&lookup->candidates[at + 1], &lookup->candidates[at],
            (lookup->count - at) * sizeof *candidate);
    lookup->candidates[at] = *candidate;
    lookup->sources[candidate->source].candidates[candidate->state]++;
    lookup->count++;
}

/* Our own table is a source that is trusted. */
static bool is_passed_over(const struct lookup *lookup, uint8_t number) {
    const uint8_t *candidates = lookup->sources[number].candidates;
    const int failed = candidates[CANDIDATE_SLOW] + candidates[CANDIDATE_FAILED];
    return number != 0 && failed >= LOOKUP_SOURCE_FAILS * (1 + candidates[CANDIDATE_REPLIED]);
}

static bool must_wait(const struct lookup *lookup, uint8_t number) {
    const uint8_t *candidates = lookup->sources[number].candidates;
    return number != 0 && candidates[CANDIDATE_REPLIED] == 0 && candidates[CANDIDATE_ASKED] > 0;
}

void lookup_add(struct lookup *lookup, const struct node_contact *contact, uint8_t source) {
    const struct candidate candidate = { .contact = *contact, .source = source };
    if (contact->endpoint.family != lookup->family)
        return;
    const struct candidate *known = find_node(lookup, &contact->endpoint);
    if (known != NULL && (known->state != CANDIDATE_NEW || !is_passed_over(lookup, known->source)))
        return;
    if (known != NULL)
        remove_at(lookup, (uint32_t)(known - lookup->candidates));
    insert(lookup, &candidate);
}

void lookup_add_unknown(struct lookup *lookup, const struct endpoint *endpoint) {
    struct node_contact contact = { .endpoint = *endpoint };
    for (size_t i = 0; i < NODE_ID_LEN; i++)
        contact.id[i] = (uint8_t)~lookup->target[i];
    lookup_add(lookup, &contact, 0);
}

static void set_state(struct lookup *lookup, struct candidate *candidate, uint8_t state) {
    struct lookup_source *source = &lookup->sources[candidate->source];
    source->candidates[candidate->state]--;
    source->candidates[state]++;
    candidate->state = state;
}

static uint32_t note_slow_ones(struct lookup *lookup, uint32_t at_ms) {
    uint32_t asked = 0;
    for (uint32_t i = 0; i < lookup->count; i++) {
        struct candidate *candidate = &lookup->candidates[i];
        if (candidate->state != CANDIDATE_ASKED)
            continue;
        if (at_ms - candidate->asked_ms >= LOOKUP_SLOW_MS)
            set_state(lookup, candidate, CANDIDATE_SLOW);
        else
            asked++;
    }
    return asked;
}

static uint32_t count_replied(const struct lookup *lookup) {
    uint32_t replied = 0;
    for (uint32_t i = 0; i < lookup->count; i++)
        replied += lookup->candidates[i].state == CANDIDATE_REPLIED;
    return replied;
}

/* Nodes of sources that fail are asked in the end if there are too few others. */
static bool is_wanted(const struct lookup *lookup, const struct candidate *candidate, bool few) {
    return candidate->state == CANDIDATE_NEW && (few || !is_passed_over(lookup, candidate->source));
}

/* The closest one to ask, among those that are not farther than the eight closest that replied. */
static struct candidate *find_next(struct lookup *lookup, bool few) {
    uint32_t replied = 0;
    for (uint32_t i = 0; i < lookup->count && replied < LOOKUP_CLOSEST; i++) {
        struct candidate *candidate = &lookup->candidates[i];
        replied += candidate->state == CANDIDATE_REPLIED;
        if (is_wanted(lookup, candidate, few) && !must_wait(lookup, candidate->source))
            return candidate;
    }
    return NULL;
}

const struct candidate *lookup_next(struct lookup *lookup, uint64_t now_ms) {
    const uint32_t at_ms = (uint32_t)(now_ms - lookup->start_ms);
    const uint32_t waiting = note_slow_ones(lookup, at_ms);
    if (waiting >= LOOKUP_PARALLEL || lookup->asked == LOOKUP_ASKED_MAX)
        return NULL;
    struct candidate *next = find_next(lookup, false);
    if (next == NULL && waiting == 0 && count_replied(lookup) < LOOKUP_CLOSEST)
        next = find_next(lookup, true);
    if (next == NULL)
        return NULL;
    set_state(lookup, next, CANDIDATE_ASKED);
    next->asked_ms = at_ms;
    lookup->asked++;
    return next;
}

static uint32_t find_candidate(const struct lookup *lookup, const struct endpoint *endpoint) {
    uint32_t at = 0;
    while (at < lookup->count &&
           !endpoint_equal(&lookup->candidates[at].contact.endpoint, endpoint))
        at++;
    return at;
}

uint8_t lookup_replied(struct lookup *lookup, const struct node_contact *from) {
    const uint32_t at = find_candidate(lookup, &from->endpoint);
    if (lookup->answered < LOOKUP_ASKED_MAX)
        lookup->answered++;
    if (at < lookup->count) {
        struct candidate candidate = lookup->candidates[at];
        remove_at(lookup, at);
        /* An id that the address may not have would move the node next to the target. */
        if (node_id_valid(from->id, &from->endpoint))
            candidate.contact = *from;
        candidate.state = CANDIDATE_REPLIED;
        insert(lookup, &candidate);
    }
    return (uint8_t)lookup->answered;
}

void lookup_failed(struct lookup *lookup, const struct endpoint *endpoint) {
    const uint32_t at = find_candidate(lookup, endpoint);
    if (at < lookup->count)
        set_state(lookup, &lookup->candidates[at], CANDIDATE_FAILED);
}

bool lookup_is_over(const struct lookup *lookup, uint64_t now_ms) {
    const bool few = count_replied(lookup) < LOOKUP_CLOSEST;
    uint32_t replied = 0;
    if (now_ms - lookup->start_ms >= LOOKUP_TIME_MAX_MS)
        return true;
    for (uint32_t i = 0; i < lookup->count && replied < LOOKUP_CLOSEST; i++) {
        const struct candidate *candidate = &lookup->candidates[i];
        if (candidate->state == CANDIDATE_ASKED || candidate->state == CANDIDATE_SLOW)
            return false;
        if (is_wanted(lookup, candidate, few) && lookup->asked < LOOKUP_ASKED_MAX)
            return false;
        replied += candidate->state == CANDIDATE_REPLIED;
    }
    return true;
}

uint64_t lookup_due_ms(const struct lookup *lookup) {
    uint64_t due_ms = lookup->start_ms + LOOKUP_TIME_MAX_MS;
    for (uint32_t i = 0; i < lookup->count; i++) {
        const struct candidate *candidate = &lookup->candidates[i];
        const uint64_t slow_ms = lookup->start_ms + candidate->asked_ms + LOOKUP_SLOW_MS;
        if (candidate->state == CANDIDATE_ASKED && slow_ms < due_ms)
            due_ms = slow_ms;
    }
    return due_ms;
}
