import { type Preprocessing, prepareImage } from 'unrolled/images';
import { type Conversation, type Dialogue, parseVisDial } from 'unrolled/tasks/dialogue';
import { Failure } from '../../failure.ts';
import { shownName } from '../../input/captions.ts';
import { readImage } from '../../input/images.ts';
import type { SourceFile } from '../../input/source-files.ts';
import { countOf } from '../../output/units.ts';
import { type ImageFolder, ImageNames, readImageFolder } from '../image-folder.ts';

const names = [/^visdial.*\.json$/i, /^dialog(ue)?s.*\.json$/i];

/** @throws Failure if it is not one folder with images, or a file of text */
export const readDialogueFolder = (paths: readonly string[]): ImageFolder =>
  readImageFolder(paths, { what: 'dialogues', names });

/** An image file, and what is said about it. */
export interface DialogueFile {
  readonly file: SourceFile;
  readonly conversation: Conversation;
}

/**
 * The dialogues about the images of a folder, in the order of their file.
 * @param file  with the dialogues. Default: that of the folder
 * @throws Failure naming the dialogue whose image is missing, unless such are to be left out
 */
export function dialogueFiles(
  main: ImageFolder,
  { dialogues, skipBroken = false }: { readonly dialogues?: ImageFolder | undefined; readonly skipBroken?: boolean },
): { readonly dialogues: readonly DialogueFile[]; readonly about: readonly string[] } {
  if (main.images.length === 0) throw new Failure(`${main.path}: it is a file; give the folder with the images`);
  const file = dialogues?.text ?? main.text;
  if (!file) {
    throw new Failure(
      `${main.path}: no dialogues found; name their file visdial.json or dialogues.json, or give it with --dialogues`,
    );
  }
  const images = new ImageNames(main);
  const lost: string[] = [];
  const found = parseVisDial(file.text, file.path).flatMap(({ image, place, ...conversation }): DialogueFile[] => {
    const own = images.find(image, place);
    if (own) return [{ file: own, conversation }];
    lost.push(`${place}: there is no image '${shownName(image)}' in ${main.path}`);
    return [];
  });
  if (lost.length > 0 && !skipBroken) {
    const more = lost.length > 1 ? ` (${countOf(lost.length, 'dialogue')} like this)` : '';
    throw new Failure(`${lost[0]}${more}; --skip-broken leaves such out`);
  }
  const asked = found.filter(({ conversation }) => conversation.turns.length > 0);
  if (asked.length === 0) throw new Failure(`${file.path}: none of its dialogues has a question with an answer`);
  const about = lost.length > 0 ? [`Left out: ${lost[0]} (${countOf(lost.length, 'dialogue')} in all)`] : [];
  return { dialogues: asked, about };
}

/** A dialogue with its image, no larger than the network takes it. */
export async function readDialogue(
  { file, conversation }: DialogueFile,
  preprocessing: Preprocessing,
): Promise<Dialogue> {
  return { ...conversation, image: prepareImage(await readImage(file.path), preprocessing) };
}
