"""Figures beside their baselines, for people and for programs."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """`value` beside `baseline` (None: a figure of its own) in `unit`; less is better.

    `goal`: the ratio baseline / value to reach, or, without a baseline, the value not to exceed.
    """

    name: str
    value: float
    baseline: float | None
    unit: str
    goal: float | None

    @property
    def ratio(self) -> float | None:
        return self.baseline / self.value if self.baseline else None

    @property
    def reached(self) -> bool | None:
        if self.goal is None:
            return None
        return self.ratio >= self.goal if self.ratio is not None else self.value <= self.goal

    def document(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio, "reached": self.reached}


def show(figures: list[Figure]) -> None:
    table = Table("measured", "value", "baseline", "ratio", "goal", box=None, header_style="bold")
    for one in figures:
        goal = "" if one.goal is None else f"{one.goal:g} x" if one.baseline else readable(one.goal, one.unit)
        table.add_row(
            one.name,
            readable(one.value, one.unit),
            readable(one.baseline, one.unit) if one.baseline else "",
            f"{one.ratio:.1f} x" if one.ratio else "",
            f"{goal} {'✓' if one.reached else '✗' if one.reached is not None else ''}",
        )
    Console(width=110).print(table)


def readable(value: float, unit: str) -> str:
    if unit == "s":
        return f"{value * 1e6:.1f} µs" if value < 1e-3 else f"{value * 1e3:.1f} ms"  # noqa: PLR2004, a thousandth
    if unit == "%":
        return f"{value:.2f} %"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:,.1f} {unit}"  # noqa: PLR2004, three digits
