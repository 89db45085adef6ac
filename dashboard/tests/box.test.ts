import { describe, expect, test } from "vitest";
import { boxOf, contains, trafficExtent, WORLD, wrapLongitude } from "../src/box";

test.each([
  [0, 0],
  [180, 180],
  [-180, -180],
  [190, -170],
  [-190, 170],
  [725, 5],
])("longitude %d is %d", (given, wrapped) => {
  expect(wrapLongitude(given)).toBeCloseTo(wrapped, 9);
});

describe("boxOf", () => {
  test("leaves an ordinary view as it is", () => {
    expect(boxOf({ west: 5, south: 45, east: 15, north: 50 })).toEqual({
      lomin: 5,
      lamin: 45,
      lomax: 15,
      lamax: 50,
    });
  });

  test("says lomin > lomax across the antimeridian", () => {
    const box = boxOf({ west: 170, south: -20, east: 195, north: 10 });
    expect(box).toMatchObject({ lomin: 170, lomax: -165 });
  });

  test("asks for the whole round where the map shows the world more than once", () => {
    expect(boxOf({ west: -300, south: -95, east: 200, north: 95 })).toEqual(WORLD);
  });
});

describe("contains", () => {
  const pacific = { lamin: -20, lamax: 10, lomin: 170, lomax: -165 };
  test.each([
    [175, 0, true],
    [-170, 0, true],
    [0, 0, false],
    [175, 20, false],
  ])("[%d, %d] in a box across the antimeridian: %s", (longitude, latitude, inside) => {
    expect(contains(pacific, longitude, latitude)).toBe(inside);
  });
});

describe("trafficExtent", () => {
  function around(longitude: number, latitude: number): [number, number][] {
    return [-1, -0.5, 0, 0.5, 1].map((step) => [wrapLongitude(longitude + step), latitude + step]);
  }

  test("is null where there is no traffic", () => {
    expect(trafficExtent([])).toBeNull();
  });

  test("covers the traffic with a little margin", () => {
    const extent = trafficExtent(around(11, 48));
    expect(extent?.west).toBeCloseTo(9.85);
    expect(extent?.east).toBeCloseTo(12.15);
    expect(extent?.south).toBeCloseTo(46.85);
    expect(extent?.north).toBeCloseTo(49.15);
  });

  test("does not run after one stray at null island", () => {
    const extent = trafficExtent([...around(11, 48), [0, 0]]);
    expect(extent?.west).toBeGreaterThan(5);
    expect(extent?.south).toBeGreaterThan(40);
  });

  test("stays in one piece across the antimeridian", () => {
    const extent = trafficExtent(around(180, -18));
    expect(extent?.west).toBeCloseTo(178.85);
    expect(extent?.east).toBeCloseTo(181.15);
  });

  test("gives a single aircraft some room", () => {
    const extent = trafficExtent([[11, 48]]);
    expect(extent).toEqual({ west: 10.85, east: 11.15, south: 47.85, north: 48.15 });
  });
});
