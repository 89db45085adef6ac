import { describe, expect, test } from "vitest";
import { collectPages, MAX_PAGES, NoAnswer, parsePage, type Page } from "../src/api";
import { aFlight } from "./flights";

function aPage(icao24s: string[], nextCursor: string | null, version = 7): Page {
  const flights = icao24s.map((icao24) => aFlight({ icao24 }));
  return { time: 1000, version, total: 3, nextCursor, serverTime: 1001, flights };
}

function from(pages: Record<string, Page>, asked: (string | null)[] = []) {
  return (cursor: string | null): Promise<Page> => {
    asked.push(cursor);
    const page = pages[cursor ?? "first"];
    return page === undefined ? Promise.reject(new Error("no such page")) : Promise.resolve(page);
  };
}

describe("collectPages", () => {
  test("follows the cursors to the end", async () => {
    const pages = { first: aPage(["a", "b"], "x"), x: aPage(["c"], null) };
    const asked: (string | null)[] = [];
    const picture = await collectPages(from(pages, asked), null);
    expect([...(picture?.flights.keys() ?? [])]).toEqual(["a", "b", "c"]);
    expect(asked).toEqual([null, "x"]);
    expect(picture).toMatchObject({ version: 7, total: 3, time: 1000, serverTime: 1001 });
  });

  test("holds each aircraft once when the picture changed between two pages", async () => {
    const pages = { first: aPage(["a", "b"], "x"), x: aPage(["b", "c"], null, 8) };
    const picture = await collectPages(from(pages), null);
    expect(picture?.flights.size).toBe(3);
    expect(picture?.version).toBe(8);
  });

  test("asks for one page only while the version is the known one", async () => {
    const asked: (string | null)[] = [];
    const pages = { first: aPage(["a"], "x") };
    expect(await collectPages(from(pages, asked), 7)).toBeNull();
    expect(asked).toEqual([null]);
  });

  test("stops at the cap, should the cursors never end", async () => {
    let asked = 0;
    const endless = () => {
      asked += 1;
      return Promise.resolve(aPage([`a${asked}`], "again"));
    };
    const picture = await collectPages(endless, null);
    expect(asked).toBe(MAX_PAGES);
    expect(picture?.flights.size).toBe(MAX_PAGES);
  });
});

describe("parsePage", () => {
  test("leaves out rows that are no aircraft and keeps the others", () => {
    const flights = [null, { icao24: 5 }, aFlight()];
    const page = parsePage({ time: 1, version: 2, total: 3, next_cursor: null, flights }, null);
    expect(page.flights).toEqual([aFlight()]);
    expect(page.total).toBe(3);
  });

  test("does not take anything else for a page", () => {
    expect(() => parsePage({ hello: "world" }, null)).toThrow(NoAnswer);
  });
});
