/* W3a: M/M/1/20, arrivals at 0.9, service at 1. Both clocks are kept and drawn as for any other distribution. Estimate: the mean queue length.
 *
 *     w3a [- [FIRINGS [SEED]]]
 */
#include "common.h"

#define ROOM 20

int main(int argc, char **argv) {
    int64_t firings = argument(argc, argv, 2, 10000000);
    Rng rng;
    seed(&rng, (uint64_t)argument(argc, argv, 3, 1));
    static const double means[2] = {1.0 / 0.9, 1.0};
    double clocks[2] = {means[0] * exponential(&rng), INFINITY}; /* arrival, service */
    double now = 0.0, area = 0.0;
    int64_t length = 0;
    double began = spent();
    for (int64_t k = 0; k < firings; k++) {
        /* Which of the two is a coin's toss and worth no branch; an empty or full queue is rarer. */
        int served = clocks[1] < clocks[0];
        double time = clocks[served];
        area += (double)length * (time - now);
        now = time;
        length += 1 - 2 * served;
        clocks[served] = now + means[served] * exponential(&rng);
        if (length == 0) clocks[1] = INFINITY;
        else if (length == 1 && !served) clocks[1] = now + means[1] * exponential(&rng);
        if (length == ROOM) clocks[0] = INFINITY;
        else if (length == ROOM - 1 && served) clocks[0] = now + means[0] * exponential(&rng);
    }
    report("w3a", "", 1, firings, 0, spent() - began, now, area / now);
    return 0;
}
