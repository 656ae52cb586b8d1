/* tree.c - what a process and all its descendants have used.
 *
 * CPU is utime + stime + cutime + cstime of every live process of the tree: when a child dies, its
 * time moves into its parent's cutime, so the difference of two samples is right across restarts. */
#include "config.h"

#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TREE_MAX 32768

struct tree_proc {
	pid_t pid, parent;
	bool mine;
	unsigned long long ticks;
};

static int
tree_read(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL)
		return -1;
	n = fread(buf, 1, size - 1, f);
	fclose(f);
	buf[n] = '\0';
	return n > 0 ? 0 : -1;
}

static bool
tree_stat(struct tree_proc *p)
{
	char path[64], buf[1024], *s;
	unsigned long long t[4];
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)p->pid);
	if (tree_read(path, buf, sizeof(buf)) < 0)
		return false;
	s = strrchr(buf, ')'); /* the name before it may hold anything */
	if (s == NULL ||
	    /* NOLINTNEXTLINE(cert-err34-c): the kernel's numbers */
	    sscanf(s + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu",
		   &parent, &t[0], &t[1], &t[2], &t[3]) != 5)
		return false;
	p->parent = parent;
	p->ticks = t[0] + t[1] + t[2] + t[3];
	p->mine = false;
	return true;
}

static uint64_t
tree_field(const char *path, const char *key)
{
	char buf[8192], *s;

	if (tree_read(path, buf, sizeof(buf)) < 0)
		return 0;
	s = strstr(buf, key);
	return s != NULL ? strtoull(s + strlen(key), NULL, 10) : 0;
}

/* PSS of the mappings of one process whose name holds the word. */
static uint64_t
tree_reserved(pid_t pid, const char *word)
{
	char path[64], line[1024];
	bool inside = false;
	uint64_t sum = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		if ((line[0] >= '0' && line[0] <= '9') || (line[0] >= 'a' && line[0] <= 'f'))
			inside = strstr(line, word) != NULL;
		else if (inside && strncmp(line, "Pss:", 4) == 0)
			sum += strtoull(line + 4, NULL, 10) * 1024;
	}
	fclose(f);
	return sum;
}

static uint64_t
tree_wakeups(pid_t pid)
{
	char path[320];
	uint64_t sum = 0;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	d = opendir(path);
	if (d == NULL)
		return 0;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)pid, e->d_name);
		sum += tree_field(path, "\nvoluntary_ctxt_switches:");
	}
	closedir(d);
	return sum;
}

/* Mark the descendants of those already marked, until nothing changes: /proc is in no useful order. */
static void
tree_mark(struct tree_proc *p, size_t n)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			for (size_t j = 0; !p[i].mine && j < n; j++)
				if (p[j].mine && p[j].pid == p[i].parent)
					p[i].mine = more = true;
		}
	}
}

int
tree_sample(pid_t root, bool memory, const char *reserve, struct tree_sample *out)
{
	struct tree_proc *p = calloc(TREE_MAX, sizeof(*p));
	DIR *d = opendir("/proc");
	double tick = (double)sysconf(_SC_CLK_TCK);
	struct dirent *e;
	char path[64];
	size_t n = 0;
	int rc = -1;

	memset(out, 0, sizeof(*out));
	if (p == NULL || d == NULL)
		goto done;
	while (n < TREE_MAX && (e = readdir(d)) != NULL) {
		p[n].pid = (pid_t)strtol(e->d_name, NULL, 10);
		if (p[n].pid <= 0 || !tree_stat(&p[n]))
			continue;
		p[n].mine = p[n].pid == root;
		if (p[n].mine)
			rc = 0;
		n++;
	}
	if (rc < 0) {
		errno = ESRCH;
		goto done;
	}
	tree_mark(p, n);
	for (size_t i = 0; i < n; i++) {
		if (!p[i].mine)
			continue;
		out->procs++;
		out->cpu += (double)p[i].ticks / tick;
		out->wakeups += tree_wakeups(p[i].pid);
		if (!memory)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)p[i].pid);
		out->pss += tree_field(path, "\nPss:") * 1024;
		if (reserve != NULL)
			out->reserved += tree_reserved(p[i].pid, reserve);
	}
done:
	if (d != NULL)
		closedir(d);
	free(p);
	return rc;
}

int
tree_machine(double *busy_r, double *stolen_r)
{
	double tick = (double)sysconf(_SC_CLK_TCK);
	unsigned long long t[8]; /* user nice system idle iowait irq softirq steal */
	char buf[1024];

	*busy_r = *stolen_r = 0;
	if (tree_read("/proc/stat", buf, sizeof(buf)) < 0 ||
	    /* NOLINTNEXTLINE(cert-err34-c): the kernel's numbers */
	    sscanf(buf, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3],
		   &t[4], &t[5], &t[6], &t[7]) != 8)
		return -1;
	*busy_r = (double)(t[0] + t[1] + t[2] + t[5] + t[6]) / tick;
	*stolen_r = (double)t[7] / tick;
	return 0;
}
