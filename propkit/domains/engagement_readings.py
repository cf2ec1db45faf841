"""What the notices say that no sum can: which service standards are published, and since when."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from propkit.domains.engagement_tables import NOTICE_CHANNELS
from propkit.domains.knowledge import covered_months
from propkit.domains.reading import shaped
from propkit.model import Column, Cut, Reading
from propkit.periods import Period
from propkit.text import Text

# One line for each fact, as in a table.
# fmt: off
READINGS = (
    Reading(
        id="service_standards_published", label=Text("服务标准公示", "Published service standards"), tables=("notice",),
        top=Text("截至期末已公示的服务标准，每项取最近一次公示", "service standards published by the end of the period, each at its latest publication"),
        columns={
            "title": Column("text", label=Text("标准", "Standard")),
            "first_published_at": Column("instant", label=Text("首次公示", "First published")),
            "published_at": Column("instant", label=Text("最近公示", "Last published")),
            "notice_channel": Column("choice", label=Text("渠道", "Channel"), choices=NOTICE_CHANNELS),
        },
        explained=True, source="S3:45",
        note=Text("按标题认定同一项标准，标题空白的并为一项；公告台账开始之前公示的看不到。是否达到标准见保洁频次、响应时限等指标。",
                  "Titles tell standards apart, those without one are taken together; what was published before the register begins is not seen. Whether a standard is kept shows in cleaning frequency, response times and the like."),
    ),
)
# fmt: on


def service_standards_published(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return each standard once, the latest publication first; None for a period before the register begins."""
    notices = tables["notice"]
    if period.months[-1] < covered_months(notices, "published_at")[0]:
        return None
    ours = notices[(notices["notice_kind"] == "standards") & (notices["published_at"] < period.end)]
    ours = ours.sort_values(["published_at", "notice_id"])
    first = ours.drop_duplicates("title").set_index("title")["published_at"]
    last = ours.drop_duplicates("title", keep="last")
    told = last.assign(first_published_at=first.reindex(last["title"]).to_numpy())
    order = told.sort_values(["published_at", "title"], ascending=[False, True])
    return shaped(order, READINGS[0].columns)
