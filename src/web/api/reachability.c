/* Reachability of peers, as far as the prober has checked it. */
#include "web/api/api_request.h"

struct reach_state api_reach(const struct api_request *request, const struct endpoint *peer) {
    const struct reach_state unknown = { .reach = REACH_UNKNOWN };
    struct prober *prober = request->api->prober;
    return prober == NULL ? unknown : prober_state(prober, peer);
}
