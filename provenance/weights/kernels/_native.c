/* Two loops over stored bytes: the statistics of bf16 against bf16, the one pair of dtypes that nearly every checkpoint
 * is stored in, and what every tensor is asked for: how many elements are NaN or infinite, and whether all are the same.
 *
 * Bit for bit the same as reference.py, which says what is computed. Element i of a tensor is added to lane i mod LANES
 * of each sum, in order, in float64; so the compiler may run the lanes side by side, may not reorder a lane, and needs
 * no -ffast-math to be fast. NaN and infinity are told by integer comparisons on the stored bits.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <float.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "weights are stored little-endian; the numpy reference serves other machines"
#endif
#if FLT_EVAL_METHOD != 0
#error "sums need float64 without excess precision; the numpy reference serves this machine"
#endif
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

/* One source, three builds of each loop, chosen by the processor when the library is loaded. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) && __GNUC__ >= 12
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#define LANES 64
#define BLOCK 4096 /* elements, a multiple of LANES: 8 KiB a side stay in the first cache between the passes */

#define MAGNITUDE 0x7FFF
#define INFINITE 0x7F80 /* magnitudes above it are NaN */

/* A tensor starts at any byte of its file. */
typedef uint16_t __attribute__((aligned(1), may_alias)) bf16;

typedef struct {
    double delta[LANES], base[LANES], candidate[LANES], inner[LANES];
    double peak;
} Sums;

typedef struct {
    int64_t elements, changed, nonfinite, cast_mismatch;
} Counts;

static inline double widen(uint16_t bits) {
    uint32_t word = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

/* n <= BLOCK, so the 16-bit counters cannot overflow. Returns the number of elements that are not finite. */
CLONES static uint16_t count(const bf16 *candidate, const bf16 *base, size_t n, Counts *counts) {
    uint16_t changed = 0, nonfinite = 0, mismatch = 0;
    for (size_t i = 0; i < n; i++) {
        uint16_t a = candidate[i], b = base[i], a_abs = a & MAGNITUDE, b_abs = b & MAGNITUDE;
        uint16_t both_nan = (a_abs > INFINITE) & (b_abs > INFINITE);
        uint16_t differs = (uint16_t)((a != b) & !both_nan);
        mismatch = (uint16_t)(mismatch + differs);
        changed = (uint16_t)(changed + (differs & ((a_abs | b_abs) != 0))); /* -0 equals +0 */
        nonfinite += (a_abs >= INFINITE) | (b_abs >= INFINITE);
    }
    counts->changed += changed;
    counts->nonfinite += nonfinite;
    counts->cast_mismatch += mismatch;
    return nonfinite;
}

CLONES static void add_different(const bf16 *candidate, const bf16 *base, size_t n, Sums *restrict sums) {
    double peak[LANES] = {0};
    for (size_t row = 0; row < n; row += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            double a = widen(candidate[row + lane]), b = widen(base[row + lane]), d = a - b;
            double size = d < 0 ? -d : d;
            sums->delta[lane] += d * d;
            sums->base[lane] += b * b;
            sums->candidate[lane] += a * a;
            sums->inner[lane] += a * b;
            peak[lane] = size > peak[lane] ? size : peak[lane];
        }
    }
    for (size_t lane = 0; lane < LANES; lane++)
        sums->peak = peak[lane] > sums->peak ? peak[lane] : sums->peak;
}

CLONES static void add_equal(const bf16 *values, size_t n, Sums *restrict sums) {
    for (size_t row = 0; row < n; row += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            double square = widen(values[row + lane]);
            square *= square;
            sums->base[lane] += square;
            sums->candidate[lane] += square;
            sums->inner[lane] += square;
        }
    }
}

