"""The tables of community life, literally: activities, extra services, notices, meetings."""

from __future__ import annotations

from propkit.model import Column, Table
from propkit.text import Text

ACTIVITY_KINDS = {
    "festival": Text("节日活动", "Festival"),
    "culture": Text("文化文艺", "Culture"),
    "sports": Text("体育健身", "Sports"),
    "health": Text("健康讲座", "Health talk"),
    "family": Text("亲子活动", "Family"),
    "neighbour": Text("邻里联谊", "Neighbours"),
    "volunteering": Text("公益志愿", "Volunteering"),
    "education": Text("宣传教育", "Publicity and education"),
    "other": Text("其他活动", "Other activities"),
}
CULTURE = ("festival", "culture", "sports", "health", "family", "neighbour")
"""The kinds of activity that count as community events."""
ACTIVITY_STATUSES = {
    "held": Text("已举办", "Held"),
    "cancelled": Text("已取消", "Cancelled"),
}
SERVICE_KINDS = {
    "carrying": Text("协助搬运", "Carrying"),
    "parcel": Text("代收快递", "Parcels received"),
    "directions": Text("指引方向", "Directions"),
    "housekeeping": Text("家政服务", "Housekeeping"),
    "food_stall": Text("便民菜站", "Food stall"),
    "home_care": Text("居家照护协助", "Help at home"),
    "knife_sharpening": Text("免费磨刀", "Knife sharpening"),
    "appliance_repair": Text("小家电维修", "Appliance repair"),
    "health_check": Text("健康义诊", "Health checks"),
    "haircut": Text("便民理发", "Haircuts"),
    "mending": Text("缝补修鞋", "Mending"),
    "legal_advice": Text("法律咨询", "Legal advice"),
    "other": Text("其他服务", "Other services"),
}
VALUE_ADDED = ("knife_sharpening", "appliance_repair", "health_check", "haircut", "mending", "legal_advice")
"""The kinds of service that count as value added."""
OWNER_SEGMENTS = {
    "everyone": Text("全体住户", "Everyone"),
    "elderly": Text("老年人", "Elderly"),
    "workers": Text("上班族", "Working people"),
    "children": Text("儿童", "Children"),
    "disabled": Text("残障人士", "Disabled people"),
    "new_parents": Text("孕产家庭", "New parents"),
    "other": Text("其他人群", "Other groups"),
}
NOTICE_KINDS = {
    "outage": Text("停水停电", "Outage"),
    "standards": Text("服务标准公示", "Service standards"),
    "campaign": Text("文明宣传", "Civility campaign"),
    "service_day": Text("服务日预告", "Service day"),
    "activity": Text("活动预告", "Activity"),
    "finance": Text("财务公示", "Accounts"),
    "safety": Text("安全提示", "Safety"),
    "other": Text("其他公告", "Other notices"),
}
NOTICE_CHANNELS = {
    "board": Text("公告栏", "Notice board"),
    "poster": Text("海报", "Poster"),
    "chat_group": Text("微信群", "Chat group"),
    "account": Text("公众号", "Public account"),
    "app": Text("业主APP", "Owners' app"),
    "message": Text("短信", "Text message"),
    "door": Text("入户派单", "Door to door"),
    "other": Text("其他渠道", "Other channels"),
}
OUTAGE_KINDS = {
    "water": Text("停水", "Water"),
    "power": Text("停电", "Power"),
    "gas": Text("停气", "Gas"),
    "heating": Text("停暖", "Heating"),
    "lift": Text("停梯", "Lift"),
    "network": Text("网络中断", "Network"),
    "other": Text("其他停供", "Other"),
}
MEETING_KINDS = {
    "forum": Text("业主座谈会", "Owners' meeting"),
    "reception": Text("现场接待", "Reception"),
    "supervision": Text("业主监督委员会", "Owners' supervisors"),
    "committee": Text("业委会会议", "Owners' committee"),
    "other": Text("其他会议", "Other meetings"),
}

# One line for each fact, as in a table.
# fmt: off
ACTIVITY = Table(
    name="activity",
    label=Text("社区活动", "Activities"),
    columns={
        "activity_id": Column("id", label=Text("活动编号", "Activity id"), required=True,
                              headers=("活动编号", "编号", "activity_id")),
        "activity_name": Column("text", label=Text("活动名称", "Activity"), headers=("活动名称", "活动主题", "名称", "activity_name")),
        "activity_kind": Column("choice", label=Text("活动类型", "Kind"), choices=ACTIVITY_KINDS,
                                headers=("活动类型", "活动类别", "类型", "activity_kind")),
        "status": Column("choice", label=Text("状态", "Status"), choices=ACTIVITY_STATUSES, headers=("状态", "status")),
        "held_on": Column("day", label=Text("活动日期", "Held on"), required=True,
                          headers=("活动日期", "举办日期", "日期", "活动时间", "held_on")),
        "participants": Column("whole", label=Text("参与人次", "Attendances"), low=0,
                               headers=("参与人次", "参与人数", "参加人数", "participants")),
        "households": Column("whole", label=Text("参与户数", "Households"), low=0,
                             headers=("参与户数", "参加户数", "households")),
        "volunteers": Column("whole", label=Text("志愿者人次", "Volunteers"), low=0,
                             headers=("志愿者人次", "志愿者人数", "志愿者", "volunteers")),
        "volunteer_hours_milli": Column("decimal", label=Text("志愿服务小时", "Volunteer hours"), low=0,
                                        headers=("志愿服务小时", "志愿服务时长", "志愿时长", "volunteer_hours")),
        "feedback_n": Column("whole", label=Text("评价份数", "Answers"), low=0, high=100_000,
                             headers=("评价份数", "反馈份数", "feedback_n")),
        "feedback_mean_milli": Column("decimal", label=Text("评价均分", "Mean score"), low=0,
                                      headers=("评价均分", "满意度均分", "平均分", "feedback_mean")),
        "feedback_scale": Column("whole", label=Text("评价满分", "Top of the scale"), low=1, high=100,
                                 headers=("评价满分", "满分", "feedback_scale")),
        "cost_fen": Column("money", label=Text("活动费用", "Cost"), low=0, headers=("活动费用", "费用", "cost")),
    },
    key=("community", "activity_id"),
    identity=("held_on",),
    dated_by="held_on",
)

