"""The command line: python3 tests/torture, with SEED, MINUTES, BUILD and SHORT=yes."""

import sys
from pathlib import Path

# The package is this folder; what is beside it must not be found by its bare name.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from torture.cli import main  # noqa: E402

sys.exit(main())
