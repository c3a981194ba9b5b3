/*
 * The least that a durable runner can do, as a floor: ids come in on standard input, a line each, and go out again once they are in a journal on disk; then the job
 * is started by posix_spawn, in a folder of its own with files for its output, and its end is journalled. Usage: toy MODE CONCURRENCY FOLDER STAMP LEDGER.
 * MODE is `durable`, or `bare` for the system call alone: no journal, no folder, no output.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ID 12
#define MOST (1 << 20)

extern char **environ;
static char waiting[MOST][ID + 1];
static int durable, first, last, running, concurrency, journal;
static char *folder, *stamp, *ledger;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void put(int file, const char *bytes, size_t length) {
  if (write(file, bytes, length) != (ssize_t)length) die("write");
}

static void start(const char *id) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  char path[4200] = "/dev/null", errors[4200] = "/dev/null";
  if (durable) {
    snprintf(path, sizeof path, "%s/%s", folder, id);
    if (mkdir(path, 0755) != 0) die(path);
    snprintf(path, sizeof path, "%s/%s/stdout", folder, id);
    snprintf(errors, sizeof errors, "%s/%s/stderr", folder, id);
  }
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, path, O_WRONLY | O_CREAT, 0644);
  posix_spawn_file_actions_addopen(&files, 2, errors, O_WRONLY | O_CREAT, 0644);
  char *command[] = {stamp, ledger, (char *)id, NULL};
  pid_t pid;
  if (posix_spawn(&pid, stamp, &files, NULL, command, environ) != 0) die("posix_spawn");
  posix_spawn_file_actions_destroy(&files);
  running += 1;
}

/* Takes every id that has come, makes them durable together, and acknowledges them together. Returns 0 at the end of the input. */
static int take(void) {
  static char input[1 << 16];
  static size_t held;
  ssize_t got = read(0, input + held, sizeof input - held);
  if (got <= 0) return 0;
  held += got;
  size_t whole = held / (ID + 1) * (ID + 1);
  for (size_t at = 0; at < whole; at += ID + 1) {
    memcpy(waiting[last % MOST], input + at, ID);
    last += 1;
  }
  if (durable) {
    put(journal, input, whole);
    if (fdatasync(journal) != 0) die("fdatasync");
  }
  put(1, input, whole);
  memmove(input, input + whole, held - whole);
  held -= whole;
  return 1;
}

static void reap(void) {
  int status;
  while (waitpid(-1, &status, WNOHANG) > 0) {
    running -= 1;
    if (durable) put(journal, "end\n", 4);
  }
}

static void child_ended(int signal) { (void)signal; }

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  durable = strcmp(argv[1], "durable") == 0;
  concurrency = atoi(argv[2]);
  folder = argv[3];
  stamp = argv[4];
  ledger = argv[5];
  char path[4200];
  snprintf(path, sizeof path, "%s/journal", folder);
  journal = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (journal < 0) die(path);
  sigset_t block, open_mask;
  sigemptyset(&block);
  sigaddset(&block, SIGCHLD);
  sigprocmask(SIG_BLOCK, &block, &open_mask);
  struct sigaction action = {.sa_handler = child_ended};
  sigaction(SIGCHLD, &action, NULL);
  for (int open = 1; open || first < last || running > 0;) {
    struct pollfd input = {.fd = open ? 0 : -1, .events = POLLIN};
    struct timespec at_once = {0, 0};
    int idle = first == last || running >= concurrency;
    int ready = ppoll(&input, 1, idle ? NULL : &at_once, &open_mask);
    if (ready > 0) open = take();
    reap();
    if (first < last && running < concurrency) start(waiting[first++ % MOST]);
  }
  return 0;
}
