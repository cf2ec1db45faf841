"""What each export looks like: its headers, codes and styles, literally.  `exports` fills them with rows."""

from __future__ import annotations

from propkit.demo import (
    engagement,
    environment,
    facilities,
    finance,
    improvement,
    parking,
    people,
    published,
    security,
    service_days,
)
from propkit.demo.layout import Layout, fields
from propkit.demo.surveys import ITEMS, WORDS

_STATUS_CODES = {
    "waiting": "1000", "in_progress": "1100", "returned": "1200", "awaiting_payment": "1400",
    "awaiting_rating": "1700",
    "awaiting_revisit": "1800", "done": "1900", "closed_without_work": "2000", "paused": "2001", "cancelled": "9001",
    "duplicate": "9002",
}  # fmt: skip
_AGES = {band: f"{band}岁" for band in ("18-29", "30-39", "40-49", "50-59")} | {"60+": "60岁及以上"}
_EVENTS = {
    "created": "报修", "dispatched": "派单", "accepted": "接单", "arrived": "到场", "paused": "暂停",
    "resumed": "恢复",
    "completed": "完工", "closed": "结单", "revisited": "回访",
}  # fmt: skip
_OCCUPANCY = {"occupied": "已入住", "vacant": "空置"}
_SCORE_WORDS = {str(score): word for score, word in WORDS.items()}

YINHE = (
    Layout(
        "household",
        "yinhe",
        "yinhe/房产台账_20251008.xlsx",
        fields(
            "楼号=_building 单元=_unit 房间=_room 区域=zone 房屋用途=use 房屋状态=occupancy 业主名称 性别 "
            "手机号 业主类型=owner_type 年龄段=age_band 入住日期=moved_in_on"
        ),
        "房产台账：楼号、单元、房间三列合成房号",
        preset="java110",
        rooms="split",
        known=("household", "use", "occupancy", "owner_type", "moved_in_on"),
        codes={"occupancy": _OCCUPANCY, "age_band": _AGES},
    ),
    Layout(
        "work_order",
        "yinhe",
        "yinhe/工单_{}_20251008.xlsx",
        fields(
            "工单编码=order_id 位置=household 公共区域=public_area 设备编号=asset_id 报修类型=category "
            "维修类型=fault_type 紧急程度=urgency 报修渠道=channel 工单来源=origin 报修人 联系方式 "
            "预约时间=appointment_from 预约结束时间=appointment_to 提交时间=reported_at 接单时间=accepted_at "
            "要求完成时间=due_at 完成时间=completed_at 结单时间=closed_at 状态=status 上门次数=visit_count "
            "无人在家次数=no_access_visits 计划多次上门=planned_multi_visit 超时原因=delay_reason "
            "综合评价得分=rating 回访时间=revisited_at 回访满意度=revisit_score 更新时间=updated_at"
        ),
        "工单：每季度一个文件，首行是标题，末行是合计；派单和到场时间不在此表，取自工单流转",
        preset="java110",
        known=(
            "order_id",
            "household",
            "category",
            "channel",
            "status",
            "reported_at",
            "appointment_from",
            "accepted_at",
            "completed_at",
            "rating",
            "revisited_at",
            "revisit_score",
            "updated_at",
        ),
        sheet="报修工单",
        title="银河湾报修工单池（虚构数据）",
        codes={
            "status": _STATUS_CODES,
            "channel": {"app": "Z", "phone": "T", "desk": "D", "inspection": "巡检", "other": "其他"},
        },
    ),
    Layout(
        "order_event",
        "yinhe",
        "yinhe/工单流转_20251008.xlsx",
        fields("序号=_number 工单编码=order_id 处理人 状态=event 处理结束时间=at 意见"),
        "工单流转：每个环节一行",
        preset="java110",
        known=("order_id", "event", "at"),
        codes={"event": _EVENTS},
    ),
    Layout(
        "complaint",
        "yinhe",
        "yinhe/投诉台账_20251008.xlsx",
        fields(
            "ID=complaint_id 类型=kind 房屋=household 联系人 联系电话 渠道=channel 投诉大类=type_l1 "
            "投诉小类=type_l2 责任部门=department 主题=title 状态=status 处理人 创建时间=received_at "
            "首次响应时间=first_response_at 承诺办结时间=promised_at 办结时间=resolved_at 关闭时间=closed_at "
            "是否有效投诉=valid 重复于=duplicate_of 处理次数=contacts 根因=root_cause 回访时间=revisited_at "
            "处理满意度=satisfaction"
        ),
        "投诉、建议、咨询在同一张表；满意度写成文字",
        preset="java110",
        known=("complaint_id", "kind", "household", "status", "received_at", "type_l1", "resolved_at"),
        codes={"satisfaction": _SCORE_WORDS, "status": {"open": "处理中", "resolved": "处理完成", "closed": "已关闭"}},
    ),
    Layout(
        "feedback",
        "yinhe",
        "yinhe/表扬台账_20251008.csv",
        fields("表扬编号=feedback_id 登记时间=at 形式=kind 部门=department 登记人姓名"),
        "表扬台账：常用表头，不必逐列对应",
        preset="plain",
        known=("*",),
        dates="slash",
    ),
    Layout(
        "fee_bill",
        "yinhe",
        "yinhe/应收账单_20251008.xlsx",
        fields(
            "费用编号=bill_id 房号=household 业主 费用项=fee_item 费用开始时间=period_start "
            "费用结束时间=period_end 应缴日期=due_on 应收金额=amount_due_fen 减免金额=waiver_fen "
            "优惠金额=discount_fen"
        ),
        "应收：末行是合计",
        preset="java110",
        known=("*",),
    ),
    Layout(
        "fee_payment",
        "yinhe",
        "yinhe/缴费明细_{}_20251008.xlsx",
        fields(
            "订单号=payment_id 费用编号=bill_id 房号=household 业主 费用类型 费用项=fee_item 支付方式=channel "
            "缴费时间=paid_at 实收金额=amount_fen 滞纳金=penalty_fen 是否预交=is_prepayment 是否退款=is_refund "
            "收银员"
        ),
        "缴费明细：两个文件中费用类型与费用项的列序相反，不影响读取",
        preset="java110",
        known=("payment_id", "bill_id", "household", "paid_at", "amount_fen", "penalty_fen", "channel"),
    ),
)

