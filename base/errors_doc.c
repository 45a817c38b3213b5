/* errors_doc.c - prints docs/errors.md from the registry of errors. */
#include <stdio.h>

#include "base/err.h"

static const char *status_text(enum err_status status)
{
    switch (status) {
    case STATUS_OK:
        return "OK";
    case STATUS_INVALID_ARGUMENT:
        return "INVALID_ARGUMENT";
    case STATUS_DEADLINE_EXCEEDED:
        return "DEADLINE_EXCEEDED";
    case STATUS_NOT_FOUND:
        return "NOT_FOUND";
    case STATUS_ALREADY_EXISTS:
        return "ALREADY_EXISTS";
    case STATUS_PERMISSION_DENIED:
        return "PERMISSION_DENIED";
    case STATUS_RESOURCE_EXHAUSTED:
        return "RESOURCE_EXHAUSTED";
    case STATUS_FAILED_PRECONDITION:
        return "FAILED_PRECONDITION";
    case STATUS_UNIMPLEMENTED:
        return "UNIMPLEMENTED";
    case STATUS_INTERNAL:
        return "INTERNAL";
    case STATUS_UNAVAILABLE:
        return "UNAVAILABLE";
    case STATUS_DATA_LOSS:
        return "DATA_LOSS";
    case STATUS_UNAUTHENTICATED:
        return "UNAUTHENTICATED";
    }
    return "?";
}

int main(void)
{
    size_t num;
    const struct err_entry *entries = err_entries(&num);

    printf("# Errors 错误代码\n\n"
           "Made from `base/errors.def` by `weft-errors`; do not edit. Numbers are stable and never reused. "
           "编号固定，不会重复使用。\n\n"
           "| number 编号 | name 名称 | gRPC status | who mends it 由谁处理 | meaning and remedy | "
           "含义与处理办法 |\n"
           "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < num; i++) {
        const struct err_entry *entry = &entries[i];

        printf("| W%d | %s | %s | %s %s | %s | %s |\n", entry->code, entry->name, status_text(entry->status),
               err_who_text(entry->who, LANG_EN), err_who_text(entry->who, LANG_ZH), entry->en, entry->zh);
    }
    return ferror(stdout) != 0 || fflush(stdout) != 0;
}
