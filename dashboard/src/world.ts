import { feature, mesh } from "topojson-client";
import { wrapLongitude } from "./box";
import type { GeometryCollection, Topology } from "topojson-specification";

/** Natural Earth's countries, as the package `world-atlas` has them. */
export type WorldTopology = Topology<{
  land: GeometryCollection;
  countries: GeometryCollection<{ name: string }>;
}>;

export interface World {
  land: GeoJSON.MultiPolygon;
  coast: GeoJSON.MultiLineString;
  borders: GeoJSON.MultiLineString;
  /** A point for each country's name, with its `size` in square degrees. */
  names: GeoJSON.FeatureCollection<GeoJSON.Point, { name: string; size: number }>;
}

/**
 * A line whose longitudes go on beyond ±180 rather than jump to the other side, which MapLibre would
 * draw right across the map: Natural Earth's topology is stitched together at the antimeridian.
 */
export function unrolled(line: readonly GeoJSON.Position[]): GeoJSON.Position[] {
  let turns = 0;
  let previous: number | undefined;
  return line.map(([longitude = 0, latitude = 0]) => {
    if (previous !== undefined) turns -= Math.round((longitude - previous) / 360);
    previous = longitude;
    return [longitude + 360 * turns, latitude];
  });
}

/** A ring unrolled; one that goes around the south pole (Antarctica) is closed along the map's edge. */
export function unrolledRing(ring: readonly GeoJSON.Position[]): GeoJSON.Position[] {
  const points = unrolled(ring);
  const [first] = points;
  const last = points[points.length - 1];
  if (first?.[0] === undefined || last?.[0] === undefined || first[0] === last[0]) return points;
  return [...points, [last[0], -90], [first[0], -90], first];
}

function unrolledLines({ coordinates }: GeoJSON.MultiLineString): GeoJSON.MultiLineString {
  return { type: "MultiLineString", coordinates: coordinates.map(unrolled) };
}

function polygonsOf(geometry: GeoJSON.Geometry): GeoJSON.Position[][][] {
  if (geometry.type === "Polygon") return [geometry.coordinates];
  return geometry.type === "MultiPolygon" ? geometry.coordinates : [];
}

/** Area (square degrees) and centre of gravity of a ring, by the shoelace formula. */
export function centreOf(ring: readonly GeoJSON.Position[]): {
  size: number;
  at: [number, number];
} {
  let [doubled, x, y] = [0, 0, 0];
  for (const [i, [x1 = 0, y1 = 0]] of ring.entries()) {
    const [x2 = 0, y2 = 0] = ring[(i + 1) % ring.length] ?? [];
    const cross = x1 * y2 - x2 * y1;
    doubled += cross;
    x += (x1 + x2) * cross;
    y += (y1 + y2) * cross;
  }
  return { size: Math.abs(doubled) / 2, at: [x / (3 * doubled), y / (3 * doubled)] };
}

/** The name of a country, on its largest piece of land. */
function nameOf(
  country: GeoJSON.Feature<GeoJSON.Geometry, { name: string }>,
): World["names"]["features"] {
  const pieces = polygonsOf(country.geometry).map((rings) =>
    centreOf(unrolledRing(rings[0] ?? [])),
  );
  const [largest] = pieces.sort((a, b) => b.size - a.size);
  if (!largest?.at.every(Number.isFinite)) return [];
  const { name } = country.properties;
  return [
    {
      type: "Feature",
      geometry: { type: "Point", coordinates: [wrapLongitude(largest.at[0]), largest.at[1]] },
      properties: { name, size: largest.size },
    },
  ];
}

export function worldOf(topology: WorldTopology): World {
  const { land, countries } = topology.objects;
  return {
    land: {
      type: "MultiPolygon",
      coordinates: feature(topology, land)
        .features.flatMap(({ geometry }) => polygonsOf(geometry))
        .map((rings) => rings.map(unrolledRing)),
    },
    coast: unrolledLines(mesh(topology, countries, (a, b) => a === b)),
    borders: unrolledLines(mesh(topology, countries, (a, b) => a !== b)),
    names: {
      type: "FeatureCollection",
      features: feature(topology, countries).features.flatMap(nameOf),
    },
  };
}

/** Meridians and parallels every `step` degrees. */
export function graticule(step: number): GeoJSON.MultiLineString {
  const coordinates: GeoJSON.Position[][] = [];
  for (let longitude = -180; longitude < 180; longitude += step) {
    coordinates.push([
      [longitude, -85],
      [longitude, 85],
    ]);
  }
  for (let latitude = -80; latitude <= 80; latitude += step) {
    coordinates.push([
      [-180, latitude],
      [180, latitude],
    ]);
  }
  return { type: "MultiLineString", coordinates };
}