CUIHU = (
    Layout(
        "household",
        "cuihu",
        "cuihu/房屋台账_20251008.xlsx",
        fields(
            "房号=household 片区=zone 用途=use 入住状态=occupancy 住户姓名 手机 住户类型=owner_type "
            "年龄段=age_band 入住日期=moved_in_on"
        ),
        "房屋台账",
        preset="plain",
        known=("*",),
        rooms="hanzi",
        dates="slash",
        codes={"age_band": _AGES},
    ),
    Layout(
        "work_order",
        "cuihu",
        "cuihu/报修台账_{}.csv",
        fields(
            "单号=order_id 报修房号=household 公共部位=public_area 设备=asset_id 报修大类=category "
            "故障=fault_type 级别=urgency 来电方式=channel 来源=origin 报修人 手机号 报修时间=reported_at "
            "派工时间=dispatched_at 接单时间=accepted_at 到场时间=arrived_at 完工时间=completed_at "
            "结单时间=closed_at 时限=due_at 预约从=appointment_from 预约至=appointment_to 进度=status "
            "上门次数=visit_count 空跑次数=no_access_visits 分次施工=planned_multi_visit 超时原因=delay_reason "
            "业主评分=rating 回访时间=revisited_at 回访评分=revisit_score 最后更新=updated_at"
        ),
        "每月一个文件，月初导出；上月未办结的工单会以新状态再次出现，以最后更新为准",
        encoding="gb18030",
        rooms="hanzi",
        dates="slash",
        codes={
            "urgency": {"emergency": "急", "routine": "普通"},
            "channel": {"app": "公众号", "phone": "电话", "desk": "前台", "inspection": "巡检", "other": "其他"},
            "status": {"awaiting_revisit": "待回访", "done": "已完成", "closed_without_work": "未修结单"},
        },
    ),
    Layout(
        "complaint",
        "cuihu",
        "cuihu/投诉登记表_20251008.xlsx",
        fields(
            "投诉信息/编号=complaint_id 投诉信息/类型=kind 投诉信息/房号=household 投诉信息/投诉人 "
            "投诉信息/渠道=channel 投诉信息/大类=type_l1 投诉信息/小类=type_l2 投诉信息/主题=title "
            "处理过程/责任部门=department 处理过程/受理时间=received_at 处理过程/首次响应=first_response_at "
            "处理过程/承诺时间=promised_at 处理过程/办结时间=resolved_at 处理过程/关闭时间=closed_at "
            "处理过程/状态=status 处理过程/次数=contacts 核实回访/是否有效=valid 核实回访/重复于=duplicate_of "
            "核实回访/根因=root_cause 核实回访/回访时间=revisited_at 核实回访/满意度=satisfaction"
        ),
        "两行合并表头；满意度 1 为非常满意、5 为非常不满意（反向量表）",
        rooms="hanzi",
        dates="true",
        reverse=True,
        title="翠湖花园投诉登记表（虚构数据）",
    ),
    Layout(
        "feedback",
        "cuihu",
        "cuihu/表扬登记_20251008.csv",
        fields("编号=feedback_id 时间=at 形式=kind 部门=department"),
        "表扬登记：GB18030 编码的 CSV",
        preset="plain",
        known=("*",),
        encoding="gb18030",
        dates="dot",
    ),
    Layout(
        "fee_bill",
        "cuihu",
        "cuihu/应收台账_20251008.xlsx",
        fields(
            "账单/账单号=bill_id 账单/房号=household 账单/项目=fee_item 服务期/起=period_start "
            "服务期/止=period_end 服务期/应缴日=due_on 金额/应收=amount_due_fen 金额/减免=waiver_fen "
            "金额/优惠=discount_fen"
        ),
        "应收：两行合并表头",
        rooms="hanzi",
        dates="serial",
    ),
    Layout(
        "fee_payment",
        "cuihu",
        "cuihu/收款流水_{}_20251008.xlsx",
        fields(
            "流水号=payment_id 账单号=bill_id 房号=household 方式=channel 缴费时间=paid_at 金额=amount_fen "
            "违约金=penalty_fen 预交=is_prepayment 退款=is_refund"
        ),
        "收款流水：按年度分文件",
        rooms="hanzi",
        dates="slash",
    ),
)

