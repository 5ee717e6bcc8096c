#include "dht/krpc.h"

#include "base/bencode.h"

static const char *const method_names[] = { "ping", "find_node", "get_peers", "announce_peer" };

static bool is_string(const struct bencode_value *value) {
    return value->kind == BENCODE_STRING;
}

static bool read_id(const struct bencode_value *value, uint8_t id[static NODE_ID_LEN]) {
    if (!is_string(value) || value->inside.len != NODE_ID_LEN)
        return false;
    memcpy(id, value->inside.data, NODE_ID_LEN);
    return true;
}

static unsigned read_want(const struct bencode_value *value) {
    unsigned want = 0;
    struct bytes rest = value->inside;
    struct bencode_value family;
    while (value->kind == BENCODE_LIST && bencode_take(&rest, &family)) {
        if (is_string(&family) && bytes_equal(family.inside, bytes_of("n4")))
            want |= KRPC_WANT_V4;
        if (is_string(&family) && bytes_equal(family.inside, bytes_of("n6")))
            want |= KRPC_WANT_V6;
    }
    return want;
}

/* Which of the arguments that a method needs are there. */
struct present {
    bool id, info_hash, target;
};

static void read_argument(struct bytes key, const struct bencode_value *value,
                          struct krpc_message *message, struct present *present) {
    if (bytes_equal(key, bytes_of("id")))
        present->id = read_id(value, message->id);
    else if (bytes_equal(key, bytes_of("info_hash")) && message->method != KRPC_FIND_NODE)
        present->info_hash = read_id(value, message->target);
    else if (bytes_equal(key, bytes_of("target")) && message->method == KRPC_FIND_NODE)
        present->target = read_id(value, message->target);
    else if (bytes_equal(key, bytes_of("want")))
        message->want = read_want(value);
    else if (bytes_equal(key, bytes_of("implied_port")) && value->kind == BENCODE_NUMBER)
        message->implied_port = value->number != 0;
    else if (bytes_equal(key, bytes_of("port")) && value->kind == BENCODE_NUMBER)
        message->port =
            value->number > 0 && value->number <= UINT16_MAX ? (uint16_t)value->number : 0;
    else if (bytes_equal(key, bytes_of("token")) && is_string(value))
        message->token = value->inside;
}

/* The error that answers the query, or 0. */
static int64_t query_error(const struct krpc_message *query, const struct present *present) {
    switch (query->method) {
    case KRPC_PING:
        return 0;
    case KRPC_FIND_NODE:
        return present->target ? 0 : KRPC_PROTOCOL_ERROR;
    case KRPC_GET_PEERS:
        return present->info_hash ? 0 : KRPC_PROTOCOL_ERROR;
    case KRPC_ANNOUNCE_PEER:
        return present->info_hash && query->token.len > 0 &&
                       (query->implied_port || query->port != 0)
                   ? 0
                   : KRPC_PROTOCOL_ERROR;
    case KRPC_METHODS:
        break;
    }
    return KRPC_METHOD_UNKNOWN;
}

static enum krpc_method read_method(struct bytes name) {
    unsigned method = 0;
    while (method < KRPC_METHODS && !bytes_equal(name, bytes_of(method_names[method])))
        method++;
    return (enum krpc_method)method;
}

static bool read_query(const struct bencode_value *packet, struct krpc_message *message) {
    struct bencode_value method, arguments, value;
    struct bytes key;
    struct present present = { 0 };
    if (!bencode_find(packet, "q", BENCODE_STRING, &method) ||
        !bencode_find(packet, "a", BENCODE_DICT, &arguments))
        return false;
    message->method = read_method(method.inside);
    message->read_only = bencode_find(packet, "ro", BENCODE_NUMBER, &value) && value.number != 0;
    struct bytes rest = arguments.inside;
    while (bencode_take_entry(&rest, &key, &value))
        read_argument(key, &value, message, &present);
    message->error = query_error(message, &present);
    return present.id;
}

static struct bytes whole_items(struct bytes list, size_t item_len) {
    return (struct bytes){ .data = list.data, .len = list.len - list.len % item_len };
}

