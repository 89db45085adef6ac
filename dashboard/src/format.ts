/** Numbers in words. Everything comes in SI units; null is a dash. */
const FEET_PER_METRE = 1 / 0.3048;
const KNOTS_PER_MS = 3600 / 1852;
const NOTHING = "–";
const POINTS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"];

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function count(value: number): string {
  return whole.format(value);
}

/** `-0` and `-0.3` rounded are no negative number to a reader. */
function rounded(value: number): string {
  return whole.format(Math.round(value) + 0);
}

function signed(digits: number): Intl.NumberFormat {
  return new Intl.NumberFormat("en", {
    signDisplay: "exceptZero",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
const signedWhole = signed(0);
const signedTenths = signed(1);

export function altitude(metres: number | null): string {
  if (metres === null) return NOTHING;
  return `${rounded(metres)} m · ${rounded(metres * FEET_PER_METRE)} ft`;
}

export function speed(metresPerSecond: number | null): string {
  if (metresPerSecond === null) return NOTHING;
  return `${rounded(metresPerSecond)} m/s · ${rounded(metresPerSecond * KNOTS_PER_MS)} kt`;
}

export function verticalRate(metresPerSecond: number | null): string {
  if (metresPerSecond === null) return NOTHING;
  const feetPerMinute = metresPerSecond * FEET_PER_METRE * 60;
  return `${signedTenths.format(metresPerSecond)} m/s · ${signedWhole.format(feetPerMinute)} ft/min`;
}

export function track(degrees: number | null): string {
  if (degrees === null) return NOTHING;
  const round = ((Math.round(degrees) % 360) + 360) % 360;
  return `${String(round).padStart(3, "0")}° ${POINTS[Math.round(round / 45) % 8] ?? ""}`;
}

export function position(longitude: number | null, latitude: number | null): string {
  if (longitude === null || latitude === null) return NOTHING;
  const north = `${Math.abs(latitude).toFixed(4)}° ${latitude < 0 ? "S" : "N"}`;
  return `${north}, ${Math.abs(longitude).toFixed(4)}° ${longitude < 0 ? "W" : "E"}`;
}

/** A span of time in its largest sensible unit: `4 s`, `3 min`, `5 h`, `12 d`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  if (s < 172_800) return `${Math.floor(s / 3600)} h`;
  return `${rounded(Math.floor(s / 86_400))} d`;
}

/** The browser's time of day, `hh:mm:ss`. */
export function timeOfDay(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

/** `2026-05-08 17:59:53 UTC` */
export function instant(epochSeconds: number): string {
  return `${new Date(epochSeconds * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

export function textOr(value: string | null): string {
  return value ?? NOTHING;
}
