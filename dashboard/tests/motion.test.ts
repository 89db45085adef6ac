import { describe, expect, test } from "vitest";
import { frameInterval, positionAt, REACH_SECONDS, travel } from "../src/motion";
import { aFlight } from "./flights";

const DEGREE_METRES = 111_194.9; // of a great circle on a sphere of 6,371 km

describe("travel", () => {
  test("north by one degree", () => {
    const [longitude, latitude] = travel([10, 50], 0, DEGREE_METRES);
    expect(longitude).toBeCloseTo(10, 6);
    expect(latitude).toBeCloseTo(51, 4);
  });

  test("east along the equator and over the antimeridian", () => {
    const [longitude, latitude] = travel([179.5, 0], 90, DEGREE_METRES);
    expect(longitude).toBeCloseTo(-179.5, 4);
    expect(latitude).toBeCloseTo(0, 6);
  });

  test("over the north pole comes down on the other side", () => {
    const [longitude, latitude] = travel([0, 89.5], 0, DEGREE_METRES);
    expect(Math.abs(longitude)).toBeCloseTo(180, 4);
    expect(latitude).toBeCloseTo(89.5, 4);
  });
});

describe("positionAt", () => {
  const flight = aFlight({ latitude: 0, longitude: 0, true_track: 90, velocity: 200 });

  test("carries an aircraft along its track", () => {
    const [longitude] = positionAt(flight, 1010) ?? [];
    expect(longitude).toBeCloseTo(2000 / DEGREE_METRES, 6);
  });

  test("stops when the position is too old to go on from", () => {
    const atReach = positionAt(flight, 1000 + REACH_SECONDS);
    expect(positionAt(flight, 9000)).toEqual(atReach);
  });

  test("never carries it backwards, should the clocks disagree", () => {
    expect(positionAt(flight, 900)?.[0]).toBeCloseTo(0, 9);
  });

  test.each([
    { on_ground: true },
    { velocity: null },
    { true_track: null },
    { time_position: null },
  ])("leaves it where it was last seen with %j", (otherwise) => {
    expect(positionAt({ ...flight, ...otherwise }, 1010)).toEqual([0, 0]);
  });

  test("has no position for an aircraft that never told one", () => {
    expect(positionAt(aFlight({ latitude: null, longitude: null }), 1010)).toBeNull();
  });
});

describe("frameInterval", () => {
  test("is seconds over a continent, where nothing moves a pixel sooner", () => {
    expect(frameInterval(2, 50, 12_000)).toBe(5000);
  });

  test("is at most four frames a second for a crowd, and eight for a few", () => {
    expect(frameInterval(12, 50, 12_000)).toBe(250);
    expect(frameInterval(12, 50, 40)).toBe(125);
  });
});
