import { make, setText } from "./dom";
import { altitudeOf, emergencyOf, nameOf, type Flight } from "./flight";
import * as format from "./format";
import { bandOf, GROUND } from "./palette";

interface Field {
  label: string;
  /** What to show at `now` (epoch seconds); null leaves the row out. */
  show: (flight: Flight, now: number) => string | null;
}

function squawk(flight: Flight): string {
  const meaning = emergencyOf(flight);
  return meaning === null ? format.textOr(flight.squawk) : `${flight.squawk ?? ""} (${meaning})`;
}

function route(flight: Flight): string | null {
  if (flight.departure === null && flight.arrival === null) return null;
  return `${flight.departure ?? "?"} → ${flight.arrival ?? "?"}`;
}

function positionAge(flight: Flight, now: number): string | null {
  return flight.time_position === null
    ? null
    : `${format.duration(now - flight.time_position)} ago`;
}

const FIELDS: readonly Field[] = [
  { label: "ICAO address", show: (f) => f.icao24 },
  { label: "Registration", show: (f) => format.textOr(f.registration) },
  { label: "Type", show: (f) => format.textOr(f.typecode) },
  { label: "Operator", show: (f) => f.operator },
  { label: "Country", show: (f) => format.textOr(f.origin_country) },
  { label: "Military", show: (f) => (f.military ? "by its address" : null) },
  { label: "Route", show: route },
  {
    label: "Altitude",
    show: (f) => (f.on_ground ? "on the ground" : format.altitude(altitudeOf(f))),
  },
  { label: "Speed", show: (f) => format.speed(f.velocity) },
  { label: "Vertical rate", show: (f) => format.verticalRate(f.vertical_rate) },
  { label: "Track", show: (f) => format.track(f.true_track) },
  { label: "Squawk", show: squawk },
  { label: "Position", show: (f) => format.position(f.longitude, f.latitude) },
  { label: "Position heard", show: positionAge },
  { label: "Last contact", show: (f, now) => `${format.duration(now - f.last_contact)} ago` },
  { label: "Source", show: (f) => f.source },
  {
    label: "Doubts",
    show: (f) => (f.quality.length === 0 ? null : f.quality.join(", ").replaceAll("_", " ")),
  },
];

export interface Panel {
  /** Show a flight; `heard` is false once the API no longer knows it. */
  show(flight: Flight, now: number, heard: boolean): void;
  /** Something to say where there is no flight to show. */
  say(title: string, note: string): void;
  hide(): void;
  focus(): void;
}

/** The side panel. Its rows are made once and then only change their text. */
export function createPanel(
  element: HTMLElement,
  on: { close: () => void; centre: () => void },
): Panel {
  const head = make("header");
  const swatch = make("span", "swatch");
  const title = make("h2");
  const close = make("button", "close", "×");
  close.type = "button";
  close.setAttribute("aria-label", "Close (Escape)");
  close.addEventListener("click", on.close);
  head.append(swatch, title, close);

  const note = make("p", "note");
  const list = make("dl");
  const rows = FIELDS.map((field) => {
    const row = make("div");
    const value = make("dd");
    row.append(make("dt", "", field.label), value);
    list.append(row);
    return { row, value, field };
  });

  const centre = make("button", "centre", "Show on the map");
  centre.type = "button";
  centre.addEventListener("click", on.centre);
  element.replaceChildren(head, note, list, centre);

  function tell(text: string): void {
    setText(note, text);
    note.hidden = text === "";
  }

  return {
    show(flight, now, heard) {
      setText(title, nameOf(flight));
      const band = flight.on_ground ? GROUND : bandOf(altitudeOf(flight));
      swatch.style.backgroundColor = band.colour;
      tell(heard ? "" : "No longer heard. These are the last values.");
      for (const { row, value, field } of rows) {
        const text = field.show(flight, now);
        row.hidden = text === null;
        setText(value, text ?? "");
      }
      element.classList.toggle("emergency", emergencyOf(flight) !== null);
      centre.hidden = flight.longitude === null;
      list.hidden = false;
      element.hidden = false;
    },
    say(heading, text) {
      setText(title, heading);
      swatch.style.backgroundColor = "";
      tell(text);
      list.hidden = centre.hidden = true;
      element.classList.remove("emergency");
      element.hidden = false;
    },
    hide() {
      element.hidden = true;
    },
    focus() {
      element.focus();
    },
  };
}
