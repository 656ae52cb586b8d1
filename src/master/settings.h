/* settings.h - chatd.conf as the master understands it: options, listeners, who we become.
 *
 * The scalar options are the rows of ipc/options.def; what else there is, is in the tables of
 * settings.c. Everything has a default. Nothing here changes the world; names of users and
 * groups are looked up.
 */
#ifndef MASTER_SETTINGS_H
#define MASTER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/options.h"
#include "lib/conf.h"

#define LISTEN_MAX 32
#define LISTEN_WHERE_MAX 160

struct listen_conf {
	uint8_t protocol; /* enum protocol */
	bool direct; /* profile "direct" */
	bool tls;
	bool proxy; /* a header says whose each connection is */
	uint16_t port; /* 0: a free one */
	char address[256]; /* empty: a Unix listener at path */
	char path[108];
	char where[LISTEN_WHERE_MAX]; /* "file:line", for messages */
};

/* A certificate beside the first, chosen when a client asks for one of its names. key empty: it is in the same file. */
struct cert_conf {
	char certificate[TLS_FILE_MAX + 1], key[TLS_FILE_MAX + 1];
};

struct settings {
	struct options opt; /* name and control_socket filled in */
	struct listen_conf listen[LISTEN_MAX];
	unsigned nlisten;
	struct cert_conf more_certs[TLS_CERTS_MAX - 1]; /* tls.more */
	unsigned nmore_certs;
	uint32_t uid, gid; /* of `user` and `group`, UINT32_MAX: stay who you are */
	char secret_file[256]; /* the first that holds a password; empty: none does */
};

/* Read path, or take the defaults alone when it is NULL. 0, or -1: *e has the mistakes (all that
 * were found), and *s is of no use. */
int settings_load(struct settings *s, const char *path, struct conf_errors *e);

/* The same for n bytes of text called name. */
int settings_parse(struct settings *s, const char *name, const char *text, size_t n,
		   struct conf_errors *e);

/* All of it in the language of chatd.conf, which settings_parse reads as the same; each option
 * with its help above. The caller frees. Without `secrets` each of them is shown as "(hidden)",
 * which settings_parse refuses where one is wanted: nobody's password becomes that word, and none
 * is lost, because what was shown is used as a configuration. */
char *settings_show(const struct settings *s, bool secrets);

#endif
