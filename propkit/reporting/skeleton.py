"""The empty notes file of a community and period: a heading for each item that wants words, and what the figures suggest.

Suggestions stand in comments, which never reach a page: a person chooses, words and explains.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from propkit import domains
from propkit.figures import largest
from propkit.model import Kpi
from propkit.reporting import claims, notes, sections
from propkit.reporting.book import Book
from propkit.reporting.display import format_interval, format_n, format_rate, state_words
from propkit.reporting.findings import findings
from propkit.reporting.notes import Item
from propkit.text import Text

OPENING = (
    "report_purpose", "service_day_targets", "rectification_background", "key_task_review", "highlights",
    "innovation_energy_safety_highlights", "best_practice",
)  # fmt: skip
CLOSING = (
    "issue_list", "problem_inventory", "problem_catalogue", "pain_points", "challenges", "resistance_and_response",
    "root_cause", "case_study", "residents_voice", "improvement_measures", "measure_mapping",
    "next_period_quality_measures", "next_period_activity_and_team_plan", "next_period_plan", "smart_goals",
    "annual_goals", "key_projects", "team_goal", "tech_plan", "lessons_learned", "photos",
)  # fmt: skip
"""Items that a reader meets before and after the figures, in that order; all others stand by their service."""
GROUPS = (Text("概述与亮点", "Overview and highlights"), Text("问题、措施与计划", "Problems, measures and plans"))
ROOMS: dict[str, Text] = {
    "community": Text("小区概况", "The community"),
    "repairs": Text("报修", "Repairs"),
    "complaints": Text("投诉", "Complaints"),
    "satisfaction": Text("满意度", "Satisfaction"),
    "fees": Text("收费", "Fees"),
    "finance": Text("收支与公共收益", "Income, costs and public revenue"),
    "facilities": Text("设施设备", "Facilities"),
    "environment": Text("保洁与绿化", "Cleaning and greening"),
    "security": Text("秩序与安全", "Order and security"),
    "parking": Text("停车", "Parking"),
    "engagement": Text("社区活动与沟通", "Activities and communication"),
    "people": Text("人员", "Staff"),
    "service_days": Text("服务日", "Service days"),
    "improvement": Text("改进", "Improvement"),
}
CAUSES = ("complaint_type_distribution", "fault_type_pareto")
"""Counts by kind whose largest kinds are worth asking why."""
_TOP = 3
_HEADS = {
    "highlights": Text("亮点候选", "Candidates for highlights"),
    "issue_list": Text("问题候选", "Candidates for problems"),
    "root_cause": Text("根因追问", "Questions about causes"),
}
_HELP = Text(
    "写法：在标题下写说明；像这样的注释不会出现在报告里。标题加（内部）则业主版不显示。\n"
    "照片：![整改前 东门](photos/东门1.jpg)，文件放在工作区的 photos/。",
    "Write beneath the headings; comments like this never reach a report. Add (internal) to a heading to keep it from "
    "owners.\nPhotos: ![before: east gate](photos/gate1.jpg), with the file under photos/ of the workspace.",
)


def wanted(rooms: Collection[str] = ()) -> list[tuple[Text, list[Item]]]:
    """Return the items that want a person's words in the order of a report, grouped; of `rooms` alone where given."""
    by_room = {room: [one for one in items if notes.wants(one)] for room, items in _rooms().items()}
    known = {one.id: one for room, items in by_room.items() if not rooms or room in rooms for one in items}
    apart = {*OPENING, *CLOSING}
    services = [
        (ROOMS.get(room, Text(room, room)), [one for one in items if one.id in known and one.id not in apart])
        for room, items in by_room.items()
    ]
    opening, closing = ([known[name] for name in names if name in known] for names in (OPENING, CLOSING))
    groups = [(GROUPS[0], opening), *services, (GROUPS[1], closing)]
    return [(label, items) for label, items in groups if items]