LANTING = (
    Layout(
        "household",
        "lanting",
        "lanting/住户台账_20251008.csv",
        fields(
            "房号=household 区域=zone 用途=use 入住状态=occupancy 姓名 电话 住户类型=owner_type "
            "年龄段=age_band 入住日期=moved_in_on"
        ),
        "住户台账：带 BOM 的 UTF-8",
        preset="plain",
        known=("*",),
        encoding="utf-8-sig",
        rooms="block",
        codes={"age_band": _AGES},
    ),
    Layout(
        "work_order",
        "lanting",
        "lanting/报修工单_20251008.csv",
        fields(
            "工单编号=order_id 房号=household 公共区域=public_area 设备编号=asset_id 报修类型=category "
            "故障类型=fault_type 紧急程度=urgency 报修渠道=channel 工单来源=origin 联系电话 "
            "报修时间=reported_at 派单时间=dispatched_at 接单时间=accepted_at 到场时间=arrived_at "
            "完成时间=completed_at 结单时间=closed_at 要求完成时间=due_at 预约开始时间=appointment_from "
            "预约结束时间=appointment_to 状态=status 上门次数=visit_count 无人在家次数=no_access_visits "
            "计划多次上门=planned_multi_visit 超时原因=delay_reason 评价=rating 回访时间=revisited_at "
            "回访满意度=revisit_score 更新时间=updated_at"
        ),
        "表头都是常用名称，一列也不必对应",
        preset="plain",
        known=("*",),
        encoding="utf-8-sig",
        rooms="block",
    ),
    Layout(
        "complaint",
        "lanting",
        "lanting/投诉台账_20251008.csv",
        fields(
            "投诉编号=complaint_id 类型=kind 房号=household 联系电话 渠道=channel 投诉大类=type_l1 "
            "投诉小类=type_l2 责任部门=department 主题=title 状态=status 受理时间=received_at "
            "首次响应时间=first_response_at 承诺办结时间=promised_at 办结时间=resolved_at 关闭时间=closed_at "
            "是否有效投诉=valid 重复于=duplicate_of 处理次数=contacts 根因=root_cause 回访时间=revisited_at "
            "处理满意度=satisfaction"
        ),
        "投诉台账：带 BOM 的 UTF-8；2025 年 5 月没有投诉",
        preset="plain",
        known=("*",),
        encoding="utf-8-sig",
        rooms="block",
        dates="hanzi",
    ),
    Layout(
        "feedback",
        "lanting",
        "lanting/表扬台账_20251008.csv",
        fields("表扬编号=feedback_id 登记时间=at 形式=kind 部门=department"),
        "表扬台账",
        preset="plain",
        known=("*",),
        encoding="utf-8-sig",
    ),
    Layout(
        "fee_bill",
        "lanting",
        "lanting/应收账单_20251008.xlsx",
        fields(
            "账单编号=bill_id 房号=household 费用项=fee_item 费用开始时间=period_start 费用结束时间=period_end "
            "应缴日期=due_on 应收金额=amount_due_fen 减免金额=waiver_fen 优惠金额=discount_fen"
        ),
        "应收：每户每月一行，末行合计",
        preset="plain",
        known=("*",),
        rooms="block",
        dates="true",
    ),
    Layout(
        "fee_payment",
        "lanting",
        "lanting/缴费明细_20251008.xlsx",
        fields(
            "订单号=payment_id 房号=household 费用项=fee_item 费用开始时间=period_start 支付方式=channel "
            "缴费时间=paid_at 实收金额=amount_fen 滞纳金=penalty_fen 是否预交=is_prepayment 是否退款=is_refund"
        ),
        "缴费明细没有账单编号：按房号、费用项、费用开始时间与应收对上",
        preset="plain",
        known=("*",),
        rooms="block",
    ),
)


