/* parcels.c - what a site would fetch, into a file; what it would send, from a file.
 *
 * Export asks the core in the site's name, so that the file holds what the line would have brought and no more. Accept
 * calls the own daemon over its own port with the own certificate: the daemon alone writes its store, and checks the
 * report as any other; the site's signature is its authentication. */
#include "coordinator/parcels.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/parcel.h"
#include "base/rpc.h"
#include "base/wire.h"
#include "coordinator/setup.h"

#define MAX_PARTS       4096 /* replies of one parcel */
#define CALL_TIMEOUT_MS 15000

/* ---- export ---- */

struct export {
    struct setup setup;
    struct setup_reading reading;
    const char *tls_name; /* the site's */
    Weft__V1__GetDocumentsReply *replies[MAX_PARTS];
    size_t num_replies;
    Weft__V1__ParcelTask *tasks;
    Weft__V1__ParcelTask **task_list;
    size_t num_tasks;
};

static void export_clear(struct export *export)
{
    for (size_t i = 0; i < export->num_tasks; i++) {
        wire_free(&export->tasks[i].held);
    }
    for (size_t i = 0; i < export->num_replies; i++) {
        wire_free(&export->replies[i]);
    }
    free(export->tasks);
    free(export->task_list);
    setup_end_reading(&export->reading);
    setup_clear(&export->setup);
    free(export);
}

static int ask(struct export *export, enum core_method method, const ProtobufCMessage *request,
               ProtobufCMessage **reply, struct err *err)
{
    return core_serve(export->reading.core, export->reading.txn, export->tls_name, method, request, calendar_now_ms(),
                      reply, err);
}

/* All documents of one task, or those of none, as the site would read them. */
static int export_documents(struct export *export, const uint8_t *task_id, struct err *err)
{
    Weft__V1__GetDocumentsRequest request = WEFT__V1__GET_DOCUMENTS_REQUEST__INIT;
    uint8_t digest_bytes[DIGEST_SIZE];
    Weft__V1__GetDocumentsReply *reply;
    bool more = true;
    int rc = 0;

    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.task_id = (ProtobufCBinaryData){task_id == NULL ? 0 : TASK_ID_SIZE, (uint8_t *)(uintptr_t)task_id};
    request.incarnation =
        (ProtobufCBinaryData){STORE_INCARNATION_SIZE, (uint8_t *)(uintptr_t)store_incarnation(export->reading.store)};
    while (rc == 0 && more) {
        if (export->num_replies == MAX_PARTS) {
            return err_set(err, ERR_FILE_TOO_LARGE, "too many documents");
        }
        reply = NULL;
        if ((rc = ask(export, CORE_GET_DOCUMENTS, &request.base, (ProtobufCMessage **)&reply, err)) != 0) {
            return rc;
        }
        export->replies[export->num_replies++] = reply;
        more = reply->more && reply->n_documents > 0;
        if (more) {
            const Weft__V1__NumberedDocument *last = reply->documents[reply->n_documents - 1];
            document_digest(digest_bytes, last->document);
            request.after = last->number;
            request.after_digest = (ProtobufCBinaryData){DIGEST_SIZE, digest_bytes};
        }
    }
    return rc;
}

static int export_task(struct export *export, const struct task *task, struct err *err)
{
    Weft__V1__GetSiteStateRequest request = WEFT__V1__GET_SITE_STATE_REQUEST__INIT;
    Weft__V1__ParcelTask *out = &export->tasks[export->num_tasks];
    size_t first = export->num_replies;
    int rc = export_documents(export, task->id, err);

    if (rc != 0) {
        return rc;
    }
    weft__v1__parcel_task__init(out);
    out->task_id = (ProtobufCBinaryData){TASK_ID_SIZE, (uint8_t *)(uintptr_t)task->id};
    out->documents = &export->replies[first];
    out->n_documents = export->num_replies - first;
    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.task_id = out->task_id;
    if ((rc = ask(export, CORE_GET_SITE_STATE, &request.base, (ProtobufCMessage **)&out->held, err)) == 0) {
        export->task_list[export->num_tasks++] = out;
    }
    return rc;
}

/* Tasks in which the site reports to this coordinator. */
static bool concerns(const struct export *export, const struct view *view, const char *site)
{
    int index = roster_find_site(view->roster, site);
    int self = roster_find_coordinator(view->roster, export->setup.identity.id);

    return index != NONE && view->roster->areas[view->roster->sites[index].supervisor].leader == self;
}

static int export_all(struct export *export, const char *site, size_t *num_global, struct err *err)
{
    size_t num = core_num_tasks(export->reading.core);
    int rc;

    export->tasks = calloc(num + 1, sizeof *export->tasks);
    export->task_list = calloc(num + 1, sizeof *export->task_list);
    if (export->tasks == NULL || export->task_list == NULL) {
        return err_set(err, ERR_NO_MEMORY, "parcel");
    }
    rc = export_documents(export, NULL, err);
    *num_global = export->num_replies;
    for (size_t i = 0; rc == 0 && i < num; i++) {
        const struct view *view = core_task_view(export->reading.core, i);
        if (concerns(export, view, site)) {
            rc = export_task(export, view->task, err);
        }
    }
    return rc;
}

