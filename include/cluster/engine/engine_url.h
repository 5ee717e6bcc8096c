/* URLs of engines, the Redis or Valkey servers of a cluster:
 *     redis://USER:PASSWORD@HOST:PORT/DATABASE    unix://USER:PASSWORD@/PATH
 * User, password, port (6379) and database (0) are optional. User and password may be
 * percent-encoded. Pure. */
#ifndef SKEP_CLUSTER_ENGINE_ENGINE_URL_H
#define SKEP_CLUSTER_ENGINE_ENGINE_URL_H

#include "base/bytes.h"

enum {
    ENGINE_PLACE_LEN = 256,
    ENGINE_USER_LEN = 64,
    ENGINE_PASSWORD_LEN = 512,
    ENGINE_URL_TEXT_LEN = ENGINE_PLACE_LEN + ENGINE_USER_LEN + 32,
    ENGINES_MAX = 8,
};

struct engine_url {
    bool is_socket;
    char place[ENGINE_PLACE_LEN]; /* host name, IP address, or path of a Unix socket */
    uint16_t port;
    uint32_t database;
    char user[ENGINE_USER_LEN];         /* empty: the engine's default user */
    char password[ENGINE_PASSWORD_LEN]; /* empty: none */
};

struct engine_urls {
    size_t count;
    struct engine_url list[ENGINES_MAX];
};

/* Returns NULL and fills `*url`, or returns the reason why `text` is not an engine's URL. */
const char *engine_url_parse(struct bytes text, struct engine_url *url);

/* Writes the URL without the password. */
void engine_url_text(const struct engine_url *url, char text[static ENGINE_URL_TEXT_LEN]);

#endif
