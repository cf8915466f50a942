"""XML of strangers as a tree with line numbers: bounded, and without entities, which can stand for any amount."""

from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from yololab.errors import InputError, Problem
from yololab.files.reading import MOST_NESTED, read_bytes

MOST_BYTES = 2**30  # CVAT writes a whole task into one file
LINE = "\0line"  # an attribute that no file can have


def read_xml(path: Path) -> Element:
    """Return the root of an XML file; each element has its line as the attribute `LINE`.

    Raises:
        InputError: It cannot be read, is no XML, declares entities, or nests beyond reason.
    """
    return parse_xml(read_bytes(path, MOST_BYTES), str(path))


def parse_xml(content: bytes, where: str) -> Element:
    """Return the root of an XML text, as `read_xml`.

    >>> parse_xml(b"<a><b>1</b></a>", "a.xml").findtext("b")
    '1'
    """
    builder, parser, depth = TreeBuilder(), expat.ParserCreate(), 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MOST_NESTED:
            raise ValueError(f"more than {MOST_NESTED} levels")
        builder.start(tag, attributes | {LINE: str(parser.CurrentLineNumber)})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(name: str, *_: object) -> None:
        raise ValueError(f"it declares the entity {name[:40]!r}, which labels do not need")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, builder.data
    parser.EntityDeclHandler = refuse
    parser.buffer_text = True
    try:
        parser.Parse(content, True)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError) as error:  # LookupError: an encoding that nobody knows
        line = getattr(error, "lineno", None) or parser.CurrentLineNumber
        why = expat.ErrorString(error.code) if isinstance(error, expat.ExpatError) else error
        remedy = "have the file written again, in UTF-8"
        raise InputError(
            Problem(f"{where}, line {line}", f"not readable as XML ({why})", "an XML file of labels", remedy)
        ) from None


def place(path: Path, element: Element) -> str:
    """Return where an element stands, for messages."""
    return f"{path}, line {element.get(LINE)}"
