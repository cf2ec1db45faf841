"""From an exact value to what is printed: rounding once, shares which add up, the state of a figure (statistics.md 9).

The only place of this package which rounds. Nothing printed may look like a hit, a zero or a hundred which it is not.
"""

from decimal import Decimal
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np
import pandas as pd

from propkit.stats.arguments import Numbers, Result, answer, elements, floats, nested_counts

# NCHS presentation standards (surveytable .lpe_percents), and the bases below which people or figures are protected.
FEWEST_OPINIONS, FEWEST_RELIABLE = 10, 30
WIDEST, NARROW, WIDEST_RELATIVE = 0.30, 0.05, 1.30
NO_DATA = "—"
# From this base on a percentage carries one decimal.
BASE_FOR_DECIMAL = 1000

Exact = int | float | str | Decimal | Rational


def _exact(value: Exact) -> Fraction:
    """Return the number as written: 0.1 is one tenth, not the binary fraction next to it."""
    if isinstance(value, float | np.floating):
        return Fraction(repr(float(value)))
    return Fraction(value.item() if isinstance(value, np.generic) else value)


def round_exact(numerator: Exact, denominator: Exact = 1, decimals: int = 0) -> Decimal:
    """Return numerator / denominator rounded once, half to even, on the exact rational.

    Source: GB/T 8170-2008 (four down, six up, five to even; no repeated rounding).
    Errors: ValueError for a denominator of 0 or negative decimals.

    >>> [str(round_exact(n, 8, 0)) for n in (100, 108, 700)], round_exact(2675, 1000, 2)
    (['12', '14', '88'], Decimal('2.68'))
    """
    if decimals < 0:
        raise ValueError(f"round_exact: decimals is {decimals}, expected 0 or more")
    bottom = _exact(denominator)
    if bottom == 0:
        raise ValueError("round_exact: the denominator is 0, expected a base; show no data instead of a number")
    units = round(_exact(numerator) / bottom * 10**decimals)
    # Built from digits, because Decimal arithmetic would round a second time to its context.
    return Decimal((int(units < 0), tuple(int(digit) for digit in str(abs(units))), -decimals))


def round_shares(values: Numbers, total: int = 100, decimals: int = 0) -> pd.DataFrame:
    """Return parts of a whole rounded so that they add up to `total` exactly.

    Formula: largest remainder (Hamilton): floor all, give the missing units to the largest remainders, ties to the
    larger value, then to the first. Not for shares of a question with several answers, which need not add up.
    Source: Balinski & Young 2001.
    Columns: rounded (unit of `total`), units (whole numbers of the last decimal, adding up to total 10^decimals),
    status (ok; no_data when all are zero or missing). Missing values stay missing.
    Errors: ValueError for negative values or a total with more decimals than asked for.

    >>> round_shares([1, 1, 1])["rounded"].tolist(), round_shares([2, 2, 1], decimals=1)["units"].tolist()
    ([34.0, 33.0, 33.0], [400, 400, 200])
    """
    array = np.atleast_1d(floats("round_shares", "values", values))
    index = values.index if isinstance(values, pd.Series) else pd.RangeIndex(len(array))
    parts = {i: _exact(value) for i, value in enumerate(array) if not np.isnan(value)}
    whole, scale = sum(parts.values()), _exact(total) * 10**decimals
    if any(part < 0 for part in parts.values()) or scale.denominator != 1 or scale <= 0:
        raise ValueError(f"round_shares: got a negative value or total {total}, expected parts of 0 or more of a whole")
    if whole == 0:
        missing = pd.array([pd.NA] * len(array), dtype="Int64")
        return pd.DataFrame({"rounded": np.nan, "units": missing, "status": "no_data"}, index=index)
    units = _largest_remainder({i: part * scale / whole for i, part in parts.items()}, int(scale))
    column = pd.array([units.get(i, pd.NA) for i in range(len(array))], dtype="Int64")
    rounded = column.to_numpy(dtype=float, na_value=np.nan) / 10**decimals
    status = np.where(np.isnan(array), "no_data", "ok")
    return pd.DataFrame({"rounded": rounded, "units": column, "status": status}, index=index)


