/* SPDX-License-Identifier: MIT */
/* Any text -> conf_parse(), and the rules are asked.
 *
 * The byte 0x1e divides the input into files: the first is the policy, and the others
 * are what `include` and `exports` read, by their numbers from 1 on. */
#include <string.h>

#include "policy/conf.h"
#include "tests/fuzz/fuzz.h"

#define FILES_MAX 10
#define DIVIDER 0x1e
#define MEMORY ((size_t)1 << 20)	/* bytes; now and then too few */

static struct {
	struct conf_text files[FILES_MAX];
	size_t count;
} input;

static const char *const names[FILES_MAX] = {
	"policy", "1", "2", "3", "4", "5", "6", "7", "8", "9",
};

static void split(const uint8_t *data, size_t size)
{
	for (input.count = 0; input.count < FILES_MAX; input.count++) {
		const uint8_t *end = size ? memchr(data, DIVIDER, size) : NULL;
		size_t length = end ? (size_t)(end - data) : size;

		input.files[input.count] = (struct conf_text){
			.name = names[input.count],
			.text = fuzz_copy(data, length),
			.length = length,
		};
		if (!end) {
			input.count++;
			return;
		}
		data = end + 1;
		size -= length + 1;
	}
}

static bool read_other(void *context, const char *from, const char *word,
		       struct conf_text *out, struct diag *diag)
{
	const struct conf_text *ours = conf_built_in(word);

	(void)context;
	insist(from && from[0]);
	for (size_t i = 1; i < input.count; i++)
		if (strcmp(names[i], word) == 0) {
			*out = input.files[i];
			return true;
		}
	if (!ours)
		return word[0] == 's' ? false : diag_set(diag, "%s: no such file", word);
	*out = *ours;
	return true;
}

static void touch_rules(const struct rules *rules)
{
	for (const struct rule *rule = rules->last; rule; rule = rule->before) {
		insist(rule->line && rule->column);
		fuzz_touch_text(rule->file);
		for (size_t i = 0; i < rule->word_count; i++)
			fuzz_touch_text(rule->words[i]);
		if (rule->exports) {
			capi_allows(rule->exports, "PyObject_Call", NULL);
			insist(capi_allows(rule->exports, rule->exports->probe, NULL));
		}
	}
}

static void ask(const struct rules *rules, const char *name)
{
	char path[600];

	snprintf(path, sizeof path, "/%.500s", name);
	rules_verdict(rules, path, NULL);
	rules_unlisted(rules, path, NULL);
	rules_interpreter(rules, name);
	rules_group(rules, name, NULL);
	insist(!rules_shared(rules, name, NULL) || !rules_duplicate(rules, name, NULL));
}

static void ask_all(const struct rules *rules)
{
	rules_per(rules, NULL);
	rules_mode(rules, NULL);
	ask(rules, "libc.so.6");
	if (rules->last)
		ask(rules, rules->last->words[0]);
	for (size_t n = 0; n < 8 && rules_executable(rules, n); n++)
		;
}

static void check_errors(const struct conf_error *error)
{
	insist(error);
	for (; error; error = error->next) {
		insist(error->text && strchr(error->text, ':'));
		for (const char *p = error->text; *p; p++)
			insist(((unsigned char)*p >= ' ' && *p != 0x7f) || *p == '\t');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct conf_source source = { .read = read_other };
	const struct conf_error *errors = NULL;
	struct rules rules = { NULL };
	struct arena arena;

	split(data, size);
	fuzz_arena_begin(&arena, size % 8 ? MEMORY : MEMORY / 64);
	if (conf_parse(&rules, &input.files[0], &source, &arena, &errors)) {
		insist(!errors);
		touch_rules(&rules);
		ask_all(&rules);
	} else {
		check_errors(errors);
	}
	fuzz_arena_end(&arena);
	for (size_t i = 0; i < input.count; i++)
		free((void *)input.files[i].text);
	return 0;
}
