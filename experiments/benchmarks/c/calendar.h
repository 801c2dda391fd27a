/* A calendar queue (R. Brown: Calendar queues, Commun. ACM 31, 1988) for a fixed number of entries, each of which is in it at most once.
 *
 * Buckets are unordered lists threaded through the entries, so that an insertion touches one entry and one head; a bit for each bucket that is not
 * empty finds the next one. Bucket width and number are given by the caller, who knows the workload; nothing is resized.
 */
#ifndef CALENDAR_H
#define CALENDAR_H

#include "common.h"

typedef struct { double time; int32_t next; int32_t state; } Entry; /* 16 bytes: never on two cache lines; `state` is the user's */

typedef struct {
    Entry *entries;
    int32_t *heads;
    uint64_t *occupied;
    uint64_t mask, current; /* `current` counts buckets from time 0, without wrapping */
    double per_second;      /* buckets per second */
} Calendar;

/* `buckets` is a power of two, at least 64. */
static void calendar_init(Calendar *c, int64_t entries, uint64_t buckets, double width) {
    c->entries = allocate((size_t)entries + 1, sizeof(Entry));
    c->entries++; /* so that the entry -1 may be prefetched */
    c->heads = allocate(buckets, sizeof(int32_t));
    c->occupied = allocate(buckets / 64, sizeof(uint64_t));
    memset(c->heads, 0xff, buckets * sizeof(int32_t));
    memset(c->occupied, 0, buckets / 8);
    c->mask = buckets - 1;
    c->current = 0;
    c->per_second = 1.0 / width;
}

static inline uint64_t calendar_bucket(const Calendar *c, double time) { return (uint64_t)(int64_t)(time * c->per_second); }

static inline void calendar_insert(Calendar *c, int32_t i, double time) {
    uint64_t bucket = calendar_bucket(c, time) & c->mask;
    c->entries[i].time = time;
    c->entries[i].next = c->heads[bucket];
    c->heads[bucket] = i;
    c->occupied[bucket >> 6] |= (uint64_t)1 << (bucket & 63);
}

/* How many buckets to go from `bucket` to the next occupied one: 1 to the number of buckets. Some bucket is occupied. */
static inline uint64_t calendar_gap(const Calendar *c, uint64_t bucket) {
    uint64_t start = (bucket + 1) & c->mask, word = start >> 6, words = (c->mask + 1) >> 6;
    uint64_t found = c->occupied[word] & (~(uint64_t)0 << (start & 63));
    while (!found) {
        word = word + 1 == words ? 0 : word + 1;
        found = c->occupied[word];
    }
    uint64_t next = (word << 6) + (uint64_t)__builtin_ctzll(found);
    return ((next - start) & c->mask) + 1;
}

/* Take the earliest entry out. The queue is not empty. */
static inline int32_t calendar_pop(Calendar *c) {
    Entry *entries = c->entries;
    for (;;) {
        uint64_t bucket = c->current & c->mask;
        int32_t first = c->heads[bucket];
        if (first >= 0) {
            int32_t best = first, before = -1, last = first;
            for (int32_t i = entries[first].next; i >= 0; last = i, i = entries[i].next)
                if (entries[i].time < entries[best].time) best = i, before = last;
            /* An entry of a later year may lie in the same bucket; compared by bucket, not by time, so that rounding cannot disagree. */
            if (calendar_bucket(c, entries[best].time) == c->current) {
                int32_t next = entries[best].next;
                if (before < 0) {
                    c->heads[bucket] = next;
                    c->occupied[bucket >> 6] ^= (uint64_t)(next < 0) << (bucket & 63);
                } else {
                    entries[before].next = next;
                }
                return best;
            }
        }
        c->current += calendar_gap(c, bucket);
        /* The entries of the buckets to come are all over memory; their heads are not. */
        __builtin_prefetch(&entries[c->heads[(c->current + 3) & c->mask]]);
    }
}

/* The least power of two that is at least n and at least 64. */
static uint64_t power_of_two(int64_t n) {
    uint64_t p = 64;
    while ((int64_t)p < n) p *= 2;
    return p;
}

#endif
