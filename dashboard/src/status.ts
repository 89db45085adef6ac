import { byId, setText } from "./dom";
import * as format from "./format";

/** How it stands with the API. */
export type Connection =
  | { state: "connecting" }
  | { state: "live" }
  | { state: "away"; since: Date }
  | { state: "refused"; detail: string }
  | { state: "broken"; detail: string };

/** A picture older than this many seconds is worth a second look. */
const LATE_SECONDS = 120;
const DAY_SECONDS = 86_400;

/** Aircraft on the screen, and how many the API knows in the same box. */
export interface Counts {
  inView: number;
  total: number;
}

export function connectionText(connection: Connection): string {
  switch (connection.state) {
    case "connecting":
      return "asking the API …";
    case "live":
      return "live";
    case "away":
      return `no answer from the API since ${format.timeOfDay(connection.since)} – retrying`;
    case "refused":
      return `the API refused: ${connection.detail} – retrying`;
    case "broken":
      return `the map cannot start: ${connection.detail}`;
  }
}

export function countText(counts: Counts): string {
  if (counts.total === 0) return "no aircraft in view";
  return `${format.count(counts.inView)} of ${format.count(counts.total)} aircraft in view`;
}

/** `time` of the picture and `now` by the server's clock, both epoch seconds. */
export function ageText(time: number | null, now: number): string {
  if (time === null) return "";
  const age = now - time;
  return age > DAY_SECONDS
    ? `picture of ${format.instant(time)}`
    : `picture ${format.duration(age)} old`;
}

export function showConnection(connection: Connection): void {
  const element = byId("status-connection", HTMLSpanElement);
  setText(element, connectionText(connection));
  element.dataset.state = connection.state;
}

export function showCounts(counts: Counts): void {
  setText(byId("status-count", HTMLSpanElement), countText(counts));
}

export function showAge(time: number | null, now: number): void {
  const element = byId("status-age", HTMLSpanElement);
  setText(element, ageText(time, now));
  element.classList.toggle("late", time !== null && now - time > LATE_SECONDS);
}

/** The card in the middle of a map that nothing is known for yet. */
export function showNotice(visible: boolean): void {
  byId("notice", HTMLParagraphElement).hidden = !visible;
}
