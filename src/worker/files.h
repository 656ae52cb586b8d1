/* files.h - what is said of a file that somebody shares: words, links, IRC's tag; and where one is uploaded to. Pure. */
#ifndef WORKER_FILES_H
#define WORKER_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/file.h"
#include "worker/render.h"

#define FILES_URL_MAX 1400 /* any link */
#define FILES_TEXT_MAX (FILES_URL_MAX + FILE_NAME_MAX + 128)
#define FILES_TAG_MAX (3 * (FILE_NAME_MAX + FILE_TYPE_MAX) + 160)

/* At the start and at each reload: may files be uploaded, and under which address is the page (empty: there is none)? */
void files_set(bool on, const char *url);
/* Can files be uploaded? */
bool files_on(void);
/* Where to, with this token. Terminated; the length. */
size_t files_upload_url(char *out, size_t cap, struct str token);
/* Where to with an account's name and password (FILEHOST). As files_upload_url; 0: nobody is told to send a password there, since it could be
 * read on its way. */
size_t files_host_url(char *out, size_t cap);

/* Is s an e_say or e_dm that shares a file? Then its text becomes telnet's words for that, all of the line (s->whole): with SHOWN_DM to
 * the receiver, else of what somebody has sent. Good until the next call. */
bool files_shown(struct shown *s);
/* "You have sent TO the file X (12 KiB, LINK)", good until the next call of these. */
struct str files_sent(const struct m_e_dm *e);

/* IRC's text for it, "shared the file X (12 KiB) LINK"; and the value of its tag, a query: "name=X&size=12345&type=image/png&w=640&h=480
 * &thumb=1", "gone=1". Terminated; the length. */
size_t files_irc_text(char out[FILES_TEXT_MAX], const struct file_facts *f);
size_t files_irc_tag(char out[FILES_TAG_MAX], const struct file_facts *f);

#endif
