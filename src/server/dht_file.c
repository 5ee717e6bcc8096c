#include "server/dht_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bencode.h"

enum {
    CONTACT_V4_LEN = NODE_ID_LEN + ENDPOINT_V4_LEN,
    CONTACT_V6_LEN = NODE_ID_LEN + ENDPOINT_V6_LEN,
    FILE_MAX = DHT_SAVED_NODES_MAX * CONTACT_V6_LEN + 200,
};

static void take_nodes(const struct bencode_value *dict, const char *key, uint8_t family,
                       struct dht_saved *state) {
    const size_t len = NODE_ID_LEN + endpoint_len(family);
    struct bencode_value nodes;
    if (!bencode_find(dict, key, BENCODE_STRING, &nodes))
        return;
    for (size_t at = 0; at + len <= nodes.inside.len && state->count < DHT_SAVED_NODES_MAX;
         at += len) {
        struct node_contact *node = &state->nodes[state->count++];
        memcpy(node->id, nodes.inside.data + at, NODE_ID_LEN);
        node->endpoint = endpoint_from_wire(family, nodes.inside.data + at + NODE_ID_LEN);
    }
}

static void take_id(const struct bencode_value *dict, const char *key,
                    uint8_t id[static NODE_ID_LEN]) {
    struct bencode_value value;
    if (bencode_find(dict, key, BENCODE_STRING, &value) && value.inside.len == NODE_ID_LEN)
        memcpy(id, value.inside.data, NODE_ID_LEN);
}

bool dht_file_load(const char *path, struct dht_saved *state, char error[static ERROR_LEN]) {
    static const char shown[] = "cannot read %.300s: %s";
    uint8_t data[FILE_MAX];
    struct bencode_value dict;
    memset(state, 0, sizeof *state);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || error_set(error, shown, path, strerror(errno));
    const ssize_t len = read(fd, data, sizeof data);
    close(fd);
    if (len < 0)
        return error_set(error, shown, path, strerror(errno));
    struct bytes rest = { data, (size_t)len };
    if (!bencode_take(&rest, &dict) || dict.kind != BENCODE_DICT)
        return error_set(error, shown, path, "invalid content");
    take_id(&dict, "id", state->id);
    take_id(&dict, "id6", state->id6);
    take_nodes(&dict, "nodes", FAMILY_V4, state);
    take_nodes(&dict, "nodes6", FAMILY_V6, state);
    return true;
}

static void put_nodes(struct writer *w, const char *key, const struct dht_saved *state,
                      uint8_t family) {
    uint8_t packed[DHT_SAVED_NODES_MAX * CONTACT_V6_LEN];
    struct writer nodes = writer_on(packed, sizeof packed);
    for (size_t i = 0; i < state->count; i++) {
        const struct node_contact *node = &state->nodes[i];
        if (node->endpoint.family != family)
            continue;
        writer_put(&nodes, node->id, NODE_ID_LEN);
        writer_put(&nodes, node->endpoint.wire, endpoint_len(family));
    }
    bencode_put_string_entry(w, key, packed, nodes.len);
}

/* Not synced: the nodes are only a help. */
static bool write_file(const char *path, struct bytes data) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    const bool written = write(fd, data.data, data.len) == (ssize_t)data.len;
    return (close(fd) == 0) && written;
}

bool dht_file_save(const char *path, const struct dht_saved *state, char error[static ERROR_LEN]) {
    uint8_t data[FILE_MAX];
    char new_path[PATH_MAX];
    struct writer w = writer_on(data, sizeof data);
    bencode_open_dict(&w);
    bencode_put_string_entry(&w, "id", state->id, NODE_ID_LEN);
    bencode_put_string_entry(&w, "id6", state->id6, NODE_ID_LEN);
    put_nodes(&w, "nodes", state, FAMILY_V4);
    put_nodes(&w, "nodes6", state, FAMILY_V6);
    bencode_close(&w);
    snprintf(new_path, sizeof new_path, "%s.new", path);
    if (!w.failed && write_file(new_path, (struct bytes){ data, w.len }) &&
        rename(new_path, path) == 0)
        return true;
    return error_set(error, "cannot write %.300s: %s", path, strerror(errno));
}
