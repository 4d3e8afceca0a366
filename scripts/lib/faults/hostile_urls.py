"""Database URLs of every shape, most of them wrong: what stands in them for a secret is never shown."""

import argparse
import collections
import concurrent.futures
import pathlib
import re
import sys

import given
import measured
import table

LIMIT = 30.0
SECRETS = ["hunter2", "hun:ter2", "hun/ter2", "hun@ter2", "hun#ter2", "hun?ter2", "hun%ter2", "hun%zzter2", "hun ter2",
           "hun[ter2", "hun]ter2", "hun\\ter2", "hun'ter2", "hun\"ter2", "hun\x1b[31mter2", "hun\u202eter2", "hun%00ter2",
           "//hunter2", "hunter2@@", "@hunter2", "[hunter2]", "hun&ter2=x", "hun;ter2", "hun%40ter2%2F"]
SCHEMES = ["postgres", "postgresql", "mysql", "mariadb", "sqlite", "postgers", "jdbc:postgresql", "mysql2", "POSTGRES", ""]
SHAPES = ["{scheme}://u:{secret}@127.0.0.1:1/d", "{scheme}://u:{secret}@127.0.0.1:1/d?sslmode=disable",
          "{scheme}://127.0.0.1:1/d?user=u&password={secret}", "{scheme}://u:{secret}@[::1]:1/d", "{scheme}:u:{secret}@127.0.0.1:1/d",
          "{scheme}:/u:{secret}@127.0.0.1:1/d", "{scheme}://u:{secret}@127.0.0.1:port/d", "{scheme}://u:{secret}@/d"]
# What is left of a secret in any output, whichever sign in it was taken for the end.
LEFT = re.compile(r"hun(?!gry)|ter2")
COMMANDS = [("status",), ("up",), ("serve", "--listen", "127.0.0.1:0")]


def main() -> None:
    parser = given.parser()
    parser.add_argument("--count", type=int, default=0, help="so many of them; 0 for all")
    wanted = parser.parse_args()
    folder: pathlib.Path = wanted.work / "hostile-urls" / "migrations"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1_t.sql").write_text("CREATE TABLE t (i INTEGER);\n", encoding="utf-8")
    environment = measured.clean_environment()

    def go(words: tuple[str, ...], url: str) -> tuple[int, list[str]]:
        command = [str(wanted.binary), *words, "--dir", str(folder), "--lock-wait", "0s"]
        ended = measured.run(command, {**environment, "DATABASE_URL": url, "PGCONNECT_TIMEOUT": "2"}, folder.parent, LIMIT)
        text = (ended.out + ended.err).decode(errors="surrogateescape")
        found = []
        if ended.code not in range(10) and not (words[0] == "serve" and ended.seconds >= LIMIT):
            found.append(f"exit {ended.code}")
        if LEFT.search(text):
            found.append("a secret is shown")
        if measured.CONTROLS.search(text) or "panicked" in text:
            found.append("control characters or a panic")
        if found:
            print(f"  {' '.join(words)} {url!r}: {', '.join(found)}: {text[-300:]!r}", flush=True)
        return ended.code, found

    urls = [shape.format(scheme=scheme, secret=secret) for scheme in SCHEMES for shape in SHAPES for secret in SECRETS]
    tried = [(words, url) for words in COMMANDS[:2] for url in urls if "\x00" not in url]
    if wanted.count:
        tried = tried[:: max(1, len(tried) // wanted.count)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        ended = list(pool.map(lambda trial: go(*trial), tried))
    codes = collections.Counter(code for code, _ in ended)
    bad = sum(bool(found) for _, found in ended)
    said = " ".join(f"{code}:{number}" for code, number in sorted(codes.items()))
    table.show(["addresses", "tried", "exit codes", ""], [["URLs with a secret", len(ended), said, bad or "good"]])
    sys.exit(1 if bad else 0)


main()
