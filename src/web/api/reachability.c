/* Reachability of peers, as far as the prober has checked it. */
#include "web/api/api_request.h"

struct reach_state api_reach(const struct api_request *request, const struct endpoint *peer) {
    const struct reach_state unknown = { .reach = REACH_UNKNOWN };
    struct prober *prober = request->api->prober;
    return prober == NULL ? unknown : prober_state(prober, peer);
}

json_t *api_reach_counts(const struct api_request *request, const struct address_row *row) {
    struct endpoint peer = row->address;
    uint32_t counts[REACHES] = { 0 };
    for (size_t i = 0; i < row->port_count; i++) {
        endpoint_set_port(&peer, row->ports[i]);
        counts[api_reach(request, &peer).reach]++;
    }
    return json_pack("{s:o, s:o, s:o}", "open", api_count(counts[REACH_OPEN]), "unreachable",
                     api_count((uint64_t)counts[REACH_REFUSED] + counts[REACH_SILENT]), "unknown",
                     api_count(counts[REACH_UNKNOWN]));
}
