/* show.c - receipts and freezes as text or JSON. All of it is signed; nothing of it is a number of patients. */
#include "coordinator/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/wire.h"
#include "coordinator/setup.h"

struct show {
    struct setup setup;
    struct setup_reading reading;
    const struct view *view;
    struct json *json; /* NULL: text */
    enum err_lang lang;
};

/* "lead, help" */
static const char *signers(const Weft__V1__Document *document, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < document->n_signatures && len < size; i++) {
        len += (size_t)snprintf(out + len, size - len, "%s%s", i == 0 ? "" : ", ", document->signatures[i]->signer);
    }
    return out;
}

static const char *digest_hex(const ProtobufCBinaryData *bytes, char out[HEX_SIZE(DIGEST_SIZE)])
{
    return hex_encode(out, bytes->data, bytes->len <= DIGEST_SIZE ? bytes->len : 0);
}

/* ---- receipts ---- */

static const char *state_name(Weft__V1__ReportState state)
{
    return state == WEFT__V1__REPORT_STATE__REPORT_ACCEPTED ? "accepted" : "rejected";
}

static void show_receipt(const struct show *show, const Weft__V1__Document *document, const Weft__V1__Receipt *receipt)
{
    char hex[HEX_SIZE(DIGEST_SIZE)], by[256], time[CALENDAR_TEXT_SIZE];
    struct calendar_zone zone = {0};

    if (show->json != NULL) {
        json_object(show->json, NULL);
        json_text(show->json, "site", receipt->site);
        json_uint(show->json, "revision", receipt->revision);
        json_text(show->json, "state", state_name(receipt->state));
        json_int(show->json, "reason", receipt->reason);
        json_text(show->json, "report_digest", digest_hex(&receipt->report_digest, hex));
        json_int(show->json, "time_ms", receipt->time_ms);
        json_text(show->json, "signed_by", signers(document, by, sizeof by));
        json_end(show->json);
        return;
    }
    (void)!calendar_zone(&zone, NULL, NULL);
    printf("%-16s %4" PRIu32 "  %-8s  %s  %s  %s\n", receipt->site, receipt->revision, state_name(receipt->state),
           calendar_format(receipt->time_ms, &zone, time), digest_hex(&receipt->report_digest, hex),
           signers(document, by, sizeof by));
}

/* All revisions of one site. */
static int show_site(const struct show *show, const char *site, struct err *err)
{
    struct db db = {show->reading.txn, show->setup.identity.at_rest_key};
    StoredReport *stored = NULL;
    uint32_t revision = 0;
    int rc;

    while ((rc = db_next_report(&db, show->view->task->id, site, revision, &stored, &revision, err)) == 0 &&
           stored != NULL) {
        Weft__V1__Receipt *receipt = NULL;
        if (stored->receipt != NULL) {
            rc = document_body((ProtobufCMessage **)&receipt, stored->receipt, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_RECEIPT,
                               err);
        }
        if (receipt != NULL) {
            show_receipt(show, stored->receipt, receipt);
        }
        wire_free(&receipt);
        wire_free(&stored);
        if (rc != 0) {
            break;
        }
    }
    return rc;
}

static int show_receipts(const struct show *show, struct err *err)
{
    const struct roster *roster = show->view->roster;
    int self = roster_find_coordinator(roster, show->setup.identity.id), rc = 0;

    for (int site = 0; self != NONE && site < roster->num_sites && rc == 0; site++) {
        if (roster_serves(roster, self, roster->sites[site].supervisor)) {
            rc = show_site(show, roster->sites[site].wire->id, err);
        }
    }
    return rc;
}

/* ---- freezes ---- */

static void show_frozen(const struct show *show, const Weft__V1__Freeze *freeze)
{
    char hex[HEX_SIZE(DIGEST_SIZE)];

    for (size_t i = 0; i < freeze->n_reports; i++) {
        const Weft__V1__FrozenReport *report = freeze->reports[i];
        if (show->json != NULL) {
            json_object(show->json, NULL);
            json_text(show->json, "site", report->site);
            json_uint(show->json, "revision", report->revision);
            json_text(show->json, "report_digest", digest_hex(&report->report_digest, hex));
            json_end(show->json);
        } else {
            printf("  %-16s %4" PRIu32 "  %s\n", report->site, report->revision,
                   digest_hex(&report->report_digest, hex));
        }
    }
}

static void show_freeze(const struct show *show, const Weft__V1__Document *document, const Weft__V1__Freeze *freeze)
{
    char by[256];

    if (show->json == NULL) {
        printf(show->lang == LANG_ZH ? "%s：%zu 份报告，由 %s 签署\n" : "%s: %zu reports, signed by %s\n", freeze->area,
               freeze->n_reports, signers(document, by, sizeof by));
        show_frozen(show, freeze);
        for (size_t i = 0; i < freeze->n_dropped; i++) {
            printf(show->lang == LANG_ZH ? "  %s：未列入，双方不一致\n" : "  %s: left out, leader and helper disagreed\n",
                   freeze->dropped[i]);
        }
        return;
    }
    json_object(show->json, NULL);
    json_text(show->json, "area", freeze->area);
    json_text(show->json, "signed_by", signers(document, by, sizeof by));
    json_array(show->json, "reports");
    show_frozen(show, freeze);
    json_end(show->json);
    json_array(show->json, "dropped");
    for (size_t i = 0; i < freeze->n_dropped; i++) {
        json_text(show->json, NULL, freeze->dropped[i]);
    }
    json_end(show->json);
    json_end(show->json);
}

static void show_freezes(const struct show *show)
{
    for (int area = 0; area < show->view->roster->num_areas; area++) {
        const struct view_document *freeze = &show->view->freezes[area];
        if (freeze->document != NULL) {
            show_freeze(show, freeze->document, (const Weft__V1__Freeze *)freeze->body);
        }
    }
}

/* ---- the command ---- */

static int show_all(struct show *show, const char *what, bool as_json, struct err *err)
{
    bool receipts = strcmp(what, "receipts") == 0;
    struct json json;
    int rc = 0;

    if (as_json) {
        json = json_begin(stdout);
        show->json = &json;
        json_object(&json, NULL);
        json_text(&json, "task", show->view->task->hex);
        json_array(&json, what);
    }
    if (receipts) {
        rc = show_receipts(show, err);
    } else {
        show_freezes(show);
    }
    if (rc == 0 && as_json) {
        json_end(&json);
        json_end(&json);
        rc = json_finish(&json) ? 0 : err_set(err, ERR_FILE_WRITE, "standard output");
    }
    return rc;
}

int show_print(const char *settings_path, const char *what, const char *task, bool as_json, enum err_lang lang,
               struct err *err)
{
    struct show *show = calloc(1, sizeof *show);
    size_t index;
    int rc;

    if (show == NULL) {
        return err_set(err, ERR_NO_MEMORY, "show");
    }
    show->lang = lang;
    if (strcmp(what, "receipts") != 0 && strcmp(what, "freezes") != 0) {
        rc = err_set(err, ERR_USAGE, "receipts or freezes, not %.32s", what);
    } else if ((rc = setup_read(&show->setup, settings_path, err)) == 0 &&
               (rc = setup_load_keys(&show->setup, err)) == 0 &&
               (rc = setup_begin_reading(&show->reading, &show->setup, err)) == 0 &&
               (rc = setup_find_task(&show->reading, task, &index, err)) == 0) {
        show->view = core_task_view(show->reading.core, index);
        rc = show_all(show, what, as_json, err);
    }
    setup_end_reading(&show->reading);
    setup_clear(&show->setup);
    free(show);
    return rc;
}
