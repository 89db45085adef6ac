import type { Map as MapLibre } from "maplibre-gl";
import { drawAircraft, featuresAt } from "./aircraft";
import { fetchPicture, Refused } from "./api";
import { boxOf, trafficExtent, WORLD, type Box } from "./box";
import type { Flight } from "./flight";
import { Frames } from "./frames";
import { formatHash } from "./hash";
import { extentOf, fitTo, flyTo, placeOf } from "./map";
import { frameInterval, positionAt, type Position } from "./motion";
import { Poller } from "./poll";
import { Selection } from "./selection";
import { Sight } from "./sight";
import { showAge, showConnection, showCounts, showNotice, type Connection } from "./status";
import type { Panel } from "./panel";

const POLL_MS = 5000;
const SETTLE_MS = 300;
const SECOND_MS = 1000;
/** Between two frames for people who asked their system for less motion. */
const CALM_FRAME_MS = 5000;

/** The map kept up to date: asks the API, draws the aircraft, says how things stand. */
export class LiveMap {
  readonly sight = new Sight();
  readonly #selection: Selection;
  readonly #poller = new Poller((signal) => this.#poll(signal));
  readonly #frames = new Frames(
    () => this.#draw(),
    () => this.#frameInterval(),
  );
  readonly #calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  #connection: Connection = { state: "connecting" };
  #lastAnswer = new Date();

  constructor(
    private readonly map: MapLibre,
    panel: Panel,
    /** Whether the map is where somebody wants it, rather than waiting for traffic to go to. */
    private placed: boolean,
  ) {
    this.#selection = new Selection(this.sight, panel);
  }

  get selected(): string | null {
    return this.#selection.icao24;
  }

  async run(): Promise<never> {
    this.#poller.soon(0);
    setInterval(() => {
      this.#refreshTexts();
    }, SECOND_MS);
    return this.#frames.run();
  }

  select(icao24: string | null, flight: Flight | null = null): void {
    this.#selection.choose(icao24, flight);
    this.#rememberPlace();
    this.#frames.wake();
    if (icao24 !== null && this.#selection.flight === null) this.#poller.soon(0);
  }

  /** Bring the selected aircraft before the eye. */
  flyToSelected(): void {
    const position = this.#selectedPosition();
    if (position === null) return;
    this.placed = true;
    flyTo(this.map, position[0], position[1]);
  }

  /** The map was moved: by a hand, which knows where it wants to be, or by us. */
  moved(byHand: boolean): void {
    if (byHand) this.placed = true;
    this.#rememberPlace();
    this.#refreshTexts();
    this.#frames.wake();
    this.#poller.soon(SETTLE_MS);
  }

  /** Nobody looks at a hidden page: do not ask for it. */
  visibilityChanged(): void {
    if (document.hidden) this.#poller.stop();
    else this.#poller.soon(0);
  }

  #box(): Box {
    return this.placed ? boxOf(extentOf(this.map)) : WORLD;
  }

  #selectedPosition(): Position | null {
    const { flight } = this.#selection;
    return flight === null ? null : positionAt(flight, this.sight.now());
  }

  #rememberPlace(): void {
    const place = this.placed ? placeOf(this.map) : null;
    const hash = formatHash({ place, aircraft: this.selected });
    history.replaceState(null, "", hash === "" ? location.pathname + location.search : hash);
  }

  #refreshTexts(): void {
    const { sight } = this;
    showConnection(this.#connection);
    showAge(sight.time, sight.serverNow());
    if (sight.time !== null) {
      showCounts({ inView: sight.countIn(boxOf(extentOf(this.map))), total: sight.total });
    }
    showNotice(!this.placed && sight.time !== null && sight.total === 0);
    this.#selection.refresh();
  }

  /** Where to look first: at the aircraft that was linked to, or where the traffic is. */
  #placeFirstView(): void {
    if (this.placed) return;
    const linked = this.#selectedPosition();
    const positions =
      linked === null
        ? [...this.sight.flights.values()].map((flight) => positionAt(flight, this.sight.now()))
        : [linked];
    const extent = trafficExtent(positions.filter((position) => position !== null));
    if (extent === null) return;
    this.placed = true;
    fitTo(this.map, extent);
  }

  /** Ask once; the answer is how long to rest, in ms. */
  async #poll(signal: AbortSignal): Promise<number> {
    try {
      await this.#ask(signal);
      this.#connection = { state: "live" };
      this.#lastAnswer = new Date();
    } catch (error) {
      signal.throwIfAborted();
      this.#failed(error);
      if (error instanceof Refused) return Math.max(POLL_MS, (error.retryAfter ?? 0) * 1000);
    } finally {
      if (!signal.aborted) this.#asked();
    }
    return POLL_MS;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const box = this.#box();
    const picture = await fetchPicture(box, this.sight.versionOf(box), signal);
    if (picture !== null) this.sight.accept(picture, box);
    await this.#selection.follow(signal);
  }

  #failed(error: unknown): void {
    if (error instanceof Refused) {
      this.#connection = { state: "refused", detail: error.message };
      this.#lastAnswer = new Date();
    } else {
      this.#connection = { state: "away", since: this.#lastAnswer };
    }
  }

  #asked(): void {
    this.#placeFirstView();
    this.#refreshTexts();
    this.#frames.wake();
  }

  async #draw(): Promise<void> {
    const { flight } = this.#selection;
    const drawn = new Map(this.sight.flights);
    if (flight !== null) drawn.set(flight.icao24, flight);
    await drawAircraft(this.map, featuresAt(drawn.values(), this.sight.now(), this.selected));
  }

  #frameInterval(): number {
    if (this.#calm.matches) return CALM_FRAME_MS;
    return frameInterval(this.map.getZoom(), this.map.getCenter().lat, this.sight.flights.size);
  }
}
