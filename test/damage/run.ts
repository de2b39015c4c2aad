/**
 * Opens damaged files: `node test/damage/run.ts FORMAT [COUNT] [SEED] [FOLDER]`, of the samples in formats.ts or of the files in a
 * folder. Reports what crashed, what took more than a second, and what an error of the library only hides. A file that hangs is
 * named after ten seconds.
 */
import { Worker, workerData } from 'node:worker_threads';
import { openDevice, Random, UnrolledError } from 'unrolled';
import { useDevice } from 'unrolled/keras';
import { attempt } from './attempt.ts';
import { formats } from './formats.ts';

interface Task {
  readonly format: string;
  readonly count: number;
  readonly seed: number;
  readonly folder: string | undefined;
  /** [attempts so far] */
  readonly progress: Int32Array;
}

async function work({ format, count, seed, folder, progress }: Task): Promise<void> {
  const device = await openDevice('wasm', { threads: 1 });
  useDevice(device);
  const samples = await formats[format].samples(device, folder);
  const random = new Random(seed);
  const counts: Record<string, number> = {};
  const hidden = new Map<string, number>();
  const slowest = { milliseconds: 0, name: '' };
  const before = device.memory().bytes;
  let mostMemory = 0;
  for (let i = 0; i < count; i++) {
    Atomics.store(progress, 0, i + 1);
    const { name, damage } = samples[random.below(samples.length)];
    const { kind, error, milliseconds } = await attempt(damage(random));
    const key = kind === 'refused' ? `refused: ${error!.name}` : kind;
    counts[key] = (counts[key] ?? 0) + 1;
    if (kind === 'crashed' && counts[key] < 10) console.log(name, error!.stack?.split('\n').slice(0, 6).join('\n'));
    const cause = error?.cause;
    if (cause instanceof Error && !(cause instanceof UnrolledError)) {
      const what = `${cause.name}: ${cause.message.slice(0, 100)}\n${cause.stack?.split('\n').slice(1, 3).join('\n')}`;
      hidden.set(what, (hidden.get(what) ?? 0) + 1);
    }
    if (milliseconds > slowest.milliseconds) Object.assign(slowest, { milliseconds, name });
    if (milliseconds > 1000)
      console.log(`${name}: ${Math.round(milliseconds)} ms`, error?.message.slice(0, 200) ?? 'opened');
    if (i % 500 === 0) {
      await new Promise((resolve) => setTimeout(resolve));
      mostMemory = Math.max(mostMemory, process.memoryUsage().rss);
    }
  }
  for (const [what, times] of [...hidden].sort((a, b) => b[1] - a[1]).slice(0, 20)) {
    console.log(`hidden ${times} times: ${what}`);
  }
  const { bytes, peakBytes } = device.memory();
  console.log(
    `${format}: ${samples.length} files`,
    counts,
    `slowest ${Math.round(slowest.milliseconds)} ms (${slowest.name})`,
  );
  console.log(
    `device: ${before} bytes before, ${bytes} after, peak ${peakBytes}; process at most ${Math.round(mostMemory / 2 ** 20)} MB`,
  );
  device.close();
}

function watch(task: Task): void {
  const worker = new Worker(new URL(import.meta.url), { workerData: task });
  let last = 0;
  let since = Date.now();
  const timer = setInterval(() => {
    const now = Atomics.load(task.progress, 0);
    if (now !== last) [last, since] = [now, Date.now()];
    if (last === 0 || Date.now() - since < 10_000) return;
    console.log(`attempt ${last} with seed ${task.seed} has taken ten seconds`);
    process.exit(1);
  }, 1000);
  worker.on('exit', () => clearInterval(timer));
}

if (workerData) await work(workerData as Task);
else {
  const [format, count = '10000', seed = '1', folder] = process.argv.slice(2);
  if (!Object.hasOwn(formats, format)) throw new Error(`formats are ${Object.keys(formats).join(', ')}`);
  const progress = new Int32Array(new SharedArrayBuffer(4));
  watch({ format, count: Number(count), seed: Number(seed), folder, progress });
}
