/** What the API says about one aircraft. SI units: metres, m/s, degrees, epoch seconds. */
export interface Flight {
  icao24: string;
  callsign: string | null;
  origin_country: string | null;
  time_position: number | null;
  last_contact: number;
  longitude: number | null;
  latitude: number | null;
  baro_altitude: number | null;
  geo_altitude: number | null;
  on_ground: boolean;
  velocity: number | null;
  true_track: number | null;
  vertical_rate: number | null;
  squawk: string | null;
  registration: string | null;
  typecode: string | null;
  operator: string | null;
  military: boolean;
  departure: string | null;
  arrival: string | null;
  source: string;
  quality: string[];
}

function text(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const trimmed = value.trim();
  return trimmed === "" ? null : trimmed;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function words(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((word) => typeof word === "string") : [];
}

/** One row of the API's answer, or null if it is no aircraft: one bad row never costs the others. */
export function parseFlight(raw: unknown): Flight | null {
  if (typeof raw !== "object" || raw === null) return null;
  const row = raw as Record<string, unknown>;
  const icao24 = text(row.icao24);
  const lastContact = number(row.last_contact);
  if (icao24 === null || lastContact === null) return null;
  return {
    icao24,
    callsign: text(row.callsign),
    origin_country: text(row.origin_country),
    time_position: number(row.time_position),
    last_contact: lastContact,
    longitude: number(row.longitude),
    latitude: number(row.latitude),
    baro_altitude: number(row.baro_altitude),
    geo_altitude: number(row.geo_altitude),
    on_ground: row.on_ground === true,
    velocity: number(row.velocity),
    true_track: number(row.true_track),
    vertical_rate: number(row.vertical_rate),
    squawk: text(row.squawk),
    registration: text(row.registration),
    typecode: text(row.typecode),
    operator: text(row.operator),
    military: row.military === true,
    departure: text(row.departure),
    arrival: text(row.arrival),
    source: text(row.source) ?? "unknown",
    quality: words(row.quality),
  };
}

/** Barometric altitude in metres, which pilots fly by; the satellite's where there is no other. */
export function altitudeOf(flight: Flight): number | null {
  return flight.baro_altitude ?? flight.geo_altitude;
}

export function nameOf(flight: Flight): string {
  return flight.callsign ?? flight.registration ?? flight.icao24;
}

const EMERGENCIES: Readonly<Record<string, string>> = {
  "7500": "unlawful interference",
  "7600": "radio failure",
  "7700": "emergency",
};

/** What an emergency squawk means, or null for every other code. */
export function emergencyOf(flight: Flight): string | null {
  return flight.squawk === null ? null : (EMERGENCIES[flight.squawk] ?? null);
}
