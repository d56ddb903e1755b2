"""The words in which people say what kind of thing a ticket is, and what they mean. Pure."""

from __future__ import annotations

from collections.abc import Mapping

DETECTED_BY: Mapping[str, str] = {
    "monitoring": "monitoring",
    "alert": "monitoring",
    "user": "user",
    "customer": "user",
    "staff": "staff",
    "employee": "staff",
    "third party": "third_party",
    "supplier": "third_party",
    "vendor": "third_party",
}

OUTCOMES: Mapping[str, str] = {
    "successful": "successful",
    "success": "successful",
    "done": "successful",
    "completed": "successful",
    "implemented": "successful",
    "fixed": "successful",
    "failed": "failed",
    "unsuccessful": "failed",
    "rolled back": "rolled_back",
    "rollback": "rolled_back",
    "backed out": "rolled_back",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "rejected": "cancelled",
    "declined": "cancelled",
    "withdrawn": "cancelled",
    "won't do": "cancelled",
}

TREATMENTS = {"accept": "accept", "mitigat": "mitigate", "transfer": "transfer", "avoid": "avoid"}

ORIGINS = {
    "postmortem": "postmortem",
    "post-mortem": "postmortem",
    "post-incident": "postmortem",
    "retro": "retro",
    "audit": "audit",
    "csi": "csi",
}

CHANGE_TYPES = {
    "standard": "standard",
    "normal": "normal",
    "emergency": "emergency",
    "expedited": "emergency",
}

RISK_LEVELS = {"low": "low", "medium": "medium", "moderate": "medium", "high": "high"}

SEVERITY_WORDS = {
    "critical": 1,
    "blocker": 1,
    "highest": 1,
    "high": 2,
    "major": 2,
    "medium": 3,
    "moderate": 3,
    "low": 4,
    "minor": 4,
    "lowest": 5,
    "trivial": 5,
}


def first_word(text: str | None, words: Mapping[str, str]) -> str | None:
    """The meaning of the first of ``words`` that ``text`` contains."""
    folded = (text or "").casefold()
    return next((meaning for word, meaning in words.items() if word in folded), None)


def severity_of(text: str | None) -> int | None:
    """1 to 5 from texts such as "2", "SEV-2", "2 - High" or "High"; None when it says none of these."""
    if text is None:
        return None
    digits = [int(character) for character in text if character in "12345"]
    if digits:
        return digits[0]
    return next((number for word, number in SEVERITY_WORDS.items() if word == text.casefold()), None)
