#include <stdlib.h>
#include <string.h>

#include "store/registry_rows.h"
#include "swarm/tracker.h"
#include "web/api/api_request.h"

struct registry *api_registry(const struct api_request *request) {
    return tracker_registry(request->api->tracker);
}

json_t *api_machine(const struct api_request *request, const struct endpoint *address) {
    char name[REGISTRY_TEXT_LEN];
    registry_find_machine(api_registry(request), address, name);
    return api_text_or_null(name);
}

static uint8_t *read_stored_file(const struct api_request *request, const uint8_t *info_hash,
                                 size_t *len) {
    const char *database = request->api->database;
    char error[ERROR_LEN];
    uint8_t *file = NULL;
    struct registry_rows *rows =
        database == NULL ? NULL : registry_rows_open(database, REGISTRY_SHORT_TIMEOUT_MS, error);
    if (rows != NULL && !registry_rows_read_file(rows, info_hash, &file, len))
        file = NULL;
    registry_rows_close(rows);
    return file;
}

uint8_t *api_read_file(const struct api_request *request,
                       const uint8_t info_hash[static INFO_HASH_LEN], size_t *len) {
    struct registry_row row = { .kind = REGISTRY_TORRENT };
    uint8_t *file = NULL;
    memcpy(row.info_hash, info_hash, INFO_HASH_LEN);
    if (registry_find(api_registry(request), &row) && row.file_id != 0 && row.file_node == 0)
        file = read_stored_file(request, info_hash, len);
    return file != NULL ? file : torrent_dir_read(request->api->torrent_dir, info_hash, len);
}

enum api_file_node api_find_file_node(const struct api_request *request,
                                      const uint8_t info_hash[static INFO_HASH_LEN],
                                      char name[static CLUSTER_NAME_LEN]) {
    static const enum api_file_node places[] = {
        [CLUSTER_NODE_UNKNOWN] = API_FILE_AT_UNKNOWN_NODE,
        [CLUSTER_NODE_AWAY] = API_FILE_AT_AWAY_NODE,
        [CLUSTER_NODE_ALIVE] = API_FILE_AT_ALIVE_NODE,
    };
    struct registry_row row = { .kind = REGISTRY_TORRENT };
    memcpy(row.info_hash, info_hash, INFO_HASH_LEN);
    if (request->api->cluster == NULL || !registry_find(api_registry(request), &row) ||
        row.file_node == 0)
        return API_FILE_HERE;
    return places[cluster_name_node(request->api->cluster, row.file_node, name)];
}

void api_send_no_database(struct web_response *response) {
    api_send_error(response, 503, "store_disabled",
                   "No database: persistence is disabled (store.enabled = false).");
}

struct registry_edit *api_begin_edit(const struct api_request *request,
                                     struct web_response *response) {
    struct registry *registry = api_registry(request);
    struct registry_edit *edit = NULL;
    if (!registry_has_writer(registry)) {
        api_send_no_database(response);
        return NULL;
    }
    edit = registry_edit_begin(registry);
    if (edit == NULL)
        api_send_out_of_memory(response);
    return edit;
}

void api_abort_edit(struct registry_edit *edit, struct web_response *response) {
    registry_edit_abort(edit);
    api_send_out_of_memory(response);
}

static void notify_when_settled(void *subject, void (*ready)(void *context), void *context) {
    registry_edit_notify(subject, ready, context);
}

static void drop_body(struct web_response *response) {
    if (response->owned)
        free((void *)(uintptr_t)response->body);
    *response = (struct web_response){ .kind = response->kind, .headers = response->headers };
}

static void finish_edit(void *subject, struct web_response *response) {
    char reason[ERROR_LEN];
    response->pending.subject = NULL;
    const enum registry_state state = registry_edit_state(subject, reason);
    if (state == REGISTRY_LOCKED) {
        drop_body(response);
        api_send_error(response, 503, "store_busy", "The change was not saved: %s.", reason);
        response->retry_after = "1";
    } else if (state == REGISTRY_FAILED) {
        drop_body(response);
        api_send_error(response, 503, "store_failed", "The change was not saved: %s.", reason);
    }
    registry_edit_release(subject);
}

void api_submit_edit(struct registry_edit *edit, struct web_response *response) {
    registry_edit_submit(edit);
    response->pending = (struct web_pending){
        .notify = notify_when_settled,
        .finish = finish_edit,
        .subject = edit,
    };
}

void api_remove_row(struct registry_edit *edit, const struct registry_row *row, const char *what,
                    struct web_response *response) {
    bool found;
    if (!registry_edit_remove(edit, row, &found)) {
        api_abort_edit(edit, response);
        return;
    }
    api_send_deleted(response, found, what);
    if (found)
        api_submit_edit(edit, response);
    else
        registry_edit_abort(edit);
}
