"""One leader a directory, whatever happens to the lock's file."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from storage.errors import LockedError, StoreUnavailable
from storage.lock import LOCK_NAME, LeaderLock

CONTENDERS, ROUNDS = 6, 60
CONTEND = """
import sys
from pathlib import Path
from storage.lock import LeaderLock
folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
won = 0
while won < rounds:
    with LeaderLock(folder) as lock:
        if lock.try_acquire():
            won += 1
            if won % 3 == 0:
                lock.path.unlink()
            if lock.renew():
                inside = folder / "inside"
                inside.touch(exist_ok=False)  # two leaders at once: FileExistsError
                inside.unlink()
"""


def test_the_lock_has_one_holder_and_names_it(tmp_path: Path) -> None:
    first, second = LeaderLock(tmp_path), LeaderLock(tmp_path)
    with first.require("one"):
        assert not second.try_acquire()
        assert second.is_held_elsewhere()
        with pytest.raises(LockedError, match=f"process {os.getpid()}"):
            second.require("two")
    assert not second.is_held_elsewhere()
    assert second.try_acquire()
    second.release()


def test_a_deleted_lock_file_is_made_again_by_its_holder(tmp_path: Path) -> None:
    first, second = LeaderLock(tmp_path), LeaderLock(tmp_path)
    with first, second:
        assert first.try_acquire()
        (tmp_path / LOCK_NAME).unlink()
        assert first.renew()
        assert not second.try_acquire()
        assert second.holder() == os.getpid()


def test_a_holder_whose_file_was_replaced_gives_way(tmp_path: Path) -> None:
    first, second = LeaderLock(tmp_path), LeaderLock(tmp_path)
    with first, second:
        assert first.try_acquire()
        (tmp_path / LOCK_NAME).unlink()
        assert second.try_acquire()
        assert not first.renew()
        assert not first.held
        assert second.renew()


def test_a_directory_that_is_gone_is_no_place_to_lead(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    with LeaderLock(folder) as lock:
        assert lock.try_acquire()
        (folder / LOCK_NAME).unlink()
        folder.rmdir()
        with pytest.raises(StoreUnavailable, match="No such file"):
            lock.renew()


def test_of_many_processes_one_leads_although_the_file_is_deleted_under_them(tmp_path: Path) -> None:
    """Who holds a file that has lost its name asks again before it believes that it leads."""
    command = [sys.executable, "-c", CONTEND, str(tmp_path), str(ROUNDS)]
    contenders = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(CONTENDERS)]
    said = [contender.communicate(timeout=60)[1] for contender in contenders]
    assert said == [""] * CONTENDERS


def test_threads_of_one_process_are_contenders_too(tmp_path: Path) -> None:
    inside, most, guard = 0, 0, threading.Lock()

    def contend() -> None:
        nonlocal inside, most
        for _ in range(500):
            with LeaderLock(tmp_path) as lock:
                if lock.try_acquire():
                    with guard:
                        inside += 1
                        most = max(most, inside)
                    with guard:
                        inside -= 1

    threads = [threading.Thread(target=contend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
