"""The crates that a program was built from, as CycloneDX on standard output.

sbom.py BINARY LOCKFILE reads the list that cargo auditable has put into the section .dep-v0, and checksums from the lock file.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
import zlib
from pathlib import Path
from typing import Any

Crate = dict[str, Any]


def listed(binary: Path) -> list[Crate]:
    with tempfile.NamedTemporaryFile() as section:
        subprocess.run(["objcopy", "--dump-section", f".dep-v0={section.name}", binary, "/dev/null"], check=True)
        return json.loads(zlib.decompress(Path(section.name).read_bytes()))["packages"]


def checksums(lockfile: Path) -> dict[tuple[str, str], str]:
    packages = tomllib.loads(lockfile.read_text())["package"]
    return {(package["name"], package["version"]): package["checksum"] for package in packages if "checksum" in package}


def purl(crate: Crate) -> str:
    # A build number (+…) is part of a version, and an escape in a URL.
    return f"pkg:cargo/{crate['name']}@{crate['version'].replace('+', '%2B')}"


def component(crate: Crate, sums: dict[tuple[str, str], str]) -> dict[str, Any]:
    kind = "application" if crate.get("root") else "library"
    described = {"type": kind, "bom-ref": purl(crate), "name": crate["name"], "version": crate["version"], "purl": purl(crate)}
    if crate.get("kind") == "build":
        described["scope"] = "excluded"  # it ran when the program was built, and is not in it
    if checksum := sums.get((crate["name"], crate["version"])):
        described["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return described


def bill(crates: list[Crate], sums: dict[tuple[str, str], str]) -> dict[str, Any]:
    root = next(crate for crate in crates if crate.get("root"))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(root, sums)},
        "components": [component(crate, sums) for crate in crates if crate is not root],
        "dependencies": [
            {"ref": purl(crate), "dependsOn": [purl(crates[index]) for index in crate.get("dependencies", [])]}
            for crate in crates
        ],
    }


if __name__ == "__main__":
    found, hashes = listed(Path(sys.argv[1])), checksums(Path(sys.argv[2]))
    print(json.dumps(bill(found, hashes), indent=2))
