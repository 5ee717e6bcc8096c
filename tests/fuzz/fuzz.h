/* The fuzz targets. Each takes any bytes whatever, and aborts where a promise is broken. */
#ifndef SKEP_FUZZ_H
#define SKEP_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int fuzz_udp(const uint8_t *data, size_t size);
int fuzz_http_query(const uint8_t *data, size_t size);
int fuzz_http_url(const uint8_t *data, size_t size);
int fuzz_metainfo(const uint8_t *data, size_t size);
int fuzz_forwarded(const uint8_t *data, size_t size);
int fuzz_config_file(const uint8_t *data, size_t size);
int fuzz_list_file(const uint8_t *data, size_t size);
int fuzz_session(const uint8_t *data, size_t size);
int fuzz_api(const uint8_t *data, size_t size);
int fuzz_tracker_reply(const uint8_t *data, size_t size);
int fuzz_tracker_model(const uint8_t *data, size_t size);
int fuzz_database(const uint8_t *data, size_t size);
int fuzz_torrent(const uint8_t *data, size_t size);
int fuzz_bencode(const uint8_t *data, size_t size);

#endif
