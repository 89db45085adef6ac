import { expect, test } from "vitest";
import { formatHash, parseHash } from "../src/hash";

test("a link leads back to the same place and aircraft", () => {
  const link = { place: { zoom: 6.5, latitude: -33.25, longitude: 151.5 }, aircraft: "7c6b2d" };
  expect(formatHash(link)).toBe("#map=6.50/-33.2500/151.5000&aircraft=7c6b2d");
  expect(parseHash(formatHash(link))).toEqual(link);
});

test("either half of a link may be missing", () => {
  expect(parseHash("#aircraft=3C6444")).toEqual({ place: null, aircraft: "3c6444" });
  expect(parseHash("")).toEqual({ place: null, aircraft: null });
  expect(formatHash({ place: null, aircraft: null })).toBe("");
});

test("addresses that are not ICAO's, as readsb marks them, can be linked to", () => {
  expect(parseHash("#aircraft=~2a01ff").aircraft).toBe("~2a01ff");
});

test.each(["#map=a/b/c", "#map=5/91/0", "#map=5//", "#map=5/1", "#aircraft=<script>"])(
  "%s leads nowhere",
  (hash) => {
    expect(parseHash(hash)).toEqual({ place: null, aircraft: null });
  },
);
