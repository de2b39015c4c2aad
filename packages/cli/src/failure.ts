import { FormatError } from 'unrolled';

/** Something a person can mend: printed as one line, without a stack. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/**
 * Does something with a file or folder.
 * @param hint  what to add where it fails
 * @throws Failure naming it and what the system says, or what is wrong with its content
 */
export function naming<Result>(path: string, action: () => Result, hint = ''): Result {
  try {
    return action();
  } catch (error) {
    const reason = error instanceof FormatError ? error.message : describeSystemError(error);
    if (reason === null) throw error;
    throw new Failure(`${path}: ${reason}${hint}`, 1, { cause: error });
  }
}

/** What went wrong with a file, in words; null if the error is of another kind. */
export function describeSystemError(error: unknown): string | null {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const words: Record<string, string> = {
    ENOENT: 'there is no such file or folder',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    EISDIR: 'it is a folder',
    EEXIST: 'something else has that name',
    ENOTDIR: 'a part of the path is not a folder',
    EROFS: 'the disk is read-only',
    EIO: 'the disk reports an error',
    EMFILE: 'too many files are open',
    ELOOP: 'its links go in a circle',
    ENAMETOOLONG: 'the name is too long',
    EFBIG: 'the file would be too large',
  };
  return (code !== undefined && words[code]) || null;
}
