"""Whose aircraft the simulation flies, where they are at home, and where such an aircraft likes to go.

Sources: address blocks: ICAO Annex 10, volume III, table 9-1; names of the countries: as OpenSky writes them;
airlines, hubs and proportions: rounded public knowledge, good for plausible traffic and for nothing else.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate, count
from math import asin, cos, exp, radians, sin, sqrt
from random import Random
from typing import NamedTuple

from flightdata.models.units import Metres, Seconds
from flightdata.reference.airports import Airport, find_airport

EARTH_RADIUS: Metres = 6_371_008.8
SHORTEST_LEG: Metres = 150_000
LONGEST_LEG: Metres = 14_000_000

_BUSIEST_FIRST = (
    "KATL KDFW OMDB KDEN EGLL RJTT LTFM KORD VIDP ZSPD KLAX ZGGG RKSI EHAM LEMD LFPG KJFK WSSS VTBS ZBAA "
    "EDDF VHHH KLAS KMCO KMIA WIII KCLT KSEA KPHX KEWR KSFO KIAH VABB WMKK SBGR LEBL MMMX OTHH ZGSZ OEJN "
    "KBOS KMSP CYYZ RPLL ZUUU YSSY EGKK EDDM OERK SKBO VVTS RCTP RJAA LIRF KFLL KLGA KDTW KPHL YMML ZPPP "
    "LTFJ ZLXY ZUCK ZSHC UUEE KSLC EIDW VOBL KDCA LPPT KSAN LSZH LOWW EKCH ENGM LEPA EGCC LFPO ROAH RKPC "
    "KBWI KTPA CYVR RJBB ZSSS ESSA EBBR LGAV EDDB EPWA KAUS KIAD KBNA MMUN SBGL SBSP SPJC SCEL HECA FAOR "
    "KMDW PHNL KPDX KDAL VOMM VECC VOHS VVNB YBBN WADD ZSNJ ZHHH OMAA EDDL EDDH LSGG LEMG LIMC EFHK LKPR "
    "LHBP LROP CYUL CYYC KSTL KRDU KSMF KMSY EGSS EGPH LFMN LPPR LTAI LTAC LLBG UUDD ULLI GMMN HAAB HKJK "
    "MPTO MMGL MMMY MDPC TJSJ SBBR SBCF SAEZ SABE SEQM NZAA NZCH NZWN YPPH YPAD RJCC RJFF VTSP RPVM OPKC "
    "VCBI VGHS OPIS UAAA OIIE OKKK OBBI OJAI DNMM DAAG DTTA FACT FALE BIKF EVRA LBSF LYBE LDZA LICC LIRN "
    "ENBR LCLK PANC NFFN SVMI SUMU"
)
AIRPORTS = tuple(_BUSIEST_FIRST.split())

# First address and size of each country's block.
_BLOCKS = {
    "Argentina": (0xE00000, 1 << 18),
    "Australia": (0x7C0000, 1 << 18),
    "Brazil": (0xE40000, 1 << 18),
    "Canada": (0xC00000, 1 << 18),
    "Chile": (0xE80000, 1 << 12),
    "China": (0x780000, 1 << 18),
    "Colombia": (0x0AC000, 1 << 12),
    "Ethiopia": (0x040000, 1 << 12),
    "France": (0x380000, 1 << 18),
    "Germany": (0x3C0000, 1 << 18),
    "Hungary": (0x470000, 1 << 15),
    "India": (0x800000, 1 << 18),
    "Indonesia": (0x8A0000, 1 << 15),
    "Ireland": (0x4CA000, 1 << 12),
    "Japan": (0x840000, 1 << 18),
    "Kingdom of the Netherlands": (0x480000, 1 << 15),
    "Malaysia": (0x750000, 1 << 15),
    "Mexico": (0x0D0000, 1 << 15),
    "New Zealand": (0xC80000, 1 << 15),
    "Poland": (0x488000, 1 << 15),
    "Portugal": (0x490000, 1 << 15),
    "Qatar": (0x06A000, 1 << 10),
    "Republic of Korea": (0x718000, 1 << 15),
    "Russian Federation": (0x100000, 1 << 20),
    "Saudi Arabia": (0x710000, 1 << 15),
    "Singapore": (0x768000, 1 << 15),
    "South Africa": (0x008000, 1 << 15),
    "Spain": (0x340000, 1 << 18),
    "Sweden": (0x4A8000, 1 << 15),
    "Switzerland": (0x4B0000, 1 << 15),
    "Turkey": (0x4B8000, 1 << 15),
    "United Arab Emirates": (0x896000, 1 << 12),
    "United Kingdom": (0x400000, 1 << 18),
    "United States": (0xA00000, 1 << 20),
    "Viet Nam": (0x888000, 1 << 15),
}


class Airline(NamedTuple):
    """`size` in aircraft; `long_haul` is the share of wide-bodies, `regional` that of small jets."""

    code: str
    country: str
    size: int
    long_haul: float
    regional: float
    hubs: str


AIRLINES = (
    Airline("DAL", "United States", 950, 0.15, 0.2, "KATL KDTW KMSP KSLC KJFK KSEA KBOS"),
    Airline("AAL", "United States", 950, 0.12, 0.25, "KDFW KCLT KORD KPHL KMIA KPHX KDCA"),
    Airline("UAL", "United States", 950, 0.2, 0.25, "KORD KDEN KIAH KEWR KSFO KIAD KLAX"),
    Airline("SWA", "United States", 800, 0.0, 0.0, "KMDW KBWI KDEN KLAS KDAL KPHX KBNA KMCO"),
    Airline("JBU", "United States", 280, 0.0, 0.1, "KJFK KBOS KFLL KMCO"),
    Airline("ASA", "United States", 240, 0.0, 0.2, "KSEA KPDX PANC KSFO"),
    Airline("ACA", "Canada", 200, 0.35, 0.2, "CYYZ CYUL CYVR"),
    Airline("WJA", "Canada", 150, 0.05, 0.2, "CYYC CYYZ"),
    Airline("AMX", "Mexico", 140, 0.15, 0.2, "MMMX MMMY"),
    Airline("VOI", "Mexico", 130, 0.0, 0.0, "MMGL MMMX MMUN"),
    Airline("GLO", "Brazil", 130, 0.0, 0.0, "SBGR SBSP SBGL SBBR"),
    Airline("TAM", "Brazil", 160, 0.2, 0.0, "SBGR SBBR SBCF"),
    Airline("LAN", "Chile", 110, 0.3, 0.0, "SCEL"),
    Airline("ARG", "Argentina", 80, 0.1, 0.2, "SABE SAEZ"),
    Airline("AVA", "Colombia", 130, 0.1, 0.1, "SKBO"),
    Airline("BAW", "United Kingdom", 260, 0.45, 0.05, "EGLL EGKK"),
    Airline("EZY", "United Kingdom", 180, 0.0, 0.0, "EGKK EGSS EGCC EGPH"),
    Airline("RYR", "Ireland", 330, 0.0, 0.0, "EIDW EGSS LIMC LEMG EBBR LPPR"),
    Airline("EIN", "Ireland", 60, 0.3, 0.1, "EIDW"),
    Airline("DLH", "Germany", 300, 0.35, 0.2, "EDDF EDDM"),
    Airline("EWG", "Germany", 100, 0.0, 0.0, "EDDL EDDH EDDB"),
    Airline("AFR", "France", 230, 0.45, 0.2, "LFPG LFPO LFMN"),
    Airline("KLM", "Kingdom of the Netherlands", 180, 0.35, 0.3, "EHAM"),
    Airline("SWR", "Switzerland", 90, 0.35, 0.1, "LSZH LSGG"),
    Airline("IBE", "Spain", 110, 0.4, 0.2, "LEMD"),
    Airline("VLG", "Spain", 130, 0.0, 0.0, "LEBL LEPA LEMG"),
    Airline("TAP", "Portugal", 100, 0.25, 0.15, "LPPT LPPR"),
    Airline("SAS", "Sweden", 130, 0.1, 0.2, "ESSA EKCH ENGM"),
    Airline("LOT", "Poland", 80, 0.2, 0.4, "EPWA"),
    Airline("WZZ", "Hungary", 200, 0.0, 0.0, "LHBP LROP LBSF LIRF"),
    Airline("THY", "Turkey", 380, 0.35, 0.0, "LTFM"),
    Airline("PGT", "Turkey", 110, 0.0, 0.0, "LTFJ LTAI LTAC"),
    Airline("AFL", "Russian Federation", 180, 0.2, 0.1, "UUEE ULLI"),
    Airline("UAE", "United Arab Emirates", 250, 1.0, 0.0, "OMDB"),
    Airline("ETD", "United Arab Emirates", 90, 0.6, 0.0, "OMAA"),
    Airline("QTR", "Qatar", 160, 0.85, 0.0, "OTHH"),
    Airline("SVA", "Saudi Arabia", 140, 0.5, 0.0, "OEJN OERK"),
    Airline("ETH", "Ethiopia", 130, 0.5, 0.1, "HAAB"),
    Airline("SAA", "South Africa", 40, 0.2, 0.2, "FAOR FACT"),
    Airline("AIC", "India", 190, 0.35, 0.0, "VIDP VABB"),
    Airline("IGO", "India", 380, 0.0, 0.1, "VIDP VABB VOBL VOHS VECC VOMM"),
    Airline("CCA", "China", 400, 0.25, 0.0, "ZBAA ZUUU"),
    Airline("CSN", "China", 500, 0.15, 0.0, "ZGGG ZGSZ ZHHH ZUCK"),
    Airline("CES", "China", 450, 0.15, 0.0, "ZSPD ZSSS ZPPP ZLXY"),
    Airline("CPA", "China", 150, 0.75, 0.0, "VHHH"),
    Airline("ANA", "Japan", 210, 0.5, 0.1, "RJTT RJAA RJBB"),
    Airline("JAL", "Japan", 190, 0.5, 0.15, "RJTT RJAA RJCC RJFF"),
    Airline("KAL", "Republic of Korea", 150, 0.65, 0.0, "RKSI"),
    Airline("SIA", "Singapore", 150, 0.7, 0.0, "WSSS"),
    Airline("MAS", "Malaysia", 90, 0.3, 0.0, "WMKK"),
    Airline("LNI", "Indonesia", 130, 0.05, 0.0, "WIII WADD"),
    Airline("HVN", "Viet Nam", 100, 0.3, 0.0, "VVTS VVNB"),
    Airline("QFA", "Australia", 150, 0.35, 0.1, "YSSY YMML YBBN YPPH"),
    Airline("ANZ", "New Zealand", 80, 0.2, 0.3, "NZAA NZCH NZWN"),
)


class Kind(NamedTuple):
    """A sort of aircraft.

    `category` is OpenSky's code; `favourite` and `spread` say how long its legs are; `ceilings` are the
    highest flight levels it takes; `pace` is its true airspeed as a share of the fastest airliner's;
    `turnaround` is the shortest and the longest stand at a gate.
    """

    category: int
    favourite: Metres
    spread: Metres
    ceilings: tuple[int, int]
    pace: float
    turnaround: tuple[Seconds, Seconds]


REGIONAL = Kind(3, 400_000, 250_000, (270, 370), 0.88, (1200, 2100))
NARROW_BODY = Kind(4, 900_000, 600_000, (330, 390), 0.94, (1500, 3000))
WIDE_BODY = Kind(6, 6_000_000, 2_500_000, (350, 410), 0.99, (3600, 7200))


class Aircraft(NamedTuple):
    """One airframe at work. `airline` is the ICAO code; every second leg begins at `hub`."""

    icao24: str
    airline: str
    country: str
    kind: Kind
    hub: str


def most_aircraft() -> int:
    """How many aircraft a fleet may have: half of what fills the tightest block of addresses on average."""
    total = sum(airline.size for airline in AIRLINES)
    sizes = dict.fromkeys(_BLOCKS, 0)
    for airline in AIRLINES:
        sizes[airline.country] += airline.size
    return min(block * total // (2 * sizes[country]) for country, (_, block) in _BLOCKS.items())


def assemble_fleet(number: int, random: Random) -> Iterator[Aircraft]:
    """`number` aircraft, no address twice as long as there are at most `most_aircraft()`."""
    used = {country: count(1) for country in _BLOCKS}
    for airline in random.choices(AIRLINES, [airline.size for airline in AIRLINES], k=number):
        first, size = _BLOCKS[airline.country]
        # An odd factor scatters the addresses over the block and hits none twice.
        address = first + next(used[airline.country]) * 40_503 % size
        hub = random.choice(airline.hubs.split())
        yield Aircraft(f"{address:06x}", airline.code, airline.country, _draw_kind(airline, random), hub)


def draw_destinations(hub: str, kind: Kind, number: int, random: Random) -> Sequence[str]:
    """`number` airports that such an aircraft would serve from `hub`."""
    return random.choices(AIRPORTS, cum_weights=_attraction(hub, kind), k=number)


@cache
def airport(icao: str) -> Airport:
    """One of `AIRPORTS`."""
    found = find_airport(icao)
    if found is None:
        raise LookupError(f"the simulation uses {icao}, which the table of airports does not have")
    return found


def _draw_kind(airline: Airline, random: Random) -> Kind:
    draw = random.random()
    if draw < airline.long_haul:
        return WIDE_BODY
    return REGIONAL if draw < airline.long_haul + airline.regional else NARROW_BODY


@cache
def _attraction(hub: str, kind: Kind) -> Sequence[float]:
    """Cumulative weights over `AIRPORTS`: heavier if busier or nearer to the favourite distance."""
    weights = (_weight(_distance(airport(hub), airport(icao)), kind) for icao in AIRPORTS)
    return list(accumulate(weight / (rank + 30) for rank, weight in enumerate(weights)))


def _weight(distance: Metres, kind: Kind) -> float:
    if not SHORTEST_LEG < distance < LONGEST_LEG:
        return 0.0
    return exp(-abs(distance - kind.favourite) / kind.spread)


def _distance(a: Airport, b: Airport) -> Metres:
    """Haversine formula."""
    south, north = radians(a.latitude), radians(b.latitude)
    chord = sin((north - south) / 2) ** 2
    chord += cos(south) * cos(north) * sin(radians(b.longitude - a.longitude) / 2) ** 2
    return 2 * EARTH_RADIUS * asin(sqrt(chord))
