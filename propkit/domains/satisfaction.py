"""Satisfaction surveys: waves, answers, the columns derived from them, and the KPIs of perception."""

from __future__ import annotations

import pandas as pd

from propkit.domains import community
from propkit.domains.knowledge import only
from propkit.model import Column, Cut, Derived, Kpi, Segment, Table
from propkit.text import Text

MODES = {
    "online": Text("线上问卷", "Online"),
    "phone": Text("电话", "Phone"),
    "door": Text("入户", "Door to door"),
    "paper": Text("纸质", "Paper"),
    "mixed": Text("混合", "Mixed"),
}

# One line for each fact, as in a table.
# fmt: off
RESPONSE = Table(
    name="survey_response",
    label=Text("满意度问卷答案", "Survey answers"),
    columns={
        "response_id": Column("id", label=Text("答卷编号", "Response id"), required=True,
                              headers=("序号", "答卷编号", "response_id")),
        "survey_id": Column("id", label=Text("问卷批次", "Survey wave"), required=True,
                            headers=("问卷批次", "survey_id")),
        "item": Column("id", label=Text("题目", "Item"), required=True, headers=("问卷题目", "题目", "item")),
        "submitted_at": Column("instant", label=Text("提交时间", "Submitted"), required=True,
                               headers=("提交答卷时间", "提交时间", "时间", "submitted_at")),
        "mode": Column("choice", label=Text("调查方式", "Mode"), choices=MODES, headers=("调查方式", "mode")),
        "household": Column("place", label=Text("房号", "Unit"), headers=("房号", "household")),
        "score": Column("score", label=Text("得分", "Score"), headers=("答案", "评分", "score")),
        "scale_low": Column("whole", label=Text("量表下限", "Scale low")),
        "scale_high": Column("whole", label=Text("量表上限", "Scale high")),
        "satisfied_from": Column("whole", label=Text("满意起点", "Satisfied from")),
        "seconds_used": Column("whole", label=Text("所用秒数", "Seconds used"), low=0, high=86400,
                               headers=("所用时间", "seconds_used")),
        "owner_type": Column("choice", label=Text("住户类型", "Household type"), choices=community.OWNER_TYPES,
                             headers=("住户类型", "owner_type")),
        "age_band": Column("choice", label=Text("年龄段", "Age band"), choices=community.AGE_BANDS,
                           headers=("年龄段", "age_band")),
        "residence": Column("choice", label=Text("入住年限", "Length of residence"), choices=community.RESIDENCE,
                            headers=("入住年限", "residence")),
        "zone": Column("text", label=Text("区域", "Zone"), headers=("区域", "zone")),
        "comment": Column("text", label=Text("意见和建议", "Comment"),
                          headers=("意见和建议", "意见或建议", "意见建议", "comment")),
    },
    key=("community", "survey_id", "response_id", "item"),
    identity=("household",),
    dated_by="submitted_at",
)
"""One row for each answer: `score` in points as given with 5 (or the scale's top) the best, NA for "don't know" and blanks."""

TABLES = (RESPONSE,)

OVERALL = "overall"
"""The item id of the question about the service as a whole."""
DIMENSIONS = ("owner_type", "age_band", "zone")
"""What the register knows of every household and a survey can be held against."""

_WAVE_ON = {"wave_on": Text("调查批次所属月份", "Month of the survey wave")}
DERIVED = (
    Derived("survey_response", columns=_WAVE_ON),
    Derived("survey_wave", of=("survey_response",), columns=_WAVE_ON),
)

SEGMENTS = (
    Segment("item", Text("服务项目", "Item")),
    Segment("mode", Text("调查方式", "Mode"), MODES),
)

_VALID = Text("对该题作了有效回答的住户（不了解、不适用、未答不计入）",
              "households with a valid answer (don't know, not applicable and blank are outside the base)")
_TOP2 = Text("回答「满意」或「非常满意」的住户；「一般」不算满意",
             "households that answered satisfied or very satisfied; neutral is not satisfied")
_ONE_EACH = Text("每户每题一份，重复提交取最后一次；不同量表绝不合并。",
                 "One answer for each household and item, the last one sent; different scales are never pooled.")
_WHO = Text("总体满意度一题；答卷自填的年龄段、区域为准，没有填的取业主档案；人数少的组不给数值，组间差异须作检验。",
            "The overall question; age band and zone as the answer says, else as the register does; small groups have no value, and differences are tested before they are told.")

