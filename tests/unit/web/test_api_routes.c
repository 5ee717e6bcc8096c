#include "web/api/api.h"

#include <jansson.h>
#include <string.h>

#include "support.h"
#include "web/api/api_request.h"
#include "web/http/assets.h"

enum { ROUTE_LEN = 128, ROUTES_MAX = 100 };

static char described[ROUTES_MAX][ROUTE_LEN];
static size_t described_count;

/* Writes a path and method of the description as api_route has them: "{info_hash}" is "*". */
static void add_described(const char *path, const char *method) {
    char *text = described[described_count++];
    size_t len = 0;
    for (const char *c = method; *c != '\0'; c++)
        text[len++] = (char)(*c - 'a' + 'A');
    text[len++] = ' ';
    for (const char *c = path + 1; *c != '\0'; c++) {
        text[len++] = *c == '{' ? '*' : *c;
        if (*c == '{')
            c = strchr(c, '}');
    }
    text[len] = '\0';
}

static void read_description(void) {
    const struct asset *asset = assets_find(bytes_of("openapi.json"));
    ck_assert_ptr_nonnull(asset);
    json_t *document = json_loadb((const char *)asset->plain.data, asset->plain.len, 0, NULL);
    json_t *paths = json_object_get(document, "paths");
    const char *path;
    const char *method;
    json_t *operations;
    json_t *operation;
    ck_assert(json_is_object(paths));
    json_object_foreach(paths, path, operations) {
        json_object_foreach(operations, method, operation) {
            ck_assert_uint_lt(described_count, ROUTES_MAX);
            add_described(path, method);
        }
    }
    json_decref(document);
}

/* False if the description lacks the route, or it was taken before. */
static bool take_described(const char *route) {
    for (size_t i = 0; i < described_count; i++) {
        if (strcmp(described[i], route) == 0) {
            described[i][0] = '\0';
            return true;
        }
    }
    return false;
}

START_TEST(routes_are_those_of_the_description) {
    size_t count = 0;
    described_count = 0;
    read_description();
    for (size_t i = 0; api_resources[i] != NULL; i++) {
        for (const struct api_route *route = api_resources[i]; route->method != NULL; route++) {
            char text[ROUTE_LEN];
            snprintf(text, sizeof text, "%s %s", route->method, route->path);
            ck_assert_msg(take_described(text), "%s: twice, or not in openapi.json", text);
            count++;
        }
    }
    ck_assert_uint_eq(count, described_count);
}
END_TEST

UNIT_SUITE(api_routes) {
    Suite *suite = suite_create("api_routes");
    TCase *tcase = tcase_create("api_routes");
    tcase_add_test(tcase, routes_are_those_of_the_description);
    suite_add_tcase(suite, tcase);
    return suite;
}
