/* glob.h - patterns of names: '*' matches any number of characters, '?' one. */
#ifndef LIB_GLOB_H
#define LIB_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Both are UTF-8. '[' and '\' are ordinary: names contain them. Takes at most the product of
 * the lengths in steps, whatever the pattern. */
bool glob_match(const char *pattern, size_t pn, const char *s, size_t n);
/* The same; A to Z and a to z are alike. */
bool glob_match_nocase(const char *pattern, size_t pn, const char *s, size_t n);

#endif
