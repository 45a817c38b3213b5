/* events.c - the history of a task. */
#include "audit/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct list {
    struct event *events;
    size_t num;
};

static void add(struct list *list, enum event_kind kind, int64_t time_ms, int area,
                const Weft__V1__Document *document)
{
    list->events[list->num++] = (struct event){kind, time_ms, area, document};
}

static void add_held(struct list *list, enum event_kind kind, const struct view_document *held, int area)
{
    if (held->document != NULL) {
        add(list, kind, view_time_of(held), area, held->document);
    }
}

static void add_times(struct list *list, const struct view *view, int64_t now_ms)
{
    struct view_times times = view_times(view);

    add(list, EVENT_PUBLISHED, view->task->wire->issued_ms, NONE, NULL);
    for (size_t i = 0; i < view->num_amendments; i++) {
        add(list, EVENT_AMENDED, ((const Weft__V1__Amendment *)view->amendments[i].body)->issued_ms, NONE,
            view->amendments[i].document);
    }
    if (view->voided.document != NULL) {
        add(list, EVENT_VOIDED, ((const Weft__V1__Void *)view->voided.body)->issued_ms, NONE,
            view->voided.document);
        now_ms = INT64_MIN; /* its times mean nothing any more */
    }
    if (now_ms >= times.open_ms) {
        add(list, EVENT_OPENED, times.open_ms, NONE, NULL);
    }
    if (now_ms >= times.due_ms && times.due_ms < times.close_ms) {
        add(list, EVENT_DUE, times.due_ms, NONE, NULL);
    }
    if (now_ms >= times.close_ms) {
        add(list, EVENT_CLOSING, times.close_ms, NONE, NULL);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct event *x = a, *y = b;

    if (x->time_ms != y->time_ms) {
        return x->time_ms < y->time_ms ? -1 : 1;
    }
    return x->kind != y->kind ? (int)x->kind - (int)y->kind : x->area - y->area;
}

/* What revisions of the task mean for it, each of the chain. */
static void add_revisions(struct list *list, const struct view *view)
{
    const struct view *by = view_revised_by(view);

    for (; by != NULL && by != view; by = by->base) {
        add(list, EVENT_REVISION, by->task->wire->issued_ms, NONE, NULL);
        add_held(list, EVENT_REVISED, &by->pattern, NONE);
    }
}

static size_t num_revisions(const struct view *view)
{
    size_t num = 0;

    for (const struct view *by = view_revised_by(view); by != NULL && by != view; by = by->base) {
        num++;
    }
    return num;
}

int events_of(struct event **events, size_t *num, const struct view *view, int64_t now_ms, struct err *err)
{
    size_t areas = (size_t)view->roster->num_areas, coordinators = (size_t)view->roster->num_coordinators;
    struct list list = {calloc(8 + view->num_amendments + view->num_notes + 4 * areas + coordinators + 2 * num_revisions(view), sizeof *list.events), 0};

    if (list.events == NULL) {
        return err_set(err, ERR_NO_MEMORY, "events");
    }
    add_times(&list, view, now_ms);
    for (int i = 0; i < view->roster->num_areas; i++) {
        add_held(&list, EVENT_CLOSED, &view->freezes[i], i);
        add_held(&list, EVENT_RELEASED, &view->releases[i], i);
        add_held(&list, EVENT_ORDERED, &view->orders[i], i);
        add_held(&list, EVENT_ROLLED_UP, &view->patterns[i], i);
    }
    add_held(&list, EVENT_ORDERED, &view->order, NONE);
    add_held(&list, EVENT_ROLLED_UP, &view->pattern, NONE);
    for (size_t i = 0; i < view->num_notes; i++) {
        add_held(&list, EVENT_NOTED, &view->notes[i].held, roster_find_area(view->roster, view->notes[i].body->area));
    }
    add_revisions(&list, view);
    for (int i = 0; i < view->roster->num_coordinators; i++) {
        add_held(&list, EVENT_ERASED, &view->erasures[i], NONE);
    }
    qsort(list.events, list.num, sizeof *list.events, by_time);
    *events = list.events;
    *num = list.num;
    return 0;
}

/* ---- in words ---- */

static const struct {
    const char *name, *en, *zh;
} kinds[EVENT_NUM] = {
    [EVENT_PUBLISHED] = {"published", "published", "发布"},
    [EVENT_AMENDED] = {"amended", "times moved by amendment", "延期"},
    [EVENT_OPENED] = {"opened", "open for reports", "开放上报"},
    [EVENT_DUE] = {"due", "due; grace begins", "应报时间，进入宽限期"},
    [EVENT_CLOSING] = {"closing", "closing: no report counts any more", "截止，不再接收报告"},
    [EVENT_CLOSED] = {"closed", "closed: the list of reports is signed", "已截止，报告清单已签署"},
    [EVENT_ORDERED] = {"ordered", "release order signed", "开放令已签署"},
    [EVENT_ROLLED_UP] = {"rolled_up", "rolled up; suppression pattern signed", "已汇总，抑制表已签署"},
    [EVENT_RELEASED] = {"released", "released", "已公布"},
    [EVENT_NOTED] = {"noted", "a known error is noted", "已注明已知误差"},
    [EVENT_REVISION] = {"revision", "a revision is published", "已发布修订任务"},
    [EVENT_REVISED] = {"revised", "revised: newer totals of a revision", "已修订，有更新的合计"},
    [EVENT_VOIDED] = {"voided", "void", "作废"},
    [EVENT_ERASED] = {"erased", "keys and shares destroyed", "密钥与份额已销毁"},
};

const char *event_name(enum event_kind kind)
{
    return kinds[kind].name;
}

const char *event_text(enum event_kind kind, enum err_lang lang)
{
    return lang == LANG_ZH ? kinds[kind].zh : kinds[kind].en;
}

char *event_signers(const struct event *event, char *out, size_t out_len)
{
    out[0] = '\0';
    for (size_t i = 0; event->document != NULL && i < event->document->n_signatures; i++) {
        size_t used = strlen(out);
        snprintf(out + used, out_len - used, "%s%s", i == 0 ? "" : ", ",
                 event->document->signatures[i]->signer);
    }
    return out;
}

void event_write(struct json *json, const struct view *view, const struct event *event)
{
    json_object(json, NULL);
    json_text(json, "event", event_name(event->kind));
    if (event->time_ms == 0) {
        json_null(json, "time_ms");
    } else {
        json_int(json, "time_ms", event->time_ms);
    }
    json_text(json, "area", event->area == NONE ? NULL : view->roster->areas[event->area].wire->code);
    json_array(json, "signers");
    for (size_t i = 0; event->document != NULL && i < event->document->n_signatures; i++) {
        json_text(json, NULL, event->document->signatures[i]->signer);
    }
    json_end(json);
    json_end(json);
}
