/**
 * Every error this library raises on purpose. The message names the operation, what was received and the fix;
 * `details` carries the same numbers as data.
 */
export class UnrolledError extends Error {
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, details: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.details = details;
  }
}

/** Shapes or dtypes that do not fit an operation. */
export class ShapeError extends UnrolledError {}

/** A tensor used after the scope that owned it ended, or a scope used wrongly. */
export class ScopeError extends UnrolledError {}

/** A configuration or option with a value that cannot work. */
export class ConfigError extends UnrolledError {}

/** Data from outside (a text, a prompt, a file's content) that cannot be used as it is. */
export class DataError extends UnrolledError {}

/** A file that is not what it says it is: truncated, altered or of another kind. */
export class FormatError extends UnrolledError {}

/** More memory asked for than the device can give. `details.bytesNeeded` says how much. */
export class MemoryError extends UnrolledError {}

/** Work ended early by a signal that gives no reason of its own; the platform's DOMException of this name, without a DOM. */
export class AbortError extends UnrolledError {}

/** Training left the finite numbers. */
export class DivergenceError extends UnrolledError {}

/** What was asked for is not available on this device or machine. */
export class DeviceError extends UnrolledError {}
