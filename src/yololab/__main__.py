"""`python -m yololab …` is `yololab …`."""

from yololab.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
