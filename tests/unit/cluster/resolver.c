/* In the unit tests, the name "two.test" has the addresses ::1 and 127.0.0.1; the system resolves
 * all others. */
#include <netdb.h>
#include <string.h>

int __real_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found);
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found);

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found) {
    if (node == NULL || strcmp(node, "two.test") != 0)
        return __real_getaddrinfo(node, service, hints, found);
    struct addrinfo *second;
    int failure = __real_getaddrinfo("127.0.0.1", service, hints, &second);
    if (failure != 0)
        return failure;
    failure = __real_getaddrinfo("::1", service, hints, found);
    if (failure != 0)
        *found = second;
    else
        (*found)->ai_next = second;
    return 0;
}
