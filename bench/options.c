/* options.c - the load generator's command line. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "load.h"
#include "secure.h"

#define OPTIONS_SPARE 64 /* descriptors that are not clients */

static const struct load_scenario scenarios[] = {
    {.name = "fanout",
     .child = load_talk,
     .joins = true,
     .talks = true,
     .help = "senders with window messages outstanding into a room of all clients"},
    {.name = "pairs",
     .child = load_talk,
     .talks = true,
     .pairs = true,
     .help = "every client sends direct messages to one other"},
    {.name = "latency",
     .child = load_talk,
     .joins = true,
     .talks = true,
     .open = true,
     .help = "messages by the clock, charged from the time they were due"},
    {.name = "connect",
     .child = load_connect,
     .churns = true,
     .help = "connect, name, quit; inflight at once"},
    {.name = "handshake",
     .child = load_connect,
     .churns = true,
     .handshakes = true,
     .help = "connect, a whole handshake of TLS, close; inflight at once"},
    {.name = "idle",
     .child = load_idle,
     .help = "log everybody in, then measure the memory and wake-ups of the server"},
};

enum options_kind { OPTIONS_TEXT, OPTIONS_NUMBER, OPTIONS_REAL, OPTIONS_FLAG };

/* One row per option: getopt, the checks and the usage text read it. */
static const struct options_row {
	int letter; /* above 255: it has a long name only */
	const char *name, *arg, *help;
	enum options_kind kind;
	size_t at; /* in struct load_opts */
	double min, max;
} rows[] = {
#define AT(field) offsetof(struct load_opts, field)
    {'a', "address", "A", "server's IPv4 address (127.0.0.1)", OPTIONS_TEXT, AT(address)},
    {'p', "port", "P", "server's port", OPTIONS_NUMBER, AT(port), 1, 65535},
    {'P', "protocol", "X", "telnet or irc (telnet)", OPTIONS_TEXT, AT(protocol)},
    {'n', "clients", "N", "users, members of the room (100)", OPTIONS_NUMBER, AT(clients), 1, 1e6},
    {'s', "senders", "S", "fanout, latency: how many send (1)", OPTIONS_NUMBER, AT(senders), 1,
     1e5},
    {'w', "window", "W", "messages outstanding per sender (1)", OPTIONS_NUMBER, AT(window), 1, 1e5},
    {'r', "rate", "R", "latency: deliveries/s (10000)", OPTIONS_REAL, AT(rate), 1, 1e9},
    {'k', "inflight", "K", "logins at once (64)", OPTIONS_NUMBER, AT(inflight), 1, 1e5},
    {'t', "time", "SEC", "measured part (5)", OPTIONS_REAL, AT(time), 0.05, 1e5},
    {'W', "warm", "SEC", "part before it that doesn't count (1)", OPTIONS_REAL, AT(warm), 0, 1e5},
    {'z', "size", "BYTES", "length of a message (40)", OPTIONS_NUMBER, AT(size), 32, 4000},
    {'R', "room", "NAME", "room to enter, or \"\" (bench)", OPTIONS_TEXT, AT(room)},
    {'i', "pid", "PID", "root of the server's processes", OPTIONS_NUMBER, AT(pid), 1, 1e9},
    {256, "procs", "N", "generator processes (as the descriptor limit asks)", OPTIONS_NUMBER,
     AT(procs), 1, LOAD_PROCS_MAX},
    {257, "addresses", "N", "source addresses from 127.0.0.1 on, 0: any (100)", OPTIONS_NUMBER,
     AT(addresses), 0, 254},
    {258, "grace", "SEC", "silence after which what misses is lost (3)", OPTIONS_REAL, AT(grace),
     0.1, 1e5},
    {259, "patience", "SEC", "standstill of logins that ends a run (15)", OPTIONS_REAL,
     AT(patience), 0.1, 1e5},
    {260, "reserve", "WORD", "idle: memory named so is the users', from the start", OPTIONS_TEXT,
     AT(reserve)},
    {'T', "tls", NULL, "speak over TLS, whatever the server's certificate", OPTIONS_FLAG, AT(tls)},
    {'j', "json", NULL, "one line of JSON instead of text", OPTIONS_FLAG, AT(json)},
    {'h', "help", NULL, "this text", OPTIONS_FLAG, 0},
#undef AT
};

#define OPTIONS_COUNT (sizeof(rows) / sizeof(rows[0]))

