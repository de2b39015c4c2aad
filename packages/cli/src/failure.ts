import { FormatError } from 'unrolled';

/** An error that the user can fix: printed as one line, without a stack. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/**
 * Runs an action on a file or folder.
 * @param hint  appended to the message of an error
 * @throws Failure with the path and the system's reason, or what is wrong with the file's content
 */
export function naming<Result>(path: string, action: () => Result, hint = ''): Result {
  try {
    return action();
  } catch (error) {
    throw named(path, error, hint);
  }
}

/** The same for an action that ends later. */
export async function namingAsync<Result>(path: string, action: () => Promise<Result>, hint = ''): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw named(path, error, hint);
  }
}

function named(path: string, error: unknown, hint: string): unknown {
  const reason = error instanceof FormatError ? error.message : describeSystemError(error);
  return reason === null ? error : new Failure(`${path}: ${reason}${hint}`, 1, { cause: error });
}

/** The reason of a system error in words; null for any other error. */
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
    ERR_FS_FILE_TOO_LARGE: 'files above 2 GB are not read',
  };
  return (code !== undefined && words[code]) || null;
}
