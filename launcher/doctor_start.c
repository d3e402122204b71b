/* SPDX-License-Identifier: MIT */
/* The trial: the interpreter is started as `run` starts it, and must isolate what it opens.
 *
 * It opens modules that are made here, without a compiler: an image with no code in it is
 * all that ld.so needs. That is no module that can be imported to its end, but the dlopen()
 * comes first, and the log says where that went. What ld.so itself says of a handle
 * (dlinfo) must agree.
 *
 * The hard thing is the end: whatever the interpreter does, a person gets an answer in time
 * and no file is left. */
#include "launcher/doctor_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audit/image.h"
#include "audit/sys.h"
#include "launcher/run.h"
#include "policy/version.h"

#define WHAT "trial"

/* For every Python from 2.7 on; `-c` has put the current directory in front of sys.path,
 * and nothing of ours may be looked for there. A line of the answers: the way, how often
 * it was gone, in which namespace ld.so says that the file is (-1: it was not asked), and
 * a text. What is asked about is kept: PyPy closes a library when it collects it. */
static const char script[] =
	"import sys\n"
	"sys.path[:] = [each for each in sys.path if each]\n"
	"site, answers = sys.argv[1], open(sys.argv[2], 'w')\n"
	"def answer(way, times, where, text):\n"
	"    text = ' '.join(str(text).split())\n"
	"    answers.write('%s %d %d %s\\n' % (way, times, where, text))\n"
	"    answers.flush()\n"
	"def load(path):\n"
	"    if sys.version_info[0] == 2:\n"
	"        import imp\n"
	"        return imp.load_dynamic('probe', path)\n"
	"    from importlib import machinery, util\n"
	"    loader = machinery.ExtensionFileLoader('probe', path)\n"
	"    spec = util.spec_from_file_location('probe', path, loader=loader)\n"
	"    util.module_from_spec(spec)\n"
	"try:\n"
	"    load(site + '/import.so')\n"
	"    answer('import', 1, -1, '-')\n"
	"except (ImportError, SystemError):\n"
	"    answer('import', 1, -1, sys.exc_info()[1])\n"
	"kept = []\n"
	"def where(handle):\n"
	"    number = ctypes.c_long(-1)\n"
	"    process.dlinfo(ctypes.c_void_p(handle), 1, ctypes.byref(number))\n"
	"    return number.value\n"
	"def by_ctypes():\n"
	"    library = ctypes.CDLL(site + '/ctypes.so')\n"
	"    kept.append(library)\n"
	"    return where(library._handle), 1\n"
	"def by_dlsym():\n"
	"    process.dlopen.restype = ctypes.c_void_p\n"
	"    return where(process.dlopen((site + '/dlsym.so').encode(), 2)), 1\n"
	"def by_loop():\n"
	"    found = {}\n"
	"    for _ in range(3000):\n"
	"        library = ctypes.CDLL(site + '/loop.so')\n"
	"        found.setdefault(library._handle, library)\n"
	"    kept.extend(found.values())\n"
	"    return min(where(each) for each in found), 3000\n"
	"try:\n"
	"    import ctypes\n"
	"    process = ctypes.CDLL(None)\n"
	"except ImportError:\n"
	"    ctypes, why = None, sys.exc_info()[1]\n"
	"for way, function in ('ctypes', by_ctypes), ('dlsym', by_dlsym), ('loop', by_loop):\n"
	"    if not ctypes:\n"
	"        answer(way, 0, -1, why)\n"
	"        continue\n"
	"    try:\n"
	"        number, times = function()\n"
	"        answer(way, times, number, '-')\n"
	"    except Exception:\n"
	"        answer(way, 1, -1, sys.exc_info()[1])\n";

static const struct way {
	const char *name;	/* of the file, and in the answers */
	const char *text;	/* for a person */
} ways[] = {
	{ "import", "import" },
	{ "ctypes", "ctypes.CDLL" },
	{ "dlsym", "dlopen, found by dlsym" },
	{ "loop", "ctypes.CDLL, 3,000 times in a loop, which a JIT compiles" },
};

