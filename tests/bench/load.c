/* Load generator: a fixed number of open requests, to loopback only, for a limited time. Prints one
 * JSON object. */
#include <arpa/inet.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

enum { SECONDS_MAX = 600, PEERS_MAX = 50000000, RATE_MAX = 10000000, LOAD_FAILED = 2 };

static const char HELP[] =
    "Usage: load --port N [OPTION]...\n"
    "Send requests to a BitTorrent tracker on this machine and measure rate, latency and CPU "
    "time.\n"
    "\n"
    "  --mode MODE           http-keepalive (default), http-close or udp\n"
    "  --address ADDRESS     tracker's address: in 127.0.0.0/8 (default 127.0.0.1), or ::1\n"
    "  --port N              tracker's port\n"
    "  --server-pid N        process whose CPU time and memory are measured\n"
    "  --seconds S           duration (default 2; with --fill: at most, default 120)\n"
    "  --warmup S            warm-up before it (default 0.2)\n"
    "  --responses N         stop after N responses\n"
    "  --concurrency N       maximum number of open requests (default 64)\n"
    "  --rate N              send N requests per second (default: one for each reply)\n"
    "  --fill                announce `started` once for each peer, then exit\n"
    "  --peers N             number of peers (default 10000)\n"
    "  --first-peer N        number of the first peer (default 0)\n"
    "  --torrents N          number of torrents (default 100)\n"
    "  --shape SHAPE         even (default), one (a single swarm), each (a swarm per peer), zipf\n"
    "  --addresses N         number of source addresses (default 128; IPv6: 1)\n"
    "  --seeders N           percent of peers that are seeders (default 30)\n"
    "  --numwant N           numwant of each announce (default 50)\n"
    "  --peers-max N         accept N peers in a reply (default: numwant)\n"
    "  --mix NAME=PERCENT,.. share of started, completed, stopped, change, scrape and (UDP) "
    "connect;\n"
    "                        others are updates\n"
    "  --wrong-ids PERCENT   share of UDP requests with a wrong connection id (default 0)\n"
    "  --seed N              seed of the request order (default 1)\n"
    "  --states FILE         continue with the peers' states of an earlier run, and keep them "
    "there\n"
    "  --print-hashes        print the info_hashes and exit\n";

enum option_code {
    OPTION_MODE = 256,
    OPTION_ADDRESS,
    OPTION_PORT,
    OPTION_SERVER_PID,
    OPTION_SECONDS,
    OPTION_WARMUP,
    OPTION_RESPONSES,
    OPTION_CONCURRENCY,
    OPTION_RATE,
    OPTION_FILL,
    OPTION_PEERS,
    OPTION_FIRST_PEER,
    OPTION_TORRENTS,
    OPTION_SHAPE,
    OPTION_ADDRESSES,
    OPTION_SEEDERS,
    OPTION_NUMWANT,
    OPTION_PEERS_MAX,
    OPTION_MIX,
    OPTION_WRONG_IDS,
    OPTION_SEED,
    OPTION_STATES,
    OPTION_PRINT_HASHES,
    OPTION_HELP,
};

static const struct option LONG_OPTIONS[] = {
    { "mode", required_argument, NULL, OPTION_MODE },
    { "address", required_argument, NULL, OPTION_ADDRESS },
    { "port", required_argument, NULL, OPTION_PORT },
    { "server-pid", required_argument, NULL, OPTION_SERVER_PID },
    { "seconds", required_argument, NULL, OPTION_SECONDS },
    { "warmup", required_argument, NULL, OPTION_WARMUP },
    { "responses", required_argument, NULL, OPTION_RESPONSES },
    { "concurrency", required_argument, NULL, OPTION_CONCURRENCY },
    { "rate", required_argument, NULL, OPTION_RATE },
    { "fill", no_argument, NULL, OPTION_FILL },
    { "peers", required_argument, NULL, OPTION_PEERS },
    { "first-peer", required_argument, NULL, OPTION_FIRST_PEER },
    { "torrents", required_argument, NULL, OPTION_TORRENTS },
    { "shape", required_argument, NULL, OPTION_SHAPE },
    { "addresses", required_argument, NULL, OPTION_ADDRESSES },
    { "seeders", required_argument, NULL, OPTION_SEEDERS },
    { "numwant", required_argument, NULL, OPTION_NUMWANT },
    { "peers-max", required_argument, NULL, OPTION_PEERS_MAX },
    { "mix", required_argument, NULL, OPTION_MIX },
    { "wrong-ids", required_argument, NULL, OPTION_WRONG_IDS },
    { "seed", required_argument, NULL, OPTION_SEED },
    { "states", required_argument, NULL, OPTION_STATES },
    { "print-hashes", no_argument, NULL, OPTION_PRINT_HASHES },
    { "help", no_argument, NULL, OPTION_HELP },
    { 0 },
};

