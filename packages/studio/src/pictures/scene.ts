import { escapeXml } from 'unrolled/charts';

/** A picture as plain data, to be drawn on a canvas or written as SVG: what is seen and what is saved are one. */
export type Mark =
  | { kind: 'rect'; x: number; y: number; w: number; h: number; fill: string; round?: number; outline?: string }
  | {
      kind: 'text';
      x: number;
      y: number;
      text: string;
      size: number;
      fill: string;
      align?: 'start' | 'middle' | 'end';
      bold?: boolean;
      mono?: boolean;
    }
  /** Pixels; of a small image each as a square. */
  | { kind: 'image'; x: number; y: number; w: number; h: number; source: HTMLCanvasElement; opacity?: number }
  | { kind: 'area'; points: readonly (readonly [number, number])[]; fill: string; opacity?: number }
  | {
      kind: 'line';
      x1: number;
      y1: number;
      x2: number;
      y2: number;
      colour: string;
      width: number;
      dash?: number;
      arrow?: boolean;
      opacity?: number;
    };

export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly marks: readonly Mark[];
}

/** The widest image whose pixels are shown as squares. */
const pixelated = 96;

const families = { plain: 'system-ui, sans-serif', mono: 'ui-monospace, Menlo, Consolas, monospace' };

/** Where the two strokes of an arrow's head end. */
function arrowHead({ x1, y1, x2, y2, width }: Extract<Mark, { kind: 'line' }>): readonly (readonly [number, number])[] {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const size = 4 + 1.5 * width;
  return [2.6, -2.6].map((turn) => [x2 + size * Math.cos(angle + turn), y2 + size * Math.sin(angle + turn)] as const);
}

export function drawScene(context: CanvasRenderingContext2D, { marks }: Scene): void {
  for (const mark of marks) {
    switch (mark.kind) {
      case 'rect':
        context.fillStyle = mark.fill;
        context.beginPath();
        if (mark.round) context.roundRect(mark.x, mark.y, mark.w, mark.h, mark.round);
        else context.rect(mark.x, mark.y, mark.w, mark.h);
        context.fill();
        if (mark.outline) {
          context.strokeStyle = mark.outline;
          context.lineWidth = 1;
          context.stroke();
        }
        break;
      case 'text':
        context.fillStyle = mark.fill;
        context.font = `${mark.bold ? '600 ' : ''}${mark.size}px ${mark.mono ? families.mono : families.plain}`;
        context.textAlign = mark.align === 'middle' ? 'center' : (mark.align ?? 'start');
        context.fillText(mark.text, mark.x, mark.y);
        break;
      case 'image':
        context.globalAlpha = mark.opacity ?? 1;
        context.imageSmoothingEnabled = mark.source.width > pixelated;
        context.drawImage(mark.source, mark.x, mark.y, mark.w, mark.h);
        context.globalAlpha = 1;
        break;
      case 'area':
        context.globalAlpha = mark.opacity ?? 1;
        context.fillStyle = mark.fill;
        context.beginPath();
        for (const [x, y] of mark.points) context.lineTo(x, y);
        context.fill();
        context.globalAlpha = 1;
        break;
      case 'line':
        context.globalAlpha = mark.opacity ?? 1;
        context.strokeStyle = mark.colour;
        context.lineWidth = mark.width;
        context.setLineDash(mark.dash ? [mark.dash, mark.dash] : []);
        context.beginPath();
        context.moveTo(mark.x1, mark.y1);
        context.lineTo(mark.x2, mark.y2);
        if (mark.arrow) {
          const [a, b] = arrowHead(mark);
          context.moveTo(...a);
          context.lineTo(mark.x2, mark.y2);
          context.lineTo(...b);
        }
        context.stroke();
        context.setLineDash([]);
        context.globalAlpha = 1;
        break;
    }
  }
}

const rounded = (value: number): string => String(Math.round(value * 100) / 100);

function markToSvg(mark: Mark): string {
  const n = rounded;
  switch (mark.kind) {
    case 'rect': {
      const outline = mark.outline ? ` stroke="${mark.outline}"` : '';
      const round = mark.round ? ` rx="${n(mark.round)}"` : '';
      return `<rect x="${n(mark.x)}" y="${n(mark.y)}" width="${n(mark.w)}" height="${n(mark.h)}" fill="${mark.fill}"${round}${outline}/>`;
    }
    case 'text': {
      const { size, fill, align = 'start', bold, mono } = mark;
      const style = `font-family="${mono ? families.mono : families.plain}" font-size="${size}"${bold ? ' font-weight="600"' : ''}`;
      return `<text x="${n(mark.x)}" y="${n(mark.y)}" fill="${fill}" text-anchor="${align}" ${style}>${escapeXml(mark.text)}</text>`;
    }
    case 'image': {
      const { source, opacity = 1 } = mark;
      const style = source.width > pixelated ? '' : ' style="image-rendering:pixelated"';
      const place = `x="${n(mark.x)}" y="${n(mark.y)}" width="${n(mark.w)}" height="${n(mark.h)}"`;
      return `<image ${place} opacity="${n(opacity)}" href="${source.toDataURL('image/png')}"${style}/>`;
    }
    case 'area': {
      const points = mark.points.map(([x, y]) => `${n(x)},${n(y)}`).join(' ');
      return `<polygon points="${points}" fill="${mark.fill}" opacity="${n(mark.opacity ?? 1)}"/>`;
    }
    case 'line': {
      const head = mark.arrow ? arrowHead(mark).map(([x, y]) => `M${n(mark.x2)} ${n(mark.y2)}L${n(x)} ${n(y)}`) : [];
      const path = [`M${n(mark.x1)} ${n(mark.y1)}L${n(mark.x2)} ${n(mark.y2)}`, ...head].join('');
      const dash = mark.dash ? ` stroke-dasharray="${mark.dash}"` : '';
      return `<path d="${path}" fill="none" stroke="${mark.colour}" stroke-width="${n(mark.width)}" opacity="${n(mark.opacity ?? 1)}"${dash}/>`;
    }
  }
}

/** As an SVG document, on paper of a colour. */
export function sceneToSvg({ width, height, marks }: Scene, paper: string, title: string, description: string): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${rounded(width)} ${rounded(height)}" role="img">` +
    `<title>${escapeXml(title)}</title><desc>${escapeXml(description)}</desc>` +
    `<rect width="${rounded(width)}" height="${rounded(height)}" fill="${paper}"/>${marks.map(markToSvg).join('\n')}</svg>\n`
  );
}
