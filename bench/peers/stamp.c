/* The job that every contender runs: appends its id and the time of its first instruction to the ledger. Usage: stamp LEDGER ID (12 characters). */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (argc != 3) return 2;
  char line[64];
  int length = snprintf(line, sizeof line, "%-12.12s %010ld%09ld\n", argv[2], (long)now.tv_sec, now.tv_nsec);
  int ledger = open(argv[1], O_WRONLY | O_APPEND | O_CREAT, 0644);
  return ledger >= 0 && write(ledger, line, length) == length ? 0 : 1;
}
