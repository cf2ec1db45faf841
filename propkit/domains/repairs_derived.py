"""What repairs derive from work orders and their events: the columns behind the KPIs, the balance and what is overdue."""

from __future__ import annotations

import pandas as pd

from propkit.domains.knowledge import given, met_by, only, repeated, same_day, within
from propkit.model import Cut

_EVENT_COLUMNS = {
    "dispatched": ("dispatched_at", "first"),
    "accepted": ("accepted_at", "first"),
    "arrived": ("arrived_at", "first"),
    "completed": ("completed_at", "last"),
    "revisited": ("revisited_at", "first"),
    "closed": ("closed_at", "last"),
}
STEPS = tuple(column for column, _ in _EVENT_COLUMNS.values())
"""The instants of an order that its log can fill."""
MADE_OF_STEPS = {
    "emergency_on_time": "arrived_at",
    "appointment_kept": "arrived_at",
    "response_on_time": "accepted_at",
    "revisited": "revisited_at",
    **dict.fromkeys(
        ("completed", "on_time", "completed_on_time", "breached", "first_fix", "on_the_spot"), "completed_at"
    ),
}
"""The flags that nobody knows without one of them."""
_PROGRESS = ("dispatched", "accepted", "arrived", "transferred", "returned", "paused", "resumed", "reworked")
"""Steps of the log that show an order moving."""


