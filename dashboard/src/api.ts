import type { Box } from "./box";
import { parseFlight, type Flight } from "./flight";

export const PAGE_LIMIT = 1000;
export const MAX_PAGES = 20;
const TIMEOUT_MS = 15_000;
const SEARCH_LIMIT = 8;

/** One page of `GET /flights`. `serverTime` is the answer's own `Date`, epoch seconds. */
export interface Page {
  time: number;
  version: number;
  total: number;
  nextCursor: string | null;
  serverTime: number | null;
  flights: Flight[];
}

/** The whole of a box at one version. `total` exceeds the flights where the page cap cut them short. */
export interface Picture {
  time: number;
  version: number;
  total: number;
  serverTime: number | null;
  flights: Map<string, Flight>;
}

/** The API answered, and its answer was no. `retryAfter` in seconds, where it said so. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly retryAfter: number | null,
  ) {
    super(detail);
    this.name = "Refused";
  }
}

/** Nothing came back that our API could have sent. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

interface Answer {
  body: Record<string, unknown>;
  serverTime: number | null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function refusal(response: Response): Promise<Refused> {
  const problem: unknown = await response.json().catch(() => null);
  const said = isRecord(problem) ? (problem.detail ?? problem.title) : null;
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return new Refused(
    response.status,
    typeof said === "string" ? said : `HTTP ${response.status}`,
    Number.isFinite(seconds) ? seconds : null,
  );
}

/** GET below the page's own address, so that a map behind a path prefix finds its API. */
async function get(path: string, query: URLSearchParams, signal?: AbortSignal): Promise<Answer> {
  const url = new URL(path, document.baseURI);
  url.search = query.toString();
  const deadline = new AbortController();
  const abort = () => {
    deadline.abort();
  };
  const timer = setTimeout(abort, TIMEOUT_MS);
  signal?.addEventListener("abort", abort);
  try {
    const response = await fetch(url, { signal: deadline.signal, cache: "no-cache" });
    if (!response.ok) throw await refusal(response);
    const body: unknown = await response.json();
    if (!isRecord(body)) throw new NoAnswer("the answer is no JSON object");
    const date = Date.parse(response.headers.get("Date") ?? "");
    return { body, serverTime: Number.isNaN(date) ? null : date / 1000 };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Refused || error instanceof NoAnswer) throw error;
    throw new NoAnswer(error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/** A page out of an answer's body. */
export function parsePage(body: Record<string, unknown>, serverTime: number | null): Page {
  const { time, version, total, next_cursor, flights } = body;
  if (typeof time !== "number" || !Array.isArray(flights)) {
    throw new NoAnswer("the answer is no page of flights");
  }
  const parsed = flights.map(parseFlight).filter((flight) => flight !== null);
  return {
    time,
    version: typeof version === "number" ? version : 0,
    total: typeof total === "number" ? total : parsed.length,
    nextCursor: typeof next_cursor === "string" && next_cursor !== "" ? next_cursor : null,
    serverTime,
    flights: parsed,
  };
}

/**
 * Follow the cursors to the end, or to the cap. If the first page is of the version `known`, that
 * picture is still the newest and null is returned.
 */
export async function collectPages(
  page: (cursor: string | null) => Promise<Page>,
  known: number | null,
): Promise<Picture | null> {
  let latest = await page(null);
  if (latest.version === known) return null;
  const flights = new Map(latest.flights.map((flight) => [flight.icao24, flight]));
  for (let pages = 1; latest.nextCursor !== null && pages < MAX_PAGES; pages += 1) {
    latest = await page(latest.nextCursor);
    for (const flight of latest.flights) flights.set(flight.icao24, flight);
  }
  const { time, version, total, serverTime } = latest;
  return { time, version, total, serverTime, flights };
}

/** All flights within a box, or null if they are still those of the version `known`. */
export function fetchPicture(
  box: Box,
  known: number | null,
  signal: AbortSignal,
): Promise<Picture | null> {
  return collectPages(async (cursor) => {
    const query = new URLSearchParams({ limit: String(PAGE_LIMIT) });
    for (const [side, degrees] of Object.entries(box)) query.set(side, String(degrees));
    if (cursor !== null) query.set("cursor", cursor);
    const { body, serverTime } = await get("flights", query, signal);
    return parsePage(body, serverTime);
  }, known);
}

/** One aircraft as it is now, or null if the API knows none of that address. */
export async function fetchFlight(icao24: string, signal?: AbortSignal): Promise<Flight | null> {
  try {
    const path = `flights/${encodeURIComponent(icao24)}`;
    return parseFlight((await get(path, new URLSearchParams(), signal)).body);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

/** The aircraft an ICAO address or the beginning of a callsign stands for, best match first. */
export async function findFlights(asked: string): Promise<Flight[]> {
  const byAddress = /^[0-9a-f]{6}$/i.test(asked) ? await fetchFlight(asked.toLowerCase()) : null;
  const callsign = asked.toUpperCase();
  const query = new URLSearchParams({ callsign, limit: String(SEARCH_LIMIT) });
  const { body, serverTime } = await get("flights", query);
  const byCallsign = parsePage(body, serverTime).flights.filter(
    (flight) => flight.icao24 !== byAddress?.icao24,
  );
  byCallsign.sort((a, b) => (a.callsign ?? "").localeCompare(b.callsign ?? "")); // a whole match comes first
  return byAddress === null ? byCallsign : [byAddress, ...byCallsign];
}
