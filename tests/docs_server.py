"""The program loaded once, forked for every command of a session: like ``tests.acceptance.warm``, in any directory."""

import importlib
import json
import os

from tests.acceptance.warm import LIBRARIES, run


def serve() -> None:
    """Read one order a line, answer with the exit code."""
    main = importlib.import_module("ops.main").main
    for name in LIBRARIES:
        importlib.import_module(name)
    with os.fdopen(os.dup(0)) as orders, os.fdopen(os.dup(1), "w") as answers:
        for line in orders:
            order = json.loads(line)
            pid = os.fork()
            if pid == 0:
                os.chdir(order["cwd"])
                run(order, main)
            _, status = os.waitpid(pid, 0)
            answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
            answers.flush()


if __name__ == "__main__":
    serve()
