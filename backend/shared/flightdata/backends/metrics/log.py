"""Figures in the log, for a machine where nobody collects them."""

from collections.abc import Mapping

from flightdata.utils.logs import logger

log = logger(__name__)


class LogMetrics:
    """Metrics as lines of level debug."""

    def count(self, figures: Mapping[str, float]) -> None:
        log.debug("counted", **figures)
