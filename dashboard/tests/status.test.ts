import { expect, test } from "vitest";
import { ageText, connectionText, countText } from "../src/status";

test("says since when there is no answer", () => {
  const since = new Date(2026, 4, 8, 7, 5, 9);
  expect(connectionText({ state: "away", since })).toBe(
    "no answer from the API since 07:05:09 – retrying",
  );
});

test("says why the API refused", () => {
  expect(connectionText({ state: "refused", detail: "lamin is too small" })).toContain(
    "lamin is too small",
  );
});

test("counts what is in view against what is known", () => {
  expect(countText({ inView: 20_000, total: 24_500 })).toBe("20,000 of 24,500 aircraft in view");
  expect(countText({ inView: 0, total: 0 })).toBe("no aircraft in view");
});

test("tells the age of a picture, and the date of one that is more than a day old", () => {
  expect(ageText(1000, 1004)).toBe("picture 4 s old");
  expect(ageText(1_778_263_193, 1_795_000_000)).toBe("picture of 2026-05-08 17:59:53 UTC");
});
