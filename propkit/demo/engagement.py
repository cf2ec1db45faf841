"""Community life in the demo: activities, everyday services, notices, meetings, digital tools, and their exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from propkit.demo.chance import Chance, month_ends
from propkit.demo.estates import ESTATES, MONTHS, Estate, Home
from propkit.demo.layout import Layout, fields

Row = dict[str, object]

SERVICE_DAYS = {"yinhe": (datetime(2025, 3, 15), datetime(2025, 9, 20))}
"""The service days of the demo: one community holds them, the others do not yet."""
RECTIFIED = {"cuihu": "2025-04"}
"""The month from which a community is being put right: more meetings, standards published, one scale for feedback."""

_FESTIVALS = {
    "2024-09": (14, "中秋游园会"),
    "2025-01": (24, "迎新春写春联"),
    "2025-02": (12, "元宵灯谜会"),
    "2025-05": (30, "端午包粽子"),
    "2025-06": (1, "六一亲子游园"),
    "2025-09": (27, "中秋邻里节"),
}
_USUAL = {
    "culture": ("露天电影夜", "社区合唱排练", "书画展"),
    "sports": ("健步走", "乒乓球友谊赛", "广场舞展演"),
    "health": ("高血压防治讲座", "急救知识讲座", "口腔健康讲座"),
    "family": ("亲子DIY", "亲子阅读会"),
    "neighbour": ("邻里百家宴", "闲置物品交换"),
    "volunteering": ("清洁家园志愿日", "助老志愿服务"),
    "education": ("垃圾分类宣传", "消防安全宣传"),
}
_EVERY_DAY = {
    "yinhe": {"parcel": ("客服部", "workers"), "carrying": ("秩序部", "elderly"), "directions": ("秩序部", "everyone"),
              "housekeeping": ("客服部", "everyone"), "food_stall": ("客服部", "everyone"), "home_care": ("客服部", "elderly")},
    "cuihu": {"parcel": ("客服部", "everyone"), "carrying": ("秩序部", "everyone"), "food_stall": ("环境部", "everyone")},
    "lanting": {"parcel": ("秩序部", None), "carrying": ("秩序部", None), "haircut": ("客服部", None)},
}  # fmt: skip
_ON_THE_DAY = {"knife_sharpening": 46, "appliance_repair": 31, "health_check": 88, "haircut": 64, "legal_advice": 9}
_OUTAGES = {"water": 40, "power": 30, "lift": 22, "heating": 8}
_OUTAGE_WORDS = {"water": "水泵房检修停水", "power": "配电检修停电", "lift": "电梯维保停运", "heating": "供暖管网检修"}
_CAMPAIGNS = ("文明养犬倡议", "杜绝高空抛物", "规范停车倡议", "楼道不堆物倡议")
_STANDARDS = ("保洁服务标准", "秩序服务标准", "维修服务标准", "客户服务标准")
_CHANNELS = {"board": 30, "poster": 10, "chat_group": 30, "account": 20, "app": 10}
_FUNCTIONS = {"repair": 0.30, "payment": 0.55, "complaint": 0.06, "enquiry": 0.10, "sign_up": 0.12}


def rows(homes: Mapping[str, Sequence[Home]], seed: int) -> dict[str, list[Row]]:
    """Return the true rows of this room by table; `homes` by community."""
    found: dict[str, list[Row]] = {}
    for estate in ESTATES:
        chance = Chance(seed, f"engagement/{estate.id}")
        lived_in = sum(home.occupancy == "occupied" for home in homes[estate.id])
        found.setdefault("activity", []).extend(_activities(estate, lived_in, chance))
        found.setdefault("service_extra", []).extend(_services(estate, chance))
        found.setdefault("notice", []).extend(_notices(estate, lived_in, chance))
        found.setdefault("meeting", []).extend(_meetings(estate, chance))
        found.setdefault("digital_usage", []).extend(_usage(estate, lived_in, chance))
    return found


def _numbered(estate: Estate, rows: list[Row], column: str, letter: str, dated_by: str) -> list[Row]:
    """Return rows in the order of their dates, with a number each."""
    prefix = {"yinhe": "Y", "cuihu": "C", "lanting": "L"}[estate.id] + letter
    ordered = sorted(rows, key=lambda row: row[dated_by])
    return [{"community": estate.id, column: f"{prefix}{row[dated_by]:%Y%m}{number:04}"} | row
            for number, row in enumerate(ordered, 1)]  # fmt: skip


def _is_rectified(estate: Estate, month: str) -> bool:
    return month >= RECTIFIED.get(estate.id, "9999")


def _activities(estate: Estate, lived_in: int, chance: Chance) -> list[Row]:
    found = []
    for month in MONTHS:
        if month in _FESTIVALS:
            day, name = _FESTIVALS[month]
            found.append(_activity(estate, "festival", name, f"{month}-{day:02}", 0.10 * lived_in, chance))
        expected = {"yinhe": 2.6, "cuihu": 1.2, "lanting": 1.4}[estate.id] + 2.0 * _is_rectified(estate, month)
        for _ in range(chance.count(expected)):
            kind = chance.one(list(_USUAL))
            day = f"{month}-{chance.between(2, 27):02}"
            found.append(_activity(estate, kind, chance.one(_USUAL[kind]), day, 0.02 * lived_in + 12, chance))
    return _numbered(estate, found, "activity_id", "H", "held_on")


def _activity(estate: Estate, kind: str, name: str, day: str, expected: float, chance: Chance) -> Row:
    held = chance.yes(0.95) or kind == "festival"
    people = max(6, chance.count(expected))
    helped = chance.between(2, 12) if kind in ("festival", "volunteering") else 0
    answers = chance.count(people * 0.35) if chance.yes(0.8) else 0
    top = 10 if estate.id == "cuihu" and day < "2025-04" else 5
    score = 0.84 + 0.04 * (kind == "festival") + 0.03 * chance.normal()
    told = held and answers > 0
    return {
        "activity_name": name,
        "activity_kind": kind,
        "status": "held" if held else "cancelled",
        "held_on": datetime.fromisoformat(day),
        "participants": people if held and chance.yes(0.96) else None,
        "households": people * 6 // 10 if held else None,
        "volunteers": helped if held else None,
        "volunteer_hours_milli": helped * chance.one((2_000, 2_500, 3_000)) if held else None,
        "feedback_n": answers if held else None,
        "feedback_mean_milli": round(min(score, 1) * top * 100) * 10 if told else None,
        "feedback_scale": top if told else None,
        "cost_fen": chance.between(20, 400) * 1000 if held else None,
    }


def _services(estate: Estate, chance: Chance) -> list[Row]:
    found = []
    for month in MONTHS:
        first = month_ends(month)[0]
        for week in range(4):
            for kind, (department, group) in _EVERY_DAY[estate.id].items():
                served = chance.count(estate.households * (0.012 if kind == "parcel" else 0.004))
                day = first + timedelta(days=7 * week + chance.between(0, 6))
                found.append(_service(day, kind, served, department, group))
    for day in SERVICE_DAYS.get(estate.id, ()):
        for kind, expected in _ON_THE_DAY.items():
            group = "elderly" if kind == "health_check" else "everyone"
            found.append(_service(day, kind, chance.count(expected * (0.6 if day.month == 3 else 1)), "客服部", group))
    return _numbered(estate, found, "service_id", "B", "held_on")


def _service(day: datetime, kind: str, served: int, department: str, group: str | None) -> Row:
    return {"held_on": day, "service_kind": kind, "served": served, "department": department, "owner_segment": group}


def _notices(estate: Estate, lived_in: int, chance: Chance) -> list[Row]:
    found = []
    for month in MONTHS:
        rectified = _is_rectified(estate, month)
        for _ in range(chance.count(1.6)):
            found += _outage(month, lived_in, 0.95 if rectified or estate.id != "cuihu" else 0.7, chance)
        for _ in range(chance.count(1.0 + rectified)):
            found.append(_notice("campaign", chance.one(_CAMPAIGNS), chance.moment(month), lived_in, chance))
        for _ in range(chance.count(1.5)):
            found.append(_notice("safety", "消防安全提示", chance.moment(month), lived_in, chance))
        if month in _FESTIVALS:
            day, name = _FESTIVALS[month]
            ahead = datetime.fromisoformat(f"{month}-{day:02}") - timedelta(days=6, hours=-10)
            found += [_notice("activity", f"{name}预告", ahead, lived_in, chance) for _ in range(2)]
    for day in SERVICE_DAYS.get(estate.id, ()):
        ahead = day - timedelta(days=7, hours=-9)
        found += [_notice("service_day", "物业服务日预告", ahead, lived_in, chance, way) for way in _CHANNELS]
    since = {"yinhe": "2024-10", "cuihu": "2025-05"}.get(estate.id)
    for title in _STANDARDS if since else ():
        found.append(_notice("standards", title, chance.moment(since), lived_in, chance, "board"))
    return _numbered(estate, found, "notice_id", "G", "published_at")


def _outage(month: str, lived_in: int, prompt: float, chance: Chance) -> list[Row]:
    """Return the notices of one outage: ahead of it or too late, sometimes told again on the day."""
    kind = chance.pick(_OUTAGES)
    start = month_ends(month)[0] + timedelta(days=chance.between(3, 26), hours=chance.between(8, 14))
    wait = timedelta(hours=chance.between(6, 60)) if chance.yes(prompt) else -timedelta(minutes=chance.between(5, 90))
    more = {"outage_kind": kind, "about_start_at": start}
    told = [_notice("outage", _OUTAGE_WORDS[kind], start - wait, lived_in, chance) | more]
    if chance.yes(0.3):
        told.append(_notice("outage", _OUTAGE_WORDS[kind], start + timedelta(minutes=20), lived_in, chance) | more)
    return told


def _notice(kind: str, title: str, moment: datetime, lived_in: int, chance: Chance, channel: str | None = None) -> Row:
    way = channel or chance.pick(_CHANNELS)
    counted = way in ("chat_group", "account", "app")
    return {
        "notice_kind": kind,
        "title": title,
        "notice_channel": way,
        "published_at": moment,
        "outage_kind": None,
        "about_start_at": None,
        "reach": chance.count(lived_in * 0.4) if counted else None,
    }


def _meetings(estate: Estate, chance: Chance) -> list[Row]:
    found = []
    for month in MONTHS:
        rectified, first = _is_rectified(estate, month), month_ends(month)[0]
        for kind, expected in {"forum": 0.3 + rectified, "reception": 1.0 + rectified, "supervision": 0.25}.items():
            if estate.id == "lanting" and kind == "supervision":
                continue  # nobody supervises there
            for _ in range(chance.count(expected)):
                found.append(_meeting(first + timedelta(days=chance.between(1, 26)), kind, chance))
    for day in SERVICE_DAYS.get(estate.id, ()):
        found.append(_meeting(day, "reception", chance) | {"households": 57, "topics": 63})
    if estate.id == "cuihu":  # the supervisors' meeting of the autumn, with one question still open
        autumn = datetime(2025, 9, 24)
        answers = {"attendees": 14, "asked": 9, "answered": 8, "followed_up_on": autumn + timedelta(days=5)}
        found.append(dict.fromkeys(found[0]) | {"meeting_kind": "supervision", "held_on": autumn, **answers})
    return _numbered(estate, found, "meeting_id", "M", "held_on")


def _meeting(day: datetime, kind: str, chance: Chance) -> Row:
    topics = chance.between(3, 11)
    asked = chance.between(4, 15) if kind == "supervision" else None
    raised = kind == "forum"
    received = kind == "reception"
    return {
        "meeting_kind": kind,
        "held_on": day,
        "attendees": chance.between(9, 42) if not received else None,
        "households": chance.between(6, 30) if received else None,
        "topics": topics if raised or received else None,
        "resolved": min(topics, chance.between(topics // 2, topics)) if raised else None,
        "asked": asked,
        "answered": asked - chance.between(0, 3) if asked else None,
        "followed_up_on": day + timedelta(days=chance.between(0, 7)) if raised or asked else None,
    }


def _usage(estate: Estate, lived_in: int, chance: Chance) -> list[Row]:
    tools = {"yinhe": ("业主APP", "微信小程序"), "cuihu": ("业主APP",), "lanting": ("微信小程序",)}[estate.id]
    found = []
    for at, month in enumerate(MONTHS):
        for place, tool in enumerate(tools):
            share = (0.34 + 0.012 * at) * (1, 0.55)[place] * (0.8 if estate.id == "cuihu" else 1)
            active = chance.count(lived_in * share)
            found.append(_used(estate, month, tool, "all", active, round(lived_in * (share + 0.2)), chance))
            if estate.id != "lanting":
                found += [
                    _used(estate, month, tool, function, chance.count(active * part), None, chance)
                    for function, part in _FUNCTIONS.items()
                ]
    return found


def _used(
    estate: Estate, month: str, tool: str, function: str, active: int, registered: int | None, chance: Chance
) -> Row:
    return {
        "community": estate.id,
        "month_on": month_ends(month)[0],
        "tool": tool,
        "platform_function": function,
        "registered_households": registered,
        "active_households": active,
        "transactions": chance.count(active * 1.6),
    }


_OTHER_KINDS = {"parcel": "快递代收", "carrying": "搬运协助", "food_stall": "菜车进小区"}
_OTHER_MEETINGS = {"forum": "座谈会", "reception": "接待日", "supervision": "监督会"}

LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "activity", "yinhe", "yinhe/社区活动_20251008.xlsx",
        fields("活动编号=activity_id 活动名称=activity_name 活动类型=activity_kind 状态=status 活动日期=held_on 参与人次=participants "
               "参与户数=households 志愿者人次=volunteers 志愿服务小时=volunteer_hours_milli 评价份数=feedback_n "
               "评价均分=feedback_mean_milli 评价满分=feedback_scale 活动费用=cost_fen"),
        "社区活动：常用表头", preset="plain", known=("*",), sheet="活动", title="银河湾社区活动（虚构数据）",
    ),
    Layout(
        "activity", "cuihu", "cuihu/活动登记_20251008.csv",
        fields("编号=activity_id 活动主题=activity_name 活动类别=activity_kind 状态=status 举办日期=held_on 参与人数=participants "
               "参加户数=households 志愿者=volunteers 志愿时长=volunteer_hours_milli 反馈份数=feedback_n "
               "满意度均分=feedback_mean_milli 满分=feedback_scale 费用=cost_fen"),
        "活动登记：2025 年 4 月以前评价满分是 10 分，以后是 5 分，两段不能合计", preset="plain", known=("*",),
        encoding="gb18030", dates="slash",
    ),
    Layout(
        "activity", "lanting", "lanting/活动台账_20251008.csv",
        fields("活动编号=activity_id 名称=activity_name 类型=activity_kind 状态=status 日期=held_on 参加人数=participants "
               "参与户数=households 志愿者人数=volunteers 志愿服务时长=volunteer_hours_milli 评价份数=feedback_n "
               "平均分=feedback_mean_milli 满分=feedback_scale 活动费用=cost_fen"),
        "活动台账：带 BOM 的 UTF-8", preset="plain", known=("*",), encoding="utf-8-sig", dates="hanzi",
    ),
    Layout(
        "service_extra", "yinhe", "yinhe/便民服务登记_20251008.csv",
        fields("登记编号=service_id 服务日期=held_on 服务类型=service_kind 服务人次=served 服务部门=department 服务人群=owner_segment 登记人姓名"),
        "便民服务登记：每类每周一行，服务日单列", preset="plain", known=("*",),
    ),
    Layout(
        "service_extra", "cuihu", "cuihu/便民服务_20251008.csv",
        fields("服务编号=service_id 日期=held_on 服务项目=service_kind 人次=served 部门=department 服务对象=owner_segment"),
        "便民服务：类型用自己的叫法，逐个对应", preset="plain", known=("*",), encoding="gb18030", dates="dot",
        codes={"service_kind": _OTHER_KINDS},
    ),
    Layout(
        "service_extra", "lanting", "lanting/便民服务_20251008.csv",
        fields("编号=service_id 登记日期=held_on 类型=service_kind 次数=served 责任部门=department"),
        "便民服务：没有登记服务人群", preset="plain", known=("*",), encoding="utf-8-sig",
    ),
    Layout(
        "notice", "yinhe", "yinhe/公告台账_20251008.xlsx",
        fields("公告编号=notice_id 公告类型=notice_kind 标题=title 发布渠道=notice_channel 发布时间=published_at "
               "停供种类=outage_kind 停供开始时间=about_start_at 触达人次=reach"),
        "公告台账", preset="plain", known=("*",),
    ),
    Layout(
        "notice", "cuihu", "cuihu/公告发布记录_20251008.csv",
        fields("编号=notice_id 类型=notice_kind 公告标题=title 渠道=notice_channel 公告时间=published_at "
               "停用种类=outage_kind 影响开始时间=about_start_at 阅读量=reach"),
        "公告发布记录：GB18030 编码", preset="plain", known=("*",), encoding="gb18030", dates="slash",
    ),
    Layout(
        "notice", "lanting", "lanting/公告_20251008.csv",
        fields("公告编号=notice_id 公告类型=notice_kind 主题=title 发布渠道=notice_channel 发布时间=published_at "
               "停供类型=outage_kind 停用开始时间=about_start_at"),
        "公告：没有登记触达人次，也没有公示过服务标准", preset="plain", known=("*",), encoding="utf-8-sig", dates="hanzi",
    ),
    Layout(
        "meeting", "yinhe", "yinhe/会议与接待_20251008.csv",
        fields("会议编号=meeting_id 会议类型=meeting_kind 会议日期=held_on 参会人数=attendees 接待户数=households 议题数=topics "
               "已解决议题=resolved 质询数=asked 已答复数=answered 最近跟进日期=followed_up_on"),
        "会议与接待：座谈会、接待、监督委员会在同一张表", preset="plain", known=("*",),
    ),
    Layout(
        "meeting", "cuihu", "cuihu/会议记录_20251008.csv",
        fields("编号=meeting_id 类型=meeting_kind 召开日期=held_on 到会人数=attendees 户数=households 提出事项=topics "
               "已解决=resolved 提问数=asked 答复数=answered 跟进日期=followed_up_on"),
        "会议记录：类型用自己的叫法", preset="plain", known=("*",), encoding="gb18030", dates="slash",
        codes={"meeting_kind": _OTHER_MEETINGS},
    ),
    Layout(
        "meeting", "lanting", "lanting/会议台账_20251008.csv",
        fields("会议编号=meeting_id 会议类型=meeting_kind 日期=held_on 人数=attendees 户数=households 议题数=topics "
               "解决事项=resolved 跟进日期=followed_up_on"),
        "会议台账：没有监督委员会", preset="plain", known=("*",), encoding="utf-8-sig",
    ),
    Layout(
        "digital_usage", "yinhe", "yinhe/平台使用统计_20251008.xlsx",
        fields("月份=month_on 平台=tool 功能=platform_function 注册户数=registered_households 活跃户数=active_households 业务笔数=transactions"),
        "平台使用统计：两个工具，按功能分", preset="plain", known=("*",),
    ),
    Layout(
        "digital_usage", "cuihu", "cuihu/APP使用情况_20251008.csv",
        fields("统计月份=month_on 应用=tool 模块=platform_function 绑定户数=registered_households 使用户数=active_households 办理笔数=transactions"),
        "APP 使用情况", preset="plain", known=("*",), encoding="gb18030",
    ),
    Layout(
        "digital_usage", "lanting", "lanting/小程序统计_20251008.csv",
        fields("月份=month_on 工具=tool 注册户数=registered_households 活跃户数=active_households 交易笔数=transactions"),
        "小程序统计：不分功能，声明为全部功能", preset="plain", known=("*",), encoding="utf-8-sig",
        constants={"platform_function": "all"},
    ),
)  # fmt: skip
