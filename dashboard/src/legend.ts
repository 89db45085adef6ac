import { make } from "./dom";
import { BANDS, GROUND } from "./palette";

/** The colours of altitude with their lower edges in kilometres. */
export function fillLegend(element: HTMLElement): void {
  const ground = make("span", "step", "gnd");
  ground.style.borderTopColor = GROUND.colour;
  const steps = BANDS.map((band) => {
    const step = make("span", "step", String(Math.max(0, band.from) / 1000));
    step.style.borderTopColor = band.colour;
    return step;
  });
  element.append(ground, ...steps, make("span", "unit", "km"));
}
