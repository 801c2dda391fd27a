/* W1: n independent actors, Idle -lognormal(15.81, 0.4)-> Failed -uniform(30, 300)-> Idle. Estimate: the share of time in which an actor is failed.
 *
 *     w1 [ACTORS [FIRINGS [SEED [auto|scan|sorted|calendar]]]]
 */
#include "calendar.h"

#define MU 15.81
#define SIGMA 0.4
#define FEW 8

typedef struct { double seconds, time, down; } Run;

static inline double delay(Rng *r, int failed) { return failed ? uniform(r, 30.0, 300.0) : lognormal(r, MU, SIGMA); }

/* A linear scan of all clocks, with branches: a guess that proves right lets the next draw begin before the scan is over. */
static inline __attribute__((always_inline)) Run run_scan_of(const int n, int64_t firings, Rng rng) {
    double *times = allocate((size_t)n, sizeof(double));
    uint8_t *failed = allocate((size_t)n, 1);
    for (int i = 0; i < n; i++) times[i] = delay(&rng, failed[i] = 0);
    double now = 0.0, down = 0.0;
    int64_t failures = 0;
    double began = spent();
    for (int64_t k = 0; k < firings; k++) {
        int i = 0;
        double time = times[0];
#pragma GCC unroll 8
        for (int j = 1; j < n; j++)
            if (times[j] < time) time = times[j], i = j;
        down += (double)failures * (time - now);
        now = time;
        if (failed[i]) {
            failed[i] = 0;
            failures--;
            times[i] = now + delay(&rng, 0);
        } else {
            failed[i] = 1;
            failures++;
            times[i] = now + delay(&rng, 1);
        }
    }
    return (Run){spent() - began, now, down};
}

/* The size that is measured is known when compiling, as whoever writes such a program by hand would have it. */
static Run run_scan(int n, int64_t firings, Rng rng) { return n == 5 ? run_scan_of(5, firings, rng) : run_scan_of(n, firings, rng); }

/* Up to eight clocks sorted in registers: the first is taken and the new one put where it belongs by conditional moves side by side. */
static inline __attribute__((always_inline)) Run run_sorted_of(const int width, int n, int64_t firings, Rng rng) {
    int64_t keys[FEW], who[FEW]; /* `who` is twice the actor's number, and 1 more if it is failed */
    for (int i = 0; i < FEW; i++) keys[i] = NEVER, who[i] = 0;
    for (int i = 0; i < n; i++) {
        int64_t key = key_of(delay(&rng, 0));
        int j = i;
        for (; j > 0 && keys[j - 1] > key; j--) keys[j] = keys[j - 1], who[j] = who[j - 1];
        keys[j] = key;
        who[j] = 2 * i;
    }
    double now = 0.0, down = 0.0, failures = 0.0;
    double began = spent();
    for (int64_t k = 0; k < firings; k++) {
        double time = time_of(keys[0]);
        int64_t i = who[0] ^ 1;
        down += failures * (time - now);
        now = time;
        failures += i & 1 ? 1.0 : -1.0;
        int64_t key = key_of(now + delay(&rng, i & 1));
        if (key <= keys[1]) { /* the same actor again, which is easily predicted */
            keys[0] = key;
            who[0] = i;
            continue;
        }
#pragma GCC unroll 8
        for (int j = 0; j < width; j++) {
            int stays = j && key < keys[j], moves = j + 1 < width && keys[j + 1] <= key;
            int64_t new_key = stays ? keys[j] : key, new_who = stays ? who[j] : i;
            keys[j] = moves ? keys[j + 1] : new_key;
            who[j] = moves ? who[j + 1] : new_who;
        }
    }
    return (Run){spent() - began, now, down};
}

static Run run_sorted(int n, int64_t firings, Rng rng) {
    return n <= 5 ? run_sorted_of(5, n, firings, rng) : run_sorted_of(FEW, n, firings, rng);
}

static Run run_calendar(int n, int64_t firings, Rng rng) {
    Calendar calendar, *c = &calendar;
    /* A year of four mean lives, and of two to four buckets for each actor. */
    uint64_t buckets = power_of_two(2 * (int64_t)n);
    calendar_init(c, n, buckets, 4.0 * exp(MU + 0.5 * SIGMA * SIGMA) / (double)buckets);
    for (int32_t i = 0; i < n; i++) {
        c->entries[i].state = 0;
        calendar_insert(c, i, delay(&rng, 0));
    }
    double now = 0.0, down = 0.0;
    int64_t failures = 0;
    double began = spent();
    for (int64_t k = 0; k < firings; k++) {
        int32_t i = calendar_pop(c);
        Entry *e = c->entries + i;
        double time = e->time;
        down += (double)failures * (time - now);
        now = time;
        e->state ^= 1;
        failures += 2 * e->state - 1;
        calendar_insert(c, i, now + delay(&rng, e->state));
    }
    return (Run){spent() - began, now, down};
}

int main(int argc, char **argv) {
    int n = (int)argument(argc, argv, 1, 100);
    int64_t firings = argument(argc, argv, 2, 10000000);
    const char *variant = argc > 4 ? argv[4] : "auto";
    if (!strcmp(variant, "auto")) variant = n <= FEW ? "sorted" : "calendar";
    if (n < 1 || (n > FEW && !strcmp(variant, "sorted"))) return 2;
    Rng rng;
    seed(&rng, (uint64_t)argument(argc, argv, 3, 1));
    Run run;
    if (!strcmp(variant, "scan")) run = run_scan(n, firings, rng);
    else if (!strcmp(variant, "sorted")) run = run_sorted(n, firings, rng);
    else run = run_calendar(n, firings, rng);
    report("w1", variant, n, firings, 0, run.seconds, run.time, run.down / run.time / (double)n);
    return 0;
}
