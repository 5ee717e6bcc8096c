#include "web/views/torrent_query.h"

#include <string.h>

bool torrent_query_equal(const struct torrent_query *a, const struct torrent_query *b) {
    return a->show == b->show && a->sort == b->sort && a->descending == b->descending &&
           strcmp(a->search, b->search) == 0;
}
