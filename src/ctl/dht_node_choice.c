#include "ctl/dht_node_choice.h"

#include <stdio.h>

#include "ctl/announce_url_choice.h"
#include "ctl/api_client.h"

/* "HOST:PORT" or "[ADDRESS]:PORT" */
static bool parse_node(const char *text, struct dht_node_choice *choice) {
    const char *colon = strrchr(text, ':');
    uint64_t port;
    if (colon == NULL || !bytes_to_u64(bytes_of(colon + 1), &port) || port == 0 ||
        port > UINT16_MAX)
        return false;
    size_t len = (size_t)(colon - text);
    if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    } else if (memchr(text, ':', len) != NULL) {
        return false;
    }
    if (len == 0 || len >= DHT_NODE_HOST_LEN)
        return false;
    memcpy(choice->host, text, len);
    choice->host[len] = '\0';
    choice->port = (uint16_t)port;
    return true;
}

static enum status read_port(const struct command_line *line, struct dht_node_choice *choice) {
    json_t *dht;
    const enum status status = api_client_fetch_once(line, "dht", &dht);
    if (status != STATUS_GOOD)
        return status;
    const bool running = json_is_true(json_object_get(dht, "running"));
    choice->port = (uint16_t)api_client_number(dht, "port");
    json_decref(dht);
    return running ? STATUS_GOOD
                   : output_fail(STATUS_REFUSED, "skepd runs no DHT node; pass --node HOST:PORT");
}

static enum status read_host(const struct command_line *line, struct dht_node_choice *choice) {
    struct announce_url_choice urls;
    const enum status status = announce_url_choice_find(line, false, &urls);
    if (status == STATUS_GOOD)
        snprintf(choice->host, sizeof choice->host, "%s", announce_url_choice_host(&urls));
    announce_url_choice_free(&urls);
    return status;
}

enum status dht_node_choice_find(const struct command_line *line, const char *given,
                                 struct dht_node_choice *choice) {
    if (given != NULL)
        return parse_node(given, choice)
                   ? STATUS_GOOD
                   : output_fail(STATUS_FAULT, "--node must be HOST:PORT, not \"%s\"", given);
    const enum status status = read_port(line, choice);
    return status == STATUS_GOOD ? read_host(line, choice) : status;
}

void dht_node_choice_text(const struct dht_node_choice *choice,
                          char text[static DHT_NODE_TEXT_LEN]) {
    const bool v6 = strchr(choice->host, ':') != NULL;
    text[0] = '\0';
    if (choice->host[0] != '\0')
        snprintf(text, DHT_NODE_TEXT_LEN, "%s%s%s:%u", v6 ? "[" : "", choice->host, v6 ? "]" : "",
                 choice->port);
}
