import { Command } from 'commander';
import { blasOption } from '../options/use.ts';
import { examineMachine, type MachineReport } from '../output/machine-report.ts';
import { formatBytes } from '../output/units.ts';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('report what this machine supports, and what would make training faster')
    .option('--json', 'print one JSON object')
    .addOption(blasOption('auto'))
    .action(async ({ json, blas }: { json?: boolean; blas?: string }) => {
      const report = await examineMachine(blas ?? 'auto');
      process.stdout.write(json ? `${JSON.stringify({ type: 'doctor', ...report })}\n` : describe(report));
    });
}

const lanes: Record<string, string> = {
  relaxed: 'relaxed SIMD (fused multiply-add)',
  simd: 'SIMD without fused multiply-add',
};

function describe({ webAssembly, blas, memoryBytes, reasons, advice, ...report }: MachineReport): string {
  const speed = (gflops: number): string => `${gflops.toFixed(0)} GFLOP/s per thread`;
  const factor = blas && webAssembly ? `, ${(blas.gflops / webAssembly.gflops).toFixed(1)} × the built-in kernels` : '';
  const lines: Record<string, string> = {
    Node: `${report.node}, ${report.platform}`,
    memory: `${formatBytes(memoryBytes.total)}, ${formatBytes(memoryBytes.available)} available`,
    kernels: webAssembly
      ? `WebAssembly, ${lanes[webAssembly.simd ?? ''] ?? webAssembly.simd}, ${speed(webAssembly.gflops)}`
      : `none: ${reasons.webAssembly}`,
    threads: webAssembly ? `${webAssembly.threads} (${webAssembly.threadsReason})` : 'none',
    'shared memory': report.sharedMemory ? 'yes' : 'no',
    BLAS: blas ? `${blas.path}, ${speed(blas.gflops)}${factor}` : `none: ${reasons.blas}`,
    GPU: `none: ${reasons.gpu}`,
  };
  const width = Math.max(...Object.keys(lines).map((name) => name.length)) + 2;
  const table = Object.entries(lines).map(([name, value]) => `${name.padEnd(width)}${value}\n`);
  return `${table.join('')}${advice.map((line) => `\nFor more speed: ${line}\n`).join('')}`;
}
