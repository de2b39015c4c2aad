import type { FrameLabellerEvaluation, LabelledFrames } from 'unrolled/tasks/video';
import { table } from '../../output/table.ts';
import { printable } from '../../output/text.ts';
import { countOf, formatCount } from '../../output/units.ts';

/** A line for each segment: label, first and last frame, score and the video's name. */
export function describeSegments({ segments }: LabelledFrames, name: string): string {
  if (segments.length === 0) return `nothing\t\t\t\t${name}\n`;
  return segments
    .map(({ label, start, end, score }) => `${printable(label)}\t${start}\t${end - 1}\t${score.toFixed(2)}\t${name}\n`)
    .join('');
}

const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;

export function describeFrameScores({
  clips,
  frames,
  loss,
  accuracy,
  macroF1,
  segments,
}: FrameLabellerEvaluation): string {
  const lines = [
    `${percent(accuracy)} of ${formatCount(frames)} frames in ${countOf(clips, 'clip')} have the right label, macro-F1 ${macroF1.toFixed(4)}`,
    `loss ${loss.toFixed(4)} nats a frame`,
  ];
  if (segments) {
    const rows = segments.map.map(({ iou, map }) => [`IoU ≥ ${iou}`, map.toFixed(4)]);
    lines.push('', ...table(['segments', 'mean average precision'], [...rows, ['mean', segments.mean.toFixed(4)]]));
  }
  return `${lines.join('\n')}\n`;
}
