/* What all the benchmark programs share: random numbers, the processor's time and the line of output. No simulation here.
 *
 * The generator is xoshiro256++ (D. Blackman, S. Vigna: Scrambled linear pseudorandom number generators, ACM Trans. Math. Softw. 47, 2021), seeded
 * by splitmix64 (G. Steele, D. Lea, C. Flood: Fast splittable pseudorandom number generators, OOPSLA 2014). Normal and exponential numbers come from
 * the ziggurat (G. Marsaglia, W. W. Tsang: The ziggurat method for generating random variables, J. Stat. Softw. 5(8), 2000) with 256 layers and a
 * mantissa of 52 bits, as in numpy; gamma numbers from G. Marsaglia, W. W. Tsang: A simple method for generating gamma variables, ACM Trans. Math.
 * Softw. 26, 2000. Tables are computed at the start.
 */
#ifndef COMMON_H
#define COMMON_H

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

typedef struct { uint64_t s[4]; } Rng;

static inline uint64_t rotl(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static inline uint64_t bits(Rng *r) {
    uint64_t *s = r->s, result = rotl(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

static inline double unit(Rng *r) { return (double)(bits(r) >> 11) * 0x1p-53; }

static inline double uniform(Rng *r, double low, double high) { return low + (high - low) * unit(r); }

/* A ziggurat of 256 layers of equal area: x[i] is the right edge of layer i, x[0] that of the base strip with the tail folded in. A draw is
 * accepted at once if its mantissa is below `accept`; `scale` turns the mantissa into a number. */
typedef struct { double x[257], f[257], scale[256]; uint64_t accept[256]; } Ziggurat;

static Ziggurat normal_table, exponential_table;

#define NORMAL_EDGE 3.6541528853610087963519472518
#define EXPONENTIAL_EDGE 7.6971174701310497140446280481

static double normal_f(double x) { return exp(-0.5 * x * x); }
static double normal_inverse(double y) { return sqrt(-2.0 * log(y)); }
static double exponential_f(double x) { return exp(-x); }
static double exponential_inverse(double y) { return -log(y); }

static void build(Ziggurat *z, double edge, double area, double (*f)(double), double (*inverse)(double)) {
    z->x[0] = area / f(edge);
    z->x[1] = edge;
    for (int i = 2; i < 256; i++) z->x[i] = inverse(area / z->x[i - 1] + f(z->x[i - 1]));
    z->x[256] = 0.0;
    for (int i = 0; i < 257; i++) z->f[i] = f(z->x[i]);
    for (int i = 0; i < 256; i++) {
        z->scale[i] = z->x[i] * 0x1p-52;
        z->accept[i] = (uint64_t)(z->x[i + 1] / z->x[i] * 0x1p52);
    }
}

static void seed(Rng *r, uint64_t number) {
    for (int i = 0; i < 4; i++) {
        uint64_t z = (number += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        r->s[i] = z ^ (z >> 31);
    }
    /* A layer's area is the base strip's: the rectangle up to the edge and the tail beyond it. */
    double tail = sqrt(2.0 * atan(1.0)) * erfc(NORMAL_EDGE / sqrt(2.0));
    build(&normal_table, NORMAL_EDGE, NORMAL_EDGE * normal_f(NORMAL_EDGE) + tail, normal_f, normal_inverse);
    double rest = exponential_f(EXPONENTIAL_EDGE);
    build(&exponential_table, EXPONENTIAL_EDGE, (EXPONENTIAL_EDGE + 1.0) * rest, exponential_f, exponential_inverse);
}

/* The one draw in a hundred that the table does not settle; away from the hot path, so that it costs no registers there. */
static NOINLINE double normal_rest(Rng *r, uint64_t u) {
    const Ziggurat *z = &normal_table;
    for (;;) {
        int i = (int)(u & 255);
        double sign = (u >> 8) & 1 ? -1.0 : 1.0, x = (double)(u >> 12) * z->scale[i];
        if ((u >> 12) < z->accept[i]) return sign * x;
        if (i == 0) {
            double a, b;
            do {
                a = -log1p(-unit(r)) / NORMAL_EDGE;
                b = -log1p(-unit(r));
            } while (b + b <= a * a);
            return sign * (NORMAL_EDGE + a);
        }
        if (z->f[i] + (z->f[i + 1] - z->f[i]) * unit(r) < normal_f(x)) return sign * x;
        u = bits(r);
    }
}

static inline double normal(Rng *r) {
    uint64_t u = bits(r), mantissa = u >> 12;
    int i = (int)(u & 255);
    if (UNLIKELY(mantissa >= normal_table.accept[i])) return normal_rest(r, u);
    double x = (double)(int64_t)mantissa * normal_table.scale[i];
    uint64_t b;
    memcpy(&b, &x, 8);
    b ^= (u & 256) << 55; /* the sign without a branch that nobody can predict */
    memcpy(&x, &b, 8);
    return x;
}

static NOINLINE double exponential_rest(Rng *r, uint64_t u) {
    const Ziggurat *z = &exponential_table;
    for (;;) {
        int i = (int)(u & 255);
        double x = (double)(u >> 12) * z->scale[i];
        if ((u >> 12) < z->accept[i]) return x;
        if (i == 0) return EXPONENTIAL_EDGE - log1p(-unit(r));
        if (z->f[i] + (z->f[i + 1] - z->f[i]) * unit(r) < exponential_f(x)) return x;
        u = bits(r);
    }
}

static inline double exponential(Rng *r) {
    uint64_t u = bits(r), mantissa = u >> 12;
    int i = (int)(u & 255);
    if (UNLIKELY(mantissa >= exponential_table.accept[i])) return exponential_rest(r, u);
    return (double)(int64_t)mantissa * exponential_table.scale[i];
}

static inline double lognormal(Rng *r, double mu, double sigma) { return exp(mu + sigma * normal(r)); }

/* Shape at least 1. */
static inline double gamma_variate(Rng *r, double shape, double scale) {
    double d = shape - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        double x = normal(r), v = 1.0 + c * x;
        if (UNLIKELY(v <= 0.0)) continue;
        v = v * v * v;
        double u = 1.0 - unit(r), x2 = x * x;
        if (u < 1.0 - 0.0331 * x2 * x2 || log(u) < 0.5 * x2 + d * (1.0 - v + log(v))) return scale * d * v;
    }
}

/* Firing times as integers: those of non-negative doubles are ordered as the doubles are, and integers compare into conditional moves. */
static inline int64_t key_of(double time) {
    int64_t k;
    memcpy(&k, &time, 8);
    return k;
}

static inline double time_of(int64_t key) {
    double t;
    memcpy(&t, &key, 8);
    return t;
}

#define NEVER INT64_MAX /* later than every time (and not a number, so never to be read as one) */

/* The position of the smallest of n keys, n even. Two chains side by side halve the latency. */
static inline int earliest(const int64_t *keys, int n) {
    int a = 0, b = 1;
    int64_t ka = keys[0], kb = keys[1];
    for (int i = 2; i < n; i += 2) {
        int64_t x = keys[i], y = keys[i + 1];
        a = x < ka ? i : a;
        ka = x < ka ? x : ka;
        b = y < kb ? i + 1 : b;
        kb = y < kb ? y : kb;
    }
    return kb < ka ? b : a;
}

/* Seconds that the processor has worked for this process, so that it is no matter how often others had their turn. */
static inline double spent(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int64_t argument(int argc, char **argv, int i, int64_t otherwise) { return i < argc ? strtoll(argv[i], NULL, 10) : otherwise; }

__attribute__((unused)) static void *allocate(size_t number, size_t size) {
    size_t bytes = (number * size + 63) / 64 * 64;
    void *memory = aligned_alloc(64, bytes);
    if (!memory) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

/* The most bytes this process had in memory, 0 where the system does not tell. (getrusage would count the process that started it.) */
static int64_t peak(void) {
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    int64_t kilobytes = 0;
    while (status && fgets(line, sizeof line, status)) sscanf(line, "VmHWM: %" SCNd64, &kilobytes);
    if (status) fclose(status);
    return kilobytes * 1024;
}

/* One line of JSON. `estimate` is what the harness compares with theory; `time` is the simulated time in seconds. */
static void report(const char *workload, const char *variant, int64_t n, int64_t timed, int64_t immediate, double seconds, double time,
                   double estimate) {
    printf("{\"workload\": \"%s\", \"variant\": \"%s\", \"n\": %" PRId64 ", \"firings\": %" PRId64 ", \"timed\": %" PRId64 ", \"immediate\": %" PRId64
           ", \"seconds\": %.9g, \"rate\": %.9g, \"time\": %.17g, \"estimate\": %.17g, \"peak\": %" PRId64 "}\n",
           workload, variant, n, timed + immediate, timed, immediate, seconds, (double)(timed + immediate) / seconds, time, estimate, peak());
}

#endif
