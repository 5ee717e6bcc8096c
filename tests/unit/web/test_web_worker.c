#include "web/web_worker.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "support.h"

/* What the requests of these tests are served by, in place of a router. */
struct web_router {
    pthread_t caller;
    sem_t begun;
    sem_t may_end;
    sem_t ready;
    _Atomic unsigned served;
    unsigned finished_edits;
};

static struct web_router server;
static struct web_worker *worker;

static void set_up(void) {
    memset(&server, 0, sizeof server);
    server.caller = pthread_self();
    sem_init(&server.begun, 0, 0);
    sem_init(&server.may_end, 0, 0);
    sem_init(&server.ready, 0, 0);
    worker = web_worker_start();
    ck_assert_ptr_nonnull(worker);
}

static void tear_down(void) {
    web_worker_stop(worker);
}

static void note_ready(void *context) {
    sem_post(context);
}

/* The caller serves a request itself if it cannot wait, or if memory is short. */
static void serve_slowly(struct web_router *router, const struct authorization *auth,
                         const struct web_request *request, struct web_response *response) {
    ck_assert_int_eq(auth->role, ROLE_ADMIN);
    sem_post(&router->begun);
    if (!pthread_equal(router->caller, pthread_self()))
        sem_wait(&router->may_end);
    response->status = 200 + router->served++;
    response->location[0] = (char)request->path.data[0];
}

static void serve_with_text(struct web_router *router, const struct authorization *auth,
                            const struct web_request *request, struct web_response *response) {
    (void)router;
    (void)auth;
    (void)request;
    memcpy(response->text, "GET", sizeof "GET");
    response->allow = response->text;
    response->retry_after = "1";
}

static void notify_at_once(void *subject, void (*ready)(void *context), void *context) {
    (void)subject;
    ready(context);
}

static void finish_edit(void *subject, struct web_response *response) {
    struct web_router *router = subject;
    response->pending.subject = NULL;
    router->finished_edits++;
}

static void serve_edit(struct web_router *router, const struct authorization *auth,
                       const struct web_request *request, struct web_response *response) {
    (void)auth;
    (void)request;
    response->status = 201;
    response->pending = (struct web_pending){ notify_at_once, finish_edit, router };
}

static struct web_response begin(web_serve serve, const char *path) {
    const struct authorization auth = { .role = ROLE_ADMIN };
    const struct web_request request = { .path = bytes_of(path) };
    struct web_response response = { .kind = HTTP_KIND_API };
    web_worker_serve(worker, serve, &server, &auth, &request, &response);
    ck_assert_ptr_nonnull(response.pending.subject);
    return response;
}

static void start(const struct web_response *response) {
    response->pending.notify(response->pending.subject, note_ready, &server.ready);
}

static void finish(struct web_response *response) {
    response->pending.finish(response->pending.subject, response);
    ck_assert_ptr_null(response->pending.subject);
}

START_TEST(caller_goes_on_while_its_request_is_served) {
    struct web_response first = begin(serve_slowly, "a");
    start(&first);
    sem_wait(&server.begun);
    struct web_response second = begin(serve_slowly, "b");
    start(&second);
    ck_assert_uint_eq(server.served, 0);
    sem_post(&server.may_end);
    sem_wait(&server.ready);
    finish(&first);
    ck_assert_uint_eq(first.status, 200);
    ck_assert_str_eq(first.location, "a");
    ck_assert_int_eq(first.kind, HTTP_KIND_API);
    sem_post(&server.may_end);
    sem_wait(&server.ready);
    finish(&second);
    ck_assert_uint_eq(second.status, 201);
    ck_assert_str_eq(second.location, "b");
}
END_TEST

START_TEST(header_in_the_text_of_the_response_moves_with_it) {
    struct web_response response = begin(serve_with_text, "a");
    start(&response);
    sem_wait(&server.ready);
    finish(&response);
    ck_assert_ptr_eq(response.allow, response.text);
    ck_assert_str_eq(response.allow, "GET");
    ck_assert_str_eq(response.retry_after, "1");
}
END_TEST

START_TEST(response_that_is_pending_itself_is_finished_once) {
    struct web_response response = begin(serve_edit, "a");
    start(&response);
    sem_wait(&server.ready);
    finish(&response);
    ck_assert_uint_eq(response.status, 201);
    ck_assert_uint_eq(server.finished_edits, 1);
}
END_TEST

START_TEST(response_that_may_not_wait_is_served_by_the_caller) {
    struct web_response response = begin(serve_slowly, "a");
    finish(&response);
    ck_assert_uint_eq(response.status, 200);
}
END_TEST

UNIT_SUITE(web_worker) {
    Suite *suite = suite_create("web_worker");
    TCase *tc = tcase_create("web_worker");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, caller_goes_on_while_its_request_is_served);
    tcase_add_test(tc, header_in_the_text_of_the_response_moves_with_it);
    tcase_add_test(tc, response_that_is_pending_itself_is_finished_once);
    tcase_add_test(tc, response_that_may_not_wait_is_served_by_the_caller);
    suite_add_tcase(suite, tc);
    return suite;
}
