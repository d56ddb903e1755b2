"""Bytes as text: by a byte order mark, else by the declared encoding, never by a guess. Pure."""

from __future__ import annotations

import codecs

from itomm.collectors.files.opening import FileRefusedError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def text_of_file(content: bytes, encoding: str, name: str) -> str:
    """The text of a file.

    Raises:
        FileRefusedError: the bytes are no text in this encoding.
    """
    for mark, told in _MARKS:
        if content.startswith(mark):
            content, encoding = content[len(mark) :], told
            break
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileRefusedError(
            f"{name} is no {encoding} text (byte {error.start:,}); declare its encoding, such as cp1252"
        ) from None
    if "\0" in text:
        raise FileRefusedError(f"{name} holds zero bytes, so it is no {encoding} text; is it UTF-16?")
    return text
