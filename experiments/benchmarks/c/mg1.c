/* M/G/1, first come first served: arrivals at 0.8, service gamma(shape 2, scale 0.5). Each customer carries the time of its arrival.
 * Estimate: the mean response time.
 *
 *     mg1 [- [FIRINGS [SEED]]]
 */
#include "common.h"

int main(int argc, char **argv) {
    int64_t firings = argument(argc, argv, 2, 10000000);
    Rng rng;
    seed(&rng, (uint64_t)argument(argc, argv, 3, 1));
    uint64_t room = 1024, head = 0, tail = 0; /* counts without wrapping; the ring's size is a power of two */
    double *arrivals = allocate(room, sizeof(double));
    double now = 0.0, response = 0.0, arrival = exponential(&rng) / 0.8, departure = INFINITY;
    double began = spent();
    for (int64_t k = 0; k < firings; k++) {
        if (arrival <= departure) {
            now = arrival;
            if (UNLIKELY(tail - head == room)) {
                double *larger = allocate(2 * room, sizeof(double));
                for (uint64_t i = head; i != tail; i++) larger[i & (2 * room - 1)] = arrivals[i & (room - 1)];
                free(arrivals);
                arrivals = larger;
                room *= 2;
            }
            arrivals[tail & (room - 1)] = now;
            if (head == tail++) departure = now + gamma_variate(&rng, 2.0, 0.5);
            arrival = now + exponential(&rng) / 0.8;
        } else {
            now = departure;
            response += now - arrivals[head++ & (room - 1)];
            departure = head == tail ? INFINITY : now + gamma_variate(&rng, 2.0, 0.5);
        }
    }
    double seconds = spent() - began;
    report("mg1", "", 1, firings, 0, seconds, now, response / (double)head);
    return 0;
}