static bool read_reply(const struct bencode_value *packet, struct krpc_message *message) {
    struct bencode_value reply, value;
    struct bytes key;
    bool has_id = false;
    if (!bencode_find(packet, "r", BENCODE_DICT, &reply))
        return false;
    if (bencode_find(packet, "ip", BENCODE_STRING, &value) &&
        (value.inside.len == ENDPOINT_V4_LEN || value.inside.len == ENDPOINT_V6_LEN))
        message->ip = value.inside;
    struct bytes rest = reply.inside;
    while (bencode_take_entry(&rest, &key, &value)) {
        if (bytes_equal(key, bytes_of("id")))
            has_id = read_id(&value, message->id);
        else if (bytes_equal(key, bytes_of("nodes")) && is_string(&value))
            message->nodes = whole_items(value.inside, NODE_ID_LEN + ENDPOINT_V4_LEN);
        else if (bytes_equal(key, bytes_of("nodes6")) && is_string(&value))
            message->nodes6 = whole_items(value.inside, NODE_ID_LEN + ENDPOINT_V6_LEN);
        else if (bytes_equal(key, bytes_of("values")) && value.kind == BENCODE_LIST)
            message->values = value.inside;
        else if (bytes_equal(key, bytes_of("token")) && is_string(&value) &&
                 value.inside.len <= KRPC_TOKEN_MAX)
            message->token = value.inside;
    }
    return has_id;
}

/* A list of code and text. */
static bool read_error(const struct bencode_value *packet, struct krpc_message *message) {
    struct bencode_value list, code;
    if (!bencode_find(packet, "e", BENCODE_LIST, &list))
        return false;
    struct bytes rest = list.inside;
    if (!bencode_take(&rest, &code) || code.kind != BENCODE_NUMBER)
        return false;
    message->error = code.number;
    return true;
}

bool krpc_read(struct bytes packet, struct krpc_message *message) {
    struct krpc_message parsed = { .kind = KRPC_QUERY };
    struct bencode_value dict, transaction, kind;
    if (!bencode_take(&packet, &dict) || dict.kind != BENCODE_DICT ||
        !bencode_find(&dict, "t", BENCODE_STRING, &transaction) || transaction.inside.len == 0 ||
        transaction.inside.len > KRPC_TRANSACTION_MAX ||
        !bencode_find(&dict, "y", BENCODE_STRING, &kind) || kind.inside.len != 1)
        return false;
    parsed.transaction = transaction.inside;

    bool complete = false;
    switch (kind.inside.data[0]) {
    case 'q':
        complete = read_query(&dict, &parsed);
        break;
    case 'r':
        parsed.kind = KRPC_REPLY;
        complete = read_reply(&dict, &parsed);
        break;
    case 'e':
        parsed.kind = KRPC_ERROR;
        complete = read_error(&dict, &parsed);
        break;
    default:
        break;
    }
    if (complete)
        *message = parsed;
    return complete;
}

static void put_bytes_entry(struct writer *w, const char *key, struct bytes value) {
    if (value.len > 0)
        bencode_put_string_entry(w, key, value.data, value.len);
}

static void put_want(struct writer *w, unsigned want) {
    if (want == 0)
        return;
    bencode_put_text(w, "want");
    bencode_open_list(w);
    if (want & KRPC_WANT_V4)
        bencode_put_text(w, "n4");
    if (want & KRPC_WANT_V6)
        bencode_put_text(w, "n6");
    bencode_close(w);
}

static void put_arguments(struct writer *w, const struct krpc_message *query) {
    const bool announces = query->method == KRPC_ANNOUNCE_PEER;
    bencode_put_text(w, "a");
    bencode_open_dict(w);
    bencode_put_string_entry(w, "id", query->id, NODE_ID_LEN);
    if (announces && query->implied_port)
        bencode_put_number_entry(w, "implied_port", 1);
    if (announces || query->method == KRPC_GET_PEERS)
        bencode_put_string_entry(w, "info_hash", query->target, NODE_ID_LEN);
    if (announces)
        bencode_put_number_entry(w, "port", query->port);
    if (query->method == KRPC_FIND_NODE)
        bencode_put_string_entry(w, "target", query->target, NODE_ID_LEN);
    if (announces)
        put_bytes_entry(w, "token", query->token);
    if (query->method == KRPC_FIND_NODE || query->method == KRPC_GET_PEERS)
        put_want(w, query->want);
    bencode_close(w);
}

