// SPDX-License-Identifier: MIT
// Lines over time as SVG. Colors are the style sheet's, by the class of each line.
const SVG = "http://www.w3.org/2000/svg";
export const WIDTH = 300;

function svgElement(tag: string, attributes: Record<string, string>): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  return element;
}

// One place for each moment; null where there is nothing to draw.
export type Line = (number | null)[];

// Parts of a line between gaps, in the coordinates of the picture. A line ends at the right edge,
// with room for `slots` values from there to the left.
function paths(line: Line, slots: number, top: number, height: number): string {
  const step = WIDTH / Math.max(slots - 1, 1);
  let path = "";
  let draws = false;
  line.forEach((value, index) => {
    if (value === null) {
      draws = false;
      return;
    }
    const x = WIDTH - (line.length - 1 - index) * step;
    const y = height - 1 - (top > 0 ? value / top : 0) * (height - 2);
    // A value is about the time since the one before: alone it is a short line.
    path += draws ? "" : `M${(x - step).toFixed(1)} ${y.toFixed(1)}`;
    path += `L${x.toFixed(1)} ${y.toFixed(1)}`;
    draws = true;
  });
  return path;
}

// An empty picture; draw() gives it its lines and the words for those who do not see it.
export function picture(className: string, height: number): SVGElement {
  return svgElement("svg", {
    class: className,
    viewBox: `0 0 ${WIDTH} ${height}`,
    preserveAspectRatio: "none",
    role: "img",
  });
}

export function draw(svg: SVGElement, lines: Line[], slots: number, height: number, words: string): void {
  const values = lines.flat().filter((value) => value !== null);
  const top = Math.max(...values, 0);
  lines.forEach((line, index) => {
    const path = svg.children[index] ?? svg.appendChild(svgElement("path", { class: `line-${index}` }));
    path.setAttribute("d", paths(line, slots, top, height));
  });
  svg.setAttribute("aria-label", words);
}
