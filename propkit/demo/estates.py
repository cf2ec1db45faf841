"""The three invented communities: buildings, homes and who lives in them.  Everything here is made up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from propkit.demo.chance import Chance, month_ends, months_after

FIRST_MONTH = "2024-09"
MONTHS = tuple(months_after(FIRST_MONTH, 13))
AS_OF = datetime(2025, 10, 8, 23, 59, 59)
"""The day on which all exports were drawn, to its last second."""


@dataclass(frozen=True)
class Block:
    """A building: so many units (单元) of so many floors, and shops on the ground floor of unit 1."""

    number: int
    zone: str
    units: int
    floors: int
    shops: int = 0


@dataclass(frozen=True)
class Estate:
    """One community.  `fee` is the property fee in fen per m2 and month; `pace` stretches its repair times."""

    id: str
    name: str
    name_en: str
    aliases: tuple[str, ...]
    opened: int
    fee: int
    pace: float
    orders: float
    blocks: tuple[Block, ...]

    @property
    def households(self) -> int:
        return sum(block.units * block.floors * 4 for block in self.blocks)


def _blocks(zones: dict[str, int], units: int, floors: int, shops_in: int) -> list[Block]:
    names = [zone for zone, count in zones.items() for _ in range(count)]
    return [Block(at + 1, zone, units, floors, 4 if at < shops_in else 0) for at, zone in enumerate(names)]


YINHE = Estate(
    "yinhe", "银河湾", "Galaxy Bay", ("银河湾小区", "银河湾花园"), 2016, 280, 1.0, 0.050,
    (*_blocks({"东区": 5, "西区": 4}, 2, 15, 3), Block(10, "西区", 1, 30)),
)  # fmt: skip
CUIHU = Estate(
    "cuihu", "翠湖花园", "Emerald Lake", ("翠湖花园小区", "翠湖"), 2012, 220, 1.25, 0.045,
    tuple(_blocks({"东区": 4, "西区": 5, "北区": 4}, 2, 25, 5)),
)  # fmt: skip
LANTING = Estate(
    "lanting", "兰亭苑", "Orchid Court", ("兰亭苑小区", "兰亭"), 2019, 350, 0.85, 0.055,
    tuple(_blocks({"南区": 2, "北区": 3}, 2, 10, 1)),
)  # fmt: skip
ESTATES = (YINHE, CUIHU, LANTING)


@dataclass(frozen=True)
class Home:
    """One unit and what the register says of it; `area` (in 0.01 m2) and `payer` are for the fees alone."""

    estate: Estate
    block: Block
    unit: int
    room: int
    use: str
    occupancy: str
    owner_type: str
    age_band: str | None
    moved_in_on: datetime | None
    area: int
    payer: str
    number: int

    @property
    def household(self) -> str:
        """The room in its normal form, building-unit-room."""
        return f"{self.block.number}-{self.unit}-{self.room}"

    @property
    def zone(self) -> str:
        return self.block.zone

    def years_in(self, at: datetime) -> float:
        """Return how long somebody has lived here at `at`."""
        return 0.0 if self.moved_in_on is None else max(0.0, (at - self.moved_in_on).days / 365.25)


def homes(estate: Estate, seed: int) -> list[Home]:
    """Return every home of `estate`, in the order of its register."""
    chance = Chance(seed, f"homes/{estate.id}")
    return [
        _home(estate, block, unit, room, number, chance) for number, (block, unit, room) in enumerate(_rooms(estate), 1)
    ]


def register(homes: list[Home]) -> list[dict[str, object]]:
    """Return the household register as canonical rows."""
    return [
        {
            "community": home.estate.id,
            "household": home.household,
            "zone": home.zone,
            "use": home.use,
            "occupancy": home.occupancy,
            "owner_type": home.owner_type,
            "age_band": home.age_band,
            "moved_in_on": home.moved_in_on,
        }
        for home in homes
    ]


def _rooms(estate: Estate) -> Iterator[tuple[Block, int, int]]:
    for block in estate.blocks:
        yield from ((block, 0, number) for number in range(1, block.shops + 1))
        for unit in range(1, block.units + 1):
            low = 2 if unit == 1 and block.shops else 1
            for floor in range(low, block.floors + 1):
                yield from ((block, unit, floor * 100 + door) for door in range(1, 5))


_OWNERS = {"owner": 72, "tenant": 18, "landlord": 10}
_AGES = {
    "owner": {"18-29": 5, "30-39": 25, "40-49": 28, "50-59": 22, "60+": 20},
    "tenant": {"18-29": 40, "30-39": 35, "40-49": 15, "50-59": 7, "60+": 3},
    "landlord": {"18-29": 2, "30-39": 18, "40-49": 35, "50-59": 28, "60+": 17},
}
_PAYERS = {"prompt": 74, "slow": 14, "late": 8, "never": 2, "ahead": 2}
_AREAS = (7250, 8936, 9812, 11688, 12845, 14320)


def _home(estate: Estate, block: Block, unit: int, room: int, number: int, chance: Chance) -> Home:
    is_shop = unit == 0
    is_vacant = not is_shop and chance.yes(0.07)
    owner = "landlord" if is_vacant else chance.pick(_OWNERS)
    age = None if is_vacant or is_shop else chance.pick(_AGES[owner])
    return Home(
        estate,
        block,
        unit,
        room,
        use="shop" if is_shop else "home",
        occupancy="vacant" if is_vacant else "occupied",
        owner_type=owner,
        age_band=age,
        moved_in_on=None if is_vacant else _moved_in(estate, owner, chance),
        area=4500 if is_shop else _AREAS[(room - 1) % 4 + (2 if block.number % 3 == 0 else 0)],
        payer=chance.pick(_PAYERS | ({"never": 8, "late": 20} if is_vacant else {})),
        number=number,
    )


def _moved_in(estate: Estate, owner: str, chance: Chance) -> datetime:
    """Return a day between the opening of the community and the first month; tenants came lately."""
    latest = month_ends(FIRST_MONTH)[0]
    opened = datetime(estate.opened, 6, 1)
    first = max(opened, latest - timedelta(days=1200)) if owner == "tenant" else opened
    return first + timedelta(days=chance.between(0, (latest - first).days - 1))