SERVICE = Table(
    name="service_extra",
    label=Text("便民服务登记", "Extra services"),
    columns={
        "service_id": Column("id", label=Text("登记编号", "Id"), required=True,
                             headers=("登记编号", "服务编号", "编号", "service_id")),
        "held_on": Column("day", label=Text("服务日期", "Served on"), required=True,
                          headers=("服务日期", "日期", "登记日期", "held_on")),
        "service_kind": Column("choice", label=Text("服务类型", "Kind"), required=True, choices=SERVICE_KINDS,
                               headers=("服务类型", "服务项目", "类型", "service_kind")),
        "served": Column("whole", label=Text("服务人次", "Services"), required=True, low=0,
                         headers=("服务人次", "人次", "次数", "数量", "served")),
        "department": Column("text", label=Text("服务部门", "Department"),
                             headers=("服务部门", "部门", "责任部门", "department")),
        "owner_segment": Column("choice", label=Text("服务人群", "Group served"), choices=OWNER_SEGMENTS,
                                headers=("服务人群", "服务对象", "人群", "owner_segment")),
    },
    key=("community", "service_id"),
    identity=("held_on", "service_kind"),
    dated_by="held_on",
)

NOTICE = Table(
    name="notice",
    label=Text("公告台账", "Notices"),
    columns={
        "notice_id": Column("id", label=Text("公告编号", "Notice id"), required=True,
                            headers=("公告编号", "编号", "notice_id")),
        "notice_kind": Column("choice", label=Text("公告类型", "Kind"), required=True, choices=NOTICE_KINDS,
                              headers=("公告类型", "类型", "notice_kind")),
        "title": Column("text", label=Text("标题", "Title"), headers=("标题", "公告标题", "主题", "title")),
        "notice_channel": Column("choice", label=Text("发布渠道", "Channel"), choices=NOTICE_CHANNELS,
                                 headers=("发布渠道", "渠道", "notice_channel")),
        "published_at": Column("instant", label=Text("发布时间", "Published"), required=True,
                               headers=("发布时间", "公告时间", "published_at")),
        "outage_kind": Column("choice", label=Text("停供种类", "Kind of outage"), choices=OUTAGE_KINDS,
                              headers=("停供种类", "停供类型", "停用种类", "outage_kind")),
        "about_start_at": Column("instant", planned=True, label=Text("停供开始时间", "Outage begins"),
                                 headers=("停供开始时间", "停用开始时间", "影响开始时间", "about_start_at")),
        "reach": Column("whole", label=Text("触达人次", "Reach"), low=0, headers=("触达人次", "阅读量", "阅读人次", "reach")),
    },
    key=("community", "notice_id"),
    identity=("published_at",),
    dated_by="published_at",
)

MEETING = Table(
    name="meeting",
    label=Text("会议与接待", "Meetings"),
    columns={
        "meeting_id": Column("id", label=Text("会议编号", "Meeting id"), required=True,
                             headers=("会议编号", "编号", "meeting_id")),
        "meeting_kind": Column("choice", label=Text("会议类型", "Kind"), required=True, choices=MEETING_KINDS,
                               headers=("会议类型", "类型", "meeting_kind")),
        "held_on": Column("day", label=Text("会议日期", "Held on"), required=True,
                          headers=("会议日期", "召开日期", "接待日期", "日期", "held_on")),
        "attendees": Column("whole", label=Text("参会人数", "Attendees"), low=0,
                            headers=("参会人数", "到会人数", "人数", "attendees")),
        "households": Column("whole", label=Text("接待户数", "Households"), low=0,
                             headers=("接待户数", "户数", "households")),
        "topics": Column("whole", label=Text("议题数", "Topics"), low=0, headers=("议题数", "提出事项", "topics")),
        "resolved": Column("whole", label=Text("已解决议题", "Resolved"), low=0, known_from="followed_up_on",
                           headers=("已解决议题", "已解决", "解决事项", "resolved")),
        "asked": Column("whole", label=Text("质询数", "Questions asked"), low=0, headers=("质询数", "提问数", "asked")),
        "answered": Column("whole", label=Text("已答复数", "Questions answered"), low=0, known_from="followed_up_on",
                           headers=("已答复数", "已答复", "答复数", "answered")),
        "followed_up_on": Column("day", label=Text("最近跟进日期", "Last followed up"),
                                 headers=("最近跟进日期", "跟进日期", "followed_up_on")),
    },
    key=("community", "meeting_id"),
    identity=("held_on", "meeting_kind"),
    dated_by="held_on",
)
"""`resolved` and `answered` are as of `followed_up_on`, or of the meeting itself where that is blank."""

TABLES = (ACTIVITY, SERVICE, NOTICE, MEETING)
# fmt: on
