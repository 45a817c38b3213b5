/* expr_lex.c - cuts an expression into words, and finds a word again in the file that it was written in. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "catalogue/expr_lex.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void step(const char *at, unsigned *line, unsigned *column)
{
    if (*at == '\n') {
        (*line)++;
        *column = 1;
    } else if (((unsigned char)*at & 0xC0) != 0x80) { /* not inside a UTF-8 character */
        (*column)++;
    }
}

/* The byte of `raw` at a line and column. */
static const char *seek(const char *raw, unsigned line, unsigned column)
{
    unsigned at_line = 1, at_column = 1;

    while (*raw != '\0' && (at_line < line || (at_line == line && at_column < column)))
        step(raw++, &at_line, &at_column);
    return raw;
}

/* Skip what YAML wrote before the first character of a scalar: a quote, or the header line of a block. */
static const char *skip_opening(const char *raw, unsigned *line, unsigned *column)
{
    if (*raw == '"' || *raw == '\'') {
        step(raw++, line, column);
    } else if (*raw == '|' || *raw == '>') {
        while (*raw != '\0' && *raw != '\n')
            step(raw++, line, column);
    }
    return raw;
}

/* Walks the value and the file side by side: white space may differ, and quotes may be doubled or escaped. */
void expr_place(const struct expr_source *source, size_t offset, unsigned *line, unsigned *column)
{
    const char *value = source->text, *end = source->text + offset;
    const char *raw;

    *line = source->line;
    *column = source->column;
    if (source->raw == NULL) {
        while (value < end)
            step(value++, line, column);
        return;
    }
    raw = skip_opening(seek(source->raw, *line, *column), line, column);
    while (is_space(*raw) && !is_space(*value))
        step(raw++, line, column);
    while (value < end && *raw != '\0') {
        if (is_space(*value)) {
            while (value < end && is_space(*value))
                value++;
            while (is_space(*raw))
                step(raw++, line, column);
            continue;
        }
        if (*raw != *value || (raw[0] == '\'' && raw[1] == '\'' && value[1] != '\'')) /* \" or '' */
            step(raw++, line, column);
        if (*raw != '\0')
            step(raw++, line, column);
        value++;
    }
}

int expr_fail(const struct expr_source *source, size_t offset, struct err *err, int code, const char *format,
              ...)
{
    unsigned line, column;
    char detail[256];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    (void)err_set(err, code, "%s", detail);
    expr_place(source, offset, &line, &column);
    (void)err_at(err, source->file, line, column);
    return code;
}

static size_t number_len(const char *text)
{
    size_t len = 0;

    while (is_digit(text[len]))
        len++;
    if (text[len] == '.' && is_digit(text[len + 1])) {
        len++;
        while (is_digit(text[len]))
            len++;
    }
    if (text[len] == 'e' || text[len] == 'E') {
        size_t digits = len + 1;

        if (text[digits] == '+' || text[digits] == '-')
            digits++;
        if (is_digit(text[digits])) {
            len = digits;
            while (is_digit(text[len]))
                len++;
        }
    }
    return len;
}

static int string(struct token *token, size_t *next, const struct expr_source *source, struct err *err)
{
    const char *close = strchr(token->text + 1, token->text[0]);

    if (close == NULL)
        return expr_fail(source, token->offset, err, ERR_EXPR_SYNTAX,
                         "the text that begins here is not closed");
    token->kind = TOKEN_STRING;
    token->len = (size_t)(close - token->text) - 1;
    *next = token->offset + token->len + 2;
    token->text++;
    return ERR_OK;
}

static size_t symbol_len(const char *text)
{
    static const char *const two[] = {"!=", "<=", ">="};

    for (size_t i = 0; i < sizeof(two) / sizeof(two[0]); i++) {
        if (strncmp(text, two[i], 2) == 0)
            return 2;
    }
    return strchr("=<>(){},.+-", text[0]) != NULL ? 1 : 0;
}

int expr_lex(struct token *token, size_t *next, const struct expr_source *source, size_t offset,
             struct err *err)
{
    const char *text = source->text + offset;

    while (is_space(*text))
        text++;
    *token = (struct token){.text = text, .offset = (size_t)(text - source->text)};
    if (*text == '\0') {
        token->kind = TOKEN_END;
    } else if (is_letter(*text)) {
        token->kind = TOKEN_NAME;
        while (is_letter(text[token->len]) || is_digit(text[token->len]))
            token->len++;
    } else if (is_digit(*text)) {
        token->kind = TOKEN_NUMBER;
        token->len = number_len(text);
    } else if (*text == '"' || *text == '\'') {
        return string(token, next, source, err);
    } else {
        token->kind = TOKEN_SYMBOL;
        token->len = symbol_len(text);
        if (token->len == 0)
            return expr_fail(source, token->offset, err, ERR_EXPR_SYNTAX,
                             "a character that has no meaning here");
    }
    *next = token->offset + token->len;
    return ERR_OK;
}
