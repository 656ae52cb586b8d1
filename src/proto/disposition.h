/* disposition.h - Content-Disposition and the like (RFC 6266, RFC 8187, RFC 7578): parameters out of them, and names of files that
 * are harmless to show and to offer for saving. Pure. */
#ifndef PROTO_DISPOSITION_H
#define PROTO_DISPOSITION_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/str.h"

/* The parameter `name` behind the first ';' of s: a token or a quoted string, unquoted, into out (terminated); its length, 0: there is
 * none, it is empty or too long. */
size_t disposition_param(struct str s, const char *name, char *out, size_t cap);

/* A file's name as its sender calls it: filename* (RFC 8187, UTF-8) if it is there, else filename. As disposition_param. */
size_t disposition_filename(struct str s, char *out, size_t cap);

/* Makes of any bytes a name to show: without directories, controls, and what turns text around; at most max bytes (max >= 8). In
 * place, terminated (so there is room for max + 1); what nothing is left of is called "file". Returns the length. */
size_t disposition_label(char *name, size_t n, size_t max);

/* "attachment; filename=…; filename*=UTF-8''…" of a clean name. Terminated; cap of 64 + 4 * n is enough. */
size_t disposition_put(char *out, size_t cap, bool inline_, struct str name);

#endif
