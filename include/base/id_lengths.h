/* Lengths of the two ids that BEP 3 defines, in bytes. */
#ifndef SKEP_BASE_ID_LENGTHS_H
#define SKEP_BASE_ID_LENGTHS_H

enum { INFO_HASH_LEN = 20, PEER_ID_LEN = 20 };

#endif
