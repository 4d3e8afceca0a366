"""A wire between a runner and its server that goes wrong: it is mute, it is cut without a word, or it is slow."""

import contextlib
import dataclasses
import socket
import threading
import time
import urllib.parse
from abc import ABC, abstractmethod
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Fault:
    """What goes wrong."""

    name: str
    # Connections are taken, and nothing ever comes.
    mute: bool = False
    # So long after the first connection everything is swallowed, and nothing is closed.
    hole_after: float | None = None
    # That happens to this connection alone, counted from 1; to all of them where there is no number.
    only: int | None = None
    # How much later what the server sends arrives.
    delay: float = 0.0


class Listener(ABC):
    """Takes connections to a server on a port of its own for as long as it is open."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._listen, daemon=True).start()

    @abstractmethod
    def _taken(self, client: socket.socket, number: int) -> None:
        """A connection was made, counted from 1."""

    def _connect(self) -> socket.socket:
        server = socket.create_connection(self._server)
        self._sockets.append(server)
        return server

    def close(self) -> None:
        for one in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _listen(self) -> None:
        number = 0
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                number += 1
                self._sockets.append(client)
                self._taken(client, number)


class Wire(Listener):
    """Carries bytes on until its fault is due."""

    def __init__(self, server: tuple[str, int], fault: Fault) -> None:
        self._fault = fault
        self._first: float | None = None
        super().__init__(server)

    def _taken(self, client: socket.socket, number: int) -> None:
        self._first = self._first or time.monotonic()
        if self._fault.mute:
            return
        server = self._connect()
        for source, sink, delay in [(client, server, 0.0), (server, client, self._fault.delay)]:
            threading.Thread(target=self._carry, args=(source, sink, number, delay), daemon=True).start()

    def _swallows(self, number: int) -> bool:
        after, only = self._fault.hole_after, self._fault.only
        return after is not None and only in (None, number) and time.monotonic() - (self._first or 0.0) > after

    def _carry(self, source: socket.socket, sink: socket.socket, number: int, delay: float) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self._swallows(number):
                    continue
                time.sleep(delay)
                sink.sendall(data)
        if not self._swallows(number):
            for one in (source, sink):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


def through(url: str, port: int) -> str:
    """A database's URL with the wire's address."""
    parts = urllib.parse.urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{login}@127.0.0.1:{port}").geturl()


def server_of(url: str) -> tuple[str, int]:
    """Where the server of a URL listens."""
    parts = urllib.parse.urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 0


@contextlib.contextmanager
def opened(server: tuple[str, int], fault: Fault) -> Iterator[Wire]:
    wire = Wire(server, fault)
    try:
        yield wire
    finally:
        wire.close()
