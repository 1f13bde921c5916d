"""XML as cameras send it: small, of any namespace, and never with a DOCTYPE or an entity of its own. Bytes in, a tree out; pure.

Names are local names, because namespaces differ from model to model. Depth, number of elements and length are bounded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from parking.gate.cameras.base import MalformedPush

MOST_BYTES = 512 * 1024
_DEEPEST = 24
_MOST_ELEMENTS = 5_000


@dataclass(slots=True)
class Element:
    """One element by its local name, with its text (stripped) and its children in order."""

    name: str
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def find(self, name: str) -> Element | None:
        """The first element of this name anywhere below, breadth first."""
        level = self.children
        while level:
            for child in level:
                if child.name == name:
                    return child
            level = [grandchild for child in level for grandchild in child.children]
        return None

    def all(self, name: str) -> list[Element]:
        """Every element of this name below, in the order of the document."""
        found = []
        for child in self.children:
            found += [child] if child.name == name else []
            found += child.all(name)
        return found

    def text_of(self, name: str, default: str = "") -> str:
        """The text of the first element of this name."""
        found = self.find(name)
        return default if found is None else found.text


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._count = 0

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > _MOST_ELEMENTS or len(self._open) >= _DEEPEST:
            raise MalformedPush("XML: too many elements, or too deep")
        element = Element(name.rpartition(" ")[2].rpartition(":")[2])
        if self._open:
            self._open[-1].children.append(element)
        elif self.root is None:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def end(self, _name: str) -> None:
        self._open.pop().text = "".join(self._texts.pop()).strip()

    def text(self, data: str) -> None:
        if self._texts:
            self._texts[-1].append(data)

    def refuse(self, *_: object) -> None:
        raise MalformedPush("XML: a document type is not taken")


def parse(data: bytes) -> Element:
    """The root element; MalformedPush for what is no XML, too large, or brings a document type."""
    if len(data) > MOST_BYTES:
        raise MalformedPush("XML: too large")
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.refuse
    parser.EntityDeclHandler = builder.refuse
    parser.buffer_text = True
    try:
        parser.Parse(data.strip(b"\x00 \t\r\n"), True)
    except (expat.ExpatError, ValueError, LookupError, UnicodeError):  # an encoding that nobody knows is a LookupError
        raise MalformedPush("XML: not well-formed") from None
    if builder.root is None:
        raise MalformedPush("XML: no element")
    return builder.root


def escape(text: str) -> str:
    """Text as it may stand between two tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
