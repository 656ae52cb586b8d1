/* text.h - what people write: UTF-8 that is safe to show to others.
 *
 * Everything that a person sent goes through here before it reaches another
 * person's terminal, a log or an answer of chatctl.  All functions are pure,
 * take a length (no terminating zero is read or written) and do not allocate.
 *
 * The order for a line that came in: text_utf8_ok() or refuse it, text_clean(),
 * and for what may be shown beside other text, text_balance().
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* What text_clean() and text_is_clean() let through besides printable text. */
enum text_keep {
	TEXT_KEEP_NL = 1 << 0, /* '\n': a message of several lines */
	TEXT_KEEP_IRC = 1 << 1, /* IRC formatting: 02 03 04 0f 11 16 1d 1e 1f */
	TEXT_KEEP_CUT = 1 << 2, /* TEXT_CUT */
};

/* In a message, where its sender had to cut a line that was too long for its protocol.  Nobody is shown it; a
 * protocol with the same limit cuts there again. */
#define TEXT_CUT '\v'

/* True if the n bytes at p are UTF-8 as RFC 3629 section 4 has it: nothing
 * overlong, no surrogates, nothing above U+10FFFF.  Zero bytes are valid here. */
bool text_utf8_ok(const char *p, size_t n);

/* True if the n bytes at p are valid UTF-8 and text_clean() with the same keep
 * (TEXT_KEEP_*) would change nothing. */
bool text_is_clean(const char *p, size_t n, unsigned keep);

/* Takes out of p, in place, everything that a terminal or a log reader could
 * take for a control: C0 and DEL, C1, U+2028 and U+2029, byte order marks, tag
 * characters, interlinear annotation, deprecated format characters and
 * noncharacters.  Well-formed control sequences (CSI, and OSC, DCS, SOS, PM, APC
 * with their terminator) go as a whole, of others the introducer.  A tab becomes
 * a space.  keep is a set of TEXT_KEEP_*.  p must be valid UTF-8 and stays so.
 * Returns the new length, at most n.  Zero-width joiners (emoji, Persian), bidi
 * marks and bidi controls stay: see text_balance() for the latter. */
size_t text_clean(char *p, size_t n, unsigned keep);

/* Removes IRC formatting codes from p in place: 03 with up to two colours of one
 * or two digits, 04 with up to two colours of six hex digits, and the single codes;
 * incomplete ones lose what belongs to them and no more.  Returns the new length. */
size_t text_strip_irc(char *p, size_t n);

/* Has p any explicit bidi control (embedding, override, isolate, or what closes one)? */
bool text_turns(const char *p, size_t n);

/* Makes each line of p end with all bidi embeddings, overrides and isolates closed,
 * so that it cannot turn around what is printed after it: missing U+202C and U+2069
 * are added at the line's end, closers without an opener are dropped (UAX #9, BD9,
 * BD11).  p has room for cap bytes, n of them are used; p is valid UTF-8.  Returns
 * the new length, at most cap; if the closers do not fit, all explicit bidi controls
 * are removed instead.  Text without any is returned at once, unchanged. */
size_t text_balance(char *p, size_t n, size_t cap);

/* The largest length <= max at which the n bytes of valid UTF-8 at p can be cut:
 * at a character's beginning and, where one is within reach, not between a
 * character and its combining marks or around a zero-width joiner. */
size_t text_cut(const char *p, size_t n, size_t max);

/* Columns that p takes in a terminal (wide characters two, marks none).  Bytes that
 * are not UTF-8 count one each. */
int text_width(const char *p, size_t n);

/* Number of code points in the valid UTF-8 at p. */
size_t text_chars(const char *p, size_t n);

#endif
