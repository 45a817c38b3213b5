/* contact.c - how it goes with a peer. */
#include "base/contact.h"

#define KEEP_MS 60000 /* a time is not written anew before */

bool contact_is_unreachable(int code)
{
    return code == ERR_UNREACHABLE || code == ERR_DEADLINE || code == ERR_CERTIFICATE ||
           code == ERR_PEER_UNKNOWN || code == ERR_NOT_ALLOWED;
}

static bool is_fresh(int64_t kept_ms, int64_t now_ms)
{
    return now_ms >= kept_ms && now_ms - kept_ms < KEEP_MS;
}

bool contact_reached(StoredContact *contact, int64_t now_ms)
{
    if (contact->failing_ms == 0 && is_fresh(contact->reached_ms, now_ms)) {
        return false;
    }
    contact->reached_ms = now_ms;
    contact->failing_ms = 0;
    contact->failure = 0;
    contact->detail = (char *)(uintptr_t) "";
    return true;
}

bool contact_heard(StoredContact *contact, int64_t now_ms)
{
    if (is_fresh(contact->heard_ms, now_ms)) {
        return false;
    }
    contact->heard_ms = now_ms;
    return true;
}

bool contact_failed(StoredContact *contact, const struct err *failure, int64_t now_ms)
{
    if (contact->failure == (uint32_t)failure->code) {
        return false;
    }
    contact->failing_ms = contact->failing_ms != 0 ? contact->failing_ms : now_ms;
    contact->failure = (uint32_t)failure->code;
    contact->detail = (char *)(uintptr_t)failure->detail;
    return true;
}
