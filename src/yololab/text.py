"""How numbers, durations, sizes and settings are written, wherever they are shown: terminal, log, page, Markdown.

Pure functions from a value to text. What is not known is a dash, never a zero; a minus is a minus sign, not a hyphen.
What came from a file or a command line is `masking.shown`: it neither steers the terminal nor gives a password away.
"""

import json
import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

UNKNOWN = "—"
MINUS = "\N{MINUS SIGN}"
ELLIPSIS = "…"
SHORT_HASH = 12
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SIZE_UNITS = ("B", "kB", "MB", "GB", "TB")

# Joins letters of some scripts, and parts of an emoji.
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"


def as_number(value: Any) -> float | None:
    """Return a finite number; None for everything else (also for true and false)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def read_number(value: Any) -> float | None:
    """Return a finite number, also from its text; None for everything else.

    >>> read_number("1e-3"), read_number(True), read_number("fast")
    (0.001, None, None)
    """
    try:
        return None if isinstance(value, bool) else as_number(float(value))
    except (TypeError, ValueError):
        return None


def number(value: Any, digits: int = 4) -> str:
    """Write a measured number with a fixed number of digits.

    >>> number(0.51239), number(None), number(0.5, 2)
    ('0.5124', '—', '0.50')
    """
    if type(value) is float and 0 < value < math.inf:  # what thousands of rows hold
        return f"{value:.{digits}f}"
    found = as_number(value)
    return UNKNOWN if found is None else f"{found:.{digits}f}".replace("-", MINUS)


def p_value(value: Any) -> str:
    """Write a p-value; a small one as a bound.

    >>> p_value(0.0421), p_value(0.0), p_value(None)
    ('0.042', '< 0.001', '—')
    """
    found = as_number(value)
    return UNKNOWN if found is None else "< 0.001" if found < 0.001 else f"{found:.3f}"


def p_equation(value: Any) -> str:
    """Write a p-value within a sentence.

    >>> p_equation(0.0421), p_equation(0.0)
    ('p = 0.042', 'p < 0.001')
    """
    shown = p_value(value)
    return f"p {shown}" if shown.startswith("<") else f"p = {shown}"


def count(value: Any) -> str:
    """Write a whole number with its thousands apart.

    >>> count(12345), count(None)
    ('12,345', '—')
    """
    found = as_number(value)
    return UNKNOWN if found is None else f"{found:,.0f}".replace("-", MINUS)


def counted(number: int, one: str, many: str | None = None) -> str:
    """Write how many of something there are.

    >>> counted(1, "epoch"), counted(1200, "batch", "batches")
    ('1 epoch', '1,200 batches')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def first_of(names: Iterable[Any], most: int = 3) -> str:
    """Write the first of many names.

    >>> first_of("ab"), first_of("abcd")
    ('a, b', 'a, b, c, …')
    """
    shown = [str(name) for name in names]
    return ", ".join(shown[:most]) + (f", {ELLIPSIS}" if len(shown) > most else "")


def one_of(options: Iterable[Any], most: int = 16) -> str:
    """Write what is allowed; of a long list its beginning, and how long it is.

    >>> one_of("ab"), one_of("abcdef", most=3)
    ('one of a, b', 'one of a, b, c, … (6 in all)')
    """
    names = list(options)
    return f"one of {first_of(names, most)}" + (f" ({len(names)} in all)" if len(names) > most else "")


def signed(value: Any, digits: int = 4) -> str:
    """Write a difference with its sign; one that rounds to zero has none.

    >>> signed(0.0213), signed(-0.0213), signed(0.0)
    ('+0.0213', '−0.0213', '0.0000')
    """
    found = as_number(value)
    if found is None:
        return UNKNOWN
    text = f"{found:+.{digits}f}"
    return (text if float(text) else text[1:]).replace("-", MINUS)


def interval(low: Any, high: Any, write: Callable[[Any], str] = signed) -> str:
    """Write an interval, of a difference unless `write` says otherwise.

    >>> interval(-0.01, 0.02), interval(0.1, 0.2, number), interval(None, None)
    ('−0.0100 … +0.0200', '0.1000 … 0.2000', '—')
    """
    known = as_number(low) is not None and as_number(high) is not None
    return f"{write(low)} {ELLIPSIS} {write(high)}" if known else UNKNOWN


def percent(value: Any, digits: int = 1) -> str:
    """Write a relative difference that is already in percent.

    >>> percent(3.604), percent(-12.5), percent(None)
    ('+3.6%', '−12.5%', '—')
    """
    return UNKNOWN if as_number(value) is None else f"{signed(value, digits)}%"


def share(value: Any) -> str:
    """Write a share of one in whole percent; what is not zero never reads as 0 %.

    >>> share(0.1234), share(0.001), share(0), share(None)
    ('12%', '<1%', '0%', '—')
    """
    found = as_number(value)
    if found is None:
        return UNKNOWN
    return "<1%" if 0 < found < 0.005 else f"{found:.0%}"


