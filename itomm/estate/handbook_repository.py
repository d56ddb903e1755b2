from pathlib import Path

from itomm.estate.company import Company


def write_handbook(company: Company, path: Path) -> None: ...
