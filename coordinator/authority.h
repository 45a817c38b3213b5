/* authority.h - the parts of weft-authority, the offline program that signs rosters and tasks.
 *
 * Each side has one directory, made by `init`, which never needs a network:
 *     root.key    Ed25519 seed, 32 raw bytes, mode 0600
 *     root.yaml   its public key (base/join.h), for the other side and for every party to pin
 *     ca.key, ca.crt   leader side only: the authority of the TLS certificates
 *     cross.crt   of an authority made to replace another: how the old one certified it
 * A draft is a Document without signatures. Drafts change until the first signature; a signed document never
 * does. */
#ifndef COORDINATOR_AUTHORITY_H
#define COORDINATOR_AUTHORITY_H

#include <stdio.h>

#include "base/args.h"
#include "base/document.h"
#include "base/join.h"
#include "base/roster.h"
#include "base/task.h"

#define AUTHORITY_MAX_DOCUMENT (64u << 20) /* bytes of a packed document */

/* ---- one function a command ---- */

int authority_init(const struct args *args, struct err *err);
int authority_new_roster(const struct args *args, struct err *err);
int authority_add_operator(const struct args *args, struct err *err);
int authority_add_coordinator(const struct args *args, struct err *err);
int authority_add_area(const struct args *args, struct err *err);
int authority_add_site(const struct args *args, struct err *err);
int authority_remove_operator(const struct args *args, struct err *err);
int authority_remove_coordinator(const struct args *args, struct err *err);
int authority_remove_area(const struct args *args, struct err *err);
int authority_remove_site(const struct args *args, struct err *err);
int authority_remove_revocation(const struct args *args, struct err *err);
int authority_import_areas(const struct args *args, struct err *err);
int authority_import_sites(const struct args *args, struct err *err);
int authority_set_supervision(const struct args *args, struct err *err);
int authority_close_site(const struct args *args, struct err *err);
int authority_merge_site(const struct args *args, struct err *err);
int authority_move_site(const struct args *args, struct err *err);
int authority_revoke(const struct args *args, struct err *err);
int authority_certify(const struct args *args, struct err *err);
int authority_issue_ca(const struct args *args, struct err *err);
int authority_new_ca(const struct args *args, struct err *err);
int authority_task(const struct args *args, struct err *err);
int authority_task_settings(const struct args *args, struct err *err);
int authority_revise(const struct args *args, struct err *err);
int authority_void(const struct args *args, struct err *err);
int authority_amend(const struct args *args, struct err *err);
int authority_sign(const struct args *args, struct err *err);
int authority_show(const struct args *args, struct err *err);
int authority_publish(const struct args *args, struct err *err);
/* May a draft live beside the tasks that are published in `dir`? */
WEFT_MUST_USE int authority_check_beside(const char *dir, const struct task *draft, struct err *err);

/* ---- authority_dir.c: one side's directory ---- */

/* A side's root: the private key and what it says publicly. Wiped by authority_root_clear. */
struct authority_root {
    uint8_t private_key[KEY_SIZE];
    struct join_roots pinned; /* its own root.yaml, as the only one; do not move */
};

static inline const Weft__V1__Root *authority_root_public(const struct authority_root *root)
{
    return &root->pinned.root[0];
}

WEFT_MUST_USE int authority_root_load(struct authority_root *root, const char *dir, struct err *err);
void authority_root_clear(struct authority_root *root);

/* Sign the request of a join file with the TLS authority in `dir` and write the certificate to `out`, which must not be
 * there yet if `is_first`: it could be another party's. */
WEFT_MUST_USE int authority_issue(const char *dir, const struct join *join, const char *out, bool is_first,
                                  unsigned days, struct err *err);

/* The same for the issuing certificate of a leader (its join file's issuer_request). Replaces the file. */
WEFT_MUST_USE int authority_issue_issuer(const char *dir, const struct join *join, const char *out,
                                         const char *const *permitted, size_t num_permitted, unsigned days,
                                         struct err *err);

/* ---- authority_files.c: documents and catalogues in files ---- */

WEFT_MUST_USE int authority_load(Weft__V1__Document **document, const char *path, struct err *err);
WEFT_MUST_USE int authority_save(const Weft__V1__Document *document, const char *path, struct err *err);
/* As authority_save, but never over another file. */
WEFT_MUST_USE int authority_save_new(const Weft__V1__Document *document, const char *path, struct err *err);
/* A roster that both sides' roots have signed, as it says itself. */
WEFT_MUST_USE int authority_load_roster(struct roster **roster, const char *path, int64_t now_ms,
                                        struct err *err);
/* The YAML file as a catalogue document. */
WEFT_MUST_USE int authority_load_catalogue(Weft__V1__Document **document, const char *path, struct err *err);

/* ---- authority_print.c ---- */

/* Text from outside, without its control characters. */
void authority_print_text(FILE *out, const char *text);
/* Every field of a message, indented. */
void authority_print_message(FILE *out, const ProtobufCMessage *message);

/* ---- authority_show.c ---- */

/* A summary for people: type, digest, who signed, and what it says. */
WEFT_MUST_USE int authority_summary(FILE *out, const Weft__V1__Document *document, enum err_lang lang,
                                    struct err *err);

/* The parts of a longer period: the tasks in `paths` (sums stand for their own parts) in the order of their periods, which
 * must make up `period`. ERR_TASK_PARTS. */
#define AUTHORITY_PARTS_MAX 60
struct authority_sum {
    ProtobufCBinaryData parts[AUTHORITY_PARTS_MAX];
    uint8_t ids[AUTHORITY_PARTS_MAX][TASK_ID_SIZE];
    size_t num;
};
WEFT_MUST_USE int authority_sum_of(struct authority_sum *sum, const char *const *paths, size_t num_paths,
                                   const Weft__V1__Period *period, struct err *err);

#endif