def derive(orders: pd.DataFrame, events: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """Add the columns that the KPIs name to work orders as known at `cut.as_of`.

    `counted` leaves out cancelled and duplicate orders; `worked` also those closed without work.  Flags are missing where an
    order is outside the denominator: open, not yet mature, not applicable, or its export has no such column.
    """
    rows = fill_from_events(orders, events)
    limits, as_of = cut.definitions, cut.as_of
    counted = ~rows["status"].isin(["cancelled", "duplicate"])
    worked = counted & (rows["status"] != "closed_without_work")
    responsive = worked & ~rows["origin"].isin(["inspection", "preventive"])
    emergency = rows["urgency"] == "emergency"
    untimed = counted & rows["completed_at"].isna() & rows["closed_at"].notna()
    done = rows["completed_at"].notna() | (untimed & worked)
    due_met = met_by(rows["due_at"], rows["completed_at"], as_of)
    # Without a completion time an order that was closed by its due time was on time; of any other nobody knows.
    due_met = due_met.mask(untimed, pd.Series(True, index=rows.index).where(rows["closed_at"] <= rows["due_at"]))
    rows = rows.assign(
        counted=counted,
        received=only(counted, counted).astype("Int64"),
        untimed=untimed,
        completed=only(done, worked & given(rows, "completed_at")),
        finished_at=rows["closed_at"].fillna(rows["completed_at"]),
        on_time=only(due_met, worked & ~emergency & given(rows, "completed_at")),
        completed_on_time=only(
            rows["completed_at"] <= rows["due_at"], worked & ~emergency & _both(rows, "completed_at", "due_at")
        ),
        emergency_on_time=only(
            within(rows["reported_at"], rows["arrived_at"], limits.emergency_minutes, as_of),
            counted & emergency & given(rows, "arrived_at"),
        ),
        response_on_time=only(
            within(rows["reported_at"], rows["accepted_at"], limits.response_minutes, as_of),
            counted & given(rows, "accepted_at"),
        ),
        appointment_kept=only(
            rows["arrived_at"].between(rows["appointment_from"], rows["appointment_to"]),
            counted & (rows["appointment_to"] <= as_of) & given(rows, "arrived_at"),
        ),
        satisfied=only(rows["rating"] >= 4, counted & rows["rating"].notna()),
        rated=only(rows["rating"].notna(), worked & rows["completed_at"].notna() & given(rows, "rating")),
        revisited=_revisited(rows, limits.revisit_days, as_of, counted),
        revisit_satisfied=only(rows["revisit_score"] >= 4, counted & rows["revisit_score"].notna()),
        planned_work=only(rows["origin"].isin(["inspection", "preventive"]), counted & rows["origin"].notna()),
    )
    return rows.assign(
        breached=(~rows["on_time"]).astype("Int64"),
        first_fix=_first_fix(rows, limits.recall_days, as_of, responsive),
        on_the_spot=_on_the_spot(rows, as_of, worked),
        loop_closed=_loop_closed(rows, events, worked),
    )


def fill_from_events(orders: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Fill missing instants of orders from their event log: the first acceptance, arrival..., the last completion.

    A step that the log of a community tells counts as a column that its logged orders have (`given`).
    """
    known = pd.MultiIndex.from_frame(orders[["community", "order_id"]])
    logged = known.isin(pd.MultiIndex.from_frame(events[["community", "order_id"]]))
    filled, granted = {}, orders.get("given")
    for event, (column, keep) in _EVENT_COLUMNS.items():
        seen = events[events["event"] == event].sort_values("at").drop_duplicates(["community", "order_id"], keep=keep)
        if seen.empty:
            continue
        at = seen.set_index(["community", "order_id"])["at"]
        filled[column] = orders[column].fillna(pd.Series(at.reindex(known).to_numpy(), index=orders.index))
        if granted is not None:
            granted = granted.mask(logged & orders["community"].isin(seen["community"]), granted + "," + column)
    return orders.assign(**filled) if granted is None else orders.assign(**filled, given=granted)


def balance(rows: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> dict[str, int]:
    """Return the movement of open orders in [start, end): opening, received, completed, ended otherwise, closing.

    `rows` are derived work orders.  Opening + received = completed + ended + closing, by construction of each term.
    """
    done = rows["completed_at"].fillna(rows["closed_at"])
    ended = rows["completed_at"].isna() & rows["status"].isin(["closed_without_work"])
    gone = done.where(~ended, rows["closed_at"].fillna(rows["reported_at"]))
    live = rows["counted"]
    opening = live & (rows["reported_at"] < start) & ~(gone < start)
    received = live & rows["reported_at"].between(start, end, inclusive="left")
    left = (opening | received) & gone.between(start, end, inclusive="left")
    return {
        "opening": int(opening.sum()),
        "received": int(received.sum()),
        "completed": int((left & ~ended).sum()),
        "ended": int((left & ended).sum()),
        "closing": int(((opening | received) & ~left).sum()),
    }


def overdue(rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the open orders whose due time has passed at `as_of`, the oldest first, with `days_over`."""
    late = rows["counted"] & rows["completed_at"].isna() & ~rows["untimed"] & (rows["due_at"] < as_of)
    late &= given(rows, "completed_at")
    late &= rows["status"] != "closed_without_work"
    late_rows = rows[late].sort_values(["due_at", "order_id"])
    return late_rows.assign(days_over=(as_of - late_rows["due_at"]).dt.days)


def _both(rows: pd.DataFrame, *columns: str) -> pd.Series:
    return rows[list(columns)].notna().all(axis=1)


def _revisited(rows: pd.DataFrame, days: int, as_of: pd.Timestamp, counted: pd.Series) -> pd.Series:
    limit = rows["finished_at"] if "finished_at" in rows else rows["closed_at"].fillna(rows["completed_at"])
    due = limit + pd.Timedelta(days=days)
    return only(met_by(due, rows["revisited_at"], as_of), counted & given(rows, "revisited_at"))


def _on_the_spot(rows: pd.DataFrame, as_of: pd.Timestamp, worked: pd.Series) -> pd.Series:
    """Judge the day of the report: completed on it or not.  Closed on it without a completion time is completed on it."""
    done = same_day(rows["reported_at"], rows["completed_at"], as_of)
    closed = rows["closed_at"].dt.floor("D") == rows["reported_at"].dt.floor("D")
    done = done.mask(rows["untimed"], pd.Series(True, index=rows.index).where(closed))
    return only(done, worked & given(rows, "completed_at"))


def _loop_closed(rows: pd.DataFrame, events: pd.DataFrame, worked: pd.Series) -> pd.Series:
    """Judge completed orders: a step between report and completion is on record, and the owner was heard afterwards."""
    logged = events.loc[events["event"].isin(_PROGRESS), ["community", "order_id"]]
    steps = ["dispatched_at", "accepted_at", "arrived_at"]
    moved = pd.MultiIndex.from_frame(rows[["community", "order_id"]]).isin(pd.MultiIndex.from_frame(logged))
    moved |= rows[steps].notna().any(axis=1)
    heard = rows["revisited_at"].notna() | rows["rating"].notna()
    tells_steps = moved | _any_given(rows, steps)
    tells_heard = heard | _any_given(rows, ["revisited_at", "rating"])
    return only(moved & heard, worked & rows["completed_at"].notna() & tells_steps & tells_heard)


def _any_given(rows: pd.DataFrame, columns: list[str]) -> pd.Series:
    return pd.concat([given(rows, name) for name in columns], axis=1).any(axis=1)


def _first_fix(rows: pd.DataFrame, days: int, as_of: pd.Timestamp, responsive: pd.Series) -> pd.Series:
    """Judge mature completed orders that were asked for: at most one unplanned visit, no recall of the same fault."""
    place = rows["household"].fillna(rows["asset_id"]).fillna(rows["public_area"])
    fault = rows["fault_type"].fillna(rows["category"])
    keyed = rows.assign(place=place, fault=fault)
    recalls = keyed.assign(heard_at=rows["reported_at"].where(rows["counted"]))
    recalled = repeated(recalls, ["community", "place", "fault"], "completed_at", "heard_at", days)
    visits = rows["visit_count"] - rows["no_access_visits"].fillna(0)
    one_visit = (visits <= 1) | rows["planned_multi_visit"].fillna(False)
    mature = rows["completed_at"] <= as_of - pd.Timedelta(days=days)
    knowable = rows["visit_count"].notna() & place.notna() & fault.notna()
    return only(one_visit & ~recalled, responsive & mature & knowable)
