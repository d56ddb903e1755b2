"""Checks a bundle where nothing of itomm is installed, and after 1,000 random changes.

    python bench/bundles/check_bundle.py BUNDLE.zip [CHANGES]

1. Makes an environment with ``python -m venv``, installs ``cryptography`` alone, and runs the verifier that
   is in the bundle with ``python -I``.
2. Changes one random byte of one random file (each file as likely as any other), or removes, adds, or
   exchanges files, and counts what the verifier finds. Every change must be found, and the untouched bundle
   must be clean.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from pathlib import Path

from itomm.reports.verify_bundle import check


def in_a_bare_environment(bundle: Path, folder: Path) -> str:
    venv.create(folder / "bare", with_pip=True)
    python = str(folder / "bare" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "cryptography"], check=True)
    with zipfile.ZipFile(bundle) as archive:
        archive.extract("verify_bundle.py", folder)
    done = subprocess.run(
        [python, "-I", str(folder / "verify_bundle.py"), str(bundle)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def changed(folder: Path, chance: random.Random) -> tuple[str, dict[Path, bytes | None]]:
    """Make one change; what it was, and what undoes it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    one, other = chance.sample(files, 2)
    kind = chance.choice(["flip"] * 7 + ["remove", "add", "exchange"])
    content = one.read_bytes()
    if kind == "flip":
        place = chance.randrange(len(content))
        mask = chance.randrange(1, 256)
        one.write_bytes(content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :])
        return f"byte {place} of {one.name} by {mask}", {one: content}
    if kind == "remove":
        if one.name == "MANIFEST.sig":  # its absence is told, and is no fault: there may have been none
            one = other
            content = one.read_bytes()
        one.unlink()
        return f"{one.name} removed", {one: content}
    if kind == "add":
        new = one.with_name(f"{one.name}.copy")
        new.write_bytes(content)
        return f"{new.name} added", {new: None}
    beside = other.read_bytes()
    one.write_bytes(beside)
    other.write_bytes(content)
    return f"{one.name} and {other.name} exchanged", {one: content, other: beside}


def main() -> None:
    bundle = Path(sys.argv[1])
    wanted = int(sys.argv[2]) if sys.argv[2:] else 1000
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        print(in_a_bare_environment(bundle, folder))
        unpacked = folder / "bundle"
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(unpacked)
        assert check(unpacked)[0] == []
        chance, missed, began = random.Random(20261122), [], time.perf_counter()  # noqa: S311
        for _ in range(wanted):
            told, undo = changed(unpacked, chance)
            faults = check(unpacked)[0]
            if not faults:
                missed.append(told)
            for path, content in undo.items():
                if content is None:
                    path.unlink()
                else:
                    path.write_bytes(content)
        print(f"{wanted - len(missed)} of {wanted} changes found in {time.perf_counter() - began:.0f} s")
        assert check(unpacked)[0] == []
        shutil.rmtree(unpacked)
        assert not missed, missed


if __name__ == "__main__":
    main()
