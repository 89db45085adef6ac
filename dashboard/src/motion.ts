import { wrapLongitude } from "./box";
import type { Flight } from "./flight";

/** Longitude and latitude in degrees. */
export type Position = [number, number];

/** An aircraft is carried at most this many seconds beyond its last position: after that it is a guess. */
export const REACH_SECONDS = 15;

const EARTH_RADIUS = 6_371_000;
const RADIANS = Math.PI / 180;
/** Metres per pixel at zoom 0 on the equator, with MapLibre's 512-pixel world. */
const METRES_PER_PIXEL = 40_075_017 / 512;
/** A fast airliner, m/s. */
const FAST = 250;

/** Where one gets to from a position along a great circle. Metres, degrees clockwise from north. */
export function travel(from: Position, track: number, distance: number): Position {
  const angle = distance / EARTH_RADIUS;
  const [lon, lat, bearing] = [from[0] * RADIANS, from[1] * RADIANS, track * RADIANS];
  const sinLat =
    Math.sin(lat) * Math.cos(angle) + Math.cos(lat) * Math.sin(angle) * Math.cos(bearing);
  const east = Math.sin(bearing) * Math.sin(angle) * Math.cos(lat);
  const turn = Math.atan2(east, Math.cos(angle) - Math.sin(lat) * sinLat);
  return [wrapLongitude((lon + turn) / RADIANS), Math.asin(sinLat) / RADIANS];
}

/** Where the aircraft should be at `now` (epoch seconds), or null if it never said where it was. */
export function positionAt(flight: Flight, now: number): Position | null {
  const { longitude, latitude, time_position, velocity, true_track } = flight;
  if (longitude === null || latitude === null) return null;
  if (flight.on_ground || time_position === null || velocity === null || true_track === null) {
    return [longitude, latitude];
  }
  const seconds = Math.min(REACH_SECONDS, Math.max(0, now - time_position));
  return travel([longitude, latitude], true_track, velocity * seconds);
}

/**
 * Milliseconds between two frames: as long as a fast airliner takes for half a pixel, since anything
 * sooner would draw the same picture again; never under a quarter of a second for a crowd.
 */
export function frameInterval(zoom: number, latitude: number, count: number): number {
  const metresPerPixel = (METRES_PER_PIXEL * Math.cos(latitude * RADIANS)) / 2 ** zoom;
  const shortest = count > 1500 ? 250 : 125;
  return Math.min(5000, Math.max(shortest, (500 * metresPerPixel) / FAST));
}
