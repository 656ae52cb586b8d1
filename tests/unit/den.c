/* den.c - see den.h. */
#include "config.h"

#include "den.h"

uint64_t alice, bob, carol;

static char list[MODES_BYTES_MAX];
static size_t nlist;

void
den_setup(void)
{
	world_init(&world, 100, 1u << 20);
	alice = world_login(0, "Alice", "192.0.2.1");
	bob = world_login(1, "Bob", "192.0.2.2");
	carol = world_login(2, "carol", "2001:db8::3");
	ck_assert(world_join(0, alice, "den") && world_join(1, bob, "den"));
}

void
den_teardown(void)
{
	world_teardown();
}

const struct reg_room *
den(void)
{
	return room_find(STR_LIT("den"));
}

uint32_t
den_flags(uint64_t user)
{
	return regw_member(&br.reg, regw_user(&br.reg, user), den()->id)->flags;
}

void
den_change(unsigned op, bool on, const char *arg)
{
	struct mode_change m = {.op = (uint8_t)op, .on = on, .arg = S(arg)};

	nlist = mode_put(list, nlist, sizeof(list), &m);
	ck_assert_uint_gt(nlist, 0);
}

unsigned
den_modes(unsigned sub, uint64_t user, const char *room)
{
	struct str changes = {list, nlist};
	unsigned type = ASK(mode, sub, .user = user, .room = S(room), .changes = changes);

	ck_assert_uint_ne(type, 0);
	nlist = 0;
	return type;
}

unsigned
den_mode(unsigned sub, uint64_t user, const char *room, unsigned op, bool on, const char *arg)
{
	den_change(op, on, arg);
	return den_modes(sub, user, room);
}

const char *
den_told(void)
{
	static const char letters[MODE_COUNT + 1] = "ovbqklimpthxInCRM";
	static char out[4096];
	struct m_e_mode e = LAST(mode);
	struct mode_change m;
	struct mode_refusal no;
	size_t n = 0;

	out[0] = '\0';
	while (mode_next(&e.changes, &m))
		n += bprintf(out + n, sizeof(out) - n, "%s%c%c%s" STR_FMT, n > 0 ? " " : "",
			     m.on ? '+' : '-', letters[m.op], m.arg.n > 0 ? " " : "",
			     STR_ARG(m.arg));
	while (refusal_next(&e.refused, &no))
		n += bprintf(out + n, sizeof(out) - n, " | %c %u " STR_FMT, letters[no.op],
			     (unsigned)no.code, STR_ARG(no.arg));
	return out;
}
