"""`python -m decapolis` and the command `decapolis`."""

from __future__ import annotations

from decapolis.cli import main

if __name__ == "__main__":
    main()
