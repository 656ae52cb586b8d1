/* What chatd-web reads itself: heads of requests, forms, names of files, ranges, pictures' headers. */
#include "config.h"

#include <stdint.h>

#include "lib/util.h"
#include "proto/disposition.h"
#include "proto/http.h"
#include "proto/multipart.h"
#include "proto/picture.h"
#include "proto/range.h"
#include "unit_str.h"

/* --- heads ------------------------------------------------------------------------------------------ */

#define CHUNKED "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
static const struct {
	const char *bytes;
	size_t n;
	unsigned status;
	bool last;
} heads[] = {
    {LIT("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 0, false},
    {LIT("GET / HTTP/1.0\r\n\r\n"), 0, false},
    {LIT("\r\n\r\nGET / HTTP/1.1\r\nHOST:x\r\n\r\n"), 0, false},
    {LIT("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"), 0, false},
    {LIT("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n\n\n\nGET /b HTTP/1.1\r\nHost: "
	 "x\r\n\r\n"),
     0, false},
    {LIT("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3 \r\n\r\n\n\n\n\nGET /b"), 400, false},
    {LIT(CHUNKED "0\r\n\r\n\n\n"), 0, true},
    {LIT(CHUNKED "5\r\n\n\r\n\r\n\r\n00A ;x=\"y\"\r\n0123456789\r\n000\r\nX: y\r\n\r\n"), 0, true},
    {LIT(CHUNKED "5\nhello\r\n0\r\n\r\n"), 400, true},
    {LIT(CHUNKED "5\r\nhello\n0\r\n\r\n"), 400, true},
    {LIT(CHUNKED "5\r\nhello!\r\n0\r\n\r\n"), 400, true},
    {LIT(CHUNKED "\r\n\r\n"), 400, true},
    {LIT(CHUNKED "-5\r\nhello\r\n"), 400, true},
    {LIT(CHUNKED "0x5\r\nhello\r\n"), 400, true},
    {LIT(CHUNKED "1000000000000000\r\nhello\r\n"), 400, true},
    {LIT(CHUNKED "5;\0\r\nhello\r\n"), 400, true},
    {LIT(CHUNKED "0\r\n folded\r\n\r\n"), 400, true},
    {LIT(CHUNKED "0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400, true},
    {LIT("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n\x81\n"), 0, true},
    {LIT("GET / HTTP/1.1\r\nHost: x\r\nX-Long: "
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n"),
     0, false},
    {LIT("GET / HTTP/1.1\r\nHost: x\r\nX-Utf8: \xc3\xa4\tb\r\n\r\n"), 0, false},
    {LIT("GET / HTTP/1.1\r\nHost: x\r\nContent-Length-and-very-much-more-than-that: x\r\n\r\n"), 0,
     false},
    {LIT("GET / HTTP/1.1\nHost: x\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost: x\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost: x\r\n\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost : x\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost\t: x\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost:  \r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost:\t[::1%25lo]:8080 \t\r\nX: y\r\n\r\n"), 0, false},
    {LIT("GET / HTTP/1.1\r\nHost: a_b-c.%41~!$&'()*+,;=\r\n\r\n"), 0, false},
    {LIT("GET / HTTP/1.1\r\nHost: a-name-that-is-longer-than-what-is-kept-of-it.example b\r\n\r\n"),
     400, false},
    {LIT("GET / HTTP/1.1\r\nHost: a \tb\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost: <b>\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost: a#b\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost: a^b\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n"), 400, false},
    {LIT("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"), 400, false},
    {LIT("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), 400, false},
    {LIT("GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n"), 400, false},
    {LIT("GET /\t HTTP/1.1\r\nHost: x\r\n\r\n"), 400, false},
    {LIT("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"), 400, false},
    {LIT(" GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.2\r\nHost: x\r\n\r\n"), 505, false},
    {LIT("GET / FTP/1.1\r\nHost: x\r\n\r\n"), 400, false},
    {LIT("GET / HTTP/1.1\r\nHost: x\r\nX: \0\r\n\r\n"), 400, false},
    {LIT("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"),
     400, false},
    {LIT("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"),
     400, false},
    {LIT("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"), 400,
     false},
    {LIT("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\n"), 400, false},
    {LIT("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"), 400, false},
    {LIT("POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n"), 400, false},
    {LIT("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000000000\r\n\r\n"), 400, false},
    {LIT("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n"), 501, false},
    {LIT("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n"), 501, false},
    {LIT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400, false},
};

START_TEST(heads_watched)
{
	for (size_t step = 1; step <= heads[_i].n; step++) {
		struct http_watch w = {0};
		unsigned status = 0;

		for (size_t at = 0; at < heads[_i].n && status == 0; at += step)
			status = http_watch(&w, heads[_i].bytes + at, MIN(step, heads[_i].n - at));
		ck_assert_msg(status == heads[_i].status, "%s: %u in steps of %zu", heads[_i].bytes,
			      status, step);
		if (status == 0) {
			ck_assert_int_eq(w.last, heads[_i].last);
			ck_assert(!http_in_head(&w));
		}
	}
}
END_TEST

START_TEST(heads_too_long)
{
	static char many[HTTP_HEAD_MAX * 2];
	struct http_watch w = {0};
	size_t n = bprintf(many, sizeof(many), "GET /");

	memset(many + n, 'a', HTTP_TARGET_MAX + 10);
	ck_assert_uint_eq(http_watch(&w, many, n + HTTP_TARGET_MAX + 10), 414);
	w = (struct http_watch){0};
	n = bprintf(many, sizeof(many), "GET / HTTP/1.1\r\nX: ");
	memset(many + n, 'a', sizeof(many) - n);
	ck_assert_uint_eq(http_watch(&w, many, sizeof(many)), 431);
	w = (struct http_watch){0};
	n = bprintf(many, sizeof(many), "GET / HTTP/1.1\r\n");
	for (unsigned i = 0; i <= HTTP_HEADERS_MAX; i++)
		n += bprintf(many + n, sizeof(many) - n, "X: y\r\n");
	ck_assert_uint_eq(http_watch(&w, many, n), 431);
}
END_TEST

/* Short in bytes, and much to keep. */
START_TEST(heads_of_many_parts)
{
	static char many[HTTP_HEAD_MAX];
	struct http_watch w = {0};
	size_t n = bprintf(many, sizeof(many), "GET /?");

	for (unsigned i = 0; i < 400; i++)
		n += bprintf(many + n, sizeof(many) - n, "a&");
	ck_assert_uint_eq(http_watch(&w, many, n), 414);
	w = (struct http_watch){0};
	n = bprintf(many, sizeof(many), "GET / HTTP/1.1\r\nHost: x\r\nCookie: ");
	for (unsigned i = 0; i < 1000; i++)
		n += bprintf(many + n, sizeof(many) - n, "a=b;");
	ck_assert_uint_eq(http_watch(&w, many, n), 431);
}
END_TEST

START_TEST(chunks_too_long)
{
	static char line[HTTP_CHUNK_MAX + 1];
	struct http_watch w = {0};

	ck_assert_uint_eq(http_watch(&w, CHUNKED "5;", strlen(CHUNKED) + 2), 0);
	memset(line, 'a', sizeof(line));
	ck_assert_uint_eq(http_watch(&w, line, sizeof(line)), 400);
}
END_TEST

/* How many have come to their end, and where the one that is refused begins. */
START_TEST(requests_counted)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
			  post[] = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n";
	struct http_watch w = {0};
	char all[400];
	size_t n = bprintf(all, sizeof(all), "%s%sabc%s", get, post, get);

	ck_assert_uint_eq(http_watch(&w, all, n - 1), 0);
	ck_assert_uint_eq(w.whole, 2);
	ck_assert_uint_eq(w.begun, n - (sizeof(get) - 1));
	ck_assert_uint_eq(http_watch(&w, "\n", 1), 0);
	ck_assert_uint_eq(w.whole, 3);
	ck_assert_uint_eq(w.begun, 0);
	n = bprintf(all, sizeof(all), "%sabc%s\r\n", post, CHUNKED);
	ck_assert_uint_eq(http_watch(&w, all, n), 400);
	ck_assert_uint_eq(w.whole, 4);
	ck_assert_uint_eq(w.begun, sizeof(post) - 1 + 3);
}
END_TEST

/* When the time for a head runs: from its first byte to its last. */
START_TEST(heads_begun)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	struct http_watch w = {0};

	ck_assert(!http_in_head(&w));
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(http_watch(&w, "\r", 1), 0);
		ck_assert(http_in_head(&w));
		ck_assert_uint_eq(http_watch(&w, "\n", 1), 0);
		ck_assert(http_in_head(&w));
		for (size_t at = 0; at < sizeof(get) - 1; at++) {
			ck_assert(http_in_head(&w));
			ck_assert_uint_eq(http_watch(&w, get + at, 1), 0);
		}
		ck_assert(!http_in_head(&w));
	}
	ck_assert_uint_eq(http_watch(&w, CHUNKED "0\r", strlen(CHUNKED) + 2), 0);
	ck_assert(!http_in_head(&w) && http_in_body(&w));
	ck_assert_uint_eq(http_watch(&w, "\n", 1), 0);
	ck_assert(http_in_head(&w));
	ck_assert_uint_eq(http_watch(&w, "\r\n", 2), 0);
	ck_assert(!http_in_head(&w));
}
END_TEST

/* --- forms ------------------------------------------------------------------------------------------- */

/* What comes out: for each part its disposition in brackets, then its contents, and a '|' at its end. */
static bool
note(void *arg, enum multipart_what what, struct str s)
{
	char *out = arg;
	size_t n = strlen(out);

	if (what == MULTIPART_PART)
		bprintf(out + n, 1000 - n, "[" STR_FMT "]", STR_ARG(s));
	else if (what == MULTIPART_BYTES)
		bprintf(out + n, 1000 - n, STR_FMT, STR_ARG(s));
	else
		bprintf(out + n, 1000 - n, "|");
	return true;
}

#define CD "Content-Disposition: "
static const struct {
	const char *body, *out; /* out NULL: it is none, or not whole */
} forms[] = {
    {"--b\r\n" CD "x\r\n\r\nhello\r\n--b--\r\n", "[ x]hello|"},
    {"preamble\r\n--b\r\n" CD "x\r\n\r\nhello\r\n--b--epilogue", "[ x]hello|"},
    {"--b\r\nA: b\r\ncontent-disposition:x;y=\"z\"\r\nC: d\r\n\r\n\r\n--b\r\n\r\n1\r\n--b--",
     "[x;y=\"z\"]|[]1|"},
    {"--b \t\r\n" CD "x\r\n\r\n\r\n--\r\n-b\r\r\n--a\r\n--b--", "[ x]\r\n--\r\n-b\r\r\n--a|"},
    {"--b\r\n" CD "x\r\n\r\n\r\r\r\n\r\n\r\n--b--", "[ x]\r\r\r\n\r\n|"},
    {"--b--\r\n", ""},
    {"--b\r\n" CD "x\r\n\r\nhello\r\n--b", NULL},
    {"--b\r\n" CD "x\r\n\r\nhello\r\n--b-", NULL},
    {"--b\r\n" CD "x\r\n\r\nhello", NULL},
    {"--b\r\n" CD "x", NULL},
    {"--bx\r\n" CD "x\r\n\r\nhello\r\n--b--", NULL},
    {"--b\n" CD "x\n\nhello\n--b--", NULL},
    {"nothing", NULL},
};

START_TEST(forms_read)
{
	size_t n = strlen(forms[_i].body);

	for (size_t step = 1; step <= n; step++) {
		struct multipart m;
		char out[1000] = "";
		bool good = multipart_init(&m, STR_LIT("multipart/form-data; boundary=b"));

		ck_assert(good);
		for (size_t at = 0; at < n && good; at += step)
			good =
			    multipart_feed(&m, forms[_i].body + at, MIN(step, n - at), note, out);
		good = good && multipart_done(&m);
		ck_assert_msg(good == (forms[_i].out != NULL), "%zu", step);
		if (good)
			ck_assert_str_eq(out, forms[_i].out);
	}
}
END_TEST

START_TEST(forms_none)
{
	static const char *const types[] = {
	    "multipart/form-data",
	    "multipart/form-data; boundary=",
	    "multipart/mixed; boundary=b",
	    "multipart/form-data; boundary=\"b",
	    "multipart/form-data; boundary=a\rb",
	    "multipart/form-data; boundary=\"a\rb\"",
	    "multipart/form-data; boundary=a\x01",
	    "multipart/form-data; "
	    "boundary=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct multipart m;

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		ck_assert_msg(!multipart_init(&m, str_of(types[i])), "%s", types[i]);
	ck_assert(multipart_init(&m, STR_LIT("Multipart/Form-Data; charset=x; Boundary=\"a b\"")));
}
END_TEST

/* --- names --------------------------------------------------------------------------------------------- */

static const struct {
	const char *said, *name; /* before it is made a label */
} filenames[] = {
    {"form-data; name=\"file\"; filename=\"a b.txt\"", "a b.txt"},
    {"attachment;filename=a.txt", "a.txt"},
    {"attachment; FileName = a.txt ; x=y", "a.txt"},
    {"attachment; filename=\"a;b=\\\"c\\\".txt\"", "a;b=\"c\".txt"},
    {"attachment; filename=\"x.txt\"; filename*=UTF-8''%e2%82%AC%2fz.txt", "\xe2\x82\xac/z.txt"},
    {"attachment; filename*=utf-8'en'a%20b", "a b"},
    {"attachment; filename*=latin1''%e4; filename=z", "z"},
    {"attachment; filename=\"C:\\dir\\a.txt\"", "C:\\dir\\a.txt"},
    {"attachment; filename=\"no end", ""},
    {"filename=x", ""},
    {"attachment; xfilename=x", ""},
    {"", ""},
    {";;; ; =;filename", ""},
};

START_TEST(filenames_read)
{
	char out[100];
	struct str s = copy(filenames[_i].said, strlen(filenames[_i].said));

	disposition_filename(s, out, sizeof(out));
	ck_assert_str_eq(out, filenames[_i].name);
	drop(s);
}
END_TEST

static const struct {
	const char *name, *label;
} labels[] = {
    {"a.txt", "a.txt"},
    {"../../etc/passwd", "passwd"},
    {"a\\b\\c.txt", "c.txt"},
    {"a/", "file"},
    {"..", "file"},
    {"...", "file"},
    {".profile", ".profile"},
    {"", "file"},
    {"  a b  ", "a b"},
    {"a\n\x1b[2J\tb", "a b"},
    {"\xff\xfe", "file"},
    {"a\xe2\x80\xae"
     "b\xe2\x81\xa6\xd8\x9c.txt",
     "ab.txt"},
    {"0123456789012345678901234567.jpeg", "012345678901234.jpeg"},
    {"0123456789.this-is-no-ending-at-all", "0123456789.this-is-n"},
};

START_TEST(labels_made)
{
	char name[100], put[500];
	size_t n = bprintf(name, sizeof(name), "%s", labels[_i].name);

	n = disposition_label(name, n, 20);
	ck_assert_str_eq(name, labels[_i].label);
	ck_assert_uint_eq(n, strlen(name));
	disposition_put(put, sizeof(put), false, (struct str){name, n});
	disposition_filename(str_of(put), name, sizeof(name));
	ck_assert_str_eq(name, labels[_i].label);
}
END_TEST

START_TEST(dispositions_put)
{
	char out[400];

	disposition_put(out, sizeof(out), true, STR_LIT("a\"b\\%/\xc3\xa4.txt"));
	ck_assert_str_eq(
	    out, "inline; filename=\"a_b_____.txt\"; filename*=UTF-8''a%22b%5C%25%2F%C3%A4.txt");
}
END_TEST

/* --- ranges --------------------------------------------------------------------------------------------- */

static const struct {
	const char *said;
	uint64_t size;
	enum range_kind kind;
	uint64_t from, n;
} ranges[] = {
    {"bytes=0-0", 10, RANGE_PART, 0, 1},
    {"bytes=3-", 10, RANGE_PART, 3, 7},
    {"Bytes=-3", 10, RANGE_PART, 7, 3},
    {"bytes=-30", 10, RANGE_PART, 0, 10},
    {"bytes=9-30", 10, RANGE_PART, 9, 1},
    {"bytes=10-", 10, RANGE_WRONG, 0, 0},
    {"bytes=-0", 10, RANGE_WRONG, 0, 0},
    {"bytes=0-", 0, RANGE_WRONG, 0, 0},
    {"bytes=-1", 0, RANGE_WRONG, 0, 0},
    {"bytes=5-4", 10, RANGE_NONE, 0, 10},
    {"bytes=0-1,3-4", 10, RANGE_NONE, 0, 10},
    {"bytes=", 10, RANGE_NONE, 0, 10},
    {"bytes=-", 10, RANGE_NONE, 0, 10},
    {"bytes=a-b", 10, RANGE_NONE, 0, 10},
    {"items=0-1", 10, RANGE_NONE, 0, 10},
    {"bytes=18446744073709551615-", 10, RANGE_NONE, 0, 10},
};

START_TEST(ranges_read)
{
	struct range r;

	ck_assert_int_eq(range_parse(ranges[_i].said, ranges[_i].size, &r), ranges[_i].kind);
	if (ranges[_i].kind == RANGE_WRONG)
		return;
	ck_assert_uint_eq(r.from, ranges[_i].from);
	ck_assert_uint_eq(r.n, ranges[_i].n);
}
END_TEST

/* --- pictures --------------------------------------------------------------------------------------------- */

#define PNG "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
#define WEBP "RIFF\0\0\0\0WEBP"
static const struct {
	const char *bytes;
	size_t n;
	const char *type;
	unsigned w, h;
} pictures[] = {
    {LIT(PNG "\0\0\1\0\0\0\0\x10"), "image/png", 256, 16},
    {LIT(PNG "\0\0\xea\x60\0\0\xea\x60"), "image/png", 0, 0},
    {LIT(PNG "\xff\xff\xff\xff\0\0\0\1"), "image/png", 0, 0},
    {LIT(PNG "\0\0\0\0\0\0\0\1"), "image/png", 0, 0},
    {LIT("\x89PNG\r\n\x1a\n"), "image/png", 0, 0},
    {LIT("GIF89a\x40\1\xf0\0"), "image/gif", 320, 240},
    {LIT("GIF89a<script>"), "image/gif", 0, 0},
    {LIT("GIF88a\x40\1\xf0\0"), NULL, 0, 0},
    {LIT("\xff\xd8\xff\xe0\0\4ab\xff\xff\xc2\0\x0b\x08\0\x20\0\x30\3"), "image/jpeg", 48, 32},
    {LIT("\xff\xd8\xff\xc4\0\2\xff\xc0\0\x0b\x08\0\x20\0\x30"), "image/jpeg", 48, 32},
    {LIT("\xff\xd8\xff\xe0\xff\xff"), "image/jpeg", 0, 0},
    {LIT("\xff\xd8\xff\xe0\0\0\xff\xc0"), "image/jpeg", 0, 0},
    {LIT("\xff\xd8\xff\xc0\0\x0b\x08\0"), "image/jpeg", 0, 0},
    {LIT("\xff\xd8\xff\xda\0\2\xff\xc0\0\x0b\x08\0\x20\0\x30"), "image/jpeg", 0, 0},
    {LIT(WEBP "VP8X\0\0\0\0\0\0\0\0\x3f\1\0\xef\0\0"), "image/webp", 320, 240},
    {LIT(WEBP "VP8L\0\0\0\0\x2f\x3f\xc1\x3b\0\0\0\0\0\0"), "image/webp", 320, 240},
    {LIT(WEBP "VP8 \0\0\0\0\0\0\0\x9d\1\x2a\x40\1\xf0\0"), "image/webp", 320, 240},
    {LIT(WEBP "VP8 \0\0\0\0\0\0\0\0\0\0\x40\1\xf0\0"), "image/webp", 0, 0},
    {LIT("RIFF\0\0\0\0WAVE"), NULL, 0, 0},
    {LIT(""), NULL, 0, 0},
};

START_TEST(pictures_measured)
{
	struct str s = copy(pictures[_i].bytes, pictures[_i].n);
	uint16_t w = 1, h = 1;
	const char *type = picture_type((const uint8_t *)s.p, s.n);

	ck_assert_int_eq(picture_size((const uint8_t *)s.p, s.n, &w, &h), pictures[_i].w > 0);
	ck_assert_uint_eq(w, pictures[_i].w);
	ck_assert_uint_eq(h, pictures[_i].h);
	ck_assert_int_eq(type == NULL, pictures[_i].type == NULL);
	if (type != NULL)
		ck_assert_str_eq(type, pictures[_i].type);
	drop(s);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("http");
	TCase *tc = tcase_create("http");

	tcase_add_loop_test(tc, heads_watched, 0, ARRAY_LEN(heads));
	tcase_add_test(tc, heads_too_long);
	tcase_add_test(tc, heads_of_many_parts);
	tcase_add_test(tc, chunks_too_long);
	tcase_add_test(tc, requests_counted);
	tcase_add_test(tc, heads_begun);
	tcase_add_loop_test(tc, forms_read, 0, ARRAY_LEN(forms));
	tcase_add_test(tc, forms_none);
	tcase_add_loop_test(tc, filenames_read, 0, ARRAY_LEN(filenames));
	tcase_add_loop_test(tc, labels_made, 0, ARRAY_LEN(labels));
	tcase_add_test(tc, dispositions_put);
	tcase_add_loop_test(tc, ranges_read, 0, ARRAY_LEN(ranges));
	tcase_add_loop_test(tc, pictures_measured, 0, ARRAY_LEN(pictures));
	suite_add_tcase(s, tc);
	return unit_run(s);
}
