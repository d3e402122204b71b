/* SPDX-License-Identifier: MIT */
/* A command -> the same command as our child, and how it ended.
 *
 * Whoever waits for us must not notice: a signal that is sent to us goes on to the child,
 * one that the terminal sends has reached it already, and we stop and go on with it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "launcher/explain_parts.h"
#include "launcher/run.h"

#define TICK_NANOSECONDS 100000000

static void child(char **argv, const char *record, const sigset_t *mask,
		  void (*on_child)(int))
{
	if (record)
		setenv("PYPY_ISOLATE_RECORD", record, 1);
	signal(SIGCHLD, on_child);
	sigprocmask(SIG_SETMASK, mask, NULL);
	_exit(run_main(argv));
}

/* True when the child has ended. */
static bool look_at(pid_t pid, int *status)
{
	pid_t got;

	while ((got = waitpid(pid, status, WNOHANG | WUNTRACED)) == pid && WIFSTOPPED(*status))
		/* The child first, as one that is sent SIGCONT alone goes on alone. */
		raise(SIGSTOP);
	return got == pid || (got < 0 && errno == ECHILD);
}

static void pass_on(pid_t pid, const siginfo_t *info)
{
	bool from_terminal = info->si_code > 0 && info->si_signo != SIGCONT;

	if (info->si_signo != SIGCHLD && !from_terminal)
		kill(pid, info->si_signo);
}

int explain_run(char **argv, const char *record, void (*tick)(void *), void *context)
{
	const struct timespec interval = { .tv_nsec = TICK_NANOSECONDS }, none = { 0 };
	/* Where it is ignored the kernel forgets how children have ended. */
	void (*on_child)(int) = signal(SIGCHLD, SIG_DFL);
	sigset_t all, mask;
	siginfo_t info;
	int status = 0;
	pid_t pid;

	/* Those that say that we are wrong ourselves cannot wait. */
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigprocmask(SIG_BLOCK, &all, &mask);
	pid = fork();
	if (pid == 0)
		child(argv, record, &mask, on_child);
	while (pid > 0 && !look_at(pid, &status)) {
		if ((tick ? sigtimedwait(&all, &info, &interval) : sigwaitinfo(&all, &info)) > 0)
			pass_on(pid, &info);
		if (tick)
			tick(context);
	}
	/* One that came with its end, ^C say, is not for what we do after it. */
	while (sigtimedwait(&all, &info, &none) > 0)
		;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return pid > 0 ? status : -1;
}

int explain_end(int status)
{
	const struct rlimit none = { 0, 0 };
	sigset_t set;

	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	/* The program has left its core, if it was to leave one. */
	setrlimit(RLIMIT_CORE, &none);
	signal(WTERMSIG(status), SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}
