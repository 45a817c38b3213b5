/* report.h - the sealed report: what a site signs and encrypts, and how a coordinator opens it.
 *
 * Input shares are HPKE-sealed with
 *     info = "weft/v1/input share" || role (1 leader, 2 helper)
 *     aad  = "weft/v1/report" || task id || site || revision u32 || report id || public share
 * (length-prefixed) and the site signs the ReportHeader, which names both ciphertexts' digests: neither
 * coordinator can invent a site, move a report or pass an old revision as newer. Aggregate shares on their
 * way up or to a collector are sealed with
 *     info = "weft/v1/aggregate share" || side (1 leader, 2 helper)
 *     aad  = task id || area || scope u32 || stage u32 || sender || basis        (length-prefixed) */
#ifndef BASE_REPORT_H
#define BASE_REPORT_H

#include "base/task.h"
#include "crypto/hpke.h"

/* A site that needs more revisions of one task than this is out of control; each is kept until retention ends. */
#define REPORT_REVISION_MAX 1000

/* What the site draws from its own secret, so that it can show an auditor that the bytes which left are
 * exactly the encryption of the vector it shows: everything below is a function of (site secret, task,
 * revision, vector). */
struct report_input {
    const struct task *task;
    const char *site;
    uint32_t revision;                                    /* from 1 */
    const uint8_t *supersedes;                            /* report id of the revision before, or NULL */
    const uint64_t *vector;                               /* task->num_slots */
    const uint8_t *site_secret;                           /* 32 bytes */
    const uint8_t *sign_key;                              /* Ed25519 private */
    const uint8_t *leader_hpke_key, *helper_hpke_key;     /* from the key sheets */
    const uint8_t *leader_static_key, *helper_static_key; /* from the roster */
    const char *rule_set;
    uint64_t log_size;
    const uint8_t *log_root; /* DIGEST_SIZE */
};

/* Split, seal and sign. The message owns everything; end with report_free. */
WEFT_MUST_USE int report_build(Weft__V1__SubmitRequest **request, const struct report_input *input,
                               struct err *err);
void report_free(Weft__V1__SubmitRequest **request);

/* The commitment to k_task, logged before the task's first report. */
void report_commitment(uint8_t out[DIGEST_SIZE], const uint8_t site_secret[32],
                       const uint8_t task_id[TASK_ID_SIZE]);

/* Check a report document against task and roster: site known and supervised by `area`, sizes exact,
 * signature. On success the caller owns *header (wire_free). */
WEFT_MUST_USE int report_check(Weft__V1__ReportHeader **header, const Weft__V1__Document *document,
                               const struct task *task, const struct roster *roster, int area,
                               struct err *err);
/* Does this ciphertext belong to the header (role 0 leader, 1 helper), in a suite known here? */
WEFT_MUST_USE int report_check_ciphertext(const Weft__V1__ReportHeader *header, const struct task *task,
                                          unsigned role, const Weft__V1__HpkeCiphertext *ciphertext,
                                          struct err *err);
/* Open the input share of `role` into `share` (exactly prio3_sizes()->input_share[role] bytes). */
bool report_open_share(uint8_t *share, const struct task *task, const Weft__V1__ReportHeader *header,
                       unsigned role, const Weft__V1__HpkeCiphertext *ciphertext,
                       const uint8_t hpke_private[HPKE_KEY_SIZE]);

/* Aggregate shares. `ikm` is fresh randomness. The result owns its bytes; end with share_free. */
WEFT_MUST_USE int share_seal(Weft__V1__HpkeCiphertext **sealed, const uint8_t public_key[HPKE_KEY_SIZE],
                             const struct task *task, const Weft__V1__Opening *opening, const char *sender,
                             Weft__V1__Side side, const uint8_t basis[DIGEST_SIZE], const uint8_t *share,
                             size_t share_len, const uint8_t ikm[HPKE_IKM_SIZE], struct err *err);
void share_free(Weft__V1__HpkeCiphertext **sealed);
/* `share_len` is what it must be. */
bool share_open(uint8_t *share, size_t share_len, const Weft__V1__HpkeCiphertext *sealed,
                const uint8_t private_key[HPKE_KEY_SIZE], const struct task *task,
                const Weft__V1__Opening *opening, const char *sender, Weft__V1__Side side,
                const uint8_t basis[DIGEST_SIZE]);

#endif
