import type { Map } from "maplibre-gl";
import { BANDS, EMERGENCY, GROUND, UNKNOWN } from "./palette";

/** Shapes on a 32 × 32 field, nose up. */
const SHAPES = {
  plane:
    "M16 2.500c1.100 0 1.900 1.700 1.900 4.300v5L29 18.600v2.700l-11.100-3.300v5.700l3.600 2.900v2.100L16 27.100l-5.500 1.600v-2.100l3.600-2.900v-5.700L3 21.300v-2.700l11.100-6.800v-5c0-2.600.8-4.300 1.900-4.300z",
  dot: "M16 10.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11z",
} as const;

export type Shape = keyof typeof SHAPES;

const FIELD = 32;
const PIXEL_RATIO = 2;
const OUTLINE = "rgb(10 15 21 / 75%)";

export function iconName(shape: Shape, band: string): string {
  return `${shape}-${band}`;
}

function draw(shape: Shape, colour: string): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = FIELD * PIXEL_RATIO;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("this browser gives no 2D canvas to draw icons on");
  context.scale(PIXEL_RATIO, PIXEL_RATIO);
  const path = new Path2D(SHAPES[shape]);
  context.lineJoin = "round";
  context.lineWidth = 2;
  context.strokeStyle = OUTLINE;
  context.stroke(path);
  context.fillStyle = colour;
  context.fill(path);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** Give the map one picture for every shape in every colour. */
export function addIcons(map: Map): void {
  for (const shape of Object.keys(SHAPES) as Shape[]) {
    for (const band of [...BANDS, UNKNOWN, GROUND, EMERGENCY]) {
      map.addImage(iconName(shape, band.name), draw(shape, band.colour), {
        pixelRatio: PIXEL_RATIO,
      });
    }
  }
}
