/* decimal.c - exact decimal reading. Of the digits that are dropped only the first decides: rounding is half
 * up. */
#include <stdbool.h>

#include "catalogue/decimal.h"
#include "catalogue/schema.h"

#define EXPONENT_MAX 10000

struct scan {
    const char *text;
    size_t len, at;
};

static bool accept(struct scan *scan, char a, char b)
{
    if (scan->at < scan->len && (scan->text[scan->at] == a || scan->text[scan->at] == b)) {
        scan->at++;
        return true;
    }
    return false;
}

static bool sign(struct scan *scan)
{
    bool negative = scan->at < scan->len && scan->text[scan->at] == '-';

    (void)accept(scan, '+', '-');
    return negative;
}

static size_t digits(struct scan *scan)
{
    size_t begin = scan->at;

    while (scan->at < scan->len && scan->text[scan->at] >= '0' && scan->text[scan->at] <= '9')
        scan->at++;
    return scan->at - begin;
}

/* The exponent after its letter, clamped; false when there is none. */
static bool exponent(struct scan *scan, long *value)
{
    bool negative = sign(scan);
    size_t begin = scan->at, num = digits(scan);

    *value = 0;
    for (size_t i = 0; i < num && *value < EXPONENT_MAX; i++)
        *value = *value * 10 + (scan->text[begin + i] - '0');
    if (negative)
        *value = -*value;
    return num > 0;
}

/* Append one decimal digit; false beyond the limit. */
static bool push(int64_t *value, int digit)
{
    *value = *value * 10 + digit;
    return *value <= VALUE_LIMIT;
}

/* `text` holds digits and one optional point; its first digit stands for 10^`power`. */
static enum decimal_result scale(int64_t *value, const char *text, size_t len, long power)
{
    int64_t sum = 0;
    bool up = false;

    for (size_t i = 0; i < len && power >= -1; i++) {
        if (text[i] == '.')
            continue;
        if (power == -1)
            up = text[i] >= '5';
        else if (!push(&sum, text[i] - '0'))
            return DECIMAL_RANGE;
        power--;
    }
    for (; power >= 0 && sum != 0; power--) {
        if (!push(&sum, 0))
            return DECIMAL_RANGE;
    }
    if (up)
        sum++;
    *value = sum;
    return sum <= VALUE_LIMIT ? DECIMAL_OK : DECIMAL_RANGE;
}

enum decimal_result decimal_parse(int64_t *value, const char *text, size_t len, int places)
{
    struct scan scan = {text, len, 0};
    bool negative = sign(&scan);
    size_t begin = scan.at, whole = digits(&scan), fraction = 0;
    enum decimal_result result;
    long shift = 0;
    size_t end;
    int64_t sum;

    if (accept(&scan, '.', '.'))
        fraction = digits(&scan);
    end = scan.at;
    if (whole + fraction == 0)
        return DECIMAL_SYNTAX;
    if (accept(&scan, 'e', 'E') && !exponent(&scan, &shift))
        return DECIMAL_SYNTAX;
    if (scan.at != len)
        return DECIMAL_SYNTAX;
    result = scale(&sum, text + begin, end - begin, (long)whole - 1 + shift + places);
    if (result == DECIMAL_OK)
        *value = negative ? -sum : sum;
    return result;
}

enum decimal_result decimal_parse_int(int64_t *value, const char *text, size_t len)
{
    struct scan scan = {text, len, 0};

    (void)sign(&scan);
    if (digits(&scan) == 0 || scan.at != len)
        return DECIMAL_SYNTAX;
    return decimal_parse(value, text, len, 0);
}
