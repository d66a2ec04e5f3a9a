"""Rule: imports run downhill, as .importlinter says."""

import os
import subprocess
import sys
from pathlib import Path

from tests.house import tree


def test_the_import_law_is_kept() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    command = [str(program), "--no-cache", "--config", str(tree.ROOT / ".importlinter")]
    environment = {**os.environ, "PYTHONPATH": str(tree.ROOT)}
    ran = subprocess.run(command, cwd=tree.ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
