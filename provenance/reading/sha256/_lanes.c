/* SHA-256 (FIPS 180-4) of two streams at once.
 *
 * A round of SHA-256 waits for the one before it, and the processor's unit for it stands idle meanwhile: two streams in
 * turn take little more time than one. Needs the SHA extensions of x86-64; where there are none, `lanes` says so.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>

#define BLOCK 64
#define STATE 32

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <immintrin.h>
#define EXTENSIONS __attribute__((target("sha,sse4.1,ssse3")))

/* Fractional parts of the cube roots of the first 64 primes. */
static const uint32_t __attribute__((aligned(16))) CONSTANTS[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* The instructions want the eight words of the state as (A B E F) and (C D G H), the first in the highest lane. */
typedef struct {
    __m128i abef, cdgh;
} State;

EXTENSIONS static inline State load(const uint8_t *words) {
    __m128i front = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)words), 0xB1);
    __m128i back = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(words + 16)), 0x1B);
    return (State){_mm_alignr_epi8(front, back, 8), _mm_blend_epi16(back, front, 0xF0)};
}

EXTENSIONS static inline void store(State state, uint8_t *words) {
    __m128i front = _mm_shuffle_epi32(state.abef, 0x1B);
    __m128i back = _mm_shuffle_epi32(state.cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)words, _mm_blend_epi16(front, back, 0xF0));
    _mm_storeu_si128((__m128i *)(words + 16), _mm_alignr_epi8(back, front, 8));
}

/* `lanes` is a constant wherever this is inlined: the loops over it are unrolled. */
EXTENSIONS static inline __attribute__((always_inline)) void compress(
    uint8_t *const *words, const uint8_t *const *data, size_t blocks, const int lanes) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    State state[2];
    for (int lane = 0; lane < lanes; lane++) state[lane] = load(words[lane]);
    for (size_t block = 0; block < blocks; block++) {
        State before[2];
        __m128i w[2][4]; /* the last sixteen words of the message schedule */
        for (int lane = 0; lane < lanes; lane++) {
            const __m128i *message = (const __m128i *)(data[lane] + block * BLOCK);
            before[lane] = state[lane];
            for (int i = 0; i < 4; i++) w[lane][i] = _mm_shuffle_epi8(_mm_loadu_si128(message + i), big_endian);
        }
#pragma GCC unroll 16
        for (int four = 0; four < 16; four++) {
            const __m128i constants = _mm_load_si128((const __m128i *)(CONSTANTS + 4 * four));
#pragma GCC unroll 2
            for (int lane = 0; lane < lanes; lane++) {
                __m128i *now = &w[lane][four & 3], next = w[lane][(four + 1) & 3];
                __m128i third = w[lane][(four + 2) & 3], last = w[lane][(four + 3) & 3];
                __m128i sum = _mm_add_epi32(*now, constants);
                State *s = &state[lane];
                s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, sum);
                s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(sum, 0x0E));
                if (four < 12) {
                    __m128i part = _mm_add_epi32(_mm_sha256msg1_epu32(*now, next), _mm_alignr_epi8(last, third, 4));
                    *now = _mm_sha256msg2_epu32(part, last);
                }
            }
        }
        for (int lane = 0; lane < lanes; lane++) {
            state[lane].abef = _mm_add_epi32(state[lane].abef, before[lane].abef);
            state[lane].cdgh = _mm_add_epi32(state[lane].cdgh, before[lane].cdgh);
        }
    }
    for (int lane = 0; lane < lanes; lane++) store(state[lane], words[lane]);
}

EXTENSIONS static void compress_one(uint8_t *const *words, const uint8_t *const *data, size_t blocks) {
    compress(words, data, blocks, 1);
}

EXTENSIONS static void compress_two(uint8_t *const *words, const uint8_t *const *data, size_t blocks) {
    compress(words, data, blocks, 2);
}

static int has_extensions(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1) || !(c & bit_SSSE3)) return 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29));
}
#else
static void compress_one(uint8_t *const *words, const uint8_t *const *data, size_t blocks) {
    (void)words, (void)data, (void)blocks;
}
#define compress_two compress_one
static int has_extensions(void) { return 0; }
#endif

static PyObject *run(PyObject *args, int lanes) {
    Py_buffer words[2] = {{0}}, data[2] = {{0}};
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(args, lanes == 1 ? "w*y*" : "w*y*w*y*", &words[0], &data[0], &words[1], &data[1])) return NULL;
    for (int lane = 0; lane < lanes; lane++) {
        if (words[lane].len != STATE || data[lane].len % BLOCK || data[lane].len != data[0].len) {
            PyErr_SetString(PyExc_ValueError, "a state is 32 bytes, data are whole blocks of 64, as many in each lane");
            goto release;
        }
    }
    if (!has_extensions()) {
        PyErr_SetString(PyExc_RuntimeError, "this processor has no instructions for SHA-256");
        goto release;
    }
    uint8_t *states[2] = {words[0].buf, words[1].buf};
    const uint8_t *messages[2] = {data[0].buf, data[1].buf};
    size_t blocks = (size_t)data[0].len / BLOCK;
    Py_BEGIN_ALLOW_THREADS;
    (lanes == 1 ? compress_one : compress_two)(states, messages, blocks);
    Py_END_ALLOW_THREADS;
    result = Py_NewRef(Py_None);
release:
    for (int lane = 0; lane < lanes; lane++) {
        PyBuffer_Release(&words[lane]);
        PyBuffer_Release(&data[lane]);
    }
    return result;
}

static PyObject *one(PyObject *module, PyObject *args) {
    (void)module;
    return run(args, 1);
}

static PyObject *two(PyObject *module, PyObject *args) {
    (void)module;
    return run(args, 2);
}

static PyObject *available(PyObject *module, PyObject *args) {
    (void)module, (void)args;
    return PyBool_FromLong(has_extensions());
}

static PyMethodDef methods[] = {
    {"available", available, METH_NOARGS, "available()\n--\n\nWhether this processor has the instructions."},
    {"compress", one, METH_VARARGS,
     "compress(words, data, /)\n--\n\nTake whole blocks of 64 bytes into a state: 8 words in the machine's order."},
    {"compress_two", two, METH_VARARGS,
     "compress_two(words, data, other_words, other_data, /)\n--\n\nThe same for two streams, equally many blocks of each."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_lanes",
    .m_doc = "SHA-256 of two streams at once.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__lanes(void) {
    return PyModuleDef_Init(&definition);
}
