/* authority_files.c - documents and catalogues in files. */
#include <stdlib.h>

#include "base/file.h"
#include "base/wire.h"
#include "catalogue/catalogue.h"
#include "coordinator/authority.h"

int authority_load(Weft__V1__Document **document, const char *path, struct err *err)
{
    uint8_t *data = NULL;
    size_t len;
    int rc;

    if ((rc = file_read(&data, &len, path, AUTHORITY_MAX_DOCUMENT, err)) != 0)
        return rc;
    if (document_unpack(document, data, len, err) != 0)
        rc = err_set(err, ERR_DOCUMENT_MALFORMED, "%s is not a weft document", path);
    free(data);
    return rc;
}

static int save(const Weft__V1__Document *document, const char *path, bool replace, struct err *err)
{
    uint8_t *packed = NULL;
    size_t len;
    int rc;

    if ((rc = wire_pack(&packed, &len, &document->base, err)) != 0)
        return rc;
    rc = replace ? file_write(path, packed, len, FILE_MODE_PUBLIC, err)
                 : file_create(path, packed, len, FILE_MODE_PUBLIC, err);
    free(packed);
    return rc;
}

int authority_save(const Weft__V1__Document *document, const char *path, struct err *err)
{
    return save(document, path, true, err);
}

int authority_save_new(const Weft__V1__Document *document, const char *path, struct err *err)
{
    return save(document, path, false, err);
}

int authority_load_roster(struct roster **roster, const char *path, int64_t now_ms, struct err *err)
{
    Weft__V1__Document *document = NULL;
    int rc;

    if ((rc = authority_load(&document, path, err)) != 0)
        return rc;
    if ((rc = roster_open(roster, document, NULL, now_ms, err)) != 0)
        rc = err_prefix(err, "%s", path);
    document_free(&document);
    return rc;
}

int authority_load_catalogue(Weft__V1__Document **document, const char *path, struct err *err)
{
    Weft__V1__Document parts = WEFT__V1__DOCUMENT__INIT;
    struct catalogue *catalogue = NULL;
    uint8_t *data = NULL;
    size_t len;
    int rc;

    if ((rc = file_read(&data, &len, path, CATALOGUE_MAX_SIZE, err)) != 0 ||
        (rc = catalogue_parse(&catalogue, path, data, len, err)) != 0)
        goto done;
    parts.type = WEFT__V1__DOCUMENT_TYPE__DOCUMENT_CATALOGUE;
    parts.version = DOCUMENT_VERSION;
    parts.body = (ProtobufCBinaryData){.len = len, .data = data};
    rc = document_copy(document, &parts, err);

done:
    catalogue_free(&catalogue);
    free(data);
    return rc;
}
