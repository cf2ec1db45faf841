"""How money meets bills: which bill a payment is for, what a bill asks for in the end, what is outstanding at a moment."""

from __future__ import annotations

import numpy as np
import pandas as pd

from propkit.domains.knowledge import sum_by


def net_due(bills: pd.DataFrame) -> np.ndarray:
    """Return what each bill asks for in the end, in fen: due less waiver and discount, at least 0."""
    net = bills["amount_due_fen"] - bills["waiver_fen"].fillna(0) - bills["discount_fen"].fillna(0)
    return net.clip(lower=0).to_numpy("int64")


def payments_since(payments: pd.DataFrame) -> dict[str, pd.Timestamp]:
    """Return by community the month in which its payment records begin; before it nobody knows what was paid."""
    first = payments.sort_values("paid_at").drop_duplicates("community").set_index("community")["paid_at"]
    return {place: moment.to_period("M").to_timestamp() for place, moment in first.items() if not pd.isna(moment)}


def bill_keys(bills: pd.DataFrame) -> pd.Series:
    """Return the name under which payments meet each bill: "bill@community"."""
    return bills["bill_id"] + "@" + bills["community"]


def signed(payments: pd.DataFrame) -> pd.Series:
    """Return what each payment brought in, in fen; a refund is negative, whatever its sign in the export."""
    refund = payments["is_refund"].fillna(False).astype(bool)
    amount = payments["amount_fen"].astype("int64")
    return amount.where(~refund, -amount.abs())


def prepaid(payments: pd.DataFrame) -> pd.Series:
    return payments["is_prepayment"].fillna(False).astype(bool)


def bill_of(bills: pd.DataFrame, payments: pd.DataFrame) -> pd.Series:
    """Return the key of the bill that each payment names, or else the one of the same household, item and period start."""
    ours = ["community", "household", "fee_item", "period_start"]
    told, bare = payments["bill_id"], payments[payments["bill_id"].isna()]
    if len(bare):
        named = bills.drop_duplicates(ours).set_index(ours)["bill_id"]
        found = named.reindex(pd.MultiIndex.from_frame(bare[ours])).to_numpy()
        told = told.fillna(pd.Series(found, index=bare.index, dtype="str").reindex(payments.index))
    return told + "@" + payments["community"]


def allocate(bills: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """Return payments that meet a bill: `bill_key` ("bill@community"), `paid_at` and signed whole `fen`.

    Prepayments are left out.  A payment without a bill number meets the bill of the same household, item and period start.
    """
    money = payments[~prepaid(payments)]
    met = pd.DataFrame({"bill_key": bill_of(bills, money), "paid_at": money["paid_at"], "fen": signed(money)})
    return met.dropna(subset=["bill_key"])


def paid_on(bills: pd.DataFrame, money: pd.DataFrame) -> np.ndarray:
    """Return the sum of `money` (as `allocate` returns it) that met each bill, in fen."""
    codes = pd.Index(bill_keys(bills)).get_indexer(money["bill_key"])
    return sum_by(codes, money["fen"].to_numpy("int64"), len(bills))


def owed_at(bills: pd.DataFrame, payments: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """Return `bills` with outstanding_fen as it stood just before `moment`; missing where no payment record reaches it."""
    money = allocate(bills, payments[payments["paid_at"] < moment])
    net = net_due(bills)
    since = bills["community"].map(payments_since(payments)).astype("datetime64[s]")
    left = pd.Series(pd.array(net - np.clip(paid_on(bills, money), 0, net), dtype="Int64"), index=bills.index)
    return bills.assign(outstanding_fen=left.where(since < moment))


def owed_bills(asked: pd.DataFrame, bills: pd.DataFrame, money: pd.DataFrame) -> pd.DataFrame:
    """Return for each row of `asked` (community, household, at) the bills that were due and not paid in full then.

    `money` is what `met_bills` returns.  Columns: `asked` (the index label), `at` and `bill` (the position of the bill).
    A bill is due on its due day, or else when its period starts.
    """
    places = pd.concat([asked[["community", "household"]], bills[["community", "household"]]])
    homes, _ = pd.factorize(pd.MultiIndex.from_frame(places))
    due = bills["due_on"].fillna(bills["period_start"])
    ours = {"home": homes[len(asked) :], "bill": np.arange(len(bills)), "due": due, "net": net_due(bills)}
    pairs = pd.DataFrame({"home": homes[: len(asked)], "asked": asked.index, "at": asked["at"]})
    pairs = pairs.merge(pd.DataFrame(ours), on="home")
    pairs = pairs[pairs["due"] <= pairs["at"]].sort_values("at", kind="stable")
    ordered = money.sort_values(["bill", "paid_at"])
    total = ordered["fen"].cumsum()
    before = (total - ordered["fen"]).where(~ordered["bill"].duplicated()).ffill()
    running = ordered.assign(paid=total - before).sort_values("paid_at", kind="stable")
    told = pd.merge_asof(pairs, running, by="bill", left_on="at", right_on="paid_at", allow_exact_matches=False)
    return told.loc[told["paid"].fillna(0) < told["net"], ["asked", "at", "bill"]]


def met_bills(bills: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """Return payments that meet one of `bills`: `bill` (its position), `paid_at` and signed whole `fen`."""
    money = allocate(bills, payments)
    found = money.assign(bill=pd.Index(bill_keys(bills)).get_indexer(money["bill_key"]))
    return found.loc[found["bill"] >= 0, ["bill", "paid_at", "fen"]]
