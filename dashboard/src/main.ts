import type { Map as MapLibre } from "maplibre-gl";
import "./style.css";
import { addAircraftLayers, aircraftAt } from "./aircraft";
import { byId } from "./dom";
import { parseHash } from "./hash";
import { fillLegend } from "./legend";
import { LiveMap } from "./live";
import { createMap, placeOf } from "./map";
import { nextFromPoint } from "./nearest";
import { createPanel } from "./panel";
import { createSearch } from "./search";
import { showConnection } from "./status";
import { createTooltip } from "./tooltip";

function onMap(map: MapLibre, live: LiveMap): void {
  map.on("click", (event) => {
    live.select(aircraftAt(map, event));
  });
  map.on("moveend", (event) => {
    live.moved(event.originalEvent !== undefined);
  });
  createTooltip(map, (icao24) => live.sight.flights.get(icao24));
}

/** Enter walks through the aircraft from the centre of the map outwards; Escape lets go. */
function onKeys(map: MapLibre, live: LiveMap, letGo: () => void): void {
  map.getCanvas().addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const { longitude, latitude } = placeOf(map);
    const next = nextFromPoint(live.sight.flights.values(), longitude, latitude, live.selected);
    if (next !== null) live.select(next.icao24, next);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && live.selected !== null) letGo();
  });
}

function onPage(map: MapLibre, live: LiveMap): void {
  window.addEventListener("hashchange", () => {
    const { place, aircraft } = parseHash(location.hash);
    if (aircraft !== live.selected) live.select(aircraft);
    if (place === null) return;
    map.jumpTo({ center: [place.longitude, place.latitude], zoom: place.zoom });
    live.moved(true);
  });
  document.addEventListener("visibilitychange", () => {
    live.visibilityChanged();
  });
}

async function start(): Promise<void> {
  showConnection({ state: "connecting" });
  fillLegend(byId("legend", HTMLDivElement));
  const link = parseHash(location.hash);
  const map = await createMap(byId("map", HTMLElement), link.place);
  addAircraftLayers(map);

  const letGo = () => {
    live.select(null);
    map.getCanvas().focus();
  };
  const panel = createPanel(byId("panel", HTMLElement), {
    close: letGo,
    centre: () => {
      live.flyToSelected();
    },
  });
  const live = new LiveMap(map, panel, link.place !== null);

  createSearch((flight) => {
    live.select(flight.icao24, flight);
    live.flyToSelected();
    panel.focus();
  });
  onMap(map, live);
  onKeys(map, live, letGo);
  onPage(map, live);
  if (link.aircraft !== null) live.select(link.aircraft);
  await live.run();
}

start().catch((error: unknown) => {
  const detail = error instanceof Error ? error.message : String(error);
  showConnection({ state: "broken", detail });
  console.error(error);
});
