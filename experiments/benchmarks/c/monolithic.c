/* The standard system: six sections, each fails after a lognormal time of mean 2208 h; any failure stops all, and after uniform(30, 300) all
 * start with renewed clocks. Every clock is drawn. Estimate: the unavailability U.
 *
 *     monolithic [- [FIRINGS [SEED]]]
 */
#include "common.h"

#define SECTIONS 6
#define SIGMA 0.4

int main(int argc, char **argv) {
    int64_t firings = argument(argc, argv, 2, 10000000);
    Rng rng;
    seed(&rng, (uint64_t)argument(argc, argv, 3, 1));
    double mu = log(2208.0 * 3600.0) - 0.5 * SIGMA * SIGMA, now = 0.0, down = 0.0;
    int64_t by_section[SECTIONS] = {0}, done = 0;
    double began = spent();
    while (done < firings) {
        double first = INFINITY;
        int failed = 0;
        for (int s = 0; s < SECTIONS; s++) {
            double time = now + lognormal(&rng, mu, SIGMA);
            failed = time < first ? s : failed;
            first = time < first ? time : first;
        }
        by_section[failed]++; /* the net knows which one it was */
        now = first + uniform(&rng, 30.0, 300.0);
        down += now - first;
        done += 2;
    }
    double seconds = spent() - began;
    if (by_section[0] > done) return 1;
    report("monolithic", "", SECTIONS, done, 0, seconds, now, down / now);
    return 0;
}
