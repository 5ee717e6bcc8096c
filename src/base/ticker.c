#include "base/ticker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/condition.h"

struct ticker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop;
    bool wake;
    uint32_t period_ms;
    void (*tick)(void *context);
    void *context;
};

/* Returns false if the ticker is being stopped. */
static bool wait_period(struct ticker *ticker) {
    const struct timespec until = condition_deadline(ticker->period_ms);
    pthread_mutex_lock(&ticker->lock);
    int result = 0;
    while (!ticker->stop && !ticker->wake && result == 0)
        result = pthread_cond_timedwait(&ticker->changed, &ticker->lock, &until);
    ticker->wake = false;
    const bool go_on = !ticker->stop;
    pthread_mutex_unlock(&ticker->lock);
    return go_on;
}

static void *run_ticker(void *argument) {
    struct ticker *ticker = argument;
    while (wait_period(ticker))
        ticker->tick(ticker->context);
    return NULL;
}

static void delete_ticker(struct ticker *ticker) {
    pthread_cond_destroy(&ticker->changed);
    pthread_mutex_destroy(&ticker->lock);
    free(ticker);
}

struct ticker *ticker_start(const char *name, uint32_t period_ms, void (*tick)(void *context),
                            void *context) {
    struct ticker *ticker = calloc(1, sizeof *ticker);
    if (ticker == NULL)
        return NULL;
    *ticker = (struct ticker){ .period_ms = period_ms, .tick = tick, .context = context };

    condition_init(&ticker->changed);
    pthread_mutex_init(&ticker->lock, NULL);
    if (pthread_create(&ticker->thread, NULL, run_ticker, ticker) != 0) {
        delete_ticker(ticker);
        return NULL;
    }
    pthread_setname_np(ticker->thread, name);
    return ticker;
}

void ticker_wake(struct ticker *ticker) {
    pthread_mutex_lock(&ticker->lock);
    ticker->wake = true;
    pthread_cond_signal(&ticker->changed);
    pthread_mutex_unlock(&ticker->lock);
}

void ticker_stop(struct ticker *ticker) {
    if (ticker == NULL)
        return;
    pthread_mutex_lock(&ticker->lock);
    ticker->stop = true;
    pthread_cond_signal(&ticker->changed);
    pthread_mutex_unlock(&ticker->lock);
    pthread_join(ticker->thread, NULL);
    delete_ticker(ticker);
}
