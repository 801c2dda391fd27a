/* W3b: closed tandem of 50 stations, each with one server at rate 1, and 200 tokens. Estimate: firings per second.
 *
 *     w3b [- [FIRINGS [SEED]]]
 *
 * The clocks stand in blocks with the earliest of each beside them; a firing changes one or two clocks and so one or two blocks.
 */
#include "common.h"

#define STATIONS 50
#define TOKENS 200
#define BLOCK 8
#define BLOCKS 8 /* one more than needed, for an even number */

static int64_t keys[BLOCKS * BLOCK], firsts[BLOCKS];
static int32_t where[BLOCKS];

static inline void look(int block) {
    int i = block * BLOCK + earliest(keys + block * BLOCK, BLOCK);
    where[block] = i;
    firsts[block] = keys[i];
}

int main(int argc, char **argv) {
    int64_t firings = argument(argc, argv, 2, 10000000);
    Rng rng;
    seed(&rng, (uint64_t)argument(argc, argv, 3, 1));
    int32_t tokens[STATIONS];
    for (int i = 0; i < BLOCKS * BLOCK; i++) keys[i] = i < STATIONS ? key_of(exponential(&rng)) : NEVER;
    for (int i = 0; i < STATIONS; i++) tokens[i] = TOKENS / STATIONS;
    for (int b = 0; b < BLOCKS; b++) look(b);
    double now = 0.0;
    double began = spent();
    for (int64_t k = 0; k < firings; k++) {
        int block = earliest(firsts, BLOCKS), i = where[block], next = i + 1 == STATIONS ? 0 : i + 1;
        now = time_of(firsts[block]);
        keys[i] = --tokens[i] ? key_of(now + exponential(&rng)) : NEVER;
        look(block);
        if (!tokens[next]++) {
            /* A clock that is set changes its block only if it is the earliest there. */
            int64_t key = key_of(now + exponential(&rng));
            int b = next / BLOCK;
            keys[next] = key;
            if (key < firsts[b]) firsts[b] = key, where[b] = next;
        }
    }
    report("w3b", "", STATIONS, firings, 0, spent() - began, now, (double)firings / now);
    return 0;
}
