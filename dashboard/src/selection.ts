import { fetchFlight } from "./api";
import type { Flight } from "./flight";
import type { Panel } from "./panel";
import type { Sight } from "./sight";

/** The aircraft that was chosen, as last heard of, and the panel that tells about it. */
export class Selection {
  icao24: string | null = null;
  flight: Flight | null = null;
  /** Whether the API still knows it. */
  #heard = true;
  #asked = false;

  constructor(
    private readonly sight: Sight,
    private readonly panel: Panel,
  ) {}

  /** Choose an aircraft, or none. `flight` is given where it lies outside the picture. */
  choose(icao24: string | null, flight: Flight | null = null): void {
    this.icao24 = icao24;
    this.flight = flight ?? (icao24 === null ? null : (this.sight.flights.get(icao24) ?? null));
    this.#heard = true;
    this.#asked = false;
    this.refresh();
  }

  /** Its newest values, also where it is outside the box that was asked for. */
  async follow(signal: AbortSignal): Promise<void> {
    const wanted = this.icao24;
    if (wanted === null) return;
    const flight = this.sight.flights.get(wanted) ?? (await fetchFlight(wanted, signal));
    if (this.icao24 !== wanted) return;
    this.#asked = true;
    this.#heard = flight !== null;
    this.flight = flight ?? this.flight;
  }

  /** Bring the panel up to the moment. */
  refresh(): void {
    if (this.icao24 === null) this.panel.hide();
    else if (this.flight !== null) this.panel.show(this.flight, this.sight.now(), this.#heard);
    else if (this.#asked) this.panel.say(this.icao24, "No aircraft of this address is known now.");
    else this.panel.say(this.icao24, "Asking the API …");
  }
}