static void put_reply(struct writer *w, const struct krpc_message *reply) {
    bencode_put_text(w, "r");
    bencode_open_dict(w);
    bencode_put_string_entry(w, "id", reply->id, NODE_ID_LEN);
    put_bytes_entry(w, "nodes", reply->nodes);
    put_bytes_entry(w, "nodes6", reply->nodes6);
    put_bytes_entry(w, "token", reply->token);
    if (reply->values.len > 0) {
        bencode_put_text(w, "values");
        bencode_open_list(w);
        writer_put(w, reply->values.data, reply->values.len);
        bencode_close(w);
    }
    bencode_close(w);
}

static const char *error_text(int64_t code) {
    switch (code) {
    case KRPC_SERVER_ERROR:
        return "Server Error";
    case KRPC_PROTOCOL_ERROR:
        return "Protocol Error";
    case KRPC_METHOD_UNKNOWN:
        return "Method Unknown";
    default:
        return "Generic Error";
    }
}

static void put_error(struct writer *w, int64_t code) {
    bencode_put_text(w, "e");
    bencode_open_list(w);
    bencode_put_number(w, code > 0 ? (uint64_t)code : KRPC_GENERIC_ERROR);
    bencode_put_text(w, error_text(code));
    bencode_close(w);
}

static bool can_be_written(const struct krpc_message *message) {
    return message->kind != KRPC_QUERY || message->method < KRPC_METHODS;
}

size_t krpc_write(uint8_t *out, size_t capacity, const struct krpc_message *message) {
    static const char *const kinds[] = { "q", "r", "e" };
    struct writer w = writer_on(out, capacity);
    if (!can_be_written(message))
        return 0;
    bencode_open_dict(&w);
    if (message->kind == KRPC_QUERY)
        put_arguments(&w, message);
    if (message->kind == KRPC_ERROR)
        put_error(&w, message->error);
    if (message->kind == KRPC_REPLY) {
        put_bytes_entry(&w, "ip", message->ip);
        put_reply(&w, message);
    }
    if (message->kind == KRPC_QUERY) {
        bencode_put_text_entry(&w, "q", method_names[message->method]);
        if (message->read_only)
            bencode_put_number_entry(&w, "ro", 1);
    }
    put_bytes_entry(&w, "t", message->transaction);
    bencode_put_text_entry(&w, "y", kinds[message->kind]);
    bencode_close(&w);
    return w.failed ? 0 : w.len;
}

bool krpc_take_node(struct bytes *nodes, uint8_t family, struct node_contact *node) {
    const size_t len = NODE_ID_LEN + endpoint_len(family);
    if (nodes->len < len)
        return false;
    memcpy(node->id, nodes->data, NODE_ID_LEN);
    node->endpoint = endpoint_from_wire(family, nodes->data + NODE_ID_LEN);
    *nodes = (struct bytes){ .data = nodes->data + len, .len = nodes->len - len };
    return true;
}

void krpc_put_node(struct writer *nodes, const struct node_contact *node) {
    writer_put(nodes, node->id, NODE_ID_LEN);
    writer_put(nodes, node->endpoint.wire, endpoint_len(node->endpoint.family));
}

bool krpc_take_value(struct bytes *values, struct endpoint *peer) {
    struct bencode_value value;
    while (bencode_take(values, &value)) {
        if (!is_string(&value) ||
            (value.inside.len != ENDPOINT_V4_LEN && value.inside.len != ENDPOINT_V6_LEN))
            continue;
        const bool is_v6 = value.inside.len == ENDPOINT_V6_LEN;
        *peer = endpoint_from_wire(is_v6 ? FAMILY_V6 : FAMILY_V4, value.inside.data);
        return true;
    }
    return false;
}

void krpc_put_value(struct writer *values, const struct endpoint *peer) {
    bencode_put_string(values, peer->wire, endpoint_len(peer->family));
}
