/* Huge pages for the peers: announces find them in random order, so with small pages the processor
 * spends up to a fifth of its time on looking up their addresses. */
#ifndef SKEP_DAEMON_HUGE_PAGES_H
#define SKEP_DAEMON_HUGE_PAGES_H

/* Makes malloc ask for huge pages, and keep all memory in the one heap for which it does so. glibc
 * reads this from the variable GLIBC_TUNABLES when a program starts, so this one starts again, in
 * the same process: call it before anything is opened. Returns if the variable is set, as it is the
 * second time, or if this is impossible; then memory is in small pages. */
void huge_pages_request(char *const *argv);

#endif
