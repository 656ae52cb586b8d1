/* files.h - files that one sends, and files that others have sent. */
#ifndef CHAT_FILES_H
#define CHAT_FILES_H

#include <stdbool.h>

struct chat_conf;
struct client;
struct files;
struct url;
struct xfer_rules;

struct files *files_new(struct client *c);
void files_free(struct files *f);

/* The person wants to send it: see front.send_file. */
void files_send(struct files *f, const char *to, const char *path, bool image);
/* The server's answer: see front.upload. */
void files_upload(struct files *f, const char *to, const char *url, const char *why);
/* The connection was lost: what waits for an address asks again. */
void files_again(struct files *f);
void files_offer(struct files *f, const char *url, const char *name,
		 bool old); /* see front.offer */
void files_save(struct files *f, const char *which);
bool files_busy(const struct files *f);

/* A new file of that name, or "name (2)" and so on, in dir ("": here): never one that is there, never somewhere else. Its
 * descriptor, and the name in used; -1 with errno. */
int files_create(const char *dir, const char *name, char *used, unsigned long cap);
/* One that was made there just now, and is not wanted any more. */
void files_remove(const char *dir, const char *used);
/* What u leads to is the chat server's: it may then be known by its key there, too. */
void files_pin(const struct chat_conf *conf, const struct url *u, struct xfer_rules *r);

#endif
