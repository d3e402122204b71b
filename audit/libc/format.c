/* SPDX-License-Identifier: MIT */
/* printf(3) into memory, for the module: of the conversions, those that it uses: d, u, x, s
 * and c, with 0, a width, a precision for s, and the lengths l, ll and z. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct out {
	char *at, *end;		/* where the next byte goes; the last has room for the NUL */
	size_t length;		/* of all, also of what had no room */
};

struct conversion {
	bool zeros;
	int width, precision;	/* precision: -1 without */
	int longs;		/* how many l; z counts as one */
};

static void put(struct out *out, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++, out->length++)
		if (out->at < out->end)
			*out->at++ = bytes[i];
}

static void pad(struct out *out, const struct conversion *how, size_t length)
{
	for (size_t i = length; i < (size_t)how->width; i++)
		put(out, how->zeros ? "0" : " ", 1);
}

/* By parts: 64 bits at once would take a function of libgcc on 32-bit machines, whose code
 * has no CET note, so that the module would have none. */
static unsigned divide(uint64_t *value, unsigned base)
{
	uint64_t quotient = 0;
	uint32_t part = 0;

	for (int shift = 48; shift >= 0; shift -= 16) {
		part = part % base << 16 | (uint16_t)(*value >> shift);
		quotient |= (uint64_t)(part / base) << shift;
	}
	*value = quotient;
	return part % base;
}

static void put_number(struct out *out, const struct conversion *how, uint64_t value,
		       unsigned base, bool negative)
{
	char digits[24], *at = digits + sizeof digits;

	do
		*--at = "0123456789abcdef"[divide(&value, base)];
	while (value);
	if (negative)
		*--at = '-';
	pad(out, how, digits + sizeof digits - at);
	put(out, at, digits + sizeof digits - at);
}

static void put_text(struct out *out, const struct conversion *how, const char *text)
{
	size_t length;

	if (!text)
		text = "(null)";
	length = how->precision < 0 ? strlen(text) : strnlen(text, how->precision);
	pad(out, how, length);
	put(out, text, length);
}

static int read_number(const char **format, int star)
{
	int value = 0;

	if (**format == '*') {
		++*format;
		return star;
	}
	while (**format >= '0' && **format <= '9')
		value = value * 10 + *(*format)++ - '0';
	return value;
}

/* Takes what stands between % and the letter. Only a precision can be `*`. */
static struct conversion read_conversion(const char **format, va_list *args)
{
	struct conversion how = { .precision = -1 };

	how.zeros = **format == '0';
	how.width = read_number(format, 0);
	if (**format == '.') {
		++*format;
		how.precision = read_number(format, **format == '*' ? va_arg(*args, int) : 0);
	}
	for (; **format == 'l' || **format == 'z'; ++*format)
		how.longs++;
	return how;
}

static int64_t take_signed(const struct conversion *how, va_list *args)
{
	return how->longs == 0 ? va_arg(*args, int)
	     : how->longs == 1 ? va_arg(*args, long) : va_arg(*args, long long);
}

static uint64_t take_unsigned(const struct conversion *how, va_list *args)
{
	return how->longs == 0 ? va_arg(*args, unsigned)
	     : how->longs == 1 ? va_arg(*args, unsigned long)
			       : va_arg(*args, unsigned long long);
}

static void convert(struct out *out, const char **format, va_list *args)
{
	struct conversion how = read_conversion(format, args);
	char letter = **format;
	int64_t value;

	*format += letter != '\0';
	switch (letter) {
	case 'd':
		value = take_signed(&how, args);
		put_number(out, &how, value < 0 ? -(uint64_t)value : (uint64_t)value, 10,
			   value < 0);
		break;
	case 'u':
	case 'x':
	case 'o':
		put_number(out, &how, take_unsigned(&how, args),
			   letter == 'u' ? 10 : letter == 'x' ? 16 : 8, false);
		break;
	case 's':
		put_text(out, &how, va_arg(*args, const char *));
		break;
	case 'c':
		put(out, &(char){ (char)va_arg(*args, int) }, 1);
		break;
	default:
		put(out, &letter, letter != '\0');
	}
}

int vsnprintf(char *text, size_t size, const char *format, va_list args)
{
	struct out out = { text, size ? text + size - 1 : text, 0 };
	va_list rest;

	va_copy(rest, args);
	while (*format) {
		size_t plain = strcspn(format, "%");

		put(&out, format, plain);
		format += plain;
		if (*format && *++format)
			convert(&out, &format, &rest);
	}
	va_end(rest);
	if (size)
		*out.at = '\0';
	return (int)out.length;
}

int snprintf(char *text, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, size, format, args);
	va_end(args);
	return length;
}
