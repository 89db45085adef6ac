import { expect, test } from "vitest";
import atlas from "world-atlas/countries-50m.json?raw";
import { centreOf, graticule, unrolledRing, worldOf, type WorldTopology } from "../src/world";

const world = worldOf(JSON.parse(atlas) as WorldTopology);

function widestStep(lines: GeoJSON.Position[][]): number {
  let widest = 0;
  for (const line of lines) {
    for (const [i, [longitude = 0, latitude = 0]] of line.entries()) {
      const [before = longitude] = line[i - 1] ?? [];
      if (latitude > -89) widest = Math.max(widest, Math.abs(longitude - before));
    }
  }
  return widest;
}

test("no coast, border or land runs right across the map at the antimeridian", () => {
  expect(widestStep(world.coast.coordinates)).toBeLessThan(20);
  expect(widestStep(world.borders.coordinates)).toBeLessThan(20);
  expect(widestStep(world.land.coordinates.flat())).toBeLessThan(20);
});

test("a ring around the pole is closed along the map's edge", () => {
  const ring = unrolledRing([
    [-90, -70],
    [0, -70],
    [90, -70],
    [179, -70],
    [-90, -70],
  ]);
  expect(ring.slice(-3)).toEqual([
    [270, -90],
    [-90, -90],
    [-90, -70],
  ]);
});

test("the centre of a square is its middle", () => {
  const square = [
    [0, 0],
    [4, 0],
    [4, 4],
    [0, 4],
    [0, 0],
  ];
  expect(centreOf(square)).toEqual({ size: 16, at: [2, 2] });
});

test("names stand on their countries' largest piece", () => {
  const at = (name: string) =>
    world.names.features.find(({ properties }) => properties.name === name)?.geometry.coordinates;
  expect(at("France")?.[1]).toBeGreaterThan(40);
  expect(at("Russia")?.[0]).toBeGreaterThan(60);
});

test("the graticule has a line every ten degrees", () => {
  expect(graticule(10).coordinates).toHaveLength(36 + 17);
});
