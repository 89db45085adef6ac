import { findFlights } from "./api";
import { byId, make } from "./dom";
import { nameOf, type Flight } from "./flight";
import * as format from "./format";

function describe(flight: Flight): string {
  const height = flight.on_ground ? "on the ground" : format.altitude(flight.baro_altitude);
  return [flight.icao24, flight.typecode, height].filter((part) => part !== null).join(" · ");
}

/** The search box: one match is chosen at once, several are offered as a list of buttons. */
export function createSearch(choose: (flight: Flight) => void): void {
  const form = byId("search", HTMLFormElement);
  const input = byId("search-text", HTMLInputElement);
  const note = byId("search-note", HTMLParagraphElement);
  const results = byId("search-results", HTMLUListElement);
  let asked = 0;

  function clear(): void {
    asked += 1; // an answer still on its way is no longer wanted
    note.textContent = "";
    results.replaceChildren();
    results.hidden = true;
  }

  function pick(flight: Flight): void {
    clear();
    input.value = nameOf(flight);
    choose(flight);
  }

  function offer(flights: Flight[]): void {
    const [only] = flights;
    if (only !== undefined && flights.length === 1) {
      pick(only);
      return;
    }
    note.textContent = flights.length === 0 ? "No aircraft of that name is known now." : "";
    for (const flight of flights) {
      const button = make("button");
      button.type = "button";
      button.append(make("b", "", nameOf(flight)), " ", make("span", "", describe(flight)));
      button.addEventListener("click", () => {
        pick(flight);
      });
      const item = make("li");
      item.append(button);
      results.append(item);
    }
    results.hidden = flights.length === 0;
  }

  async function search(): Promise<void> {
    const text = input.value.trim();
    clear();
    if (text === "") return;
    const mine = asked;
    note.textContent = "Looking …";
    try {
      const flights = await findFlights(text);
      if (mine === asked) offer(flights);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (mine === asked) note.textContent = `The API gave no answer: ${reason}`;
    }
  }

  for (const control of form.querySelectorAll<HTMLInputElement | HTMLButtonElement>(":disabled")) {
    control.disabled = false; // until now nobody would have listened
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void search();
  });
  input.addEventListener("input", clear);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      clear();
      input.focus();
      event.stopPropagation();
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event);
  });

  /** Arrow keys walk through the offered aircraft. */
  function step(event: KeyboardEvent): void {
    const stops: HTMLElement[] = [input, ...results.querySelectorAll("button")];
    const here = stops.findIndex((stop) => stop === document.activeElement);
    const next = stops[here + (event.key === "ArrowDown" ? 1 : -1)];
    if (here < 0 || next === undefined) return;
    event.preventDefault();
    next.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}
