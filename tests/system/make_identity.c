/* make_identity.c - what the `init` of a hospital's or coordinator's program does, for tests of the
 * authority.
 *
 *     make_identity DIR site|coordinator ID TLSNAME [AREA...] */
#include <stdio.h>
#include <string.h>

#include "base/join.h"

int main(int argc, char **argv)
{
    char text[1024];
    struct err err = {0};
    int rc;

    if (argc < 5) {
        fprintf(stderr, "usage: make_identity DIR site|coordinator ID TLSNAME [AREA...]\n");
        return 2;
    }
    rc = identity_create(argv[1], strcmp(argv[2], "site") == 0 ? JOIN_SITE : JOIN_COORDINATOR, argv[3],
                         argv[4], (const char *const *)(argv + 5), (size_t)argc - 5, &err);
    if (rc != 0)
        fprintf(stderr, "%s\n", err_text(&err, LANG_EN, text, sizeof text));
    return rc != 0;
}
