import type { Picture } from "./api";
import { contains, type Box } from "./box";
import { browserSeconds, clockOf, LOCAL, type Clock } from "./clock";
import type { Flight } from "./flight";

function sameBox(a: Box, b: Box): boolean {
  return a.lamin === b.lamin && a.lamax === b.lamax && a.lomin === b.lomin && a.lomax === b.lomax;
}

/** What is known at this moment: the newest picture, the box it covers, and the clocks it goes by. */
export class Sight {
  flights: ReadonlyMap<string, Flight> = new Map<string, Flight>();
  time: number | null = null;
  total = 0;
  #version: number | null = null;
  #box: Box | null = null;
  #clock: Clock = LOCAL;

  /** The version already held of just this box, or null. */
  versionOf(box: Box): number | null {
    return this.#box !== null && sameBox(box, this.#box) ? this.#version : null;
  }

  accept(picture: Picture, box: Box): void {
    if (picture.version !== this.#version || picture.time !== this.time) {
      this.#clock = clockOf(picture.time, picture.serverTime, browserSeconds());
    }
    this.flights = picture.flights;
    this.time = picture.time;
    this.total = picture.total;
    this.#version = picture.version;
    this.#box = box;
  }

  /** Epoch seconds by the picture's clock, which aircraft move by. */
  now(): number {
    return browserSeconds() + this.#clock.picture;
  }

  /** Epoch seconds by the server's clock, which says how old the picture is. */
  serverNow(): number {
    return browserSeconds() + this.#clock.server;
  }

  countIn(box: Box): number {
    let count = 0;
    for (const { longitude, latitude } of this.flights.values()) {
      if (longitude !== null && latitude !== null && contains(box, longitude, latitude)) count += 1;
    }
    return count;
  }
}
