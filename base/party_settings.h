/* party_settings.h - the settings that every party's program has: its keys, its certificate, its roots, its log.
 *
 * Entries for a settings table (base/settings.h), given the struct that holds them as `dir`, `ca`, `certificate`
 * (char *), `roots` (struct setting_list), `log_level` and `log_format` (int). */
#ifndef BASE_PARTY_SETTINGS_H
#define BASE_PARTY_SETTINGS_H

#include <stddef.h>

#include "base/log.h"
#include "base/settings.h"

#define PARTY_SETTINGS(owner)                                                                                \
    {.name = "dir",                                                                                          \
     .type = SETTING_PATH,                                                                                   \
     .offset = offsetof(owner, dir),                                                                         \
     .en = "The directory that init made: keys and join file.",                                              \
     .zh = "init 生成的目录（密钥与加入文件）。"},                                                           \
        {.name = "ca",                                                                                       \
         .type = SETTING_PATH,                                                                               \
         .offset = offsetof(owner, ca),                                                                      \
         .en = "Certificate of the TLS authority (PEM).",                                                    \
         .zh = "TLS 证书机构的证书（PEM）。"},                                                               \
        {.name = "certificate",                                                                              \
         .type = SETTING_PATH,                                                                               \
         .offset = offsetof(owner, certificate),                                                             \
         .en = "This party's certificate (PEM).",                                                            \
         .zh = "本方的证书（PEM）。"},                                                                       \
    {                                                                                                        \
        .name = "roots", .type = SETTING_PATH_LIST, .offset = offsetof(owner, roots), .min = 1, .max = 4095, \
        .en = "The root files that are trusted: at least one of each side.",                                 \
        .zh = "所信任的根文件：双方各至少一个。"                                             \
    }

/* `proxy`, `proxy_credentials`, `no_proxy` (char *); see base/proxy.h. */
#define PARTY_PROXY_SETTINGS(owner)                                                                          \
    {.name = "proxy",                                                                                        \
     .type = SETTING_STRING,                                                                                 \
     .offset = offsetof(owner, proxy),                                                                       \
     .fallback = "environment",                                                                              \
     .max = 300,                                                                                             \
     .en = "HTTP proxy for calls to others, http://HOST:PORT; none; or environment: https_proxy.",           \
     .zh = "对外连接所用的 HTTP 代理 http://主机:端口；none 为不用；environment 取自 https_proxy。"},        \
        {.name = "proxy_credentials",                                                                        \
         .type = SETTING_PATH,                                                                               \
         .offset = offsetof(owner, proxy_credentials),                                                       \
         .fallback = "",                                                                                     \
         .en = "File (mode 0600) with one line USER:PASSWORD for the proxy.",                                \
         .zh = "代理用户名与密码文件（权限 0600），一行“用户:密码”。"},                                      \
    {                                                                                                        \
        .name = "no_proxy", .type = SETTING_STRING, .offset = offsetof(owner, no_proxy), .fallback = "",     \
        .max = 2000,                                                                                         \
        .en = "Hosts, domains and networks reached without it, with commas; none: from no_proxy.",           \
        .zh = "不经代理的主机、域名与网段，以逗号分隔；不填则取自 no_proxy。"                                \
    }

#define PARTY_LOG_SETTINGS(owner)                                                                            \
    {.name = "log_level",                                                                                    \
     .type = SETTING_CHOICE,                                                                                 \
     .offset = offsetof(owner, log_level),                                                                   \
     .fallback = "info",                                                                                     \
     .choices = log_level_names,                                                                             \
     .en = "The least serious events that the daemon logs.",                                                 \
     .zh = "守护进程记录日志的最低级别。"},                                                                  \
    {                                                                                                        \
        .name = "log_format", .type = SETTING_CHOICE, .offset = offsetof(owner, log_format),                 \
        .fallback = "auto", .choices = log_format_names,                                                     \
        .en = "Log lines as text or JSON; auto: text on a terminal.",                                        \
        .zh = "日志格式：文本或 JSON；auto 表示终端上用文本。"                             \
    }

#endif
