#include "cluster/stream_lag.h"

void stream_lag_begin(struct stream_lag *lag, const struct engine_stream *stream) {
    lag->read = stream->ever_added > stream->length ? stream->ever_added - stream->length : 0;
}

/* Entries that were trimmed before they were read do not count. */
uint64_t stream_lag_entries(struct stream_lag *lag, const struct engine_stream *stream,
                            bool at_end) {
    if (at_end || lag->read > stream->ever_added)
        lag->read = stream->ever_added;
    if (stream->ever_added - lag->read > stream->length)
        stream_lag_begin(lag, stream);
    return stream->ever_added - lag->read;
}

/* Before the first entry, a position has no time. */
uint64_t stream_lag_ms(struct stream_id position, struct stream_id last, uint64_t since_end_ms) {
    if (!stream_id_before(position, last) || (position.ms == 0 && since_end_ms == UINT64_MAX))
        return 0;
    return position.ms == 0 || since_end_ms < last.ms - position.ms ? since_end_ms
                                                                    : last.ms - position.ms;
}