#define WAYS (sizeof ways / sizeof *ways)

/* ---- the directory ---- */

struct trial {
	struct doctor *doctor;
	char directory[PATH_MAX];
	char site[PATH_MAX + 16];	/* below it: what every policy isolates */
	char *log, *answers, *errors;	/* texts, after the end; NULL: there was none */
};

static void path_in(const char *directory, const char *name, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX)
		path[0] = '\0';
}

static bool make_directory(struct trial *trial)
{
	const char *const places[] = {
		getenv("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm", "/run",
	};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (!places[i] || places[i][0] != '/')
			continue;
		path_in(places[i], "pypy-isolate-doctor.XXXXXX", trial->directory);
		if (!trial->directory[0] || !mkdtemp(trial->directory))
			continue;
		snprintf(trial->site, sizeof trial->site, "%s/site-packages", trial->directory);
		if (mkdir(trial->site, 0700) == 0)
			return true;
		rmdir(trial->directory);
	}
	return false;
}

static void remove_directory(const struct trial *trial)
{
	static const char *const names[] = { "log", "answers", "errors" };
	char path[PATH_MAX], name[32];

	for (size_t i = 0; i < WAYS; i++) {
		snprintf(name, sizeof name, "%s.so", ways[i].name);
		path_in(trial->site, name, path);
		unlink(path);
	}
	rmdir(trial->site);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		path_in(trial->directory, names[i], path);
		unlink(path);
	}
	rmdir(trial->directory);
}

