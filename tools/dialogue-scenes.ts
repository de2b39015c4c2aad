/**
 * Writes pictures of scenes of shapes with dialogues about them, for `unrolled dialogue train`: folders `train` and `test` with
 * images and `visdial.json`, in the layout of VisDial, with 100 candidates for each answer of `test`.
 *
 *     node tools/dialogue-scenes.ts folder [dialogues]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDialogues, paintScene, toVisDial, withCandidates } from 'unrolled/tasks/dialogue';
import { encodePng } from '../packages/cli/src/output/png.ts';

const [folder = 'scenes', count = '4000'] = process.argv.slice(2);

/** @param first  seed of the first scene */
function write(name: string, first: number, count: number, candidates: boolean): void {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  const made = makeDialogues({ seed: first, count });
  const dialogues = candidates ? withCandidates(made, { seed: first }) : made;
  const ids = dialogues.map((_, i) => first + i);
  for (const [i, { scene }] of dialogues.entries()) {
    writeFileSync(join(path, `scene_${ids[i]}.png`), encodePng(paintScene(scene, ids[i])));
  }
  writeFileSync(join(path, 'visdial.json'), toVisDial(dialogues, ids));
  console.log(`${path}: ${dialogues.length} pictures with ${dialogues.flatMap(({ turns }) => turns).length} questions`);
}

write('train', 1_000_000, Number(count), false);
write('test', 9_000_000, 500, true);
