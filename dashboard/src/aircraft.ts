import type { FilterSpecification, GeoJSONSource, Map, MapMouseEvent } from "maplibre-gl";
import { altitudeOf, emergencyOf, type Flight } from "./flight";
import { addIcons, iconName } from "./icons";
import { positionAt } from "./motion";
import { bandOf, EMERGENCY, GROUND, type Band } from "./palette";

const SOURCE = "aircraft";
const LAYER = "aircraft";
/** A position older than this many seconds is drawn faint. */
const STALE_SECONDS = 60;
/** How far from an aircraft a click or a fingertip may land, in pixels. */
const REACH_PIXELS = 10;

interface Look {
  icao24: string;
  icon: string;
  track: number;
  faint: boolean;
  selected: boolean;
}
type AircraftFeature = GeoJSON.Feature<GeoJSON.Point, Look>;

function bandFor(flight: Flight): Band {
  if (emergencyOf(flight) !== null) return EMERGENCY;
  return flight.on_ground ? GROUND : bandOf(altitudeOf(flight));
}

/** The aircraft as points at `now` (epoch seconds), those on the ground first, beneath the others. */
export function featuresAt(
  flights: Iterable<Flight>,
  now: number,
  selected: string | null,
): AircraftFeature[] {
  const ground: AircraftFeature[] = [];
  const air: AircraftFeature[] = [];
  for (const flight of flights) {
    const coordinates = positionAt(flight, now);
    if (coordinates === null) continue;
    const shape = flight.true_track === null ? "dot" : "plane";
    (flight.on_ground ? ground : air).push({
      type: "Feature",
      geometry: { type: "Point", coordinates },
      properties: {
        icao24: flight.icao24,
        icon: iconName(shape, bandFor(flight).name),
        track: flight.true_track ?? 0,
        faint: flight.time_position !== null && now - flight.time_position > STALE_SECONDS,
        selected: flight.icao24 === selected,
      },
    });
  }
  return ground.concat(air);
}

function isGround(): ["in", string, ["get", string]] {
  return ["in", `-${GROUND.name}`, ["get", "icon"]];
}

/** Add the aircraft to the map: a ring around the selected one, and a symbol for each. */
export function addAircraftLayers(map: Map): void {
  addIcons(map);
  map.addSource(SOURCE, {
    type: "geojson",
    data: { type: "FeatureCollection", features: [] },
    tolerance: 0,
  });
  const selected: FilterSpecification = ["==", ["get", "selected"], true];
  map.addLayer({
    id: "selection",
    type: "circle",
    source: SOURCE,
    filter: selected,
    paint: {
      "circle-radius": 20,
      "circle-color": "#ffffff",
      "circle-opacity": 0.12,
      "circle-stroke-color": "#ffffff",
      "circle-stroke-width": 2,
    },
  });
  map.addLayer({
    id: LAYER,
    type: "symbol",
    source: SOURCE,
    layout: {
      "icon-image": ["get", "icon"],
      "icon-rotate": ["get", "track"],
      "icon-rotation-alignment": "map",
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
      "icon-size": [
        "interpolate",
        ["linear"],
        ["zoom"],
        1,
        ["case", isGround(), 0.12, 0.22],
        3,
        ["case", isGround(), 0.16, 0.34],
        6,
        ["case", isGround(), 0.36, 0.66],
        10,
        ["case", isGround(), 0.6, 0.95],
      ],
    },
    paint: { "icon-opacity": ["case", ["get", "faint"], 0.45, 1] },
  });
}

/** Draw the aircraft; resolves when the map has taken them in, so that frames cannot pile up. */
export async function drawAircraft(map: Map, features: AircraftFeature[]): Promise<void> {
  const source = map.getSource<GeoJSONSource>(SOURCE);
  await source?.setData({ type: "FeatureCollection", features });
}

/** The aircraft nearest to where the pointer is, if one is within reach. */
export function aircraftAt(map: Map, event: MapMouseEvent): string | null {
  const { x, y } = event.point;
  const found = map.queryRenderedFeatures(
    [
      [x - REACH_PIXELS, y - REACH_PIXELS],
      [x + REACH_PIXELS, y + REACH_PIXELS],
    ],
    { layers: [LAYER] },
  );
  let nearest: string | null = null;
  let least = Infinity;
  for (const { geometry, properties } of found) {
    if (geometry.type !== "Point") continue;
    const [longitude = 0, latitude = 0] = geometry.coordinates;
    const copies = Math.round((event.lngLat.lng - longitude) / 360); // the world repeats sideways
    const at = map.project([longitude + 360 * copies, latitude]);
    const distance = Math.hypot(at.x - x, at.y - y);
    if (distance < least) [least, nearest] = [distance, String(properties.icao24)];
  }
  return nearest;
}
