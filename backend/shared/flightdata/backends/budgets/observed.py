"""Budgets that say how many credits are left."""

from collections.abc import Callable, Sequence

from flightdata.models.credits import Budget
from flightdata.ports import Budgets, Metrics


class ObservedBudgets:
    """Budgets around `budgets`."""

    def __init__(self, budgets: Budgets, metrics: Metrics) -> None:
        self._budgets = budgets
        self._metrics = metrics

    def update(self, account: str, change: Callable[[Budget | None], Budget]) -> Budget:
        budget = self._budgets.update(account, change)
        self._metrics.observe({"CreditsRemaining": {account: budget.left}})
        return budget

    def find(self, account: str) -> Budget | None:
        return self._budgets.find(account)

    def known(self) -> Sequence[Budget]:
        return self._budgets.known()
