from itomm.estate.company import Company


def truth_of(company: Company) -> dict[str, object]:
    return {}