/* The site's TLS name, by the youngest task that knows the site. */
static int find_site(struct export *export, const char *site, struct err *err)
{
    for (size_t i = core_num_tasks(export->reading.core); i-- > 0;) {
        const struct roster *roster = core_task_view(export->reading.core, i)->roster;
        int index = roster_find_site(roster, site);
        if (index != NONE) {
            export->tls_name = roster->sites[index].wire->tls_name;
            return 0;
        }
    }
    return err_set(err, ERR_REPORT_SITE_UNKNOWN, "%s: in no task here", site);
}

int parcels_export(const char *settings_path, const char *site, const char *file, enum err_lang lang, struct err *err)
{
    struct export *export = calloc(1, sizeof *export);
    Weft__V1__Parcel parcel = WEFT__V1__PARCEL__INIT;
    size_t num_global = 0;
    int rc;

    if (export == NULL) {
        return err_set(err, ERR_NO_MEMORY, "parcel");
    }
    if ((rc = setup_read(&export->setup, settings_path, err)) == 0 && (rc = setup_load_keys(&export->setup, err)) == 0 &&
        (rc = setup_begin_reading(&export->reading, &export->setup, err)) == 0 &&
        (rc = find_site(export, site, err)) == 0 && (rc = export_all(export, site, &num_global, err)) == 0) {
        parcel.site = (char *)(uintptr_t)site;
        parcel.documents = export->replies;
        parcel.n_documents = num_global;
        parcel.tasks = export->task_list;
        parcel.n_tasks = export->num_tasks;
        rc = parcel_write(file, &parcel, err);
    }
    if (rc == 0) {
        printf(lang == LANG_ZH ? "已为 %s 写入 %s（任务 %zu 个）。在医院运行：weft-node take %s\n"
                               : "%s: written to %s, tasks: %zu. At the hospital: weft-node take %s\n",
               site, file, export->num_tasks, file);
    }
    export_clear(export);
    return rc;
}

/* ---- accept ---- */

static int call_daemon(const struct setup *setup, const Weft__V1__SubmitRequest *report,
                       Weft__V1__SubmitReply **reply, struct err *err)
{
    char endpoint[SETUP_ENDPOINT_SIZE];
    struct rpc_channel *channel = NULL;
    struct rpc_channel_options options = {
        .target = endpoint,
        .tls_name = setup->identity.tls_name,
        .ca_file = setup->settings.ca,
        .cert_file = setup->settings.certificate,
        .key_file = setup->tls_key_path,
    };
    int rc;

    if (!setup_local_endpoint(setup, endpoint)) {
        return err_set(err, ERR_UNREACHABLE, "the daemon's port is not known: set listen or port_file");
    }
    if ((rc = rpc_channel_open(&channel, &options, err)) == 0) {
        rc = rpc_call_unary(channel, &weft__v1__exchange__descriptor, "Submit", &report->base,
                            (ProtobufCMessage **)reply, CALL_TIMEOUT_MS, err);
    }
    rpc_channel_close(&channel);
    return rc;
}

static const char *state_text(Weft__V1__ReportState state, enum err_lang lang)
{
    switch (state) {
    case WEFT__V1__REPORT_STATE__REPORT_ACCEPTED:
        return lang == LANG_ZH ? "双方均已接收" : "accepted by leader and helper";
    case WEFT__V1__REPORT_STATE__REPORT_REJECTED:
        return lang == LANG_ZH ? "被拒绝" : "rejected";
    case WEFT__V1__REPORT_STATE__REPORT_SUPERSEDED:
        return lang == LANG_ZH ? "已被更新的修订版本取代" : "superseded by a later revision";
    default:
        return lang == LANG_ZH ? "已收下，正与辅方验证" : "taken, being verified with the helper";
    }
}

int parcels_accept(const char *settings_path, const char *file, enum err_lang lang, struct err *err)
{
    struct setup *setup = calloc(1, sizeof *setup);
    Weft__V1__SubmitReply *reply = NULL;
    Weft__V1__Parcel *parcel = NULL;
    int rc;

    if (setup == NULL) {
        return err_set(err, ERR_NO_MEMORY, "parcel");
    }
    if ((rc = rpc_init(err)) != 0) {
        free(setup);
        return rc;
    }
    if ((rc = setup_read(setup, settings_path, err)) == 0 && (rc = setup_load_keys(setup, err)) == 0 &&
        (rc = parcel_read(&parcel, file, err)) == 0) {
        rc = parcel->report == NULL
                 ? err_set(err, ERR_PARCEL, "%s holds no report: it is for a hospital (weft-node take)", file)
                 : call_daemon(setup, parcel->report, &reply, err);
    }
    if (rc == 0) {
        printf(lang == LANG_ZH ? "%s 的报告：%s。回执：weft-coordinator export %s 文件\n"
                               : "report of %s: %s. Its receipt: weft-coordinator export %s FILE\n",
               parcel->site, state_text(reply->state, lang), parcel->site);
    }
    wire_free(&reply);
    wire_free(&parcel);
    setup_clear(setup);
    free(setup);
    rpc_shutdown();
    return rc;
}
