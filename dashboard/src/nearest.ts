import { wrapLongitude } from "./box";
import type { Flight } from "./flight";

function squaredDistance(flight: Flight, longitude: number, latitude: number): number {
  if (flight.longitude === null || flight.latitude === null) return Infinity;
  const east = wrapLongitude(flight.longitude - longitude) * Math.cos((latitude * Math.PI) / 180);
  return east ** 2 + (flight.latitude - latitude) ** 2;
}

/**
 * The aircraft nearest to a point; if `current` is among them, the next farther one, and after the
 * farthest the nearest again. So one key walks through all aircraft from the centre of the map.
 */
export function nextFromPoint(
  flights: Iterable<Flight>,
  longitude: number,
  latitude: number,
  current: string | null,
): Flight | null {
  const order = [...flights]
    .map((flight) => ({ flight, distance: squaredDistance(flight, longitude, latitude) }))
    .filter(({ distance }) => Number.isFinite(distance))
    .sort((a, b) => a.distance - b.distance);
  const here = order.findIndex(({ flight }) => flight.icao24 === current);
  return order[(here + 1) % Math.max(1, order.length)]?.flight ?? null;
}
