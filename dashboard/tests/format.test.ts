import { describe, expect, test } from "vitest";
import * as format from "../src/format";

test("altitude in metres and feet", () => {
  expect(format.altitude(10972.8)).toBe("10,973 m · 36,000 ft");
  expect(format.altitude(-0.2)).toBe("0 m · -1 ft");
  expect(format.altitude(null)).toBe("–");
});

test("speed in m/s and knots", () => {
  expect(format.speed(231.5)).toBe("232 m/s · 450 kt");
});

test("vertical rate with its sign, and none for level flight", () => {
  expect(format.verticalRate(5.08)).toBe("+5.1 m/s · +1,000 ft/min");
  expect(format.verticalRate(-0.01)).toBe("0.0 m/s · -2 ft/min");
  expect(format.verticalRate(0)).toBe("0.0 m/s · 0 ft/min");
});

test.each([
  [0, "000° N"],
  [87.4, "087° E"],
  [359.7, "000° N"],
  [-150, "210° SW"],
])("track %d is %s", (degrees, text) => {
  expect(format.track(degrees)).toBe(text);
});

test("position on all four quarters of the earth", () => {
  expect(format.position(11.5, 48.1)).toBe("48.1000° N, 11.5000° E");
  expect(format.position(-70.25, -33.4)).toBe("33.4000° S, 70.2500° W");
  expect(format.position(null, 48)).toBe("–");
});

describe("duration", () => {
  test.each([
    [-3, "0 s"],
    [4.4, "4 s"],
    [119, "119 s"],
    [200, "3 min"],
    [7300, "2 h"],
    [500_000, "5 d"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(format.duration(seconds)).toBe(text);
  });
});

test("instant in UTC", () => {
  expect(format.instant(1_778_263_193)).toBe("2026-05-08 17:59:53 UTC");
});
