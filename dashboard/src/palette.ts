/** The colours of altitude, from the ground up. `from` in metres. */
export interface Band {
  name: string;
  from: number;
  colour: string;
}

export const BANDS: readonly Band[] = [
  { name: "a0", from: -Infinity, colour: "#ff7f50" },
  { name: "a1", from: 500, colour: "#ff9f43" },
  { name: "a2", from: 1500, colour: "#ffc93c" },
  { name: "a3", from: 3000, colour: "#c8e04a" },
  { name: "a4", from: 5000, colour: "#6fdc8c" },
  { name: "a5", from: 7000, colour: "#3fd0d4" },
  { name: "a6", from: 9000, colour: "#4fb3ff" },
  { name: "a7", from: 10500, colour: "#8f9bff" },
  { name: "a8", from: 12000, colour: "#cf8bff" },
];
export const UNKNOWN: Band = { name: "unknown", from: 0, colour: "#dfe6ee" };
export const GROUND: Band = { name: "ground", from: 0, colour: "#8593a3" };
export const EMERGENCY: Band = { name: "emergency", from: 0, colour: "#ff3b4e" };

/** The band of an altitude in metres. */
export function bandOf(altitude: number | null): Band {
  if (altitude === null) return UNKNOWN;
  return BANDS.findLast((band) => altitude >= band.from) ?? UNKNOWN;
}
