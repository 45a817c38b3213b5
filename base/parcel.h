/* parcel.h - what hospital and leader exchange by file where no network joins them.
 *
 * The same messages as on the line, for the same functions, so that a file can neither do more nor be believed more:
 *
 *     "weft parcel 1\n" || Parcel (proto/weft.proto), packed || SHA-256 of all before
 *
 * The digest tells a damaged or cut-off copy from a forged one; what the messages say is signed within. */
#ifndef BASE_PARCEL_H
#define BASE_PARCEL_H

#include "base/err.h"
#include "proto/weft.pb-c.h"

#define PARCEL_MAX (64u << 20)

/* ERR_PARCEL when it is none, damaged, or of another version. End with wire_free. */
WEFT_MUST_USE int parcel_read(Weft__V1__Parcel **parcel, const char *path, struct err *err);
/* ERR_FILE_EXISTS when there is something under this name. */
WEFT_MUST_USE int parcel_write(const char *path, const Weft__V1__Parcel *parcel, struct err *err);

#endif
