"""itomm answers a maturity questionnaire from evidence."""

__version__ = "0.1.0"
