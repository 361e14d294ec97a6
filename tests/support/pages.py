"""A page taken apart by the standard library's parser, which fails where its tags don't pair."""

from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Element:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.parts = []

    def all(self, tag=None, **wanted):
        """Return the elements inside, in order: of a tag, with these attributes."""
        found = []
        for part in self.parts:
            if isinstance(part, Element):
                fits = tag in (None, part.tag)
                if fits and all(part.attributes.get(name) == is_ for name, is_ in wanted.items()):
                    found.append(part)
                found += part.all(tag, **wanted)
        return found

    def one(self, tag=None, **wanted):
        (found,) = self.all(tag, **wanted)
        return found

    @property
    def text(self):
        """The words inside, with single blanks."""
        return " ".join(self.raw.split())

    @property
    def raw(self):
        return "".join(part if isinstance(part, str) else part.raw for part in self.parts)


class _Parser(HTMLParser):
    def __init__(self):
        super().__init__()
        self.here = self.root = Element("", {}, None)

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(set(names)) == len(names), f"<{tag}> has an attribute twice"
        element = Element(tag, dict(attributes), self.here)
        self.here.parts.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag, attributes):
        self.here.parts.append(Element(tag, dict(attributes), self.here))

    def handle_endtag(self, tag):
        assert tag == self.here.tag, f"</{tag}> closes <{self.here.tag}>"
        self.here = self.here.parent

    def handle_data(self, data):
        self.here.parts.append(data)


def parsed(page):
    """Return the root of a page."""
    parser = _Parser()
    parser.feed(page)
    parser.close()
    assert parser.here is parser.root, f"<{parser.here.tag}> is never closed"
    return parser.root


def rows(table):
    """Return the cells of a table's body as text."""
    (body,) = table.all("tbody")
    return [
        [cell.text for cell in row.parts if isinstance(cell, Element)] for row in body.all("tr")
    ]


def table(page, caption):
    """Return the table whose caption begins so."""
    (found,) = [
        each
        for each in page.all("table")
        if any(c.text.startswith(caption) for c in each.all("caption"))
    ]
    return found
