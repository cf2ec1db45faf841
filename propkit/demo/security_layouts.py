"""What the exports of order and safety look like, literally."""

from __future__ import annotations

from propkit.demo.layout import Layout, fields

LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "patrol_plan",
        "yinhe",
        "yinhe/巡更计划_20251008.xlsx",
        fields(
            "计划编号=plan_id 巡更路线=route 巡更点名称=checkpoint 轮次编号=round_id 计划时间=planned_at "
            "允许误差（分钟）=window_minutes 路线长度（公里）=route_milli 重点部位=key_point 标准间隔（小时）=gap_milli"
        ),
        "巡更计划：2025 年 7 月至 9 月，每点每次一行；兰亭苑没有巡更计划，那里的巡逻指标是无数据，不是 0%",
        preset="plain",
        known=("*",),
    ),
    Layout(
        "patrol_scan",
        "yinhe",
        "yinhe/巡更记录_20251008.xlsx",
        fields("巡更路线=route 巡更点名称=checkpoint 打卡时间=actual_at 员工姓名=guard 有无异常=issue_found"),
        "巡更记录：8 月 14 日手持机没有记录，计划的巡查全部算漏巡；员工姓名读取时即加密",
        preset="plain",
        known=("*",),
        dates="true",
    ),
    Layout(
        "patrol_plan",
        "cuihu",
        "cuihu/巡逻任务_20251008.xlsx",
        fields(
            "任务/任务号=plan_id 任务/线路=route 任务/点位=checkpoint 任务/批次=round_id 任务/应到时间=planned_at "
            "要求/误差分钟=window_minutes 要求/线路公里=route_milli 要求/重点=key_point 要求/间隔小时=gap_milli"
        ),
        "巡逻任务：两行合并表头",
        dates="serial",
    ),
    Layout(
        "patrol_scan",
        "cuihu",
        "cuihu/巡逻打卡_20251008.xlsx",
        fields("线路=route 点位=checkpoint 打卡=actual_at 人员=guard 异常=issue_found"),
        "巡逻打卡：夜间有几轮在半分钟内刷完",
        dates="slash",
    ),
    Layout(
        "hazard",
        "yinhe",
        "yinhe/隐患台账_20251008.xlsx",
        fields(
            "隐患编号=hazard_id 隐患类型=hazard_kind 隐患等级=hazard_level 隐患来源=hazard_source 发现时间=found_at "
            "整改期限=due_at 整改完成时间=rectified_at 验收时间=verified_at 状态=status"
        ),
        "隐患台账：已整改与已验收分开登记",
        preset="plain",
        known=("*",),
        title="银河湾隐患排查治理台账（虚构数据）",
    ),
    Layout(
        "hazard",
        "cuihu",
        "cuihu/安全隐患_20251008.csv",
        fields(
            "单号=hazard_id 类别=hazard_kind 级别=hazard_level 发现途径=hazard_source 发现于=found_at 限期=due_at "
            "整改于=rectified_at 销号于=verified_at 进度=status"
        ),
        "安全隐患：限期只写日期，算到当天结束；2025 年 4 月起整顿",
        encoding="gb18030",
        dates="slash",
        codes={
            "hazard_kind": {"fire_safety": "消防类", "facility": "设施类", "security": "治安类", "other": "其他类"},
            "hazard_source": {"patrol": "巡逻发现", "inspection": "检查发现", "owner": "业主反映"},
            "status": {"open": "整改中", "rectified": "待验收", "verified": "已销号", "void": "作废"},
        },
    ),
    Layout(
        "hazard",
        "lanting",
        "lanting/隐患台账_20251008.csv",
        fields(
            "隐患编号=hazard_id 隐患类别=hazard_kind 等级=hazard_level 来源=hazard_source 发现时间=found_at "
            "要求整改时间=due_at 整改时间=rectified_at 复查时间=verified_at 整改状态=status"
        ),
        "隐患台账",
        preset="plain",
        known=("*",),
        encoding="utf-8-sig",
        dates="hanzi",
    ),
    Layout(
        "incident",
        "yinhe",
        "yinhe/突发事件_20251008.xlsx",
        fields(
            "事件编号=incident_id 事件类型=incident_kind 事件等级=incident_level 发生时间=occurred_at "
            "接报时间=reported_at 到场时间=arrived_at 控制时间=controlled_at 结案时间=closed_at 处理结果=outcome "
            "联动单位=external_agency 伤亡人数=casualties 财产损失=loss_fen 是否误报=false_alarm"
        ),
        "突发事件台账",
        preset="plain",
        known=("*",),
        dates="true",
    ),
    Layout(
        "incident",
        "cuihu",
        "cuihu/应急事件_20251008.csv",
        fields(
            "编号=incident_id 类型=incident_kind 等级=incident_level 发生时间=occurred_at 上报时间=reported_at "
            "到达时间=arrived_at 处置时间=controlled_at 办结时间=closed_at 处置结果=outcome 外部单位=external_agency "
            "伤亡=casualties 损失金额=loss_fen 误报=false_alarm 登记人姓名"
        ),
        "应急事件：GB18030 编码的 CSV",
        preset="plain",
        known=("*",),
        encoding="gb18030",
        dates="dot",
    ),
    Layout(
        "incident",
        "lanting",
        "lanting/突发事件_20251008.csv",
        fields(
            "事件编号=incident_id 事件类型=incident_kind 等级=incident_level 发生时间=occurred_at 接报时间=reported_at "
            "到场时间=arrived_at 控制时间=controlled_at 结案时间=closed_at 处理结果=outcome 联动单位=external_agency "
            "伤亡人数=casualties 财产损失=loss_fen 是否误报=false_alarm"
        ),
        "突发事件：2025 年 2 月一起也没有",
        preset="plain",
        known=("*",),
        encoding="utf-8-sig",
    ),
    *(
        Layout(
            "drill",
            place,
            f"{place}/{file}_20251008.{kind}",
            fields(
                "演练编号=drill_id 演练类型=drill_kind 演练日期=held_on 应参加人数=expected 参演人数=attended "
                "评估得分=score 用时（分钟）=minutes 发现问题数=findings 已整改问题数=findings_closed"
            ),
            "应急演练",
            preset="plain",
            known=("*",),
            encoding=encoding,
            dates=dates,
        )
        for place, file, kind, encoding, dates in (
            ("yinhe", "应急演练", "xlsx", "utf-8", "true"),
            ("cuihu", "演练记录", "csv", "gb18030", "slash"),
            ("lanting", "应急演练", "csv", "utf-8-sig", "hanzi"),
        )
    ),
    *(
        Layout(
            "emergency_plan",
            place,
            f"{place}/应急预案_20251008.csv",
            fields("预案编号=plan_id 预案名称=plan_name 变更类型=plan_change 变更日期=changed_on"),
            "应急预案：每次新增或修订一行",
            preset="plain",
            known=("*",),
            encoding=encoding,
            dates=dates,
        )
        for place, encoding, dates in (
            ("yinhe", "utf-8", "dash"),
            ("cuihu", "gb18030", "slash"),
            ("lanting", "utf-8-sig", "compact"),
        )
    ),
    Layout(
        "visitor",
        "yinhe",
        "yinhe/访客记录_20251008.csv",
        fields("登记编号=visitor_id 来访时间=at 门岗=gate 是否登记=registered"),
        "访客记录：2025 年 9 月；写明是否登记的是门岗抽查。翠湖花园没有访客记录",
        preset="plain",
        known=("*",),
        dates="slash",
    ),
    Layout(
        "visitor",
        "lanting",
        "lanting/访客登记_20251008.xlsx",
        fields("访客记录编号=visitor_id 到访时间=at 出入口=gate 是否登记=registered"),
        "访客登记：2025 年 9 月",
        preset="plain",
        known=("*",),
        dates="true",
    ),
)
