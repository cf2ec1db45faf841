"""Answer scales in words: how a rating written in Chinese or English becomes points, 5 being the best."""

from __future__ import annotations

FIVE_POINT: dict[str, int] = {
    "非常满意": 5,
    "很满意": 5,
    "满意": 4,
    "比较满意": 4,
    "基本满意": 4,
    "一般": 3,
    "不满意": 2,
    "不太满意": 2,
    "非常不满意": 1,
    "很不满意": 1,
    "very satisfied": 5,
    "satisfied": 4,
    "neutral": 3,
    "dissatisfied": 2,
    "very dissatisfied": 1,
}
"""Words of the usual five-point scale.  A source may declare its own words; other scales are always declared."""

DONT_KNOW = ("不了解", "不清楚", "不适用", "无法评价", "(跳过)", "-2", "-3")
"""Answers outside every base: they are counted, never scored."""