def _questions(form: str) -> str:
    return " ".join(form.format(at + 1, text.zh) + f"=item:{item}" for at, (item, text) in enumerate(ITEMS.items()))


_WAVE1 = (
    "答卷编号=response_id 提交时间=submitted_at 调查方式=mode 房号=household 住户类型=owner_type 年龄段=age_band "
    "入住年限=residence 区域=zone "
)
_WHO1 = ("response_id", "submitted_at", "mode", "household", "owner_type", "age_band", "residence", "zone")
SURVEYS = (
    Layout(
        "survey_response",
        "yinhe",
        "survey/2025上半年_银河湾_20250328.xlsx",
        fields(_WAVE1 + _questions("{1}")),
        "上半年调查（电话与入户），答案是文字",
        preset="plain",
        known=_WHO1,
        items="words",
        codes={"age_band": _AGES},
        constants={"survey_id": "2025H1"},
    ),
    Layout(
        "survey_response",
        "cuihu",
        "survey/2025上半年_翠湖花园_20250328.csv",
        fields(_WAVE1 + _questions("{1}")),
        "同一次调查，翠湖花园用反向编码：1 为非常满意，5 为非常不满意",
        preset="plain",
        known=_WHO1,
        encoding="gb18030",
        rooms="hanzi",
        dates="slash",
        items="codes",
        reverse=True,
        codes={"age_band": _AGES},
        constants={"survey_id": "2025H1"},
    ),
    Layout(
        "survey_response",
        "lanting",
        "survey/2025上半年_兰亭苑_20250328.csv",
        fields(_WAVE1 + _questions("{1}")),
        "同一次调查，兰亭苑用 5 为最好的编码",
        preset="plain",
        known=_WHO1,
        encoding="utf-8-sig",
        rooms="block",
        items="codes",
        codes={"age_band": _AGES},
        constants={"survey_id": "2025H1"},
    ),
    Layout(
        "survey_response",
        "",
        "survey/问卷星_2025下半年_全部小区_20250930.xlsx",
        fields(
            "序号=response_id 提交答卷时间=submitted_at 所用时间=seconds_used 来源 来源详情 来自IP "
            "1、小区名称=_estate 2、房号=household 3、住户类型=owner_type 4、年龄段=age_band "
            "5、入住年限=residence 6、居住区域=zone  " + _questions("第7题({1})") + " 8、您的意见和建议=comment"
        ),
        "下半年调查（问卷星，按文字导出）：三个小区在一个文件里，小区取自「小区名称」一题；来自IP 不会被读取",
        preset="wjx",
        known=("response_id", "submitted_at", "seconds_used"),
        dates="slash",
        items="words",
        codes={"age_band": _AGES},
        constants={"survey_id": "2025H2", "mode": "online"},
    ),
)

ROOMS = (finance, facilities, environment, security, parking, engagement, people, service_days, improvement, published)
"""The parts of the demo that hold their rows and their layouts together."""
LAYOUTS = (*YINHE, *CUIHU, *LANTING, *SURVEYS, *(layout for room in ROOMS for layout in room.LAYOUTS))
