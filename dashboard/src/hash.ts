/** The address of what one sees: `#map=6.50/48.1000/11.5000&aircraft=3c6444`. */
export interface Place {
  zoom: number;
  latitude: number;
  longitude: number;
}

export interface Link {
  place: Place | null;
  aircraft: string | null;
}

function parsePlace(text: string | null): Place | null {
  const parts = (text ?? "").split("/").map((part) => (part === "" ? Number.NaN : Number(part)));
  const [zoom, latitude, longitude] = parts;
  if (parts.length !== 3 || zoom === undefined || latitude === undefined) return null;
  if (longitude === undefined || !parts.every(Number.isFinite)) return null;
  const sane = zoom >= 0 && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  return sane ? { zoom, latitude, longitude } : null;
}

export function parseHash(hash: string): Link {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const aircraft = fields.get("aircraft")?.toLowerCase() ?? "";
  return {
    place: parsePlace(fields.get("map")),
    // readsb marks addresses that are not ICAO's with a leading tilde.
    aircraft: /^~?[0-9a-f]{6}$/.test(aircraft) ? aircraft : null,
  };
}

export function formatHash({ place, aircraft }: Link): string {
  const fields: string[] = [];
  if (place !== null) {
    const { zoom, latitude, longitude } = place;
    fields.push(`map=${zoom.toFixed(2)}/${latitude.toFixed(4)}/${longitude.toFixed(4)}`);
  }
  if (aircraft !== null) fields.push(`aircraft=${aircraft}`);
  return fields.length === 0 ? "" : `#${fields.join("&")}`;
}
