/* cluster.h - a whole province inside one process, deterministic from a seed.
 *
 * Every coordinator is a real core over a real LMDB; sites build real reports. Only sockets and clocks are replaced:
 * a message is delivered after a drawn delay, or lost, or delivered twice, and time jumps to the next event. */
#ifndef TESTS_CLUSTER_H
#define TESTS_CLUSTER_H

#include "coordinator/core.h"

struct cluster_shape {
    int num_cities, counties_per_city;
    int min_sites, max_sites; /* of a county, drawn */
    int city_supervised;      /* percent of sites that report to their city instead of their county */
    int shared_owner;         /* percent of sites that belong to one hospital group */
    int min_coverage;         /* percent, as in the task */
    int moved;                /* percent of sites that stood in their city's first county when the period began */
    int closed;               /* percent of sites that had closed before it, of those beyond min_sites */
    int tertiary;             /* percent of sites of grade tertiary, the others secondary: the task breaks them down */
    int64_t poll_ms;          /* how often a coordinator looks for news above; 0: 200 */
    bool has_fallback;    /* cities may go on without the province */
    bool waits_for_close;     /* the task closes at its time only, even when all have reported */
};

#define CLUSTER_PAST_MAX 16

struct cluster_faults {
    int drop_request, drop_response, repeat; /* percent of messages */
    int max_delay_ms;
    int crash; /* per thousand deliveries: the receiver restarts */
};

/* No message passes between two coordinators, or (b is NONE) between one and all sites, until then. */
struct cluster_cut {
    int a, b;
    int64_t until_ms;
};
#define CLUSTER_MAX_CUTS 8

struct cluster_site {
    uint8_t secret[32], sign_key[KEY_SIZE];
    uint64_t *vector; /* of num_slots; what it reports */
    bool is_silent;   /* never reports */
    Weft__V1__SubmitRequest *report;
    Weft__V1__Document *receipt;
    uint32_t revision;
    int failure; /* the code of the last refusal */
    int64_t next_ms;
};

struct cluster_coordinator {
    struct core *core;
    struct store *store;
    struct signed_log *signed_log;
    char path[256];
    uint8_t sign_key[KEY_SIZE], static_key[KEY_SIZE], at_rest_key[32];
    struct core_collector *collectors;
    size_t num_collectors;
    unsigned generation; /* raised by each crash: answers to calls of an older one are lost */
    bool is_down;
    int64_t skew_ms;        /* what its clock shows beyond the true time */
    bool has_wrong_roots;   /* pins one side's root only */
    uint64_t min_free_disk; /* 0: the store's own; UINT64_MAX: the disk is full */
};

struct message;
struct cluster;

/* Who plays the sites instead of the cluster's own reporting (hospitals.c); all NULL: nobody. A `tag` is the player's
 * own and travels with a call. */
struct cluster_players {
    void *user;
    void (*act)(struct cluster *cluster, int site);
    /* `response`, or NULL with `failure`; ends the tag. */
    void (*answer)(struct cluster *cluster, int site, void *tag, const ProtobufCMessage *response,
                   const struct err *failure);
    void (*drop)(void *tag); /* the cluster stops while the call is under way */
};

/* A party that lies: what it says passes through here, and may be changed, before it leaves; NULL: nobody. */
struct cluster_liar {
    void *user;
    /* A coordinator asks another one; false: the request is never sent. */
    bool (*asks)(struct cluster *cluster, int sender, int receiver, enum core_method method,
                 ProtobufCMessage *request);
    /* A coordinator answers another one. */
    void (*answers)(struct cluster *cluster, int sender, int receiver, enum core_method method,
                    ProtobufCMessage *response);
};

