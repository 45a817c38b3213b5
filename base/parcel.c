/* parcel.c - a parcel as a file. */
#include "base/parcel.h"

#include <stdlib.h>
#include <string.h>

#include "base/document.h"
#include "base/file.h"
#include "base/wire.h"

static const char magic[] = "weft parcel 1\n";
#define MAGIC_LEN (sizeof magic - 1)

static int refuse(const char *path, const char *what, struct err *err)
{
    err_set(err, ERR_PARCEL, "%s", what);
    return err_at(err, path, 0, 0);
}

int parcel_read(Weft__V1__Parcel **parcel, const char *path, struct err *err)
{
    uint8_t *data = NULL, sum[DIGEST_SIZE];
    size_t len, body;
    int rc = file_read(&data, &len, path, PARCEL_MAX, err);

    if (rc != 0) {
        return rc;
    }
    if (len < MAGIC_LEN || memcmp(data, magic, MAGIC_LEN) != 0) {
        rc = refuse(path, "not a parcel of this version", err);
        goto done;
    }
    body = len < MAGIC_LEN + DIGEST_SIZE ? 0 : len - MAGIC_LEN - DIGEST_SIZE;
    digest(sum, data, MAGIC_LEN + body);
    if (body == 0 || memcmp(sum, data + MAGIC_LEN + body, DIGEST_SIZE) != 0) {
        rc = refuse(path, "cut off or damaged: copy it again", err);
        goto done;
    }
    if (wire_unpack((ProtobufCMessage **)parcel, &weft__v1__parcel__descriptor, data + MAGIC_LEN, body, WIRE_LENIENT,
                    err) != 0) {
        rc = refuse(path, "not a parcel", err);
    }
done:
    free(data);
    return rc;
}

int parcel_write(const char *path, const Weft__V1__Parcel *parcel, struct err *err)
{
    uint8_t *body = NULL, *data;
    size_t len;
    int rc;

    if ((rc = wire_pack(&body, &len, &parcel->base, err)) != 0) {
        return rc;
    }
    if (len > PARCEL_MAX - MAGIC_LEN - DIGEST_SIZE || (data = malloc(MAGIC_LEN + len + DIGEST_SIZE)) == NULL) {
        free(body);
        return err_set(err, len > PARCEL_MAX / 2 ? ERR_FILE_TOO_LARGE : ERR_NO_MEMORY, "parcel");
    }
    memcpy(data, magic, MAGIC_LEN);
    memcpy(data + MAGIC_LEN, body, len);
    digest(data + MAGIC_LEN + len, data, MAGIC_LEN + len);
    rc = file_create(path, data, MAGIC_LEN + len + DIGEST_SIZE, FILE_MODE_PUBLIC, err);
    free(data);
    free(body);
    return rc;
}
