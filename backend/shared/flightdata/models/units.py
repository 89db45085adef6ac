"""Units as types, and the factors of the borders that speak feet and knots. Inside, everything is SI.

Sources: ICAO Annex 5 (international foot, knot), `feet per minute` as in ADS-B's vertical rate.
"""

from typing import Annotated

Metres = Annotated[float, "m"]
MetresPerSecond = Annotated[float, "m/s"]
Degrees = Annotated[float, "°"]
Seconds = Annotated[float, "s"]
EpochSeconds = Annotated[float, "s since 1970-01-01T00:00Z"]

FOOT: Metres = 0.3048
KNOT: MetresPerSecond = 1852 / 3600
FEET_PER_MINUTE: MetresPerSecond = 0.3048 / 60
