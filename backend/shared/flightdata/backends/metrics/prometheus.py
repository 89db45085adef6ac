"""Figures for Prometheus: kept in the process, given out as text when somebody scrapes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

import prometheus_client as prometheus
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from flightdata.models.figures import FIGURES, Figure, Kind, Reading
from flightdata.ports import Number

Metric = TypeVar("Metric", prometheus.Counter, prometheus.Histogram)
Family = CounterMetricFamily | GaugeMetricFamily


class PrometheusMetrics:
    """Metrics and Exposition. What `models.figures` calls durable is not counted here, but read."""

    content_type = prometheus.CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self._registry)
        ours = [one for one in FIGURES if one.exported and not one.durable]
        self._counters = {one.name: self._counter(one) for one in ours if one.kind is Kind.COUNT}
        self._durations = {one.name: self._histogram(one) for one in ours if one.kind is Kind.DURATION}

    def count(self, figures: Mapping[str, Number]) -> None:
        for name, number in figures.items():
            if name in self._counters:
                for part, value in _parts(number):
                    _of(self._counters[name], part).inc(value)

    def observe(self, figures: Mapping[str, Number]) -> None:
        for name, number in figures.items():
            if name in self._durations:
                for part, value in _parts(number):
                    _of(self._durations[name], part).observe(value)

    def text(self, readings: Iterable[Reading]) -> bytes:
        return prometheus.generate_latest(self._registry) + prometheus.generate_latest(_Read(readings))

    def _counter(self, figure: Figure) -> prometheus.Counter:
        return prometheus.Counter(figure.exported or "", figure.about, figure.by, registry=self._registry)

    def _histogram(self, figure: Figure) -> prometheus.Histogram:
        return prometheus.Histogram(figure.exported or "", figure.about, figure.by, registry=self._registry)


class _Read(Collector):
    """What was read, as Prometheus' families."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._readings = list(readings)

    def collect(self) -> Iterator[Family]:
        for figure in FIGURES:
            if (
                figure.durable
                and figure.exported
                and (found := [one for one in self._readings if one.name == figure.name])
            ):
                kind = CounterMetricFamily if figure.kind is Kind.COUNT else GaugeMetricFamily
                family = kind(figure.exported, figure.about, labels=figure.by)
                for one in found:
                    family.add_metric(one.of, one.value)
                yield family


def _parts(number: Number) -> Iterator[tuple[tuple[str, ...], float]]:
    if not isinstance(number, Mapping):
        yield (), number
        return
    for part, value in number.items():
        yield (part,) if isinstance(part, str) else part, value


def _of(metric: Metric, part: tuple[str, ...]) -> Metric:
    return metric.labels(*part) if part else metric
