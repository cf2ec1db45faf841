"""Small invented figures for the tests of pages and charts."""

from __future__ import annotations

import pandas as pd
from nbformat import v4

from propkit.model import Duration, Kpi
from propkit.reporting.claims import Claim
from propkit.text import Text

HOSTILE = "</text><script>alert(1)</script>\"'&"
SATISFIED = Kpi(
    "owner_satisfaction",
    Text("业主满意率", "Owner satisfaction"),
    Text("评 4 或 5 分的", "answers of 4 or 5"),
    Text("有效评分", "valid answers"),
    "survey_response",
    "satisfied",
    better="up",
    target=85,
    opinion=True,
    dated_by="wave_on",
    source="S0:40",
)
COMPLAINTS = Kpi(
    "complaints_per_1000",
    Text("千户投诉", "Complaints per 1,000"),
    Text("投诉", "complaints"),
    Text("户数", "homes"),
    "complaint",
    "received",
    kind="rate",
    unit=Text("件", "cases"),
    scale=1000,
    better="down",
    target=4,
)
RECEIVED = Kpi(
    "received",
    Text("投诉件数", "Complaints"),
    Text("", ""),
    Text("", ""),
    "complaint",
    "received",
    kind="count",
    unit=Text("件", "cases"),
    scale=1,
)
FEES = Kpi("fees", Text("收缴率", "Collection"), Text("", ""), Text("", ""), "fee_bill", "paid", "due", kind="money")
HANDLING = Duration(
    "handling", Text("处理时间", "Handling time"), "complaint", "received_at", "closed_at", Text("", ""), limit=1440
)


def row(num: float | None, den: float | None, **changes: object) -> dict[str, object]:
    """A row of rates of a share; the interval is ten points to both sides, and a hidden row carries no numbers."""
    value = None if num is None or not den else num / den
    figure = {
        "kpi": SATISFIED.id,
        "community": "yinhe",
        "period": "2025-09",
        "segment": "all",
        "label": None,
        "n": den,
        "num": num,
        "den": den,
        "value": value,
        "low": None if value is None else max(0.0, value - 0.1),
        "high": None if value is None else min(1.0, value + 0.1),
        "state": "ok",
    } | changes
    if figure["state"] == "suppressed":
        figure |= dict.fromkeys(("n", "num", "den", "value", "low", "high"))
    return figure


def rates(*rows: dict[str, object]) -> pd.DataFrame:
    """Rows as the frame that `rate` gives: nullable numbers."""
    frame = pd.DataFrame(list(rows))
    whole = {name: "Int64" for name in ("n", "num", "den")}
    return frame.astype(whole | {name: "Float64" for name in ("value", "low", "high")})


def segments() -> pd.DataFrame:
    """Four segments, a hostile name, a suppressed one and the whole."""
    return rates(
        row(750, 1000),
        row(640, 854, segment="owner", label="业主自住"),
        row(69, 119, segment="landlord", label="业主出租"),
        row(15, 22, segment="young", label=HOSTILE, state="unreliable"),
        row(1, 5, segment="few", label="其他住户", state="suppressed"),
    )


def months(count: int = 13, **changes: object) -> pd.DataFrame:
    """Months of one KPI, the last provisional."""
    periods = [str(month) for month in pd.period_range("2024-09", periods=count, freq="M")]
    rows = [row(170 + place, 200, period=period, **changes) for place, period in enumerate(periods)]
    rows[-1]["state"] = "provisional"
    return rates(*rows)


def categories() -> pd.DataFrame:
    """Counts of complaints by type, with a large remainder."""
    found = {"lift": ("电梯", 50), "other": ("其他", 60), "parking": ("停车", 80), "noise": ("噪音", 10)}
    rows = [row(num, None, segment=name, label=label, n=num, value=num) for name, (label, num) in found.items()]
    return rates(*rows)


def curve() -> pd.DataFrame:
    """A survival table in minutes."""
    return pd.DataFrame(
        {
            "time": [60.0, 600.0, 1500.0],
            "survival": [0.8, 0.45, 0.2],
            "low": [0.7, 0.3, 0.1],
            "high": [0.9, 0.6, 0.3],
            "at_risk": [20, 15, 8],
        }
    )


def claim(kind: str, verdict: str, good: bool | None, *, group: str = "all", zh: str = "结论") -> Claim:
    """A finding about satisfaction."""
    return Claim(SATISFIED.id, kind, verdict, good, Text(zh, "finding"), 100, group)


def notebook(*pieces: object) -> object:
    """An executed notebook: texts are Markdown cells, mappings are raw output data, others show themselves."""
    cells = []
    for piece in pieces:
        if isinstance(piece, str):
            cells.append(v4.new_markdown_cell(piece))
            continue
        data = piece if isinstance(piece, dict) else piece._repr_mimebundle_()
        cells.append(v4.new_code_cell("show()", outputs=[v4.new_output("execute_result", data=data)]))
    return v4.new_notebook(cells=cells)
