/* fuzz_token.c - any text as a token for joining: what decodes must come out again as it went in. */
#include <stdlib.h>
#include <string.h>

#include "base/token.h"
#include "crypto/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Weft__V1__JoinToken *token = NULL;
    char *text = NULL;
    size_t len = size;

    while (len > 0 && (data[len - 1] == '\n' || data[len - 1] == '\r'))
        len--;
    if (token_decode(&token, (const char *)data, size, NULL) != 0) {
        if (token != NULL)
            abort();
        return 0;
    }
    if (token_encode(&text, token, NULL) != 0 || strlen(text) != len + 1 || memcmp(text, data, len) != 0)
        abort();
    secret_free(text, strlen(text));
    token_free(&token);
    return 0;
}