static bool write_file(const char *path, const struct image *image)
{
	int fd = sys_create(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool good = fd >= 0 && sys_write_parts(fd, image->part, IMAGE_PARTS) ==
				       (ssize_t)image->size;

	if (fd >= 0)
		sys_close(fd);
	return good;
}

static bool make_modules(const struct trial *trial)
{
	const struct image_plan plan = { 0 };
	void *bytes = arena_take(&trial->doctor->arena, image_size(&plan));
	char path[PATH_MAX], name[32];
	struct image image;
	bool good = bytes;

	if (bytes)
		image_write(&image, &plan, bytes);
	for (size_t i = 0; good && i < WAYS; i++) {
		snprintf(name, sizeof name, "%s.so", ways[i].name);
		path_in(trial->site, name, path);
		good = write_file(path, &image);
	}
	return good;
}

#define TEXT_MAX ((size_t)4 << 20)	/* bytes; a line of the log for each of 3,000 turns */

/* NUL-terminated, cut at TEXT_MAX. */
static char *read_text(const struct trial *trial, const char *name)
{
	char path[PATH_MAX];
	char *text;
	size_t size;
	int fd;

	path_in(trial->directory, name, path);
	fd = sys_open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	text = calloc(1, TEXT_MAX);
	for (size = 0; text && size < TEXT_MAX - 1;) {
		ssize_t step = read(fd, text + size, TEXT_MAX - 1 - size);

		if (step <= 0)
			break;
		size += step;
	}
	sys_close(fd);
	return text;
}

/* ---- the process ---- */

static void redirect_streams(const struct trial *trial)
{
	char path[PATH_MAX];
	int null = sys_open("/dev/null", O_RDWR), errors;

	path_in(trial->directory, "errors", path);
	errors = sys_create(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
}

/* In the child. A script is not what takes `-c`: its interpreter is. */
static int start(const struct trial *trial)
{
	const struct doctor *doctor = trial->doctor;
	char log[PATH_MAX + 16], answers[PATH_MAX];
	const char *program = doctor->is_script ? doctor->program.path : doctor->file.path;
	const char *const words[] = { program, "-c", script, trial->site, answers, NULL };

	path_in(trial->directory, "answers", answers);
	snprintf(log, sizeof log, "debug:%s/log", trial->directory);
	if (setenv("PYPY_ISOLATE_LOG", log, 1) || setenv("PYTHONDONTWRITEBYTECODE", "1", 1))
		return EXIT_OURS;
	redirect_streams(trial);
	return run_main((char **)words);
}

/* Its status, or -1 and errno: it did not end in time, or somebody wants us to end. Then
 * it is killed with all that it has started. */
static int wait_for(pid_t child, const sigset_t *signals, unsigned seconds)
{
	const struct timespec limit = { .tv_sec = seconds };
	siginfo_t info;
	int got, status = 0;

	do
		got = sigtimedwait(signals, &info, &limit);
	while (got < 0 && errno == EINTR);
	if (got == SIGCHLD && waitpid(child, &status, 0) == child)
		return status;
	kill(-child, SIGKILL);
	waitpid(child, &status, 0);
	errno = got < 0 ? ETIMEDOUT : EINTR;
	return -1;
}

static int run_child(const struct trial *trial)
{
	sigset_t signals, before;
	pid_t child;
	int status = -1;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &signals, &before);
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		sigprocmask(SIG_SETMASK, &before, NULL);
		_exit(start(trial));
	}
	if (child > 0) {
		setpgid(child, child);
		status = wait_for(child, &signals, trial->doctor->timeout);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}

/* ---- what came of it ---- */

/* What follows start in the first line of text that begins with it, or NULL. */
static const char *line_with(const char *text, const char *start)
{
	size_t length = strlen(start);

	while (text && strncmp(text, start, length) != 0)
		text = (text = strchr(text, '\n')) ? text + 1 : NULL;
	return text ? text + length : NULL;
}

static int line_length(const char *line)
{
	return (int)strcspn(line, "\n");
}

/* Its last words, for a person. */
static const char *last_line(char *text)
{
	char *end = text ? text + strlen(text) : NULL, *start;

	while (end > text && end[-1] == '\n')
		*--end = '\0';
	start = end > text ? strrchr(text, '\n') : NULL;
	return start ? start + 1 : end > text ? text : "(nothing)";
}

/* The next number of a line, which may be -1, and the blank after it. */
static long take_number(const char **line)
{
	bool is_negative = **line == '-';
	long number = 0;

	for (*line += is_negative; **line >= '0' && **line <= '9'; ++*line)
		number = number * 10 + (**line - '0');
	*line += **line == ' ';
	return is_negative ? -number : number;
}

/* How many lines of the log say that the file of a way went to a namespace; *where gets
 * its number. */
static long count_placed(const struct trial *trial, const char *way, long *where)
{
	char start[sizeof trial->site + 64];
	const char *line = trial->log;
	long count = 0;

	snprintf(start, sizeof start, "pypy-isolate: %s/%s.so: namespace ", trial->site, way);
	for (; (line = line_with(line, start)); ++count)
		*where = take_number(&line);
	return count;
}

static void judge_way(const struct trial *trial, const struct way *way)
{
	char start[32], text[64] = "";
	const char *line;
	long placed, times, lmid, where = 0;

	snprintf(start, sizeof start, "%s ", way->name);
	line = line_with(trial->answers, start);
	if (!line)
		return;
	times = take_number(&line);
	lmid = take_number(&line);
	placed = count_placed(trial, way->name, &where);
	if (lmid >= 0)
		snprintf(text, sizeof text, ", and what was opened is in namespace %ld", lmid);
	if (times == 0)
		report(FINDING_NOTE, way->text, "not tried: %.*s", line_length(line), line);
	else if (placed >= times && where > 0 && (lmid == where || lmid == -1))
		report(FINDING_OK, way->text, "isolated, in namespace %ld", where);
	else
		report(FINDING_WRONG, way->text, "not isolated: of %ld times it came to "
		       "pypy-isolate %ld%s (%.*s); please report this, with what `readelf -rsW "
		       "%s` prints", times, placed, text, line_length(line), line,
		       trial->doctor->interpreter);
}

/* By whom, and with which interface? ld.so tells the module, and nobody else. */
static void judge_maker(const struct trial *trial, const char *maker)
{
	if (strncmp(maker, NAME_AND_VERSION ",", strlen(NAME_AND_VERSION ",")) != 0)
		report(FINDING_WRONG, WHAT, "the module is not of the version of this program, "
		       PYPY_ISOLATE_VERSION ": %.*s; install both again", line_length(maker),
		       maker);
	else
		report(FINDING_OK, WHAT, "%s starts, with %.*s", trial->doctor->word,
		       line_length(maker), maker);
}

static const char *find_maker(const char *log)
{
	static const char made[] = ": made by ";
	const char *found = log ? strstr(log, made) : NULL;

	return found ? found + strlen(made) : NULL;
}

static void judge(struct trial *trial, int status, int error)
{
	const char *word = trial->doctor->word;
	const char *maker = find_maker(trial->log);

	if (status < 0 && error == ETIMEDOUT)
		report(FINDING_WRONG, WHAT, "%s did not end within %u seconds, and was killed; "
		       "does `%s -c pass` end? if it is only slow: doctor --timeout SECONDS",
		       word, trial->doctor->timeout, word);
	else if (status < 0)
		report(FINDING_WRONG, WHAT, "it was stopped: %s", strerror(error));
	else if (WIFSIGNALED(status))
		report(FINDING_WRONG, WHAT, "%s was ended by signal %d (%s); its last words: "
		       "%s; does it run without us? %s -c pass", word, WTERMSIG(status),
		       strsignal(WTERMSIG(status)), last_line(trial->errors), word);
	else if (WEXITSTATUS(status) != 0)
		report(FINDING_WRONG, WHAT, "%s ended with status %d; its last words: %s; does "
		       "it run without us? %s -c pass", word, WEXITSTATUS(status),
		       last_line(trial->errors), word);
	else if (!maker)
		report(FINDING_WRONG, WHAT, "%s starts, but pypy-isolate made no namespace in "
		       "it; the last words: %s; %s", word, last_line(trial->errors),
		       last_line(trial->log));
	if (maker)
		judge_maker(trial, maker);
	for (size_t i = 0; i < WAYS; i++)
		judge_way(trial, &ways[i]);
}

/* A policy can leave all that is in the directory for temporary files. */
static bool is_isolated(const struct trial *trial)
{
	const struct rules *rules = &trial->doctor->settings.rules;
	const struct rule *why = NULL;
	char path[sizeof trial->site + 32];

	for (size_t i = 0; i < WAYS; i++) {
		snprintf(path, sizeof path, "%s/%s.so", trial->site, ways[i].name);
		if (rules_verdict(rules, path, &why) == VERDICT_LEAVE)
			return report(FINDING_WRONG, WHAT, "not done: the policy leaves %s "
				      "alone (%s:%u); take that line out, or let TMPDIR name a "
				      "directory that is isolated", path,
				      why ? why->file : "default", why ? why->line : 0);
	}
	return true;
}

static void try(struct trial *trial)
{
	int status, error;

	if (!is_isolated(trial))
		return;
	if (!make_modules(trial)) {
		report(FINDING_WRONG, WHAT, "not done: nothing can be written into %s: %s; let "
		       "TMPDIR name another directory", trial->site, strerror(errno));
		return;
	}
	status = run_child(trial);
	error = errno;
	trial->log = read_text(trial, "log");
	trial->answers = read_text(trial, "answers");
	trial->errors = read_text(trial, "errors");
	judge(trial, status, error);
	free(trial->log);
	free(trial->answers);
	free(trial->errors);
}

void doctor_start(struct doctor *doctor)
{
	struct trial trial = { .doctor = doctor };

	if (doctor->hindrance) {
		report(report_wrong() ? FINDING_NOTE : FINDING_WRONG, WHAT, "not done: %s",
		       doctor->hindrance);
		return;
	}
	if (!make_directory(&trial)) {
		report(FINDING_WRONG, WHAT, "not done: no directory for temporary files can be "
		       "written; let TMPDIR name one");
		return;
	}
	try(&trial);
	remove_directory(&trial);
}
