"""How a decoded snapshot becomes part of the picture: enriched, judged, merged, its flights followed. No stores."""

from dataclasses import dataclass, field, replace

import polars as pl

from flightdata.models.picture import Picture
from flightdata.models.units import Seconds
from flightdata.reference.enrich import Reference
from flightdata.tracking.flights import advance, latest
from flightdata.tracking.merge import expiry, merge
from flightdata.tracking.nearby import Airports
from flightdata.tracking.reports import Distrust
from flightdata.utils.logs import logger
from flightdata.validation.decoded import Decoded
from flightdata.validation.judging import judge
from flightdata.validation.quality import mask, quality_counts

log = logger(__name__)

_NO_PLACE = """null_island position_out_of_range slow_at_altitude position_jump position_frozen time_backwards
possible_spoofing possible_time_trouble"""
_DISTRUST = Distrust(place=mask(_NO_PLACE.split()), height=mask(("altitude_out_of_range", "altitude_jump")))
"""The flags of states whose position, whose altitude no flight is judged by."""

_MEMORY: Seconds = 3600
"""What a source last heard so long before its own snapshot, and longer ago than the picture reaches back, is its
memory: it says it again and again, perhaps of 1970. It counts as superseded.
"""


@dataclass(frozen=True)
class Moved:
    """`picture`: the one that follows, of the same version. `fresh`: the states that are new in it; `superseded` others
    did not get in, `late` among them because they are older than those that the picture holds or than it holds any.
    `flags`: how many states each quality rule flagged, of those that flagged any.
    """

    picture: Picture
    fresh: pl.DataFrame
    superseded: int
    late: pl.DataFrame
    flags: dict[str, int] = field(default_factory=dict)


class Moving:
    """`expiry`: seconds after its last message that an aircraft leaves the picture. `airports`: where flights may begin
    and end. `reference`: what is known of aircraft and airlines, by default from the tables that ship.
    """

    def __init__(self, airports: Airports, *, expiry: Seconds, reference: Reference | None = None) -> None:
        self._airports = airports
        self._expiry = expiry
        self._reference = reference or Reference()

    def prepare(self, decoded: Decoded) -> Decoded:
        """What needs no picture: several snapshots may be at it at the same time."""
        return replace(decoded, states=self._reference.enrich(decoded.states))

    def move(self, picture: Picture, decoded: Decoded) -> Moved:
        """`picture` with what was decoded and prepared."""
        time = max(picture.time, decoded.time)
        judged = judge(decoded.states, picture.states)
        if flagged := {flag: count for flag, count in quality_counts(judged).items() if count}:
            log.debug("states flagged", **flagged)
        merged = merge(picture.states, judged, expiry(time, self._expiry))
        advanced = advance(picture.tracked, merged.fresh, time, self._airports, _DISTRUST)
        following = replace(
            picture,
            time=time,
            states=merged.states,
            tracked=advanced.tracked,
            changed=latest(picture.changed, advanced.changed),
        )
        late = merged.late.filter(pl.col("last_contact") >= decoded.time - max(_MEMORY, self._expiry))
        return Moved(following, merged.fresh, merged.superseded, late, flagged)
