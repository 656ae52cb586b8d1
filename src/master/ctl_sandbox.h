/* ctl_sandbox.h - `status --sandbox`: what holds each process, read back from the kernel. */
#ifndef MASTER_CTL_SANDBOX_H
#define MASTER_CTL_SANDBOX_H

#include <stdint.h>

/* Answers request id with a ctl_sandbox for the master and each process that there is, and its end. */
void ctl_sandbox(uint32_t id);

#endif