/* n is a multiple of LANES and at most BLOCK; element 0 belongs to lane 0. */
static void add_block(const bf16 *candidate, const bf16 *base, size_t n, Sums *sums, Counts *counts) {
    uint16_t finite_candidate[BLOCK], finite_base[BLOCK];
    if (count(candidate, base, n, counts)) {
        for (size_t i = 0; i < n; i++) {
            int finite = (candidate[i] & MAGNITUDE) < INFINITE && (base[i] & MAGNITUDE) < INFINITE;
            finite_candidate[i] = finite ? candidate[i] : 0;
            finite_base[i] = finite ? base[i] : 0;
        }
        candidate = finite_candidate;
        base = finite_base;
    }
    if (memcmp(candidate, base, n * sizeof(bf16)) == 0)
        add_equal(candidate, n, sums);
    else
        add_different(candidate, base, n, sums);
}

/* Zeros on both sides fill an incomplete row: they change no count and no sum. */
static void add_partial_row(const bf16 *candidate, const bf16 *base, size_t lane, size_t n, Sums *sums, Counts *counts) {
    uint16_t padded_candidate[LANES] = {0}, padded_base[LANES] = {0};
    memcpy(padded_candidate + lane, candidate, n * sizeof(bf16));
    memcpy(padded_base + lane, base, n * sizeof(bf16));
    add_block(padded_candidate, padded_base, LANES, sums, counts);
}

static void add(const bf16 *candidate, const bf16 *base, size_t n, Sums *sums, Counts *counts) {
    while (n > 0) {
        size_t lane = (size_t)(counts->elements % LANES), step;
        if (lane == 0 && n >= LANES) {
            step = n < BLOCK ? n - n % LANES : BLOCK;
            add_block(candidate, base, step, sums, counts);
        } else {
            step = n < LANES - lane ? n : LANES - lane;
            add_partial_row(candidate, base, lane, step, sums, counts);
        }
        counts->elements += (int64_t)step;
        candidate += step;
        base += step;
        n -= step;
    }
}

static PyObject *accumulate_bf16(PyObject *module, PyObject *args) {
    (void)module;
    Py_buffer candidate, base, sums, counts;
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(args, "y*y*w*w*:accumulate_bf16", &candidate, &base, &sums, &counts))
        return NULL;
    if (candidate.len != base.len || candidate.len % (Py_ssize_t)sizeof(bf16) != 0) {
        PyErr_SetString(PyExc_ValueError, "candidate and base must hold the same number of whole elements");
    } else if (sums.len != (Py_ssize_t)sizeof(Sums) || counts.len != (Py_ssize_t)sizeof(Counts) ||
               (uintptr_t)sums.buf % sizeof(double) != 0 || (uintptr_t)counts.buf % sizeof(int64_t) != 0) {
        PyErr_SetString(PyExc_ValueError, "sums and counts must be those of an Accumulator");
    } else {
        Py_BEGIN_ALLOW_THREADS
        add(candidate.buf, base.buf, (size_t)candidate.len / sizeof(bf16), sums.buf, counts.buf);
        Py_END_ALLOW_THREADS
        result = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&counts);
    PyBuffer_Release(&sums);
    PyBuffer_Release(&base);
    PyBuffer_Release(&candidate);
    return result;
}

/* Matches are counted in integers as wide as the elements, so that a vector holds as many of both; LIMIT of them fit.
 * Other bytes may lie between the elements: the scales of quantized blocks are `stride` apart. */
