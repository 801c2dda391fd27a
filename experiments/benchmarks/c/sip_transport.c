/* models/sip_transport.yaml with its defaults: a supervisor and four children, each fails after a lognormal time of mean 2208 h and starts in 1 s;
 * three restarts in the leaky window of 30 s, the next failure escalates. A restarted supervisor starts its children after itself.
 * The firings are those of the net, immediate ones included. Estimate: U, the share of time in which not all five run.
 *
 *     sip_transport [- [FIRINGS [SEED]]]
 */
#include "common.h"

#define CHILDREN 4
#define ACTORS (CHILDREN + 1)
#define SUPERVISOR CHILDREN
#define FORGET ACTORS
#define CLOCKS (ACTORS + 1)
#define LIMIT 3
#define WINDOW 30.0
#define START 1.0
#define SIGMA 0.4

int main(int argc, char **argv) {
    int64_t firings = argument(argc, argv, 2, 10000000);
    Rng rng;
    seed(&rng, (uint64_t)argument(argc, argv, 3, 1));
    double mu = log(2208.0 * 3600.0) - 0.5 * SIGMA * SIGMA, now = 0.0, down = 0.0;
    int64_t keys[CLOCKS], timed = 0, immediate = 0;
    uint32_t running = (1u << ACTORS) - 1, all = running;
    int count = 0;
    for (int i = 0; i < ACTORS; i++) keys[i] = key_of(lognormal(&rng, mu, SIGMA));
    keys[FORGET] = NEVER;
    double began = spent();
    while (timed + immediate < firings) {
        int i = earliest(keys, CLOCKS);
        double time = time_of(keys[i]);
        down += running == all ? 0.0 : time - now;
        now = time;
        timed++;
        if (i == FORGET) {
            keys[FORGET] = --count ? key_of(now + WINDOW) : NEVER;
        } else if (!(running >> i & 1)) { /* start */
            running |= 1u << i;
            keys[i] = key_of(now + lognormal(&rng, mu, SIGMA));
            if (i == SUPERVISOR)
                for (int c = 0; c < CHILDREN; c++) keys[c] = key_of(now + START);
        } else if (i != SUPERVISOR && count < LIMIT) { /* fail, note_failure, restart_child */
            immediate += 2;
            running ^= 1u << i;
            keys[i] = key_of(now + START);
            if (!count++) keys[FORGET] = key_of(now + WINDOW);
        } else {
            /* The supervisor fails, or escalates for a child (note_failure, escalate), which is then stopped already; `stop` fires for each other
             * child, running, starting or not, then restart_supervisor. */
            immediate += i == SUPERVISOR ? CHILDREN + 1 : CHILDREN - 1 + 3;
            running = 0;
            for (int c = 0; c < CHILDREN; c++) keys[c] = NEVER;
            keys[SUPERVISOR] = key_of(now + START);
        }
    }
    report("sip_transport", "", ACTORS, timed, immediate, spent() - began, now, down / now);
    return 0;
}
