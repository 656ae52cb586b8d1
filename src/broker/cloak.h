/* cloak.h - what others see instead of somebody's address.
 *
 * A word for the address and one for each network around it, each a keyed hash (state_dir/cloak.key, the same after every
 * start): "q6v3kp2a.b2kxw4ne.7hdmr5fc.ip" of 192.0.2.7, 192.0.2.0/24 and 192.0.0.0/16; of IPv6 the address, its /64, /48 and /32, with
 * "ip6" behind. So a room's ban on "*.7hdmr5fc.ip" keeps a network out, whose address nobody has learned. Who knows the key can try
 * all addresses; nobody else can. Those of this host are shown as they are: they tell nothing.
 */
#ifndef BROKER_CLOAK_H
#define BROKER_CLOAK_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/ipc.h"

/* Into out, with this key. False: it is no address, or this host's. */
bool cloak_make(const char *address, const uint8_t key[16], char out[HOST_MAX + 1]);
/* The same with the registry's key; false also when cloaks.enabled is 0. */
bool cloak_of(const char *address, char out[HOST_MAX + 1]);

#endif
