"""Keeps child processes alive: a dead one is started again after a short, bounded pause; all end with the parent."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO

PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0)
LOOK_EVERY_S = 0.2
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep: its name, its command, and what it finds in its environment."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


class Supervisor:
    """Starts children, restarts them when they die, and stops them all; their output goes to one log file each."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: dict[str, Child] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._files: dict[str, IO[bytes]] = {}
        self._not_before: dict[str, float] = {}
        self.restarts: dict[str, int] = {}
        self._libc = ctypes.CDLL(None) if sys.platform == "linux" else None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, child: Child) -> None:
        """Start a child and keep it alive from now on."""
        self._children[child.name] = child
        self.restarts.setdefault(child.name, 0)
        if child.name not in self._files:
            self._files[child.name] = (self._logs / f"{child.name}.log").open("ab")
        self._processes[child.name] = subprocess.Popen(  # noqa: S603 - our own commands
            list(child.command),
            env=dict(child.environment),
            stdin=subprocess.DEVNULL,
            stdout=self._files[child.name],
            stderr=subprocess.STDOUT,
            preexec_fn=self._die_with_parent,  # noqa: PLW1509 - one system call, and no lock, between fork and exec
        )

    def _die_with_parent(self) -> None:  # pragma: no cover - runs in the child
        if self._libc is not None:
            self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    def pid(self, name: str) -> int:
        """The process id that a child has now."""
        return self._processes[name].pid

    def watch(self, on_death: Callable[[str], None]) -> None:
        """Look after the children in a thread from now on; `on_death` hears the name of each that was found dead."""

        def look() -> None:
            while not self._stopping.wait(LOOK_EVERY_S):
                for name in self._restart_the_dead(monotonic()):
                    on_death(name)

        self._watcher = threading.Thread(target=look, name="supervisor", daemon=True)
        self._watcher.start()

    def _restart_the_dead(self, now_s: float) -> list[str]:
        """Start dead children again, each after its pause; returns the names of those just found dead."""
        died = []
        for name, process in list(self._processes.items()):
            if process.poll() is None:
                continue
            if name not in self._not_before:
                died.append(name)
                pause = PAUSES_S[min(self.restarts[name], len(PAUSES_S) - 1)]
                self._not_before[name] = now_s + pause
            elif now_s >= self._not_before[name]:
                del self._not_before[name]
                self.restarts[name] += 1
                self.start(self._children[name])
        return died

    def stop(self, grace_s: float = 5.0) -> None:
        """End all children, the newest first: politely, then by force."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
        for process in reversed(self._processes.values()):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self._processes.values()):
            try:
                process.wait(grace_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for file in self._files.values():
            file.close()
        self._processes.clear()
        self._files.clear()

    def last_lines(self, name: str, count: int = 12) -> str:
        """The end of a child's log, for the person who wonders why it died."""
        path = self._logs / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-count:]) if path.exists() else ""