struct settings {
    struct load_options load;
    const char *states; /* path; NULL: none */
    bool print_hashes;
    bool help;
};

static struct settings defaults(void) {
    return (struct settings){
        .load = {
            .mode = MODE_HTTP_KEEPALIVE,
            .address = "127.0.0.1",
            .warmup_s = 0.2,
            .concurrency = 64,
            .work = {
                .peers = 10000,
                .torrents = 100,
                .shape = SHAPE_EVEN,
                .seeders_percent = 30,
                .numwant = 50,
                .seed = 1,
            },
        },
    };
}

static bool parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value) {
    uint64_t parsed;
    if (!bytes_to_u64(bytes_of(text), &parsed) || parsed < min || parsed > max)
        return false;
    *value = parsed;
    return true;
}

static bool parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *value) {
    uint64_t parsed;
    if (!parse_u64(text, min, max, &parsed))
        return false;
    *value = (uint32_t)parsed;
    return true;
}

static bool parse_seconds(const char *text, double *seconds) {
    char *end;
    *seconds = strtod(text, &end);
    return end != text && *end == '\0' && *seconds >= 0 && *seconds <= SECONDS_MAX;
}

/* The number of the name in `names`, which ends with NULL, or -1. */
static int find_name(const char *const *names, const char *name) {
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

static bool parse_mode(const char *text, enum mode *mode) {
    static const char *const names[] = { "http-keepalive", "http-close", "udp", NULL };
    const int found = find_name(names, text);
    *mode = (enum mode)found;
    return found >= 0;
}

static bool parse_shape(const char *text, enum shape *shape) {
    static const char *const names[] = { "even", "one", "each", "zipf", NULL };
    const int found = find_name(names, text);
    *shape = (enum shape)found;
    return found >= 0;
}

static bool parse_mix(char *text, uint32_t mix[static ASK_KINDS]) {
    static const char *const names[] = { "update", "started", "completed", "stopped",
                                         "change", "scrape",  "connect",   NULL };
    uint32_t sum = 0;
    for (char *rest = text, *part; (part = strsep(&rest, ",")) != NULL;) {
        const char *name = strsep(&part, "=");
        const int kind = find_name(names, name);
        uint32_t percent;
        if (kind < 0 || part == NULL || !parse_u32(part, 0, 100, &percent))
            return false;
        mix[kind] = percent;
        sum += percent;
    }
    return sum <= 100;
}

static bool take_work_option(int found, struct workload_options *work) {
    uint32_t numwant;
    switch (found) {
    case OPTION_PEERS:
        return parse_u32(optarg, 1, PEERS_MAX, &work->peers);
    case OPTION_FIRST_PEER:
        return parse_u32(optarg, 0, PEERS_MAX, &work->first_peer);
    case OPTION_TORRENTS:
        return parse_u32(optarg, 1, PEERS_MAX, &work->torrents);
    case OPTION_SHAPE:
        return parse_shape(optarg, &work->shape);
    case OPTION_ADDRESSES:
        return parse_u32(optarg, 1, ADDRESS_LIST_MAX, &work->addresses);
    case OPTION_SEEDERS:
        return parse_u32(optarg, 0, 100, &work->seeders_percent);
    case OPTION_NUMWANT:
        if (!parse_u32(optarg, 0, 10000, &numwant))
            return false;
        work->numwant = (int32_t)numwant;
        return true;
    case OPTION_MIX:
        return parse_mix(optarg, work->mix);
    case OPTION_WRONG_IDS:
        return parse_u32(optarg, 0, 99, &work->wrong_ids_percent);
    case OPTION_SEED:
        return parse_u64(optarg, 0, UINT32_MAX, &work->seed);
    default:
        return false;
    }
}

static bool take_option(int found, struct settings *settings) {
    struct load_options *load = &settings->load;
    uint32_t number;
    switch (found) {
    case OPTION_MODE:
        return parse_mode(optarg, &load->mode);
    case OPTION_ADDRESS:
        load->address = optarg;
        return true;
    case OPTION_PORT:
        if (!parse_u32(optarg, 1, UINT16_MAX, &number))
            return false;
        load->port = (uint16_t)number;
        return true;
    case OPTION_SERVER_PID:
        if (!parse_u32(optarg, 1, INT32_MAX, &number))
            return false;
        load->server_pid = (int)number;
        return true;
    case OPTION_SECONDS:
        return parse_seconds(optarg, &load->seconds);
    case OPTION_WARMUP:
        return parse_seconds(optarg, &load->warmup_s);
    case OPTION_RESPONSES:
        return parse_u64(optarg, 1, UINT32_MAX, &load->responses);
    case OPTION_CONCURRENCY:
        return parse_u32(optarg, 1, CONCURRENCY_MAX, &load->concurrency);
    case OPTION_RATE:
        if (!parse_u32(optarg, 1, RATE_MAX, &number))
            return false;
        load->rate = number;
        return true;
    case OPTION_PEERS_MAX:
        return parse_u32(optarg, 1, 10000, &load->peers_max);
    case OPTION_FILL:
        return load->fill = true;
    case OPTION_STATES:
        settings->states = optarg;
        return true;
    case OPTION_PRINT_HASHES:
        return settings->print_hashes = true;
    case OPTION_HELP:
        return settings->help = true;
    default:
        return take_work_option(found, &load->work);
    }
}

static bool parse_options(int argc, char **argv, struct settings *settings) {
    int found;
    while ((found = getopt_long(argc, argv, "", LONG_OPTIONS, NULL)) != -1) {
        if (found == '?')
            return false;
        if (!take_option(found, settings)) {
            fprintf(stderr, "load: invalid value: \"%s\"\n", optarg == NULL ? "" : optarg);
            return false;
        }
    }
    if (settings->load.seconds <= 0)
        settings->load.seconds = settings->load.fill ? 120 : 2;
    return optind == argc;
}

/* Only addresses of this machine are allowed. */
static bool find_target(const struct load_options *options, union socket_address *target) {
    memset(target, 0, sizeof *target);
    if (inet_pton(AF_INET, options->address, &target->in.sin_addr) == 1) {
        target->in.sin_family = AF_INET;
        target->in.sin_port = htons(options->port);
        return ntohl(target->in.sin_addr.s_addr) >> 24 == 127;
    }
    target->in6.sin6_family = AF_INET6;
    target->in6.sin6_port = htons(options->port);
    return inet_pton(AF_INET6, options->address, &target->in6.sin6_addr) == 1 &&
           IN6_IS_ADDR_LOOPBACK(&target->in6.sin6_addr);
}

static bool check(struct load_options *options, struct run *run) {
    struct workload_options *work = &options->work;
    if (options->port == 0 || !find_target(options, &run->target)) {
        fprintf(stderr, "load: --port is required, and --address must be a loopback address\n");
        return false;
    }
    const bool v6 = run->target.any.sa_family == AF_INET6;
    run->stride = v6 ? 18 : 6;
    if (work->addresses == 0)
        work->addresses = v6 ? 1 : 128;
    if (v6 && work->addresses > 1) {
        fprintf(stderr, "load: --addresses must be 1 with IPv6: loopback has one address\n");
        return false;
    }
    if (options->mode != MODE_UDP && work->mix[ASK_CONNECT] > 0) {
        fprintf(stderr, "load: connect requires --mode udp\n");
        return false;
    }
    if (work->addresses > work->peers)
        work->addresses = work->peers;
    return true;
}

static void print_hashes(const struct workload_options *work) {
    for (uint32_t i = 0; i < work->torrents; i++) {
        uint8_t info_hash[ID_LEN];
        char text[2 * ID_LEN + 1];
        workload_info_hash(i, info_hash);
        hex_encode(info_hash, ID_LEN, text);
        puts(text);
    }
}

static double microseconds(uint64_t ns) {
    return (double)ns / 1000;
}

static double per(double what, uint64_t count) {
    return count == 0 ? 0 : what / (double)count;
}

static void print_latencies(const struct latency_histogram *latencies) {
    printf("  \"p50_us\": %.1f,\n  \"p99_us\": %.1f,\n  \"p999_us\": %.1f,\n  \"max_us\": %.1f,\n",
           microseconds(latency_histogram_quantile(latencies, 0.5)),
           microseconds(latency_histogram_quantile(latencies, 0.99)),
           microseconds(latency_histogram_quantile(latencies, 0.999)),
           microseconds(latencies->largest));
}

static void print_server(const struct run *run) {
    struct process_memory memory = { 0 };
    const uint64_t cpu_ns = run->after.cpu_ns - run->before.cpu_ns;
    if (run->options->server_pid == 0)
        return;
    (void)process_memory(run->options->server_pid, &memory);
    printf("  \"server_cpu_s\": %.6f,\n", (double)cpu_ns / 1e9);
    printf("  \"cpu_us_per_response\": %.4f,\n", per(microseconds(cpu_ns), run->responses));
    printf("  \"server_rss_kib\": %" PRIu64 ",\n  \"server_pss_kib\": %" PRIu64 ",\n",
           memory.rss_kib, memory.pss_kib);
}

static void print_run(const struct run *run) {
    const double seconds = (double)(run->after.at_ns - run->before.at_ns) / 1e9;
    printf("{\n  \"responses\": %" PRIu64 ",\n  \"errors\": %" PRIu64 ",\n", run->responses,
           run->errors);
    if (run->first_error != NULL)
        printf("  \"first_error\": \"%s\",\n", run->first_error);
    printf("  \"lost\": %" PRIu64 ",\n  \"reconnects\": %" PRIu64 ",\n", run->lost,
           run->reconnects);
    printf("  \"seconds\": %.6f,\n  \"rate\": %.1f,\n", seconds,
           seconds > 0 ? (double)run->responses / seconds : 0);
    print_latencies(&run->latencies);
    print_server(run);
    printf("  \"reply_bytes\": %.2f,\n", per((double)run->reply_bytes, run->responses));
    printf("  \"reply_peers\": %.2f\n}\n", per((double)run->reply_peers, run->responses));
}

int main(int argc, char **argv) {
    struct settings settings = defaults();
    if (!parse_options(argc, argv, &settings) || settings.help) {
        fputs(HELP, settings.help ? stdout : stderr);
        return settings.help ? EXIT_SUCCESS : LOAD_FAILED;
    }
    if (settings.print_hashes) {
        print_hashes(&settings.load.work);
        return EXIT_SUCCESS;
    }
    static struct run run;
    run.options = &settings.load;
    if (!check(&settings.load, &run))
        return LOAD_FAILED;
    run.work = workload_create(&settings.load.work);
    bool ran = run.work != NULL && workload_read_states(run.work, settings.states);
    ran = ran && (settings.load.mode == MODE_UDP ? run_udp(&run) : run_http(&run)) &&
          workload_write_states(run.work, settings.states);
    if (ran)
        print_run(&run);
    workload_delete(run.work);
    return ran ? EXIT_SUCCESS : LOAD_FAILED;
}
