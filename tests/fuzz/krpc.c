/* A packet between DHT nodes: what is read lies within it; a message that is written again is read
 * as the same one; nodes and values are taken to their end. */
#include "dht/krpc.h"

#include <assert.h>
#include <stdlib.h>

#include "fuzz.h"

static void assert_within(struct bytes part, struct bytes all) {
    assert(part.len == 0 || (part.data >= all.data && part.data + part.len <= all.data + all.len));
}

static void check_lists(const struct krpc_message *message) {
    struct bytes nodes = message->nodes;
    struct bytes nodes6 = message->nodes6;
    struct bytes values = message->values;
    struct node_contact node;
    struct endpoint peer;
    while (krpc_take_node(&nodes, FAMILY_V4, &node))
        assert(node.endpoint.family == FAMILY_V4);
    while (krpc_take_node(&nodes6, FAMILY_V6, &node))
        assert(node.endpoint.family != FAMILY_NONE);
    assert(nodes.len == 0 && nodes6.len == 0);
    while (krpc_take_value(&values, &peer))
        assert(peer.family != FAMILY_NONE);
}

static void check_written(const struct krpc_message *message) {
    uint8_t once[KRPC_MESSAGE_MAX];
    uint8_t twice[KRPC_MESSAGE_MAX];
    struct krpc_message again;
    const size_t len = krpc_write(once, sizeof once, message);
    if (len == 0)
        return;
    assert(krpc_read((struct bytes){ once, len }, &again));
    assert(again.kind == message->kind && again.method == message->method);
    assert(message->kind != KRPC_QUERY || message->error != 0 || again.error == 0);
    assert(krpc_write(twice, sizeof twice, &again) == len && memcmp(once, twice, len) == 0);
}

FUZZ_TARGET(krpc, 1) {
    /* A buffer of the exact size, so that a sanitizer sees a read past its end. */
    uint8_t *copy = malloc(size + 1);
    assert(copy != NULL);
    memcpy(copy, data, size);
    const struct bytes packet = { .data = copy, .len = size };
    struct krpc_message message;
    if (krpc_read(packet, &message)) {
        const struct bytes slices[] = { message.transaction, message.ip,     message.token,
                                        message.nodes,       message.nodes6, message.values };
        for (size_t i = 0; i < sizeof slices / sizeof *slices; i++)
            assert_within(slices[i], packet);
        assert(message.transaction.len > 0);
        check_lists(&message);
        check_written(&message);
    }
    free(copy);
}
