import { expect, test } from "vitest";
import { clockOf } from "../src/clock";

test("small differences are the header's whole seconds, not a wrong clock", () => {
  expect(clockOf(999, 1000, 1001.2)).toEqual({ server: 0, picture: 0 });
});

test("a browser whose clock is wrong goes by the server's", () => {
  expect(clockOf(4995, 5000, 1000)).toEqual({ server: 4000.5, picture: 4000.5 });
});

test("a recording runs by its own clock, while its age is told by the server's", () => {
  expect(clockOf(5000, 99_000, 99_000)).toEqual({ server: 0, picture: -94_000 });
});

test("without a Date header the browser's clock has to do", () => {
  expect(clockOf(999, null, 1000)).toEqual({ server: 0, picture: 0 });
});
