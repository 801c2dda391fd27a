/* W2: supervisors with four children each. A child fails after lognormal(mu, 0.4): T1, then at once T6 (noted) and, while fewer than four restarts
 * are counted, T2 (restart, uniform(0.1, 1) until it runs), otherwise T3: the whole group stops and restarts after uniform(30, 300).
 * T7 takes one from the count 30 s after it became positive or the one before was taken. Estimate: the share of children that do not run.
 *
 *     w2 [GROUPS [FIRINGS [SEED [hot|rare]]]]
 */
#include "calendar.h"

#define CHILDREN 4
#define LIMIT 4
#define WINDOW 30.0
#define SIGMA 0.4

enum { FORGET = CHILDREN, RESTART_GROUP, CLOCKS };

/* One cache line for the clocks and what the next firing asks first. */
typedef struct {
    int64_t keys[CLOCKS];
    int32_t count;    /* restarts counted */
    uint32_t running; /* a bit for each child */
} Group;

typedef struct { int64_t timed, immediate; double seconds, time, down; } Run;

static void start(Group *g, double mu, Rng *rng) {
    for (int i = 0; i < CHILDREN; i++) g->keys[i] = key_of(lognormal(rng, mu, SIGMA));
    g->keys[FORGET] = g->keys[RESTART_GROUP] = NEVER;
    g->count = 0;
    g->running = (1u << CHILDREN) - 1;
}

/* Fire clock i of a group. Gives the number of immediate firings that follow. */
static inline int fire(Group *g, int i, double now, double mu, Rng *rng) {
    if (i < CHILDREN) {
        if (!(g->running >> i & 1)) { /* restarted */
            g->running |= 1u << i;
            g->keys[i] = key_of(now + lognormal(rng, mu, SIGMA));
            return 0;
        }
        if (g->count < LIMIT) { /* T6, T2 */
            g->running ^= 1u << i;
            g->keys[i] = key_of(now + uniform(rng, 0.1, 1.0));
            if (!g->count++) g->keys[FORGET] = key_of(now + WINDOW);
        } else { /* T6, T3 */
            g->running = 0;
            for (int j = 0; j < CHILDREN; j++) g->keys[j] = NEVER;
            g->keys[RESTART_GROUP] = key_of(now + uniform(rng, 30.0, 300.0));
        }
        return 2;
    }
    if (i == FORGET) {
        g->keys[FORGET] = --g->count ? key_of(now + WINDOW) : NEVER;
    } else {
        g->keys[RESTART_GROUP] = NEVER;
        g->running = (1u << CHILDREN) - 1;
        for (int j = 0; j < CHILDREN; j++) g->keys[j] = key_of(now + lognormal(rng, mu, SIGMA));
    }
    return 0;
}

static Run run_one(double mu, int64_t firings, Rng rng) {
    Group group, *g = &group;
    start(g, mu, &rng);
    double now = 0.0, down = 0.0;
    int64_t timed = 0, immediate = 0;
    double began = spent();
    while (timed + immediate < firings) {
        int i = earliest(g->keys, CLOCKS);
        double time = time_of(g->keys[i]);
        down += (double)(CHILDREN - __builtin_popcount(g->running)) * (time - now);
        now = time;
        immediate += fire(g, i, now, mu, &rng);
        timed++;
    }
    return (Run){timed, immediate, spent() - began, now, down};
}

/* The calendar holds for each group its earliest clock. */
static Run run_many(int n, double mu, int64_t firings, Rng rng) {
    Calendar calendar, *c = &calendar;
    Group *groups = allocate((size_t)n, sizeof(Group));
    uint64_t buckets = power_of_two(2 * (int64_t)n);
    calendar_init(c, n, buckets, exp(mu) / (double)buckets); /* a year of one child's life */
    for (int32_t i = 0; i < n; i++) {
        start(&groups[i], mu, &rng);
        calendar_insert(c, i, time_of(groups[i].keys[earliest(groups[i].keys, CLOCKS)]));
    }
    double now = 0.0, down = 0.0;
    int64_t timed = 0, immediate = 0, not_running = 0;
    double began = spent();
    while (timed + immediate < firings) {
        int32_t number = calendar_pop(c);
        Group *g = &groups[number];
        double time = c->entries[number].time;
        down += (double)not_running * (time - now);
        now = time;
        not_running += __builtin_popcount(g->running);
        immediate += fire(g, earliest(g->keys, CLOCKS), now, mu, &rng);
        not_running -= __builtin_popcount(g->running);
        timed++;
        calendar_insert(c, number, time_of(g->keys[earliest(g->keys, CLOCKS)]));
    }
    return (Run){timed, immediate, spent() - began, now, down};
}

int main(int argc, char **argv) {
    int n = (int)argument(argc, argv, 1, 1);
    int64_t firings = argument(argc, argv, 2, 10000000);
    const char *variant = argc > 4 ? argv[4] : "hot";
    double mu = strcmp(variant, "hot") ? 15.81 : 3.5;
    if (n < 1) return 2;
    Rng rng;
    seed(&rng, (uint64_t)argument(argc, argv, 3, 1));
    Run run = n == 1 ? run_one(mu, firings, rng) : run_many(n, mu, firings, rng);
    report("w2", variant, n, run.timed, run.immediate, run.seconds, run.time, run.down / run.time / (double)(CHILDREN * (int64_t)n));
    return 0;
}
