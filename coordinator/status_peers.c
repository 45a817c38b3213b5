/* status_peers.c - peers and refusals, in status. */
#include "coordinator/status_peers.h"

#include <stdio.h>

#include "base/wire.h"

#define DOC(name) WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name

/* ---- who is a peer ---- */

static const struct relation {
    const char *name, *zh;
} relations[] = {{"parent", "上级"}, {"child", "下级"}, {"helper", "辅方"}, {"leader", "主方"}};

/* NULL: none. */
static const struct relation *relation_of(const struct roster *roster, int self, int other)
{
    if (roster_parent_coordinator(roster, self) == other) {
        return &relations[0];
    }
    if (roster_parent_coordinator(roster, other) == self) {
        return &relations[1];
    }
    for (int area = 0; area < roster->num_areas; area++) {
        if (roster->areas[area].leader == self && roster->areas[area].helper == other) {
            return &relations[2];
        }
        if (roster->areas[area].helper == self && roster->areas[area].leader == other) {
            return &relations[3];
        }
    }
    return NULL;
}

/* ---- texts ---- */

static void write_time(struct json *json, const char *key, int64_t ms)
{
    if (ms == 0) {
        json_null(json, key);
    } else {
        json_int(json, key, ms);
    }
}

/* As the peer or the transport said it; err.detail bounds it. */
static void write_failure(const struct status_out *out, const StoredContact *contact)
{
    const struct err_entry *entry = contact->failure == 0 ? NULL : err_entry((int)contact->failure);

    if (out->json != NULL) {
        json_text(out->json, "error", entry == NULL ? NULL : entry->name);
        json_text(out->json, "detail", entry == NULL ? NULL : contact->detail);
    } else if (entry != NULL) {
        printf(": W%04d %s %s\n    %s\n", entry->code, entry->name, contact->detail,
               out->lang == LANG_ZH ? entry->zh : entry->en);
    }
}

static void write_peer(struct json *json, const char *id, const struct relation *relation,
                       const StoredContact *contact)
{
    static const StoredContact never = WEFT__STORE__V1__STORED_CONTACT__INIT;
    const struct status_out out = {.json = json};

    contact = contact == NULL ? &never : contact;
    json_object(json, NULL);
    json_text(json, "id", id);
    json_text(json, "relation", relation->name);
    write_time(json, "reached_ms", contact->reached_ms);
    write_time(json, "heard_ms", contact->heard_ms);
    write_time(json, "unreachable_since_ms", contact->failing_ms);
    write_failure(&out, contact);
    json_end(json);
}

static void print_peer(const struct status_out *out, const char *id, const struct relation *relation,
                       const StoredContact *contact)
{
    bool zh = out->lang == LANG_ZH;
    int64_t last_ms = contact == NULL                            ? 0
                      : contact->reached_ms > contact->heard_ms ? contact->reached_ms
                                                                : contact->heard_ms;
    char last[CALENDAR_TEXT_SIZE], since[CALENDAR_TEXT_SIZE];

    printf(zh ? "%s %s：最近联系 %s" : "%s %s: last contact %s", zh ? relation->zh : relation->name, id,
           last_ms == 0 ? (zh ? "从未" : "never") : calendar_format(last_ms, &out->zone, last));
    if (contact != NULL && contact->failing_ms != 0) {
        printf(zh ? "；自 %s 起无法连接" : "; not reached since %s",
               calendar_format(contact->failing_ms, &out->zone, since));
        write_failure(out, contact);
    } else {
        putchar('\n');
    }
}

int status_peers(const struct status_out *out, struct db *db, const struct roster *roster, int self, struct err *err)
{
    int rc = 0;

    for (int other = 0; rc == 0 && other < roster->num_coordinators; other++) {
        const struct relation *relation = other == self ? NULL : relation_of(roster, self, other);
        const char *id = roster->coordinators[other].wire->id;
        StoredContact *contact = NULL;

        if (relation == NULL || (rc = contacts_get(db, id, &contact, err)) != 0) {
            continue;
        }
        if (out->json != NULL) {
            write_peer(out->json, id, relation, contact);
        } else {
            print_peer(out, id, relation, contact);
        }
        wire_free(&contact);
    }
    return rc;
}

/* ---- refusals ---- */

static void write_refusal(const struct status_out *out, const struct contacts_document *document,
                          const StoredContact *refusal)
{
    const char *type = document_type_name(document->type);
    char since[CALENDAR_TEXT_SIZE];

    if (out->json == NULL) {
        printf(out->lang == LANG_ZH ? "  %s 自 %s 起拒绝会签 %s %s" : "  %s refuses, since %s, to sign %s %s",
               refusal->peer, calendar_format(refusal->failing_ms, &out->zone, since), type, document->area);
        write_failure(out, refusal);
        return;
    }
    json_object(out->json, NULL);
    json_text(out->json, "document", type);
    json_text(out->json, "area", document->area);
    json_text(out->json, "helper", refusal->peer);
    json_int(out->json, "since_ms", refusal->failing_ms);
    write_failure(out, refusal);
    json_end(out->json);
}

int status_refusals(const struct status_out *out, struct db *db, const struct view *view, int self, struct err *err)
{
    static const Weft__V1__DocumentType types[] = {DOC(FREEZE), DOC(ORDER),   DOC(CONTRIBUTES), DOC(PLAN),
                                                   DOC(STATES), DOC(PATTERN), DOC(RELEASE),     DOC(NOTE)};
    const struct roster *roster = view->roster;
    int rc = 0;

    for (int area = 0; area < roster->num_areas; area++) {
        for (size_t i = 0; roster->areas[area].leader == self && i < sizeof types / sizeof types[0]; i++) {
            struct contacts_document document = {view->task->id, types[i], roster->areas[area].wire->code};
            StoredContact *refusal = NULL;

            if ((rc = contacts_get_refusal(db, &document, &refusal, err)) != 0) {
                return rc;
            }
            if (refusal != NULL) {
                write_refusal(out, &document, refusal);
            }
            wire_free(&refusal);
        }
    }
    return rc;
}
