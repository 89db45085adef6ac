"""`locust -f tests/load/api_load_test.py --host http://localhost:8001`: people and programs asking the API.

Bounded by what is given on the command line, for instance `--headless -u 20 -r 10 -t 30s`. Loopback only, please.
"""

import random

from locust import FastHttpUser, between, task

_CITIES = ((48.9, 2.4), (51.5, -0.5), (40.6, -73.8), (35.6, 139.8), (1.4, 103.9), (-33.9, 151.2))


class Visitor(FastHttpUser):
    """Looks at small boxes most of the time, at single aircraft and big pages now and then."""

    wait_time = between(0.05, 0.5)

    def on_start(self) -> None:
        self.known: list[str] = []

    @task(10)
    def small_box(self) -> None:
        lat, lon = random.choice(_CITIES)
        with self.client.get(
            "/flights",
            params={"lamin": lat - 1, "lamax": lat + 1, "lomin": lon - 1.5, "lomax": lon + 1.5},
            name="/flights?box",
            catch_response=True,
        ) as response:
            if response.status_code == 200:
                self.known = [flight["icao24"] for flight in response.json()["flights"]] or self.known

    @task(3)
    def one_aircraft(self) -> None:
        if self.known:
            with self.client.get(
                f"/flights/{random.choice(self.known)}",
                name="/flights/{icao24}",
                catch_response=True,
            ) as response:
                if response.status_code == 404:
                    response.success()

    @task(1)
    def big_page(self) -> None:
        self.client.get("/flights", params={"limit": 1000}, name="/flights?limit=1000")

    @task(1)
    def readiness(self) -> None:
        self.client.get("/health/ready")