static void
options_usage(FILE *f)
{
	fprintf(f, "usage: chatload [options] scenario\nscenarios:\n");
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		fprintf(f, "  %-9s %s\n", scenarios[i].name, scenarios[i].help);
	fprintf(f, "options (default):\n");
	for (size_t i = 0; i < OPTIONS_COUNT; i++) {
		const struct options_row *row = &rows[i];

		fprintf(f, row->letter < 256 ? "  -%c, " : "      ", row->letter);
		fprintf(f, "--%-10s %-6s %s\n", row->name, row->arg != NULL ? row->arg : "",
			row->help);
	}
}

static void
options_bad(const char *what, const char *value)
{
	fprintf(stderr, "chatload: %s: %s\n", what, value);
	exit(2);
}

static void
options_set(struct load_opts *o, const struct options_row *row, const char *arg)
{
	void *at = (char *)o + row->at;
	char *end = NULL;
	double v = 0;

	if (row->kind == OPTIONS_NUMBER || row->kind == OPTIONS_REAL) {
		v = strtod(arg, &end);
		if (end == arg || *end != '\0' || !(v >= row->min && v <= row->max))
			options_bad(row->name, "not a number in its range");
	}
	if (row->kind == OPTIONS_TEXT)
		*(const char **)at = arg;
	else if (row->kind == OPTIONS_NUMBER)
		*(uint32_t *)at = (uint32_t)v;
	else if (row->kind == OPTIONS_REAL)
		*(double *)at = v;
	else
		*(bool *)at = true;
}

/* As many processes as it takes to have all the descriptors. */
static void
options_procs(struct load_opts *o)
{
	struct rlimit files;
	uint32_t each, open = o->clients;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		options_bad("getrlimit", strerror(errno));
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (o->scenario->churns)
		open = o->clients = o->inflight;
	each = (uint32_t)(files.rlim_max > 1u << 30 ? 1u << 30 : files.rlim_max) - OPTIONS_SPARE;
	if (o->procs == 0)
		o->procs = (open + each - 1) / each;
	if (o->procs > LOAD_PROCS_MAX || (open + o->procs - 1) / o->procs > each)
		options_bad("too many clients for this descriptor limit", o->scenario->name);
}

/* Read the command line with a getopt table made of the rows. */
static void
options_getopt(struct load_opts *o, int argc, char **argv)
{
	struct option all[OPTIONS_COUNT + 1];
	char letters[3 * OPTIONS_COUNT + 1], *s = letters;
	int opt;

	memset(all, 0, sizeof(all));
	for (size_t i = 0; i < OPTIONS_COUNT; i++) {
		all[i].name = rows[i].name;
		all[i].has_arg = rows[i].arg != NULL;
		all[i].val = rows[i].letter;
		if (rows[i].letter > 255)
			continue;
		*s++ = (char)rows[i].letter;
		if (rows[i].arg != NULL)
			*s++ = ':';
	}
	*s = '\0';
	while ((opt = getopt_long(argc, argv, letters, all, NULL)) != -1) {
		if (opt == 'h') {
			options_usage(stdout);
			exit(0);
		}
		if (opt == '?')
			options_bad("see", "chatload --help");
		for (size_t i = 0; i < OPTIONS_COUNT; i++)
			if (rows[i].letter == opt)
				options_set(o, &rows[i], optarg);
	}
}

void
options_parse(struct load_opts *o, int argc, char **argv)
{
	options_getopt(o, argc, argv);
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		if (optind == argc - 1 && strcmp(argv[optind], scenarios[i].name) == 0)
			o->scenario = &scenarios[i];
	if (o->scenario == NULL || o->port == 0)
		options_bad("needs a scenario and --port; see", "chatload --help");
	o->tongue = tongue_find(o->protocol);
	if (o->tongue == NULL)
		options_bad("unknown protocol; known are", tongue_names());
	o->tls |= o->scenario->handshakes;
	if (o->tls && !secure_built())
		options_bad("this build has no", "TLS");
	options_procs(o);
	if (o->scenario->joins && o->clients < o->senders + o->procs)
		options_bad("each process needs a client that only listens", "more clients");
	if (o->scenario->pairs && o->clients % (2 * o->procs) != 0)
		options_bad("clients must be divisible by",
			    o->procs > 1 ? "twice the processes" : "two");
	if (!o->scenario->talks && !o->scenario->churns && o->pid == 0)
		options_bad("measures the server's processes, so it needs", "--pid");
}