KPIS = (
    Kpi(
        id="owner_satisfaction",
        label=Text("业主满意率", "Owner satisfaction"),
        top=_TOP2, bottom=_VALID,
        table="survey_response", numerator="overall_satisfied", better="up", dated_by="wave_on", opinion=True,
        source="S0:40; RSH TP01", note=_ONE_EACH,
    ),
    Kpi(
        id="owner_satisfaction_index",
        label=Text("满意度指数", "Satisfaction index"),
        top=Text("得分高出量表下限的部分之和", "points above the low end of the scale"),
        bottom=Text("量表全长之和", "the length of the scale"),
        table="survey_response", numerator="overall_points", denominator="overall_range", kind="mean",
        unit=Text("分", "points"), scale=100, better="up", dated_by="wave_on", opinion=True, source="S0:40", note=_ONE_EACH,
    ),
    Kpi(
        id="satisfaction_by_item",
        label=Text("分项满意率", "Satisfaction by item"),
        top=_TOP2, bottom=_VALID,
        table="survey_response", numerator="item_satisfied", better="up", dated_by="wave_on", opinion=True, by="item",
        split_only=True, source="S0:62; S1:20",
        note=Text("每户每题一份，重复提交取最后一次；不同量表绝不合并；只分项目给出，各项目合在一起会重复计同一户，不给数值。",
                  "One answer for each household and item, the last one sent; different scales are never pooled; told by item only: "
                  "all items together would count a household several times."),
    ),
    Kpi(
        id="satisfaction_by_age",
        label=Text("分年龄满意率", "Satisfaction by age"),
        top=_TOP2, bottom=_VALID,
        table="survey_response", numerator="overall_satisfied", better="up", dated_by="wave_on", opinion=True, by="age_band",
        source="S0:62", note=_WHO,
    ),
    Kpi(
        id="satisfaction_by_area",
        label=Text("分区域满意率", "Satisfaction by area"),
        top=_TOP2, bottom=_VALID,
        table="survey_response", numerator="overall_satisfied", better="up", dated_by="wave_on", opinion=True, by="zone",
        source="S0:62", note=_WHO,
    ),
    Kpi(
        id="dissatisfied_rate",
        label=Text("不满意率", "Dissatisfied"),
        top=Text("回答「不满意」或「非常不满意」的住户", "households that answered dissatisfied or very dissatisfied"),
        bottom=_VALID,
        table="survey_response", numerator="overall_dissatisfied", better="down", dated_by="wave_on", opinion=True,
        source="RSH TP01", note=_ONE_EACH,
    ),
    Kpi(
        id="not_dissatisfied_rate",
        label=Text("未表示不满意率", "Not dissatisfied"),
        top=Text("没有回答「不满意」或「非常不满意」的住户（含「一般」）",
                 "households that did not answer dissatisfied (neutral included)"),
        bottom=_VALID,
        table="survey_response", numerator="overall_not_dissatisfied", better="up", dated_by="wave_on", opinion=True,
        source="各项满意率（1−不满意）", note=Text("不得称为满意率。", "Never to be called satisfaction."),
    ),
    Kpi(
        id="survey_response_rate",
        label=Text("问卷回收率", "Response rate"),
        top=Text("交回有效问卷的住户", "households with a valid answer"),
        bottom=Text("受邀住户", "households invited"),
        table="survey_wave", numerator="answered", denominator="invited", better="up", dated_by="wave_on", source="S0:62",
    ),
)
DURATIONS = ()
READINGS = ()
NOTES = ()
# fmt: on


