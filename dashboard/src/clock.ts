/** A picture older than this is not late: it is a recording, and runs by its own clock. Seconds. */
const RECORDING_AGE = 600;
/** The server's clock is read off an HTTP header in whole seconds; less than this is no difference. */
const TOLERANCE = 2;

/** What the server's and the picture's clocks are ahead of the browser's, in seconds. */
export interface Clock {
  server: number;
  picture: number;
}

export const LOCAL: Clock = { server: 0, picture: 0 };

/**
 * The clocks at the moment an answer came. All three times in epoch seconds; `serverTime` is null
 * where the answer had no `Date`.
 */
export function clockOf(
  pictureTime: number,
  serverTime: number | null,
  browserTime: number,
): Clock {
  const ahead = serverTime === null ? 0 : serverTime + 0.5 - browserTime;
  const server = Math.abs(ahead) > TOLERANCE ? ahead : 0;
  const recorded = Math.abs(browserTime + server - pictureTime) > RECORDING_AGE;
  return { server, picture: recorded ? pictureTime - browserTime : server };
}

export function browserSeconds(): number {
  return Date.now() / 1000;
}
