"""engagement: worked examples, random rows, and a slow recomputation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.examples import Example, ReadExample, at

Row = dict[str, Any]
START = datetime(2025, 1, 1)


def _made(head: Row, columns: Row) -> Row:
    row = {"community": "a"} | head | columns
    return {name: at(value) if name.endswith(("_on", "_at")) and isinstance(value, str) else value
            for name, value in row.items()}  # fmt: skip


def activity(number: int, held: str, **columns: Any) -> Row:
    return _made({"activity_id": f"a{number}", "held_on": held}, columns)


def service(number: int, held: str, kind: str, served: int, **columns: Any) -> Row:
    head = {"service_id": f"s{number}", "held_on": held, "service_kind": kind, "served": served}
    return _made(head, columns)


def notice(number: int, published: str, kind: str, **columns: Any) -> Row:
    return _made({"notice_id": f"n{number}", "published_at": published, "notice_kind": kind}, columns)


def meeting(number: int, held: str, kind: str, **columns: Any) -> Row:
    return _made({"meeting_id": f"m{number}", "held_on": held, "meeting_kind": kind}, columns)


def usage(month: str, tool: str, active: int | None, **columns: Any) -> Row:
    return _made({"month_on": month, "tool": tool, "active_households": active}, columns)


def home(number: int, **columns: Any) -> Row:
    return {"community": "a", "household": f"h{number}"} | columns


def _activities(num: int, den: int, *rows: Row) -> Example:
    return Example({"activity": list(rows)}, num, den)


def _services(num: int, den: int, *rows: Row) -> Example:
    return Example({"service_extra": list(rows)}, num, den)


def _notices(num: int, den: int, *rows: Row) -> Example:
    return Example({"notice": list(rows)}, num, den)


def _meetings(num: int, den: int, *rows: Row) -> Example:
    return Example({"meeting": list(rows)}, num, den)


_AUTUMN = (
    activity(
        1,
        "09-06",
        activity_kind="festival",
        participants=120,
        households=60,
        volunteers=8,
        volunteer_hours_milli=20_500,
    ),
    activity(
        2, "09-13", activity_kind="health", participants=40, households=30, volunteers=2, volunteer_hours_milli=3_000
    ),
    activity(3, "09-20", activity_kind="volunteering", status="held", volunteers=15),
    activity(
        4,
        "09-21",
        activity_kind="festival",
        status="cancelled",
        participants=5,
        households=5,
        volunteers=1,
        volunteer_hours_milli=1_000,
    ),
    activity(
        5, "10-01", activity_kind="festival", participants=300, households=90, volunteers=9, volunteer_hours_milli=9_000
    ),
)
_MADE_USE = {
    "household": [home(1), home(2), home(3, occupancy="occupied"), home(4, occupancy="vacant")],
    "digital_usage": [
        usage("09-01", "APP", 1),
        usage("09-01", "小程序", 2, platform_function="all"),
        usage("09-01", "APP", 1, platform_function="repair"),
        usage("09-01", "小程序", 1, platform_function="repair"),
        usage("09-01", "APP", 2, platform_function="payment"),
        usage("09-01", "APP", 4, platform_function="enquiry"),
        usage("10-01", "APP", 3),
    ],
}
_PAID = (
    {"community": "a", "payment_id": "p1", "paid_at": at("09-05"), "amount_fen": 10_000, "channel": "微信支付"},
    {"community": "a", "payment_id": "p2", "paid_at": at("09-06"), "amount_fen": 25_000, "channel": "银行转账"},
    {"community": "a", "payment_id": "p3", "paid_at": at("09-07"), "amount_fen": 5_000, "channel": "APP"},
    {"community": "a", "payment_id": "p4", "paid_at": at("09-08"), "amount_fen": 10_000, "channel": "微信支付",
     "is_refund": True},
    {"community": "a", "payment_id": "p5", "paid_at": at("09-09"), "amount_fen": 700, "channel": "代扣"},
    {"community": "a", "payment_id": "p6", "paid_at": at("09-09"), "amount_fen": 900},
)  # fmt: skip

EXAMPLES: dict[str, Example] = {
    # Three activities of September were held; a4 was cancelled, a5 belongs to October.
    "activity_count": _activities(3, 3, *_AUTUMN),
    # 120 and 40 came; nobody counted a3, a4 was cancelled.  A count has one row in its base for each number.
    "activity_participants": _activities(160, 2, *_AUTUMN),
    # 60 and 30 households.
    "activity_households": _activities(90, 2, *_AUTUMN),
    # a1: 10 answers of 4.5 points, a2: 30 answers of 4.9: 45 + 147 = 192 points of 40 answers.  a3 has a mean and no
    # number of answers, a4 has 5.1 of 5 points, a5 does not tell the top of its scale.
    "activity_feedback": _activities(
        192_000, 40,
        activity(1, "09-06", feedback_n=10, feedback_mean_milli=4_500, feedback_scale=5),
        activity(2, "09-13", feedback_n=30, feedback_mean_milli=4_900, feedback_scale=5),
        activity(3, "09-14", feedback_mean_milli=4_900, feedback_scale=5),
        activity(4, "09-15", feedback_n=9, feedback_mean_milli=5_100, feedback_scale=5),
        activity(5, "09-16", feedback_n=9, feedback_mean_milli=4_000),
    ),
    # a1 alone: a4 was cancelled.
    "festival_activity": _activities(1, 1, *_AUTUMN),
    "festival_participants": _activities(120, 1, *_AUTUMN),
    # The festival and the talk; volunteer work is not a community event.
    "community_activities": _activities(2, 2, *_AUTUMN),
    # 8, 2 and 15 volunteers.
    "volunteers": _activities(25, 3, *_AUTUMN),
    # 20.5 and 3 hours; those of a3 are not known.
    "volunteer_hours": _activities(23_500, 2, *_AUTUMN),
    # 5 + 12 + 0 + 7 in September.
    "convenience_services": _services(
        24, 4,
        service(1, "09-01", "parcel", 5, department="客服部"),
        service(2, "09-02", "carrying", 12, department="秩序部"),
        service(3, "09-02", "haircut", 0),
        service(4, "09-30", "haircut", 7),
        service(5, "10-01", "haircut", 7),
    ),
    # s2 and s3 are the guards'; s1 is not, s4 names no department.
    "guard_services": _services(
        15, 2,
        service(1, "09-01", "parcel", 5, department="客服部"),
        service(2, "09-02", "carrying", 12, department="秩序部"),
        service(3, "09-03", "directions", 3, department="安保一队"),
        service(4, "09-04", "carrying", 9),
    ),
    # Knives and haircuts are value added, a parcel is not.
    "value_added_counts": _services(
        19, 2,
        service(1, "09-20", "knife_sharpening", 12),
        service(2, "09-20", "haircut", 7),
        service(3, "09-20", "parcel", 30),
    ),
    # For the elderly and for working people; s3 is for everyone, s4 tells nobody.
    "customised_services": _services(
        13, 2,
        service(1, "09-20", "home_care", 4, owner_segment="elderly"),
        service(2, "09-20", "parcel", 9, owner_segment="workers"),
        service(3, "09-20", "parcel", 30, owner_segment="everyone"),
        service(4, "09-20", "parcel", 30),
    ),
    # Three of September; the fourth is the first minute of October.
    "information_release": _notices(
        3, 3,
        notice(1, "09-01 09:00", "outage"),
        notice(2, "09-02 09:00", "campaign"),
        notice(3, "09-30 23:59", "other"),
        notice(4, "10-01 00:00", "other"),
    ),
    # Four outages began in September.  Water on the 5th: first told a day ahead.  Power on the 5th at the same hour:
    # told when it began, which is not ahead.  Water on the 9th: told afterwards.  Lift on the 30th: ahead.  The notice
    # without a start speaks of no outage, n7's begins in October, n8 is no outage.
    "outage_notice_ahead_rate": _notices(
        2, 4,
        notice(1, "09-04 09:00", "outage", outage_kind="water", about_start_at="09-05 10:00"),
        notice(2, "09-05 11:00", "outage", outage_kind="water", about_start_at="09-05 10:00"),
        notice(3, "09-05 10:00", "outage", outage_kind="power", about_start_at="09-05 10:00"),
        notice(4, "09-09 12:00", "outage", outage_kind="water", about_start_at="09-09 08:00"),
        notice(5, "08-30 12:00", "outage", outage_kind="lift", about_start_at="09-30 08:00"),
        notice(6, "09-10 12:00", "outage", outage_kind="water"),
        notice(7, "09-10 12:00", "outage", outage_kind="water", about_start_at="10-09 08:00"),
        notice(8, "09-10 12:00", "other", about_start_at="09-19 08:00"),
    ),
    # The poster for the service day and the call to the activity.
    "publicity": _notices(
        2, 2,
        notice(1, "09-15 09:00", "service_day", notice_channel="poster", reach=800),
        notice(2, "09-16 09:00", "activity", notice_channel="chat_group", reach=350),
        notice(3, "09-16 09:00", "safety", notice_channel="chat_group", reach=350),
    ),
    # 800 readers; nobody counted those of n2, n3 is no announcement.
    "publicity_reach": _notices(
        800, 1,
        notice(1, "09-15 09:00", "service_day", reach=800),
        notice(2, "09-16 09:00", "activity"),
        notice(3, "09-16 09:00", "safety", reach=350),
    ),
    "civility_campaigns": _notices(
        1, 1, notice(1, "09-15 09:00", "campaign"), notice(2, "09-16 09:00", "activity"), notice(3, "08-31 09:00", "campaign")
    ),
    "owner_meetings": _meetings(
        1, 1, meeting(1, "09-12", "forum"), meeting(2, "09-12", "reception"), meeting(3, "10-12", "forum")
    ),
    # 26 and 31 people; the third meeting did not count them, the fourth is another kind.
    "owner_meeting_attendees": _meetings(
        57, 2,
        meeting(1, "09-12", "forum", attendees=26),
        meeting(2, "09-13", "forum", attendees=31),
        meeting(3, "09-14", "forum"),
        meeting(4, "09-14", "supervision", attendees=5),
    ),
    # 7 of 9 topics and 0 of 2.  m3 does not tell, m4 has resolved more than was raised, m5 is another kind.
    "owner_meeting_resolution_rate": _meetings(
        7, 11,
        meeting(1, "09-12", "forum", topics=9, resolved=7, followed_up_on="10-20"),
        meeting(2, "09-13", "forum", topics=2, resolved=0),
        meeting(3, "09-14", "forum", topics=5),
        meeting(4, "09-15", "forum", topics=5, resolved=6),
        meeting(5, "09-15", "reception", topics=5, resolved=5),
    ),
    # 11 of 14 questions; m2 has not been followed up by the cut-off, so nobody knows; m3 answers more than was asked.
    "owner_supervision": _meetings(
        11, 14,
        meeting(1, "09-12", "supervision", asked=14, answered=11),
        meeting(2, "09-13", "supervision", asked=4, answered=4, followed_up_on="11-20"),
        meeting(3, "09-14", "supervision", asked=4, answered=5),
        meeting(4, "09-14", "forum", asked=4, answered=4),
    ),
    "owner_supervision_meetings": _meetings(
        2, 2, meeting(1, "09-12", "supervision"), meeting(2, "09-30", "supervision"), meeting(3, "09-14", "forum")
    ),
    # 34 and 12 households; the third day was not counted.
    "reception_count": _meetings(
        46, 2,
        meeting(1, "09-12", "reception", households=34, topics=41),
        meeting(2, "09-20", "reception", households=12),
        meeting(3, "09-21", "reception", topics=6),
        meeting(4, "09-21", "forum", households=9, topics=3),
    ),
    "reception_topics": _meetings(
        47, 2,
        meeting(1, "09-12", "reception", households=34, topics=41),
        meeting(2, "09-20", "reception", households=12),
        meeting(3, "09-21", "reception", topics=6),
        meeting(4, "09-21", "forum", households=9, topics=3),
    ),
    # Three homes are lived in.  Of two tools in September the one with two users counts: 2 of 3.
    "digital_adoption_rate": Example(_MADE_USE, 2, 3),
    # Repairs 1 of 3 (not 2: the users of two tools may be the same), payments 2 of 3; four users of enquiries are more
    # than there are homes.  Added over the functions 3 of 6.
    "online_platform": Example(_MADE_USE, 3, 6),
    # o1 by app, o2 by telephone, o6 by e-mail: 1 of 3.  o3 was found by inspection, o4 does not tell, o5 was cancelled.
    "online_order_share": Example(
        {
            "work_order": [
                {"community": "a", "order_id": f"o{number}", "reported_at": at("09-05"), "channel": channel, "status": status}
                for number, channel, status in (
                    (1, "app", "done"), (2, "phone", "done"), (3, "inspection", "done"), (4, None, "done"),
                    (5, "app", "cancelled"), (6, "email", None),
                )
            ]
        },
        1, 3,
    ),
    # p1 and p3 online, p2 not: 2 of 3.  p4 is a refund; what 代扣 was is not known, and p6 tells nothing.
    "online_payment_share": Example({"fee_payment": list(_PAID)}, 2, 3),
    # 100 and 50 of 400 yuan.
    "online_payment_amount_share": Example({"fee_payment": list(_PAID)}, 15_000, 40_000),
}  # fmt: skip

READ: dict[str, ReadExample] = {
    # The cleaning standard was published twice, the guards' once; n4 comes after the period, n5 is another notice.
    "service_standards_published": ReadExample(
        {
            "notice": [
                notice(1, "03-01 09:00", "standards", title="保洁服务标准", notice_channel="board"),
                notice(2, "08-01 09:00", "standards", title="保洁服务标准", notice_channel="account"),
                notice(3, "09-30 09:00", "standards", title="秩序服务标准"),
                notice(4, "10-01 09:00", "standards", title="维修服务标准"),
                notice(5, "09-01 09:00", "other", title="通知"),
            ]
        },
        [
            {"title": "秩序服务标准", "first_published_at": at("09-30 09:00"), "published_at": at("09-30 09:00")},
            {"title": "保洁服务标准", "first_published_at": at("03-01 09:00"), "published_at": at("08-01 09:00"),
             "notice_channel": "account"},
        ],
    ),
}  # fmt: skip

BORN = {
    "activity": "held_on",
    "service_extra": "held_on",
    "notice": "published_at",
    "meeting": "held_on",
    "digital_usage": "month_on",
}
LEARNT = {"meeting": {"followed_up_on": ["resolved", "answered"]}}


def draw(rng, place, homes, size):
    """Random rows: many blanks, contradictions, outages told at the very minute, several tools in one month."""

    def some(*choices, known=0.8):
        return rng.choice(choices) if rng.random() < known else None

    def day():
        return START + timedelta(days=rng.choice([*range(0, 270, 7), 30, 31, 58, 59, 89, 90]))

    def minute():
        return START + timedelta(days=rng.randrange(270), minutes=30 * rng.randrange(48))

    def few():
        return range(rng.randrange(size // 2 + 1))

    def file(table):
        return {"file": f"{place}-{table}-{rng.choice('ab')}.csv"}

    kinds = ("festival", "health", "volunteering", "other")
    rows = {
        "activity": [
            {
                "community": place, "activity_id": f"a{number}", "activity_kind": some(*kinds), "held_on": day(),
                "status": some("held", "held", "cancelled", known=0.5), "participants": some(0, 12, 140),
                "households": some(0, 7), "volunteers": some(0, 3), "volunteer_hours_milli": some(500, 8000),
                "feedback_n": some(0, 1, 3, 12), "feedback_mean_milli": some(3_333, 5_000, 9_100),
                "feedback_scale": some(5, 5, 10), **file("activity"),
            }
            for number in few()
        ],
        "service_extra": [
            {
                "community": place, "service_id": f"s{number}", "held_on": day(), "served": rng.choice([0, 1, 14]),
                "service_kind": rng.choice(["parcel", "haircut", "legal_advice"]),
                "department": some("秩序部", "Security", "客服部"), "owner_segment": some("everyone", "elderly"),
                **file("service_extra"),
            }
            for number in few()
        ],
        "meeting": [],
        "notice": [],
        "digital_usage": [],
        "work_order": [],
        "fee_payment": [],
    }  # fmt: skip
    starts = [minute() for _ in range(3)]
    for number in few():
        start = some(*starts, known=0.9)
        published = start + timedelta(minutes=rng.choice([-1440, -1, 0, 1, 60])) if start else minute()
        rows["notice"].append(
            {
                "community": place, "notice_id": f"n{number}", "title": some("甲", "乙"), "reach": some(0, 90),
                "notice_kind": rng.choice(["outage", "outage", "campaign", "service_day", "activity", "standards"]),
                "published_at": published, "about_start_at": start, "outage_kind": some("water", "power"),
                **file("notice"),
            }
        )  # fmt: skip
    for number in few():
        held = day()
        rows["meeting"].append(
            {
                "community": place, "meeting_id": f"m{number}", "held_on": held, "attendees": some(0, 22),
                "meeting_kind": rng.choice(["forum", "reception", "supervision", "other"]), "households": some(0, 9),
                "topics": some(0, 4, 6), "resolved": some(0, 4, 5), "asked": some(0, 4), "answered": some(0, 4, 5),
                "followed_up_on": held + timedelta(days=rng.choice([0, 30, 200])) if rng.random() < 0.5 else None,
                **file("meeting"),
            }
        )  # fmt: skip
    places = [(month, tool, function) for month in range(1, 10) for tool in ("APP", "小程序")
              for function in (None, "all", "repair", "payment")]  # fmt: skip
    for month, tool, function in rng.sample(places, min(size, len(places))):
        rows["digital_usage"].append(
            {
                "community": place, "month_on": datetime(2025, month, 1), "tool": tool, "platform_function": function,
                "active_households": some(0, 1, 2, 5, 50), "transactions": some(0, 10), **file("digital_usage"),
            }
        )  # fmt: skip
    for number in few():
        rows["fee_payment"].append(
            {
                "community": place, "payment_id": f"x{number}", "paid_at": minute(), "file": f"{place}-fee_payment-a.csv",
                "amount_fen": rng.choice([0, 100, 10_000]), "is_refund": some(True, False, False),
                "channel": some("微信", "支付宝小程序", "银行转账", "前台微信", "POS机", "代扣"),
            }
        )  # fmt: skip
        rows["work_order"].append(
            {
                "community": place, "order_id": f"x{number}", "reported_at": minute(), "status": some("done", "cancelled"),
                "channel": some("app", "desk", "inspection"),
            }
        )  # fmt: skip
    return rows


def marks(tables, as_of, definitions, households):
    for row in tables.get("activity", []):
        if row.get("status") != "cancelled":
            yield from _activity(row)
    for row in tables.get("service_extra", []):
        yield from _service(row)
    yield from _notice_marks(tables.get("notice", []), as_of)
    for row in tables.get("meeting", []):
        yield from _meeting(row)
    yield from _digital(tables.get("digital_usage", []), tables.get("household", []), households, as_of)
    for row in tables.get("work_order", []):
        asked = row.get("status") not in ("cancelled", "duplicate") and row.get("channel") not in (None, "inspection")
        if asked:
            yield "online_order_share", row, row["reported_at"], 1, int(row["channel"] == "app"), 1
    for row in tables.get("fee_payment", []):
        yield from _payment(row)


def _sum(kpi: str, row: Row, date: datetime, value: int | None, where: bool = True) -> Iterator[tuple]:
    if where and value is not None:
        yield kpi, row, date, 1, value, 1


def _activity(row: Row) -> Iterator[tuple]:
    date, kind = row["held_on"], row.get("activity_kind")
    festive = kind == "festival"
    yield "activity_count", row, date, 1, 1, 1
    yield from _sum("activity_participants", row, date, row.get("participants"))
    yield from _sum("activity_households", row, date, row.get("households"))
    yield from _sum("festival_activity", row, date, 1, festive)
    yield from _sum("festival_participants", row, date, row.get("participants"), festive)
    event = kind in ("festival", "culture", "sports", "health", "family", "neighbour")
    yield from _sum("community_activities", row, date, 1, event)
    yield from _sum("volunteers", row, date, row.get("volunteers"))
    yield from _sum("volunteer_hours", row, date, row.get("volunteer_hours_milli"))
    count, mean, top = (row.get(name) for name in ("feedback_n", "feedback_mean_milli", "feedback_scale"))
    if count and mean is not None and top is not None and mean <= 1000 * top:
        yield "activity_feedback", row, date, count, count * mean, count


def _guards(row: Row) -> bool:
    name = (row.get("department") or "").lower()
    return any(word in name for word in ("秩序", "安保", "保安", "安防", "保卫", "security", "guard"))


def _service(row: Row) -> Iterator[tuple]:
    date, served, kind = row["held_on"], row["served"], row["service_kind"]
    yield "convenience_services", row, date, 1, served, 1
    yield from _sum("guard_services", row, date, served, _guards(row))
    extra = ("knife_sharpening", "appliance_repair", "health_check", "haircut", "mending", "legal_advice")
    yield from _sum("value_added_counts", row, date, served, kind in extra)
    yield from _sum("customised_services", row, date, served, row.get("owner_segment") not in (None, "everyone"))


def _notice_marks(rows: list[Row], as_of: datetime) -> Iterator[tuple]:
    first: dict[tuple, Row] = {}
    for row in rows:
        date, kind = row["published_at"], row["notice_kind"]
        promoted = kind in ("service_day", "activity")
        yield "information_release", row, date, 1, 1, 1
        yield from _sum("publicity", row, date, 1, promoted)
        yield from _sum("publicity_reach", row, date, row.get("reach"), promoted)
        yield from _sum("civility_campaigns", row, date, 1, kind == "campaign")
        start = row.get("about_start_at")
        if kind == "outage" and start is not None and start <= as_of:
            key = (row["community"], start, row.get("outage_kind"))
            if key not in first or date < first[key]["published_at"]:
                first[key] = row
    for (_, start, _), row in first.items():
        yield "outage_notice_ahead_rate", row, start, 1, int(row["published_at"] < start), 1


def _meeting(row: Row) -> Iterator[tuple]:
    date, kind = row["held_on"], row["meeting_kind"]
    forum, supervision, reception = kind == "forum", kind == "supervision", kind == "reception"
    yield from _sum("owner_meetings", row, date, 1, forum)
    yield from _sum("owner_meeting_attendees", row, date, row.get("attendees"), forum)
    yield from _sum("owner_supervision_meetings", row, date, 1, supervision)
    yield from _sum("reception_count", row, date, row.get("households"), reception)
    yield from _sum("reception_topics", row, date, row.get("topics"), reception)
    if forum:
        yield from _part("owner_meeting_resolution_rate", row, row.get("resolved"), row.get("topics"))
    if supervision:
        yield from _part("owner_supervision", row, row.get("answered"), row.get("asked"))


def _part(kpi: str, row: Row, some: int | None, whole: int | None) -> Iterator[tuple]:
    if some is not None and whole is not None and some <= whole:
        yield kpi, row, row["held_on"], 1, some, whole


def _digital(rows: list[Row], register: list[Row], sizes: Any, as_of: datetime) -> Iterator[tuple]:
    most: dict[tuple, int] = {}
    for row in rows:
        if row.get("active_households") is not None:
            key = (row["community"], row["month_on"], row.get("platform_function") or "all")
            most[key] = max(most.get(key, 0), row["active_households"])
    for (place, month, function), active in most.items():
        lived = [row for row in register if row["community"] == place and row.get("occupancy") != "vacant"]
        homes = len(lived) or sizes.get(place)
        following = (month + timedelta(days=31)).replace(day=1)
        if not homes or active > homes or following - timedelta(seconds=1) > as_of:
            continue
        kpi = "digital_adoption_rate" if function == "all" else "online_platform"
        yield kpi, {"community": place, "platform_function": function}, month, 1, active, homes


def _payment(row: Row) -> Iterator[tuple]:
    way = (row.get("channel") or "").lower()
    online = any(
        word in way
        for word in (
            "微信",
            "支付宝",
            "公众号",
            "小程序",
            "app",
            "线上",
            "网上",
            "云闪付",
            "wechat",
            "alipay",
            "online",
        )
    )
    other = any(
        word in way
        for word in ("现金", "pos", "刷卡", "转账", "支票", "前台", "柜台", "线下", "cash", "transfer", "card", "desk")
    )
    if online != other and not row.get("is_refund") and row["amount_fen"] > 0:
        yield "online_payment_share", row, row["paid_at"], 1, int(online), 1
        yield "online_payment_amount_share", row, row["paid_at"], 1, row["amount_fen"] * online, row["amount_fen"]