def duration(seconds: Any) -> str:
    """Write a duration; a few seconds with one digit more.

    >>> duration(200), duration(7260), duration(0.25), duration(0.001), duration(None)
    ('3 min 20 s', '2 h 01 min', '0.2 s', '<0.1 s', '—')
    """
    found = as_number(seconds)
    if found is None:
        return UNKNOWN
    if found < 9.95:
        return "<0.1 s" if 0 < found < 0.05 else f"{found:.1f} s"
    whole = round(found)
    if whole < 60:
        return f"{whole} s"
    minutes, hours = whole // 60, whole // 3600
    return f"{hours} h {minutes % 60:02d} min" if hours else f"{minutes} min {whole % 60:02d} s"


def size(byte_count: Any) -> str:
    """Write a number of bytes in decimal units.

    >>> size(5_348_211), size(None)
    ('5.3 MB', '—')
    """
    found = as_number(byte_count)
    if found is None:
        return UNKNOWN
    power = min(int(math.log10(max(abs(found), 1)) // 3), len(_SIZE_UNITS) - 1)
    return f"{found / 1000**power:.{1 if power else 0}f} {_SIZE_UNITS[power]}"


def moment(text: Any, *, zone: bool = True) -> str:
    """Write an ISO 8601 time for people, with or without its zone; what is no such time stays as it is.

    >>> moment("2026-01-17T14:30:00+01:00"), moment("yesterday"), moment(None)
    ('17 Jan 2026, 14:30 (UTC+01:00)', 'yesterday', '—')
    """
    if not text:
        return UNKNOWN
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return str(text)
    offset = f" ({time.tzname()})" if time.tzinfo and zone else ""
    return f"{time.day} {_MONTHS[time.month - 1]} {time.year}, {time.hour:02}:{time.minute:02}{offset}"


def short_moment(text: Any, now: datetime) -> str:
    """Write an ISO 8601 time as briefly as it can be told: the hour of today, the day of this year, or the date.

    >>> today = datetime.fromisoformat("2026-01-17T20:00:00+01:00")
    >>> [short_moment(f"{day}:30:00+01:00", today) for day in ("2026-01-17T14", "2026-01-09T14", "2025-12-31T14")]
    ['14:30', '9 Jan', '31 Dec 2025']
    """
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return str(text) if text else UNKNOWN
    if time.date() == now.date():
        return f"{time.hour:02}:{time.minute:02}"
    return f"{time.day} {_MONTHS[time.month - 1]}" + (f" {time.year}" if time.year != now.year else "")


def as_text(value: Any) -> str:
    """Write any value as text; a dash for what is not known."""
    return UNKNOWN if value is None or value == "" else setting(value)


def setting(value: Any) -> str:
    """Write a config value as YAML would.

    >>> setting(True), setting(None), setting([0, 1]), setting("a b")
    ('true', 'null', '[0, 1]', 'a b')
    """
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def short_hash(text: Any) -> str:
    """Shorten a hash to its first digits."""
    return str(text)[:SHORT_HASH] if text else UNKNOWN


def text_width(text: str) -> int:
    r"""Return the width of `text` in columns: East Asian wide characters take two, combining ones none.

    >>> text_width("abc"), text_width("猫"), text_width("e\u0301")
    (3, 2, 1)
    """
    if text.isascii() or max(text) < "\u0300":  # before the first combining letter none is wide either
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def shortened(text: str, columns: int) -> str:
    """Cut `text` to a width in columns; the middle goes, as names often differ at their end.

    >>> shortened("traffic light red", 12), shortened("cat", 9)
    ('traffi…t red', 'cat')
    """
    if text_width(text) <= columns:
        return text
    tail = _fitting(text[::-1], (columns - 1) // 2)[::-1]
    return _fitting(text, columns - 1 - text_width(tail)) + ELLIPSIS + tail


def _fitting(text: str, columns: int) -> str:
    """Return the start of `text` that fits."""
    kept = 0
    while kept < len(text) and text_width(text[: kept + 1]) <= columns:
        kept += 1
    return text[:kept]


def flattened(tree: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Return the leaves of a tree of mappings with their dotted keys, in order.

    >>> flattened({"a": {"b": 1, "c": {}}, "d": [2]})
    [('a.b', 1), ('a.c', {}), ('d', [2])]
    """
    if not isinstance(tree, dict) or not tree:
        return [(prefix, tree)] if prefix else []
    return [leaf for key, value in tree.items() for leaf in flattened(value, f"{prefix}.{key}" if prefix else str(key))]


def differing(sides: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the entries that are not the same on all sides, in their order: key, and each side's value or None.

    >>> differing([{"lr0": 0.01, "seed": 0}, {"lr0": 0.02, "seed": 0}])
    {'lr0': [0.01, 0.02]}
    """
    keys = dict.fromkeys(key for side in sides for key in side)
    values = {key: [side.get(key) for side in sides] for key in keys}
    return {key: found for key, found in values.items() if any(value != found[0] for value in found)}


def printable(text: str) -> str:
    r"""Return `text` with what would steer a terminal made visible: control characters, marks that turn the direction.

    >>> printable("a\x1b[31m\nb\u202e"), printable("猫 👩\u200d🚀")
    ('a\\x1b[31m\\nb\\u202e', '猫 👩\u200d🚀')
    """
    if text.isprintable():
        return text
    return "".join(
        letter.encode("unicode_escape").decode()
        if letter not in _JOINERS and unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else letter
        for letter in text
    )
