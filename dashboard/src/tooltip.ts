import type { Map } from "maplibre-gl";
import { aircraftAt } from "./aircraft";
import { byId } from "./dom";
import { altitudeOf, nameOf, type Flight } from "./flight";
import * as format from "./format";

const OFFSET = 14;

function describe(flight: Flight): string {
  const height = flight.on_ground ? "on the ground" : format.altitude(altitudeOf(flight));
  const kind = flight.typecode === null ? "" : ` · ${flight.typecode}`;
  return `${nameOf(flight)}${kind}\n${height}\n${format.speed(flight.velocity)}`;
}

/** A label that goes with the pointer while it is over an aircraft. */
export function createTooltip(map: Map, flightOf: (icao24: string) => Flight | undefined): void {
  const element = byId("tooltip", HTMLDivElement);
  const hide = () => {
    element.hidden = true;
    map.getCanvas().style.cursor = "";
  };
  if (!window.matchMedia("(hover: hover)").matches) return;

  map.on("mousemove", (event) => {
    const icao24 = aircraftAt(map, event);
    const flight = icao24 === null ? undefined : flightOf(icao24);
    if (flight === undefined) {
      hide();
      return;
    }
    const { x, y } = event.point;
    element.textContent = describe(flight);
    element.hidden = false;
    const left = Math.min(x + OFFSET, window.innerWidth - element.offsetWidth - 4);
    const above = y + OFFSET + element.offsetHeight > window.innerHeight - 40;
    const top = above ? y - OFFSET - element.offsetHeight : y + OFFSET;
    element.style.transform = `translate(${left}px, ${top}px)`;
    map.getCanvas().style.cursor = "pointer";
  });
  map.on("mouseout", hide);
  map.on("movestart", hide);
}
