"""Runs a command in a pseudo-terminal of its own: argv is columns, rows, command and its words.

Standard input and output carry the terminal's bytes. Standard input is lines of JSON: {"type": text} to type and
{"resize": [columns, rows]}. Ends with the command's exit code, or 128 and its signal.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios


def resize(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main():
    columns, rows = int(sys.argv[1]), int(sys.argv[2])
    ready, go = os.pipe()
    pid, terminal = pty.fork()
    if pid == 0:
        os.read(ready, 1)  # the size is set before the command can ask for it
        os.execvp(sys.argv[3], sys.argv[3:])
    resize(terminal, columns, rows)
    os.write(go, b"x")

    waiting = [terminal, 0]
    pending = b""
    while True:
        readable, _, _ = select.select(waiting, [], [])
        if 0 in readable:
            chunk = os.read(0, 65536)
            if not chunk:
                waiting.remove(0)
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                message = json.loads(line)
                if "resize" in message:
                    resize(terminal, *message["resize"])
                else:
                    os.write(terminal, message["type"].encode())
        if terminal in readable:
            try:
                chunk = os.read(terminal, 65536)
            except OSError:  # Linux's way to say that the last process has closed it
                chunk = b""
            if not chunk:
                break
            os.write(1, chunk)
    status = os.waitpid(pid, 0)[1]
    sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


main()
