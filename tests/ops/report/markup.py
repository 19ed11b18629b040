"""A page taken apart: its elements with their attributes, and the text inside of them."""

from html.parser import HTMLParser

import attrs

VOID = {"meta", "br", "link", "img", "input", "hr"}


@attrs.define
class Element:
    """One element, the tags of those around it, and all text in it, that of its children too."""

    tag: str
    attributes: dict[str, str]
    inside: tuple[str, ...]
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        element = self._element(tag, attributes)
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append(self._element(tag, attributes))

    def _element(self, tag: str, attributes: list[tuple[str, str | None]]) -> Element:
        inside = tuple(element.tag for element in self.open)
        return Element(tag, {name: value or "" for name, value in attributes}, inside)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1].tag != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


def elements_of(html: str) -> list[Element]:
    """Every element of a page in which each one is closed where it should be."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.faults, reader.faults[:5]
    assert not reader.open, [element.tag for element in reader.open]
    return reader.elements


def tagged(html: str, *tags: str) -> list[Element]:
    """The elements with one of these tags."""
    return [element for element in elements_of(html) if element.tag in tags]
