import { Map, NavigationControl, ScaleControl, setWorkerUrl } from "maplibre-gl";
import type { StyleSpecification } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import topologyUrl from "world-atlas/countries-50m.json?url";
import type { Extent } from "./box";
import type { Place } from "./hash";
import { graticule, worldOf, type World, type WorldTopology } from "./world";

const EVERYWHERE: Place = { zoom: 1.4, latitude: 30, longitude: 10 };
const GRATICULE_DEGREES = 10;

function baseStyle(world: World): StyleSpecification {
  return {
    version: 8,
    sources: {
      land: { type: "geojson", data: world.land, maxzoom: 8 },
      coast: { type: "geojson", data: world.coast, maxzoom: 8 },
      borders: { type: "geojson", data: world.borders, maxzoom: 8 },
      graticule: { type: "geojson", data: graticule(GRATICULE_DEGREES), maxzoom: 4 },
      names: { type: "geojson", data: world.names },
    },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": "#0b131c" } },
      { id: "land", type: "fill", source: "land", paint: { "fill-color": "#19242f" } },
      {
        id: "graticule",
        type: "line",
        source: "graticule",
        paint: { "line-color": "#8fb3d0", "line-opacity": 0.08, "line-width": 1 },
      },
      {
        id: "borders",
        type: "line",
        source: "borders",
        paint: { "line-color": "#3b4c5d", "line-width": 1, "line-dasharray": [3, 2] },
      },
      {
        id: "coast",
        type: "line",
        source: "coast",
        paint: { "line-color": "#48606f", "line-width": 1 },
      },
      {
        // The style names no glyphs, so MapLibre draws the letters with the browser's own font.
        id: "names",
        type: "symbol",
        source: "names",
        minzoom: 2.5,
        // The small ones wait until one is near enough to see them.
        filter: [">=", ["get", "size"], ["step", ["zoom"], 20, 4, 2, 6, 0.2, 7, 0]],
        layout: {
          "text-field": ["get", "name"],
          "text-font": ["sans-serif"],
          "text-size": ["interpolate", ["linear"], ["zoom"], 2.5, 10, 7, 15],
          "text-letter-spacing": 0.08,
          "text-max-width": 8,
          "symbol-sort-key": ["-", ["get", "size"]],
        },
        paint: {
          "text-color": "#7d92a6",
          "text-halo-color": "#141e28",
          "text-halo-width": 1,
        },
      },
    ],
  };
}

async function loadWorld(): Promise<World> {
  const response = await fetch(topologyUrl);
  if (!response.ok) throw new Error(`the base map is missing: HTTP ${response.status}`);
  return worldOf((await response.json()) as WorldTopology);
}

/** The map, ready for layers, at a place or far out over everything. */
export async function createMap(container: HTMLElement, place: Place | null): Promise<Map> {
  setWorkerUrl(new URL(workerUrl, document.baseURI).href);
  const { zoom, latitude, longitude } = place ?? EVERYWHERE;
  const map = new Map({
    container,
    style: baseStyle(await loadWorld()),
    center: [longitude, latitude],
    zoom,
    minZoom: 0.5,
    maxZoom: 15,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false, // the status strip says it
    fadeDuration: 0, // aircraft are set anew several times a second and must not fade in each time
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new ScaleControl({ unit: "metric" }), "bottom-right");
  map
    .getCanvas()
    .setAttribute(
      "aria-label",
      "Map of aircraft. Arrow keys move it, plus and minus zoom, Enter selects the aircraft nearest to the centre and then the next, Escape lets go, slash goes to the search.",
    );
  await map.once("style.load");
  return map;
}

export function extentOf(map: Map): Extent {
  const bounds = map.getBounds();
  return {
    west: bounds.getWest(),
    south: bounds.getSouth(),
    east: bounds.getEast(),
    north: bounds.getNorth(),
  };
}

export function placeOf(map: Map): Place {
  const { lng, lat } = map.getCenter().wrap();
  return { zoom: map.getZoom(), latitude: lat, longitude: lng };
}

export function fitTo(map: Map, { west, south, east, north }: Extent): void {
  map.fitBounds(
    [
      [west, south],
      [east, north],
    ],
    { padding: 48, maxZoom: 9, animate: false },
  );
}

/** Fly to a position, as near as one needs to tell two aircraft apart, clear of the phone's panel. */
export function flyTo(map: Map, longitude: number, latitude: number): void {
  const narrow = window.matchMedia("(max-width: 640px)").matches;
  map.flyTo({
    center: [longitude, latitude],
    zoom: Math.max(map.getZoom(), 8),
    offset: [0, narrow ? -window.innerHeight / 5 : 0],
    maxDuration: 2500,
  });
}
