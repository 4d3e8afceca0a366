"""A wire on which one message of the server arrives other than it was sent."""

import contextlib
import dataclasses
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator

from wire import Listener

Message = tuple[bytes, bytes]  # its header and what is behind


def _postgres(read: Callable[[int], bytes]) -> Message:
    head = read(5)
    return head, read(max(0, struct.unpack("!I", head[1:])[0] - 4))


def _mariadb(read: Callable[[int], bytes]) -> Message:
    head = read(4)
    return head, read(int.from_bytes(head[:3], "little"))


FRAMES = {"postgres": _postgres, "mariadb": _mariadb}


def _sized(kind: str, head: bytes, body: bytes, length: int | None = None) -> bytes:
    """The message with the length that it has, or with another."""
    if kind == "postgres":
        return head[:1] + struct.pack("!I", (len(body) + 4 if length is None else length) & 0xFFFFFFFF) + body
    return ((len(body) if length is None else length) & 0xFFFFFF).to_bytes(3, "little") + head[3:] + body


def _flipped(body: bytes, chance: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(min(len(changed), chance.randint(1, 8))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _typed(kind: str, head: bytes, body: bytes, chance: random.Random) -> bytes:
    if kind == "postgres":
        return _sized(kind, bytes([chance.randrange(256)]) + head[1:], body)
    return _sized(kind, head, bytes([chance.choice([0, 1, 0xFB, 0xFE, 0xFF, chance.randrange(256)])]) + body[1:])


# What becomes of the message; nothing where the connection ends there.
MANGLES: dict[str, Callable[[str, bytes, bytes, random.Random], bytes | None]] = {
    "flipped": lambda kind, head, body, chance: _sized(kind, head, _flipped(body, chance)),
    "another type": _typed,
    "cut short": lambda kind, head, body, chance: _sized(kind, head, body[: chance.randrange(len(body) + 1)]),
    "empty": lambda kind, head, body, chance: _sized(kind, head, b""),
    "zeros": lambda kind, head, body, chance: _sized(kind, head, bytes(len(body))),
    "ones": lambda kind, head, body, chance: _sized(kind, head, b"\xff" * len(body)),
    "noise": lambda kind, head, body, chance: _sized(kind, head, chance.randbytes(chance.randrange(300))),
    "longer": lambda kind, head, body, chance: _sized(kind, head, body + chance.randbytes(chance.randint(1, 9))),
    "twice": lambda kind, head, body, chance: _sized(kind, head, body) * 2,
    "length of nothing": lambda kind, head, body, chance: _sized(kind, head, body, chance.randrange(5)),
    "length off by some": lambda kind, head, body, chance: _sized(kind, head, body, len(body) + chance.randint(-9, -1)),
    "controls": lambda kind, head, body, chance: _sized(kind, head, bytes(chance.choice(b"\x1b\r\n\x07\x9b\x00") if
                                                                        chance.random() < 0.3 else one for one in body)),
    "ended": lambda kind, head, body, chance: None,
}


@dataclasses.dataclass(frozen=True)
class Mangling:
    """One message: of which connection, which of its messages, and how it is changed."""

    how: str
    connection: int
    message: int
    seed: int

    def __str__(self) -> str:
        return f"{self.how}, message {self.message} of connection {self.connection}, seed {self.seed}"


class Wire(Listener):
    """Carries messages on, and one of them changed."""

    def __init__(self, kind: str, server: tuple[str, int], mangling: Mangling) -> None:
        self._kind, self._mangling = kind, mangling
        self.met = False
        super().__init__(server)

    def _taken(self, client: socket.socket, number: int) -> None:
        server = self._connect()
        threading.Thread(target=self._forth, args=(client, server), daemon=True).start()
        threading.Thread(target=self._back, args=(server, client, number), daemon=True).start()

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _back(self, server: socket.socket, client: socket.socket, connection: int) -> None:
        mangling, chance = self._mangling, random.Random(self._mangling.seed)
        count = 0
        with contextlib.suppress(OSError, EOFError), server.makefile("rb") as file:

            def read(size: int) -> bytes:
                data = file.read(size)
                if len(data) < size:
                    raise EOFError
                return data

            while True:
                head, body = FRAMES[self._kind](read)
                if (connection, count) != (mangling.connection, mangling.message):
                    client.sendall(head + body)
                else:
                    self.met = True
                    data = MANGLES[mangling.how](self._kind, head, body, chance)
                    if data is None:
                        break
                    client.sendall(data)
                count += 1
        for one in (client, server):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def opened(kind: str, server: tuple[str, int], mangling: Mangling) -> Iterator[Wire]:
    wire = Wire(kind, server, mangling)
    try:
        yield wire
    finally:
        wire.close()