def _largest_remainder(exact: dict[int, Fraction], total: int) -> dict[int, int]:
    units = {i: int(value) for i, value in exact.items()}
    order = sorted(exact, key=lambda i: (units[i] - exact[i], -exact[i], i))
    for i in order[: total - sum(units.values())]:
        units[i] += 1
    return units


def format_percent(count: Numbers, nobs: Numbers, decimals: int | None = None, target: float | None = None) -> Result:
    """Return shares as text for readers; `percent_text` is the same for one share as a plain string.

    Formula: half to even on the exact fraction; decimals by default 0 below a base of 1,000, else 1. Never "0%" or
    "100%" unless the count is exactly 0 or n: "<1%", ">99%" ("<0.1%", ">99.9%" with one decimal). With `target`
    decimals are added until the printed value lies on the same side of it as the exact one. n = 0 gives "—".
    Columns: text. Errors: ValueError for count > nobs or negative decimals.

    >>> format_percent(1, 8)["text"], format_percent(1, 300)["text"], format_percent(1999, 2000)["text"]
    ('12%', '<1%', '>99.9%')
    """
    numbers, index = nested_counts("format_percent", count=count, nobs=nobs)
    rows = zip(*numbers.values(), strict=True)
    return answer({"text": np.array([percent_text(x, n, decimals, target) for x, n in rows], dtype=object)}, index)


def percent_text(count: float, nobs: float, decimals: int | None = None, target: float | None = None) -> str:
    """Return one share as text; see `format_percent`.

    >>> percent_text(9496, 10000, 0), percent_text(9496, 10000, 0, target=0.95), percent_text(0, 0)
    ('95%', '94.96%', '—')
    """
    if not nobs > 0 or np.isnan(count):
        return NO_DATA
    places = (1 if nobs >= BASE_FOR_DECIMAL else 0) if decimals is None else decimals
    exact = Fraction(int(count), int(nobs))
    shown = round_exact(100 * exact, 1, places)
    if target is not None:
        goal = _exact(target)
        while _side(Fraction(shown) / 100, goal) != _side(exact, goal):
            places += 1
            shown = round_exact(100 * exact, 1, places)
    step = Decimal(1).scaleb(-places)
    if shown == 0 and exact > 0:
        return f"<{step}%"
    if shown == 100 and exact < 1:
        return f">{100 - step}%"
    return f"{shown}%"


def _side(value: Fraction, goal: Fraction) -> int:
    return (value > goal) - (value < goal)


def presentation_status(count: Numbers, nobs: Numbers, survey: Any = False) -> Result:
    """Return how a share may be shown.

    suppressed: opinions (`survey`) with n < 10. unreliable: n < 30, or exact interval 0.30 or wider, or wider than
    0.05 and wider than 1.30 times the estimate; 0 of n and n of n skip the width rules and are flagged extreme.
    Source: NCHS presentation standards for proportions (Parker et al. 2017), thresholds of statistics.md 9.
    Columns: status (no_data, suppressed, unreliable, ok), ci_width (share), relative_ci_width (width / estimate,
    missing at 0), extreme. Errors: ValueError for count > nobs.

    >>> presentation_status([5, 8, 20, 45, 60], [5, 9, 25, 60, 60], survey=True)["status"].tolist()
    ['suppressed', 'suppressed', 'unreliable', 'ok', 'ok']
    """
    numbers, index = nested_counts("presentation_status", count=count, nobs=nobs)
    flags, _ = elements("presentation_status", survey=survey, nobs=numbers["nobs"])
    opinions = flags["survey"] == 1
    x, n = numbers.values()
    from propkit.stats.proportions import proportion_ci  # brings scipy, which the words of a figure do without

    interval = proportion_ci(x, n)
    width, share = (interval["high"] - interval["low"]).to_numpy(), interval["estimate"].to_numpy()
    relative = np.divide(width, share, out=np.full(len(n), np.nan), where=share > 0)
    extreme = (share == 0) | (share == 1)
    wide = ~extreme & ((width >= WIDEST) | ((width > NARROW) & (relative > WIDEST_RELATIVE)))
    conditions = [np.isnan(share), opinions & (n < FEWEST_OPINIONS), (n < FEWEST_RELIABLE) | wide]
    status = np.select(conditions, ["no_data", "suppressed", "unreliable"], "ok")
    columns = {"status": status, "ci_width": width, "relative_ci_width": relative, "extreme": extreme}
    return answer(columns, index)
