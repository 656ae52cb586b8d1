/* replay.c - main() of a fuzz target where the compiler has no fuzzer: runs it once on
 * each file of the directories (or files) given, or, without any, of its own corpus,
 * $srcdir/tests/fuzz/corpus/NAME for fuzz_NAME.  `make check` does the latter.
 *
 * The name of each file is printed before it is run, so that the last one is the guilty
 * one.  No file at all is a failure: a corpus that is not found tests nothing.
 */
#include "config.h"

#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned done;

static int
run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint8_t *p;
	size_t n;

	if (f == NULL || fstat(fileno(f), &st) == -1) {
		perror(path);
		if (f != NULL)
			fclose(f);
		return -1;
	}
	p = fuzz_copy(NULL, 0, st.st_size);
	n = fread(p, 1, st.st_size, f);
	fclose(f);
	printf("%s: %zu bytes\n", path, n);
	fflush(stdout);
	LLVMFuzzerTestOneInput(p, n);
	free(p);
	done++;
	return 0;
}

static int
run(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	int err = 0;

	if (dir == NULL)
		return run_file(path);
	while (err == 0 && (e = readdir(dir)) != NULL) {
		char file[4096];

		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		err = run_file(file);
	}
	closedir(dir);
	return err;
}

static int
run_own_corpus(const char *argv0)
{
	const char *srcdir = getenv("srcdir"), *name = strstr(argv0, "fuzz_"), *next;
	char path[4096];

	while (name != NULL && (next = strstr(name + 1, "fuzz_")) != NULL)
		name = next;
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", srcdir != NULL ? srcdir : ".",
		 name != NULL ? name + strlen("fuzz_") : "");
	return run(path);
}

int
main(int argc, char **argv)
{
	int err = 0;

	/* the empty input is in no corpus: some systems' archives lose empty files */
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	if (argc < 2)
		err = run_own_corpus(argv[0]);
	for (int i = 1; i < argc && err == 0; i++)
		err = run(argv[i]);
	printf("%u files\n", done);
	return err == 0 && done > 0 ? 0 : 1;
}