struct cluster {
    uint64_t random_state;
    int64_t now_ms, start_ms;
    char directory[256];
    struct cluster_shape shape;
    struct cluster_faults faults;
    struct cluster_cut cuts[CLUSTER_MAX_CUTS];
    size_t num_cuts;
    uint8_t root_keys[2][KEY_SIZE];
    Weft__V1__Root roots_wire[2];
    const Weft__V1__Root *root_list[2];
    uint8_t root_publics[2][KEY_SIZE];
    struct roster *signed_roster;
    struct roster *roster; /* as of the task's period */
    struct task *task; /* what sites report to, and what is looked at: the newest */
    struct task *past[CLUSTER_PAST_MAX]; /* tasks before it */
    uint64_t **past_vectors[CLUSTER_PAST_MAX]; /* what each site reported to them, where cluster_draw_next ended them */
    size_t num_past;
    Weft__V1__Document *roster_document, *task_document;
    struct cluster_coordinator *coordinators;
    struct cluster_site *sites;
    struct message *messages;
    size_t num_messages;
    size_t num_delivered, num_dropped, num_crashes;
    /* Calls of this method (documents to sign: of this type) are kept from their receiver; the last one is
     * here. */
    bool holds;
    enum core_method hold_method;
    Weft__V1__DocumentType hold_type;
    ProtobufCMessage *held;
    struct cluster_players players;
    struct cluster_liar liar;
};

/* Draw roster, task and vectors; start every coordinator with the publication at the top leader. Aborts on trouble. */
void cluster_start(struct cluster *cluster, uint64_t seed, const struct cluster_shape *shape,
                   const struct cluster_faults *faults);
void cluster_stop(struct cluster *cluster);

/* Draw another task, over other time, which takes the place of the one before; sites report new vectors to it, unless
 * it is the sum of `parts`. */
void cluster_draw_next(struct cluster *cluster, int64_t start_ms, int64_t end_ms,
                       const struct task *const *parts, size_t num_parts);
/* Give the task to the top leader; the code of its refusal. */
WEFT_MUST_USE int cluster_publish(struct cluster *cluster);

/* Run until `done` says so or `limit_ms` of virtual time have passed. False: the limit was reached. */
bool cluster_run(struct cluster *cluster, bool (*done)(const struct cluster *), int64_t limit_ms);
/* Every area of the plan that can be released is, and every leader knows. */
bool cluster_is_released(const struct cluster *cluster);

bool cluster_never(const struct cluster *cluster);

/* One request of the peer with this TLS name, served and committed (or aborted) at once. */
int cluster_call(struct cluster *cluster, int receiver, const char *peer, enum core_method method,
                 const ProtobufCMessage *request, ProtobufCMessage **response, struct err *err);
/* Hold such calls from now on (see struct cluster), and let them go again. */
void cluster_hold(struct cluster *cluster, enum core_method method, Weft__V1__DocumentType type);
void cluster_let_go(struct cluster *cluster);
/* Stop and start a coordinator: what it holds in memory is lost. */
void cluster_restart(struct cluster *cluster, int coordinator);
/* Keep a copy of a coordinator's store as it is now; later go back to it. One copy each. */
void cluster_back_up(struct cluster *cluster, int coordinator);
void cluster_restore(struct cluster *cluster, int coordinator);
/* The report that the site would send next; NULL while key sheets are missing. The caller frees it. */
Weft__V1__SubmitRequest *cluster_build_report(struct cluster *cluster, int site, uint32_t revision);
/* Let the site report again, as a new revision. */
void cluster_report_again(struct cluster *cluster, int site);

/* A call of a site to the leader that supervises it. */
void cluster_site_calls(struct cluster *cluster, int site, enum core_method method,
                        const ProtobufCMessage *request, void *tag);

uint64_t cluster_random(struct cluster *cluster, uint64_t below);
/* The view of the top leader. */
const struct view *cluster_top_view(const struct cluster *cluster);
/* Of the task now under way; NULL: the coordinator does not know it. */
const struct view *cluster_view(const struct cluster *cluster, int coordinator);
const struct view *cluster_view_of(const struct cluster *cluster, int coordinator, const struct task *task);

/* ---- province.c: the drawn roster and task ---- */
void province_draw(struct cluster *cluster);
void province_draw_task(struct cluster *cluster, int64_t start_ms, int64_t end_ms,
                        const struct task *const *parts, size_t num_parts);
void province_draw_vectors(struct cluster *cluster);

#endif
