"""``python -m itomm``."""

from itomm.cli.main import run

if __name__ == "__main__":
    run()
