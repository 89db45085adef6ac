import { expect, test } from "vitest";
import { featuresAt } from "../src/aircraft";
import { nextFromPoint } from "../src/nearest";
import { aFlight } from "./flights";

function look(otherwise: Parameters<typeof aFlight>[0], selected: string | null = null) {
  return featuresAt([aFlight(otherwise)], 1001, selected)[0]?.properties;
}

test("colour goes by altitude, grey is the ground, red an emergency", () => {
  expect(look({ baro_altitude: 200 })?.icon).toBe("plane-a0");
  expect(look({ baro_altitude: 11_000 })?.icon).toBe("plane-a7");
  expect(look({ baro_altitude: null, geo_altitude: 6000 })?.icon).toBe("plane-a4");
  expect(look({ baro_altitude: null, geo_altitude: null })?.icon).toBe("plane-unknown");
  expect(look({ on_ground: true })?.icon).toBe("plane-ground");
  expect(look({ squawk: "7700" })?.icon).toBe("plane-emergency");
});

test("an aircraft whose track nobody knows is a dot and points nowhere", () => {
  expect(look({ true_track: null })).toMatchObject({ icon: "dot-a7", track: 0 });
});

test("an old position is drawn faint", () => {
  expect(look({ time_position: 990 })?.faint).toBe(false);
  expect(look({ time_position: 900 })?.faint).toBe(true);
});

test("the selected one is marked, and those without a position are left out", () => {
  expect(look({}, "3c6444")?.selected).toBe(true);
  expect(featuresAt([aFlight({ latitude: null, longitude: null })], 1001, null)).toEqual([]);
});

test("aircraft on the ground lie beneath those in the air", () => {
  const flights = [aFlight({ icao24: "air" }), aFlight({ icao24: "ground", on_ground: true })];
  expect(featuresAt(flights, 1001, null).map((f) => f.properties.icao24)).toEqual([
    "ground",
    "air",
  ]);
});

test("one key walks from the nearest aircraft outwards and back to the nearest", () => {
  const flights = [
    aFlight({ icao24: "far", longitude: -175 }),
    aFlight({ icao24: "near", longitude: 179.5 }),
    aFlight({ icao24: "lost", longitude: null, latitude: null }),
  ];
  const step = (current: string | null) => nextFromPoint(flights, -179.9, 48, current)?.icao24;
  expect(step(null)).toBe("near");
  expect(step("near")).toBe("far");
  expect(step("far")).toBe("near");
  expect(nextFromPoint([], 0, 0, null)).toBeNull();
});
