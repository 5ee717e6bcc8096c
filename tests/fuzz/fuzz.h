/* Fuzz targets. Each accepts arbitrary input and aborts if an assertion fails. */
#ifndef SKEP_FUZZ_H
#define SKEP_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int fuzz_udp_tracker(const uint8_t *data, size_t size);
int fuzz_http_tracker(const uint8_t *data, size_t size);
int fuzz_metainfo(const uint8_t *data, size_t size);
int fuzz_magnet(const uint8_t *data, size_t size);
int fuzz_forwarded(const uint8_t *data, size_t size);
int fuzz_config_file(const uint8_t *data, size_t size);
int fuzz_list_file(const uint8_t *data, size_t size);
int fuzz_session(const uint8_t *data, size_t size);
int fuzz_api(const uint8_t *data, size_t size);
int fuzz_tracker_reply(const uint8_t *data, size_t size);
int fuzz_tracker_model(const uint8_t *data, size_t size);
int fuzz_database(const uint8_t *data, size_t size);
int fuzz_database_values(const uint8_t *data, size_t size);
int fuzz_torrent(const uint8_t *data, size_t size);
int fuzz_bencode(const uint8_t *data, size_t size);

#endif