def skeleton(name: str, period: str, lang: str, *, book: Book | None = None, rooms: Collection[str] = ()) -> str:
    """Return the text of a new notes file; without a book (no data yet) it suggests nothing."""
    groups = wanted(rooms)
    hints = _candidates(book, rooms) if book else {}
    placed = {one.id for _, items in groups for one in items}
    loose = [_comment(_listed(_HEADS[key], lines, lang)) for key, lines in hints.items() if lines and key not in placed]
    parts = [_head(lang), f"# {name} {period}", _comment(_HELP.get(lang)), *loose]
    for label, items in groups:
        parts.append(_comment(f"==== {label.get(lang)} ===="))
        for one in items:
            parts.append(f"## {one.label.get(lang)}" + (f"（{one.id}）" if lang == "zh" else f" ({one.id})"))
            parts += [_comment(told) for told in _told(one, book, hints, lang)]
    return "\n\n".join(parts) + "\n"


def _head(lang: str) -> str:
    consent = Text("yes：业主版也显示这些说明", "yes: owners see these notes too").get(lang)
    return f"---\nauthor:\ndate:\nconsent: no   # {consent}\n---"


def _rooms() -> dict[str, list[Item]]:
    return {
        room.__name__.rpartition(".")[2]: [*room.KPIS, *room.DURATIONS, *room.READINGS, *room.NOTES]
        for room in domains.ROOMS
    }


def _candidates(book: Book, rooms: Collection[str]) -> dict[str, list[str]]:
    """What the figures suggest, by the item under which it belongs."""
    kpis = [one for room, items in _rooms().items() if not rooms or room in rooms for one in items if _judged(one)]
    asked = {kpi.id for kpi in kpis}
    found = [claim for claim in findings(book).said(book.key) if claim.kpi in asked]
    said = {good: [_sentence(book, claim) for claim in found if claim.good is good] for good in (True, False)}
    why = [line for kpi in kpis if kpi.id in CAUSES for line in _questions(book, kpi)]
    return {"highlights": said[True], "issue_list": said[False], "root_cause": why}


def _judged(one: Item) -> bool:
    return isinstance(one, Kpi) and (one.better is not None or one.id in CAUSES)


def _sentence(book: Book, claim: claims.Claim) -> str:
    return sections.in_full(book, claim).text.get(book.lang)


def _questions(book: Book, kpi: Kpi) -> Iterator[str]:
    """Ask why of the most frequent kinds: no test can answer that."""
    if not book.splits(kpi.id, kpi.by):
        return
    rates = largest(book.rates([kpi.id], by=kpi.by), _TOP)
    total = int(book.figure(kpi.id)["num"])
    named = rates[~rates["segment"].isin(["other", "unknown"])].head(_TOP)
    for label, count in zip(book.labels(kpi.by, named["segment"]), named["num"], strict=True):
        share = f"{int(count)}/{total}"
        zh = f"{kpi.label.zh}：「{label}」{share}，为什么？五问到底，写明责任环节"
        yield Text(zh, f"{kpi.label.en}: '{label}' {share} - why? Ask five times").get(book.lang)


def _told(one: Item, book: Book | None, hints: dict[str, list[str]], lang: str) -> Iterator[str]:
    """What a person may want to see while writing about an item: its figure, and the suggestions that belong to it."""
    if book is not None and isinstance(one, Kpi):
        yield _figure(book, one.id)
    if hints.get(one.id):
        yield _listed(_HEADS[one.id], hints[one.id], lang)


def _figure(book: Book, kpi_id: str) -> str:
    kpi, row = book.kpi(kpi_id), book.figure(kpi_id)
    parts = (format_rate(row, kpi, book.lang), format_interval(row, kpi, book.lang), format_n(row, book.lang))
    told = [*parts, state_words(str(row["state"]), book.lang)]
    return Text("本期：", "this period: ").get(book.lang) + " ".join(part for part in told if part)


def _listed(head: Text, lines: Iterable[str], lang: str) -> str:
    return "\n".join([head.get(lang) + ("：" if lang == "zh" else ":"), *(f"- {line}" for line in lines)])


def _comment(words: str) -> str:
    """A comment that nothing inside it can end."""
    return f"<!-- {words.replace('--', '—').replace('>', '＞')} -->"
