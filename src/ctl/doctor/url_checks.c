#include "ctl/doctor/url_checks.h"

#include <ifaddrs.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/random.h"
#include "ctl/udp_session.h"
#include "wire/tracker_url.h"

enum { DAY_S = 24 * 60 * 60, CERTIFICATE_WARNING_S = 14 * DAY_S };

static const struct {
    enum family family;
    int ai_family;
    const char *name;
} families[] = {
    { FAMILY_V4, AF_INET, "IPv4" },
    { FAMILY_V6, AF_INET6, "IPv6" },
};

/* The URL, and what is done with it. */
struct url_check {
    const char *text;
    struct tracker_url url;
    const struct tracker_client_options *options;
    bool local;
    struct findings *findings;
};

static const char *check_name(const struct url_check *check) {
    static const char *const names[] = {
        [TRACKER_HTTP] = "http", [TRACKER_HTTPS] = "https", [TRACKER_UDP] = "udp"
    };
    return names[check->url.scheme];
}

static bool is_own_address(const struct endpoint *address) {
    struct ifaddrs *all = NULL;
    bool own = false;
    if (getifaddrs(&all) != 0)
        return true;
    for (const struct ifaddrs *at = all; at != NULL && !own; at = at->ifa_next) {
        const bool is_ip = at->ifa_addr != NULL && (at->ifa_addr->sa_family == AF_INET ||
                                                    at->ifa_addr->sa_family == AF_INET6);
        const struct endpoint interface =
            is_ip ? endpoint_from_sockaddr(at->ifa_addr) : (struct endpoint){ 0 };
        own = is_ip && endpoint_same_address(&interface, address);
    }
    freeifaddrs(all);
    return own;
}

/* A proxy or a port forwarded by the router is right, so this is a warning only. */
static void check_destination(const struct url_check *check, const struct addrinfo *list) {
    for (; list != NULL; list = list->ai_next) {
        const struct endpoint address = endpoint_from_sockaddr(list->ai_addr);
        char text[ENDPOINT_TEXT_LEN];
        if (endpoint_is_loopback(&address) || is_own_address(&address))
            continue;
        endpoint_address_text(&address, text);
        findings_add(check->findings, FINDING_WARNING, "name",
                     "correct the DNS record, unless a router or a proxy at that address forwards "
                     "to skepd",
                     "%s leads to %s, which is not an address of this machine", check->text, text);
    }
}

static const char *fix_for(const struct url_check *check, const char *failure) {
    if (check->url.scheme == TRACKER_HTTPS &&
        (strstr(failure, "ertificate") != NULL || strstr(failure, "SSL") != NULL))
        return "renew the certificate for this name and run systemctl reload skepd; --cacert names "
               "the certificate of a private authority";
    if (check->url.scheme == TRACKER_UDP)
        return "open the port for UDP in firewall and router, and check udp in skepd.conf";
    return "open the port for TCP in firewall and router, and check http and https in skepd.conf";
}

static void ignore_counts(void *context, const struct scrape_counts *counts) {
    (void)context;
    (void)counts;
}

static void report_failure(const struct url_check *check, const char *family, const char *failure) {
    char source[ENDPOINT_TEXT_LEN];
    const enum family only = check->options->http.family;
    if (check->url.scheme == TRACKER_UDP && udp_session_find_source(&check->url, only, source))
        findings_add(check->findings, FINDING_FAULT, "udp",
                     "clients ignore such replies: make NAT or routing keep the address, or set "
                     "http.listen to it",
                     "%s replies over %s, but from %s", check->text, family, source);
    else
        findings_add(check->findings, FINDING_FAULT, check_name(check), fix_for(check, failure),
                     "%s does not answer over %s: %s", check->text, family, failure);
}

static void check_expiry(const struct url_check *check, int64_t expires_s) {
    const int64_t left_s = expires_s - (int64_t)time(NULL);
    if (expires_s != 0 && left_s < CERTIFICATE_WARNING_S)
        findings_add(
            check->findings, FINDING_WARNING, "https", "renew it and run systemctl reload skepd",
            "the certificate of %s expires in %" PRId64 " days", check->text, left_s / DAY_S);
}

static void check_family(const struct url_check *check, const char *family) {
    uint8_t hash[1][INFO_HASH_LEN] = { { 0 } };
    struct tracker_client *client = tracker_client_open(check->text, check->options);
    if (client == NULL || !random_secret(hash, sizeof hash)) {
        tracker_client_close(client);
        return;
    }
    const enum status status = tracker_client_scrape(client, (const uint8_t(*)[INFO_HASH_LEN])hash,
                                                     1, ignore_counts, NULL);
    if (status == STATUS_GOOD)
        findings_add(check->findings, FINDING_GOOD, check_name(check), NULL,
                     "%s answers over %s at %s in %.2f ms", check->text, family,
                     tracker_client_address(client), (double)tracker_client_took_us(client) / 1000);
    else if (status == STATUS_REFUSED)
        findings_add(check->findings, FINDING_GOOD, check_name(check), NULL,
                     "%s answers over %s and rejects this client: %s", check->text, family,
                     tracker_client_failure(client));
    else
        report_failure(check, family, tracker_client_failure(client));
    check_expiry(check, tracker_client_certificate_expires_s(client));
    tracker_client_close(client);
}

void url_checks_run(const char *url, const struct tracker_client_options *options, bool local,
                    struct findings *findings) {
    struct url_check check = { .text = url, .local = local, .findings = findings };
    const char *error = tracker_url_parse(bytes_of(url), &check.url);
    bool found = false;
    if (error != NULL) {
        findings_add(findings, FINDING_FAULT, "url", NULL, "%s: %s", url, error);
        return;
    }
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        const struct addrinfo hints = { .ai_family = families[i].ai_family,
                                        .ai_socktype = SOCK_STREAM };
        struct tracker_client_options only = *options;
        struct addrinfo *list = NULL;
        only.http.family = families[i].family;
        check.options = &only;
        const bool wanted =
            (options->http.family == FAMILY_NONE || options->http.family == families[i].family) &&
            (check.url.family == FAMILY_NONE || check.url.family == families[i].family);
        if (!wanted || getaddrinfo(check.url.host, NULL, &hints, &list) != 0)
            continue;
        found = true;
        if (local)
            check_destination(&check, list);
        freeaddrinfo(list);
        check_family(&check, families[i].name);
    }
    if (!found)
        findings_add(findings, FINDING_FAULT, "name", "add a DNS record for it",
                     "%s: no address for the name %s", url, check.url.host);
}
