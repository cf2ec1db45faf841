"""What people wrote, beside the figure that it explains; and, for the team, what nobody has written yet.

Text is escaped as all Markdown is, numbers that name a person are masked, and owners see what was released to them alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from propkit.intake.personal import mask
from propkit.reporting import notes as written
from propkit.reporting import photos
from propkit.reporting.book import Book
from propkit.reporting.display import Display, esc, join, sentence
from propkit.reporting.notes import Item, Section
from propkit.text import Text

NOTHING = Display("", "", "")
_TAG = re.compile(r"<[^<>]*>")
_TEAM_ONLY = Text("仅内部", "team only")


def note(book: Book, item_id: str) -> Display:
    """Return what a person wrote about an item; for the team a quiet line where an item wants words and has none."""
    one = written.item(item_id)
    sections = book.notes.of(item_id, book.edition)
    if sections:
        return _told(book, one.label, sections, item_id)
    if book.edition == "owner" or not written.wants(one):
        return NOTHING
    words = Text(f"缺少说明：{one.label.zh}", f"No note yet: {one.label.en}").get(book.lang)
    html = f'<p class="pk-none" id="note-{esc(item_id)}">{esc(words)}</p>'
    return Display(html, html, words)


def notes(book: Book, item_ids: Sequence[str]) -> Display:
    """Return what people wrote about several items, in this order."""
    return join(shown for shown in (note(book, item_id) for item_id in item_ids) if shown.html)


def other_notes(book: Book) -> Display:
    """Return what was written under headings that name no item."""
    sections = book.notes.other(book.edition)
    return _told(book, written.OTHER, sections, "other") if sections else NOTHING


def missing_notes(book: Book, item_ids: Sequence[str]) -> Display:
    """Tell the team which items still want a note, and what is amiss in the notes file; owners are told nothing."""
    if book.edition == "owner":
        return NOTHING
    known = [written.item(item_id) for item_id in item_ids]
    missing = [one for one in known if written.wants(one) and not book.notes.of(one.id, book.edition)]
    problems = [mask(_problem(problem.line, problem.text, book.lang)) for problem in book.notes.problems]
    if not missing and not problems:
        return sentence(Text("说明齐全。", "No note is missing."), book.lang)
    parts = [_gaps(book, missing)] if missing else []
    if problems:
        head = Text(f"{book.notes.path} 里要看一眼：", f"To look at in {book.notes.path}:").get(book.lang)
        listed = "".join(f"<li>{esc(words)}</li>" for words in problems)
        html = f"<p>{esc(head)}</p><ul>{listed}</ul>"
        parts.append(Display(html, html, head + " " + "; ".join(problems)))
    return join(parts)


def _gaps(book: Book, missing: Sequence[Item]) -> Display:
    file = written.path_of(book.workspace, book.community, book.period.id).relative_to(book.workspace.root).as_posix()
    labels = [one.label.get(book.lang) for one in missing]
    links = [f'<a href="#note-{esc(one.id)}">{esc(label)}</a>' for one, label in zip(missing, labels, strict=True)]
    comma = "、" if book.lang == "zh" else ", "
    head = Text(
        f"还缺 {len(missing)} 项说明（写在 {file}）：", f"{len(missing)} notes are missing (they go into {file}): "
    )
    start = head.get(book.lang)
    html = f"<p>{esc(start)}{comma.join(links)}</p>"
    plain = f"<p>{esc(start + comma.join(labels))}</p>"
    return Display(html, plain, start + comma.join(labels))


def _problem(line: int, text: Text, lang: str) -> str:
    return Text(f"第 {line} 行：{text.zh}", f"line {line}: {text.en}").get(lang)


def _told(book: Book, label: Text, sections: Sequence[Section], place: str) -> Display:
    """The box of a note: its item, what was written, and by whom and when."""
    head = esc(Text(f"说明：{label.zh}", f"Note: {label.en}").get(book.lang))
    body = "".join(_section(book, section) for section in sections)
    by = _signature(book)
    signed = f'<p class="by">{esc(by)}</p>' if by else ""
    html = f'<div class="pk-note" id="note-{esc(place)}" dir="auto"><p class="k">{head}</p>{body}{signed}</div>'
    said = " ".join(_TAG.sub(" ", body).split())
    return Display(html, html, f"{label.get(book.lang)}: {said}")


def _section(book: Book, section: Section) -> str:
    named = f"<h3>{esc(mask(section.heading))}</h3>" if section.heading and not section.item else ""
    chip = f'<p class="k"><span class="chip state">{_TEAM_ONLY.get(book.lang)}</span></p>' if section.internal else ""
    parts = [
        part
        for text, images, first in _blocks(section.body)
        for part in (markdown(text), _pictures(book, images, section.line, first))
    ]
    return named + chip + "".join(parts)


def _signature(book: Book) -> str:
    """Who wrote it and when; owners are told when, but not the name of a member of staff."""
    author = book.notes.author if book.edition == "internal" else ""
    comma = "，" if book.lang == "zh" else ", "
    return mask(comma.join(part for part in (author, book.notes.date) if part))


def markdown(text: str) -> str:
    """Return what a person wrote as safe HTML with telephone and identity numbers masked."""
    from propkit.reporting import page

    # Masked when it is rendered: the asterisks of a mask are marks of emphasis before.
    return mask(page.markdown(text)) if text.strip() else ""


def _blocks(body: str) -> Iterator[tuple[str, list[photos.Image], int]]:
    """Cut a text where pictures stand: the words up to the end of their paragraph, then the pictures and their place."""
    text, images, first = [], [], 0
    for words, found in _paragraphs(body):
        if words.strip() and images:
            yield "\n".join(text), images, first
            text, images, first = [], [], first + len(images)
        text += [words, ""] if words.strip() else []
        images = [*images, *found]
    yield "\n".join(text), images, first


def _paragraphs(body: str) -> Iterator[tuple[str, list[photos.Image]]]:
    """Every stretch between blank lines without its pictures, and the pictures; a block of code stays whole."""
    lines, words, images = body.split("\n"), [], []
    for line, fenced in zip(lines, photos.fences(lines), strict=True):
        plain, found = (line, []) if fenced else photos.split(line)
        images += found
        if plain.strip() or fenced:
            words.append(plain)
        elif not found:
            yield "\n".join(words), images
            words, images = [], []
    yield "\n".join(words), images


def _pictures(book: Book, images: Sequence[photos.Image], line: int, first: int) -> str:
    """Pictures in their order, two side by side where they show before and after."""
    shown = [_picture(book, image, (line, first + at)) for at, image in enumerate(images)]
    parts = []
    for places in photos.pairs(image.caption for image in images):
        both = "".join(shown[at] for at in places)
        paired = len(places) == 2 and both.count("<figure") == 2
        parts.append(f'<div class="pk-pair">{both}</div>' if paired else both)
    return "".join(parts)


def _picture(book: Book, image: photos.Image, place: tuple[int, int]) -> str:
    """One picture with its caption, or a line that names it where it cannot or must not be shown."""
    try:
        photo = book.photos.get(place) or photos.take(book.workspace.root, image.path)
    except photos.Unusable as error:
        return _left_out(book, image, error.text) if book.edition == "internal" else ""
    others = [other for at, other in book.photos.items() if at != place]
    if len(others) >= photos.MOST or _weight(others) + len(photo.content) > photos.MOST_BYTES:
        return _left_out(book, image, Text("一份报告的照片已满", "the report is full of photos"))
    book.photos[place] = photo
    caption = esc(mask(image.caption))
    alt = caption or Text("照片", "Photo").get(book.lang)
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    size = f'width="{photo.width}" height="{photo.height}"'
    return f'<figure class="pk-photo"><img src="{photo.uri}" alt="{alt}" {size}>{below}</figure>'


def _weight(shown: Iterable[photos.Photo]) -> int:
    return sum(len(photo.content) for photo in shown)


def _left_out(book: Book, image: photos.Image, why: Text) -> str:
    """The name of a picture that is not shown; owners see its caption, the team its file too."""
    named = image.caption if book.edition == "owner" else " ".join(filter(None, (image.caption, image.path)))
    words = Text(f"照片未放入：{named}（{why.zh}）", f"Photo left out: {named} ({why.en})").get(book.lang)
    return f'<p class="pk-none">{esc(mask(words))}</p>' if named else ""
