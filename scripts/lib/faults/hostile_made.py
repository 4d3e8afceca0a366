"""Servers that were made to do harm: endless, huge and strange answers, of scripts/try-hostile."""

import argparse
import contextlib
import itertools
import pathlib
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator

import given
import measured
import table

LIMIT = 30.0
MEMORY_MIB = 64.0
SECRET = "hunter2"
COMMANDS = [("up",), ("status",), ("health",)]

Answer = Callable[[bytes], Iterator[bytes]]


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def auth(number: int, rest: bytes = b"") -> bytes:
    return message(b"R", struct.pack("!I", number) + rest)


def fields(kind: bytes, text: bytes) -> bytes:
    return message(kind, b"SERROR\0VERROR\0CXX000\0M" + text + b"\0\0")


READY = message(b"Z", b"I")
IN = auth(0) + READY
COLUMN = message(b"T", struct.pack("!H", 1) + b"v\0" + struct.pack("!IHIhiH", 0, 0, 25, -1, -1, 0))
ROW = message(b"D", struct.pack("!HI", 1, 4096) + b"x" * 4096)
HUGE = b"x" * (256 << 20)


def once(data: bytes) -> Answer:
    return lambda _: iter([data])


def for_ever(data: bytes, first: bytes = b"") -> Answer:
    return lambda _: itertools.chain([first], itertools.repeat(data * max(1, 65536 // len(data))))


def scram(received: bytes) -> Iterator[bytes]:
    """Asks for more rounds of hashing than there is time for."""
    if received[:1] == b"p":
        nonce = received.rpartition(b"r=")[2].split(b",")[0] + b"server"
        yield auth(11, b"r=" + nonce + b",s=QSXCR+Q6sek8bf92,i=4000000000")
    else:
        yield auth(10, b"SCRAM-SHA-256\0\0")


# How each answers the login, and then every query.
POSTGRES: dict[str, tuple[Answer, Answer]] = {
    "notices at login": (for_ever(fields(b"N", b"look")), once(b"")),
    "parameters at login": (for_ever(message(b"S", b"server_version\0" + b"1" * 900 + b"\0")), once(b"")),
    "a huge error at login": (once(fields(b"E", HUGE)), once(b"")),
    "a huge notice at login": (once(fields(b"N", HUGE) + IN), once(READY)),
    "SCRAM with 4,000,000,000 rounds": (scram, scram),
    "the password in clear": (once(auth(3)), once(b"")),
    "GSSAPI": (once(auth(7)), once(b"")),
    "an unknown login": (once(auth(99)), once(b"")),
    "HTTP": (once(b"HTTP/1.1 400 Bad Request\r\n\r\n"), once(b"")),
    "SSH": (once(b"SSH-2.0-OpenSSH_9.2\r\n"), once(b"")),
    "notices": (once(IN), for_ever(fields(b"N", b"look"))),
    "parameters": (once(IN), for_ever(message(b"S", b"a\0b\0"))),
    "rows": (once(IN), for_ever(ROW, COLUMN)),
    "65,535 columns": (once(IN), for_ever(message(b"T", struct.pack("!H", 65535) + b"a\0" * 9))),
    "copies": (once(IN), for_ever(message(b"d", b"x" * 4096), message(b"H", b"\0\0\0"))),
    "a copy that waits": (once(IN), once(message(b"G", b"\0\0\0"))),
    "readiness": (once(IN), for_ever(READY)),
    "a huge error": (once(IN), once(fields(b"E", HUGE) + READY)),
    "errors": (once(IN), for_ever(fields(b"E", b"no"))),
    "control characters": (once(IN), once(fields(b"E", b"\x1b]0;title\x07\x1b[2J\r\nerror: forged\xc2\x9b31m\xe2\x80\xae") + READY)),
    "silence": (once(IN), once(b"")),
}


def packet(number: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([number]) + body


def greeting(plugin: bytes = b"mysql_native_password", version: bytes = b"10.11.2-MariaDB") -> bytes:
    flags = 0xF7FF | (0x81FF << 16)
    return packet(0, b"\x0a" + version + b"\0" + struct.pack("<I", 7) + b"12345678\0" + struct.pack("<H", flags & 0xFFFF)
                  + b"\x21" + struct.pack("<H", 2) + struct.pack("<H", flags >> 16) + b"\x15" + b"\0" * 10
                  + b"123456789012\0" + plugin + b"\0")


OK = packet(2, b"\0\0\0\x02\0\0\0")
DONE = packet(1, b"\0\0\0\x02\0\0\0")
WIDE = packet(2, b"\x03def\0\0\0\x01v\0\x0c\x2d\0\xff\xff\xff\xff\xfd\0\0\0\0\0")
# What each sends first, to the login, and to every query.
MARIADB: dict[str, tuple[bytes, Answer, Answer]] = {
    "HTTP": (b"HTTP/1.1 400 Bad Request\r\n\r\n", once(b""), once(b"")),
    "a greeting of 16 MB packets": (packet(0, b"\x0a" + b"x" * 0xFFFFF0) * 4, once(b""), once(b"")),
    "an error for a greeting": (packet(0, b"\xff\x10\x04Too many connections\x1b[2J"), once(b""), once(b"")),
    "protocol 9": (packet(0, b"\x095.0\0"), once(b""), once(b"")),
    "the password in clear": (greeting(b"mysql_clear_password"), once(OK), once(DONE)),
    "a switch to clear": (greeting(), once(packet(2, b"\xfemysql_clear_password\0")), once(DONE)),
    "another plugin": (greeting(b"dialog"), once(OK), once(DONE)),
    "a request for a file": (greeting(), once(OK), once(packet(1, b"\xfb/etc/passwd"))),
    "rows": (greeting(), once(OK), for_ever(packet(5, b"\xfc\x00\x10" + b"x" * 4096), packet(1, b"\x01") + WIDE + packet(3, b"\xfe\0\0\x02\0"))),
    "columns": (greeting(), once(OK), for_ever(WIDE, packet(1, b"\xfe" + b"\xff" * 8))),
    "a huge error": (greeting(), once(OK), once(packet(1, b"\xff\x10\x04#42000" + b"x" * 0xFFFF00))),
    "agreement": (greeting(), once(OK), for_ever(DONE)),
    "silence": (greeting(), once(OK), once(b"")),
}


class Server:
    """Listens on a port of its own for as long as it is open, and keeps what it hears."""

    def __init__(self, begins: bytes, login: Answer, query: Answer, frame: Callable[[Callable[[int], bytes], int], bytes]) -> None:
        self._begins, self._login, self._query, self._frame = begins, login, query, frame
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.heard = bytearray()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), client, client.makefile("rb") as file:

            def read(size: int) -> bytes:
                data = file.read(size)
                if len(data) < size:
                    raise EOFError
                return data

            client.sendall(self._begins)
            for number in itertools.count():
                received = self._frame(read, number)
                self.heard += received
                for data in (self._query if number else self._login)(received):
                    client.sendall(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def postgres_frame(read: Callable[[int], bytes], number: int) -> bytes:
    head = read(5 if number else 4)
    return head + read(struct.unpack("!I", head[-4:])[0] - 4)


def mariadb_frame(read: Callable[[int], bytes], _: int) -> bytes:
    head = read(4)
    return head + read(int.from_bytes(head[:3], "little"))


def main() -> None:
    parser: argparse.ArgumentParser = given.parser()
    parser.add_argument("--small", action="store_true")
    wanted = parser.parse_args()
    folder: pathlib.Path = wanted.work / "hostile-made" / "migrations"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1_t.sql").write_text("CREATE TABLE t (i INTEGER);\n", encoding="utf-8")
    environment = measured.clean_environment()

    def command(words: tuple[str, ...], url: str) -> measured.Measured:
        line = [str(wanted.binary), *words, "--dir", str(folder), "--lock-wait", "2s"]
        return measured.run(line, {**environment, "DATABASE_URL": url}, folder.parent, LIMIT + 5)

    quiet = max(command(words, "postgres://u@127.0.0.1:1/d").peak_mib for words in COMMANDS)
    servers = [("postgres", name, b"", *answers, postgres_frame) for name, answers in POSTGRES.items()]
    servers += [("mariadb", name, *answers, mariadb_frame) for name, answers in MARIADB.items()]
    rows, wrong = [], 0
    for kind, name, begins, login, query, frame in servers:
        for words in COMMANDS[:1] if wanted.small else COMMANDS:
            server = Server(begins, login, query, frame)
            ended = command(words, f"{kind}://u:{SECRET}@127.0.0.1:{server.port}/d?{'sslmode' if kind == 'postgres' else 'ssl-mode'}="
                                   f"{'disable' if kind == 'postgres' else 'disabled'}")
            server.close()
            text = (ended.out + ended.err).decode(errors="surrogateescape")
            found = []
            if ended.code not in range(10) or (words == ("up",) and ended.code == 0):
                found.append(f"exit {ended.code}")
            if ended.seconds > LIMIT:
                found.append("not ended in time")
            if ended.peak_mib > quiet + MEMORY_MIB:
                found.append(f"{ended.peak_mib:.0f} MiB")
            if "panicked" in text or measured.CONTROLS.search(text):
                found.append("panic or control characters")
            if SECRET in text or (SECRET.encode() in server.heard and not (kind == "postgres" and "clear" in name)):
                found.append("the password is shown")
            if b"root:" in server.heard:
                found.append("a file was sent")
            if len(text) > 100_000:
                found.append(f"{len(text)} characters of output")
            wrong += bool(found)
            rows.append([f"{kind}: {' '.join(words)}, {name}", f"{ended.seconds:.1f}", f"{ended.peak_mib:.0f}", ended.code,
                         "; ".join(found) or "good"])
    table.show(["a server that sends", "seconds", "MiB", "exit", ""], rows)
    sys.exit(1 if wrong else 0)


main()
