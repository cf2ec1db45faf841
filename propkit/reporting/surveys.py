"""The pieces of a report about its survey: what the answers say of all households, and what they cannot say.

Composes what the satisfaction and weighting rooms and `stats` give; findings are worded by `claims`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from propkit import stats
from propkit.domains import satisfaction, weighting
from propkit.model import Kpi
from propkit.reporting import claims, survey_claims, tables
from propkit.reporting.book import Book
from propkit.reporting.display import (
    Display,
    format_interval,
    format_rate,
    heads_of,
    hidden,
    join,
    sentence,
    state_words,
)
from propkit.reporting.lacking import absent, lacking, missing
from propkit.reporting.overview_items import OVERVIEWS
from propkit.reporting.waves import KPI, Wave, current, in_period, previous, weigh, weighted_figure
from propkit.text import Text, number

HALF = 0.5
"""Below this response rate the worst-case bounds are said in the text, not only shown in the table."""

_ITEM = "item_satisfied"
_CHANGE = next(one for one in OVERVIEWS if one.id == "satisfaction_change_pp")
_TERMS = {
    "scale": Text("量表", "Scale"),
    "satisfied_from": Text("「满意」的起点", "Satisfied from"),
    "mode": Text("调查方式", "Mode"),
}
_METHODS = {
    "post_stratified": Text("事后分层", "post-stratified"),
    "raked": Text("迭代比例加权", "raked"),
}
_WHY = {
    "unknown": Text("登记或答卷缺项过多", "not known for enough households"),
    "thin": Text("答复太少，无法分开", "too few answers to keep apart"),
}


def survey_truth(book: Book) -> Display:
    """Who was asked and who answered, and the satisfied share unweighted, of all households, weighted, and at worst."""
    wave = current(book)
    if wave is None and lacking(book, book.kpi(KPI)):
        return absent(book, book.kpi(KPI))
    if wave is None:
        return sentence(_no_wave(book), book.lang)
    if wave.pooled:
        return untold(book, book.kpi(KPI))
    parts = [_asked(book, wave)]
    if hidden(wave.figure):
        few = Text(
            f"有效回答不足 {book.min_n} 户，不公布满意率。",
            f"Fewer than {book.min_n} valid answers: no share is shown.",
        )
        return join([*parts, sentence(few, book.lang)])
    weighted = weigh(book, wave)
    parts += [_shares(book, wave, weighted)]
    said = [
        *_limits(book, wave),
        *_weights_said(book, wave, weighted),
        *_warned(book, wave, weighted),
        *_other(book, wave),
    ]
    return join([*parts, *(sentence(_stopped(text), book.lang) for text in said)])


def representativeness(book: Book) -> Display:
    """Those who answered against the register by category, with the differences, whatever the test says."""
    wave, homes = current(book), satisfaction.occupied(book.tables["household"])
    if wave is None:
        words = Text("没有答复可与住户登记比较。", "There are no answers to hold against the register.")
        return sentence(words, book.lang)
    found = _compared(book, wave, homes)
    if not found:
        words = Text(
            "没有可比的住户登记，无法说明答复者是否代表全体。",
            "There is no register to compare with: nothing can be said of whether those who answered represent all.",
        )
        return sentence(words, book.lang)
    rows = [row for by, result in found.items() for row in _category_rows(book, wave, homes, by, result)]
    heads = heads_of(
        book.lang, ("类别", "Category"), ("登记户数", "Register"), ("应有答复", "Expected"), ("实际答复", "Answered"),
        ("相差（百分点）", "Difference (points)"), ("标准化残差", "Std. residual"),
    )  # fmt: skip
    caption = Text("谁答复了：与住户登记相比", "Who answered, against the register")
    frame = pd.DataFrame(rows, columns=heads)
    table = tables.table(frame, caption=caption, lang=book.lang, numeric=heads[1:], sortable=False)
    labels = {by: book.segment_label(by) for by in found}
    tested = {by: float(result["p_value"]) for by, result in found.items()}
    said = [survey_claims.likeness(book.kpi(KPI), tested, labels, wave.nobs).text]
    if any("※" in row for row in rows):
        said.append(Text(
            f"※ 有的类别答复不足 {book.min_n} 户，整项不公布",
            f"※ some category has fewer than {book.min_n} answers: nothing of that kind is shown",
        ))  # fmt: skip
    return join([table, *(sentence(_stopped(words), book.lang) for words in said)])


def satisfaction_change(book: Book) -> Display:
    """This wave beside the one before; a difference only when item, scale and mode were the same."""
    kpi, now, before = book.kpi(KPI), current(book), previous(book)
    if now is None and lacking(book, _CHANGE):
        return missing(book, [_CHANGE])
    if now is None:
        words = Text("本期没有调查可与上次比较。", "There is no wave in this period to compare with the one before.")
        return sentence(words, book.lang)
    if before is None:
        words = Text("没有更早的调查可以比较。", "There is no earlier wave to compare with.")
        return sentence(words, book.lang)
    rows = [_wave_row(book, wave) for wave in (before, now)]
    heads = heads_of(
        book.lang, ("调查", "Wave"), ("方式", "Mode"), ("量表", "Scale"), ("有效回答", "Valid answers"),
        ("满意率", "Satisfied"), ("95% 区间", "95% interval"), ("加权", "Weighted"),
    )  # fmt: skip
    caption = Text("本次与上次调查", "This wave and the one before")
    frame = pd.DataFrame(rows, columns=heads)
    table = tables.table(frame, caption=caption, lang=book.lang, numeric=heads[3:], sortable=False, stacked=True)
    return join([table, sentence(_stopped(_change_said(kpi, before, now)), book.lang)])


def heard(book: Book, kpi_ids: Collection[str]) -> list[Text]:
    """Say, where a finding rests on the survey, how many answered and that nobody knows what the others think."""
    wave = current(book)
    about = [kpi_id for kpi_id in kpi_ids if book.kpi(kpi_id).table == "survey_response"]
    if wave is None or not about or not wave.nobs:
        return []
    asked = wave.invited if wave.invited and wave.invited >= wave.nobs else book.households
    if asked <= wave.nobs:
        return []
    share = stats.percent_text(wave.nobs, asked)
    invited = asked == wave.invited
    other = Text("受邀而未答的", "invited households") if invited else Text("其余", "households")
    return [
        Text(
            f"满意度只来自作答的 {wave.nobs:,} 户（{share}，{wave.modes.zh}）；{other.zh} {asked - wave.nobs:,} 户怎么看，不知道。",
            f"Satisfaction is told by {wave.nobs:,} households that answered ({share}; {wave.modes.en.lower()}); "
            f"what the other {asked - wave.nobs:,} {other.en} think is not known.",
        )
    ]


def untold(book: Book, kpi: Kpi) -> Display:
    """Say why there is nothing to show for a figure: answers on different scales, or no data in the period."""
    scales = satisfaction.scales(in_period(book), kpi.numerator) if kpi.table == "survey_response" else []
    if len(scales) < 2:
        return absent(book, kpi)
    zh, en = "、".join(scales), ", ".join(scales)
    words = Text(
        f"{kpi.label.zh}：本期的答案用了不同的量表（{zh}），不能合并，不给数字。",
        f"{kpi.label.en}: the answers of this period use different scales ({en}); they are never pooled: no figure.",
    )
    return sentence(words, book.lang)


def _no_wave(book: Book) -> Text:
    last = previous(book)
    zh = f"最近一次是{last.label.zh}。" if last else ""
    en = f" The last was {last.label.en}." if last else ""
    return Text(f"本期没有满意度调查的有效回答。{zh}", f"There are no valid survey answers in this period.{en}")


def _asked(book: Book, wave: Wave) -> Display:
    heads = heads_of(
        book.lang, ("总户数 N", "Households N"), ("受邀", "Invited"), ("答复", "Answered"), ("回收率", "Response rate"),
        ("总体题有效回答 n", "Valid overall answers n"), ("方式", "Mode"), ("量表", "Scale"),
    )  # fmt: skip
    counts = [book.households or None, wave.invited, wave.answered]
    rate_words = stats.percent_text(wave.answered, wave.invited) if wave.response is not None else "—"
    cells = [*("—" if count is None else number(count) for count in counts), rate_words, number(wave.nobs)]
    frame = pd.DataFrame([[*cells, wave.modes.get(book.lang), wave.scale.get(book.lang)]], columns=heads)
    caption = Text(f"{wave.label.zh}：问了谁，谁答了", f"{wave.label.en}: who was asked, who answered")
    return tables.table(frame, caption=caption, lang=book.lang, numeric=heads[:5], sortable=False, stacked=True)


def _shares(book: Book, wave: Wave, weighted: weighting.Weighted) -> Display:
    """The same share on each of its bases, side by side."""
    kpi = book.kpi(KPI)
    head = _either(book, "答复者（未加权）", "Those who answered (unweighted)")
    base = _either(book, f"95% 区间；n={wave.nobs:,}", f"95% interval; n={wave.nobs:,}")
    rows = [[head, *_cells(book, wave.figure), _note(book, str(wave.figure["state"]), base)]]
    if _inferable(book, wave):
        rows.append(_all_row(book, wave))
    if weighted.method != "none":
        rows.append(_weighted_row(book, weighted))
    if wave.nobs < book.households:
        rows.append(_worst_row(book, wave))
    heads = heads_of(book.lang, ("算法", "Basis"), ("满意率", "Satisfied"), ("范围", "Range"), ("说明", "Note"))
    caption = Text(f"{kpi.label.zh}：加权与未加权", f"{kpi.label.en}: weighted beside unweighted")
    frame = pd.DataFrame(rows, columns=heads)
    return tables.table(frame, caption=caption, lang=book.lang, numeric=heads[1:3], sortable=False, stacked=True)


def _inferable(book: Book, wave: Wave) -> bool:
    """Whether something can be said of all households: their number is known, and no more answered than there are."""
    return 0 < wave.nobs <= book.households


def _all_row(book: Book, wave: Wave) -> list[str]:
    found = stats.proportion_ci(wave.count, wave.nobs, population=book.households)
    head = _either(book, f"全部 {book.households:,} 户（有限总体）", f"All {book.households:,} households (finite)")
    if found["status"] == "census":
        note = _either(book, "全部住户都作了回答", "every household answered")
        return [head, _cells(book, wave.figure)[0], "—", note]
    note = _either(
        book, f"95% 区间；{found['low_count']:,.0f}–{found['high_count']:,.0f} 户满意",
        f"95% interval; {found['low_count']:,.0f}–{found['high_count']:,.0f} households satisfied",
    )  # fmt: skip
    return [head, *_cells(book, dict(wave.figure) | {"low": found["low"], "high": found["high"]}), note]


def _weighted_row(book: Book, weighted: weighting.Weighted) -> list[str]:
    row = weighted_figure(weighted)
    method = _METHODS[weighted.method]
    head = _either(book, f"加权到住户登记（{method.zh}）", f"Weighted to the register ({method.en})")
    price = _either(
        book, f"95% 区间；设计效应 {weighted.deff:.2f}，{weighted.n:,} 份相当于 {weighted.n_eff:,.0f} 份",
        f"95% interval; design effect {weighted.deff:.2f}; {weighted.n:,} answers are worth {weighted.n_eff:,.0f}",
    )  # fmt: skip
    return [head, *_cells(book, row), _note(book, str(row["state"]), price)]


def _worst_row(book: Book, wave: Wave) -> list[str]:
    found = stats.nonresponse_bounds(wave.count, wave.nobs, book.households)
    limits = {"value": found["low"], "low": found["low"], "high": found["high"], "n": wave.nobs, "state": "ok"}
    silent = book.households - wave.nobs
    head = _either(book, "最坏与最好情形", "Worst and best case")
    note = _either(
        book,
        f"界限，不含抽样误差；{silent:,} 户未答复：全不满意，或全满意",
        f"bounds, no sampling error; {silent:,} silent: none, or all, satisfied",
    )
    return [head, "—", format_interval(limits, book.kpi(KPI), book.lang), note]


def _limits(book: Book, wave: Wave) -> list[Text]:
    """What the answers say of all households, and the bounds in the text where fewer than half answered."""
    kpi, homes = book.kpi(KPI), book.households
    if not _inferable(book, wave):
        known = Text(f"有 {homes:,} 户", f"{homes:,} households") if homes else Text("总户数未知", "households unknown")
        why = Text(
            f"不能推断全体住户：{known.zh}，有效回答 {wave.nobs:,} 份（可能有重复，或登记不全）",
            f"Nothing is said of all households: {known.en}, {wave.nobs:,} valid answers "
            "(repeats, or an incomplete register)",
        )
        return [why]
    said = [survey_claims.of_all(kpi, wave.count, wave.nobs, homes).text]
    asked = wave.invited if wave.invited and wave.invited >= wave.nobs else None
    if wave.nobs / (asked or homes) < HALF:
        said.append(survey_claims.nonresponse(kpi, wave.count, wave.nobs, homes, asked).text)
    return said


def _weights_said(book: Book, wave: Wave, weighted: weighting.Weighted) -> list[Text]:
    """How the weights were made, what was merged, and what was left out."""
    if weighted.method == "none":
        return [_unweighted_said(book, wave, weighted)]
    labels = [book.segment_label(by) for by in weighted.cells]
    method = _METHODS[weighted.method]
    zh = f"加权：按{'、'.join(label.zh for label in labels)}（{method.zh}）"
    en = f"Weights: {', '.join(label.en.lower() for label in labels)} ({method.en})"
    for by, cell in weighted.merged:
        words = [book.words(by).get(category, Text(category, category)) for category in cell]
        zh += f"；{'、'.join(word.zh for word in words)}合并"
        en += f"; {' + '.join(word.en for word in words)} merged"
    left = _left_out(book, weighted)
    return [Text(zh + left.zh, en + left.en)]


def _unweighted_said(book: Book, wave: Wave, weighted: weighting.Weighted) -> Text:
    if book.tables["household"].empty:
        return Text("未加权：没有住户登记", "Not weighted: there is no household register")
    if wave.nobs == book.households:
        return Text(
            "未加权：全部住户都作了回答，不需要加权", "Not weighted: every household answered, no weights are needed"
        )
    left = _left_out(book, weighted)
    return Text(f"未加权{left.zh}", f"Not weighted{left.en}")


def _left_out(book: Book, weighted: weighting.Weighted) -> Text:
    labels = {by: book.segment_label(by) for by in weighted.dropped}
    zh = "".join(f"；未用{labels[by].zh}：{_WHY[why].zh}" for by, why in weighted.dropped.items())
    en = "".join(f"; {labels[by].en.lower()} not used: {_WHY[why].en}" for by, why in weighted.dropped.items())
    return Text(zh, en)


def _warned(book: Book, wave: Wave, weighted: weighting.Weighted) -> list[Text]:
    if weighted.method == "none":
        return []
    names = ("estimate", "low", "high", "n", "deff", "n_eff")
    figures = {name: getattr(weighted, name) for name in names}
    plain = wave.count / wave.nobs
    return [claim.text for claim in survey_claims.weighting(book.kpi(KPI), figures, plain, weighted.caution)]


def _other(book: Book, wave: Wave) -> list[Text]:
    """Other waves of the period, and items whose answers use more than one scale."""
    rows, said = in_period(book), list[Text]()
    count = len(satisfaction.told(rows))
    if count > 1:
        said.append(
            Text(
                f"本期有 {count} 次调查，以上是最后一次（{wave.label.zh}）",
                f"The period has {count} waves; this is the last ({wave.label.en})",
            )
        )
    mixed = [i for i in sorted(set(rows["item"])) if len(satisfaction.scales(rows[rows["item"] == i], _ITEM)) > 1]
    if mixed:
        words = [book.words("item").get(item, Text(item, item)) for item in mixed]
        zh, en = "、".join(word.zh for word in words), ", ".join(word.en for word in words)
        said.append(Text(f"量表不一致，不给数字：{zh}", f"Different scales, never pooled, no figure: {en}"))
    return said


def _compared(book: Book, wave: Wave, homes: pd.DataFrame) -> dict[str, dict[str, object]]:
    """The test of every dimension that the register has in more than one category and some answer has too."""
    found = {}
    for by in satisfaction.DIMENSIONS:
        known = weighting.margin(homes, by)
        seen = {name: count for name, count in weighting.margin(wave.answers, by).items() if name in known}
        if len(known) > 1 and seen:
            found[by] = stats.representativeness(seen, known)
    return found


def _category_rows(
    book: Book, wave: Wave, homes: pd.DataFrame, by: str, result: Mapping[str, object]
) -> list[list[str]]:
    """One line for each category; owners see none of a dimension in which a category has too few answers."""
    known, seen = weighting.margin(homes, by), weighting.margin(wave.answers, by)
    order = [name for name in book.order(by, pd.Series(list(known))) if name in known]
    few = book.edition == "owner" and min(seen.get(name, 0) for name in order) < book.min_n
    label, words = book.segment_label(by).get(book.lang), book.words(by)
    rows = []
    for name in order:
        told = [number(result["expected"][name], 1), number(seen.get(name, 0)),
                _signed(result["difference"][name]), _signed(result["std_residual"][name])]  # fmt: skip
        head = f"{label} · {words.get(name, Text(name, name)).get(book.lang)}"
        rows.append([head, number(known[name]), *(["※"] * 4 if few else told)])
    return rows


def _wave_row(book: Book, wave: Wave) -> list[str]:
    figure, interval = ("—", "—") if wave.pooled else _cells(book, wave.figure)
    bare = wave.pooled or hidden(wave.figure)
    weighted = weighting.Weighted() if bare else weigh(book, wave)
    weighed = "—" if weighted.method == "none" else _cells(book, weighted_figure(weighted))[0]
    terms = [wave.modes.get(book.lang), wave.scale.get(book.lang)]
    return [wave.label.get(book.lang), *terms, number(wave.nobs), figure, interval, weighed]


def _change_said(kpi: Kpi, before: Wave, now: Wave) -> Text:
    """The difference where the terms are the same and both figures are settled; otherwise why there is none."""
    broken = [(_TERMS[name], *_terms(name, before, now)) for name in satisfaction.breaks(before.answers, now.answers)]
    refused = survey_claims.comparable(kpi, broken, before.label, now.nobs)
    if refused is not None:
        return refused.text
    then, since = (pd.DataFrame([wave.figure]).set_index("kpi") for wave in (before, now))
    found = claims.changes([kpi], then, since, before.label)
    if not found:
        return Text(
            f"{kpi.label.zh}：回答不足或尚未定案，不作比较",
            f"{kpi.label.en}: too few answers, or not settled yet: no comparison",
        )
    return claims.in_full(kpi, since.reset_index().iloc[0], found[0]).text


def _terms(name: str, before: Wave, now: Wave) -> tuple[Text, Text]:
    word = "modes" if name == "mode" else name
    return getattr(before, word), getattr(now, word)


def _note(book: Book, state: str, words: str) -> str:
    mark = state_words(state, book.lang)
    return f"{words}（{mark}）" if mark and book.lang == "zh" else f"{words} ({mark})" if mark else words


def _cells(book: Book, figure: Mapping[str, object]) -> list[str]:
    kpi = book.kpi(KPI)
    return [format_rate(figure, kpi, book.lang), format_interval(figure, kpi, book.lang) or "—"]


def _signed(value: float) -> str:
    return "—" if pd.isna(value) else f"{value:+.1f}".replace("-", "−")


def _stopped(words: Text) -> Text:
    return Text(words.zh.rstrip("。") + "。", words.en.rstrip(".") + ".")


def _either(book: Book, zh: str, en: str) -> str:
    return Text(zh, en).get(book.lang)
