import { describe, expect, test } from "vitest";
import { emergencyOf, nameOf, parseFlight } from "../src/flight";
import { aFlight } from "./flights";

describe("parseFlight", () => {
  test("keeps what the API says", () => {
    expect(parseFlight({ ...aFlight(), category: 3 })).toEqual(aFlight());
  });

  test("takes a row that says nothing but who and when", () => {
    const flight = parseFlight({ icao24: "abc123", last_contact: 5, on_ground: false });
    expect(flight).toMatchObject({ icao24: "abc123", latitude: null, source: "unknown" });
  });

  test("turns blanks and wrong types into null", () => {
    const odd = { ...aFlight(), callsign: "        ", velocity: "fast", latitude: NaN };
    expect(parseFlight(odd)).toMatchObject({ callsign: null, velocity: null, latitude: null });
  });

  test.each([null, "3c6444", {}, { icao24: "" }, { icao24: "abc123" }])(
    "%j is no aircraft",
    (raw) => {
      expect(parseFlight(raw)).toBeNull();
    },
  );
});

test("an aircraft without a callsign goes by its registration, then by its address", () => {
  expect(nameOf(aFlight({ callsign: null }))).toBe("D-AIBC");
  expect(nameOf(aFlight({ callsign: null, registration: null }))).toBe("3c6444");
});

test("only the three emergency squawks are emergencies", () => {
  expect(emergencyOf(aFlight({ squawk: "7600" }))).toBe("radio failure");
  expect(emergencyOf(aFlight({ squawk: "7000" }))).toBeNull();
  expect(emergencyOf(aFlight({ squawk: null }))).toBeNull();
});