#define DEFINE_COUNT(BITS, LIMIT)                                                                                      \
    typedef uint##BITS##_t __attribute__((aligned(1), may_alias)) element##BITS;                                       \
    CLONES static int64_t count##BITS(const unsigned char *data, size_t n, uint64_t mask64, uint64_t value64) {        \
        const element##BITS *elements = (const element##BITS *)data;                                                   \
        const uint##BITS##_t mask = (uint##BITS##_t)mask64, value = (uint##BITS##_t)value64;                           \
        int64_t total = 0;                                                                                             \
        for (size_t at = 0; at < n; at += LIMIT) {                                                                     \
            const size_t end = n - at < LIMIT ? n : at + LIMIT;                                                        \
            uint##BITS##_t found = 0;                                                                                  \
            for (size_t i = at; i < end; i++)                                                                          \
                found = (uint##BITS##_t)(found + ((elements[i] & mask) == value));                                     \
            total += (int64_t)found;                                                                                   \
        }                                                                                                              \
        return total;                                                                                                  \
    }                                                                                                                  \
    static int64_t count##BITS##_apart(const unsigned char *data, size_t n, size_t stride, uint64_t mask64,            \
                                       uint64_t value64) {                                                             \
        const uint##BITS##_t mask = (uint##BITS##_t)mask64, value = (uint##BITS##_t)value64;                           \
        int64_t total = 0;                                                                                             \
        if (stride == sizeof(element##BITS))                                                                           \
            return count##BITS(data, n, mask64, value64);                                                              \
        for (size_t i = 0; i < n; i++)                                                                                 \
            total += (*(const element##BITS *)(data + i * stride) & mask) == value;                                    \
        return total;                                                                                                  \
    }

DEFINE_COUNT(8, 248)
DEFINE_COUNT(16, 32768)
DEFINE_COUNT(32, 1048576)
DEFINE_COUNT(64, 1048576)

static PyObject *count_elements(PyObject *module, PyObject *args) {
    (void)module;
    Py_buffer data;
    Py_ssize_t stride, offset, width;
    unsigned long long mask, value;
    if (!PyArg_ParseTuple(args, "y*nnnKK:count_elements", &data, &stride, &offset, &width, &mask, &value))
        return NULL;
    if ((width != 1 && width != 2 && width != 4 && width != 8) || offset < 0 || stride < width ||
        offset > stride - width || data.len % stride != 0) {
        PyBuffer_Release(&data);
        PyErr_SetString(PyExc_ValueError, "data must be whole blocks, each with its element");
        return NULL;
    }
    int64_t total;
    const size_t n = (size_t)(data.len / stride);
    const unsigned char *first = (const unsigned char *)data.buf + offset;
    Py_BEGIN_ALLOW_THREADS
    if (width == 1)
        total = count8_apart(first, n, (size_t)stride, mask, value);
    else if (width == 2)
        total = count16_apart(first, n, (size_t)stride, mask, value);
    else if (width == 4)
        total = count32_apart(first, n, (size_t)stride, mask, value);
    else
        total = count64_apart(first, n, (size_t)stride, mask, value);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&data);
    return PyLong_FromLongLong(total);
}

static PyObject *repeats(PyObject *module, PyObject *args) {
    (void)module;
    Py_buffer data;
    Py_ssize_t period;
    if (!PyArg_ParseTuple(args, "y*n:repeats", &data, &period))
        return NULL;
    if (period < 1) {
        PyBuffer_Release(&data);
        PyErr_SetString(PyExc_ValueError, "a period is at least one byte");
        return NULL;
    }
    int same;
    const char *bytes = data.buf;
    Py_BEGIN_ALLOW_THREADS
    same = data.len <= period || memcmp(bytes, bytes + period, (size_t)(data.len - period)) == 0;
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&data);
    return PyBool_FromLong(same);
}

static PyMethodDef methods[] = {
    {"accumulate_bf16", accumulate_bf16, METH_VARARGS,
     "accumulate_bf16(candidate, base, sums, counts)\n--\n\nAdd equally many bf16 elements of both to an Accumulator."},
    {"count_elements", count_elements, METH_VARARGS,
     "count_elements(data, stride, offset, width, mask, value)\n--\n\nCount elements that are `value` under `mask`."},
    {"repeats", repeats, METH_VARARGS,
     "repeats(data, period)\n--\n\nWhether every byte is the one `period` bytes before it."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_native",
    .m_doc = "Loops over stored bytes in C; see kernels/__init__.py.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__native(void) {
    return PyModuleDef_Init(&definition);
}
