"""Write into the tutorial what its commands print now; read the change before you commit it.

.venv/bin/python bench/rules/fill_in_tutorial.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.journeys.pages import COLUMNS, Command, WrittenFile, as_shown, filled_in  # noqa: E402  needs the path


def main() -> None:
    page = ROOT / "docs" / "tutorial" / "first-rule.md"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def printed(step: WrittenFile | Command) -> str:
            if isinstance(step, WrittenFile):
                step.put_into(folder)
                return ""
            done = subprocess.run(
                [sys.executable, "-m", "itomm", *step.arguments[1:]],
                cwd=folder,
                capture_output=True,
                text=True,
                env={**os.environ, "COLUMNS": COLUMNS, "PYTHONPATH": str(ROOT)},
                check=False,
            )
            return as_shown(done.stdout + done.stderr, folder)

        page.write_text(filled_in(page.read_text(encoding="utf-8"), printed), encoding="utf-8")


if __name__ == "__main__":
    main()
