/* upload.h - UPLOAD: a link to upload a file to. */
#ifndef WORKER_IRC_UPLOAD_H
#define WORKER_IRC_UPLOAD_H

#include "ipc/ipc.h"
#include "worker/conn.h"

/* "UPLOAD target url"; FAIL. */
void irc_upload_link(struct conn *c, const struct m_e_upload *e);
void irc_upload_refused(struct conn *c, const struct m_e_refused *e);

#endif
