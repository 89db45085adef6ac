import type { Flight } from "../src/flight";

/** A plain airliner over Munich, with what a test wants otherwise. */
export function aFlight(otherwise: Partial<Flight> = {}): Flight {
  return {
    icao24: "3c6444",
    callsign: "DLH123",
    origin_country: "Germany",
    time_position: 1000,
    last_contact: 1000,
    longitude: 11.5,
    latitude: 48.1,
    baro_altitude: 10972.8,
    geo_altitude: 11200,
    on_ground: false,
    velocity: 230,
    true_track: 90,
    vertical_rate: 0,
    squawk: "1000",
    registration: "D-AIBC",
    typecode: "A319",
    operator: null,
    military: false,
    departure: null,
    arrival: null,
    source: "opensky",
    quality: [],
    ...otherwise,
  };
}
