/* Checks that an announce URL works as clients use it: in each family, from the right address, and
 * that its name leads to this machine. */
#ifndef SKEP_CTL_DOCTOR_URL_CHECKS_H
#define SKEP_CTL_DOCTOR_URL_CHECKS_H

#include "ctl/doctor/findings.h"
#include "ctl/tracker_client.h"

/* Sends a scrape, which changes nothing, in each family of the host. `local`: the tracker runs on
 * this machine, so its name should lead to an address of it. */
void url_checks_run(const char *url, const struct tracker_client_options *options, bool local,
                    struct findings *findings);

#endif
