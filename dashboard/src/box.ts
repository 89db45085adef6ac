/** A box as the API asks for it: within ±90 and ±180 degrees; `lomin > lomax` crosses the antimeridian. */
export interface Box {
  lamin: number;
  lamax: number;
  lomin: number;
  lomax: number;
}

/** A box as a map shows it: `west < east`, either may lie beyond ±180. Degrees. */
export interface Extent {
  west: number;
  south: number;
  east: number;
  north: number;
}

export const WORLD: Box = { lamin: -90, lamax: 90, lomin: -180, lomax: 180 };

/** How many median deviations from the median still count as "where the traffic is". */
const SPREAD = 5;
/** The least spread, in degrees, so that three aircraft in one pattern do not shrink the view to a runway. */
const LEAST_SPREAD = 0.3;

/** Longitude within ±180; both ends of that range stay as they are. */
export function wrapLongitude(longitude: number): number {
  if (longitude >= -180 && longitude <= 180) return longitude;
  return ((((longitude + 180) % 360) + 360) % 360) - 180;
}

function clampLatitude(latitude: number): number {
  return Math.min(90, Math.max(-90, latitude));
}

/** The API's box for what the map shows. */
export function boxOf(extent: Extent): Box {
  const wholeRound = extent.east - extent.west >= 360;
  return {
    lamin: clampLatitude(extent.south),
    lamax: clampLatitude(extent.north),
    lomin: wholeRound ? -180 : wrapLongitude(extent.west),
    lomax: wholeRound ? 180 : wrapLongitude(extent.east),
  };
}

export function contains(box: Box, longitude: number, latitude: number): boolean {
  if (latitude < box.lamin || latitude > box.lamax) return false;
  return box.lomin <= box.lomax
    ? longitude >= box.lomin && longitude <= box.lomax
    : longitude >= box.lomin || longitude <= box.lomax;
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** Smallest and greatest of the values that lie within a robust spread around their median. */
function robustRange(values: readonly number[]): [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const centre = median(sorted);
  const deviation = median(sorted.map((v) => Math.abs(v - centre)).sort((a, b) => a - b));
  const reach = SPREAD * Math.max(deviation, LEAST_SPREAD);
  const kept = sorted.filter((v) => Math.abs(v - centre) <= reach);
  return [kept[0] ?? centre, kept[kept.length - 1] ?? centre];
}

/** Longitudes laid out on a line, the round earth cut where the widest gap is. */
function unroll(longitudes: readonly number[]): number[] {
  const sorted = [...longitudes].sort((a, b) => a - b);
  let cut = sorted[0] ?? 0;
  let widest = cut + 360 - (sorted[sorted.length - 1] ?? 0);
  for (const [i, longitude] of sorted.entries()) {
    const gap = longitude - (sorted[i - 1] ?? longitude);
    if (gap > widest) [widest, cut] = [gap, longitude];
  }
  return longitudes.map((longitude) => (longitude < cut ? longitude + 360 : longitude));
}

/** Where the traffic is, without the strays; null if there is none. Positions are [longitude, latitude]. */
export function trafficExtent(positions: readonly (readonly [number, number])[]): Extent | null {
  if (positions.length === 0) return null;
  const [west, east] = robustRange(unroll(positions.map(([longitude]) => longitude)));
  const [south, north] = robustRange(positions.map(([, latitude]) => latitude));
  const margin = LEAST_SPREAD / 2;
  return {
    west: west - margin,
    east: east + margin,
    south: clampLatitude(south - margin),
    north: clampLatitude(north + margin),
  };
}
