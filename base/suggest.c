/* suggest.c - the known word that a mistyped one probably means: edit distance with swaps of neighbours. */
#include <string.h>

#include "base/suggest.h"

#define LEN_MAX 64

static unsigned min(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance of two words of at most LEN_MAX bytes. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned rows[3][LEN_MAX + 1]; /* the row before last, the last, this one; rotating */

    for (unsigned j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            row[j] = min(min(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = min(row[j], before[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

const char *suggest_nearest(const char *word, const char *const *known, size_t num_known)
{
    size_t word_len = strlen(word);
    const char *nearest = NULL;
    unsigned best;

    if (word_len == 0 || word_len > LEN_MAX)
        return NULL;
    best = word_len < 5 ? 2 : 3; /* below this many edits: near */
    if (word_len == 1)
        best = 1;
    for (size_t i = 0; i < num_known; i++) {
        size_t known_len = strlen(known[i]);
        unsigned edits;

        if (known_len > LEN_MAX)
            continue;
        edits = distance(word, word_len, known[i], known_len);
        if (edits < best) {
            best = edits;
            nearest = known[i];
        }
    }
    return nearest;
}
