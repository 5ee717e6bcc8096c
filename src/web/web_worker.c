#include "web/web_worker.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/ticker.h"

enum { PERIOD_MS = 3600000 }; /* it is woken when there is something to do */

struct job {
    struct job *next;
    struct web_worker *worker;
    web_serve serve;
    struct web_router *router;
    struct authorization auth;
    struct web_request request;
    struct web_response response;
    bool served;
    void (*ready)(void *context);
    void *context;
};

struct web_worker {
    struct ticker *ticker;
    pthread_mutex_t lock; /* guards the queue */
    struct job *first;
    struct job **end;
};

static struct job *take_job(struct web_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    struct job *job = worker->first;
    if (job != NULL)
        worker->first = job->next;
    if (worker->first == NULL)
        worker->end = &worker->first;
    pthread_mutex_unlock(&worker->lock);
    return job;
}

static void run_job(struct job *job) {
    job->serve(job->router, &job->auth, &job->request, &job->response);
    job->served = true;
}

/* Once the response is ready, the job may be gone. */
static void run_jobs(void *context) {
    struct job *job;
    while ((job = take_job(context)) != NULL) {
        run_job(job);
        const struct web_pending pending = job->response.pending;
        if (pending.subject != NULL)
            pending.notify(pending.subject, job->ready, job->context);
        else
            job->ready(job->context);
    }
}

static void queue_job(void *subject, void (*ready)(void *context), void *context) {
    struct job *job = subject;
    struct web_worker *worker = job->worker;
    job->ready = ready;
    job->context = context;
    pthread_mutex_lock(&worker->lock);
    *worker->end = job;
    worker->end = &job->next;
    pthread_mutex_unlock(&worker->lock);
    ticker_wake(worker->ticker);
}

/* A header's value may stand in the response's own buffer. */
static const char *value_in_copy(const char *value, const struct web_response *original,
                                 const struct web_response *copy) {
    return value == original->text ? copy->text : value;
}

static void finish_job(void *subject, struct web_response *response) {
    struct job *job = subject;
    if (!job->served) /* the server is being stopped, and waits for nothing */
        run_job(job);
    *response = job->response;
    response->allow = value_in_copy(response->allow, &job->response, response);
    response->disposition = value_in_copy(response->disposition, &job->response, response);
    free(job);
    if (response->pending.subject != NULL)
        response->pending.finish(response->pending.subject, response);
}

void web_worker_serve(struct web_worker *worker, web_serve serve, struct web_router *router,
                      const struct authorization *auth, const struct web_request *request,
                      struct web_response *response) {
    struct job *job = malloc(sizeof *job);
    if (job == NULL) {
        serve(router, auth, request, response);
        return;
    }
    *job = (struct job){
        .worker = worker,
        .serve = serve,
        .router = router,
        .auth = *auth,
        .request = *request,
        .response = *response,
    };
    response->pending =
        (struct web_pending){ .notify = queue_job, .finish = finish_job, .subject = job };
}

struct web_worker *web_worker_start(void) {
    struct web_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return NULL;
    pthread_mutex_init(&worker->lock, NULL);
    worker->end = &worker->first;
    worker->ticker = ticker_start("web", PERIOD_MS, run_jobs, worker);
    if (worker->ticker != NULL)
        return worker;
    web_worker_stop(worker);
    return NULL;
}

void web_worker_stop(struct web_worker *worker) {
    if (worker == NULL)
        return;
    ticker_stop(worker->ticker);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}
