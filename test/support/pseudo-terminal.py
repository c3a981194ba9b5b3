"""Runs a command in a terminal of its own: bytes of standard input are typed, lines of descriptor 3 are `ROWS COLUMNS` of the window. Ends as the command does."""
import fcntl
import os
import pty
import select
import struct
import sys
import termios

pid, terminal = pty.fork()
if pid == 0:
    os.close(3)
    os.execvp(sys.argv[1], sys.argv[1:])

sources = {terminal, 0, 3}
sizes = b""
while terminal in sources:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, 65536)
        except OSError:  # the last process has closed the terminal
            data = b""
        if not data:
            sources.remove(source)
        elif source == terminal:
            os.write(1, data)
        elif source == 0:
            os.write(terminal, data)
        else:
            sizes += data
            *lines, sizes = sizes.split(b"\n")
            for line in lines:
                rows, columns = map(int, line.split())
                fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