def derive(rows: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """Add the columns that the KPIs name to answers as known at `cut.as_of`.

    `counted` is the last answer of its household to the item in the wave.  `wave_on` is the first day of the wave's declared
    month, or the day of the answer where the wave is not declared.
    """
    months = {wave.id: pd.Timestamp(f"{wave.month}-01") for wave in cut.waves}
    who = rows["household"].fillna("response:" + rows["response_id"])
    order = rows.assign(who=who).sort_values(["submitted_at", "response_id"])
    repeated = order.duplicated(["community", "survey_id", "item", "who"], keep="last").reindex(rows.index)
    scored = ~repeated & rows["score"].notna()
    overall = scored & (rows["item"] == OVERALL)
    satisfied = rows["score"] >= rows["satisfied_from"]
    dissatisfied = rows["score"] <= rows["scale_low"] + rows["scale_high"] - rows["satisfied_from"]
    return rows.assign(
        counted=~repeated,
        wave_on=rows["survey_id"].map(months).astype("datetime64[s]").fillna(rows["submitted_at"]),
        scale=rows["scale_low"].astype("str") + "-" + rows["scale_high"].astype("str"),
        overall_satisfied=only(satisfied, overall),
        overall_dissatisfied=only(dissatisfied, overall),
        overall_not_dissatisfied=only(~dissatisfied, overall),
        overall_points=(rows["score"] - rows["scale_low"]).where(overall),
        overall_range=(rows["scale_high"] - rows["scale_low"]).where(overall),
        item_satisfied=only(satisfied, scored),
    )


def waves(rows: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """Return one row for each declared wave and community: invited and answered households.

    `rows` are derived answers.  A household answered when it gave a valid answer to any item.  `answered` is missing where
    more answered than were invited: the base is then not what the settings say.
    """
    valid = rows[rows["item_satisfied"].notna()]
    who = valid["household"].fillna("response:" + valid["response_id"])
    distinct = valid.assign(who=who).drop_duplicates(["community", "survey_id", "who"])
    sizes = distinct.value_counts(["community", "survey_id"]).to_dict()
    asked = set(
        zip(rows["community"], rows["survey_id"], strict=True)
    )  # no row of a wave: its answers are not here yet
    records = [
        {
            "community": place,
            "survey_id": wave.id,
            "wave_on": pd.Timestamp(f"{wave.month}-01"),
            "mode": wave.mode,
            "invited": invited,
            "answered": sizes.get((place, wave.id), 0) if (place, wave.id) in asked else pd.NA,
        }
        for wave in cut.waves
        for place, invited in sorted(wave.invited.items())
        if f"{cut.as_of:%Y-%m}" >= wave.month
    ]
    table = pd.DataFrame(records, columns=["community", "survey_id", "wave_on", "mode", "invited", "answered"])
    table = table.astype({"wave_on": "datetime64[s]", "invited": "Int64", "answered": "Int64"})
    return table.assign(answered=table["answered"].where(table["answered"] <= table["invited"]))


def told(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the waves of derived answers that have a valid overall answer: survey_id and wave_on (of its first), in order."""
    valid = rows[rows["overall_satisfied"].notna()].sort_values(["wave_on", "survey_id"], kind="stable")
    return valid.drop_duplicates("survey_id")[["survey_id", "wave_on"]].reset_index(drop=True)


def respondents(rows: pd.DataFrame, survey_id: str) -> pd.DataFrame:
    """Return one row for each household that validly answered the overall question of a wave.

    Columns: satisfied (bool), scale, satisfied_from, mode, and `DIMENSIONS` as the answer or else the register says them,
    missing where neither does.  An answer without a room counts as a household of its own.
    """
    valid = rows[(rows["survey_id"] == survey_id) & rows["overall_satisfied"].notna()]
    kept = valid[["overall_satisfied", "scale", "satisfied_from", "mode", *DIMENSIONS]].reset_index(drop=True)
    return kept.rename(columns={"overall_satisfied": "satisfied"}).astype({"satisfied": bool})


def scores(rows: pd.DataFrame, survey_id: str) -> pd.DataFrame:
    """Return the points of a wave: a row for each household that was heard, a column for each item, missing where unanswered.

    `rows` are derived answers of one community.  An answer without a room counts as a household of its own; an item asked on
    several scales is left out.
    """
    valid = rows[(rows["survey_id"] == survey_id) & rows["item_satisfied"].notna()]
    asked = valid.drop_duplicates(["item", "scale"])["item"]
    valid = valid[~valid["item"].isin(asked[asked.duplicated()])]
    who = valid["household"].fillna("response:" + valid["response_id"])
    return valid.assign(who=who).set_index(["who", "item"])["score"].astype("float64").unstack("item")


def scales(rows: pd.DataFrame, numerator: str = "overall_satisfied") -> list[str]:
    """Return the scales on which the answers behind a column were given; more than one cannot be told together."""
    return sorted(rows.loc[rows[numerator].notna(), "scale"].dropna().unique())


def breaks(before: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """Say why two waves (as `respondents` returns them) are not comparable: "scale", "satisfied_from", "mode"; empty if they are.

    Each must be one and the same value throughout both waves.  A mode that is mixed or unknown is never the same.
    """
    found = []
    for name in ("scale", "satisfied_from", "mode"):
        values = [set(answers[name].fillna("unknown" if name == "mode" else 0)) for answers in (before, now)]
        vague = name == "mode" and values[0] & {"mixed", "unknown"}
        if values[0] != values[1] or len(values[0]) != 1 or vague:
            found.append(name)
    return found


def occupied(register: pd.DataFrame) -> pd.DataFrame:
    """Return the households of the register that a survey is about: all but the vacant, one row each."""
    return register[register["occupancy"].fillna("occupied") != "vacant"].drop_duplicates(["community", "household"])
