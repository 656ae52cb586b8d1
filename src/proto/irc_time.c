/* irc_time.c - the time and the id that stand before each message: written for every one of them,
 * so nothing here asks the C library, whose gmtime() would want to read a time zone's file. */
#include "config.h"
#include "proto/irc.h"

#include <string.h>

#define SECONDS_PER_DAY 86400
#define SECONDS_MAX UINT64_C(253402300799) /* 9999-12-31T23:59:59Z: the form has four digits */
#define MSGID_DIGIT_BITS 5

_Static_assert(IRC_MSGID_LEN *MSGID_DIGIT_BITS >= 64, "each number has an id of its own");

/* --- days and dates ------------------------------------------------------------------------ */

/* The calendar repeats every 400 years. A year that begins in March has its odd day at its end,
 * and the lengths of its months follow a straight line: (153 month + 2) / 5 days come before. */
#define DAYS_PER_ERA 146097
#define DAYS_TO_1970 719468 /* since 0000-03-01 */

struct date {
	unsigned year, month, day; /* month and day from 1 */
};

static struct date
date_of(unsigned days)
{
	unsigned era, of_era, year, of_year, month;
	struct date d;

	days += DAYS_TO_1970;
	era = days / DAYS_PER_ERA;
	of_era = days % DAYS_PER_ERA;
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	d.day = of_year - (153 * month + 2) / 5 + 1;
	d.month = month < 10 ? month + 3 : month - 9;
	d.year = era * 400 + year + (d.month <= 2);
	return d;
}

static unsigned
days_of(struct date d)
{
	unsigned year = d.year - (d.month <= 2), of_era = year % 400;
	unsigned month = d.month > 2 ? d.month - 3 : d.month + 9;
	unsigned of_year = (153 * month + 2) / 5 + d.day - 1;

	return year / 400 * DAYS_PER_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
	       DAYS_TO_1970;
}

/* --- server-time --------------------------------------------------------------------------- */

static void
put_digits(char *out, unsigned n, unsigned value)
{
	while (n-- > 0) {
		out[n] = '0' + value % 10;
		value /= 10;
	}
}

static void
put_second(char *out, uint64_t second)
{
	struct date d = date_of(second / SECONDS_PER_DAY);
	unsigned of_day = second % SECONDS_PER_DAY;

	memcpy(out, "0000-00-00T00:00:00", 19);
	put_digits(out, 4, d.year);
	put_digits(out + 5, 2, d.month);
	put_digits(out + 8, 2, d.day);
	put_digits(out + 11, 2, of_day / 3600);
	put_digits(out + 14, 2, of_day / 60 % 60);
	put_digits(out + 17, 2, of_day % 60);
}

void
irc_time_put(char out[IRC_TIME_LEN], uint64_t ms)
{
	/* Messages come many to the second: all but the milliseconds are kept. */
	static _Thread_local char kept[20] = "1970-01-01T00:00:00.";
	static _Thread_local uint64_t kept_second;
	uint64_t second = ms / 1000;
	unsigned fraction = ms % 1000;

	if (second > SECONDS_MAX) {
		second = SECONDS_MAX;
		fraction = 999;
	}
	if (second != kept_second) {
		put_second(kept, second);
		kept_second = second;
	}
	memcpy(out, kept, sizeof(kept));
	put_digits(out + 20, 3, fraction);
	out[23] = 'Z';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The number at s.p + at in n digits; false if there are none. */
static bool
get_digits(struct str s, size_t at, size_t n, unsigned *value_r)
{
	*value_r = 0;
	for (size_t i = at; i < at + n; i++) {
		if (i >= s.n || !is_digit(s.p[i]))
			return false;
		*value_r = *value_r * 10 + (s.p[i] - '0');
	}
	return true;
}

static bool
get_date(struct str s, struct date *d)
{
	static const unsigned char length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap;

	if (!get_digits(s, 0, 4, &d->year) || !get_digits(s, 5, 2, &d->month) ||
	    !get_digits(s, 8, 2, &d->day))
		return false;
	if (d->year < 1970 || d->month < 1 || d->month > 12 || d->day < 1)
		return false;
	leap = (d->year % 4 == 0 && d->year % 100 != 0) || d->year % 400 == 0;
	return d->day <= length[d->month - 1] + (d->month == 2 && leap ? 1u : 0u);
}

/* ".678" before the 'Z', or nothing; what is finer than milliseconds is cut off. */
static bool
get_fraction(struct str s, unsigned *ms_r)
{
	unsigned scale = 100;

	*ms_r = 0;
	if (s.n == 0)
		return true;
	if (s.p[0] != '.' || s.n < 2 || s.n > 10)
		return false;
	for (size_t i = 1; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return false;
		*ms_r += (s.p[i] - '0') * scale;
		scale /= 10;
	}
	return true;
}

bool
irc_time_get(struct str s, uint64_t *ms_r)
{
	static const char form[] = "0000-00-00T00:00:00";
	const size_t n = sizeof(form) - 1;
	unsigned hour, minute, second, ms;
	struct date d;

	if (s.n <= n || s.p[s.n - 1] != 'Z')
		return false;
	for (size_t i = 0; i < n; i++)
		if (form[i] != '0' && s.p[i] != form[i])
			return false;
	if (!get_date(s, &d) || !get_digits(s, 11, 2, &hour) || !get_digits(s, 14, 2, &minute) ||
	    !get_digits(s, 17, 2, &second) ||
	    !get_fraction((struct str){s.p + n, s.n - n - 1}, &ms))
		return false;
	/* 60: a leap second, which our clock counts as the one after it */
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*ms_r = (uint64_t)days_of(d) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
	*ms_r = *ms_r * 1000 + ms;
	return true;
}

/* --- message ids --------------------------------------------------------------------------- */

void
irc_msgid_put(char out[IRC_MSGID_LEN], uint64_t seq)
{
	/* in the order of ASCII (RFC 4648 section 7, in small letters) */
	static const char digit[] = "0123456789abcdefghijklmnopqrstuv";

	for (unsigned i = IRC_MSGID_LEN; i-- > 0; seq >>= MSGID_DIGIT_BITS)
		out[i] = digit[seq & ((1u << MSGID_DIGIT_BITS) - 1)];
}

bool
irc_msgid_get(struct str s, uint64_t *seq_r)
{
	uint64_t seq = 0;

	/* 65 bits: the first digit has only four of them */
	if (s.n != IRC_MSGID_LEN || s.p[0] > 'f')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned d;

		if (is_digit(s.p[i]))
			d = s.p[i] - '0';
		else if (s.p[i] >= 'a' && s.p[i] <= 'v')
			d = s.p[i] - 'a' + 10;
		else
			return false;
		seq = seq << MSGID_DIGIT_BITS | d;
	}
	*seq_r = seq;
	return true;
}
